#include "quant/indicators/window.hpp"

#include <algorithm>

namespace troupe::quant {

void MomentWindow::push(double x) {
  equal_run_ = count_ > 0 && x == newest_ ? equal_run_ + 1 : 1;
  newest_ = x;
  const double oldest = ring_[next_];
  ring_[next_] = x;
  next_ = (next_ + 1) % ring_.size();
  if (full()) {
    if (next_ == 0) {
      sum_again();
      return;
    }
    sum_.add(-oldest);
    squares_.add_square(oldest, -1.0);
  } else {
    ++count_;
  }
  sum_.add(x);
  squares_.add_square(x, 1.0);
}

void MomentWindow::sum_again() {
  sum_ = {};
  squares_ = {};
  for (const double x : ring_) {
    sum_.add(x);
    squares_.add_square(x, 1.0);
  }
}

double MomentWindow::variance() const {
  if (equal_run_ >= ring_.size()) {
    return 0.0;
  }
  // n * sum(x^2) - sum(x)^2, whose leading digits cancel, in double-double
  const auto n = static_cast<double>(ring_.size());
  const double scaled = n * squares_.high;
  DoubleDouble difference{scaled, std::fma(n, squares_.high, -scaled) + n * squares_.low};
  difference.add_square(sum_.high, -1.0);
  difference.add(-2.0 * sum_.high * sum_.low);
  return std::max(difference.value(), 0.0) / (n * n);
}

} // namespace troupe::quant
