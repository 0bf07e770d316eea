#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// HTTP and WebSocket, client and server, over Asio and Beast, neither of which shows in a header.
namespace troupe::net {

enum class Method : std::uint8_t { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS };

[[nodiscard]] std::string_view to_string(Method method) noexcept;
/// nullopt for a method this server does not speak
[[nodiscard]] std::optional<Method> method_from(std::string_view text) noexcept;

/// ASCII comparison without regard to case, as header names want it.
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// Header fields in the order they came. All text lies in one string, so that a connection that
/// reuses the object allocates nothing per request.
class Headers {
public:
  void add(std::string_view name, std::string_view value);
  void clear() noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return fields_.size(); }
  [[nodiscard]] std::string_view name(std::size_t index) const noexcept;
  [[nodiscard]] std::string_view value(std::size_t index) const noexcept;
  /// The first field of that name, whatever its case.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;
  [[nodiscard]] std::size_t count(std::string_view name) const noexcept;

private:
  struct Field {
    std::uint32_t start = 0;
    std::uint32_t name_size = 0;
    std::uint32_t value_size = 0;
  };
  std::string text_;
  std::vector<Field> fields_;
};

/// One name=value of a query, decoded.
struct QueryParameter {
  std::string name;
  std::string value;
  friend bool operator==(const QueryParameter&, const QueryParameter&) = default;
};

/// A request as handlers see it; valid during the handler's call only: copy what must live longer.
struct Request {
  Method method = Method::GET;
  std::string target;                ///< as sent, path and query
  std::string path;                  ///< as sent, still percent-encoded, without the query
  std::vector<std::string> segments; ///< the path's parts, decoded; "/" has none
  std::vector<QueryParameter> query; ///< in order, duplicates kept
  Headers headers;
  std::string body;
  std::string remote_address; ///< such as 127.0.0.1, without the port
  std::string request_id;
  std::string subject; ///< who the authoriser found it to be; empty when nobody
  bool is_tls = false;

  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept {
    return headers.find(name);
  }
  /// The first query parameter of that name.
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const noexcept;
  [[nodiscard]] std::vector<std::string_view> parameters(std::string_view name) const;
};

/// What a handler answers. Content-Length, Connection, Date and X-Request-Id are the server's.
struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body{};
  /// Sent instead of `body` when set: a text that many replies share.
  std::shared_ptr<const std::string> shared_body{};
  std::vector<std::pair<std::string, std::string>> headers{};

  [[nodiscard]] std::string_view content() const noexcept {
    return shared_body ? std::string_view{*shared_body} : std::string_view{body};
  }
};

/// "Not Found" for 404; "Status" for one without a name.
[[nodiscard]] std::string_view reason_phrase(unsigned status) noexcept;

} // namespace troupe::net
