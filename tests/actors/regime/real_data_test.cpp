#include "actors/regime/rules.hpp"
#include "recorded_bars.hpp"
#include "synthetic.hpp"

#include <cstdio>
#include <map>

/// Hourly bars of twelve coins, April 2021 to December 2023, where they are at hand.
using namespace troupe;
using regime::Classifier;
using regime::Settings;
using regime::synthetic::run;
using regime::synthetic::Said;
using trading::Regime;

namespace {

constexpr std::chrono::nanoseconds hour = std::chrono::hours{1};

/// How labels follow each other.
struct Dwelling {
  int bars = 0; ///< with a label and one before it
  int switches = 0;
  int plain_switches = 0; ///< of the rules' label of each bar by itself
  double shortest = 1e9;  ///< bars that a label stood until another one than CRISIS came
  std::map<Regime, int> share;

  [[nodiscard]] double years() const { return bars / 8'760.0; }
  [[nodiscard]] double switches_per_year() const { return switches / years(); }
  [[nodiscard]] double mean_dwell() const { return bars / (switches + 1.0); }
};

Dwelling dwelling(const Settings& settings, const std::vector<trading::Bar>& bars) {
  Dwelling out;
  Classifier classifier{settings, trading::intervals::h1};
  std::optional<Said> before;
  std::optional<Regime> plain_before;
  for (const auto& bar : bars) {
    static_cast<void>(classifier.apply(bar));
    if (!classifier.ready()) {
      continue;
    }
    const auto said = regime::synthetic::said_by(classifier);
    const auto plain = regime::candidate(classifier.features(), {}, settings);
    if (before) {
      ++out.bars;
      ++out.share[said.regime];
      out.plain_switches += plain == plain_before ? 0 : 1;
      if (said.regime != before->regime) {
        ++out.switches;
        if (said.regime != Regime::CRISIS && out.switches > 1) {
          out.shortest =
            std::min(out.shortest, static_cast<double>((said.since - before->since).count())
                                     / static_cast<double>(hour.count()));
        }
      }
    }
    before = said;
    plain_before = plain;
  }
  return out;
}

} // namespace

TEST_CASE("real data: every coin has a regime, all four labels occur and none flaps") {
  if (!test::have_recorded(test::hourly_bars)) {
    return;
  }
  const Settings settings;
  std::printf("coin  switches/year  mean dwell  without hysteresis  TREND RANGE CHOPPY CRISIS\n");
  for (const std::string coin : test::hourly_coins) {
    CAPTURE(coin);
    const auto bars = test::recorded_bars(test::hourly_bars, coin);
    REQUIRE(bars.size() > 20'000);
    auto found = dwelling(settings, bars);
    REQUIRE(found.bars > 20'000);
    CHECK(found.share.size() == 4);
    CHECK(found.share[Regime::CRISIS] < found.bars / 5);
    // A label that on the average does not outlive the window of bars that it is made of says
    // nothing about the market: that would be flapping.
    CHECK(found.mean_dwell() >= settings.choppiness_period);
    CHECK(found.switches_per_year() <= 8'760.0 / settings.choppiness_period);
    CHECK(found.switches < found.plain_switches / 2);
    CHECK(found.shortest >= settings.dwell_bars_min);
    const auto percent = [&](Regime regime) { return 100.0 * found.share[regime] / found.bars; };
    std::printf("%-5s %13.0f  %8.1f h  %18.0f  %4.0f%% %4.0f%% %5.0f%% %5.0f%%\n", coin.c_str(),
                found.switches_per_year(), found.mean_dwell(), found.plain_switches / found.years(),
                percent(Regime::TRENDING), percent(Regime::RANGING), percent(Regime::CHOPPY),
                percent(Regime::CRISIS));
  }
}

TEST_CASE("real data: the known crashes are crises") {
  if (!test::have_recorded(test::hourly_bars)) {
    return;
  }
  const Settings settings;
  const auto bars = test::recorded_bars(test::hourly_bars, "BTC");
  const auto said = run(settings, bars);
  for (const char* day :
       {"2021-05-19", "2021-09-07", "2021-12-04", "2022-05-11", "2022-11-08", "2023-08-17"}) {
    bool crisis = false;
    for (std::size_t i = 0; i < bars.size(); ++i) {
      crisis =
        crisis || (bars[i].ts_open.to_text().starts_with(day) && said[i].regime == Regime::CRISIS);
    }
    CAPTURE(day);
    CHECK(crisis);
  }
}

TEST_CASE("real data: a restart from history gives the label of the uninterrupted run") {
  if (!test::have_recorded(test::hourly_bars)) {
    return;
  }
  const Settings settings;
  const auto bars = test::recorded_bars(test::hourly_bars, "BTC");
  const auto whole = run(settings, bars);
  for (std::size_t end = 1'000; end < bars.size(); end += 997) {
    const auto first = bars.begin() + static_cast<std::ptrdiff_t>(end - settings.warm_up_bars);
    const auto part = run(settings, {first, bars.begin() + static_cast<std::ptrdiff_t>(end)});
    CAPTURE(end);
    CHECK(part.back().regime == whole[end - 1].regime);
    CHECK(part.back().candidate == whole[end - 1].candidate);
  }
}
