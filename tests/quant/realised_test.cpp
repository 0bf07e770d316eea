#include "quant/random.hpp"
#include "quant/volatility/hurst.hpp"
#include "quant/volatility/realised.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <rapidcheck.h>

using namespace troupe::quant;
using Eigen::Index;
using Eigen::VectorXd;

namespace {

constexpr VolatilityEstimator estimators[] = {VolatilityEstimator::CLOSE_TO_CLOSE,
                                              VolatilityEstimator::PARKINSON,
                                              VolatilityEstimator::GARMAN_KLASS,
                                              VolatilityEstimator::ROGERS_SATCHELL,
                                              VolatilityEstimator::GARMAN_KLASS_YANG_ZHANG,
                                              VolatilityEstimator::YANG_ZHANG};

struct Candles {
  VectorXd open, high, low, close;
  [[nodiscard]] OhlcSeries bars() const { return {open, high, low, close}; }
};

/// Each bar a small random walk of its own, with a gap before it.
Candles candles(Index size, std::uint64_t seed, int steps = 12, double gap = 0.5) {
  Random random{seed};
  Candles out{VectorXd(size), VectorXd(size), VectorXd(size), VectorXd(size)};
  const double deviation = 0.01 / std::sqrt(static_cast<double>(steps));
  double x = std::log(100.0);
  for (Index t = 0; t < size; ++t) {
    x += gap * 0.01 * random.normal();
    out.open[t] = std::exp(x);
    double high = x;
    double low = x;
    for (int i = 0; i < steps; ++i) {
      x += deviation * random.normal();
      high = std::max(high, x);
      low = std::min(low, x);
    }
    out.high[t] = std::exp(high);
    out.low[t] = std::exp(low);
    out.close[t] = std::exp(x);
  }
  return out;
}

double sample_variance(const VectorXd& x) {
  return (x.array() - x.mean()).square().sum() / static_cast<double>(x.size() - 1);
}

/// The definitions, window by window.
double definition(VolatilityEstimator estimator, const Candles& c, Index last, Index n) {
  const Index first = last - n + 1;
  const VectorXd o = c.open.segment(first, n).array().log();
  const VectorXd h = c.high.segment(first, n).array().log();
  const VectorXd l = c.low.segment(first, n).array().log();
  const VectorXd x = c.close.segment(first, n).array().log();
  const VectorXd before =
    first > 0 ? VectorXd(c.close.segment(first - 1, n).array().log()) : VectorXd(x);
  const auto range = (h - l).array();
  const double gk =
    (0.5 * range.square() - (2 * std::numbers::ln2 - 1) * (x - o).array().square()).mean();
  const double rs = ((h - x).array() * (h - o).array() + (l - x).array() * (l - o).array()).mean();
  const double k = 0.34 / (1.34 + static_cast<double>(n + 1) / static_cast<double>(n - 1));
  switch (estimator) {
    case VolatilityEstimator::CLOSE_TO_CLOSE: return std::sqrt(sample_variance(x - before));
    case VolatilityEstimator::PARKINSON:
      return std::sqrt(range.square().mean() / (4 * std::numbers::ln2));
    case VolatilityEstimator::GARMAN_KLASS: return std::sqrt(gk);
    case VolatilityEstimator::ROGERS_SATCHELL: return std::sqrt(rs);
    case VolatilityEstimator::GARMAN_KLASS_YANG_ZHANG:
      return std::sqrt(gk + (o - before).array().square().mean());
    case VolatilityEstimator::YANG_ZHANG:
      return std::sqrt(sample_variance(o - before) + k * sample_variance(x - o) + (1 - k) * rs);
  }
  return 0.0;
}

} // namespace

TEST_CASE("realised volatility: every estimator is its definition, incremental and batch") {
  CHECK(rc::check([] {
    const auto c = candles(90, *rc::gen::arbitrary<std::uint32_t>());
    const auto n = *rc::gen::inRange<Index>(2, 40);
    for (const auto estimator : estimators) {
      const auto batch = realised_volatility(c.bars(), estimator, n);
      RC_ASSERT(batch.has_value());
      const Index first = needs_previous_close(estimator) ? n : n - 1;
      RC_ASSERT(batch->size() == 90 - first);
      RealisedVolatility running{estimator, n};
      for (Index t = 0; t < 90; ++t) {
        const auto value = running.update({c.open[t], c.high[t], c.low[t], c.close[t]});
        RC_ASSERT(value.has_value() == (t >= first));
        if (value) {
          RC_ASSERT(std::abs(*value - (*batch)[t - first]) <= 1e-12);
          RC_ASSERT(std::abs(*value - definition(estimator, c, t, n)) <= 1e-12);
        }
      }
    }
  }));
}

TEST_CASE("realised volatility: all estimators find the volatility of a random walk without gaps") {
  const auto c = candles(4000, 5, 400, 0.0);
  for (const auto estimator : estimators) {
    const auto out = realised_volatility(c.bars(), estimator, 3900);
    REQUIRE(out.has_value());
    // 400 steps a bar see a little less than the whole range
    CHECK(std::abs((*out)[0] / 0.01 - 1.0) < 0.05);
  }
}

TEST_CASE("realised volatility: Parkinson by hand") {
  RealisedVolatility running{VolatilityEstimator::PARKINSON, 1};
  const double ratio = std::exp(0.02);
  CHECK(*running.update({100.0, 100.0 * ratio, 100.0, 100.0})
        == doctest::Approx(0.02 / std::sqrt(4 * std::numbers::ln2)));
}

TEST_CASE("realised volatility: a still market has none, and a spike leaves no trace") {
  for (const auto estimator : estimators) {
    RealisedVolatility running{estimator, 5};
    std::optional<double> last;
    for (int t = 0; t < 40; ++t) {
      const double high = t == 12 ? 1e6 : 100.0;
      last = running.update({100.0, high, 100.0, t == 12 ? high : 100.0});
    }
    REQUIRE(last.has_value());
    CHECK(*last == 0.0);
  }
}

TEST_CASE("realised volatility: refusals") {
  auto c = candles(30, 1);
  const auto reason = [&](VolatilityEstimator estimator, Index n) {
    return realised_volatility(c.bars(), estimator, n).reason();
  };
  CHECK(reason(VolatilityEstimator::YANG_ZHANG, 1) == Reason::BAD_PARAMETER);
  CHECK(reason(VolatilityEstimator::PARKINSON, 0) == Reason::BAD_PARAMETER);
  CHECK(reason(VolatilityEstimator::YANG_ZHANG, 30) == Reason::TOO_SHORT);
  CHECK(realised_volatility(c.bars(), VolatilityEstimator::PARKINSON, 30).has_value());
  c.close[7] = c.high[7] * 1.01;
  CHECK(reason(VolatilityEstimator::GARMAN_KLASS, 5) == Reason::BAD_SAMPLE);
  CHECK(realised_volatility(c.bars(), VolatilityEstimator::CLOSE_TO_CLOSE, 5).has_value());
  c.close[7] = std::numeric_limits<double>::quiet_NaN();
  for (const auto estimator : estimators) {
    CHECK(reason(estimator, 5) == Reason::BAD_SAMPLE);
  }
  const VectorXd shorter = c.low.head(29);
  CHECK(realised_volatility({c.open, c.high, shorter, c.close}, VolatilityEstimator::PARKINSON, 5)
          .reason()
        == Reason::BAD_SHAPE);
  CHECK_THROWS_AS(RealisedVolatility(VolatilityEstimator::CLOSE_TO_CLOSE, 1),
                  std::invalid_argument);
}

TEST_CASE("realised volatility: a refused bar is counted and changes nothing") {
  const auto c = candles(20, 3);
  for (const auto estimator : estimators) {
    RealisedVolatility clean{estimator, 4};
    RealisedVolatility disturbed{estimator, 4};
    for (Index t = 0; t < 20; ++t) {
      CHECK_FALSE(disturbed.update({1.0, 2.0, 0.0, -1.0}).has_value());
      const Ohlc bar{c.open[t], c.high[t], c.low[t], c.close[t]};
      CHECK(clean.update(bar) == disturbed.update(bar));
    }
    CHECK(disturbed.refused() == 20);
  }
}

TEST_CASE("hurst: a trend is 1, a zigzag below a tenth, a random walk a half") {
  const VectorXd trend = VectorXd::LinSpaced(300, 0.0, 3.0).array().exp();
  const auto of_trend = hurst_exponent(trend, 200);
  REQUIRE(of_trend.has_value());
  CHECK(*of_trend->back() == doctest::Approx(1.0).epsilon(1e-6));

  Random random{11};
  VectorXd noise(3000);
  VectorXd walk(3000);
  double x = 0.0;
  for (Index t = 0; t < noise.size(); ++t) {
    const double step = 0.01 * random.normal();
    x += step;
    noise[t] = std::exp(step);
    walk[t] = std::exp(x);
  }
  CHECK(std::abs(*hurst_exponent(noise, 2000)->back()) < 0.1);
  CHECK(std::abs(*hurst_exponent(walk, 2000)->back() - 0.5) < 0.1);
  const VectorXd returns = walk.tail(2999).array().log() - walk.head(2999).array().log();
  CHECK(std::abs(*hurst_rescaled_range(returns) - 0.5) < 0.1);
  const VectorXd levels = walk.array().log();
  CHECK(*hurst_rescaled_range(levels) > 0.8);
}

TEST_CASE("hurst: the sliding window is the definition over each window") {
  const auto c = candles(160, 21);
  const auto out = hurst_exponent(c.close, 60, 4);
  REQUIRE(out.has_value());
  REQUIRE(out->size() == 101);
  for (Index end = 60; end <= 160; ++end) {
    const VectorXd x = c.close.segment(end - 60, 60).array().log();
    const auto mean_square = [&](Index lag) {
      return std::log((x.tail(60 - lag) - x.head(60 - lag)).squaredNorm()
                      / static_cast<double>(60 - lag));
    };
    // the slope on equally spaced points of three
    const double slope = 0.5 * (mean_square(4) - mean_square(1)) / std::numbers::ln2;
    CHECK(std::abs(*(*out)[static_cast<std::size_t>(end - 60)] - 0.5 * slope) < 1e-12);
  }
}

TEST_CASE("hurst: refusals, and none where nothing moves") {
  CHECK(hurst_exponent(VectorXd::Ones(100), 50, 3).reason() == Reason::BAD_PARAMETER);
  CHECK(hurst_exponent(VectorXd::Ones(100), 30, 16).reason() == Reason::BAD_PARAMETER);
  CHECK(hurst_exponent(VectorXd::Ones(40), 50).reason() == Reason::TOO_SHORT);
  CHECK(hurst_exponent(VectorXd::Zero(100), 50).reason() == Reason::BAD_SAMPLE);
  CHECK_FALSE(hurst_exponent(VectorXd::Ones(100), 50)->back().has_value());
  CHECK(hurst_rescaled_range(VectorXd::Ones(20)).reason() == Reason::TOO_SHORT);
  CHECK(hurst_rescaled_range(VectorXd::Ones(200)).reason() == Reason::DEGENERATE);
  CHECK_THROWS_AS(HurstExponent(10, 16), std::invalid_argument);
}
