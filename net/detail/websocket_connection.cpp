#include "net/detail/websocket_connection.hpp"

#include "core/log.hpp"

namespace troupe::net::detail {

WebSocketConnection::WebSocketConnection(Worker& worker,
                                         std::unique_ptr<Transport> transport,
                                         std::shared_ptr<WebSocketHandler> handler,
                                         std::string written_first,
                                         std::string read_ahead)
  : worker_(worker), transport_(std::move(transport)), handler_(std::move(handler)),
    reader_(worker.shared().settings.websocket_message_bytes_max),
    read_ahead_(std::move(read_ahead)), control_(std::move(written_first)),
    heard_ns_(core::monotonic_ns()), pinged_ns_(heard_ns_) {}

void WebSocketConnection::open(const Request& request) {
  auto& shared = worker_.shared();
  const auto id = shared.id_counter.fetch_add(1, std::memory_order_relaxed);
  queue_ = std::make_shared<WebSocketQueue>(worker_.shared_from_this(), id, request);
  queue_->attach(std::static_pointer_cast<WebSocketConnection>(shared_from_this()));
  shared.counters.websockets_opened.fetch_add(1, std::memory_order_relaxed);
  shared.counters.websockets_open.fetch_add(1, std::memory_order_relaxed);
  try {
    handler_->on_open(queue_, request);
  } catch (const std::exception& e) {
    core::log::error("websocket handler threw on opening", {{"what", e.what()}});
    queue_->close(CloseCode::INTERNAL, "internal error");
  }
  if (shared.stopping) {
    begin_stop();
  }
  write_more();
  const auto ahead = std::move(read_ahead_);
  feed(ahead);
  read();
}

void WebSocketConnection::read() {
  if (!is_finished_) {
    transport_->read_some(in_.data(), in_.size(), shared_from_this());
  }
}

void WebSocketConnection::on_read(ErrorCode error, std::size_t size) {
  if (is_finished_) {
    return;
  }
  if (error) {
    finish();
    return;
  }
  worker_.shared().counters.bytes_in.fetch_add(size, std::memory_order_relaxed);
  heard_ns_ = core::monotonic_ns();
  feed({in_.data(), size});
  read();
}

void WebSocketConnection::feed(std::string_view bytes) {
  if (close_received_ || bytes.empty()) {
    return;
  }
  if (const auto failure = reader_.feed(bytes, *this)) {
    close_received_ = true;
    fail(failure->code, failure->reason);
  }
}

bool WebSocketConnection::on_text(std::string_view text) {
  worker_.shared().counters.websocket_messages_in.fetch_add(1, std::memory_order_relaxed);
  if (close_queued_) {
    return true; // the conversation is over for the handler
  }
  if (messages_.take(heard_ns_, settings().websocket_messages) != 0) {
    close_received_ = true;
    fail(CloseCode::POLICY, "too many messages");
    return false;
  }
  try {
    handler_->on_message(queue_, text);
  } catch (const std::exception& e) {
    core::log::error("websocket handler threw on a message", {{"what", e.what()}});
    fail(CloseCode::INTERNAL, "internal error");
  }
  return !is_finished_;
}

bool WebSocketConnection::on_ping(std::string_view payload) {
  pong_ = payload;
  wants_pong_ = true;
  write_more();
  return !is_finished_;
}

bool WebSocketConnection::on_close_frame(std::uint16_t code, std::string_view) {
  close_received_ = true;
  if (close_code_ == 0) {
    close_code_ = code;
  }
  if (!close_queued_) {
    queue_->shut();
    queue_close(code == CloseCode::NO_STATUS ? CloseCode::NORMAL : code, {});
  }
  write_more();
  return false;
}

void WebSocketConnection::fail(std::uint16_t code, std::string_view reason) {
  queue_->shut();
  if (!close_queued_) {
    queue_close(code, reason);
  }
  write_more();
}

void WebSocketConnection::queue_close(std::uint16_t code, std::string_view reason) {
  close_queued_ = true;
  wants_pong_ = false;
  append_close_frame(control_, code, reason);
  if (close_code_ == 0) {
    close_code_ = code;
  }
  close_deadline_ns_ = core::monotonic_ns() + settings().websocket_close_timeout.ns;
}

void WebSocketConnection::gather() {
  if (wants_pong_) {
    wants_pong_ = false;
    append_frame(control_, Opcode::PONG, pong_);
  }
  control_writing_.clear();
  control_writing_.swap(control_);
  close_writing_.clear();
  buffers_.clear();
  buffers_done_ = 0;
  batch_bytes_ = 0;
  queue_->take(frames_per_write, batch_);
  if (!control_writing_.empty()) {
    buffers_.emplace_back(control_writing_.data(), control_writing_.size());
  }
  for (const auto& frame : batch_.frames) {
    const auto wire = frame->wire();
    buffers_.emplace_back(wire.data(), wire.size());
    batch_bytes_ += wire.size();
  }
  if (batch_.close && !close_queued_) {
    queue_close(batch_.close_code, batch_.close_reason);
    close_writing_.swap(control_);
    buffers_.emplace_back(close_writing_.data(), close_writing_.size());
  }
}

void WebSocketConnection::write_more() {
  if (is_writing_ || is_finished_ || is_draining_) {
    return;
  }
  gather();
  if (!buffers_.empty()) {
    is_writing_ = true;
    write_deadline_ns_ = core::monotonic_ns() + settings().write_timeout.ns;
    transport_->write_some(buffers_, shared_from_this());
    return;
  }
  if (close_queued_ && close_received_) {
    is_draining_ = true; // the peer may still be sending: a close now could destroy our last bytes
    transport_->shutdown_send(shared_from_this());
    tell_closed();
  }
}

void WebSocketConnection::advance(std::size_t size) {
  while (size != 0) {
    auto& buffer = buffers_[buffers_done_];
    const auto part = std::min(size, buffer.size());
    buffer += part;
    size -= part;
    buffers_done_ += buffer.size() == 0 ? 1U : 0U;
  }
}

void WebSocketConnection::on_written(ErrorCode error, std::size_t size) {
  if (is_finished_) {
    return;
  }
  if (error) {
    finish();
    return;
  }
  auto& counters = worker_.shared().counters;
  counters.bytes_out.fetch_add(size, std::memory_order_relaxed);
  advance(size);
  if (buffers_done_ < buffers_.size()) {
    write_deadline_ns_ = core::monotonic_ns() + settings().write_timeout.ns;
    transport_->write_some(std::span{buffers_}.subspan(buffers_done_), shared_from_this());
    return;
  }
  is_writing_ = false;
  counters.websocket_frames_out.fetch_add(batch_.frames.size(), std::memory_order_relaxed);
  queue_->written(batch_bytes_);
  write_more();
}

void WebSocketConnection::begin_stop() {
  queue_->close(CloseCode::GOING_AWAY, "the server stops");
}

void WebSocketConnection::abort() {
  finish();
}

void WebSocketConnection::sweep(std::int64_t now_ns) {
  if ((is_writing_ && now_ns >= write_deadline_ns_)
      || (close_queued_ && now_ns >= close_deadline_ns_)) {
    finish();
    return;
  }
  if (close_queued_) {
    return;
  }
  if (now_ns - heard_ns_ >= settings().websocket_idle_timeout.ns) {
    fail(CloseCode::GOING_AWAY, "nothing heard");
  } else if (now_ns - std::max(heard_ns_, pinged_ns_) >= settings().websocket_ping_interval.ns) {
    pinged_ns_ = now_ns;
    append_frame(control_, Opcode::PING, {});
    write_more();
  }
}

void WebSocketConnection::finish() {
  if (is_finished_) {
    return;
  }
  is_finished_ = true;
  const auto keep = shared_from_this();
  queue_->shut();
  transport_->close();
  auto& shared = worker_.shared();
  shared.counters.websockets_open.fetch_sub(1, std::memory_order_relaxed);
  shared.leave(queue_->remote_address());
  worker_.remove(*this);
  tell_closed();
}

/// To the handler the session ends with the closing handshake, whatever the socket still waits for.
void WebSocketConnection::tell_closed() {
  if (is_told_) {
    return;
  }
  is_told_ = true;
  try {
    handler_->on_close(queue_, close_code_ != 0 ? close_code_ : CloseCode::ABNORMAL);
  } catch (const std::exception& e) {
    core::log::error("websocket handler threw on closing", {{"what", e.what()}});
  }
}

} // namespace troupe::net::detail
