#pragma once

#include "core/clock.hpp"
#include "core/json.hpp"
#include "net/envelope.hpp"
#include "nodes/api/inspect_routes.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Helpers of the node's own routes. Private to this folder.
namespace troupe::api {

/// Replies in the node's name.
class OwnReplies {
public:
  explicit OwnReplies(const supervision::Runtime& runtime) : runtime_(&runtime) {}

  template <class T>
  [[nodiscard]] net::Response data(std::string_view request_id, const T& value) const {
    return raw(request_id, core::json::encode(value));
  }
  [[nodiscard]] net::Response raw(std::string_view request_id, const std::string& json) const {
    const auto meta = R"("as_of":")" + core::SystemClock{}.now().to_text()
                      + R"(","quality":"live","source":")" + runtime_->node + '"';
    return net::data_response(json, meta, request_id, runtime_->node);
  }
  [[nodiscard]] static net::Response error(const net::Request& request, const core::Error& error) {
    return net::error_response(error, request.request_id);
  }

private:
  const supervision::Runtime* runtime_;
};

/// @returns INVALID_ARGUMENT that names a parameter the route does not take
[[nodiscard]] core::Result<void> only_parameters(const net::Request& request,
                                                 const std::vector<std::string_view>& known);

/// @returns the value; INVALID_ARGUMENT where it is missing or empty
[[nodiscard]] core::Result<std::string> required_parameter(const net::Request& request,
                                                           std::string_view name);

/// @returns the whole number, `preset` where it is not given; INVALID_ARGUMENT out of 1..most
[[nodiscard]] core::Result<std::uint64_t> number_parameter(const net::Request& request,
                                                           std::string_view name,
                                                           std::uint64_t preset,
                                                           std::uint64_t most);

[[nodiscard]] OwnRoute own_route(std::string method,
                                 std::string path,
                                 std::string scope,
                                 std::string summary,
                                 net::Handler handler);

} // namespace troupe::api
