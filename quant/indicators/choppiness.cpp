#include "quant/indicators/choppiness.hpp"

#include <utility>

namespace troupe::quant {

namespace {

Eigen::Index checked_window(Eigen::Index period_bars) {
  require_period(period_bars, 2); // log10(1) is 0
  return period_bars;
}

} // namespace

Choppiness::Choppiness(Eigen::Index period_bars, ChoppinessRange range, FirstBar first_bar)
  : ranges_(checked_window(period_bars)), highs_(period_bars), lows_(period_bars),
    log_period_(std::log10(static_cast<double>(period_bars))), range_(range),
    first_bar_(first_bar) {}

std::optional<double> Choppiness::update(double high, double low, double close) {
  if (!usable_bar(high, low, close)) {
    ++refused_;
    return std::nullopt;
  }
  const auto previous = std::exchange(close_previous_, close);
  if (!previous && first_bar_ == FirstBar::SKIPPED) {
    return std::nullopt;
  }
  const double true_high = previous ? std::max(high, *previous) : high;
  const double true_low = previous ? std::min(low, *previous) : low;
  const bool raw = range_ == ChoppinessRange::RAW;
  ranges_.push(true_high - true_low);
  highs_.push(raw ? high : true_high);
  lows_.push(raw ? low : true_low);
  if (!ranges_.full()) {
    return std::nullopt;
  }
  const double span = highs_.value() - lows_.value();
  if (span <= 0.0) {
    return 100.0;
  }
  return 100.0 * std::log10(ranges_.sum() / span) / log_period_;
}

Expected<bool> choppiness(const BarSeries& bars,
                          Eigen::Index period_bars,
                          Eigen::VectorXd& out,
                          ChoppinessRange range,
                          FirstBar first_bar) {
  if (!usable_period(period_bars, 2)) {
    return Reason::BAD_PARAMETER;
  }
  if (!bars.same_length()) {
    return Reason::BAD_SHAPE;
  }
  const Eigen::Index first = first_bar == FirstBar::SKIPPED ? period_bars : period_bars - 1;
  if (bars.size() <= first) {
    return Reason::TOO_SHORT;
  }
  Choppiness running{period_bars, range, first_bar};
  out.resize(bars.size() - first);
  for (Eigen::Index t = 0; t < bars.size(); ++t) {
    const auto value = running.update(bars.high[t], bars.low[t], bars.close[t]);
    if (running.refused() > 0) {
      return Reason::BAD_SAMPLE;
    }
    if (value) {
      out[t - first] = *value;
    }
  }
  return true;
}

Expected<Eigen::VectorXd> choppiness(const BarSeries& bars,
                                     Eigen::Index period_bars,
                                     ChoppinessRange range,
                                     FirstBar first_bar) {
  Eigen::VectorXd out;
  if (const auto done = choppiness(bars, period_bars, out, range, first_bar); !done) {
    return done.reason();
  }
  return out;
}

} // namespace troupe::quant
