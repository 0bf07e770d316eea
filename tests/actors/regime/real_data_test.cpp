#include "actors/regime/classifier.hpp"
#include "core/clock.hpp"
#include "synthetic.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <zlib.h>

/// Hourly bars of twelve coins, April 2021 to December 2023, where the folder with data stands
/// beside the project.
using namespace troupe;
using regime::Classifier;
using regime::Settings;
using regime::synthetic::run;
using trading::Regime;

namespace {

std::filesystem::path data_folder() {
  return std::filesystem::path{TROUPE_SOURCE_DIR} / ".." / "shared" / "data" / "ohlcv"
         / "binance_spot_1h";
}

bool has_data() {
  if (std::filesystem::is_directory(data_folder())) {
    return true;
  }
  MESSAGE("skipped: no hourly bars in " << data_folder().lexically_normal().string());
  return false;
}

std::vector<trading::Bar> load(const std::filesystem::path& file) {
  const auto closer = [](gzFile in) { gzclose(in); };
  const std::unique_ptr<std::remove_pointer_t<gzFile>, decltype(closer)> in{
    gzopen(file.c_str(), "rb"), closer};
  REQUIRE(in != nullptr);
  std::array<char, 512> line{};
  std::vector<trading::Bar> bars;
  REQUIRE(gzgets(in.get(), line.data(), line.size()) != nullptr); // the header
  while (gzgets(in.get(), line.data(), line.size()) != nullptr) {
    std::string_view rest{line.data()};
    const auto next = [&] {
      const auto comma = rest.find(',');
      const auto field = rest.substr(0, comma);
      rest.remove_prefix(comma + 1);
      return field;
    };
    trading::Bar bar;
    bar.ts_open = core::Timestamp::from_text(next()).value();
    bar.ts_close = bar.ts_open + std::chrono::hours{1};
    for (auto* price : {&bar.open, &bar.high, &bar.low, &bar.close}) {
      *price = trading::Price::from_text(next()).value();
    }
    bar.final = true;
    bars.push_back(bar);
  }
  return bars;
}

} // namespace

TEST_CASE("real data: every coin has a regime and all four labels occur") {
  if (!has_data()) {
    return;
  }
  const Settings settings;
  for (const auto& entry : std::filesystem::directory_iterator{data_folder()}) {
    const auto bars = load(entry.path());
    REQUIRE(bars.size() > 20'000);
    const auto begin = core::monotonic_ns();
    const auto said = run(settings, bars);
    const auto took = core::monotonic_ns() - begin;
    std::map<Regime, int> count;
    int switches = 0;
    int ready = 0;
    for (std::size_t i = 1; i < said.size(); ++i) {
      if (said[i - 1].ready) {
        ++ready;
        ++count[said[i].regime];
        switches += said[i].regime == said[i - 1].regime ? 0 : 1;
      }
    }
    REQUIRE(ready > 20'000);
    CHECK(count.size() == 4);
    CHECK(count[Regime::CRISIS] < ready / 5);
    const double years = ready / 8'760.0;
    CHECK(switches / years < 800.0);
    std::printf("%-18s switches/year %5.0f  mean dwell %4.1f h  TRENDING %2.0f%% RANGING %2.0f%% "
                "CHOPPY %2.0f%% CRISIS %2.0f%%  %4.0f ns/bar\n",
                entry.path().filename().c_str(), switches / years,
                static_cast<double>(ready) / (switches + 1),
                100.0 * count[Regime::TRENDING] / ready, 100.0 * count[Regime::RANGING] / ready,
                100.0 * count[Regime::CHOPPY] / ready, 100.0 * count[Regime::CRISIS] / ready,
                static_cast<double>(took) / static_cast<double>(bars.size()));
  }
}

TEST_CASE("real data: the known crashes are crises") {
  if (!has_data()) {
    return;
  }
  const Settings settings;
  const auto bars = load(data_folder() / "BTCUSDT.csv.gz");
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

TEST_CASE("real data: truncating the future does not change the past") {
  if (!has_data()) {
    return;
  }
  const Settings settings;
  auto bars = load(data_folder() / "ETHUSDT.csv.gz");
  const auto whole = run(settings, bars);
  for (const std::size_t cut : {100U, 5'000U, 17'777U}) {
    bars.resize(std::min(bars.size(), std::size_t{20'000}));
    const auto part =
      run(settings, {bars.begin(), bars.begin() + static_cast<std::ptrdiff_t>(cut)});
    CHECK(std::equal(part.begin(), part.end(), whole.begin()));
  }
}

TEST_CASE("real data: a restart from history gives the label of the uninterrupted run") {
  if (!has_data()) {
    return;
  }
  const Settings settings;
  const auto bars = load(data_folder() / "BTCUSDT.csv.gz");
  const auto whole = run(settings, bars);
  for (std::size_t end = 1'000; end < bars.size(); end += 997) {
    const auto first = bars.begin() + static_cast<std::ptrdiff_t>(end - settings.warm_up_bars);
    const auto part = run(settings, {first, bars.begin() + static_cast<std::ptrdiff_t>(end)});
    CHECK(part.back().regime == whole[end - 1].regime);
    CHECK(part.back().candidate == whole[end - 1].candidate);
  }
}
