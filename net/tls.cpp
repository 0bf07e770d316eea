#include "net/tls.hpp"

#include "net/detail/asio.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>

#include <functional>

namespace troupe::net {

namespace {

namespace ssl = boost::asio::ssl;
using Context = std::shared_ptr<ssl::context>;
using core::Errc;
using core::Error;
using core::Result;

using Step = std::function<void(ssl::context&, detail::ErrorCode&)>;

Result<void> take(ssl::context& context, const std::string& what, const Step& step) {
  detail::ErrorCode error;
  step(context, error);
  if (error) {
    return Error{Errc::CONFIG_INVALID, "tls: cannot use " + what + ": " + error.message()};
  }
  return {};
}

Result<void>
use_certificate(ssl::context& context, const std::string& certificate, const std::string& key) {
  auto done = take(context, "the certificate " + certificate,
                   [&](auto& c, auto& error) { c.use_certificate_chain_file(certificate, error); });
  if (done) {
    done = take(context, "the key " + key, [&](auto& c, auto& error) {
      c.use_private_key_file(key, ssl::context::pem, error);
    });
  }
  if (done && SSL_CTX_check_private_key(context.native_handle()) != 1) {
    return Error{Errc::CONFIG_INVALID, "tls: the key " + key + " is not that of " + certificate};
  }
  return done;
}

Context make_context(ssl::context::method method) {
  auto context = std::make_shared<ssl::context>(method);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  return context;
}

} // namespace

Result<Context> make_server_tls(const TlsFiles& files) {
  auto context = make_context(ssl::context::tls_server);
  if (const auto done = use_certificate(*context, files.certificate, files.key); !done) {
    return done.error();
  }
  return context;
}

Result<Context> make_client_tls(const ClientTls& tls) {
  auto context = make_context(ssl::context::tls_client);
  context->set_verify_mode(ssl::verify_peer);
  const auto authorities = tls.ca_file.empty() ? "the system's authorities" : tls.ca_file;
  auto done = take(*context, authorities, [&](auto& c, auto& error) {
    tls.ca_file.empty() ? c.set_default_verify_paths(error)
                        : c.load_verify_file(tls.ca_file, error);
  });
  if (done && !tls.certificate.empty()) {
    done = use_certificate(*context, tls.certificate, tls.key);
  }
  if (!done) {
    return done.error();
  }
  return context;
}

} // namespace troupe::net
