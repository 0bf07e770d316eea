// clang-format off
#include <utility>
#include "net/detail/beast_stream.hpp"
// clang-format on

#include <boost/asio/ssl/host_name_verification.hpp>

#include <array>

namespace troupe::net::detail {

namespace {

using Resolver = asio::ip::basic_resolver<Tcp, Executor>;
using core::Errc;
using core::Error;

std::optional<Error> unavailable(const Url& url, const char* doing, const ErrorCode& error) {
  return Error{Errc::UNAVAILABLE, std::string(doing) + " " + url.host + ":"
                                    + std::to_string(url.port) + ": " + error.message()};
}

} // namespace

Awaitable<std::optional<Error>> connect(PlainStream& stream, const Url& url) {
  ErrorCode error;
  const auto literal = asio::ip::make_address(url.host, error);
  if (!error) { // no look-up: it would go through a thread
    const Tcp::endpoint endpoint{literal, url.port};
    co_await stream.async_connect(endpoint, asio::redirect_error(use_awaitable, error));
  } else {
    Resolver resolver{stream.get_executor()};
    const auto port = std::to_string(url.port);
    const auto found =
      co_await resolver.async_resolve(url.host, port, asio::redirect_error(use_awaitable, error));
    if (error) {
      co_return unavailable(url, "cannot look up", error);
    }
    co_await stream.async_connect(found, asio::redirect_error(use_awaitable, error));
  }
  if (error) {
    co_return unavailable(url, "cannot connect to", error);
  }
  stream.socket().set_option(Tcp::no_delay(true), error);
  co_return std::nullopt;
}

Awaitable<std::optional<Error>> handshake(TlsStream& stream, const Url& url) {
  ErrorCode error;
  const bool is_address = !asio::ip::make_address(url.host, error).is_unspecified() && !error;
  auto name = url.host; // SNI carries names, never addresses
  if (!is_address
      && SSL_ctrl(stream.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                  name.data())
           != 1) {
    co_return Error{Errc::UNAVAILABLE, "tls: OpenSSL refused the host name " + url.host};
  }
  const asio::ssl::host_name_verification verification{url.host};
  stream.set_verify_callback(verification);
  error = {};
  co_await stream.async_handshake(asio::ssl::stream_base::client,
                                  asio::redirect_error(use_awaitable, error));
  if (error) {
    co_return unavailable(url, "no trusted TLS with", error);
  }
  co_return std::nullopt;
}

} // namespace troupe::net::detail
