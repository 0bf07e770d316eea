#include "actors/venues/common/signing.hpp"

#include "core/json.hpp"
#include "net/detail/hash.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <optional>

namespace troupe::venues::signing {

namespace {

using core::Errc;
using core::Error;

template <auto free_function>
struct OpensslFree {
  template <class T>
  void operator()(T* object) const {
    free_function(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, OpensslFree<EVP_MD_CTX_free>>;
using Bio = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, OpensslFree<ECDSA_SIG_free>>;
using BigNumber = std::unique_ptr<BIGNUM, OpensslFree<BN_free>>;

constexpr std::size_t p256_bytes = 32;
constexpr std::size_t ed25519_key_bytes = 32;
constexpr std::size_t ed25519_signature_bytes = 64;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

/// The secret of an .env file has its line breaks spelled out.
std::string with_line_breaks(std::string_view pem) {
  std::string out;
  out.reserve(pem.size());
  for (std::size_t i = 0; i < pem.size(); ++i) {
    if (pem[i] == '\\' && i + 1 < pem.size() && pem[i + 1] == 'n') {
      out += '\n';
      ++i;
    } else {
      out += pem[i];
    }
  }
  return out;
}

bool is_p256(const EVP_PKEY* key) {
  std::array<char, 64> group{};
  return key != nullptr && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC
         && EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1
         && std::string_view{group.data()} == "prime256v1";
}

/// No prompt for a passphrase: an encrypted key is a broken one here.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

Key read_pem(std::string_view pem, bool is_private) {
  const auto text = with_line_breaks(pem);
  const Bio bio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
  return Key{is_private ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr)
                        : PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr)};
}

PublicKeyKind kind_of(const EVP_PKEY* key) {
  const int id = key == nullptr ? EVP_PKEY_NONE : EVP_PKEY_get_base_id(key);
  return id == EVP_PKEY_RSA       ? PublicKeyKind::RSA
         : id == EVP_PKEY_ED25519 ? PublicKeyKind::ED25519
                                  : PublicKeyKind::NONE;
}

core::Result<Key> read_p256(std::string_view pem, bool is_private) {
  auto key = read_pem(pem, is_private);
  if (!is_p256(key.get())) {
    return Error{Errc::INVALID_ARGUMENT,
                 std::string("expected the ") + (is_private ? "private" : "public")
                   + " key of an EC P-256 pair in PEM, found something else"};
  }
  return key;
}

/// DER's sequence of two integers as 64 bytes.
std::optional<std::string> raw_of_der(const std::string& der) {
  const auto* at = bytes_of(std::string_view{der});
  const EcdsaSignature pair{d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()))};
  std::string raw(2 * p256_bytes, '\0');
  constexpr int half = static_cast<int>(p256_bytes);
  if (!pair || BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), bytes_of(raw), half) != half
      || BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), bytes_of(raw) + p256_bytes, half) != half) {
    return std::nullopt;
  }
  return raw;
}

std::optional<std::string> der_of_raw(std::string_view raw) {
  if (raw.size() != 2 * p256_bytes) {
    return std::nullopt;
  }
  constexpr int half = static_cast<int>(p256_bytes);
  BigNumber r{BN_bin2bn(bytes_of(raw), half, nullptr)};
  BigNumber s{BN_bin2bn(bytes_of(raw) + p256_bytes, half, nullptr)};
  const EcdsaSignature pair{ECDSA_SIG_new()};
  if (!r || !s || !pair || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) {
    return std::nullopt;
  }
  (void)r.release(); // the pair's now
  (void)s.release();
  unsigned char* out = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &out);
  if (size <= 0) {
    return std::nullopt;
  }
  std::string der(reinterpret_cast<const char*>(out), static_cast<std::size_t>(size));
  OPENSSL_free(out);
  return der;
}

/// @param digest  null for Ed25519, which has its own
core::Result<std::string> sign(EVP_PKEY* key, const EVP_MD* digest, std::string_view text) {
  const DigestContext context{EVP_MD_CTX_new()};
  std::size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key) != 1
      || EVP_DigestSign(context.get(), nullptr, &size, bytes_of(text), text.size()) != 1) {
    return Error{Errc::INTERNAL, "OpenSSL refused to sign"};
  }
  std::string out(size, '\0');
  if (EVP_DigestSign(context.get(), bytes_of(out), &size, bytes_of(text), text.size()) != 1) {
    return Error{Errc::INTERNAL, "OpenSSL refused to sign"};
  }
  out.resize(size);
  return out;
}

bool verify(EVP_PKEY* key,
            const EVP_MD* digest,
            std::string_view text,
            std::string_view signature) {
  const DigestContext context{EVP_MD_CTX_new()};
  return EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1
         && EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text),
                             text.size())
              == 1;
}

core::Result<Key> ed25519_private(std::string_view seed) {
  Key key{seed.size() == ed25519_key_bytes
            ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(seed), seed.size())
            : nullptr};
  if (!key) {
    return Error{Errc::INVALID_ARGUMENT, "expected an Ed25519 private key of 32 bytes, found "
                                           + std::to_string(seed.size())};
  }
  return key;
}

std::string lower_case(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

Error not_base64() {
  return {Errc::INVALID_ARGUMENT, "expected base64, found something else"};
}

Error not_our_token(std::string what) {
  return {Errc::UNAUTHENTICATED, std::move(what)};
}

} // namespace

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(),
           bytes_of(out), &size)
      == nullptr) {
    throw core::ErrorException({Errc::INTERNAL, "OpenSSL refused an HMAC"});
  }
  out.resize(size);
  return out;
}

std::string to_hex(std::string_view bytes) {
  return net::detail::to_hex(bytes);
}

std::string base64_encode(std::string_view bytes) {
  return net::detail::base64(bytes);
}

core::Result<std::string> base64_decode(std::string_view text) {
  const auto last = text.find_last_not_of('=');
  const auto padding = last == std::string_view::npos ? text.size() : text.size() - last - 1;
  if (text.size() % 4 != 0 || padding > 2
      || text.find_first_of(" \t\r\n") != std::string_view::npos) { // which OpenSSL would skip
    return not_base64();
  }
  std::string out(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(bytes_of(out), bytes_of(text), static_cast<int>(text.size()));
  if (size < 0) {
    return not_base64();
  }
  out.resize(static_cast<std::size_t>(size) - padding); // OpenSSL counts the padding as bytes
  return out;
}

std::string base64_url_encode(std::string_view bytes) {
  return net::detail::base64_url(bytes);
}

core::Result<std::string> base64_url_decode(std::string_view text) {
  if (text.find_first_of("+/=") != std::string_view::npos) {
    return not_base64();
  }
  std::string usual{text};
  for (char& c : usual) {
    c = c == '-' ? '+' : c == '_' ? '/' : c;
  }
  usual.resize((usual.size() + 3) / 4 * 4, '=');
  return base64_decode(usual);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool equal_hex_in_constant_time(std::string_view a, std::string_view b) {
  return equal_in_constant_time(lower_case(a), lower_case(b));
}

std::string
binance_rest_signature(std::string_view secret, std::string_view query, std::string_view body) {
  return to_hex(hmac_sha256(secret, std::string{query} + std::string{body}));
}

std::string binance_websocket_payload(Parameters parameters) {
  std::sort(parameters.begin(), parameters.end());
  std::string payload;
  for (const auto& [name, value] : parameters) {
    if (name != "signature") {
      payload += (payload.empty() ? "" : "&") + name + "=" + value;
    }
  }
  return payload;
}

std::string binance_websocket_signature(std::string_view secret, Parameters parameters) {
  return to_hex(hmac_sha256(secret, binance_websocket_payload(std::move(parameters))));
}

core::Result<std::string> coinbase_signature(std::string_view secret,
                                             std::string_view timestamp,
                                             std::string_view method,
                                             std::string_view request_path,
                                             std::string_view body) {
  const auto key = base64_decode(secret);
  if (!key) {
    return key.error();
  }
  std::string text;
  text.append(timestamp).append(method).append(request_path).append(body);
  return base64_encode(hmac_sha256(*key, text));
}

core::Result<std::string> coinbase_websocket_signature(std::string_view secret,
                                                       std::string_view timestamp) {
  return coinbase_signature(secret, timestamp, "GET", "/users/self/verify");
}

core::Result<std::string> coinbase_jwt(const JwtRequest& request) {
  const auto key = read_p256(request.private_key, true);
  if (!key) {
    return key.error();
  }
  const auto quoted = [](std::string_view text) {
    std::string out;
    core::json::append_string(out, text);
    return out;
  };
  const auto now_s = request.now.ns / 1'000'000'000;
  const auto name = quoted(request.key_name);
  const auto header =
    R"({"alg":"ES256","kid":)" + name + R"(,"nonce":)" + quoted(request.nonce) + R"(,"typ":"JWT"})";
  const auto claims = R"({"sub":)" + name + R"(,"iss":"cdp","nbf":)" + std::to_string(now_s)
                      + R"(,"exp":)" + std::to_string(now_s + jwt_validity_s)
                      + (request.uri.empty() ? std::string{} : R"(,"uri":)" + quoted(request.uri))
                      + "}";
  const auto signed_text = base64_url_encode(header) + "." + base64_url_encode(claims);
  const auto der = sign(key->get(), EVP_sha256(), signed_text);
  if (!der) {
    return der.error();
  }
  const auto raw = raw_of_der(*der);
  if (!raw) {
    return Error{Errc::INTERNAL, "OpenSSL gave a signature that is no ECDSA signature"};
  }
  return signed_text + "." + base64_url_encode(*raw);
}

core::Result<JwtParts> verify_jwt(std::string_view token, std::string_view public_key) {
  const auto key = read_p256(public_key, false);
  if (!key) {
    return key.error();
  }
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return not_our_token("expected a token of three parts");
  }
  const auto header = base64_url_decode(token.substr(0, first));
  const auto claims = base64_url_decode(token.substr(first + 1, second - first - 1));
  const auto raw = base64_url_decode(token.substr(second + 1));
  if (!header || !claims || !raw) {
    return not_our_token("expected a token in base64url");
  }
  const auto der = der_of_raw(*raw);
  if (!der || !verify(key->get(), EVP_sha256(), token.substr(0, second), *der)) {
    return not_our_token("expected a token that this key signed");
  }
  return JwtParts{*header, *claims};
}

PublicKeyKind public_key_kind(std::string_view pem) {
  return kind_of(read_pem(pem, false).get());
}

bool verify_text(std::string_view public_key, std::string_view text, std::string_view signature) {
  const auto key = read_pem(public_key, false);
  switch (kind_of(key.get())) {
    case PublicKeyKind::RSA: return verify(key.get(), EVP_sha256(), text, signature);
    case PublicKeyKind::ED25519: return verify(key.get(), nullptr, text, signature);
    case PublicKeyKind::NONE: break;
  }
  return false;
}

core::Result<std::string> ed25519_sign(std::string_view seed, std::string_view text) {
  const auto key = ed25519_private(seed);
  if (!key) {
    return key.error();
  }
  return sign(key->get(), nullptr, text);
}

bool ed25519_verify(std::string_view public_key,
                    std::string_view text,
                    std::string_view signature) {
  if (public_key.size() != ed25519_key_bytes || signature.size() != ed25519_signature_bytes) {
    return false;
  }
  const Key key{EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(public_key),
                                            public_key.size())};
  return key && verify(key.get(), nullptr, text, signature);
}

core::Result<std::string> ed25519_public_key(std::string_view seed) {
  const auto key = ed25519_private(seed);
  if (!key) {
    return key.error();
  }
  std::string out(ed25519_key_bytes, '\0');
  std::size_t size = out.size();
  if (EVP_PKEY_get_raw_public_key(key->get(), bytes_of(out), &size) != 1) {
    return Error{Errc::INTERNAL, "OpenSSL gave no public key"};
  }
  return out;
}

} // namespace troupe::venues::signing
