#include "nodes/cluster/out_stream.hpp"

#include "core/binary.hpp"

#include <algorithm>
#include <iterator>

namespace troupe::cluster {

using supervision::Delivery;

OutStream::OutStream(Delivery delivery, const HubSettings& settings, std::uint64_t next_seq)
  : delivery_(delivery), settings_(settings), next_seq_(next_seq) {}

std::uint64_t OutStream::cost(const StreamItem& item) {
  return item.key.size() + item.size + 64; // and what holds it
}

void OutStream::offer(StreamItem item) {
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
  queue_.push_back(std::move(item));
  while (queued_bytes_ > settings_.backlog_bytes_max && queue_.size() > 1) {
    drop_oldest();
  }
}

void OutStream::drop_oldest() {
  queued_bytes_ -= cost(queue_.front());
  place_.erase(queue_.front().key);
  queue_.pop_front();
  ++taken_;
  ++dropped_;
}

std::size_t OutStream::next_batch(std::size_t& bytes) const {
  const bool in_a_row = delivery_ == Delivery::LOSSLESS;
  std::size_t count = 0;
  for (const auto& item : queue_) {
    if (count == settings_.batch_events_max
        || (count > 0 && bytes + item.size > settings_.batch_bytes_max)
        || (in_a_row && item.seq != queue_.front().seq + count)) {
      break;
    }
    bytes += item.size;
    ++count;
  }
  return count;
}

std::optional<std::string> OutStream::take() {
  if (queue_.empty() || in_flight_bytes_ >= settings_.credit_bytes) {
    return std::nullopt;
  }
  std::size_t bytes = 0;
  const auto count = next_batch(bytes);
  std::string out;
  out.reserve(bytes + sizeof(std::uint64_t) + sizeof(std::uint32_t));
  core::binary::write(out, queue_.front().seq);
  core::binary::write(out, static_cast<std::uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    auto item = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= cost(item);
    next_seq_ = item.seq + 1;
    out += item.bytes();
    if (delivery_ == Delivery::CONFLATED) {
      place_.erase(item.key);
    } else {
      kept_bytes_ += cost(item);
      kept_.push_back(std::move(item));
    }
  }
  taken_ += count;
  in_flight_bytes_ += out.size();
  return out;
}

void OutStream::acknowledge(std::uint64_t bytes, std::uint64_t through_seq) {
  in_flight_bytes_ -= std::min(bytes, in_flight_bytes_);
  while (!kept_.empty() && kept_.front().seq <= through_seq) {
    kept_bytes_ -= cost(kept_.front());
    kept_.pop_front();
  }
}

void OutStream::resume(std::uint64_t next_seq) {
  in_flight_bytes_ = 0;
  while (!kept_.empty() && kept_.front().seq < next_seq) {
    kept_.pop_front();
  }
  // Only lossless streams keep anything, so no place in the queue is remembered here.
  for (auto item = kept_.rbegin(); item != kept_.rend(); ++item) {
    queued_bytes_ += cost(*item);
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
