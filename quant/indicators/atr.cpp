#include "quant/indicators/atr.hpp"

#include <utility>

namespace troupe::quant {

Atr::Atr(Eigen::Index period_bars) : period_(period_bars) {
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
  const auto n = static_cast<double>(period_);
  const double range = true_range(high, low, *previous);
  if (ranges_ == period_) {
    average_ = (average_ * (n - 1.0) + range) / n;
    return Value{range, average_};
  }
  average_ += range;
  if (++ranges_ < period_) {
    return Value{range, std::nullopt};
  }
  average_ /= n;
  return Value{range, average_};
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
  for (Eigen::Index t = 0; t < bars.size(); ++t) {
    const auto value = running.update(bars.high[t], bars.low[t], bars.close[t]);
    if (running.refused() > 0) {
      return Reason::BAD_SAMPLE;
    }
    if (value) {
      out.true_range[t - 1] = value->true_range;
      if (value->atr) {
        out.atr[t - period_bars] = *value->atr;
      }
    }
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
