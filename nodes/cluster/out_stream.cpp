#include "nodes/cluster/out_stream.hpp"

#include "core/binary.hpp"

#include <algorithm>
#include <iterator>

namespace troupe::cluster {

using supervision::Delivery;

OutStream::OutStream(Delivery delivery, const HubSettings& settings, std::uint64_t next_seq)
  : delivery_(delivery), settings_(settings), next_seq_(next_seq) {}

std::uint64_t OutStream::cost(const StreamItem& item) {
  return item.key.size() + item.event->size() + 64; // and what holds it
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

std::optional<std::string> OutStream::take() {
  if (queue_.empty() || in_flight_bytes_ >= settings_.credit_bytes) {
    return std::nullopt;
  }
  std::string body;
  std::uint32_t count = 0;
  const auto first_seq = queue_.front().seq;
  while (!queue_.empty() && count < settings_.batch_events_max
         && (count == 0 || body.size() + cost(queue_.front()) <= settings_.batch_bytes_max)
         && (delivery_ == Delivery::CONFLATED || queue_.front().seq == first_seq + count)) {
    auto item = std::move(queue_.front());
    queue_.pop_front();
    ++taken_;
    ++count;
    queued_bytes_ -= cost(item);
    next_seq_ = item.seq + 1;
    core::binary::write(body, item.key);
    core::binary::write(body, *item.event);
    if (delivery_ == Delivery::CONFLATED) {
      place_.erase(item.key);
    } else {
      kept_bytes_ += cost(item);
      kept_.push_back(std::move(item));
    }
  }
  std::string out;
  out.reserve(body.size() + 12);
  core::binary::write(out, first_seq);
  core::binary::write(out, count);
  out += body;
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
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const auto key = in.bytes(in.length());
    const auto event = in.bytes(in.length());
    out.events.emplace_back(key, event);
  }
  if (!in.ok() || !in.at_end()) {
    return core::Error{core::Errc::PROTOCOL_ERROR, "malformed batch of events"};
  }
  return out;
}

} // namespace troupe::cluster
