#pragma once

// The one way Asio is included here: GCC 12 in C++20 wants <utility> before it.
// clang-format off
#include <utility>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
// clang-format on

#include <chrono>

namespace troupe::net::detail {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

/// Concrete executors throughout: a type-erased one costs an indirect call and an allocation per
/// operation, which is a third of a small request.
using Executor = asio::io_context::executor_type;
using Tcp = asio::ip::tcp;
using TcpSocket = asio::basic_stream_socket<Tcp, Executor>;
using TcpAcceptor = asio::basic_socket_acceptor<Tcp, Executor>;
using SteadyTimer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                               asio::wait_traits<std::chrono::steady_clock>,
                                               Executor>;

} // namespace troupe::net::detail
