// clang-format off
#include <utility>
#include "net/detail/accept.hpp"
// clang-format on

#include "core/log.hpp"
#include "net/detail/http_connection.hpp"
#include "net/detail/reply_text.hpp"
#include "net/envelope.hpp"
#include "net/uri.hpp"

namespace troupe::net::detail {

namespace {

constexpr auto retry_after_error = std::chrono::milliseconds{100};

core::Error bind_error(const std::string& listen, const ErrorCode& error) {
  return {core::Errc::IO_ERROR, "cannot listen on " + listen + ": " + error.message()};
}

} // namespace

Acceptor::Acceptor(std::shared_ptr<ServerShared> shared,
                   std::vector<std::shared_ptr<Worker>> workers)
  : shared_(std::move(shared)), workers_(std::move(workers)),
    acceptor_(workers_.front()->context()), retry_(workers_.front()->context()) {}

core::Result<Bound> Acceptor::open() {
  const auto& listen = shared_->settings.listen;
  auto place = parse_host_port(listen);
  ErrorCode error;
  const auto address = asio::ip::make_address(!place                       ? ""
                                              : place->host == "localhost" ? "127.0.0.1"
                                                                           : place->host,
                                              error);
  if (!place || error) {
    return core::Error{core::Errc::CONFIG_INVALID,
                       "listen: expected ADDRESS:PORT, found \"" + listen + "\""};
  }
  const Tcp::endpoint endpoint{address, place->port};
  acceptor_.open(endpoint.protocol(), error);
  if (!error) {
    acceptor_.set_option(Tcp::acceptor::reuse_address(true), error);
  }
  if (!error) {
    acceptor_.bind(endpoint, error);
  }
  if (!error) {
    acceptor_.listen(asio::socket_base::max_listen_connections, error);
  }
  const auto bound = error ? Tcp::endpoint{} : acceptor_.local_endpoint(error);
  if (error) {
    return bind_error(listen, error);
  }
  shared_->is_loopback = address.is_loopback();
  return Bound{bound.address().to_string(), bound.port(), shared_->tls != nullptr};
}

void Acceptor::start() {
  accept();
}

void Acceptor::close() {
  asio::post(workers_.front()->context(), [self = shared_from_this()] {
    ErrorCode ignored;
    self->acceptor_.close(ignored);
    self->retry_.cancel();
  });
}

void Acceptor::accept() {
  auto& worker = *workers_[next_];
  acceptor_.async_accept(worker.context(),
                         [self = shared_from_this()](ErrorCode error, TcpSocket socket) {
                           if (!self->acceptor_.is_open()) {
                             return;
                           }
                           if (error) { // out of descriptors, mostly: others may become free
                             self->retry_later();
                             return;
                           }
                           self->accepted(std::move(socket));
                           self->next_ = (self->next_ + 1) % self->workers_.size();
                           self->accept();
                         });
}

void Acceptor::retry_later() {
  retry_.expires_after(retry_after_error);
  retry_.async_wait([self = shared_from_this()](ErrorCode error) {
    if (!error && self->acceptor_.is_open()) {
      self->accept();
    }
  });
}

void Acceptor::accepted(TcpSocket socket) {
  ErrorCode error;
  const auto peer = socket.remote_endpoint(error);
  if (error) {
    return; // gone already
  }
  auto address = peer.address().to_string();
  if (!shared_->enter(address)) {
    shared_->counters.connections_refused.fetch_add(1, std::memory_order_relaxed);
    refuse(socket);
    return;
  }
  shared_->counters.connections_accepted.fetch_add(1, std::memory_order_relaxed);
  auto& worker = *workers_[next_];
  const auto connection =
    std::make_shared<HttpConnection>(worker, std::move(socket), std::move(address));
  asio::dispatch(worker.context(), [&worker, connection] {
    worker.add(connection);
    worker.shared().stopping ? connection->abort() : connection->start();
  });
}

/// Says why, as far as that can be done without waiting.
void Acceptor::refuse(TcpSocket& socket) {
  if (shared_->tls) {
    return;
  }
  Request request;
  choose_request_id(*shared_, request);
  const auto response = error_response({core::Errc::OVERLOADED, "expected fewer connections"},
                                       request.request_id, {std::chrono::seconds{1}, "null", 0});
  std::string text;
  append_reply(text, response, {request.request_id, workers_.front()->date(), false, false, false});
  ErrorCode ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(text), ignored);
  socket.shutdown(Tcp::socket::shutdown_send, ignored);
}

} // namespace troupe::net::detail
