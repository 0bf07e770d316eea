#pragma once

#include "core/describe.hpp"
#include "core/time.hpp"
#include "trading/enums.hpp"

#include <cstdint>
#include <optional>

namespace troupe::regime {

/// When a label may change.
struct Hysteresis {
  std::uint32_t confirm_bars = 1;   ///< bars in a row that must agree
  std::uint32_t dwell_bars_min = 0; ///< bars a label stays at least
};

/// All that hysteresis remembers of the bars before, as it is stored.
struct LabelState {
  core::Timestamp as_of; ///< close of the newest bar it has taken
  trading::Regime label = trading::Regime::RANGING;
  core::Timestamp since;       ///< close of the bar that brought the label
  std::uint64_t label_run = 0; ///< bars since then
  bool since_replayed = false; ///< the label was not said then: it is that of a replay
  trading::Regime candidate = trading::Regime::RANGING;
  std::uint64_t candidate_run = 0; ///< bars in a row with this candidate
  friend bool operator==(const LabelState&, const LabelState&) = default;
};
BOOST_DESCRIBE_STRUCT(LabelState,
                      (),
                      (as_of, label, since, label_run, since_replayed, candidate, candidate_run))

/// A label that follows its candidates with hysteresis: CRISIS comes at once; any other label after
/// `confirm_bars` bars in a row that agree on it and not before the present one has stood
/// `dwell_bars_min` bars. The first label is the first candidate.
class Label {
public:
  /// Goes on from what stood after an earlier bar, once that bar is taken or passed: what a replay
  /// says of the bars up to it is replaced by what was said of them when they came. Left out where
  /// the first bar taken is a later one.
  void resume(const LabelState& kept);

  /// Before the candidate of a bar is sought that depends on what stands. @param at  close of the
  /// bar
  void approach(core::Timestamp at);
  /// Takes a bar's candidate. @param at  close of the bar
  void take(trading::Regime candidate, core::Timestamp at, const Hysteresis& hysteresis);
  /// Stands as another one does.
  void mirror(const LabelState& other) { state_ = other; }
  /// Takes the place of another's label: where this one is another it comes only when that one has
  /// served its dwell, as at any bar, or is CRISIS. @pre both are ready
  void succeed(const LabelState& before, core::Timestamp now, const Hysteresis& hysteresis);
  /// What stands was not said when it came, unless it goes on from what was.
  void mark_replayed();

  [[nodiscard]] bool ready() const { return state_.has_value(); }
  /// @pre ready(); otherwise std::bad_optional_access
  [[nodiscard]] const LabelState& state() const { return state_.value(); }
  /// Whether what was kept is of a bar that did not come yet.
  [[nodiscard]] bool waits() const { return kept_.has_value(); }

private:
  std::optional<LabelState> state_;
  std::optional<LabelState> kept_; ///< not reached yet
  bool resumed_ = false;
};

} // namespace troupe::regime
