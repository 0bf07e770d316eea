#pragma once

#include "core/errc.hpp"

#include <string>
#include <string_view>

/// What net needs of OpenSSL's hashes and random numbers.
namespace troupe::net::detail {

/// 32 bytes.
[[nodiscard]] std::string sha256(std::string_view text);
/// 20 bytes; for the WebSocket handshake, which prescribes it.
[[nodiscard]] std::string sha1(std::string_view text);
[[nodiscard]] std::string to_hex(std::string_view bytes);
[[nodiscard]] std::string base64(std::string_view bytes);
/// RFC 4648's URL-safe alphabet, without padding.
[[nodiscard]] std::string base64_url(std::string_view bytes);
/// @returns INTERNAL when the system's generator fails
[[nodiscard]] core::Result<std::string> random_bytes(std::size_t count);

} // namespace troupe::net::detail
