#pragma once

#include "actors/market_data/sla_settings.hpp"
#include "core/time.hpp"
#include "trading/enums.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace troupe::market_data {

/// Measures one channel of one feed over a rolling window of twelve slots: the current one and the
/// eleven before it. All times are those of one clock that does not go back; of an earlier time
/// nothing is taken. Memory is fixed (about 9 kB); nothing is allocated while it measures.
class SlaTracker {
public:
  explicit SlaTracker(const SlaSettings& settings);

  /// Until now the state was the one told before; from now on it is this.
  /// @param live_until  while it is LIVE: the last moment at which it is, if nothing more comes
  void observe(core::Timestamp now, trading::Freshness state, core::Timestamp live_until);

  /// A sign of life. @param messages  of the venue that came with it
  void on_data(core::Timestamp now, std::uint64_t messages);
  /// What came was published. @param latency  since its receipt
  void on_published(core::Timestamp now, std::chrono::nanoseconds latency);

  /// Something was lost; until on_healed, all that comes belongs to the same gap.
  void on_gap(core::Timestamp now);
  void on_healed();
  /// What was lost cannot be made good: it counts as unhealed until it leaves the window.
  void on_unhealable(core::Timestamp now);
  void on_resync(core::Timestamp now);
  [[nodiscard]] bool in_gap() const { return gap_since_.has_value(); }

  /// Cost: O(slots).
  [[nodiscard]] messages::SlaFigures figures(core::Timestamp now);
  /// Publications in the window by messages::latency_bucket.
  [[nodiscard]] std::vector<std::uint32_t> latencies(core::Timestamp now);

private:
  static constexpr std::size_t slots_count = 12;
  struct Slot {
    std::chrono::nanoseconds observed{0};
    std::chrono::nanoseconds live{0};
    std::chrono::nanoseconds silence_max{0};
    std::uint64_t messages = 0;
    std::uint64_t gaps = 0;
    std::uint64_t resyncs = 0;
    std::array<std::uint32_t, messages::latency_buckets> latencies{};
  };

  /// The slot of a time, those that it has left behind emptied.
  Slot& slot(core::Timestamp now);
  void account(core::Timestamp now);

  SlaSettings settings_;
  std::chrono::nanoseconds slot_length_;
  std::array<Slot, slots_count> slots_{};
  std::optional<std::int64_t> newest_;       ///< number of the newest slot, counted from 1970
  std::optional<core::Timestamp> first_;     ///< time that was ever told
  std::optional<core::Timestamp> accounted_; ///< observed until then; absent: not yet begun
  trading::Freshness state_ = trading::Freshness::DOWN;
  core::Timestamp live_until_;
  std::optional<core::Timestamp> last_data_;
  std::uint64_t messages_ = 0;
  std::optional<core::Timestamp> gap_since_;
  std::optional<core::Timestamp> unhealable_until_;
};

} // namespace troupe::market_data
