#include "net/detail/websocket_queue.hpp"

#include "net/detail/websocket_connection.hpp"

namespace troupe::net::detail {

WebSocketQueue::WebSocketQueue(std::shared_ptr<Worker> worker,
                               std::uint64_t id,
                               const Request& request)
  : worker_(std::move(worker)), id_(id), remote_(request.remote_address),
    subject_(request.subject) {}

bool WebSocketQueue::send(SharedFrame frame) {
  return push({}, std::move(frame));
}

bool WebSocketQueue::send_conflated(std::string_view key, SharedFrame frame) {
  return push(key, std::move(frame));
}

bool WebSocketQueue::wants_mark() {
  const bool wanted = !is_busy_;
  is_busy_ = true;
  return wanted;
}

bool WebSocketQueue::replace(std::string_view key, SharedFrame& frame) {
  const auto at = key.empty() ? numbers_.end() : numbers_.find(std::string(key));
  if (at == numbers_.end()) {
    return false;
  }
  auto& old = entries_[static_cast<std::size_t>(at->second - first_)].frame;
  bytes_ += frame->wire().size();
  bytes_ -= old->wire().size();
  old = std::move(frame);
  return true;
}

bool WebSocketQueue::push(std::string_view key, SharedFrame&& frame) {
  auto& counters = worker_->shared().counters;
  bool cut = false;
  bool mark = false;
  {
    const std::scoped_lock lock{mutex_};
    if (is_shut_ || is_closing_) {
      return false;
    }
    const auto size = frame->wire().size();
    if (replace(key, frame)) {
      counters.websocket_frames_conflated.fetch_add(1, std::memory_order_relaxed);
    } else {
      cut = entries_.size() >= settings().websocket_queue_frames_max;
      if (!cut) {
        if (!key.empty()) {
          numbers_.emplace(key, first_ + entries_.size());
        }
        entries_.push_back({std::move(frame), std::string(key)});
        bytes_ += size;
      }
    }
    cut = cut || bytes_ > settings().websocket_queue_bytes_max;
    if (cut) {
      drop_all();
      is_closing_ = true;
      close_code_ = CloseCode::TRY_AGAIN_LATER;
      close_reason_ = "slow consumer";
      counters.websocket_cut_off.fetch_add(1, std::memory_order_relaxed);
    }
    mark = wants_mark();
  }
  if (mark) {
    worker_->mark(shared_from_this());
  }
  return !cut;
}

void WebSocketQueue::close(std::uint16_t code, std::string_view reason) {
  {
    const std::scoped_lock lock{mutex_};
    if (is_shut_ || is_closing_) {
      return;
    }
    is_closing_ = true;
    close_code_ = code;
    close_reason_ = reason;
    if (!wants_mark()) {
      return;
    }
  }
  worker_->mark(shared_from_this());
}

std::size_t WebSocketQueue::queued_bytes() const {
  const std::scoped_lock lock{mutex_};
  return bytes_;
}

bool WebSocketQueue::is_open() const noexcept {
  const std::scoped_lock lock{mutex_};
  return !is_shut_ && !is_closing_;
}

void WebSocketQueue::attach(const std::shared_ptr<WebSocketConnection>& connection) {
  connection_ = connection;
}

void WebSocketQueue::take(std::size_t frames_max, Batch& batch) {
  const std::scoped_lock lock{mutex_};
  batch.frames.clear();
  batch.close = false;
  while (!entries_.empty() && batch.frames.size() < frames_max) {
    auto& entry = entries_.front();
    if (!entry.key.empty()) {
      numbers_.erase(entry.key);
    }
    batch.frames.push_back(std::move(entry.frame));
    entries_.pop_front();
    ++first_;
  }
  if (is_closing_ && entries_.empty() && !close_taken_) {
    close_taken_ = true;
    batch.close = true;
    batch.close_code = close_code_;
    batch.close_reason = close_reason_;
  }
  is_busy_ = !batch.frames.empty() || batch.close;
}

void WebSocketQueue::written(std::size_t bytes) {
  const std::scoped_lock lock{mutex_};
  bytes_ -= bytes;
}

void WebSocketQueue::drop_all() {
  for (const auto& entry : entries_) {
    bytes_ -= entry.frame->wire().size();
  }
  first_ += entries_.size();
  entries_.clear();
  numbers_.clear();
}

void WebSocketQueue::shut() {
  const std::scoped_lock lock{mutex_};
  drop_all();
  is_shut_ = true;
}

void WebSocketQueue::write_on_worker() {
  if (const auto connection = connection_.lock()) {
    connection->write_more();
  }
}

} // namespace troupe::net::detail
