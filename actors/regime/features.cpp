#include "actors/regime/features.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace troupe::regime {

namespace {

/// Crypto trades 365 days of 24 hours.
constexpr double year_ns = 365.0 * 24 * 3600 * 1e9;

double floor_per_bar(double volatility_annual, trading::Interval interval) {
  return volatility_annual * std::sqrt(static_cast<double>(interval.duration().count()) / year_ns);
}

/// The tails of a day's return are thinner than those of its hours.
double shock_threshold(const Settings& settings, trading::Interval interval) {
  return interval.duration() < std::chrono::hours{24} ? settings.crisis_volatility_ratio
                                                      : settings.crisis_volatility_ratio_daily;
}

} // namespace

std::map<std::string, double> Features::to_map() const {
  std::map<std::string, double> out{
    {"adx", adx},
    {"plus_di", plus_di},
    {"minus_di", minus_di},
    {"choppiness", choppiness},
    {"bollinger_bandwidth", bollinger_bandwidth},
    {"volatility", volatility},
    {"volatility_slow", volatility_slow},
    {"volatility_ratio", volatility_ratio},
    {"log_return", log_return},
    {"return_ratio", return_ratio},
    {"shock_ratio", shock_ratio},
    {"shock_threshold", shock_threshold},
  };
  if (percent_b) {
    out.emplace("percent_b", *percent_b);
  }
  return out;
}

FeatureTracker::FeatureTracker(const Settings& settings, trading::Interval interval)
  : floor_(floor_per_bar(settings.volatility_floor_annual, interval)),
    shock_threshold_(shock_threshold(settings, interval)),
    still_bars_min_(settings.choppiness_period), window_bars_(settings.volatility_window_bars),
    adx_(settings.adx_period), choppiness_(settings.choppiness_period),
    bollinger_(settings.bollinger_period, settings.bollinger_width), ewma_(settings.ewma_lambda),
    squares_(settings.volatility_window_bars), return_ratios_(settings.crisis_shock_bars) {}

bool FeatureTracker::usable(const trading::Bar& bar) {
  const trading::Price zero{};
  return bar.low > zero && bar.close > zero && bar.high >= bar.low;
}

std::uint32_t FeatureTracker::bars_needed(const Settings& settings) {
  return std::max(
    {2 * settings.adx_period, settings.choppiness_period + 1, settings.bollinger_period, 2U});
}

FeatureTracker::Moves FeatureTracker::take_return(double close) {
  const auto previous = std::exchange(close_previous_, close);
  const auto volatility = ewma_.update(close);
  if (!previous || !volatility) {
    return {};
  }
  Moves moves;
  moves.log_return = std::log(close / *previous);
  moves.ratio = std::abs(moves.log_return) / std::max(volatility_, floor_);
  return_ratios_.push(moves.ratio);
  squares_.push(moves.log_return * moves.log_return);
  returns_ = std::min(returns_ + 1, window_bars_);
  volatility_ = *volatility;
  // a sum that ran over many magnitudes may end a rounding error below 0
  volatility_slow_ = std::sqrt(std::max(squares_.sum(), 0.0) / returns_);
  return moves;
}

void FeatureTracker::count_still(double high, double low) {
  const bool continues = high == low && (still_run_ == 0 || high == still_price_);
  if (continues) {
    still_price_ = high;
    still_run_ = std::min(still_run_ + 1, still_bars_min_);
    return;
  }
  still_price_ = high;
  still_run_ = high == low ? 1 : 0;
}

void FeatureTracker::update(const trading::Bar& bar) {
  const double high = bar.high.to_double();
  const double low = bar.low.to_double();
  const double close = bar.close.to_double();
  const auto direction = adx_.update(high, low, close);
  const auto choppiness = choppiness_.update(high, low, close);
  const auto bands = bollinger_.update(close);
  const auto moves = take_return(close);
  count_still(high, low);
  if (!direction || !direction->adx || !choppiness || !bands) {
    return;
  }
  Features& out = current_ ? *current_ : current_.emplace();
  out.adx = *direction->adx;
  out.plus_di = direction->plus_di;
  out.minus_di = direction->minus_di;
  out.choppiness = *choppiness;
  out.bollinger_bandwidth = (bands->upper - bands->lower) / bands->middle;
  out.percent_b = bands->percent_b;
  out.volatility = volatility_;
  out.volatility_slow = volatility_slow_;
  out.volatility_ratio = volatility_ / std::max(volatility_slow_, floor_);
  out.log_return = moves.log_return;
  out.return_ratio = moves.ratio;
  out.shock_ratio = return_ratios_.value();
  out.shock_threshold = shock_threshold_;
  out.still = still_run_ >= still_bars_min_;
}

} // namespace troupe::regime
