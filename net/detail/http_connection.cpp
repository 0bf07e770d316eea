#include "net/detail/http_connection.hpp"

#include "core/log.hpp"
#include "net/envelope.hpp"

#include <algorithm>
#include <cstring>

namespace troupe::net::detail {

namespace {

constexpr std::size_t first_buffer_bytes = 4'096;
constexpr std::int64_t drain_ns = 2'000'000'000;   ///< for the client to read our last reply
constexpr std::size_t drain_bytes_max = 4'194'304; ///< thrown away meanwhile

} // namespace

HttpConnection::HttpConnection(Worker& worker, TcpSocket socket, std::string remote_address)
  : worker_(worker),
    transport_(std::make_unique<Transport>(std::move(socket), worker.shared().tls.get())),
    remote_address_(std::move(remote_address)) {}

void HttpConnection::start() {
  phase_deadline_ns_ = core::monotonic_ns() + settings().header_timeout.ns;
  request_.remote_address = remote_address_;
  request_.is_tls = transport_->is_tls();
  if (transport_->is_tls()) {
    phase_ = Phase::HANDSHAKE;
    transport_->handshake(shared_from_this());
  } else {
    arm_read();
  }
}

void HttpConnection::on_handshake(ErrorCode error) {
  if (phase_ == Phase::CLOSED) {
    return;
  }
  if (error) {
    abort();
    return;
  }
  phase_ = Phase::IDLE;
  phase_deadline_ns_ = core::monotonic_ns() + settings().header_timeout.ns;
  arm_read();
}

/// Room to read into. @returns false when the buffer is full at its limit
bool HttpConnection::make_room() {
  if (in_begin_ == in_end_) {
    in_begin_ = in_end_ = 0;
  }
  if (in_end_ < in_.size()) {
    return true;
  }
  if (in_begin_ != 0) {
    std::memmove(in_.data(), in_.data() + in_begin_, in_end_ - in_begin_);
    in_end_ -= in_begin_;
    in_begin_ = 0;
    return true;
  }
  const std::size_t most = settings().header_bytes_max + first_buffer_bytes;
  if (in_.size() >= most) {
    return false;
  }
  in_.resize(std::min(most, std::max(first_buffer_bytes, in_.size() * 2)));
  return true;
}

bool HttpConnection::has_capacity() const {
  return slots_.size() < settings().pipelined_requests_max
         && out_.size() + writing_.size() - writing_done_ < settings().unsent_bytes_max;
}

void HttpConnection::arm_read() {
  const bool draining = phase_ == Phase::DRAINING;
  if (is_reading_ || is_input_ended_ || phase_ == Phase::CLOSED
      || (!draining && (is_last_ || !has_capacity()))) {
    return;
  }
  if (draining) {
    in_begin_ = in_end_ = 0;
  }
  if (!make_room()) {
    refuse({core::Errc::HEADERS_TOO_LARGE, "expected less between two requests or chunks"});
    flush();
    close_when_done();
    return;
  }
  is_reading_ = true;
  transport_->read_some(in_.data() + in_end_, in_.size() - in_end_, shared_from_this());
}

void HttpConnection::on_read(ErrorCode error, std::size_t size) {
  is_reading_ = false;
  if (phase_ == Phase::CLOSED) {
    return;
  }
  if (error == asio::error::eof && phase_ != Phase::DRAINING) {
    is_input_ended_ = true; // half closed, perhaps: what was asked is still answered
    is_last_ = true;
    close_when_done();
    return;
  }
  if (error) {
    abort();
    return;
  }
  worker_.shared().counters.bytes_in.fetch_add(size, std::memory_order_relaxed);
  if (phase_ == Phase::DRAINING) {
    drained_bytes_ += size;
    drained_bytes_ > drain_bytes_max ? abort() : arm_read();
    return;
  }
  in_end_ += size;
  process();
}

/// Takes requests as long as there are whole ones and room for their replies, then writes.
void HttpConnection::process() {
  if (is_processing_ || phase_ == Phase::CLOSED) {
    return;
  }
  const auto keep = shared_from_this();
  is_processing_ = true;
  try {
    bool go_on = true;
    while (go_on && phase_ != Phase::CLOSED) {
      go_on = false;
      while (!is_last_ && has_capacity() && step()) {
      }
      const bool was_full = !has_capacity();
      flush();
      go_on = was_full && has_capacity() && !is_last_;
    }
  } catch (const std::exception& e) {
    core::log::error("http connection ended by an exception", {{"what", e.what()}});
    abort();
  }
  is_processing_ = false;
  close_when_done();
  arm_read();
}

void HttpConnection::flush() {
  if (is_writing_ || out_.empty() || phase_ == Phase::CLOSED) {
    return;
  }
  ErrorCode error;
  const auto sent = transport_->try_write(out_, error);
  if (error) {
    abort();
    return;
  }
  worker_.shared().counters.bytes_out.fetch_add(sent, std::memory_order_relaxed);
  const auto now_ns = core::monotonic_ns();
  if (sent == out_.size()) {
    out_.clear();
    sent_all(now_ns);
    return;
  }
  writing_.clear();
  writing_.swap(out_);
  writing_done_ = sent;
  is_writing_ = true;
  write_deadline_ns_ = now_ns + settings().write_timeout.ns;
  write_rest();
}

void HttpConnection::on_written(ErrorCode error, std::size_t size) {
  if (phase_ == Phase::CLOSED) {
    return;
  }
  if (error) {
    abort();
    return;
  }
  worker_.shared().counters.bytes_out.fetch_add(size, std::memory_order_relaxed);
  writing_done_ += size;
  const auto now_ns = core::monotonic_ns();
  if (writing_done_ < writing_.size()) {
    write_deadline_ns_ = now_ns + settings().write_timeout.ns;
    write_rest();
    return;
  }
  is_writing_ = false;
  writing_.clear();
  writing_done_ = 0;
  sent_all(now_ns);
  process();
}

void HttpConnection::write_rest() {
  rest_ = {writing_.data() + writing_done_, writing_.size() - writing_done_};
  transport_->write_some({&rest_, 1}, shared_from_this());
}

void HttpConnection::sent_all(std::int64_t now_ns) {
  if (phase_ == Phase::IDLE && slots_.empty()) {
    phase_deadline_ns_ = now_ns + settings().keep_alive_timeout.ns;
  }
}

void HttpConnection::close_when_done() {
  if (!is_last_ || !slots_.empty() || has_unsent() || is_processing_ || phase_ == Phase::CLOSED
      || phase_ == Phase::DRAINING) {
    return;
  }
  if (is_input_ended_) {
    abort();
    return;
  }
  phase_ = Phase::DRAINING;
  phase_deadline_ns_ = core::monotonic_ns() + drain_ns;
  transport_->shutdown_send(shared_from_this());
  if (!transport_->is_tls()) {
    arm_read();
  }
}

void HttpConnection::begin_stop() {
  if (phase_ == Phase::HANDSHAKE) {
    abort();
  } else if (phase_ == Phase::IDLE && unread().empty()) {
    is_last_ = true;
    if (slots_.empty() && !has_unsent()) {
      abort(); // nothing under way: no need to wait for the client
    }
  }
}

void HttpConnection::abort() {
  if (phase_ == Phase::CLOSED) {
    return;
  }
  const auto keep = shared_from_this();
  phase_ = Phase::CLOSED;
  if (transport_) {
    transport_->close();
  }
  worker_.shared().leave(remote_address_);
  worker_.remove(*this);
}

void HttpConnection::sweep(std::int64_t now_ns) {
  if (is_writing_ && now_ns >= write_deadline_ns_) {
    abort();
    return;
  }
  bool late = false;
  for (auto& slot : slots_) {
    if (!slot.response && now_ns >= slot.deadline_ns) {
      late = true;
      slot.response = error_response(
        {core::Errc::TIMEOUT, "no reply within " + settings().reply_timeout.to_text()},
        slot.reply.request_id);
    }
  }
  if (late) {
    drain_slots();
    process();
  }
  sweep_reading(now_ns);
}

void HttpConnection::sweep_reading(std::int64_t now_ns) {
  if (phase_ == Phase::CLOSED || now_ns < phase_deadline_ns_) {
    return;
  }
  switch (phase_) {
    case Phase::HEAD:
    case Phase::BODY:
      if (is_reading_ && !is_last_) { // else it is we who keep the client waiting
        refuse({core::Errc::REQUEST_TIMEOUT, "expected the whole request in time"});
        process();
      }
      break;
    case Phase::IDLE:
      if (slots_.empty() && !has_unsent()) {
        abort();
      }
      break;
    default: abort();
  }
}

} // namespace troupe::net::detail
