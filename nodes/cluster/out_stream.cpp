#include "nodes/cluster/out_stream.hpp"

#include "core/binary.hpp"

#include <algorithm>

namespace troupe::cluster {

using supervision::Delivery;

OutStream::OutStream(Delivery delivery, const HubSettings& settings, std::uint64_t next_seq)
  : delivery_(delivery), settings_(settings), next_seq_(next_seq) {}

std::uint64_t OutStream::cost(const StreamItem& item) {
  return item.key.size() + item.size + 64; // and what holds it
}

bool OutStream::extend(const StreamItem& item) {
  if (queue_.empty()) {
    return false;
  }
  auto& run = queue_.back();
  if (run.chunk != item.chunk || run.offset + run.size != item.offset
      || run.seq + run.count != item.seq || run.count >= settings_.batch_events_max
      || run.size + item.size > settings_.batch_bytes_max) {
    return false;
  }
  run.size += item.size;
  ++run.count;
  return true;
}

void OutStream::offer(StreamItem item) {
  if (delivery_ == Delivery::LOSSLESS && extend(item)) {
    queued_bytes_ += item.size;
    ++waiting_;
    return;
  }
  queued_bytes_ += cost(item);
  if (delivery_ == Delivery::CONFLATED) {
    const auto [found, fresh] = place_.try_emplace(item.key, taken_ + queue_.size());
    if (!fresh) {
      auto& waiting = queue_[found->second - taken_];
      queued_bytes_ -= cost(waiting);
      waiting = std::move(item);
      ++conflated_;
      return;
    }
  }
  waiting_ += item.count;
  queue_.push_back(std::move(item));
  while (queued_bytes_ > settings_.backlog_bytes_max && queue_.size() > 1) {
    drop_oldest();
  }
}

void OutStream::drop_oldest() {
  const auto& oldest = queue_.front();
  queued_bytes_ -= cost(oldest);
  place_.erase(oldest.key);
  waiting_ -= oldest.count;
  dropped_ += oldest.count;
  queue_.pop_front();
  ++taken_;
}

OutStream::NextBatch OutStream::next_batch() const {
  const bool in_a_row = delivery_ == Delivery::LOSSLESS;
  NextBatch next;
  for (const auto& item : queue_) {
    const bool full = next.events + item.count > settings_.batch_events_max
                      || next.bytes + item.size > settings_.batch_bytes_max;
    if ((next.items > 0 && full) || (in_a_row && item.seq != queue_.front().seq + next.events)) {
      break;
    }
    ++next.items;
    next.events += item.count;
    next.bytes += item.size;
  }
  return next;
}

std::optional<std::string> OutStream::take() {
  if (queue_.empty() || in_flight_bytes_ >= settings_.credit_bytes) {
    return std::nullopt;
  }
  const auto next = next_batch();
  std::string out;
  out.reserve(next.bytes + sizeof(std::uint64_t) + sizeof(std::uint32_t));
  core::binary::write(out, queue_.front().seq);
  core::binary::write(out, next.events);
  for (std::size_t i = 0; i < next.items; ++i) {
    auto item = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= cost(item);
    next_seq_ = item.seq + item.count;
    out += item.bytes();
    if (delivery_ == Delivery::CONFLATED) {
      place_.erase(item.key);
    } else {
      kept_bytes_ += cost(item);
      kept_.push_back(std::move(item));
    }
  }
  taken_ += next.items;
  waiting_ -= next.events;
  in_flight_bytes_ += out.size();
  return out;
}

void OutStream::acknowledge(std::uint64_t bytes, std::uint64_t through_seq) {
  in_flight_bytes_ -= std::min(bytes, in_flight_bytes_);
  while (!kept_.empty() && kept_.front().seq + kept_.front().count <= through_seq + 1) {
    kept_bytes_ -= cost(kept_.front());
    kept_.pop_front();
  }
}

void OutStream::resume(std::uint64_t next_seq) {
  in_flight_bytes_ = 0;
  // Of a run that the peer has in part it drops what it has seen.
  while (!kept_.empty() && kept_.front().seq + kept_.front().count <= next_seq) {
    kept_.pop_front();
  }
  // Only lossless streams keep anything, so no place in the queue is remembered here.
  for (auto item = kept_.rbegin(); item != kept_.rend(); ++item) {
    queued_bytes_ += cost(*item);
    waiting_ += item->count;
    queue_.push_front(std::move(*item));
  }
  kept_.clear();
  kept_bytes_ = 0;
}

std::string OutStream::announce() const {
  std::string out;
  core::binary::write(out, queue_.empty() ? next_seq_ : queue_.front().seq);
  core::binary::write(out, std::uint32_t{0});
  return out;
}

core::Result<Batch> decode_batch(std::string_view bytes) {
  core::binary::Reader in{bytes};
  Batch out;
  std::uint32_t count = 0;
  core::binary::read(in, out.first_seq);
  core::binary::read(in, count);
  constexpr std::size_t event_bytes_min = 3 * sizeof(std::uint32_t);
  out.events.reserve(std::min<std::size_t>(count, bytes.size() / event_bytes_min));
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    EventView event;
    event.key = in.bytes(in.length());
    event.type = in.bytes(in.length());
    event.bytes = in.bytes(in.length());
    out.events.push_back(event);
  }
  if (!in.ok() || !in.at_end()) {
    return core::Error{core::Errc::PROTOCOL_ERROR, "malformed batch of events"};
  }
  return out;
}

} // namespace troupe::cluster
