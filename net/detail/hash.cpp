#include "net/detail/hash.hpp"

#include <array>
#include <openssl/evp.h>
#include <openssl/rand.h>

namespace troupe::net::detail {

namespace {

std::string digest(const EVP_MD* kind, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), out.data(), &size, kind, nullptr) != 1) {
    throw core::ErrorException({core::Errc::INTERNAL, "OpenSSL refused a digest"});
  }
  return {reinterpret_cast<const char*>(out.data()), size};
}

} // namespace

std::string sha256(std::string_view text) {
  return digest(EVP_sha256(), text);
}

std::string sha1(std::string_view text) {
  return digest(EVP_sha1(), text);
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4U];
    out += digits[byte & 0xFU];
  }
  return out;
}

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0'); // one for OpenSSL's terminator
  const auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                    reinterpret_cast<const unsigned char*>(bytes.data()),
                                    static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string base64_url(std::string_view bytes) {
  auto out = base64(bytes);
  while (out.ends_with('=')) {
    out.pop_back();
  }
  for (char& c : out) {
    c = c == '+' ? '-' : c == '/' ? '_' : c;
  }
  return out;
}

core::Result<std::string> random_bytes(std::size_t count) {
  std::string out(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)) != 1) {
    return core::Error{core::Errc::INTERNAL, "the system gave no random bytes"};
  }
  return out;
}

} // namespace troupe::net::detail
