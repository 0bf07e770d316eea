#include "actors/regime/models/ensemble.hpp"
#include "actors/regime/models/fit.hpp"
#include "actors/regime/models/follower.hpp"
#include "recorded_bars.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

/// Models over hourly bars of coins, April 2021 to December 2023, fitted anew as time goes on.
using namespace troupe;
using regime::regimes_all;
using trading::Regime;

namespace {

const auto hourly = trading::intervals::h1;

std::string file_of(const std::string& coin) {
  return test::hourly_bars + coin + "USDT.csv.gz";
}

/// What was said at one bar.
struct Answered {
  Regime rules{};
  Regime label{};
  regime::Distribution probabilities{};
  std::uint64_t version = 0;
  friend bool operator==(const Answered&, const Answered&) = default;
};

/// A run as the service makes it: moments kept as there, a fit every `refit_bars` on the newest
/// bars.
std::vector<Answered> walk(std::span<const trading::Bar> bars, std::size_t refit_bars) {
  const regime::Settings settings;
  const regime::Hysteresis hysteresis{settings.confirm_bars, settings.dwell_bars_min};
  regime::FitPlan plan;
  plan.spec = settings.models.spec;
  plan.bars_min = settings.models.fit_bars_min;
  plan.starts = 3;
  regime::Follower follower{settings, hourly, settings.warm_up_bars};
  regime::Ensemble ensemble{hysteresis, nullptr};
  std::vector<Answered> out;
  std::uint64_t version = 0;
  for (std::size_t t = 0; t < bars.size(); ++t) {
    follower.apply(bars[t]);
    if (!follower.classifier().ready()) {
      continue;
    }
    ensemble.apply(follower.moments().back());
    if (t > 0 && t % refit_bars == 0) {
      const auto first = t + 1 - std::min<std::size_t>(t + 1, plan.spec.fit_bars + 28);
      const auto set = regime::fit_models(
        regime::observations_of(settings, hourly, bars.subspan(first, t + 1 - first)), plan);
      REQUIRE(set.has_value());
      REQUIRE(set->fitted_until <= bars[t].ts_close);
      regime::Ensemble next{hysteresis, std::make_shared<const regime::ModelSet>(*set)};
      next.apply(follower.moments());
      ensemble = std::move(next);
      ++version;
    }
    out.push_back({ensemble.rules().label, ensemble.regime(), ensemble.probabilities(), version});
  }
  return out;
}

double switches_per_year(const std::vector<Answered>& said, Regime Answered::*label) {
  double count = 0;
  for (std::size_t t = 1; t < said.size(); ++t) {
    count += said[t].*label != said[t - 1].*label ? 1 : 0;
  }
  return count * 24 * 365 / static_cast<double>(said.size());
}

} // namespace

TEST_CASE("real data: models give all four regimes, a rare crisis, and do not flap") {
  for (const std::string coin : {"BTC", "DOGE"}) {
    if (!test::have_recorded(file_of(coin))) {
      return;
    }
    const auto said = walk(test::recorded_bars(test::hourly_bars, coin), 4'000);
    std::array<double, regimes_all.size()> share{};
    for (const auto& one : said) {
      share.at(regime::index_of(one.label)) += 1.0 / static_cast<double>(said.size());
    }
    const double rules = switches_per_year(said, &Answered::rules);
    const double ensemble = switches_per_year(said, &Answered::label);
    MESSAGE(coin << ": switches a year, rules " << rules << ", ensemble " << ensemble << "; shares "
                 << share[0] << ' ' << share[1] << ' ' << share[2] << ' ' << share[3]);
    for (const auto one : regimes_all) {
      CHECK_MESSAGE(share.at(regime::index_of(one)) > 0.0, regime::name_of(one));
    }
    CHECK(share.at(regime::index_of(Regime::CRISIS)) <= 0.12);
    CHECK(ensemble <= 1.25 * rules);
  }
}

TEST_CASE("real data: what models said up to a bar is the same when the future is cut off") {
  if (!test::have_recorded(file_of("ETH"))) {
    return;
  }
  const auto bars = test::recorded_bars(test::hourly_bars, "ETH");
  const auto whole = walk(std::span{bars}.first(6'000), 1'900);
  for (const std::size_t cut : {2'500U, 4'100U}) {
    const auto part = walk(std::span{bars}.first(cut), 1'900);
    REQUIRE(part.size() < whole.size());
    CHECK(std::equal(part.begin(), part.end(), whole.begin()));
  }
}
