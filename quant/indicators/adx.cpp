#include "quant/indicators/adx.hpp"

#include <array>
#include <limits>
#include <utility>

namespace troupe::quant {

namespace {

constexpr double index_max = 100.0; // of the average, which rounding may take past it

/// What moved up beyond what moved down.
double directional(double move, double other) {
  return move > other ? std::max(move, 0.0) : 0.0;
}

/// Stands in for a divisor of 0, so that 0 / 0 is 0 without a branch.
constexpr double smallest = std::numeric_limits<double>::min();

} // namespace

Adx::Adx(Eigen::Index period_bars) : period_(period_bars), wilder_(period_bars) {
  require_period(period_bars);
}

void Adx::smooth(double& sum, double x) const {
  sum = (moves_ > period_ ? sum * wilder_.keep : sum) + x;
}

std::optional<double> Adx::average(double dx) {
  if (indices_ == period_) {
    adx_ = wilder_.next(adx_, dx);
    return std::min(adx_, index_max);
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
  smooth(plus_, directional(up, down));
  smooth(minus_, directional(down, up));
  smooth(range_, true_range(high, low, previous->close));
  if (moves_ < period_) {
    return std::nullopt;
  }
  Value value{};
  value.plus_di = 100.0 * plus_ / std::max(range_, smallest);
  value.minus_di = 100.0 * minus_ / std::max(range_, smallest);
  // the quotient first: it rounds to at most 1
  const double both = std::max(value.plus_di + value.minus_di, smallest);
  value.dx = 100.0 * (std::abs(value.plus_di - value.minus_di) / both);
  value.adx = average(value.dx);
  return value;
}

/// Bars that all have every value. What needs no bar before is done for a block at a time, between
/// the two recursions.
bool Adx::continue_over(const BarSeries& bars, Eigen::Index from, AdxSeries& out) {
  using Block = Eigen::Map<const Eigen::ArrayXd>;
  std::array<double, block_bars> plus{};
  std::array<double, block_bars> minus{};
  std::array<double, block_bars> range{};
  for (Eigen::Index t = from; t < bars.size(); t += block_bars) {
    const auto count = static_cast<std::size_t>(std::min(block_bars, bars.size() - t));
    const double* const high = bars.high.data() + t;
    const double* const low = bars.low.data() + t;
    const double* const close = bars.close.data() + t;
    if (!usable_bars(high, low, close, static_cast<Eigen::Index>(count))) {
      return false;
    }
    const double* const high_before = high - 1;
    const double* const low_before = low - 1;
    const double* const close_before = close - 1;
    for (std::size_t i = 0; i < count; ++i) {
      const double up = high[i] - high_before[i];
      const double down = low_before[i] - low[i];
      plus[i] = directional(up, down);
      minus[i] = directional(down, up);
      range[i] = true_range(high[i], low[i], close_before[i]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      plus[i] = plus_ = plus_ * wilder_.keep + plus[i];
      minus[i] = minus_ = minus_ * wilder_.keep + minus[i];
      range[i] = range_ = range_ * wilder_.keep + range[i];
    }
    const auto size = static_cast<Eigen::Index>(count);
    auto plus_di = out.plus_di.segment(t - period_, size).array();
    auto minus_di = out.minus_di.segment(t - period_, size).array();
    auto dx = out.dx.segment(t - period_, size).array();
    const auto whole = Block{range.data(), size}.max(smallest);
    plus_di = 100.0 * Block{plus.data(), size} / whole;
    minus_di = 100.0 * Block{minus.data(), size} / whole;
    dx = 100.0 * ((plus_di - minus_di).abs() / (plus_di + minus_di).max(smallest));
    double* const index = out.adx.data() + t - 2 * period_ + 1;
    for (std::size_t i = 0; i < count; ++i) {
      adx_ = wilder_.next(adx_, dx[static_cast<Eigen::Index>(i)]);
      index[i] = std::min(adx_, index_max);
    }
  }
  return true;
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
  for (Eigen::Index t = 0; t < 2 * period_bars; ++t) {
    const auto value = running.update(bars.high[t], bars.low[t], bars.close[t]);
    if (value) {
      const Eigen::Index i = t - period_bars;
      out.plus_di[i] = value->plus_di;
      out.minus_di[i] = value->minus_di;
      out.dx[i] = value->dx;
      out.adx[0] = value->adx.value_or(0.0); // the last of these bars has it
    }
  }
  if (running.refused() > 0 || !running.continue_over(bars, 2 * period_bars, out)) {
    return Reason::BAD_SAMPLE;
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
