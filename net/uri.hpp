#pragma once

#include "core/errc.hpp"
#include "net/http.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::net {

/// Decodes %XX. @param plus_is_space  as in queries
/// @returns MALFORMED_REQUEST for a broken escape, a NUL, or bytes that are not UTF-8
[[nodiscard]] core::Result<std::string> percent_decode(std::string_view text, bool plus_is_space);

/// Encodes everything but RFC 3986's unreserved characters.
[[nodiscard]] std::string percent_encode(std::string_view text);

/// Splits "/a/b%20c?x=1&x=2" into path, decoded segments and query of `request`.
/// @returns MALFORMED_REQUEST for a target that does not start with "/", a broken escape, or the
///          segments "." and ".."
[[nodiscard]] core::Result<void> parse_target(std::string_view target, Request& request);

/// Reads "a=1&b=2", as in queries and form bodies.
[[nodiscard]] core::Result<std::vector<QueryParameter>> parse_query(std::string_view text);

/// The parts of an absolute URL.
struct Url {
  std::string scheme; ///< http, https, ws or wss
  std::string host;   ///< without brackets
  std::uint16_t port = 0;
  std::string target; ///< path and query, at least "/"

  [[nodiscard]] bool is_tls() const noexcept { return scheme == "https" || scheme == "wss"; }
  /// As the Host header wants it: the port only where it is not the scheme's own.
  [[nodiscard]] std::string host_header() const;
};

/// @returns INVALID_ARGUMENT for another scheme, user information, or no host
[[nodiscard]] core::Result<Url> parse_url(std::string_view text);

/// "127.0.0.1:80", "[::1]:80", "localhost" into host (no brackets) and port (0 when absent).
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};
[[nodiscard]] core::Result<HostPort> parse_host_port(std::string_view text);

[[nodiscard]] bool is_loopback_host(std::string_view host) noexcept;

} // namespace troupe::net
