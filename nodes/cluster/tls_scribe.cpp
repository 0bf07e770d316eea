#include "nodes/cluster/tls_scribe.hpp"

#include "core/log.hpp"

#include <caf/actor_system.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/interfaces.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <caf/io/scribe.hpp>

#include <sys/socket.h>

namespace troupe::cluster {

namespace {

namespace network = caf::io::network;

/// CAF's read/write policy of a stream, over a TLS session.
class TlsPolicy {
public:
  explicit TlsPolicy(std::unique_ptr<TlsSession> session) : session_(std::move(session)) {
    session_->read_ahead();
  }

  network::rw_state read_some(std::size_t& done, network::native_socket, void* to, std::size_t n) {
    done = 0;
    return state(n == 0 ? TlsSession::Outcome::DONE : session_->read(to, n, done));
  }

  network::rw_state
  write_some(std::size_t& done, network::native_socket, const void* from, std::size_t n) {
    return state(session_->write(from, n, done));
  }

  /// What is here already must be read now: no event will announce it. At most two records.
  bool must_read_more(network::native_socket, std::size_t) const { return session_->pending() > 0; }

private:
  static network::rw_state state(TlsSession::Outcome outcome) {
    switch (outcome) {
      case TlsSession::Outcome::DONE:
      case TlsSession::Outcome::WANT_READ: // success with no bytes: CAF waits for the next event
      case TlsSession::Outcome::WANT_WRITE: return network::rw_state::success;
      case TlsSession::Outcome::CLOSED:
      case TlsSession::Outcome::FAILED: break;
    }
    return network::rw_state::failure;
  }

  std::unique_ptr<TlsSession> session_;
};

class TlsScribe final : public caf::io::scribe {
public:
  TlsScribe(network::default_multiplexer& multiplexer,
            int descriptor,
            std::unique_ptr<TlsSession> session,
            std::uint64_t buffer_bytes_max,
            std::function<void()> closed)
    : scribe(network::conn_hdl_from_socket(descriptor)),
      stream_(multiplexer, descriptor, std::move(session)), buffer_bytes_max_(buffer_bytes_max),
      closed_(std::move(closed)) {}

  ~TlsScribe() override { closed_(); }

  void configure_read(caf::io::receive_policy::config config) override {
    stream_.configure_read(config);
    if (!launched_) {
      launched_ = true;
      stream_.start(this);
    }
  }

  void ack_writes(bool enable) override { stream_.ack_writes(enable); }
  std::vector<char>& wr_buf() override { return stream_.wr_buf(); }
  std::vector<char>& rd_buf() override { return stream_.rd_buf(); }

  void graceful_shutdown() override {
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
  }

  void flush() override {
    if (stream_.wr_buf().size() > buffer_bytes_max_) {
      cut_off();
      return;
    }
    stream_.flush(this);
  }

  std::string addr() const override {
    auto address = network::remote_addr_of_fd(stream_.fd());
    return address ? *address : std::string{};
  }

  std::uint16_t port() const override {
    const auto port = network::remote_port_of_fd(stream_.fd());
    return port ? *port : std::uint16_t{0};
  }

  void add_to_loop() override { stream_.activate(this); }
  void remove_from_loop() override { stream_.passivate(); }

private:
  /// The event loop sees the end of the stream next and tells the broker.
  void cut_off() {
    if (!std::exchange(cut_off_, true)) {
      core::log::warn("link cut reason=slow_peer",
                      {{"buffered_bytes", stream_.wr_buf().size()}, {"peer", addr()}});
      ::shutdown(stream_.fd(), SHUT_RDWR);
    }
    stream_.wr_buf().clear();
  }

  network::stream_impl<TlsPolicy> stream_;
  std::uint64_t buffer_bytes_max_;
  std::function<void()> closed_;
  bool launched_ = false;
  bool cut_off_ = false;
};

} // namespace

caf::io::scribe_ptr make_tls_scribe(caf::actor_system& system,
                                    int descriptor,
                                    std::unique_ptr<TlsSession> session,
                                    std::uint64_t buffer_bytes_max,
                                    std::function<void()> closed) {
  // The one multiplexer CAF has in production; its test multiplexer knows no descriptors.
  auto& multiplexer = dynamic_cast<network::default_multiplexer&>(system.middleman().backend());
  return caf::make_counted<TlsScribe>(multiplexer, descriptor, std::move(session), buffer_bytes_max,
                                      std::move(closed));
}

} // namespace troupe::cluster
