#pragma once

#include "actors/regime/features.hpp"
#include "actors/regime/label.hpp"
#include "trading/bar.hpp"
#include "trading/enums.hpp"

#include <cstdint>
#include <optional>

namespace troupe::regime {

/// The regime of one instrument on one bar interval: rules (rules.hpp) with hysteresis over closed
/// bars. CRISIS comes at once; any other label comes after `confirm_bars` bars in a row that agree
/// on it and not before the present one has stood `dwell_bars_min` bars. The first label of all is
/// that of the first bar with features.
///
/// What stands at a bar depends on that bar and earlier ones only. All that is remembered for ever
/// are sums that fade; a run over the last `warm_up_bars` bars therefore ends as a run over all.
/// @cost  O(1) amortised per bar, no allocation after the start
class Classifier {
public:
  enum class Outcome : std::uint8_t {
    APPLIED,
    OLD,     ///< opens before the newest bar's close: a duplicate or late
    REFUSED, ///< not closed, not one interval long or aligned to it, or prices that cannot be
  };

  /// Throws std::invalid_argument for settings that check() refuses.
  /// @param settings  outlives this
  Classifier(const Settings& settings, trading::Interval interval);

  /// Takes the next closed bar. Intervals since the bar before, in which nothing traded, count as
  /// bars at its close (previous tick); at most `volatility_window_bars` of them, since more of
  /// them change no window.
  Outcome apply(const trading::Bar& bar);

  /// Goes on from the label that stood after an earlier bar, once that bar is passed.
  void resume(const LabelState& kept) { label_.resume(kept); }
  void mark_replayed() { label_.mark_replayed(); }
  [[nodiscard]] bool waits() const { return label_.waits(); }

  /// Whether there is a label.
  [[nodiscard]] bool ready() const { return label_.ready(); }
  /// Bars taken, without those in which nothing traded.
  [[nodiscard]] std::uint64_t bars() const { return bars_; }
  [[nodiscard]] std::uint32_t bars_needed() const {
    return FeatureTracker::bars_needed(*settings_);
  }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  [[nodiscard]] trading::Interval interval() const { return interval_; }
  /// Exclusive end of the newest bar taken; nothing before the first.
  [[nodiscard]] std::optional<core::Timestamp> as_of() const { return as_of_; }

  /// @pre ready(), for all below; otherwise std::bad_optional_access
  [[nodiscard]] trading::Regime regime() const { return label_.state().label; }
  [[nodiscard]] trading::Regime candidate() const { return label_.state().candidate; }
  [[nodiscard]] double confidence() const;
  /// Close of the bar that brought the label.
  [[nodiscard]] core::Timestamp since() const { return label_.state().since; }
  [[nodiscard]] const LabelState& label() const { return label_.state(); }
  [[nodiscard]] const Features& features() const { return features_.current().value(); }

private:
  [[nodiscard]] bool well_formed(const trading::Bar& bar) const;
  void fill_until(core::Timestamp ts_open);
  void step(const trading::Bar& bar);
  void decide(core::Timestamp at);

  const Settings* settings_;
  trading::Interval interval_;
  FeatureTracker features_;
  trading::Price close_;
  std::optional<core::Timestamp> as_of_;
  std::uint64_t bars_ = 0;
  std::uint64_t refused_ = 0;
  Label label_;
};

} // namespace troupe::regime
