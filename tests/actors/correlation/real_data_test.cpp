#include "actors/correlation/estimate.hpp"
#include "actors/correlation/panel.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <string_view>
#include <zlib.h>

/// Daily bars of eight coins, where the folder with data stands beside the project.
using namespace troupe;
using namespace troupe::correlation;

namespace {

const std::array<const char*, 8> coins{"BTC", "ETH", "BNB", "XRP", "ADA", "LTC", "TRX", "LINK"};

std::filesystem::path daily_folder() {
  return std::filesystem::path{TROUPE_SOURCE_DIR} / ".." / "shared" / "data" / "ohlcv"
         / "binance_spot_1d";
}

SeriesInput daily(const std::string& coin) {
  const auto file = daily_folder() / (coin + "USDT.csv.gz");
  const auto closer = [](gzFile in) { gzclose(in); };
  const std::unique_ptr<std::remove_pointer_t<gzFile>, decltype(closer)> in{
    gzopen(file.c_str(), "rb"), closer};
  REQUIRE(in != nullptr);
  std::array<char, 512> line{};
  REQUIRE(gzgets(in.get(), line.data(), line.size()) != nullptr); // the header
  auto closes = std::make_shared<Closes>();
  while (gzgets(in.get(), line.data(), line.size()) != nullptr) {
    std::string_view rest{line.data()};
    std::array<std::string_view, 5> fields;
    for (auto& field : fields) {
      const auto comma = rest.find(',');
      field = rest.substr(0, comma);
      rest.remove_prefix(comma + 1);
    }
    const auto opened = core::Timestamp::from_text(std::string{fields[0]} + "T00:00:00Z").value();
    closes->push_back(
      {opened + std::chrono::hours{24}, trading::Price::from_text(fields[4]).value().to_double()});
  }
  SeriesInput input;
  input.instrument = {coin + "-USDT", {}};
  input.closes = std::move(closes);
  return input;
}

/// Mean correlation of the log returns of the days from `first` to `last`, both included.
double mean_over(const std::vector<SeriesInput>& series, const char* first, const char* last) {
  const auto day = [](const char* text) {
    return core::Timestamp::from_text(std::string{text} + "T00:00:00Z").value();
  };
  // the return of a day ends with its bar's close
  const auto panel =
    align_range(series, trading::intervals::d1, day(first), day(last) + std::chrono::hours{24}, 20);
  REQUIRE(panel.has_value());
  const auto found = estimate(*panel, messages::CorrelationMethod::sample, Settings{});
  REQUIRE(found.has_value());
  return mean_correlation(found->correlation);
}

} // namespace

TEST_CASE("real data: eight coins fell together in March 2020, less so in 2022 and 2023") {
  if (!std::filesystem::is_directory(daily_folder())) {
    MESSAGE("skipped: no daily bars in " << daily_folder().lexically_normal().string());
    return;
  }
  std::vector<SeriesInput> series;
  for (const auto* coin : coins) {
    series.push_back(daily(coin));
  }
  CHECK(std::abs(mean_over(series, "2020-03-01", "2020-03-31") - 0.974) < 0.0005);
  CHECK(std::abs(mean_over(series, "2022-05-01", "2022-06-30") - 0.791) < 0.0005);
  CHECK(std::abs(mean_over(series, "2023-01-01", "2023-12-31") - 0.579) < 0.0005);
}
