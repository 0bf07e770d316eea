#pragma once

#include "nodes/cluster/settings.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace troupe::cluster {

/// How unlikely a peer's silence is, learned from the intervals between its signs of life.
///     phi(t) = -log10 P(interval > t),  interval ~ Normal(mean + pause_accepted, max(sd, 50 ms))
/// with the logistic approximation of the normal tail; 5 means one false alarm in 1e5 intervals.
/// @source  Hayashibara et al., The phi accrual failure detector (2004); the pause is Akka's
class PhiDetector {
public:
  PhiDetector(const DetectorSettings& settings, std::int64_t now_ns);

  /// A sign of life. @param now_ns  monotonic
  void heard(std::int64_t now_ns);
  [[nodiscard]] double phi(std::int64_t now_ns) const;

  /// This node itself stood still for so long: the peer's silence meanwhile does not count.
  void excuse(std::int64_t pause_ns) { last_ns_ += pause_ns; }

private:
  static constexpr std::size_t window = 128;
  std::array<double, window> intervals_ms_{};
  std::size_t count_ = 0;
  std::size_t next_ = 0;
  std::int64_t last_ns_;
  double usual_ms_;
  double pause_ms_;
};

} // namespace troupe::cluster
