#include "actors/venues/replay/pacing.hpp"

#include <cmath>
#include <limits>

namespace troupe::venues::replay {

namespace pacing_detail {

constexpr auto end_of_time = std::numeric_limits<std::int64_t>::max();

/// start + span, held at the end of time. long double: 64 bits of mantissa keep nanoseconds exact.
core::Timestamp after(core::Timestamp start, long double span_ns) {
  const long double sum = static_cast<long double>(start.ns) + span_ns;
  if (sum >= static_cast<long double>(end_of_time)) {
    return {end_of_time};
  }
  return {static_cast<std::int64_t>(sum)};
}

} // namespace pacing_detail

core::Timestamp Pacer::due_until(core::Timestamp wall_now) const {
  if (speed_ <= 0.0) {
    return {pacing_detail::end_of_time};
  }
  const auto elapsed = static_cast<long double>((wall_now - wall_start_).count());
  return pacing_detail::after(data_start_, std::floor(elapsed * speed_));
}

core::Timestamp Pacer::due_at(core::Timestamp event) const {
  if (speed_ <= 0.0 || event <= data_start_) {
    return wall_start_;
  }
  const auto span = static_cast<long double>((event - data_start_).count());
  auto at = pacing_detail::after(wall_start_, std::ceil(span / speed_));
  // the division may round below the moment at which the product reaches the event
  while (at.ns < pacing_detail::end_of_time && !due(event, at)) {
    ++at.ns;
  }
  return at;
}

} // namespace troupe::venues::replay
