#include "quant/indicators/adx.hpp"
#include "quant/indicators/atr.hpp"
#include "quant/indicators/bollinger.hpp"
#include "quant/indicators/choppiness.hpp"
#include "quant/indicators/rsi.hpp"
#include "quant/volatility/ewma.hpp"
#include "random_bars.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <rapidcheck.h>

using namespace troupe::quant;
using namespace troupe::quant::testing;
using Eigen::Index;
using Eigen::VectorXd;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// Sum of Wilder's smoothing from its closed form: no recursion shared with the library.
double smoothed_sum(const VectorXd& x, Index n, Index t) {
  const double keep = 1.0 - 1.0 / static_cast<double>(n);
  double sum = 0.0;
  for (Index i = 1; i <= t; ++i) {
    const auto age = static_cast<double>(i <= n ? t - n : t - i);
    sum += x[i] * std::pow(keep, age);
  }
  return sum;
}

VectorXd true_ranges(const Walk& w) {
  VectorXd out = VectorXd::Zero(w.close.size());
  for (Index t = 1; t < out.size(); ++t) {
    out[t] = std::max({w.high[t] - w.low[t], std::abs(w.high[t] - w.close[t - 1]),
                       std::abs(w.low[t] - w.close[t - 1])});
  }
  return out;
}

} // namespace

TEST_CASE("atr: hand computed") {
  Atr atr{2};
  CHECK_FALSE(atr.update(2, 1, 2).has_value());
  const auto first = atr.update(4, 2, 3);
  REQUIRE(first.has_value());
  CHECK(first->true_range == 2.0);
  CHECK_FALSE(first->atr.has_value());
  CHECK(atr.update(5, 3, 4)->atr.value() == 2.0);
  CHECK(atr.update(4, 4, 4)->atr.value() == 1.0);
  CHECK(atr.update(9, 8, 9)->atr.value() == 3.0);
}

TEST_CASE("atr: agrees with the closed form of Wilder's smoothing") {
  CHECK(rc::check([] {
    const auto w = walk(80, *seeds());
    const auto n = *rc::gen::inRange<Index>(1, 30);
    const auto out = atr(w.bars(), n);
    const auto ranges = true_ranges(w);
    for (Index t = n; t < 80; ++t) {
      const double expected = smoothed_sum(ranges, n, t) / static_cast<double>(n);
      RC_ASSERT(std::abs(out->atr[t - n] - expected) < 1e-10);
    }
  }));
}

TEST_CASE("rsi: hand computed") {
  VectorXd close(5);
  close << 10, 11, 10, 12, 12;
  const auto out = rsi(close, 2);
  REQUIRE(out.has_value());
  REQUIRE(out->size() == 3);
  CHECK((*out)[0] == 50.0);
  CHECK((*out)[1] == doctest::Approx(100.0 * 1.25 / 1.5));
  CHECK((*out)[2] == doctest::Approx(100.0 * 1.25 / 1.5));
}

TEST_CASE("rsi: bounds and symmetry") {
  CHECK(rc::check([] {
    const auto w = walk(120, *seeds());
    const auto n = *rc::gen::inRange<Index>(1, 40);
    const auto out = rsi(w.close, n);
    const VectorXd mirrored = -w.close;
    const auto mirror = rsi(mirrored, n);
    for (Index i = 0; i < out->size(); ++i) {
      RC_ASSERT((*out)[i] >= 0.0 && (*out)[i] <= 100.0);
      RC_ASSERT(std::abs((*out)[i] + (*mirror)[i] - 100.0) < 1e-9);
    }
  }));
}

TEST_CASE("rsi: only gains are 100 and no move at all is 50") {
  CHECK(rsi(VectorXd::LinSpaced(20, 1, 20), 14)->minCoeff() == 100.0);
  CHECK(rsi(VectorXd::Constant(20, 7.0), 14)->isConstant(50.0));
}

TEST_CASE("bollinger: hand computed") {
  VectorXd close(4);
  close << 1, 2, 3, 4;
  const auto out = bollinger(close, 4, 2.0);
  REQUIRE(out.has_value());
  CHECK(out->middle[0] == 2.5);
  CHECK(out->upper[0] == doctest::Approx(2.5 + 2 * std::sqrt(1.25)));
  CHECK(out->lower[0] == doctest::Approx(2.5 - 2 * std::sqrt(1.25)));
  CHECK(*out->percent_b[0] == doctest::Approx((1.5 + 2 * std::sqrt(1.25)) / (4 * std::sqrt(1.25))));
}

TEST_CASE("bollinger: agrees with a two-pass window") {
  CHECK(rc::check([] {
    const auto w = walk(150, *seeds());
    const auto n = *rc::gen::inRange<Index>(1, 50);
    const auto out = bollinger(w.close, n, 2.0);
    for (Index i = 0; i < out->middle.size(); ++i) {
      const auto window = w.close.segment(i, n).array();
      const double mean = window.mean();
      const double deviation = std::sqrt((window - mean).square().mean());
      RC_ASSERT(std::abs(out->middle[i] - mean) < 1e-11);
      RC_ASSERT(std::abs(out->upper[i] - (mean + 2 * deviation)) < 1e-10);
      RC_ASSERT(out->percent_b[static_cast<std::size_t>(i)].has_value()
                == (window.maxCoeff() > window.minCoeff()));
    }
  }));
}

TEST_CASE("bollinger: no drift over a million bars nor after a spike") {
  constexpr Index n = 20;
  std::mt19937 generator{7};
  std::normal_distribution<double> normal;
  Bollinger running{n, 2.0};
  std::array<double, n> recent{};
  double worst = 0.0;
  for (std::size_t t = 0; t < 1'000'000; ++t) {
    const bool spike = t % 1009 == 500;
    const double x = spike ? 1e9 : 0.0001 * (1.0 + 0.01 * normal(generator));
    recent[t % n] = x;
    const auto value = running.update(x);
    if (t % 1009 < 600) {
      continue;
    }
    const Eigen::Map<const Eigen::ArrayXd> window{recent.data(), n};
    const double deviation = std::sqrt((window - window.mean()).square().mean());
    worst = std::max(worst, std::abs(value->deviation / deviation - 1.0));
  }
  CHECK(worst < 1e-9);
}

TEST_CASE("indicators: a series that exists is used again, and equals one bar at a time") {
  AdxSeries directions;
  BollingerSeries bands;
  AtrSeries ranges;
  VectorXd strength;
  VectorXd chop;
  for (const unsigned seed : {1U, 2U}) {
    const auto w = walk(300, seed);
    const auto* const before = directions.adx.data();
    CHECK(adx(w.bars(), 14, directions).has_value());
    CHECK((seed == 1U || directions.adx.data() == before));
    CHECK(bollinger(w.close, 20, 2.0, bands).has_value());
    CHECK(atr(w.bars(), 14, ranges).has_value());
    CHECK(rsi(w.close, 14, strength).has_value());
    CHECK(choppiness(w.bars(), 14, chop).has_value());
    CHECK(ranges.atr == atr(w.bars(), 14)->atr);
    CHECK(strength == *rsi(w.close, 14));
    CHECK(chop == *choppiness(w.bars(), 14));
    Adx one{14};
    Bollinger two{20, 2.0};
    for (Index t = 0; t < 300; ++t) {
      const auto a = one.update(w.high[t], w.low[t], w.close[t]);
      const auto b = two.update(w.close[t]);
      CHECK((!a || a->dx == directions.dx[t - 14]));
      CHECK((!a || !a->adx || *a->adx == directions.adx[t - 27]));
      CHECK((!b || b->upper == bands.upper[t - 19]));
      CHECK((!b || b->percent_b == bands.percent_b[static_cast<std::size_t>(t - 19)]));
    }
  }
  const auto w = walk(10, 3);
  CHECK(adx(w.bars(), 14, directions).reason() == Reason::TOO_SHORT);
  CHECK(bollinger(w.close, 20, 2.0, bands).reason() == Reason::TOO_SHORT);
}

TEST_CASE("bollinger: right after a spike has left the window is exact again") {
  Bollinger running{3, 2.0};
  for (const double x : {1.0, 1e12, 1.5, 2.0}) {
    running.update(x);
  }
  const auto value = running.update(2.5);
  CHECK(value->middle == 2.0);
  CHECK(value->deviation == doctest::Approx(std::sqrt(0.5 / 3.0)).epsilon(1e-12));
}

TEST_CASE("bollinger: bands of a still market coincide") {
  const auto out = bollinger(VectorXd::Constant(30, 0.1), 20, 2.0);
  CHECK(out->upper == out->lower);
  CHECK(out->middle[3] == doctest::Approx(0.1));
  CHECK_FALSE(out->percent_b[3].has_value());
}

TEST_CASE("choppiness: hand computed") {
  // ranges 2 and 2 over a span of 4: log10(1); then 2 and 2 over a span of 2: log10(2)
  Choppiness running{2};
  CHECK_FALSE(running.update(10, 8, 10).has_value());
  CHECK_FALSE(running.update(12, 10, 12).has_value());
  CHECK(*running.update(14, 12, 14) == doctest::Approx(0.0));
  CHECK(*running.update(14, 12, 12) == doctest::Approx(100.0));
}

TEST_CASE("choppiness: agrees with the definition in every variant") {
  CHECK(rc::check([] {
    const auto w = walk(90, *seeds());
    const auto n = *rc::gen::inRange<Index>(2, 30);
    const bool raw = *rc::gen::arbitrary<bool>();
    const bool counted = *rc::gen::arbitrary<bool>();
    const auto out = choppiness(w.bars(), n, raw ? ChoppinessRange::RAW : ChoppinessRange::TRUE,
                                counted ? FirstBar::HIGH_LOW : FirstBar::SKIPPED);
    auto ranges = true_ranges(w);
    ranges[0] = w.high[0] - w.low[0];
    VectorXd highs = w.high;
    VectorXd lows = w.low;
    for (Index t = 1; !raw && t < 90; ++t) {
      highs[t] = std::max(w.high[t], w.close[t - 1]);
      lows[t] = std::min(w.low[t], w.close[t - 1]);
    }
    const Index first = counted ? n - 1 : n;
    RC_ASSERT(out->size() == 90 - first);
    for (Index t = first; t < 90; ++t) {
      const double span =
        highs.segment(t - n + 1, n).maxCoeff() - lows.segment(t - n + 1, n).minCoeff();
      const double sum = ranges.segment(t - n + 1, n).sum();
      const double expected =
        span > 0 ? 100 * std::log10(sum / span) / std::log10(static_cast<double>(n)) : 100.0;
      RC_ASSERT(std::abs((*out)[t - first] - expected) < 1e-9);
    }
  }));
}

TEST_CASE("choppiness: a market without range is 100") {
  const VectorXd flat = VectorXd::Constant(20, 3.0);
  CHECK(choppiness({flat, flat, flat}, 14)->isConstant(100.0));
}

TEST_CASE("adx: hand computed") {
  Adx running{2};
  CHECK_FALSE(running.update(10, 9, 9.5).has_value());
  CHECK_FALSE(running.update(11, 10, 10.5).has_value()); // +DM 1, TR 1.5
  const auto second = running.update(11, 9, 10);         // -DM 1, TR 2
  REQUIRE(second.has_value());
  CHECK(second->plus_di == doctest::Approx(100.0 / 3.5));
  CHECK(second->dx == 0.0);
  CHECK_FALSE(second->adx.has_value());
  const auto third = running.update(13, 10, 12); // +DM 2, TR 3
  CHECK(third->plus_di == doctest::Approx(100.0 * 2.5 / 4.75));
  CHECK(third->minus_di == doctest::Approx(100.0 * 0.5 / 4.75));
  CHECK(third->dx == doctest::Approx(100.0 * 2.0 / 3.0));
  CHECK(*third->adx == doctest::Approx(100.0 / 3.0));
}

TEST_CASE("adx: agrees with the closed form and stays within its bounds") {
  CHECK(rc::check([] {
    const auto w = walk(100, *seeds());
    const auto n = *rc::gen::inRange<Index>(1, 25);
    const auto out = adx(w.bars(), n);
    const auto ranges = true_ranges(w);
    VectorXd plus = VectorXd::Zero(100);
    VectorXd minus = VectorXd::Zero(100);
    for (Index t = 1; t < 100; ++t) {
      const double up = w.high[t] - w.high[t - 1];
      const double down = w.low[t - 1] - w.low[t];
      plus[t] = up > down && up > 0 ? up : 0;
      minus[t] = down > up && down > 0 ? down : 0;
    }
    double adx_expected = 0.0;
    for (Index t = n; t < 100; ++t) {
      const double range = smoothed_sum(ranges, n, t);
      const double p = range > 0 ? 100 * smoothed_sum(plus, n, t) / range : 0;
      const double m = range > 0 ? 100 * smoothed_sum(minus, n, t) / range : 0;
      const double dx = out->dx[t - n];
      RC_ASSERT(std::abs(out->plus_di[t - n] - p) < 1e-8);
      RC_ASSERT(std::abs(out->minus_di[t - n] - m) < 1e-8);
      if (p + m > 1e-3) {
        RC_ASSERT(std::abs(dx - 100 * std::abs(p - m) / (p + m)) < 1e-6);
      }
      const auto size = static_cast<double>(n);
      if (t == 2 * n - 1) {
        adx_expected = out->dx.head(n).mean();
      } else if (t >= 2 * n) {
        adx_expected = (adx_expected * (size - 1) + dx) / size;
      }
      if (t >= 2 * n - 1) {
        const double value = out->adx[t - 2 * n + 1];
        RC_ASSERT(value >= 0.0 && value <= 100.0 + 1e-9);
        RC_ASSERT(std::abs(value - adx_expected) < 1e-9);
      }
    }
  }));
}

TEST_CASE("adx: a steady climb is 100 and a still market 0") {
  const VectorXd climb = VectorXd::LinSpaced(60, 1, 60);
  CHECK(adx({climb, climb, climb}, 14)->adx.isApproxToConstant(100.0));
  const VectorXd flat = VectorXd::Constant(60, 3.0);
  CHECK(adx({flat, flat, flat}, 14)->adx.isConstant(0.0));
}

TEST_CASE("ewma volatility: hand computed and annualised") {
  EwmaVolatility running{0.94};
  CHECK_FALSE(running.update(100).has_value());
  const double r1 = std::log(1.1);
  CHECK(*running.update(110) == doctest::Approx(r1));
  const double r2 = std::log(99.0 / 110.0);
  CHECK(*running.update(99) == doctest::Approx(std::sqrt(0.94 * r1 * r1 + 0.06 * r2 * r2)));
  CHECK(*annualise(0.01, 365.0 * 24.0) == doctest::Approx(0.01 * std::sqrt(8760.0)));
  CHECK_FALSE(annualise(-0.01, 365.0).has_value());
  CHECK_FALSE(annualise(0.01, 0.0).has_value());
  CHECK_FALSE(annualise(not_a_number, 365.0).has_value());
}

TEST_CASE("ewma volatility: scale of the price does not matter") {
  CHECK(rc::check([] {
    const auto w = walk(50, *seeds());
    const VectorXd scaled = 1000.0 * w.close;
    RC_ASSERT(ewma_volatility(w.close, 0.9)->isApprox(*ewma_volatility(scaled, 0.9), 1e-9));
  }));
}

TEST_CASE("indicators: a refused bar changes nothing") {
  const auto w = walk(60, 3);
  Adx plain{5};
  Adx disturbed{5};
  Choppiness chop_plain{5};
  Choppiness chop_disturbed{5};
  for (Index t = 0; t < 60; ++t) {
    CHECK_FALSE(disturbed.update(not_a_number, 1, 1).has_value());
    CHECK_FALSE(chop_disturbed.update(1, 2, 1).has_value());
    const auto a = plain.update(w.high[t], w.low[t], w.close[t]);
    const auto b = disturbed.update(w.high[t], w.low[t], w.close[t]);
    REQUIRE(a.has_value() == b.has_value());
    CHECK((!a || a->plus_di == b->plus_di));
    CHECK(chop_plain.update(w.high[t], w.low[t], w.close[t])
          == chop_disturbed.update(w.high[t], w.low[t], w.close[t]));
  }
  CHECK(disturbed.refused() == 60);
  CHECK(chop_disturbed.refused() == 60);
  Rsi rsi_running{2};
  CHECK_FALSE(rsi_running.update(std::numeric_limits<double>::infinity()).has_value());
  CHECK_FALSE(rsi_running.update(1.0, 2.0, 1.5).has_value());
  CHECK(rsi_running.refused() == 2);
  Bollinger bands{2, 1.0};
  CHECK_FALSE(bands.update(1e101).has_value());
  CHECK_FALSE(bands.update(1.0, 2.0, 1.5).has_value());
  CHECK(bands.refused() == 2);
  EwmaVolatility volatility{0.5};
  CHECK_FALSE(volatility.update(0.0).has_value());
  CHECK(volatility.refused() == 1);
  Atr atr_running{1};
  CHECK_FALSE(atr_running.update(1, 2, 1).has_value());
  CHECK(atr_running.refused() == 1);
}

TEST_CASE("indicators: bad parameters and shapes are refused") {
  const auto w = walk(30, 1);
  CHECK_THROWS_AS(Adx{0}, std::invalid_argument);
  CHECK_THROWS_AS(Atr{period_bars_max + 1}, std::invalid_argument);
  CHECK_THROWS_AS(Choppiness{1}, std::invalid_argument);
  CHECK_THROWS_AS((Bollinger{20, 0.0}), std::invalid_argument);
  CHECK_THROWS_AS(Rsi{-1}, std::invalid_argument);
  CHECK_THROWS_AS(EwmaVolatility{1.0}, std::invalid_argument);
  CHECK(adx(w.bars(), 0).reason() == Reason::BAD_PARAMETER);
  CHECK(adx(w.bars(), 16).reason() == Reason::TOO_SHORT);
  CHECK(adx(w.bars(), 15).has_value());
  CHECK(atr(w.bars(), 30).reason() == Reason::TOO_SHORT);
  CHECK(atr(w.bars(), 29).has_value());
  CHECK(rsi(w.close, 30).reason() == Reason::TOO_SHORT);
  CHECK(choppiness(w.bars(), 30).reason() == Reason::TOO_SHORT);
  CHECK(choppiness(w.bars(), 1).reason() == Reason::BAD_PARAMETER);
  CHECK(bollinger(w.close, 31, 2.0).reason() == Reason::TOO_SHORT);
  CHECK(bollinger(w.close, 20, not_a_number).reason() == Reason::BAD_PARAMETER);
  CHECK(ewma_volatility(w.close, 0.0).reason() == Reason::BAD_PARAMETER);
  const VectorXd short_low = w.low.head(20);
  CHECK(adx({w.high, short_low, w.close}, 5).reason() == Reason::BAD_SHAPE);
  CHECK(atr({w.high, short_low, w.close}, 5).reason() == Reason::BAD_SHAPE);
  VectorXd holed = w.close;
  holed[7] = not_a_number;
  CHECK(rsi(holed, 5).reason() == Reason::BAD_SAMPLE);
  CHECK(bollinger(holed, 5, 2.0).reason() == Reason::BAD_SAMPLE);
  CHECK(choppiness({w.high, w.low, holed}, 5).reason() == Reason::BAD_SAMPLE);
  CHECK(adx({w.low, w.high, w.close}, 5).reason() == Reason::BAD_SAMPLE);
  CHECK(name(Reason::BAD_SAMPLE) == "BAD_SAMPLE");
}
