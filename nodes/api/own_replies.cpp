#include "nodes/api/own_replies.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::api {

core::Result<void> only_parameters(const net::Request& request,
                                   const std::vector<std::string_view>& known) {
  for (const auto& parameter : request.query) {
    if (std::find(known.begin(), known.end(), parameter.name) == known.end()) {
      return core::Error{core::Errc::INVALID_ARGUMENT,
                         "unknown parameter " + parameter.name.substr(0, 80)};
    }
  }
  return {};
}

core::Result<std::string> required_parameter(const net::Request& request, std::string_view name) {
  const auto value = request.parameter(name);
  if (!value || value->empty()) {
    return core::Error{core::Errc::INVALID_ARGUMENT,
                       std::string(name) + ": expected a value, found nothing"};
  }
  return std::string(*value);
}

core::Result<std::uint64_t> number_parameter(const net::Request& request,
                                             std::string_view name,
                                             std::uint64_t preset,
                                             std::uint64_t most) {
  const auto text = request.parameter(name);
  if (!text) {
    return preset;
  }
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (ec != std::errc{} || end != text->data() + text->size() || value < 1 || value > most) {
    return core::Error{core::Errc::INVALID_ARGUMENT, std::string(name) + ": expected 1 to "
                                                       + std::to_string(most) + ", found \""
                                                       + std::string(text->substr(0, 80)) + '"'};
  }
  return value;
}

OwnRoute own_route(std::string method,
                   std::string path,
                   std::string scope,
                   std::string summary,
                   net::Handler handler) {
  return {{std::move(method), std::move(path), std::move(summary), std::move(scope)},
          std::move(handler)};
}

} // namespace troupe::api
