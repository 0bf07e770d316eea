#include "quant/linear_algebra/columns.hpp"

#include <algorithm>

namespace troupe::quant {

namespace {

using Eigen::Index;

// Inlined into a caller for each set of registers, which decides what they become.

[[gnu::always_inline]] inline void decay_loop(
  double* y, const double* keep, double keep_own, const double* take, double take_own, Index n) {
#pragma GCC ivdep
  for (Index i = 0; i < n; ++i) {
    const double value = y[i] * (keep[i] * keep_own) + take[i] * take_own;
    y[i] = std::min(std::max(value, -1.0), 1.0);
  }
}

[[gnu::always_inline]] inline void
correlate_loop(const double* x, const double* inverse, double scale, double* out, Index n) {
#pragma GCC ivdep
  for (Index i = 0; i < n; ++i) {
    out[i] = std::min(std::max(x[i] * inverse[i] * scale, -1.0), 1.0);
  }
}

[[gnu::target("avx2")]] void decay_wide(
  double* y, const double* keep, double keep_own, const double* take, double take_own, Index n) {
  decay_loop(y, keep, keep_own, take, take_own, n);
}

[[gnu::target("avx2")]] void
correlate_wide(const double* x, const double* inverse, double scale, double* out, Index n) {
  correlate_loop(x, inverse, scale, out, n);
}

bool has_wide_registers() {
  return __builtin_cpu_supports("avx2");
}

} // namespace

void decay_correlations(
  double* y, const double* keep, double keep_own, const double* take, double take_own, Index n) {
  if (has_wide_registers()) {
    decay_wide(y, keep, keep_own, take, take_own, n);
  } else {
    decay_loop(y, keep, keep_own, take, take_own, n);
  }
}

void correlate_column(const double* x, const double* inverse, double scale, double* out, Index n) {
  if (has_wide_registers()) {
    correlate_wide(x, inverse, scale, out, n);
  } else {
    correlate_loop(x, inverse, scale, out, n);
  }
}

} // namespace troupe::quant
