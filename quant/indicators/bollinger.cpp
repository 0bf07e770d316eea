#include "quant/indicators/bollinger.hpp"

namespace troupe::quant {

namespace {

constexpr double band_width_max = 100.0;

bool usable_width(double width) {
  return std::isfinite(width) && width > 0.0 && width <= band_width_max;
}

Eigen::Index checked_period(Eigen::Index period_bars) {
  require_period(period_bars);
  return period_bars;
}

} // namespace

Bollinger::Bollinger(Eigen::Index period_bars, double width)
  : window_(checked_period(period_bars)), width_(width) {
  if (!usable_width(width)) {
    throw std::invalid_argument("the width of Bollinger bands is outside its bounds");
  }
}

std::optional<Bollinger::Value> Bollinger::update(double high, double low, double close) {
  if (!usable_bar(high, low, close)) {
    ++refused_;
    return std::nullopt;
  }
  return update(close);
}

std::optional<Bollinger::Value> Bollinger::update(double close) {
  if (!usable_sample(close)) {
    ++refused_;
    return std::nullopt;
  }
  window_.push(close);
  if (!window_.full()) {
    return std::nullopt;
  }
  Value value{};
  value.middle = window_.mean();
  value.deviation = std::sqrt(window_.variance());
  value.lower = value.middle - width_ * value.deviation;
  value.upper = value.middle + width_ * value.deviation;
  if (value.upper > value.lower) {
    value.percent_b = (close - value.lower) / (value.upper - value.lower);
  }
  return value;
}

Expected<bool> bollinger(const Eigen::Ref<const Eigen::VectorXd>& close,
                         Eigen::Index period_bars,
                         double width,
                         BollingerSeries& out) {
  if (!usable_period(period_bars) || !usable_width(width)) {
    return Reason::BAD_PARAMETER;
  }
  if (close.size() < period_bars) {
    return Reason::TOO_SHORT;
  }
  Bollinger running{period_bars, width};
  const Eigen::Index values = close.size() - period_bars + 1;
  out.lower.resize(values);
  out.middle.resize(values);
  out.upper.resize(values);
  out.percent_b.resize(static_cast<std::size_t>(values));
  for (Eigen::Index t = 0; t < close.size(); ++t) {
    const auto value = running.update(close[t]);
    if (running.refused() > 0) {
      return Reason::BAD_SAMPLE;
    }
    if (value) {
      const Eigen::Index i = t - period_bars + 1;
      out.lower[i] = value->lower;
      out.middle[i] = value->middle;
      out.upper[i] = value->upper;
      out.percent_b[static_cast<std::size_t>(i)] = value->percent_b;
    }
  }
  return true;
}

Expected<BollingerSeries>
bollinger(const Eigen::Ref<const Eigen::VectorXd>& close, Eigen::Index period_bars, double width) {
  BollingerSeries out;
  if (const auto done = bollinger(close, period_bars, width, out); !done) {
    return done.reason();
  }
  return out;
}

} // namespace troupe::quant
