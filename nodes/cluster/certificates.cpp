#include "nodes/cluster/certificates.hpp"

#include "nodes/cluster/openssl.hpp"
#include "nodes/cluster/private_files.hpp"

#include <cstdlib>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace troupe::cluster {

namespace certificates_detail {

using core::Errc;
using core::Error;
using core::Result;

Error failure(const std::string& what) {
  return {Errc::IO_ERROR, what + ": " + openssl::last_error()};
}

std::string to_pem(X509* certificate) {
  const openssl::BioPtr bio{BIO_new(BIO_s_mem())};
  PEM_write_bio_X509(bio.get(), certificate);
  return openssl::contents(bio.get());
}

std::string to_pem(EVP_PKEY* key) {
  const openssl::BioPtr bio{BIO_new(BIO_s_mem())};
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return openssl::contents(bio.get());
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const openssl::ExtensionPtr extension{X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str())};
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// A random positive serial number of 127 bits, as RFC 5280 wants it unpredictable and unique.
bool set_serial(X509* certificate) {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) {
    return false;
  }
  bytes[0] &= 0x7fU;
  const openssl::BignumPtr number{BN_bin2bn(bytes, sizeof bytes, nullptr)};
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

struct Request {
  std::string common_name;
  std::int64_t from_s = 0; ///< since the epoch
  std::int64_t until_s = 0;
};

openssl::X509Ptr blank(const Request& request, EVP_PKEY* key) {
  openssl::X509Ptr out{X509_new()};
  if (!out) {
    return out;
  }
  X509_set_version(out.get(), X509_VERSION_3);
  auto* subject = X509_get_subject_name(out.get());
  const auto* text = openssl::bytes(request.common_name);
  const bool ok = set_serial(out.get())
                  && ASN1_TIME_set(X509_getm_notBefore(out.get()), request.from_s)
                  && ASN1_TIME_set(X509_getm_notAfter(out.get()), request.until_s)
                  && X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1
                  && X509_set_pubkey(out.get(), key) == 1;
  if (!ok) {
    out.reset();
  }
  return out;
}

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t day_s = 86'400;

} // namespace certificates_detail

core::Result<Credentials> make_authority(core::Timestamp now) {
  namespace d = certificates_detail;
  const openssl::KeyPtr key{EVP_EC_gen("P-256")};
  if (!key) {
    return d::failure("no key for the cluster's authority");
  }
  const auto now_s = now.ns / d::second_ns;
  const auto made =
    d::blank({"Troupe cluster", now_s - d::day_s, now_s + 3650 * d::day_s}, key.get());
  if (!made) {
    return d::failure("no certificate for the cluster's authority");
  }
  auto* certificate = made.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  const bool ok =
    d::add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
    && d::add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign")
    && d::add_extension(certificate, certificate, NID_subject_key_identifier, "hash")
    && X509_sign(certificate, key.get(), EVP_sha256()) > 0;
  if (!ok) {
    return d::failure("cannot sign the cluster's authority");
  }
  const auto pem = d::to_pem(certificate);
  return Credentials{pem, pem, d::to_pem(key.get())};
}

core::Result<Credentials> issue(const Credentials& authority,
                                const std::string& node_name,
                                core::Timestamp now,
                                std::chrono::seconds validity) {
  namespace d = certificates_detail;
  const auto issuer = openssl::read_certificate(authority.certificate);
  const auto issuer_key = openssl::read_key(authority.key);
  if (!issuer || !issuer_key) {
    return d::failure("the cluster's authority is not a PEM certificate and key");
  }
  const openssl::KeyPtr key{EVP_EC_gen("P-256")};
  if (!key) {
    return d::failure("no key for the node");
  }
  const auto now_s = now.ns / d::second_ns;
  // An hour back, against clocks that disagree; a validity in the past stays in the past.
  const auto made = d::blank({node_name, now_s - 3600 + std::min<std::int64_t>(0, validity.count()),
                              now_s + validity.count()},
                             key.get());
  if (!made) {
    return d::failure("no certificate for the node");
  }
  auto* certificate = made.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer.get()));
  const bool ok =
    d::add_extension(certificate, issuer.get(), NID_basic_constraints, "critical,CA:FALSE")
    && d::add_extension(certificate, issuer.get(), NID_key_usage, "critical,digitalSignature")
    && d::add_extension(certificate, issuer.get(), NID_ext_key_usage, "serverAuth,clientAuth")
    && d::add_extension(certificate, issuer.get(), NID_subject_alt_name, "DNS:" + node_name)
    && d::add_extension(certificate, issuer.get(), NID_authority_key_identifier, "keyid")
    && X509_sign(certificate, issuer_key.get(), EVP_sha256()) > 0;
  if (!ok) {
    return d::failure("cannot sign the node's certificate");
  }
  return Credentials{authority.ca, d::to_pem(certificate), d::to_pem(key.get())};
}

core::Result<Credentials> user_authority(const std::string& directory, core::Timestamp now) {
  if (auto made = private_files::make_directory(directory); !made) {
    return made.error();
  }
  auto lock = private_files::lock(directory + "/ca.lock");
  if (!lock) {
    return lock.error();
  }
  const auto certificate_path = directory + "/ca.crt";
  const auto key_path = directory + "/ca.key";
  if (!private_files::exists(certificate_path)) {
    auto fresh = make_authority(now);
    if (!fresh) {
      return fresh;
    }
    // The certificate comes last: where it is, the key is.
    if (auto written = private_files::write(key_path, fresh->key); !written) {
      return written.error();
    }
    if (auto written = private_files::write(certificate_path, fresh->certificate); !written) {
      return written.error();
    }
    return fresh;
  }
  auto certificate = private_files::read(certificate_path);
  if (!certificate) {
    return certificate.error();
  }
  auto key = private_files::read(key_path);
  if (!key) {
    return key.error();
  }
  return Credentials{*certificate, *certificate, *key};
}

std::string default_authority_directory() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
    return std::string(state) + "/troupe/cluster";
  }
  const char* home = std::getenv("HOME");
  return std::string(home == nullptr ? "." : home) + "/.local/state/troupe/cluster";
}

core::Result<Credentials> node_credentials(const TlsSettings& tls,
                                           const std::string& node_name,
                                           bool listen_loopback,
                                           const std::string& authority_directory,
                                           core::Timestamp now) {
  const auto given = static_cast<int>(!tls.ca.empty()) + static_cast<int>(!tls.certificate.empty())
                     + static_cast<int>(!tls.key.empty());
  if (given == 0 && listen_loopback) {
    auto authority = user_authority(authority_directory, now);
    return authority ? issue(*authority, node_name, now) : authority;
  }
  if (given != 3) {
    return core::Error{core::Errc::CONFIG_INVALID,
                       given == 0
                         ? "cluster.listen is not loopback: expected cluster.tls.ca, certificate "
                           "and key, found none"
                         : "cluster.tls: expected ca, certificate and key together, found "
                             + std::to_string(given) + " of them"};
  }
  Credentials out;
  for (const auto& [path, text] :
       {std::pair{&tls.ca, &out.ca}, {&tls.certificate, &out.certificate}, {&tls.key, &out.key}}) {
    auto read = private_files::read_any(*path);
    if (!read) {
      return core::Error{core::Errc::CONFIG_INVALID, "cluster.tls: " + read.error().message};
    }
    *text = std::move(*read);
  }
  return out;
}

} // namespace troupe::cluster
