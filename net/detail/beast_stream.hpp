#pragma once

// clang-format off
#include "net/detail/asio.hpp"
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
// clang-format on

#include "core/errc.hpp"
#include "net/uri.hpp"

#include <optional>

/// What both clients stand on. Coroutines here: a client's exchange is one line after another.
namespace troupe::net::detail {

namespace beast = boost::beast;
using PlainStream = beast::basic_stream<Tcp, Executor>;
using TlsStream = beast::ssl_stream<PlainStream>;
template <class T>
using Awaitable = asio::awaitable<T, Executor>;
inline constexpr asio::use_awaitable_t<Executor> use_awaitable{};

/// Connects to the URL's host. @returns UNAVAILABLE, saying at what it failed, if it did
[[nodiscard]] Awaitable<std::optional<core::Error>> connect(PlainStream& stream, const Url& url);

/// TLS on top, the host name checked. @returns UNAVAILABLE if it failed
[[nodiscard]] Awaitable<std::optional<core::Error>> handshake(TlsStream& stream, const Url& url);

} // namespace troupe::net::detail
