#include "quant/linear_algebra/columns.hpp"

#include <algorithm>

namespace troupe::quant {

namespace {

using Eigen::Index;

// Inlined into a caller for each set of registers, which decides what they become.

[[gnu::always_inline]] inline void
decay_loop(double* y, const double* x, double keep, double take, Index n) {
#pragma GCC ivdep
  for (Index i = 0; i < n; ++i) {
    y[i] = keep * y[i] + take * x[i];
  }
}

[[gnu::always_inline]] inline void
correlate_loop(const double* x, const double* inverse, double scale, double* out, Index n) {
#pragma GCC ivdep
  for (Index i = 0; i < n; ++i) {
    out[i] = std::min(std::max(x[i] * inverse[i] * scale, -1.0), 1.0);
  }
}

[[gnu::target("avx2")]] void
decay_wide(double* y, const double* x, double keep, double take, Index n) {
  decay_loop(y, x, keep, take, n);
}

[[gnu::target("avx2")]] void
correlate_wide(const double* x, const double* inverse, double scale, double* out, Index n) {
  correlate_loop(x, inverse, scale, out, n);
}

bool has_wide_registers() {
  return __builtin_cpu_supports("avx2");
}

} // namespace

void decay_column(double* y, const double* x, double keep, double take, Index n) {
  if (has_wide_registers()) {
    decay_wide(y, x, keep, take, n);
  } else {
    decay_loop(y, x, keep, take, n);
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
