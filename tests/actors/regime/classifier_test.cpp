#include "actors/regime/classifier.hpp"
#include "synthetic.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <rapidcheck.h>

using namespace troupe;
using regime::Classifier;
using regime::Settings;
using regime::synthetic::Path;
using regime::synthetic::run;
using regime::synthetic::said_by;
using trading::Regime;

namespace {

double share(const std::vector<regime::synthetic::Said>& said, std::size_t from, Regime label) {
  const auto count = std::count_if(said.begin() + static_cast<std::ptrdiff_t>(from), said.end(),
                                   [&](const auto& x) { return x.ready && x.regime == label; });
  return static_cast<double>(count) / static_cast<double>(said.size() - from);
}

std::vector<trading::Bar> any_path() {
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  Path path{trading::intervals::h1, seed};
  const auto parts = *rc::gen::inRange(1, 8);
  for (int i = 0; i < parts; ++i) {
    const auto bars = *rc::gen::inRange(1, 60);
    switch (*rc::gen::inRange(0, 5)) {
      case 0: path.walk(bars, 0.01); break;
      case 1: path.walk(bars, 0.002, 0.004); break;
      case 2: path.chop(bars, 1.0); break;
      case 3: path.flat(bars); break;
      default: path.jump(*rc::gen::element(-0.3, 0.2, 0.05)).skip(bars); break;
    }
  }
  return path.bars();
}

} // namespace

TEST_CASE("classifier: a steady trend is TRENDING and confidently so") {
  const auto said = run({}, Path{}.walk(60, 0.002).walk(120, 0.002, 0.004).bars());
  CHECK(said.back().regime == Regime::TRENDING);
  CHECK(said.back().confidence > 0.6);
  CHECK(share(said, 90, Regime::TRENDING) > 0.8);
}

TEST_CASE("classifier: a falling trend is TRENDING too") {
  const auto said = run({}, Path{}.walk(60, 0.002).walk(120, 0.002, -0.004).bars());
  CHECK(said.back().regime == Regime::TRENDING);
}

TEST_CASE("classifier: to and fro within a band is CHOPPY") {
  const auto said = run({}, Path{}.chop(120, 1.0).bars());
  CHECK(said.back().regime == Regime::CHOPPY);
  CHECK(said.back().confidence > 0.9);
}

TEST_CASE("classifier: a random walk ranges more than anything else and is hardly ever a crisis") {
  const auto said = run({}, Path{}.walk(5'000, 0.01).bars());
  CHECK(share(said, 100, Regime::RANGING) > share(said, 100, Regime::TRENDING));
  CHECK(share(said, 100, Regime::RANGING) > share(said, 100, Regime::CHOPPY));
  CHECK(share(said, 100, Regime::CRISIS) < 0.01);
}

TEST_CASE("classifier: a shock is CRISIS at its own bar whatever stood before") {
  Settings settings;
  settings.confirm_bars = 10;
  settings.dwell_bars_min = 100;
  Classifier classifier{settings, trading::intervals::h1};
  const auto bars = Path{}.walk(200, 0.003).jump(-0.10).bars();
  for (const auto& bar : bars) {
    if (&bar == &bars.back()) {
      CHECK(classifier.regime() != Regime::CRISIS);
    }
    REQUIRE(classifier.apply(bar) == Classifier::Outcome::APPLIED);
  }
  CHECK(classifier.regime() == Regime::CRISIS);
  CHECK(classifier.since() == bars.back().ts_close);
  CHECK(classifier.confidence() > 0.9);
  CHECK(classifier.features().return_ratio > settings.crisis_volatility_ratio);
  CHECK(classifier.features().shock_ratio == classifier.features().return_ratio);
}

TEST_CASE("classifier: a crisis ends when volatility has come down and the label was confirmed") {
  const auto said = run({}, Path{}.walk(300, 0.003).jump(-0.06).walk(200, 0.003).bars());
  CHECK(said[300].regime == Regime::CRISIS);
  CHECK(said[304].regime == Regime::CRISIS);
  CHECK(said.back().regime != Regime::CRISIS);
}

TEST_CASE("classifier: a crash in steps none of which is a shock is a CRISIS") {
  Path path;
  path.walk(300, 0.003);
  for (int i = 0; i < 12; ++i) {
    path.jump(i % 3 == 2 ? 0.008 : -0.012);
  }
  const auto bars = path.bars();
  const auto said = run({}, bars);
  CHECK(said.back().regime == Regime::CRISIS);
  Settings only_shocks;
  only_shocks.crisis_entry_ratio = 100.0;
  CHECK(run(only_shocks, bars).back().regime != Regime::CRISIS);
}

TEST_CASE("classifier: the larger the shock the surer the crisis") {
  double before = 0.0;
  for (const double shock : {0.02, 0.025, 0.03, 0.04}) {
    const auto said = run({}, Path{}.walk(300, 0.003).jump(-shock).bars()).back();
    REQUIRE(said.regime == Regime::CRISIS);
    CHECK(said.confidence >= before);
    before = said.confidence;
  }
}

TEST_CASE("classifier: the steeper the drift the more bars trend") {
  double before = 0.0;
  for (const double drift : {0.0, 0.001, 0.002, 0.004}) {
    const auto trending =
      share(run({}, Path{}.walk(2'000, 0.003, drift).bars()), 50, Regime::TRENDING);
    CHECK(trending >= before);
    before = trending;
  }
  CHECK(before > 0.7);
}

TEST_CASE("classifier: a flat market ranges without a number that is not finite") {
  const Settings settings;
  Classifier flat{settings, trading::intervals::h1};
  const auto bars = Path{}.flat(400).bars();
  for (const auto& bar : bars) {
    static_cast<void>(flat.apply(bar));
  }
  REQUIRE(flat.ready());
  CHECK(flat.regime() == Regime::RANGING);
  CHECK(flat.confidence() == doctest::Approx(0.5));
  CHECK_FALSE(flat.features().percent_b.has_value());
  CHECK(flat.features().to_map().count("percent_b") == 0);
  for (const auto& [key, value] : flat.features().to_map()) {
    CAPTURE(key);
    CHECK(std::isfinite(value));
  }
}

TEST_CASE("classifier: one tick after a still night is no crisis but a jump is") {
  const auto tick = run({}, Path{}.walk(100, 0.003).flat(400).jump(0.0005).bars()).back();
  CHECK(tick.regime != Regime::CRISIS);
  const auto jump = run({}, Path{}.walk(100, 0.003).flat(400).jump(0.05).bars()).back();
  CHECK(jump.regime == Regime::CRISIS);
}

TEST_CASE("classifier: one symbol's tick moves of a second are no crisis") {
  Path path{trading::intervals::s1};
  for (int i = 0; i < 200; ++i) {
    path.flat(19).jump(i % 2 == 0 ? 0.00001 : -0.00001);
  }
  const auto said = run({}, path.bars(), trading::intervals::s1);
  CHECK(share(said, 30, Regime::CRISIS) == 0.0);
}

TEST_CASE("classifier: a label changes only after enough bars agree and it has stood long enough") {
  Settings settings;
  settings.confirm_bars = 4;
  settings.dwell_bars_min = 10;
  const auto said = run(settings, Path{}.walk(3'000, 0.01).bars());
  std::size_t changed = 0;
  for (std::size_t i = 1; i < said.size(); ++i) {
    if (!said[i - 1].ready || said[i].regime == said[i - 1].regime) {
      continue;
    }
    if (said[i].regime != Regime::CRISIS) {
      REQUIRE(i >= 4);
      for (std::size_t j = i - 3; j <= i; ++j) {
        CHECK(said[j].candidate == said[i].regime);
      }
      CHECK((changed == 0 || i - changed >= 10));
    }
    changed = i;
  }
  CHECK(changed > 0);
  settings.confirm_bars = 1;
  settings.dwell_bars_min = 0;
  for (const auto& x : run(settings, Path{}.walk(500, 0.01).bars())) {
    CHECK(x.regime == x.candidate);
  }
}

TEST_CASE("classifier: is ready with exactly the bars it says it needs") {
  Settings settings;
  settings.adx_period = 5;
  settings.choppiness_period = 30;
  const auto bars = Path{}.walk(60, 0.01).bars();
  Classifier classifier{settings, trading::intervals::h1};
  REQUIRE(classifier.bars_needed() == 31);
  for (const auto& bar : bars) {
    CHECK(classifier.ready() == (classifier.bars() >= 31));
    static_cast<void>(classifier.apply(bar));
  }
  CHECK(classifier.bars() == 60);
}

TEST_CASE("classifier: bars that are old or malformed change nothing") {
  const Settings settings;
  const auto bars = Path{}.walk(100, 0.01).bars();
  Classifier classifier{settings, trading::intervals::h1};
  for (const auto& bar : bars) {
    static_cast<void>(classifier.apply(bar));
  }
  const auto before = said_by(classifier);
  CHECK(classifier.apply(bars.back()) == Classifier::Outcome::OLD);
  CHECK(classifier.apply(bars[50]) == Classifier::Outcome::OLD);
  const auto next = regime::synthetic::bar_of(450'100, trading::intervals::h1, 1, 2, 1, 1);
  auto bad = next;
  bad.final = false;
  CHECK(classifier.apply(bad) == Classifier::Outcome::REFUSED);
  bad = next;
  bad.ts_close = bad.ts_open + std::chrono::minutes{1};
  CHECK(classifier.apply(bad) == Classifier::Outcome::REFUSED);
  bad = next;
  bad.ts_open = bad.ts_open + std::chrono::minutes{1};
  bad.ts_close = bad.ts_close + std::chrono::minutes{1};
  CHECK(classifier.apply(bad) == Classifier::Outcome::REFUSED);
  bad = next;
  bad.low = {};
  CHECK(classifier.apply(bad) == Classifier::Outcome::REFUSED);
  bad = next;
  std::swap(bad.low, bad.high);
  CHECK(classifier.apply(bad) == Classifier::Outcome::REFUSED);
  CHECK(classifier.refused() == 5);
  CHECK(said_by(classifier) == before);
  CHECK(classifier.bars() == 100);
}

TEST_CASE("classifier: a hole counts as bars at the last close") {
  const Settings settings;
  const auto holed = Path{}.walk(100, 0.01).skip(7).walk(1, 0.01).bars();
  auto filled = Path{}.walk(100, 0.01).flat(7).walk(1, 0.01).bars();
  // opens at the same close, so that the last bars are equal
  REQUIRE(holed.back() == filled.back());
  const auto a = run(settings, holed).back();
  CHECK(a == run(settings, filled).back());
  Classifier classifier{settings, trading::intervals::h1};
  for (const auto& bar : holed) {
    static_cast<void>(classifier.apply(bar));
  }
  CHECK(classifier.bars() == 101);
  CHECK(classifier.as_of() == holed.back().ts_close);
}

TEST_CASE("classifier: a hole of years costs no more than the longest window") {
  const Settings settings;
  Classifier classifier{settings, trading::intervals::s1};
  const auto bars =
    Path{trading::intervals::s1}.walk(100, 0.0001).skip(400'000'000).walk(50, 0.0001).bars();
  for (const auto& bar : bars) {
    CHECK(classifier.apply(bar) == Classifier::Outcome::APPLIED);
  }
  CHECK(classifier.as_of() == bars.back().ts_close);
}

TEST_CASE("classifier: truncating the future never changes the past") {
  CHECK(rc::check([] {
    const Settings settings;
    const auto bars = any_path();
    const auto whole = run(settings, bars);
    const auto cut = *rc::gen::inRange<std::size_t>(0, bars.size() + 1);
    const auto part =
      run(settings, {bars.begin(), bars.begin() + static_cast<std::ptrdiff_t>(cut)});
    RC_ASSERT(std::equal(part.begin(), part.end(), whole.begin()));
  }));
}

TEST_CASE("classifier: every number is finite and confidence is within 0 and 1 on any path") {
  CHECK(rc::check([] {
    const Settings settings;
    Classifier classifier{settings, trading::intervals::h1};
    for (const auto& bar : any_path()) {
      static_cast<void>(classifier.apply(bar));
      if (!classifier.ready()) {
        continue;
      }
      RC_ASSERT(classifier.confidence() >= 0.0);
      RC_ASSERT(classifier.confidence() <= 1.0);
      for (const auto& [key, value] : classifier.features().to_map()) {
        RC_ASSERT(std::isfinite(value));
      }
      RC_ASSERT(classifier.since() <= classifier.as_of().value());
    }
  }));
}

TEST_CASE("classifier: all prices times a constant give the same labels") {
  CHECK(rc::check([] {
    const Settings settings;
    const auto bars = any_path();
    auto scaled = bars;
    for (auto& bar : scaled) {
      for (auto* price : {&bar.open, &bar.high, &bar.low, &bar.close}) {
        *price = *price * 1'024; // a power of two: exact in doubles
      }
    }
    const auto a = run(settings, bars);
    const auto b = run(settings, scaled);
    for (std::size_t i = 0; i < a.size(); ++i) {
      RC_ASSERT(a[i].regime == b[i].regime);
    }
  }));
}

TEST_CASE("classifier: a run over the last warm_up_bars ends as a run over all") {
  const Settings settings;
  Path path;
  for (int i = 0; i < 10; ++i) {
    path.walk(200, 0.004).walk(80, 0.003, 0.003).jump(i % 2 == 0 ? -0.08 : 0.05).chop(60, 0.7);
  }
  const auto& bars = path.bars();
  const auto whole = run(settings, bars);
  for (std::size_t end = settings.warm_up_bars + 1; end < bars.size(); end += 41) {
    const auto first = bars.begin() + static_cast<std::ptrdiff_t>(end - settings.warm_up_bars);
    const auto part = run(settings, {first, bars.begin() + static_cast<std::ptrdiff_t>(end)});
    CAPTURE(end);
    CHECK(part.back().regime == whole[end - 1].regime);
  }
}
