#include "nodes/cluster/tls_scribe.hpp"

#include "core/log.hpp"
#include "nodes/cluster/link_loop.hpp"

#include <caf/actor_system.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/interfaces.hpp>
#include <caf/io/scribe.hpp>

#include <algorithm>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::cluster {

namespace tls_scribe {

constexpr int consumed_max = 64; ///< frames of one link before others have their turn

/// What BASP reads from and writes to: an established TLS session in the loop.
class TlsScribe final : public caf::io::scribe, public LinkLoop::Member {
public:
  TlsScribe(LinkLoop& loop,
            int descriptor,
            std::unique_ptr<TlsSession> session,
            std::uint64_t buffer_bytes_max,
            std::function<void()> closed)
    : scribe(caf::io::network::conn_hdl_from_socket(descriptor)), loop_(loop),
      descriptor_(descriptor), session_(std::move(session)), buffer_bytes_max_(buffer_bytes_max),
      closed_(std::move(closed)) {
    session_->read_ahead();
    const int one = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  }

  ~TlsScribe() override {
    closed_(); // nobody cuts the descriptor any more
    session_.reset();
    ::close(descriptor_);
  }

  // ---- caf::io::scribe: what the broker says
  void configure_read(caf::io::receive_policy::config config) override {
    how_ = config;
    if (!started_) {
      started_ = true;
      next_read();
      add_to_loop();
      if (!wr_buf_.empty()) {
        loop_.want_write(id_);
      }
    }
  }

  void ack_writes(bool) override {}
  std::vector<char>& wr_buf() override { return wr_buf_; }
  std::vector<char>& rd_buf() override { return rd_buf_; }

  /// What the socket does not take at once is lost with the link.
  void graceful_shutdown() override {
    closing_ = true;
    if (id_ != 0) {
      write_out();
    }
    detach(&loop_, false);
  }

  void flush() override {
    if (wr_buf_.size() + out_.size() - written_ > buffer_bytes_max_) {
      cut_off();
    } else if (id_ != 0 && !wr_buf_.empty()) {
      loop_.want_write(id_);
    }
  }

  std::string addr() const override {
    const auto address = caf::io::network::remote_addr_of_fd(descriptor_);
    return address ? *address : std::string{};
  }

  std::uint16_t port() const override {
    const auto port = caf::io::network::remote_port_of_fd(descriptor_);
    return port ? *port : std::uint16_t{0};
  }

  void add_to_loop() override {
    if (id_ == 0) {
      id_ = loop_.add(this, *this);
    }
  }

  void remove_from_loop() override { loop_.remove(std::exchange(id_, 0)); }

  // ---- LinkLoop::Member
  [[nodiscard]] int descriptor() const override { return descriptor_; }

  void read_in() override {
    // What the session has here already must be read now: no event will announce it.
    for (int consumed = 0; id_ != 0 && (consumed < consumed_max || session_->pending() > 0);) {
      std::size_t n = 0;
      switch (session_->read(rd_buf_.data() + read_, rd_buf_.size() - read_, n)) {
        case TlsSession::Outcome::WANT_READ:
        case TlsSession::Outcome::WANT_WRITE: return;
        case TlsSession::Outcome::CLOSED:
        case TlsSession::Outcome::FAILED: fail(caf::io::network::operation::read); return;
        case TlsSession::Outcome::DONE: break;
      }
      read_ += n;
      if (read_ < wanted_) {
        continue;
      }
      ++consumed;
      const bool more = consume(&loop_, rd_buf_.data(), read_);
      next_read();
      if (!more) {
        remove_from_loop();
      }
    }
  }

  bool write_out() override {
    for (;;) {
      if (written_ == out_.size()) {
        out_.clear();
        written_ = 0;
        if (wr_buf_.empty()) {
          return false;
        }
        out_.swap(wr_buf_);
      }
      std::size_t n = 0;
      switch (session_->write(out_.data() + written_, out_.size() - written_, n)) {
        case TlsSession::Outcome::WANT_READ:
        case TlsSession::Outcome::WANT_WRITE: return true;
        case TlsSession::Outcome::CLOSED:
        case TlsSession::Outcome::FAILED: fail(caf::io::network::operation::write); return false;
        case TlsSession::Outcome::DONE: written_ += n; break;
      }
    }
  }

private:
  /// How much to read before the broker wants to see it.
  void next_read() {
    using caf::io::receive_policy_flag;
    read_ = 0;
    const auto bytes = std::size_t{how_.second};
    const bool at_least = how_.first == receive_policy_flag::at_least;
    wanted_ = how_.first == receive_policy_flag::at_most ? 1 : bytes;
    rd_buf_.resize(at_least ? bytes + std::max<std::size_t>(100, bytes / 10) : bytes);
  }

  void fail(caf::io::network::operation what) {
    if (!closing_) {
      io_failure(&loop_, what);
    }
  }

  /// The loop sees the end of the stream next and tells the broker.
  void cut_off() {
    if (!std::exchange(cut_off_, true)) {
      core::log::warn("link cut reason=slow_peer",
                      {{"buffered_bytes", wr_buf_.size()}, {"peer", addr()}});
      ::shutdown(descriptor_, SHUT_RDWR);
    }
    wr_buf_.clear();
  }

  LinkLoop& loop_;
  int descriptor_;
  std::unique_ptr<TlsSession> session_;
  std::uint64_t buffer_bytes_max_;
  std::function<void()> closed_;
  LinkLoop::Id id_ = 0; ///< while it is in the loop
  caf::io::receive_policy::config how_{caf::io::receive_policy_flag::at_most, 1024};
  std::vector<char> rd_buf_;
  std::size_t read_ = 0;     ///< bytes in rd_buf_
  std::size_t wanted_ = 1;   ///< of them, before they are consumed
  std::vector<char> wr_buf_; ///< what the broker added since
  std::vector<char> out_;    ///< what is being written
  std::size_t written_ = 0;  ///< of it
  bool started_ = false;
  bool closing_ = false;
  bool cut_off_ = false;
};

} // namespace tls_scribe

caf::io::scribe_ptr make_tls_scribe(caf::actor_system& system,
                                    int descriptor,
                                    std::unique_ptr<TlsSession> session,
                                    std::uint64_t buffer_bytes_max,
                                    std::function<void()> closed) {
  auto& loop = dynamic_cast<LinkLoop&>(system.middleman().backend());
  return caf::make_counted<tls_scribe::TlsScribe>(loop, descriptor, std::move(session),
                                                  buffer_bytes_max, std::move(closed));
}

} // namespace troupe::cluster
