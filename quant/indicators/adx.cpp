#include "quant/indicators/adx.hpp"

#include <utility>

namespace troupe::quant {

Adx::Adx(Eigen::Index period_bars)
  : period_(period_bars), inverse_period_(1.0 / static_cast<double>(period_bars)) {
  require_period(period_bars);
}

void Adx::smooth(double& sum, double x) const {
  if (moves_ > period_) {
    sum -= sum * inverse_period_;
  }
  sum += x;
}

std::optional<double> Adx::average(double dx) {
  if (indices_ == period_) {
    adx_ = std::min(adx_ + (dx - adx_) * inverse_period_, 100.0); // rounding may pass the bound
    return adx_;
  }
  adx_ += dx;
  if (++indices_ < period_) {
    return std::nullopt;
  }
  adx_ /= static_cast<double>(period_);
  return adx_;
}

std::optional<Adx::Value> Adx::update(double high, double low, double close) {
  if (!usable_bar(high, low, close)) {
    ++refused_;
    return std::nullopt;
  }
  const auto previous = std::exchange(previous_, Bar{high, low, close});
  if (!previous) {
    return std::nullopt;
  }
  const double up = high - previous->high;
  const double down = previous->low - low;
  moves_ = std::min(moves_ + 1, period_ + 1);
  smooth(plus_, up > down ? std::max(up, 0.0) : 0.0);
  smooth(minus_, down > up ? std::max(down, 0.0) : 0.0);
  smooth(range_, true_range(high, low, previous->close));
  if (moves_ < period_) {
    return std::nullopt;
  }
  Value value{};
  if (range_ > 0.0) {
    value.plus_di = 100.0 * plus_ / range_;
    value.minus_di = 100.0 * minus_ / range_;
  }
  const double both = value.plus_di + value.minus_di;
  if (both > 0.0) {
    value.dx = 100.0 * (std::abs(value.plus_di - value.minus_di) / both); // at most 100
  }
  value.adx = average(value.dx);
  return value;
}

Expected<bool> adx(const BarSeries& bars, Eigen::Index period_bars, AdxSeries& out) {
  if (!usable_period(period_bars)) {
    return Reason::BAD_PARAMETER;
  }
  if (!bars.same_length()) {
    return Reason::BAD_SHAPE;
  }
  if (bars.size() < 2 * period_bars) {
    return Reason::TOO_SHORT;
  }
  Adx running{period_bars};
  const Eigen::Index values = bars.size() - period_bars;
  out.plus_di.resize(values);
  out.minus_di.resize(values);
  out.dx.resize(values);
  out.adx.resize(values - period_bars + 1);
  for (Eigen::Index t = 0; t < bars.size(); ++t) {
    const auto value = running.update(bars.high[t], bars.low[t], bars.close[t]);
    if (running.refused() > 0) {
      return Reason::BAD_SAMPLE;
    }
    if (!value) {
      continue;
    }
    const Eigen::Index i = t - period_bars;
    out.plus_di[i] = value->plus_di;
    out.minus_di[i] = value->minus_di;
    out.dx[i] = value->dx;
    if (value->adx) {
      out.adx[i - period_bars + 1] = *value->adx;
    }
  }
  return true;
}

Expected<AdxSeries> adx(const BarSeries& bars, Eigen::Index period_bars) {
  AdxSeries out;
  if (const auto done = adx(bars, period_bars, out); !done) {
    return done.reason();
  }
  return out;
}

} // namespace troupe::quant
