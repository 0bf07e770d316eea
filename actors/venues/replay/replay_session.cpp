#include "actors/venues/replay/replay_session.hpp"

#include <algorithm>
#include <utility>

namespace troupe::venues::replay {

using core::Timestamp;

namespace {

constexpr Timestamp all_time{INT64_MAX};
constexpr std::chrono::nanoseconds one_ns{1};

const trading::InstrumentId& instrument_of(const Record& record) {
  if (const auto* const trade = std::get_if<trading::Trade>(&record.content)) {
    return trade->instrument;
  }
  return std::get<RecordedBar>(record.content).instrument;
}

void put(FeedBatch& batch, const Record& record) {
  if (const auto* const trade = std::get_if<trading::Trade>(&record.content)) {
    batch.trades.push_back(*trade);
    return;
  }
  const auto& recorded = std::get<RecordedBar>(record.content);
  batch.bars.push_back({recorded.interval, recorded.bar});
}

} // namespace

ReplaySession::ReplaySession(ReplaySettings settings,
                             ReplayMerge merge,
                             std::chrono::nanoseconds heartbeat)
  : settings_(std::move(settings)), merge_(std::move(merge)), heartbeat_(heartbeat),
    first_at_(merge_.next_at()) {
  if (first_at_) {
    handled_ = *first_at_;
  }
}

core::Result<ReplaySession> ReplaySession::open(ReplaySettings settings,
                                                std::chrono::nanoseconds heartbeat) {
  auto merge = ReplayMerge::open(settings);
  if (!merge) {
    return merge.error();
  }
  return ReplaySession{std::move(settings), std::move(*merge), heartbeat};
}

core::Result<void> ReplaySession::subscribe(const FeedSubscribe& request) {
  drop_receiver(request.instrument);
  auto& known = known_[request.instrument];
  known.trades_through = std::max(known.trades_through, request.trades_through);
  known.bars_until = std::max(known.bars_until, request.bars_until);
  Receiver receiver;
  receiver.head.instrument = request.instrument;
  receiver.head.subscription = request.subscription;
  receiver.head.handled_through = known.trades_through;
  receiver.head.handled_until = known.bars_until;
  if (known.delivered > 0) {
    auto own = settings_;
    std::erase_if(own.files,
                  [&](const ReplayFile& file) { return file.instrument != request.instrument; });
    auto merge = ReplayMerge::open(own);
    if (!merge) {
      return merge.error();
    }
    receiver.catch_up = CatchUp{std::move(*merge), known.delivered};
  } else if (ended_) {
    ended_ = false; // it has not heard the end
  }
  receivers_.insert_or_assign(request.instrument, std::move(receiver));
  return {};
}

void ReplaySession::unsubscribe(const trading::InstrumentId& instrument) {
  drop_receiver(instrument);
}

void ReplaySession::drop_receiver(const trading::InstrumentId& instrument) {
  const auto at = receivers_.find(instrument);
  if (at == receivers_.end()) {
    return;
  }
  // What was on its way to it will never be acknowledged.
  for (const auto& batch : at->second.unacked) {
    taken(batch);
  }
  receivers_.erase(at);
  settle_chunks();
}

void ReplaySession::taken(const Unacked& batch) {
  --unacked_;
  if (batch.chunk >= first_chunk_) {
    --chunks_[batch.chunk - first_chunk_].outstanding;
  }
}

void ReplaySession::settle_chunks() {
  while (!chunks_.empty() && chunks_.front().outstanding == 0) {
    handled_ = std::max(handled_, chunks_.front().watermark);
    chunks_.pop_front();
    ++first_chunk_;
  }
}

void ReplaySession::ack(const FeedAck& ack) {
  auto& known = known_[ack.instrument];
  const auto at = receivers_.find(ack.instrument);
  if (at == receivers_.end() || at->second.head.subscription != ack.subscription) {
    return;
  }
  known.trades_through = std::max(known.trades_through, ack.trades_through);
  known.bars_until = std::max(known.bars_until, ack.bars_until);
  auto& unacked = at->second.unacked;
  while (!unacked.empty() && unacked.front().sequence <= ack.sequence) {
    taken(unacked.front());
    unacked.pop_front();
  }
  settle_chunks();
}

FeedBatch ReplaySession::make_batch(Receiver& receiver, Timestamp watermark) {
  auto batch = receiver.head;
  batch.sequence = ++receiver.sequence;
  batch.watermark = watermark;
  receiver.watermark = watermark;
  ++unacked_;
  return batch;
}

bool ReplaySession::catch_up(Step& step) {
  bool any = false;
  for (auto& [id, receiver] : receivers_) {
    if (!receiver.catch_up) {
      continue;
    }
    any = true;
    auto& from = *receiver.catch_up;
    std::vector<ReplayEvent> kept;
    const auto wanted = std::min<std::uint64_t>(batch_events_max, from.left);
    const auto read = from.merge.next(wanted, kept);
    if (!read || kept.size() < wanted) {
      failed_ = read ? core::Error{core::Errc::IO_ERROR,
                                   settings_.name + ": a recorded file changed while it is played"}
                     : read.error();
      return true;
    }
    from.left -= kept.size();
    const bool done = from.left == 0;
    const auto until = kept.empty() ? watermark_ : kept.back().record.at - one_ns;
    auto batch = make_batch(receiver, done ? watermark_ : std::min(until, watermark_));
    for (const auto& event : kept) {
      put(batch, event.record);
    }
    receiver.unacked.push_back({batch.sequence, 0});
    step.batches.push_back(std::move(batch));
    step.progressed = true;
    if (done) {
      receiver.catch_up.reset();
    }
  }
  return any;
}

void ReplaySession::read_due(Timestamp due_until, std::vector<ReplayEvent>& events) {
  core::Result<void> read;
  if (due_until == all_time) {
    read = merge_.next(batch_events_max, events);
  } else {
    for (auto at = merge_.next_at();
         read && at && *at <= due_until && events.size() < batch_events_max;
         at = merge_.next_at()) {
      read = merge_.next(1, events);
    }
  }
  if (read && !merge_.next_at()) {
    // The end, or an error that comes to light by asking on.
    read = merge_.next(1, events);
    ended_ = static_cast<bool>(read);
  }
  if (!read) {
    failed_ = read.error();
  }
}

Timestamp ReplaySession::watermark_after(Timestamp due_until) const {
  auto until = due_until == all_time || ended_ ? last_at_ : due_until;
  if (const auto next = merge_.next_at()) {
    // Another event of the same time may follow, and a bar tells of the time before it.
    until = std::min(until, *next - one_ns);
  }
  return std::max(until, watermark_);
}

ReplaySession::Step ReplaySession::next(Timestamp due_until) {
  Step step;
  if (failed_ || unacked_ >= batches_unacked_max) {
    return step;
  }
  if (catch_up(step) || ended_) {
    return step;
  }
  std::vector<ReplayEvent> events;
  read_due(due_until, events);
  if (!events.empty()) {
    last_at_ = events.back().record.at;
    events_ += events.size();
  }
  const auto before = watermark_;
  watermark_ = watermark_after(due_until);
  step.progressed = !events.empty();
  if (!events.empty() || watermark_ > before || ended_) {
    hand_out(events, step);
  }
  return step;
}

void ReplaySession::hand_out(const std::vector<ReplayEvent>& events, Step& step) {
  std::map<trading::InstrumentId, std::vector<const Record*>> parts;
  for (const auto& event : events) {
    const auto& id = instrument_of(event.record);
    if (receivers_.count(id) > 0) {
      parts[id].push_back(&event.record);
      ++known_[id].delivered;
    }
  }
  const auto number = first_chunk_ + chunks_.size();
  Chunk chunk{watermark_, 0};
  for (auto& [id, receiver] : receivers_) {
    const auto part = parts.find(id);
    const bool quiet = part == parts.end();
    const bool beat =
      receiver.watermark.ns == INT64_MIN || watermark_ - receiver.watermark >= heartbeat_;
    if (quiet && !beat && !ended_) {
      continue;
    }
    auto batch = make_batch(receiver, watermark_);
    if (!quiet) {
      for (const auto* const record : part->second) {
        put(batch, *record);
      }
    }
    receiver.unacked.push_back({batch.sequence, number});
    ++chunk.outstanding;
    step.batches.push_back(std::move(batch));
  }
  chunks_.push_back(chunk);
  settle_chunks();
}

} // namespace troupe::venues::replay
