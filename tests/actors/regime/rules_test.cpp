#include "actors/regime/rules.hpp"

#include <doctest/doctest.h>

#include <rapidcheck.h>

using namespace troupe;
using regime::candidate;
using regime::confidence;
using regime::Features;
using regime::Settings;
using regime::Standing;
using trading::Regime;

namespace {

Features calm() {
  Features f;
  f.adx = 15.0;
  f.choppiness = 50.0;
  f.volatility_ratio = 0.9;
  f.shock_ratio = 0.8;
  return f;
}

const Standing after_crisis{.label = {}, .in_crisis = true};

} // namespace

TEST_CASE("rules: each threshold decides at its own value") {
  const Settings s;
  auto f = calm();
  CHECK(candidate(f, {}, s) == Regime::RANGING);
  f.adx = 25.0;
  CHECK(candidate(f, {}, s) == Regime::TRENDING);
  f.choppiness = 50.01;
  CHECK(candidate(f, {}, s) == Regime::RANGING);
  f.choppiness = 61.8;
  CHECK(candidate(f, {}, s) == Regime::CHOPPY);
  f.choppiness = 61.79;
  CHECK(candidate(f, {}, s) == Regime::RANGING);
  f.shock_ratio = 100.0;
  f.volatility_ratio = 1.29; // a shock that left volatility as it was
  CHECK(candidate(f, {}, s) == Regime::RANGING);
  f.volatility_ratio = 1.3;
  f.shock_ratio = 6.0;
  CHECK(candidate(f, {}, s) == Regime::RANGING);
  f.shock_ratio = 6.01;
  CHECK(candidate(f, {}, s) == Regime::CRISIS);
  f.shock_ratio = 4.01;
  f.shock_threshold = 4.0; // of a day's bar
  CHECK(candidate(f, {}, s) == Regime::CRISIS);
  f.shock_ratio = 0.0;
  f.volatility_ratio = 1.99;
  CHECK(candidate(f, {}, s) == Regime::RANGING);
  CHECK(candidate(f, after_crisis, s) == Regime::CRISIS);
  f.volatility_ratio = 2.0;
  CHECK(candidate(f, {}, s) == Regime::CRISIS);
  f.volatility_ratio = 1.29;
  CHECK(candidate(f, after_crisis, s) == Regime::RANGING);
}

TEST_CASE("rules: a still window ranges although its choppiness is 100") {
  const Settings s;
  auto f = calm();
  f.choppiness = 100.0;
  CHECK(candidate(f, {}, s) == Regime::CHOPPY);
  f.still = true;
  CHECK(candidate(f, {}, s) == Regime::RANGING);
  CHECK(confidence(Regime::RANGING, f, s) == doctest::Approx(0.5));
  CHECK(confidence(Regime::CHOPPY, f, s) == doctest::Approx(0.0));
  CHECK(confidence(Regime::TRENDING, f, s) == doctest::Approx(0.0));
}

TEST_CASE("rules: thresholds come from the settings") {
  Settings s;
  s.trending_adx_min = 10.0;
  CHECK(candidate(calm(), {}, s) == Regime::TRENDING);
  s = {};
  s.choppy_choppiness_min = 50.0;
  s.trending_choppiness_max = 40.0;
  CHECK(candidate(calm(), {}, s) == Regime::CHOPPY);
  s = {};
  s.crisis_entry_ratio = 0.9;
  CHECK(candidate(calm(), {}, s) == Regime::CRISIS);
  s = {};
  s.crisis_exit_ratio = 0.8;
  CHECK(candidate(calm(), after_crisis, s) == Regime::CRISIS);
}

TEST_CASE("rules: confidence is the stated formula") {
  const Settings s;
  auto f = calm();
  f.adx = 35.0;
  f.choppiness = 44.1; // half a unit below 50
  CHECK(confidence(Regime::TRENDING, f, s) == doctest::Approx((1.0 + 0.4) / 2.0));
  CHECK(confidence(Regime::RANGING, f, s) == doctest::Approx((1.0 - 0.4) / 2.0));
  f.choppiness = 55.9; // half a unit from both thresholds, inside what stands
  CHECK(confidence(Regime::TRENDING, f, s) == doctest::Approx((1.0 + 0.4) / 2.0));
  CHECK(confidence(Regime::CHOPPY, f, s) == doctest::Approx(0.75));
  CHECK(confidence(Regime::RANGING, f, s) == doctest::Approx(0.75));
  f.choppiness = 67.7;
  CHECK(confidence(Regime::CHOPPY, f, s) == doctest::Approx(1.0));
  CHECK(confidence(Regime::TRENDING, f, s) == doctest::Approx(0.25));
  f.shock_ratio = 9.0;
  f.volatility_ratio = 1.3 * 1.25; // the smaller of 9 / 6 and 1.25 counts
  CHECK(confidence(Regime::CRISIS, f, s) == doctest::Approx(0.75));
  CHECK(confidence(Regime::CHOPPY, f, s) == doctest::Approx(0.25));
  f.volatility_ratio = 1.3 * 2.0;
  CHECK(confidence(Regime::CRISIS, f, s) == doctest::Approx(1.0));
  f.shock_ratio = 0.0;
  f.volatility_ratio = 1.3 * 1.5;
  CHECK(confidence(Regime::CRISIS, f, s) == doctest::Approx(0.75));
}

TEST_CASE("rules: trend and chop end where choppiness reaches the other one's threshold") {
  const Settings s;
  auto f = calm();
  const Standing trending{.label = Regime::TRENDING};
  const Standing choppy{.label = Regime::CHOPPY};
  f.adx = 25.0;
  f.choppiness = 61.8;
  CHECK(candidate(f, trending, s) == Regime::TRENDING);
  CHECK(candidate(f, {}, s) == Regime::CHOPPY);
  f.choppiness = 61.9;
  CHECK(candidate(f, trending, s) == Regime::CHOPPY);
  f.choppiness = 55.0;
  CHECK(candidate(f, trending, s) == Regime::TRENDING);
  CHECK(candidate(f, choppy, s) == Regime::CHOPPY);
  CHECK(candidate(f, {}, s) == Regime::RANGING);
  f.choppiness = 49.9;
  CHECK(candidate(f, choppy, s) == Regime::TRENDING);
  f.adx = 24.9;
  CHECK(candidate(f, choppy, s) == Regime::RANGING);
  CHECK(candidate(f, trending, s) == Regime::RANGING);
}

TEST_CASE("rules: confidence is at least half exactly where the bar's own label stands") {
  CHECK(rc::check([] {
    const Settings s;
    Features f;
    f.adx = *rc::gen::inRange(0, 1'001) / 10.0;
    f.choppiness = *rc::gen::inRange(0, 1'001) / 10.0;
    f.shock_ratio = *rc::gen::inRange(0, 1'000) / 100.0;
    f.shock_threshold = *rc::gen::element(4.0, 6.0);
    f.volatility_ratio = *rc::gen::inRange(0, 400) / 100.0;
    f.still = *rc::gen::inRange(0, 10) == 0;
    const auto stands = *rc::gen::element(Regime::TRENDING, Regime::CHOPPY, Regime::RANGING);
    const bool in_crisis = *rc::gen::arbitrary<bool>();
    const auto label = candidate(f, {.label = stands, .in_crisis = in_crisis}, s);
    RC_ASSERT(confidence(label, f, s) >= 0.5 - 1e-12);
    if (in_crisis && label == Regime::CRISIS) {
      return; // it comes at once, so that no other label stands beside it
    }
    if (stands != label) {
      RC_ASSERT(confidence(stands, f, s) <= 0.5 + 1e-12);
    }
  }));
}

TEST_CASE("rules: a stronger trend is never less sure to be one") {
  CHECK(rc::check([] {
    const Settings s;
    auto f = calm();
    f.adx = *rc::gen::inRange(0, 90);
    f.choppiness = *rc::gen::inRange(10, 100);
    const double before = confidence(Regime::TRENDING, f, s);
    f.adx += *rc::gen::inRange(0, 10);
    f.choppiness -= *rc::gen::inRange(0, 10);
    RC_ASSERT(confidence(Regime::TRENDING, f, s) >= before);
  }));
}
