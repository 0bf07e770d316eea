#include "nodes/cluster/phi.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::cluster {

namespace {

constexpr double deviation_min_ms = 50; // a loaded machine is this late without being ill
constexpr double ns_per_ms = 1e6;

} // namespace

PhiDetector::PhiDetector(const DetectorSettings& settings, std::int64_t now_ns)
  : last_ns_(now_ns), usual_ms_(static_cast<double>(settings.ping_every.ns) / ns_per_ms),
    pause_ms_(static_cast<double>(settings.pause_accepted.ns) / ns_per_ms) {}

void PhiDetector::heard(std::int64_t now_ns) {
  // Intervals far out of the usual would make the detector slow for minutes: they count as ten.
  const auto interval_ms = static_cast<double>(now_ns - last_ns_) / ns_per_ms;
  intervals_ms_[next_] = std::clamp(interval_ms, 0.0, 10 * usual_ms_);
  next_ = (next_ + 1) % window;
  count_ = std::min(count_ + 1, window);
  last_ns_ = now_ns;
}

double PhiDetector::phi(std::int64_t now_ns) const {
  double mean = usual_ms_;
  double deviation = deviation_min_ms;
  if (count_ > 0) {
    double sum = 0;
    double squares = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      sum += intervals_ms_[i];
      squares += intervals_ms_[i] * intervals_ms_[i];
    }
    const auto n = static_cast<double>(count_);
    mean = std::max(sum / n, usual_ms_);
    deviation = std::clamp(std::sqrt(std::max(0.0, squares / n - (sum / n) * (sum / n))),
                           deviation_min_ms, usual_ms_);
  }
  const double silent_ms = static_cast<double>(now_ns - last_ns_) / ns_per_ms;
  const double y = (silent_ms - std::min(mean, 2 * usual_ms_) - pause_ms_) / deviation;
  // -log10(e / (1 + e)) with e = exp(-a), written so that neither end overflows.
  const double a = y * (1.5976 + 0.070566 * y * y);
  const double log_tail = a > 0 ? -a - std::log1p(std::exp(-a)) : -std::log1p(std::exp(a));
  return -log_tail / std::log(10.0);
}

} // namespace troupe::cluster
