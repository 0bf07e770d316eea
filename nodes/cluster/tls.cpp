#include "nodes/cluster/tls.hpp"

#include "nodes/cluster/openssl.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <sys/socket.h>
#include <utility>

namespace troupe::cluster {

/// A BIO over a socket that raises no SIGPIPE (OpenSSL's own does) and counts.
struct WireBio {
  static int write(BIO* bio, const char* from, int size) {
    auto* wire = static_cast<TlsSession::Wire*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const auto n = ::send(wire->descriptor, from, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
      BIO_set_retry_write(bio);
    }
    if (n > 0) {
      wire->counters->bytes_out.fetch_add(static_cast<std::uint64_t>(n), std::memory_order_relaxed);
    }
    return static_cast<int>(n);
  }

  static int read(BIO* bio, char* to, int size) {
    auto* wire = static_cast<TlsSession::Wire*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const auto wanted = static_cast<std::size_t>(size);
    if (wire->ahead.empty()) {
      return receive(bio, *wire, to, wanted);
    }
    if (wire->ahead_begin == wire->ahead_end) {
      wire->ahead_begin = wire->ahead_end = 0;
      if (std::exchange(wire->drained, false)) {
        BIO_set_retry_read(bio);
        return -1;
      }
      const int n = receive(bio, *wire, wire->ahead.data(), wire->ahead.size());
      if (n <= 0) {
        return n;
      }
      wire->ahead_end = static_cast<std::size_t>(n);
      wire->drained = wire->ahead_end < wire->ahead.size();
    }
    const auto n = std::min(wanted, wire->ahead_end - wire->ahead_begin);
    std::memcpy(to, wire->ahead.data() + wire->ahead_begin, n);
    wire->ahead_begin += n;
    return static_cast<int>(n);
  }

  static int receive(BIO* bio, TlsSession::Wire& wire, char* to, std::size_t size) {
    const auto n = ::recv(wire.descriptor, to, size, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
      BIO_set_retry_read(bio);
    }
    if (n > 0) {
      wire.counters->bytes_in.fetch_add(static_cast<std::uint64_t>(n), std::memory_order_relaxed);
    }
    return static_cast<int>(n);
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }

  static BIO_METHOD* method() {
    static BIO_METHOD* const instance = [] {
      auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "node link");
      BIO_meth_set_write(made, write);
      BIO_meth_set_read(made, read);
      BIO_meth_set_ctrl(made, control);
      BIO_meth_set_create(made, create);
      return made;
    }();
    return instance;
  }
};

namespace tls_detail {

core::Error invalid(const std::string& what) {
  return {core::Errc::CONFIG_INVALID, "cluster.tls: " + what};
}

std::string common_name(X509* certificate) {
  const auto* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) {
    return {}; // none, or more than one: nobody's name
  }
  const auto* data = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, data);
  std::string out;
  if (size > 0) {
    out.assign(static_cast<const char*>(static_cast<const void*>(text)),
               static_cast<std::size_t>(size));
  }
  OPENSSL_free(text);
  return out;
}

bool add_authorities(SSL_CTX* context, const std::string& pem) {
  auto* store = SSL_CTX_get_cert_store(context);
  const auto bio = openssl::reader(pem);
  int found = 0;
  while (openssl::X509Ptr next{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    found += X509_STORE_add_cert(store, next.get());
  }
  ERR_clear_error(); // the end of the text shows as an error
  return found > 0;
}

} // namespace tls_detail

core::Result<std::shared_ptr<const TlsContext>> TlsContext::make(const Credentials& credentials,
                                                                 const std::string& node_name) {
  namespace d = tls_detail;
  auto* context = SSL_CTX_new(TLS_method());
  if (context == nullptr) {
    return d::invalid(openssl::last_error());
  }
  std::shared_ptr<const TlsContext> out{new TlsContext(context)};
  const auto certificate = openssl::read_certificate(credentials.certificate);
  const auto key = openssl::read_key(credentials.key);
  if (!certificate || !key) {
    return d::invalid("certificate and key must be PEM text: " + openssl::last_error());
  }
  if (const auto name = d::common_name(certificate.get()); name != node_name) {
    return d::invalid("expected a certificate with the common name \"" + node_name + "\", found \""
                      + name + '"');
  }
  if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0) {
    return d::invalid("the certificate of \"" + node_name + "\" has expired");
  }
  if (!d::add_authorities(context, credentials.ca)) {
    return d::invalid("ca must be PEM text with a certificate");
  }
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_verify_depth(context, 4);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_read_ahead(context, 0);
  if (SSL_CTX_use_certificate(context, certificate.get()) != 1
      || SSL_CTX_use_PrivateKey(context, key.get()) != 1
      || SSL_CTX_check_private_key(context) != 1) {
    return d::invalid("certificate and key do not belong together: " + openssl::last_error());
  }
  return out;
}

TlsContext::~TlsContext() {
  SSL_CTX_free(context_);
}

TlsSession::TlsSession(const std::shared_ptr<const TlsContext>& context, Side side, int descriptor)
  : context_(context),
    counters_(std::make_shared<LinkCounters>()), wire_{descriptor, counters_.get(), {}, 0, 0,
                                                       false},
    ssl_(SSL_new(context->native())) {
  auto* bio = BIO_new(WireBio::method());
  if (ssl_ == nullptr || bio == nullptr) {
    throw std::bad_alloc();
  }
  BIO_set_data(bio, &wire_);
  SSL_set_bio(ssl_, bio, bio);
  if (side == Side::ACCEPTED) {
    SSL_set_accept_state(ssl_);
  } else {
    SSL_set_connect_state(ssl_);
  }
}

TlsSession::~TlsSession() {
  SSL_free(ssl_);
}

TlsSession::Outcome TlsSession::outcome(int result) {
  const int reason = SSL_get_error(ssl_, result);
  switch (reason) {
    case SSL_ERROR_NONE: return Outcome::DONE;
    case SSL_ERROR_WANT_READ: return Outcome::WANT_READ;
    case SSL_ERROR_WANT_WRITE: return Outcome::WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN: return Outcome::CLOSED;
    default: break;
  }
  if (reason == SSL_ERROR_SYSCALL && ERR_peek_error() == 0) {
    error_ = "connection closed";
    return Outcome::CLOSED;
  }
  const auto verified = SSL_get_verify_result(ssl_);
  error_ = openssl::last_error();
  if (verified != X509_V_OK) {
    error_ += std::string(": ") + X509_verify_cert_error_string(verified);
  }
  return Outcome::FAILED;
}

TlsSession::Outcome TlsSession::handshake() {
  ERR_clear_error();
  return outcome(SSL_do_handshake(ssl_));
}

TlsSession::Outcome TlsSession::read(void* to, std::size_t size, std::size_t& done) {
  done = 0;
  ERR_clear_error();
  return outcome(SSL_read_ex(ssl_, to, size, &done));
}

TlsSession::Outcome TlsSession::write(const void* from, std::size_t size, std::size_t& done) {
  done = 0;
  if (size == 0) {
    return Outcome::DONE;
  }
  ERR_clear_error();
  return outcome(SSL_write_ex(ssl_, from, size, &done));
}

std::size_t TlsSession::pending() const {
  return static_cast<std::size_t>(SSL_pending(ssl_)) + (wire_.ahead_end - wire_.ahead_begin);
}

void TlsSession::read_ahead() {
  constexpr std::size_t record_bytes_max = 16 * 1024 + 512; // and its header and tag
  wire_.ahead.resize(2 * record_bytes_max);
}

std::string TlsSession::peer_name() const {
  const openssl::X509Ptr certificate{SSL_get1_peer_certificate(ssl_)};
  if (!certificate || SSL_get_verify_result(ssl_) != X509_V_OK) {
    return {};
  }
  return tls_detail::common_name(certificate.get());
}

} // namespace troupe::cluster
