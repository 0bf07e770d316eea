#pragma once

#include "core/time.hpp"

namespace troupe::venues::replay {

/// Which part of a recording is due, given the wall clock: recorded time runs `speed` times as fast
/// as the wall's, from `data_start` at `wall_start`.
class Pacer {
public:
  /// @param speed  0: everything is due at once; otherwise above 0 (see speed_max)
  Pacer(double speed, core::Timestamp data_start, core::Timestamp wall_start)
    : speed_(speed), data_start_(data_start), wall_start_(wall_start) {}

  /// Events up to and including this recorded time are due; the end of time where speed is 0.
  [[nodiscard]] core::Timestamp due_until(core::Timestamp wall_now) const;
  [[nodiscard]] bool due(core::Timestamp event, core::Timestamp wall_now) const {
    return event <= due_until(wall_now);
  }
  /// First wall time at which an event is due, for a timer; wall_start where speed is 0.
  [[nodiscard]] core::Timestamp due_at(core::Timestamp event) const;

private:
  double speed_;
  core::Timestamp data_start_;
  core::Timestamp wall_start_;
};

} // namespace troupe::venues::replay
