#include "actors/correlation/dcc_model.hpp"
#include "actors/correlation/panel.hpp"
#include "actors/correlation/series_track.hpp"
#include "core/random.hpp"
#include "synthetic.hpp"

#include <doctest/doctest.h>

#include <rapidcheck.h>

using namespace troupe;
using namespace troupe::correlation;
using synthetic::bar_at;

namespace {

const auto h1 = trading::intervals::h1;

/// Closes at the given hours; the price tells the hour.
SeriesInput series_at(const std::string& symbol, const std::vector<std::int64_t>& hours) {
  auto closes = std::make_shared<Closes>();
  for (const auto hour : hours) {
    closes->push_back({{(hour + 1) * h1.duration().count()}, 100.0 + static_cast<double>(hour)});
  }
  SeriesInput input;
  input.instrument = {symbol, {}};
  input.closes = closes;
  return input;
}

std::vector<std::int64_t> hours(std::int64_t from, std::int64_t to) {
  std::vector<std::int64_t> out;
  for (auto hour = from; hour < to; ++hour) {
    out.push_back(hour);
  }
  return out;
}

core::Timestamp close_of(std::int64_t hour) {
  return {(hour + 1) * h1.duration().count()};
}

} // namespace

TEST_CASE("panel: the newest returns of common hours") {
  const std::vector<SeriesInput> series{series_at("A-USD", hours(0, 50)),
                                        series_at("B-USD", hours(0, 50))};
  const auto panel = align_newest(series, h1, 10, 0.5);
  REQUIRE(panel.has_value());
  CHECK(panel->observations() == 10);
  CHECK(panel->grid.front() == close_of(39));
  CHECK(panel->grid.back() == close_of(49));
  CHECK(panel->returns(9, 0) == std::log(149.0 / 148.0));
  CHECK(panel->pair_counts(0, 1) == 10.0);
  CHECK(panel->last_prices(1) == 149.0);
}

TEST_CASE("panel: a missing bar stands at the price before and its pair counts less") {
  auto missing = hours(0, 50);
  missing.erase(missing.begin() + 45);
  const std::vector<SeriesInput> series{series_at("A-USD", hours(0, 50)),
                                        series_at("B-USD", missing)};
  const auto panel = align_newest(series, h1, 10, 0.5);
  REQUIRE(panel.has_value());
  CHECK(panel->returns(5, 1) == 0.0);
  CHECK(panel->returns(6, 1) == std::log(146.0 / 144.0));
  CHECK(panel->pair_counts(0, 1) == 9.0);
  CHECK(panel->pair_counts(0, 0) == 10.0);
}

TEST_CASE("panel: hours in which nothing traded are no grid points") {
  auto some = hours(0, 50);
  some.erase(some.begin() + 44, some.begin() + 47);
  const std::vector<SeriesInput> series{series_at("A-USD", some), series_at("B-USD", some)};
  const auto panel = align_newest(series, h1, 10, 0.5);
  REQUIRE(panel.has_value());
  CHECK(panel->grid.front() == close_of(36));
  CHECK(panel->pair_counts(0, 1) == 10.0);
}

TEST_CASE("panel: a bar that one instrument has not closed yet waits") {
  const std::vector<SeriesInput> series{series_at("A-USD", hours(0, 50)),
                                        series_at("B-USD", hours(0, 49))};
  const auto panel = align_newest(series, h1, 10, 0.5);
  REQUIRE(panel.has_value());
  CHECK(panel->grid.back() == close_of(48));
  CHECK(panel->inputs[0].as_of == close_of(48));
}

TEST_CASE("panel: an instrument that fell silent is called stale") {
  const std::vector<SeriesInput> series{series_at("A-USD", hours(0, 50)),
                                        series_at("B-USD", hours(0, 42))};
  const auto panel = align_newest(series, h1, 40, 0.5);
  REQUIRE(panel.has_value());
  CHECK(panel->inputs[0].quality == trading::Quality::live);
  CHECK(panel->inputs[1].quality == trading::Quality::stale);
  CHECK(panel->inputs[1].as_of == close_of(41));
  CHECK(panel->quality == trading::Quality::stale);
}

TEST_CASE("panel: too little data is refused with how many bars were needed and found") {
  const auto message = [](const std::vector<SeriesInput>& series, std::uint32_t window) {
    const auto panel = align_newest(series, h1, window, 0.5);
    REQUIRE_FALSE(panel.has_value());
    const bool by_bars = panel.error().message.find("insufficient data") == 0;
    CHECK(panel.error().code == (by_bars ? core::Errc::NOT_READY : core::Errc::INVALID_ARGUMENT));
    return panel.error().message;
  };
  CHECK(message({series_at("A-USD", hours(0, 50)), series_at("B-USD", {})}, 10)
        == "insufficient data: expected 11 closed bars of B-USD 1h, found 0");
  CHECK(message({series_at("A-USD", hours(0, 50)), series_at("B-USD", hours(30, 50))}, 40)
        == "insufficient data: expected 41 closed bars of B-USD 1h, found 20");
  CHECK(message({series_at("A-USD", hours(0, 50)), series_at("B-USD", hours(0, 50))}, 50)
        == "insufficient data: expected 51 closed bars of A-USD 1h, found 50");
  auto sparse = hours(0, 10);
  sparse.push_back(49);
  const auto overlap = message({series_at("A-USD", hours(0, 50)), series_at("B-USD", sparse)}, 30);
  CHECK(overlap.find("at least 15 of 30 returns with bars of both") != std::string::npos);
  CHECK(overlap.find("found 1") != std::string::npos);
  CHECK(align_newest({}, h1, 10, 0.5).error().code == core::Errc::INVALID_ARGUMENT);
}

TEST_CASE("panel: a range holds the returns that end within it") {
  const std::vector<SeriesInput> series{series_at("A-USD", hours(0, 90)),
                                        series_at("B-USD", hours(0, 90))};
  const auto panel = align_range(series, h1, close_of(9), close_of(39), 20);
  REQUIRE(panel.has_value());
  CHECK(panel->observations() == 30);
  CHECK(panel->grid.front() == close_of(9));
  CHECK(panel->grid.back() == close_of(39));
  const auto short_one = align_range(series, h1, close_of(9), close_of(20), 20);
  REQUIRE_FALSE(short_one.has_value());
  CHECK(short_one.error().message.find("at least 21 closed bars") != std::string::npos);
}

TEST_CASE("panel: sums of returns telescope whatever bars are missing") {
  CHECK(rc::check([] {
    const auto present = *rc::gen::container<std::vector<bool>>(60, rc::gen::arbitrary<bool>());
    std::vector<std::int64_t> own{0};
    for (std::int64_t hour = 1; hour < 60; ++hour) {
      if (present[static_cast<std::size_t>(hour)]) {
        own.push_back(hour);
      }
    }
    own.push_back(60);
    const std::vector<SeriesInput> series{series_at("A-USD", hours(0, 61)),
                                          series_at("B-USD", own)};
    const auto panel = align_newest(series, h1, 60, 0.0001);
    RC_ASSERT(panel.has_value());
    for (Eigen::Index i = 0; i < 2; ++i) {
      RC_ASSERT(std::abs(panel->returns.col(i).sum() - std::log(160.0 / 100.0)) < 1e-12);
    }
    RC_ASSERT(panel->pair_counts(1, 1) == static_cast<double>(own.size() - 1));
  }));
}

// ---- series --------------------------------------------------------------------------------

namespace {

std::vector<trading::Bar> bars(std::int64_t from, std::int64_t to) {
  std::vector<trading::Bar> out;
  for (auto hour = from; hour < to; ++hour) {
    out.push_back(bar_at(hour, 100.0 + static_cast<double>(hour)));
  }
  return out;
}

} // namespace

TEST_CASE("series: pages are asked backwards until enough is there") {
  SeriesTrack track{h1, 5'000};
  const auto now = close_of(2'999);
  CHECK_FALSE(track.satisfies(2'500, now));
  CHECK(track.begin(2'500, now) == PageNeed{{}, 1'000});
  CHECK(track.on_page(bars(2'000, 3'000)) == PageNeed{core::Timestamp{close_of(1'999)}, 1'000});
  CHECK(track.on_page(bars(1'000, 2'000)) == PageNeed{core::Timestamp{close_of(999)}, 500});
  CHECK(track.on_page(bars(500, 1'000)) == std::nullopt);
  CHECK(track.series().size() == 2'500);
  CHECK(track.satisfies(2'500, now));
  CHECK_FALSE(track.satisfies(2'501, now));
  CHECK_FALSE(track.satisfies(2'500, now + h1.duration()));
}

TEST_CASE("series: live bars keep it current and a hole asks for what is missing alone") {
  SeriesTrack track{h1, 5'000};
  static_cast<void>(track.begin(100, close_of(199)));
  REQUIRE_FALSE(track.on_page(bars(97, 200)).has_value());
  track.on_live(bar_at(200, 300.0), trading::Quality::live);
  CHECK(track.satisfies(100, close_of(200)));
  track.on_live(bar_at(205, 305.0), trading::Quality::live);
  CHECK_FALSE(track.satisfies(100, close_of(205)));
  CHECK(track.begin(100, close_of(205)) == PageNeed{{}, 7});
  CHECK(track.on_page(bars(199, 206)) == std::nullopt);
  CHECK(track.satisfies(100, close_of(205)));
  CHECK(track.series().snapshot()->back().price == 305.0);
}

TEST_CASE("series: where history ends there is no more to ask") {
  SeriesTrack track{h1, 5'000};
  static_cast<void>(track.begin(500, close_of(99)));
  CHECK(track.on_page(bars(0, 100)) == std::nullopt);
  CHECK_FALSE(track.loading());
  CHECK(track.series().gapless());
  CHECK(track.series().size() == 100);
}

TEST_CASE("series: a failure leaves what is there and says why") {
  SeriesTrack track{h1, 5'000};
  static_cast<void>(track.begin(500, close_of(99)));
  track.on_failure("the store is away");
  CHECK_FALSE(track.loading());
  CHECK(track.problem() == "the store is away");
  static_cast<void>(track.begin(50, close_of(99)));
  CHECK(track.on_page(bars(0, 52)) == std::nullopt);
  CHECK(track.problem().empty());
}

TEST_CASE("series: malformed and open bars are passed over, snapshots never change") {
  CloseSeries series{h1, 10};
  auto open = bar_at(1, 101.0);
  open.final = false;
  auto off_grid = bar_at(1, 101.0);
  off_grid.ts_open = off_grid.ts_open + std::chrono::minutes{1};
  off_grid.ts_close = off_grid.ts_close + std::chrono::minutes{1};
  auto free_of_charge = bar_at(1, 101.0);
  free_of_charge.close = {};
  for (const auto& bad : {open, off_grid, free_of_charge}) {
    series.on_live(bad);
  }
  series.on_history(std::vector{open, off_grid, free_of_charge});
  CHECK(series.size() == 0);
  series.on_live(bar_at(1, 101.0));
  const auto before = series.snapshot();
  series.on_live(bar_at(2, 102.0));
  series.on_history(bars(0, 1));
  CHECK(before->size() == 1);
  CHECK(series.size() == 3);
  for (int hour = 3; hour < 100; ++hour) {
    series.on_live(bar_at(hour, 100.0 + hour));
  }
  CHECK(series.size() <= 12);
  CHECK(series.newest() == close_of(99));
}

TEST_CASE("panel: where one that is left out is only late, the rest is degraded") {
  std::vector<SeriesInput> series{series_at("A-USD", hours(0, 90)),
                                  series_at("B-USD", hours(0, 90)),
                                  series_at("C-USD", hours(60, 90))};
  const UseLimits limits{.window = 80, .overlap_min = 0.5};
  const auto young = usable_series(series, h1, limits);
  REQUIRE(young.left_out.size() == 1);
  CHECK(young.quality == trading::Quality::live);
  series[2].problem = "a page of history came in part";
  const auto late = usable_series(series, h1, limits);
  REQUIRE(late.left_out.size() == 1);
  CHECK(late.left_out[0].reason.find("in part") != std::string::npos);
  CHECK(late.quality == trading::Quality::degraded);
  CHECK(usable_in_range(series, h1, series[0].closes->at(5).at).quality
        == trading::Quality::degraded);
  series[2] = series_at("C-USD", hours(0, 90));
  series[2].problem = "and yet enough has come";
  CHECK(usable_series(series, h1, limits).quality == trading::Quality::live);
}

TEST_CASE("model: a refusal names the instruments whose own model cannot be fitted") {
  Panel panel;
  panel.instruments = {{"A-USD", {}}, {"B-USD", {}}, {"STILL-USD", {}}};
  panel.interval = h1;
  core::Random random{7};
  panel.returns = Eigen::MatrixXd::NullaryExpr(
    300, 3, [&](Eigen::Index, Eigen::Index) { return 0.02 * (random.uniform() - 0.5); });
  panel.returns.col(2).setZero();
  for (std::int64_t hour = 0; hour <= 300; ++hour) {
    panel.grid.push_back(close_of(hour));
  }
  const auto model = fit_dcc_model(panel, false);
  REQUIRE_FALSE(model.has_value());
  CHECK(model.error().message.find("cannot be fitted of STILL-USD (DEGENERATE)")
        != std::string::npos);
  panel.returns.col(2) = 0.5 * panel.returns.col(0).reverse();
  CHECK(fit_dcc_model(panel, false).has_value());
}
