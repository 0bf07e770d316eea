#pragma once

#include <memory>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string>

/// Owners of OpenSSL's objects and its error text. Private to this folder's sources.
namespace troupe::cluster::openssl {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using X509Ptr = std::unique_ptr<X509, Deleter<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using BignumPtr = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;

/// Text of this thread's last error; empties the queue.
[[nodiscard]] inline std::string last_error() {
  const auto code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) {
    return "no reason given";
  }
  const char* reason = ERR_reason_error_string(code);
  return reason == nullptr ? "error " + std::to_string(code) : reason;
}

[[nodiscard]] inline const unsigned char* bytes(const std::string& text) {
  return static_cast<const unsigned char*>(static_cast<const void*>(text.data()));
}

[[nodiscard]] inline std::string contents(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string{};
}

[[nodiscard]] inline BioPtr reader(const std::string& pem) {
  return BioPtr{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
}

[[nodiscard]] inline X509Ptr read_certificate(const std::string& pem) {
  return X509Ptr{PEM_read_bio_X509(reader(pem).get(), nullptr, nullptr, nullptr)};
}

[[nodiscard]] inline KeyPtr read_key(const std::string& pem) {
  return KeyPtr{PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, nullptr, nullptr)};
}

} // namespace troupe::cluster::openssl
