#pragma once

#include <string>
#include <utility>

namespace troupe::venues::binance::server {

/// A refusal as Binance words it; thrown by a call's handler, caught where the call came in.
struct ApiError {
  unsigned status = 400;
  int code = 0;
  std::string message;
  std::string data{}; ///< JSON of the member "data"; empty: none
};

/// The documented ones (errors.md), by what they say.
[[nodiscard]] inline ApiError mandatory_parameter(const std::string& name) {
  return {400, -1102,
          "Mandatory parameter '" + name + "' was not sent, was empty/null, or malformed."};
}
[[nodiscard]] inline ApiError illegal_parameter(const std::string& name) {
  return {400, -1100, "Illegal characters found in parameter '" + name + "'."};
}
[[nodiscard]] inline ApiError not_required(const std::string& name) {
  return {400, -1106, "Parameter '" + name + "' sent when not required."};
}
[[nodiscard]] inline ApiError invalid_symbol() {
  return {400, -1121, "Invalid symbol."};
}
[[nodiscard]] inline ApiError filter_failure(const std::string& filter) {
  return {400, -1013, "Filter failure: " + filter};
}
[[nodiscard]] inline ApiError order_rejected(std::string why) {
  return {400, -2010, std::move(why)};
}
[[nodiscard]] inline ApiError cancel_rejected() {
  return {400, -2011, "Unknown order sent."};
}

} // namespace troupe::venues::binance::server
