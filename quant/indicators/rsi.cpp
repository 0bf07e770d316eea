#include "quant/indicators/rsi.hpp"

#include <utility>

namespace troupe::quant {

Rsi::Rsi(Eigen::Index period_bars) : period_(period_bars) {
  require_period(period_bars);
}

std::optional<double> Rsi::update(double high, double low, double close) {
  if (!usable_bar(high, low, close)) {
    ++refused_;
    return std::nullopt;
  }
  return update(close);
}

std::optional<double> Rsi::update(double close) {
  if (!usable_sample(close)) {
    ++refused_;
    return std::nullopt;
  }
  const auto previous = std::exchange(close_previous_, close);
  if (!previous) {
    return std::nullopt;
  }
  const auto n = static_cast<double>(period_);
  const double up = std::max(close - *previous, 0.0);
  const double down = std::max(*previous - close, 0.0);
  if (moves_ == period_) {
    up_ = (up_ * (n - 1.0) + up) / n;
    down_ = (down_ * (n - 1.0) + down) / n;
  } else {
    up_ += up;
    down_ += down;
    if (++moves_ < period_) {
      return std::nullopt;
    }
    up_ /= n;
    down_ /= n;
  }
  const double both = up_ + down_;
  // the quotient first: it rounds to at most 1
  return both > 0.0 ? 100.0 * (up_ / both) : 50.0;
}

Expected<bool> rsi(const Eigen::Ref<const Eigen::VectorXd>& close,
                   Eigen::Index period_bars,
                   Eigen::VectorXd& out) {
  if (!usable_period(period_bars)) {
    return Reason::BAD_PARAMETER;
  }
  if (close.size() <= period_bars) {
    return Reason::TOO_SHORT;
  }
  Rsi running{period_bars};
  out.resize(close.size() - period_bars);
  for (Eigen::Index t = 0; t < close.size(); ++t) {
    const auto value = running.update(close[t]);
    if (running.refused() > 0) {
      return Reason::BAD_SAMPLE;
    }
    if (value) {
      out[t - period_bars] = *value;
    }
  }
  return true;
}

Expected<Eigen::VectorXd> rsi(const Eigen::Ref<const Eigen::VectorXd>& close,
                              Eigen::Index period_bars) {
  Eigen::VectorXd out;
  if (const auto done = rsi(close, period_bars, out); !done) {
    return done.reason();
  }
  return out;
}

} // namespace troupe::quant
