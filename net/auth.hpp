#pragma once

#include "core/errc.hpp"
#include "net/http.hpp"

#include <boost/describe/class.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace troupe::net {

/// A configured bearer token: never the token itself, only its hash.
struct TokenSettings {
  std::string name;                ///< who holds it: the subject of what it authorises
  std::string sha256;              ///< 64 hex digits: sha256sum of the token's text
  std::vector<std::string> scopes; ///< of "read", "trade", "admin"

  friend bool operator==(const TokenSettings&, const TokenSettings&) = default;
};
BOOST_DESCRIBE_STRUCT(TokenSettings, (), (name, sha256, scopes))

/// Lower-case hex SHA-256 of a text.
[[nodiscard]] std::string sha256_hex(std::string_view text);

/// The node's own token: <data_dir>/token, mode 0600, made of 32 random bytes (URL-safe base64) at
/// the first start. The directory must exist.
/// @returns the token; IO_ERROR when it cannot be made or read, FORBIDDEN when others may read it
[[nodiscard]] core::Result<std::string> load_or_create_token(const std::string& data_dir);

/// Decides by bearer token. Immutable; used from all server threads at once.
class TokenAuthority {
public:
  /// @returns CONFIG_INVALID for a hash that is not 64 hex digits, an unknown scope, or two
  ///          tokens of one name
  [[nodiscard]] static core::Result<TokenAuthority> make(const std::vector<TokenSettings>& tokens);

  /// Adds a token by its text, such as the node's own.
  void add(std::string name, std::string_view token, std::vector<std::string> scopes);

  /// @param open_read  requests without a token may use scope "read"
  void set_open_read(bool open_read) noexcept { open_read_ = open_read; }

  /// @returns the token's name, empty for an open route; UNAUTHENTICATED without a (known) token,
  ///          FORBIDDEN when it lacks the scope. Scope "none" is open to all.
  [[nodiscard]] core::Result<std::string> authorise(const Request& request,
                                                    std::string_view scope) const;

private:
  struct Token {
    std::string name;
    std::string sha256;
    std::vector<std::string> scopes;
  };
  std::vector<Token> tokens_;
  bool open_read_ = false;
};

} // namespace troupe::net
