#include "core/random.hpp"
#include "nodes/market_report/report.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace troupe;
using namespace troupe::market_report;

namespace {

constexpr auto day = std::chrono::hours{24};

core::Timestamp at(const char* text) {
  return core::Timestamp::from_text(text).value();
}

/// Daily bars since 2019 that share a factor; one day falls by `shock`.
Recording
recording(const std::string& symbol, std::uint64_t seed, core::Timestamp shock_at, double shock) {
  Recording out;
  out.instrument = {symbol, {}};
  out.interval = trading::intervals::d1;
  core::Random factor{1};
  core::Random own{seed};
  double last = 100.0;
  auto open = at("2019-01-01T00:00:00Z");
  constexpr int days = 1'900;
  for (int i = 0; i < days; ++i, open = open + day) {
    const double common = factor.normal();
    const double r = open == shock_at ? shock : 0.02 * (0.8 * common + 0.6 * own.normal());
    const double close = last * std::exp(r);
    trading::Bar bar;
    bar.ts_open = open;
    bar.ts_close = open + day;
    bar.open = *trading::Price::round_from(last);
    bar.high = *trading::Price::round_from(std::max(last, close) * 1.005);
    bar.low = *trading::Price::round_from(std::min(last, close) * 0.995);
    bar.close = *trading::Price::round_from(close);
    bar.final = true;
    out.bars.push_back(bar);
    last = close;
  }
  return out;
}

const std::vector<std::string> symbols{"ADA-USDT", "BTC-USDT", "ETH-USDT"};

std::vector<Recording> recordings() {
  std::vector<Recording> out;
  std::uint64_t seed = 10;
  for (const auto& symbol : symbols) {
    out.push_back(recording(symbol, ++seed, at("2020-03-12T00:00:00Z"), -0.4));
  }
  return out;
}

class Folder {
public:
  Folder() {
    path_ = std::filesystem::temp_directory_path()
            / ("troupe-market-report-" + std::to_string(::getpid())) / "bars_1d";
    std::filesystem::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_.parent_path(), ignored);
  }
  void write(const char* name, const std::string& text) const {
    std::ofstream{path_ / name} << text;
  }
  [[nodiscard]] std::string path() const { return path_.string(); }

private:
  std::filesystem::path path_;
};

} // namespace

TEST_CASE("report: spells follow each other, shares are whole and the crash is found in time") {
  const auto bars = recording("BTC-USDT", 7, at("2020-03-12T00:00:00Z"), -0.4);
  const auto report = regimes_of(bars);
  REQUIRE(report.has_value());
  double shares = 0.0;
  for (const auto& [label, share] : report->shares) {
    shares += share;
  }
  CHECK(shares == doctest::Approx(1.0));
  REQUIRE(report->spells.size() > 2);
  for (std::size_t i = 1; i < report->spells.size(); ++i) {
    CHECK(report->spells[i].start == report->spells[i - 1].end);
    CHECK(report->spells[i].regime != report->spells[i - 1].regime);
  }
  CHECK(report->spells.back().end == bars.bars.back().ts_close);
  CHECK(report->closes.size() == bars.bars.size());
  CHECK(report->mean_dwell_bars
        == doctest::Approx(static_cast<double>(report->bars)
                           / static_cast<double>(report->spells.size())));
  CHECK(report->plain_switches_per_year > report->switches_per_year);
  REQUIRE(report->crises.size() == 3);
  CHECK(report->crises[0].shock == at("2020-03-12T00:00:00Z"));
  CHECK(report->crises[0].closes_after == 0);
  CHECK(report->crises[0].largest_ratio > 10.0);
  CHECK_FALSE(report->crises[1].shock.has_value());
  CHECK_FALSE(report->crises[1].closes_after.has_value());
}

TEST_CASE("report: too few bars have no regime, and say so") {
  auto bars = recording("BTC-USDT", 7, {}, 0.0);
  bars.bars.resize(10);
  const auto report = regimes_of(bars);
  REQUIRE_FALSE(report.has_value());
  CHECK(report.error().code == core::Errc::NOT_READY);
  CHECK(report.error().message.find("found 10") != std::string::npos);
}

TEST_CASE("report: the ensemble is fitted on earlier bars, serves its dwell and finds the crash") {
  auto bars = recording("BTC-USDT", 7, at("2020-03-12T00:00:00Z"), -0.4);
  bars.bars.resize(600);
  const auto report = ensemble_of(bars, crisis_windows());
  REQUIRE_MESSAGE(report.has_value(), report.error().message);
  CHECK(report->fits > 4);
  CHECK(report->bars < 200); // none before the first fit
  CHECK(report->fit_switches <= report->switches);
  double shares = 0.0;
  for (const auto& [label, share] : report->shares) {
    shares += share;
  }
  CHECK(shares == doctest::Approx(1.0));
  CHECK(report->shortest_dwell_bars.value_or(5) >= 5);
  REQUIRE(report->crises.size() == 3);
  REQUIRE_FALSE(report->crises[0].days.empty());
  CHECK(report->crises[0].days[0] == at("2020-03-12T00:00:00Z"));
  CHECK(report->crises[1].days.empty());
  // what was said does not change with the bars to come
  bars.bars.resize(500);
  const auto part = ensemble_of(bars, crisis_windows());
  REQUIRE(part.has_value());
  CHECK(part->crises[0].days == report->crises[0].days);
  bars.bars.resize(300);
  CHECK(ensemble_of(bars, crisis_windows()).error().code == core::Errc::NOT_READY);
}

TEST_CASE("report: correlations stand at their days, models are fitted on earlier ones alone") {
  const auto report = correlations_of(recordings(), symbols);
  REQUIRE_MESSAGE(report.has_value(), report.error().message);
  const auto days = report->times.size();
  CHECK(days == 1'899);
  REQUIRE(report->rolling.size() == days);
  REQUIRE(report->ewma.size() == days);
  REQUIRE(report->dcc.size() == days);
  CHECK_FALSE(report->rolling[58].has_value());
  CHECK(report->rolling[59].has_value());
  CHECK_FALSE(report->dcc[499].has_value());
  CHECK(report->dcc[500].has_value());
  CHECK(report->dcc.back().has_value());
  for (const auto& fit : report->fits) {
    CHECK(fit.fitted_to < fit.until);
    CHECK(fit.a >= 0.0);
    CHECK(fit.a + fit.b < 1.0);
  }
  CHECK(report->fits.size() == 4);
  REQUIRE(report->facts.size() == 3);
  CHECK(report->facts[0].returns == 31);
  CHECK(report->facts[2].returns == 365);
  CHECK(std::abs(report->facts[2].mean_correlation - 0.64) < 0.1); // 0.8 squared
  // what was said of earlier days does not change where the later ones are not there
  auto shorter = recordings();
  for (auto& one : shorter) {
    one.bars.resize(1'850);
  }
  const auto part = correlations_of(shorter, symbols);
  REQUIRE(part.has_value());
  for (const std::size_t i : {100U, 700U, 1'848U}) {
    CHECK(part->rolling[i] == report->rolling[i]);
    CHECK(part->dcc[i] == report->dcc[i]);
  }
}

TEST_CASE("report: what is not there or cannot be read is refused by name") {
  const auto missing = correlations_of(recordings(), {"BTC-USDT", "XRP-USDT"});
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().message.find("XRP-USDT") != std::string::npos);
  CHECK(read_recordings("/nowhere/at/all").error().code == core::Errc::IO_ERROR);
  const Folder folder;
  CHECK(read_recordings(folder.path()).error().code == core::Errc::IO_ERROR);
  folder.write("BTCUSDT.csv", "timestamp,open,high,low,close,volume\n"
                              "2020-01-01,1,2,0.5,1.5,10\n2020-01-02,1.5,2,1,1.2,10\n");
  const auto read = read_recordings(folder.path());
  REQUIRE_MESSAGE(read.has_value(), read.error().message);
  REQUIRE(read->size() == 1);
  CHECK(read->front().instrument.symbol == "BTC-USDT");
  CHECK(read->front().interval == trading::intervals::d1);
  CHECK(read->front().bars.size() == 2);
  folder.write("ETHUSDT.csv", "timestamp,open,high,low,close,volume\n"
                              "2020-01-01,1,2,0.5,1.5,10\n2020-01-02,1.5,oops,1,1.2,10\n");
  const auto damaged = read_recordings(folder.path());
  REQUIRE_FALSE(damaged.has_value());
  CHECK(damaged.error().message.find("ETHUSDT.csv:3") != std::string::npos);
}
