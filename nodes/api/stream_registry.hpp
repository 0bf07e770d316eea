#pragma once

#include "net/websocket.hpp"
#include "nodes/api/stream_protocol.hpp"
#include "nodes/api/stream_sources.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe::api {

/// One event for the clients of a channel.
struct StreamNews {
  std::string_view channel;
  trading::InstrumentId instrument; ///< qualified
  bool primary = false;             ///< goes to subscribers of the unqualified symbol too
  bool whole = false;               ///< of all instruments together; `instrument` says nothing
  std::string interval;             ///< where the channel has intervals
  core::Timestamp as_of;
  trading::Quality quality = trading::Quality::live;
  std::string data;         ///< encoded JSON
  std::string_view event{}; ///< its kind, where the channel has several
  /// On a conflated channel: told to everyone who listens now, never replaced by another, not kept.
  bool once = false;
  /// It tells how something stands that was told before: it is kept and not sent, but for a quality
  /// that is another.
  bool standing = false;
  std::int64_t age_ms = 0; ///< of the data when they were made, where nothing is heard of a source
  /// `data` anew, with this quality and age in it; empty: they say nothing of either.
  std::function<std::string(trading::Quality, std::int64_t age_ms)> retell{};
  /// Symbols whose data it is made of; null: those of `instrument`.
  std::shared_ptr<const std::vector<std::string>> sources{};
};

/// Who listens to what, the sequence numbers and the newest event of each conflated stream. Lives
/// outside the actor that feeds it, so that a restart of that actor loses no subscription. Any
/// thread may call.
class StreamRegistry {
public:
  /// @param channels  of all streams; a channel's name is unique
  /// @param now_ns    a clock that never jumps
  StreamRegistry(std::vector<Channel> channels, std::function<std::int64_t()> now_ns);

  /// Makes a symbol known: subscriptions to others are refused.
  /// @param bars  what bars are built of: others are refused, once any are known
  void learn(const trading::InstrumentId& instrument,
             bool primary,
             const std::vector<trading::BarSpec>& bars = {});

  /// What a source says of itself: it decides what is told of its data.
  void heard(const messages::InstrumentStatusBeat& beat);
  /// What a channel's service keeps: other intervals are refused, once any are known.
  void learn_intervals(std::string_view channel, std::vector<trading::BarSpec> intervals);
  /// Whether any live node carries the channel's service: what was told before is stale if not.
  void learn_carried(std::string_view channel, bool carried);
  /// Tells whoever follows a stream whose quality became another since it was told.
  void tell_qualities();

  /// Subscribes all of the request's symbols, or to all instruments together, or none; sends the
  /// ack, then snapshots.
  /// @returns NOT_READY while no instrument is known, UNKNOWN_SYMBOL naming the first unknown,
  ///          INVALID_ARGUMENT for bars that are not built, OVERLOADED beyond subscriptions_max
  [[nodiscard]] core::Result<void> subscribe(const net::SessionPtr& session,
                                             const StreamRequest& request);
  void unsubscribe(const net::SessionPtr& session, const StreamRequest& request);
  void add(const net::SessionPtr& session);
  void remove(const net::SessionPtr& session);

  /// Numbers, keeps (conflated channels) and sends an event; each text is encoded once.
  void publish(const StreamNews& news);
  void publish_gap(std::string_view channel, std::uint64_t lost);
  void heartbeat(core::Timestamp now);

  [[nodiscard]] std::size_t sessions() const;
  [[nodiscard]] const std::vector<Channel>& channels() const { return channels_; }

  static constexpr std::size_t subscriptions_max = 10'000; ///< per session
  static constexpr std::size_t streams_max = 100'000;

private:
  struct Stream {
    std::uint64_t seq = 0;
    std::map<std::uint64_t, net::SessionPtr> sessions;
    std::string newest_data; ///< of conflated channels; empty: none yet
    core::Timestamp newest_as_of;
    trading::Quality newest_quality = trading::Quality::live;
    std::string newest_event;
    // of all channels
    std::string_view channel;
    std::string symbol;
    std::string interval;
    std::int64_t told_ns = 0; ///< when the newest came; 0: none yet
    std::int64_t told_age_ms = 0;
    trading::Quality told = trading::Quality::live; ///< what the subscribers know
    std::function<std::string(trading::Quality, std::int64_t)> retell;
    std::shared_ptr<const std::vector<std::string>> sources;
  };
  struct Member {
    net::SessionPtr session;
    std::set<std::string> streams;
  };
  [[nodiscard]] const Channel* channel(std::string_view name) const;
  [[nodiscard]] Stream*
  stream(std::string_view channel, const std::string& symbol, const std::string& interval);
  void publish_as(const StreamNews& news, const Channel& channel, const std::string& symbol);
  void keep(Stream& stream, const StreamNews& news, const Channel& channel, std::int64_t now_ns);
  void send_snapshot(const Stream& stream, const net::SessionPtr& session);
  [[nodiscard]] trading::Quality quality_now(const Stream& stream, std::int64_t now_ns) const;
  /// By the clock of its sources: an event may have come here long after it was made.
  [[nodiscard]] std::int64_t age_now_ms(const Stream& stream, std::int64_t now_ns) const;
  void tell_quality(Stream& stream, std::int64_t now_ns);

  const std::vector<Channel> channels_;
  const std::function<std::int64_t()> now_ns_;
  mutable std::mutex mutex_;
  [[nodiscard]] core::Result<void> check(const StreamRequest& request) const;

  std::set<std::string> known_;
  std::set<trading::BarSpec> built_; ///< what bars are built of
  std::map<std::string_view, std::vector<trading::BarSpec>> kept_intervals_; ///< by channel
  std::set<std::string_view> orphaned_; ///< channels whose service nobody carries
  StreamSources sources_;
  std::unordered_map<std::string, Stream> streams_;
  std::unordered_map<std::uint64_t, Member> members_;
};

} // namespace troupe::api
