#include "quant/indicators/atr.hpp"

#include <utility>

namespace troupe::quant {

Atr::Atr(Eigen::Index period_bars) : period_(period_bars), wilder_(period_bars) {
  require_period(period_bars);
}

std::optional<Atr::Value> Atr::update(double high, double low, double close) {
  if (!usable_bar(high, low, close)) {
    ++refused_;
    return std::nullopt;
  }
  const auto previous = std::exchange(close_previous_, close);
  if (!previous) {
    return std::nullopt;
  }
  const double range = true_range(high, low, *previous);
  if (ranges_ == period_) {
    average_ = wilder_.next(average_, range);
    return Value{range, average_};
  }
  average_ += range;
  if (++ranges_ < period_) {
    return Value{range, std::nullopt};
  }
  average_ /= static_cast<double>(period_);
  return Value{range, average_};
}

/// Bars that all have both values: first what needs no bar before, then the recursion alone.
bool Atr::continue_over(const BarSeries& bars, Eigen::Index from, AtrSeries& out) {
  for (Eigen::Index t = from; t < bars.size(); t += block_bars) {
    const Eigen::Index count = std::min(block_bars, bars.size() - t);
    const double* const high = bars.high.data() + t;
    const double* const low = bars.low.data() + t;
    const double* const close = bars.close.data() + t;
    if (!usable_bars(high, low, close, count)) {
      return false;
    }
    double* const range = out.true_range.data() + t - 1;
    double* const average = out.atr.data() + t - period_;
    for (Eigen::Index i = 0; i < count; ++i) {
      range[i] = true_range(high[i], low[i], close[i - 1]);
    }
    for (Eigen::Index i = 0; i < count; ++i) {
      average_ = wilder_.next(average_, range[i]);
      average[i] = average_;
    }
  }
  return true;
}

Expected<bool> atr(const BarSeries& bars, Eigen::Index period_bars, AtrSeries& out) {
  if (!usable_period(period_bars)) {
    return Reason::BAD_PARAMETER;
  }
  if (!bars.same_length()) {
    return Reason::BAD_SHAPE;
  }
  if (bars.size() <= period_bars) {
    return Reason::TOO_SHORT;
  }
  Atr running{period_bars};
  out.true_range.resize(bars.size() - 1);
  out.atr.resize(bars.size() - period_bars);
  for (Eigen::Index t = 0; t <= period_bars; ++t) {
    const auto value = running.update(bars.high[t], bars.low[t], bars.close[t]);
    if (value) {
      out.true_range[t - 1] = value->true_range;
      out.atr[0] = value->atr.value_or(0.0); // the last of these bars has it
    }
  }
  if (running.refused() > 0 || !running.continue_over(bars, period_bars + 1, out)) {
    return Reason::BAD_SAMPLE;
  }
  return true;
}

Expected<AtrSeries> atr(const BarSeries& bars, Eigen::Index period_bars) {
  AtrSeries out;
  if (const auto done = atr(bars, period_bars, out); !done) {
    return done.reason();
  }
  return out;
}

} // namespace troupe::quant
