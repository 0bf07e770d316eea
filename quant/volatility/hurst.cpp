#include "quant/volatility/hurst.hpp"

#include "quant/distributions/gamma.hpp"

#include <bit>
#include <numbers>

namespace troupe::quant {

namespace hurst_detail {

constexpr Eigen::Index block_smallest = 8;

bool usable_lags(Eigen::Index period_bars, Eigen::Index lag_max_bars) {
  return lag_max_bars >= 2 && lag_max_bars <= period_bars_max
         && std::has_single_bit(static_cast<std::uint64_t>(lag_max_bars))
         && usable_period(period_bars, 2 * lag_max_bars);
}

/// Least-squares slope on 0, 1, 2, ..
class Slope {
public:
  void add(double y) {
    sum_ += y;
    weighted_ += static_cast<double>(n_) * y;
    ++n_;
  }
  [[nodiscard]] double value() const {
    const auto n = static_cast<double>(n_);
    return (weighted_ - 0.5 * (n - 1.0) * sum_) / (n * (n * n - 1.0) / 12.0);
  }

private:
  int n_ = 0;
  double sum_ = 0.0;
  double weighted_ = 0.0;
};

/// Range of the cumulated deviations over the population deviation; none without variation.
std::optional<double> rescaled_range(const Eigen::Ref<const Eigen::VectorXd>& block) {
  const double mean = block.mean();
  double walk = 0.0;
  double highest = 0.0;
  double lowest = 0.0;
  double squares = 0.0;
  for (const double x : block) {
    const double deviation = x - mean;
    walk += deviation;
    highest = std::max(highest, walk);
    lowest = std::min(lowest, walk);
    squares += deviation * deviation;
  }
  const double deviation = std::sqrt(squares / static_cast<double>(block.size()));
  if (deviation <= 1e-14 * std::abs(mean) || deviation == 0.0) {
    return std::nullopt;
  }
  return (highest - lowest) / deviation;
}

/// Of independent Gaussian samples.
double expected_rescaled_range(Eigen::Index block) {
  const auto m = static_cast<double>(block);
  double sum = 0.0;
  for (Eigen::Index i = 1; i < block; ++i) {
    const auto k = static_cast<double>(i);
    sum += std::sqrt((m - k) / k);
  }
  return (m - 0.5) / m * std::exp(log_gamma(0.5 * (m - 1.0)) - log_gamma(0.5 * m))
         / std::sqrt(std::numbers::pi) * sum;
}

} // namespace hurst_detail

HurstExponent::HurstExponent(Eigen::Index period_bars, Eigen::Index lag_max_bars) {
  if (!hurst_detail::usable_lags(period_bars, lag_max_bars)) {
    throw std::invalid_argument("Hurst exponent: the window or the largest lag is out of bounds");
  }
  past_.resize(static_cast<std::size_t>(lag_max_bars));
  for (Eigen::Index lag = 1; lag <= lag_max_bars; lag *= 2) {
    squares_.emplace_back(period_bars - lag);
  }
}

std::optional<double> HurstExponent::update(double close) {
  if (!usable_sample(close) || close <= 0.0) {
    ++refused_;
    return std::nullopt;
  }
  const double x = std::log(close);
  bool full = true;
  for (std::size_t i = 0; i < squares_.size(); ++i) {
    const std::size_t lag = std::size_t{1} << i;
    if (seen_ >= lag) {
      const double change = x - past_[(seen_ - lag) & (past_.size() - 1)];
      squares_[i].push(change * change);
    }
    full = full && squares_[i].full();
  }
  past_[seen_ & (past_.size() - 1)] = x;
  ++seen_;
  if (!full) {
    return std::nullopt;
  }
  hurst_detail::Slope slope;
  for (const auto& window : squares_) {
    const double mean = window.mean();
    if (!(mean > 0.0)) {
      return std::nullopt;
    }
    slope.add(std::log(mean));
  }
  return 0.5 * slope.value() / std::numbers::ln2;
}

Expected<std::vector<std::optional<double>>>
hurst_exponent(const Eigen::Ref<const Eigen::VectorXd>& close,
               Eigen::Index period_bars,
               Eigen::Index lag_max_bars) {
  if (!hurst_detail::usable_lags(period_bars, lag_max_bars)) {
    return Reason::BAD_PARAMETER;
  }
  if (close.size() < period_bars) {
    return Reason::TOO_SHORT;
  }
  HurstExponent running{period_bars, lag_max_bars};
  std::vector<std::optional<double>> out;
  out.reserve(static_cast<std::size_t>(close.size() - period_bars + 1));
  for (Eigen::Index t = 0; t < close.size(); ++t) {
    const auto value = running.update(close[t]);
    if (running.refused() > 0) {
      return Reason::BAD_SAMPLE;
    }
    if (t + 1 >= period_bars) {
      out.push_back(value);
    }
  }
  return out;
}

Expected<double> hurst_rescaled_range(const Eigen::Ref<const Eigen::VectorXd>& returns) {
  using namespace hurst_detail;
  if (returns.size() < 4 * block_smallest) {
    return Reason::TOO_SHORT;
  }
  for (const double x : returns) {
    if (!usable_sample(x)) {
      return Reason::BAD_SAMPLE;
    }
  }
  Slope slope;
  for (Eigen::Index block = block_smallest; block <= returns.size() / 2; block *= 2) {
    double sum = 0.0;
    int blocks = 0;
    for (Eigen::Index start = 0; start + block <= returns.size(); start += block) {
      if (const auto ratio = rescaled_range(returns.segment(start, block))) {
        sum += *ratio;
        ++blocks;
      }
    }
    if (blocks == 0) {
      return Reason::DEGENERATE;
    }
    slope.add(std::log(sum / blocks / expected_rescaled_range(block)));
  }
  return 0.5 + slope.value() / std::numbers::ln2;
}

} // namespace troupe::quant
