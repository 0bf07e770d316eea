#include "net/detail/transport.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <string>

namespace troupe::net::detail {

namespace {

constexpr std::size_t tls_record_bytes = 16'384;

struct ReadDone {
  std::shared_ptr<Peer> peer;
  void operator()(ErrorCode error, std::size_t size) const { peer->on_read(error, size); }
};

struct WriteDone {
  std::shared_ptr<Peer> peer;
  void operator()(ErrorCode error, std::size_t size) const { peer->on_written(error, size); }
};

/// A span as Asio's buffer sequence.
struct BufferSpan {
  using value_type = asio::const_buffer;
  using const_iterator = const asio::const_buffer*;
  std::span<const asio::const_buffer> buffers;
  [[nodiscard]] const_iterator begin() const { return buffers.data(); }
  [[nodiscard]] const_iterator end() const { return buffers.data() + buffers.size(); }
};

} // namespace

struct Transport::Tls {
  Tls(TcpSocket& socket, asio::ssl::context& context) : stream(socket, context) {}
  asio::ssl::stream<TcpSocket&> stream;
  /// Many small frames in one TLS record: a stream write takes the first buffer only.
  std::string gathered;
};

Transport::Transport(TcpSocket socket, asio::ssl::context* tls) : socket_(std::move(socket)) {
  ErrorCode ignored;
  socket_.set_option(Tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  if (tls != nullptr) {
    tls_ = std::make_unique<Tls>(socket_, *tls);
  }
}

Transport::~Transport() = default;

void Transport::handshake(std::shared_ptr<Peer> peer) {
  tls_->stream.async_handshake(
    asio::ssl::stream_base::server,
    [peer = std::move(peer)](ErrorCode error) { peer->on_handshake(error); });
}

void Transport::read_some(char* into, std::size_t size, std::shared_ptr<Peer> peer) {
  if (tls_) {
    tls_->stream.async_read_some(asio::buffer(into, size), ReadDone{std::move(peer)});
  } else {
    socket_.async_read_some(asio::buffer(into, size), ReadDone{std::move(peer)});
  }
}

void Transport::write_some(std::span<const asio::const_buffer> buffers,
                           std::shared_ptr<Peer> peer) {
  if (!tls_) {
    socket_.async_write_some(BufferSpan{buffers}, WriteDone{std::move(peer)});
    return;
  }
  auto& gathered = tls_->gathered;
  gathered.clear();
  for (const auto& buffer : buffers) {
    const auto room = tls_record_bytes - gathered.size();
    gathered.append(static_cast<const char*>(buffer.data()), std::min(room, buffer.size()));
  }
  tls_->stream.async_write_some(asio::buffer(gathered), WriteDone{std::move(peer)});
}

std::size_t Transport::try_write(std::string_view bytes, ErrorCode& error) {
  if (tls_) {
    return 0;
  }
  const auto size = socket_.write_some(asio::buffer(bytes.data(), bytes.size()), error);
  if (error == asio::error::would_block || error == asio::error::try_again) {
    error = {};
    return 0;
  }
  return size;
}

void Transport::shutdown_send(std::shared_ptr<Peer> peer) {
  if (!tls_) {
    ErrorCode ignored;
    socket_.shutdown(Tcp::socket::shutdown_send, ignored);
    return;
  }
  tls_->stream.async_shutdown([this, peer = std::move(peer)](ErrorCode) { close(); });
}

void Transport::close() noexcept {
  ErrorCode ignored;
  socket_.close(ignored);
}

} // namespace troupe::net::detail
