#include "quant/indicators/bars.hpp"

namespace troupe::quant {

// Counted in what is compared, without a jump: so that the loops work on vectors. A sample that is
// not a number is on neither side of any bound.

bool usable_samples(const double* x, Eigen::Index count) {
  double refused = 0.0;
  for (Eigen::Index i = 0; i < count; ++i) {
    refused += usable_sample(x[i]) ? 0.0 : 1.0;
  }
  return refused == 0.0;
}

bool usable_bars(const double* high, const double* low, const double* close, Eigen::Index count) {
  double refused = 0.0;
  for (Eigen::Index i = 0; i < count; ++i) {
    double one = usable_sample(close[i]) ? 0.0 : 1.0;
    one = high[i] <= price_magnitude_max ? one : 1.0;
    one = low[i] >= -price_magnitude_max ? one : 1.0;
    one = high[i] >= low[i] ? one : 1.0;
    refused += one;
  }
  return refused == 0.0;
}

} // namespace troupe::quant
