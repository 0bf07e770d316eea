#include "quant/volatility/realised.hpp"

#include <numbers>
#include <utility>

namespace troupe::quant {

namespace realised_detail {

constexpr double garman_klass_weight = 2.0 * std::numbers::ln2 - 1.0;

Eigen::Index smallest_period(VolatilityEstimator estimator) {
  return estimator == VolatilityEstimator::CLOSE_TO_CLOSE
             || estimator == VolatilityEstimator::YANG_ZHANG
           ? 2
           : 1;
}

/// Windows an estimator does not use hold one sample.
Eigen::Index window_if(bool used, Eigen::Index period_bars) {
  return used ? period_bars : 1;
}

bool usable_price(double price) {
  return price > 0.0 && usable_sample(price);
}

/// The estimator's term of one bar, from logarithms.
double range_term(VolatilityEstimator estimator, const Ohlc& bar, double close_previous) {
  const double range = bar.high - bar.low;
  const double body = bar.close - bar.open;
  switch (estimator) {
    case VolatilityEstimator::PARKINSON: return range * range / (4.0 * std::numbers::ln2);
    case VolatilityEstimator::GARMAN_KLASS:
      return 0.5 * range * range - garman_klass_weight * body * body;
    case VolatilityEstimator::GARMAN_KLASS_YANG_ZHANG: {
      const double gap = bar.open - close_previous;
      return gap * gap + 0.5 * range * range - garman_klass_weight * body * body;
    }
    case VolatilityEstimator::ROGERS_SATCHELL:
    case VolatilityEstimator::YANG_ZHANG:
      return (bar.high - bar.close) * (bar.high - bar.open)
             + (bar.low - bar.close) * (bar.low - bar.open);
    case VolatilityEstimator::CLOSE_TO_CLOSE: break;
  }
  return 0.0;
}

/// Sample variance: a window's population variance times n / (n - 1).
double sample_variance(const MomentWindow& window, Eigen::Index period_bars) {
  const auto n = static_cast<double>(period_bars);
  return window.variance() * n / (n - 1.0);
}

} // namespace realised_detail

std::string_view name(VolatilityEstimator estimator) {
  switch (estimator) {
    case VolatilityEstimator::CLOSE_TO_CLOSE: return "close_to_close";
    case VolatilityEstimator::PARKINSON: return "parkinson";
    case VolatilityEstimator::GARMAN_KLASS: return "garman_klass";
    case VolatilityEstimator::ROGERS_SATCHELL: return "rogers_satchell";
    case VolatilityEstimator::GARMAN_KLASS_YANG_ZHANG: return "garman_klass_yang_zhang";
    case VolatilityEstimator::YANG_ZHANG: return "yang_zhang";
  }
  return "unknown";
}

bool needs_previous_close(VolatilityEstimator estimator) {
  return estimator == VolatilityEstimator::CLOSE_TO_CLOSE
         || estimator == VolatilityEstimator::GARMAN_KLASS_YANG_ZHANG
         || estimator == VolatilityEstimator::YANG_ZHANG;
}

bool usable_ohlc(const Ohlc& bar) {
  // one by one: a comparison with a NaN is false
  return realised_detail::usable_price(bar.low) && usable_sample(bar.high) && bar.low <= bar.open
         && bar.low <= bar.close && bar.high >= bar.open && bar.high >= bar.close;
}

RealisedVolatility::RealisedVolatility(VolatilityEstimator estimator, Eigen::Index period_bars)
  : estimator_(estimator), period_(period_bars),
    squares_(realised_detail::window_if(
      estimator != VolatilityEstimator::CLOSE_TO_CLOSE && usable_period(period_bars), period_bars)),
    returns_(realised_detail::window_if((estimator == VolatilityEstimator::CLOSE_TO_CLOSE
                                         || estimator == VolatilityEstimator::YANG_ZHANG)
                                          && usable_period(period_bars),
                                        period_bars)),
    overnight_(realised_detail::window_if(
      estimator == VolatilityEstimator::YANG_ZHANG && usable_period(period_bars), period_bars)) {
  require_period(period_bars, realised_detail::smallest_period(estimator));
}

std::optional<double> RealisedVolatility::close_to_close(double close) {
  if (!realised_detail::usable_price(close)) {
    ++refused_;
    return std::nullopt;
  }
  const double logarithm = std::log(close);
  const auto previous = std::exchange(close_previous_, logarithm);
  if (!previous) {
    return std::nullopt;
  }
  returns_.push(logarithm - *previous);
  if (!returns_.full()) {
    return std::nullopt;
  }
  return std::sqrt(realised_detail::sample_variance(returns_, period_));
}

std::optional<double> RealisedVolatility::yang_zhang(const Ohlc& logs, double close_previous) {
  squares_.push(realised_detail::range_term(estimator_, logs, close_previous));
  returns_.push(logs.close - logs.open);
  overnight_.push(logs.open - close_previous);
  if (!squares_.full()) {
    return std::nullopt;
  }
  const auto n = static_cast<double>(period_);
  const double k = 0.34 / (1.34 + (n + 1.0) / (n - 1.0));
  return std::sqrt(realised_detail::sample_variance(overnight_, period_)
                   + k * realised_detail::sample_variance(returns_, period_)
                   + (1.0 - k) * std::max(squares_.mean(), 0.0));
}

std::optional<double> RealisedVolatility::update(const Ohlc& bar) {
  if (estimator_ == VolatilityEstimator::CLOSE_TO_CLOSE) {
    return close_to_close(bar.close);
  }
  if (!usable_ohlc(bar)) {
    ++refused_;
    return std::nullopt;
  }
  if (estimator_ == VolatilityEstimator::PARKINSON) { // two logarithms instead of four
    const Ohlc logs{0.0, std::log(bar.high), std::log(bar.low), 0.0};
    squares_.push(realised_detail::range_term(estimator_, logs, 0.0));
    return squares_.full() ? std::optional{std::sqrt(std::max(squares_.mean(), 0.0))}
                           : std::nullopt;
  }
  const Ohlc logs{std::log(bar.open), std::log(bar.high), std::log(bar.low), std::log(bar.close)};
  const auto previous = std::exchange(close_previous_, logs.close);
  if (!previous && needs_previous_close(estimator_)) {
    return std::nullopt;
  }
  if (estimator_ == VolatilityEstimator::YANG_ZHANG) {
    return yang_zhang(logs, previous.value_or(logs.open));
  }
  squares_.push(realised_detail::range_term(estimator_, logs, previous.value_or(logs.open)));
  if (!squares_.full()) {
    return std::nullopt;
  }
  return std::sqrt(std::max(squares_.mean(), 0.0));
}

Expected<Eigen::VectorXd> realised_volatility(const OhlcSeries& bars,
                                              VolatilityEstimator estimator,
                                              Eigen::Index period_bars) {
  if (!usable_period(period_bars, realised_detail::smallest_period(estimator))) {
    return Reason::BAD_PARAMETER;
  }
  const Eigen::Index size = bars.close.size();
  if (bars.open.size() != size || bars.high.size() != size || bars.low.size() != size) {
    return Reason::BAD_SHAPE;
  }
  const Eigen::Index first = needs_previous_close(estimator) ? period_bars : period_bars - 1;
  if (size <= first) {
    return Reason::TOO_SHORT;
  }
  RealisedVolatility running{estimator, period_bars};
  Eigen::VectorXd out(size - first);
  for (Eigen::Index t = 0; t < size; ++t) {
    const auto value = running.update({bars.open[t], bars.high[t], bars.low[t], bars.close[t]});
    if (running.refused() > 0) {
      return Reason::BAD_SAMPLE;
    }
    if (value) {
      out[t - first] = *value;
    }
  }
  return out;
}

} // namespace troupe::quant
