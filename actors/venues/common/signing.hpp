#pragma once

#include "core/errc.hpp"
#include "core/time.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// How requests to venues are signed, and how a server checks that they were. Plain functions over
/// OpenSSL, for clients and for the simulated exchange alike.
namespace troupe::venues::signing {

/// HMAC-SHA256 (RFC 2104), 32 bytes.
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view text);

[[nodiscard]] std::string to_hex(std::string_view bytes);
[[nodiscard]] std::string base64_encode(std::string_view bytes);
/// RFC 4648 with padding. @returns INVALID_ARGUMENT for any other text; it is not quoted, for it
/// may be a secret
[[nodiscard]] core::Result<std::string> base64_decode(std::string_view text);
/// The URL-safe alphabet, without padding.
[[nodiscard]] std::string base64_url_encode(std::string_view bytes);
[[nodiscard]] core::Result<std::string> base64_url_decode(std::string_view text);

/// Whether two signatures are the same, in a time that does not tell where they differ.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);
/// The same for hex text, of which either case is right.
[[nodiscard]] bool equal_hex_in_constant_time(std::string_view a, std::string_view b);

// ---- Binance spot ----------------------------------------------------------------------------

/// Hex HMAC-SHA256 over query and body as they are sent, one after the other without a separator;
/// what is not ASCII is percent-encoded before.
[[nodiscard]] std::string
binance_rest_signature(std::string_view secret, std::string_view query, std::string_view body = {});

using Parameters = std::vector<std::pair<std::string, std::string>>;

/// What is signed on the WebSocket API: "a=1&b=2", sorted by name, without `signature`.
[[nodiscard]] std::string binance_websocket_payload(Parameters parameters);
[[nodiscard]] std::string binance_websocket_signature(std::string_view secret,
                                                      Parameters parameters);

// ---- Coinbase Exchange -----------------------------------------------------------------------

/// base64(HMAC-SHA256(base64-decoded secret, timestamp + method + request_path + body)).
/// @param timestamp     seconds since 1970, fractions allowed, as sent
/// @param method        upper case
/// @param request_path  with the query, as sent
/// @returns INVALID_ARGUMENT where the secret is not base64
[[nodiscard]] core::Result<std::string> coinbase_signature(std::string_view secret,
                                                           std::string_view timestamp,
                                                           std::string_view method,
                                                           std::string_view request_path,
                                                           std::string_view body = {});
/// Of a subscribe message.
[[nodiscard]] core::Result<std::string> coinbase_websocket_signature(std::string_view secret,
                                                                     std::string_view timestamp);

// ---- Coinbase Advanced Trade -----------------------------------------------------------------

/// Seconds for which a token is accepted.
inline constexpr std::int64_t jwt_validity_s = 120;

struct JwtRequest {
  std::string key_name;    ///< organizations/{org}/apiKeys/{key}
  std::string private_key; ///< PEM (SEC1 or PKCS#8) of a P-256 key; "\n" may be spelled out
  core::Timestamp now;
  std::string nonce; ///< random hex, another for each token
  /// "GET api.coinbase.com/api/v3/brokerage/accounts": method, host and path without the query;
  /// empty for a WebSocket.
  std::string uri;
};

/// A JWT (RFC 7519) signed with ES256: ECDSA over P-256 and SHA-256, signature R || S of 32 bytes
/// each (RFC 7518, 3.4).
/// @returns INVALID_ARGUMENT where the key is none of these
[[nodiscard]] core::Result<std::string> coinbase_jwt(const JwtRequest& request);

/// The parts of a token, decoded: JSON texts.
struct JwtParts {
  std::string header;
  std::string claims;
};

/// Checks an ES256 token's signature (not its times). @param public_key  PEM
/// @returns UNAUTHENTICATED where the token is not of this key, INVALID_ARGUMENT for a broken key
[[nodiscard]] core::Result<JwtParts> verify_jwt(std::string_view token,
                                                std::string_view public_key);

// ---- public keys (Binance takes RSA and Ed25519 beside HMAC) ----------------------------------

enum class PublicKeyKind : std::uint8_t { NONE, RSA, ED25519 };

/// @param pem  "-----BEGIN PUBLIC KEY-----"; line breaks may be spelled out  @returns NONE for
/// others
[[nodiscard]] PublicKeyKind public_key_kind(std::string_view pem);
/// RSA: PKCS #1 v1.5 with SHA-256; Ed25519: RFC 8032. @param signature  its bytes
[[nodiscard]] bool
verify_text(std::string_view public_key, std::string_view text, std::string_view signature);

// ---- Ed25519 (Binance's session.logon) -------------------------------------------------------

/// RFC 8032. @param seed  the 32 bytes of a private key  @returns 64 bytes
[[nodiscard]] core::Result<std::string> ed25519_sign(std::string_view seed, std::string_view text);
/// @param public_key  32 bytes
[[nodiscard]] bool
ed25519_verify(std::string_view public_key, std::string_view text, std::string_view signature);
[[nodiscard]] core::Result<std::string> ed25519_public_key(std::string_view seed);

} // namespace troupe::venues::signing
