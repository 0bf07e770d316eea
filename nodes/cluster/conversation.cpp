#include "nodes/cluster/conversation.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace troupe::cluster {

using asio::ip::tcp;

Conversation::Conversation(tcp::socket socket)
  : socket_(std::move(socket)), deadline_(socket_.get_executor()) {}

void Conversation::set_deadline(std::chrono::nanoseconds after) {
  deadline_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(after));
  deadline_.async_wait([this, late = late_](const boost::system::error_code& cancelled) {
    if (cancelled || late.use_count() == 1) {
      return; // the conversation is over
    }
    *late = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
  });
}

core::Error Conversation::failure(const std::string& what) const {
  return {*late_ ? core::Errc::TIMEOUT : core::Errc::IO_ERROR,
          *late_ ? "deadline passed during " + what : what};
}

asio::awaitable<core::Result<void>> Conversation::connect(tcp::endpoint endpoint) {
  boost::system::error_code failed;
  co_await socket_.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, failed));
  if (failed || *late_) {
    co_return failure("connect: " + failed.message());
  }
  socket_.set_option(tcp::no_delay(true), failed);
  socket_.non_blocking(true, failed);
  co_return core::Result<void>{};
}

asio::awaitable<core::Result<void>> Conversation::wait(TlsSession::Outcome outcome) {
  if (outcome == TlsSession::Outcome::CLOSED) {
    co_return failure("the peer closed the connection");
  }
  if (outcome == TlsSession::Outcome::FAILED) {
    co_return failure(session_->error());
  }
  const auto what =
    outcome == TlsSession::Outcome::WANT_READ ? tcp::socket::wait_read : tcp::socket::wait_write;
  boost::system::error_code failed;
  co_await socket_.async_wait(what, asio::redirect_error(asio::use_awaitable, failed));
  if (failed || *late_) {
    co_return failure("wait for the peer: " + failed.message());
  }
  co_return core::Result<void>{};
}

asio::awaitable<core::Result<void>>
Conversation::handshake(std::shared_ptr<const TlsContext> context, TlsSession::Side side) {
  boost::system::error_code failed;
  socket_.non_blocking(true, failed);
  session_ = std::make_unique<TlsSession>(context, side, socket_.native_handle());
  for (;;) {
    const auto outcome = session_->handshake();
    if (outcome == TlsSession::Outcome::DONE) {
      co_return core::Result<void>{};
    }
    auto waited = co_await wait(outcome);
    if (!waited) {
      co_return waited;
    }
  }
}

asio::awaitable<core::Result<std::string>> Conversation::read(std::size_t size) {
  std::string out(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    std::size_t done = 0;
    const auto outcome = session_->read(out.data() + have, size - have, done);
    have += done;
    if (outcome != TlsSession::Outcome::DONE) {
      auto waited = co_await wait(outcome);
      if (!waited) {
        co_return waited.error();
      }
    }
  }
  co_return out;
}

asio::awaitable<core::Result<void>> Conversation::write(std::string text) {
  std::size_t sent = 0;
  while (sent < text.size()) {
    std::size_t done = 0;
    const auto outcome = session_->write(text.data() + sent, text.size() - sent, done);
    sent += done;
    if (outcome != TlsSession::Outcome::DONE) {
      auto waited = co_await wait(outcome);
      if (!waited) {
        co_return waited;
      }
    }
  }
  co_return core::Result<void>{};
}

asio::awaitable<core::Result<Conversation::Frame>> Conversation::read_frame() {
  auto head = co_await read(hello_frame::header_bytes);
  if (!head) {
    co_return head.error();
  }
  auto header = hello_frame::decode_header(*head);
  if (!header) {
    co_return header.error();
  }
  Frame out{*header, {}};
  if (header->version != wire_version && header->kind != hello_frame::Kind::REFUSED) {
    co_return out;
  }
  auto body = co_await read(header->length);
  if (!body) {
    co_return body.error();
  }
  out.body = std::move(*body);
  co_return out;
}

std::string Conversation::remote_host() const {
  boost::system::error_code failed;
  const auto remote = socket_.remote_endpoint(failed);
  return failed ? "0.0.0.0" : remote.address().to_string();
}

std::pair<int, std::unique_ptr<TlsSession>> Conversation::release() {
  deadline_.cancel();
  boost::system::error_code failed;
  return {socket_.release(failed), std::move(session_)};
}

} // namespace troupe::cluster
