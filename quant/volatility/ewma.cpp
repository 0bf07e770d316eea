#include "quant/volatility/ewma.hpp"

#include <utility>

namespace troupe::quant {

namespace {

bool usable_lambda(double lambda) {
  return lambda > 0.0 && lambda < 1.0;
}

} // namespace

EwmaVolatility::EwmaVolatility(double lambda) : lambda_(lambda) {
  if (!usable_lambda(lambda)) {
    throw std::invalid_argument("the weight of an exponential average is not inside 0 and 1");
  }
}

std::optional<double> EwmaVolatility::update(double close) {
  if (!usable_sample(close) || close <= 0.0) {
    ++refused_;
    return std::nullopt;
  }
  const auto previous = std::exchange(close_previous_, close);
  if (!previous) {
    return std::nullopt;
  }
  // a difference of logarithms: the quotient of extreme prices could overflow
  const double log_return = std::log(close) - std::log(*previous);
  const double square = log_return * log_return;
  variance_ = variance_ ? lambda_ * *variance_ + (1.0 - lambda_) * square : square;
  return std::sqrt(*variance_);
}

Expected<Eigen::VectorXd> ewma_volatility(const Eigen::Ref<const Eigen::VectorXd>& close,
                                          double lambda) {
  if (!usable_lambda(lambda)) {
    return Reason::BAD_PARAMETER;
  }
  if (close.size() < 2) {
    return Reason::TOO_SHORT;
  }
  EwmaVolatility running{lambda};
  Eigen::VectorXd out(close.size() - 1);
  for (Eigen::Index t = 0; t < close.size(); ++t) {
    const auto value = running.update(close[t]);
    if (running.refused() > 0) {
      return Reason::BAD_SAMPLE;
    }
    if (value) {
      out[t - 1] = *value;
    }
  }
  return out;
}

std::optional<double> annualise(double volatility_bar, double bars_per_year) {
  if (!std::isfinite(volatility_bar) || !std::isfinite(bars_per_year) || volatility_bar < 0.0
      || bars_per_year <= 0.0) {
    return std::nullopt;
  }
  return volatility_bar * std::sqrt(bars_per_year);
}

} // namespace troupe::quant
