#pragma once

#include "actors/venues/common/feed.hpp"
#include "actors/venues/replay/merge.hpp"

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace troupe::venues::replay {

/// Events in one batch, and batches on their way to receivers, at most.
inline constexpr std::size_t batch_events_max = 500;
inline constexpr std::size_t batches_unacked_max = 16;

/// A replay towards its receivers, without actors and timers: cuts the recording into batches,
/// gives out no more than receivers have taken, and knows what all of them have handled.
///
/// A receiver that subscribes when the replay is under way (it was restarted) is brought forward by
/// its own instrument's files, from their start, while all else waits.
class ReplaySession {
public:
  /// @param settings   each file's instrument filled in and qualified
  /// @param heartbeat  longest stretch of recorded time without a batch to a receiver
  [[nodiscard]] static core::Result<ReplaySession> open(ReplaySettings settings,
                                                        std::chrono::nanoseconds heartbeat);

  /// @returns an error where the recording cannot be opened again
  [[nodiscard]] core::Result<void> subscribe(const FeedSubscribe& request);
  void unsubscribe(const trading::InstrumentId& instrument);
  [[nodiscard]] bool has(const trading::InstrumentId& instrument) const {
    return receivers_.count(instrument) > 0;
  }
  void ack(const FeedAck& ack);

  struct Step {
    std::vector<FeedBatch> batches;
    bool progressed = false; ///< another call may have more
  };
  /// What may go out now of what is due: events up to and including `due_until`.
  [[nodiscard]] Step next(core::Timestamp due_until);

  /// Time up to which every receiver has handled what happened: the data's clock.
  [[nodiscard]] core::Timestamp handled() const { return handled_; }
  /// Time of the first event; nothing in an empty recording.
  [[nodiscard]] std::optional<core::Timestamp> first_at() const { return first_at_; }
  [[nodiscard]] std::optional<core::Timestamp> next_at() const { return merge_.next_at(); }
  /// Everything has been handed out and taken.
  [[nodiscard]] bool finished() const { return ended_ && unacked_ == 0; }
  /// Why it cannot go on.
  [[nodiscard]] const std::optional<core::Error>& failed() const { return failed_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }
  [[nodiscard]] const ReplayMerge& merge() const { return merge_; }

private:
  struct Known {
    std::uint64_t delivered = 0; ///< events of the instrument, by the main stream
    std::uint64_t trades_through = 0;
    core::Timestamp bars_until{INT64_MIN};
  };
  struct CatchUp {
    ReplayMerge merge;
    std::uint64_t left = 0;
  };
  struct Unacked {
    std::uint64_t sequence = 0;
    std::uint64_t chunk = 0;
  };
  struct Receiver {
    FeedBatch head;
    std::uint64_t sequence = 0;
    core::Timestamp watermark{INT64_MIN};
    std::deque<Unacked> unacked;
    std::optional<CatchUp> catch_up;
  };
  /// A cut of the main stream.
  struct Chunk {
    core::Timestamp watermark;
    std::size_t outstanding = 0;
  };

  ReplaySession(ReplaySettings settings, ReplayMerge merge, std::chrono::nanoseconds heartbeat);
  void drop_receiver(const trading::InstrumentId& instrument);
  void taken(const Unacked& batch);
  void settle_chunks();
  bool catch_up(Step& step);
  void read_due(core::Timestamp due_until, std::vector<ReplayEvent>& events);
  [[nodiscard]] core::Timestamp watermark_after(core::Timestamp due_until) const;
  void hand_out(const std::vector<ReplayEvent>& events, Step& step);
  [[nodiscard]] FeedBatch make_batch(Receiver& receiver, core::Timestamp watermark);

  ReplaySettings settings_;
  ReplayMerge merge_;
  std::chrono::nanoseconds heartbeat_;
  std::optional<core::Timestamp> first_at_;
  std::map<trading::InstrumentId, Known> known_;
  std::map<trading::InstrumentId, Receiver> receivers_;
  std::deque<Chunk> chunks_;
  std::uint64_t first_chunk_ = 1; ///< number of chunks_.front()
  std::size_t unacked_ = 0;
  core::Timestamp last_at_{INT64_MIN};
  core::Timestamp watermark_{INT64_MIN};
  core::Timestamp handled_{INT64_MIN};
  std::uint64_t events_ = 0;
  bool ended_ = false;
  std::optional<core::Error> failed_;
};

} // namespace troupe::venues::replay
