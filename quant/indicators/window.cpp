#include "quant/indicators/window.hpp"

namespace troupe::quant {

void SumWindow::turn() {
  double sum = 0.0;
  for (auto i = tail_.size(); i-- > 0;) {
    sum += tail_[i];
    tail_[i] = sum;
  }
  at_ = 0;
  front_ = 0.0;
  full_ = true;
}

void MomentWindow::turn(double newest) {
  centre_ = newest;
  Moments moments;
  for (auto i = tail_.size(); i-- > 0;) {
    const double deviation = tail_[i].sum - centre_;
    moments.sum += deviation;
    moments.squares += deviation * deviation;
    tail_[i] = moments;
  }
  at_ = 0;
  front_ = {};
}

} // namespace troupe::quant
