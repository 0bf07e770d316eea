#pragma once

#include "core/errc.hpp"
#include "nodes/cluster/settings.hpp"
#include "supervision/bus.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe::cluster {

/// An event in its wire form, or a run of neighbours of a lossless topic: a piece of a chunk that
/// the streams to all peers share, so that an event costs no allocation of its own.
struct StreamItem {
  std::uint64_t seq = 0; ///< of the (first) event, of the topic at its publisher, from 1
  std::string key;       ///< of a conflated topic
  std::shared_ptr<const std::string> chunk;
  std::uint32_t offset = 0;
  std::uint32_t size = 0;  ///< bytes
  std::uint32_t count = 1; ///< events

  [[nodiscard]] std::string_view bytes() const {
    return std::string_view{*chunk}.substr(offset, size);
  }
};

/// Events of one topic on their way to one peer. What waits is bounded: a conflated topic keeps the
/// newest event per key, a lossless one drops its oldest run, which the peer sees as a gap in
/// `seq`. What was sent but not taken over by the peer is bounded by the credit; of a lossless
/// topic it is kept, so that a link that comes back goes on without loss. Not for concurrent use.
class OutStream {
public:
  OutStream(supervision::Delivery delivery, const HubSettings& settings, std::uint64_t next_seq);

  void offer(StreamItem item);

  /// The next batch that fits the credit; nullopt when nothing waits or the credit is used up.
  [[nodiscard]] std::optional<std::string> take();

  /// The peer took over `bytes` of batches, up to and with `through_seq`.
  void acknowledge(std::uint64_t bytes, std::uint64_t through_seq);

  /// The link is new: what the peer has not seen goes out again, as far as it is kept.
  /// @param next_seq  the peer waits for
  void resume(std::uint64_t next_seq);

  /// An empty batch: tells the peer which event comes next.
  [[nodiscard]] std::string announce() const;

  /// Events.
  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  [[nodiscard]] std::uint64_t bytes() const { return queued_bytes_ + kept_bytes_; }
  [[nodiscard]] std::uint64_t conflated() const { return conflated_; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  [[nodiscard]] supervision::Delivery delivery() const { return delivery_; }

  /// What the peer's own subscribers are behind, as it last said.
  std::uint64_t peer_backlog = 0;

private:
  struct NextBatch {
    std::size_t items = 0;
    std::uint32_t events = 0;
    std::size_t bytes = 0;
  };
  [[nodiscard]] static std::uint64_t cost(const StreamItem& item);
  /// Where the event follows the newest that waits, in its chunk too, it becomes part of its run.
  [[nodiscard]] bool extend(const StreamItem& item);
  void drop_oldest();
  [[nodiscard]] NextBatch next_batch() const;

  supervision::Delivery delivery_;
  HubSettings settings_;
  std::deque<StreamItem> queue_;
  std::size_t waiting_ = 0;                              ///< events in it
  std::deque<StreamItem> kept_;                          ///< sent, lossless only
  std::unordered_map<std::string, std::uint64_t> place_; ///< key -> position, conflated only
  std::uint64_t taken_ = 0;                              ///< position of the queue's front
  std::uint64_t next_seq_;                               ///< after the last taken
  std::uint64_t queued_bytes_ = 0;
  std::uint64_t kept_bytes_ = 0;
  std::uint64_t in_flight_bytes_ = 0;
  std::uint64_t conflated_ = 0;
  std::uint64_t dropped_ = 0;
};

/// An event of a batch that was received; see EventDecoder.
struct EventView {
  std::string_view key;
  std::string_view type; ///< name; empty where the event is in CAF's own form
  std::string_view bytes;
};

/// A batch as it was received. Items have consecutive numbers from `first_seq`.
struct Batch {
  std::uint64_t first_seq = 0;
  std::vector<EventView> events; ///< into the bytes of the batch
};

/// @returns PROTOCOL_ERROR where the bytes are not one batch
[[nodiscard]] core::Result<Batch> decode_batch(std::string_view bytes);

} // namespace troupe::cluster
