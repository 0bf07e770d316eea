#include "quant/indicators/rsi.hpp"

#include <array>
#include <utility>

namespace troupe::quant {

namespace {

/// The quotient first: it rounds to at most 1.
double strength_of(double up, double down) {
  const double both = up + down;
  const double share = up / both;
  return both > 0.0 ? 100.0 * share : 50.0;
}

} // namespace

Rsi::Rsi(Eigen::Index period_bars) : period_(period_bars), wilder_(period_bars) {
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
  const double up = std::max(close - *previous, 0.0);
  const double down = std::max(*previous - close, 0.0);
  if (moves_ == period_) {
    up_ = wilder_.next(up_, up);
    down_ = wilder_.next(down_, down);
  } else {
    up_ += up;
    down_ += down;
    if (++moves_ < period_) {
      return std::nullopt;
    }
    up_ /= static_cast<double>(period_);
    down_ /= static_cast<double>(period_);
  }
  return strength_of(up_, down_);
}

/// Bars that all have a value: the moves, the two recursions, the quotients.
bool Rsi::continue_over(const Eigen::Ref<const Eigen::VectorXd>& close,
                        Eigen::Index from,
                        Eigen::VectorXd& out) {
  std::array<double, block_bars> ups{};
  std::array<double, block_bars> downs{};
  for (Eigen::Index t = from; t < close.size(); t += block_bars) {
    const auto count = static_cast<std::size_t>(std::min(block_bars, close.size() - t));
    const double* const x = close.data() + t;
    if (!usable_samples(x, static_cast<Eigen::Index>(count))) {
      return false;
    }
    const double* const before = x - 1;
    for (std::size_t i = 0; i < count; ++i) {
      ups[i] = std::max(x[i] - before[i], 0.0);
      downs[i] = std::max(before[i] - x[i], 0.0);
    }
    for (std::size_t i = 0; i < count; ++i) {
      ups[i] = up_ = wilder_.next(up_, ups[i]);
      downs[i] = down_ = wilder_.next(down_, downs[i]);
    }
    double* const strength = out.data() + t - period_;
    for (std::size_t i = 0; i < count; ++i) {
      strength[i] = strength_of(ups[i], downs[i]);
    }
  }
  return true;
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
  for (Eigen::Index t = 0; t <= period_bars; ++t) {
    out[0] = running.update(close[t]).value_or(0.0); // the last of these bars has one
  }
  if (running.refused() > 0 || !running.continue_over(close, period_bars + 1, out)) {
    return Reason::BAD_SAMPLE;
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
