#include "actors/correlation/estimate.hpp"
#include "actors/correlation/panel.hpp"
#include "recorded_bars.hpp"

#include <cmath>

/// Daily bars of eight eight_coins, where the folder with data stands beside the project.
using namespace troupe;
using namespace troupe::correlation;

namespace {

const std::array<const char*, 8> eight_coins{"BTC", "ETH", "BNB", "XRP",
                                             "ADA", "LTC", "TRX", "LINK"};

SeriesInput daily(const std::string& coin) {
  auto closes = std::make_shared<Closes>();
  for (const auto& bar : test::recorded_bars(test::daily_bars, coin)) {
    closes->push_back({bar.ts_close, bar.close.to_double()});
  }
  SeriesInput input;
  input.instrument = {coin + "-USDT", {}};
  input.closes = std::move(closes);
  return input;
}

/// Mean correlation of the log returns of the days from `first` to `last`, both included.
double mean_over(const std::vector<SeriesInput>& series, const char* first, const char* last) {
  // the return of a day ends with its bar's close
  const auto panel = align_range(series, trading::intervals::d1, test::day_of(first),
                                 test::day_of(last) + std::chrono::hours{24}, 20);
  REQUIRE(panel.has_value());
  const auto found = estimate(*panel, messages::CorrelationMethod::sample, Settings{});
  REQUIRE(found.has_value());
  return mean_correlation(found->correlation);
}

} // namespace

TEST_CASE("real data: eight eight_coins fell together in March 2020, less so in 2022 and 2023") {
  if (!test::have_recorded(test::daily_bars)) {
    return;
  }
  std::vector<SeriesInput> series;
  for (const auto* coin : eight_coins) {
    series.push_back(daily(coin));
  }
  CHECK(std::abs(mean_over(series, "2020-03-01", "2020-03-31") - 0.974) < 0.0005);
  CHECK(std::abs(mean_over(series, "2022-05-01", "2022-06-30") - 0.791) < 0.0005);
  CHECK(std::abs(mean_over(series, "2023-01-01", "2023-12-31") - 0.579) < 0.0005);
}
