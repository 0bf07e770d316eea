#include "actors/venues/sim/market.hpp"
#include "actors/venues/sim/noise.hpp"
#include "core/json.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>

namespace {

using namespace troupe::venues::sim;
using troupe::core::Timestamp;
using troupe::trading::Regime;
using troupe::venues::sim::test::anchor;
using troupe::venues::sim::test::second;

double correlation(const std::vector<double>& x, const std::vector<double>& y) {
  double sx = 0.0, sy = 0.0, sxx = 0.0, syy = 0.0, sxy = 0.0;
  const auto n = static_cast<double>(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    sx += x[i];
    sy += y[i];
    sxx += x[i] * x[i];
    syy += y[i] * y[i];
    sxy += x[i] * y[i];
  }
  return (sxy - sx * sy / n) / std::sqrt((sxx - sx * sx / n) * (syy - sy * sy / n));
}

/// Logs of an instrument's price at the epochs of a block.
std::vector<double> block_path(LatentPath& path, std::int64_t block) {
  std::vector<double> out;
  for (std::int64_t i = 0; i < block_epochs; ++i) {
    out.push_back(path.epoch(block * block_epochs + i)[0]);
  }
  return out;
}

} // namespace

TEST_CASE("noise: exponential is exact to 1e-15 and normal has mean 0 and variance 1") {
  for (double x = -20.0; x < 20.0; x += 0.37) {
    CHECK(std::abs(noise::exponential(x) / std::exp(x) - 1.0) < 2e-15);
  }
  double sum = 0.0;
  double squares = 0.0;
  constexpr int n = 100'000;
  for (std::uint64_t i = 0; i < n; ++i) {
    const double z = noise::normal(noise::bits(7, i));
    sum += z;
    squares += z * z;
  }
  CHECK(std::abs(sum / n) < 0.02);
  CHECK(squares / n == doctest::Approx(1.0).epsilon(0.02));
}

TEST_CASE("sim settings: the defaults are good and each bound is held") {
  CHECK(check(SimSettings{}));
  CHECK(*troupe::core::json::decode<SimSettings>(troupe::core::json::encode(SimSettings{}))
        == SimSettings{});
  const auto broken = [](auto&& change) {
    SimSettings settings;
    change(settings);
    const auto done = check(settings);
    CHECK_THROWS(SimMarket{settings});
    return !done && done.error().code == troupe::core::Errc::CONFIG_INVALID;
  };
  CHECK(broken([](auto& s) { s.instruments.clear(); }));
  CHECK(broken([](auto& s) { s.venues.clear(); }));
  CHECK(broken([](auto& s) { s.instruments[0].symbol = "btc"; }));
  CHECK(broken([](auto& s) { s.instruments[0].symbol = "BTC-USD.X"; }));
  CHECK(broken([](auto& s) { s.instruments[1].symbol = s.instruments[0].symbol; }));
  CHECK(broken([](auto& s) { s.instruments[0].tick = {}; }));
  CHECK(broken([](auto& s) { s.instruments[0].lot = {}; }));
  CHECK(broken([](auto& s) { s.instruments[0].price = std::nan(""); }));
  CHECK(broken([](auto& s) { s.instruments[0].beta = 1.5; }));
  CHECK(broken([](auto& s) { s.instruments[0].spread_bps = -1.0; }));
  CHECK(broken([](auto& s) { s.instruments[0].volatility_annual = 0.0; }));
  CHECK(broken([](auto& s) { s.venues[0].name = "sim a"; }));
  CHECK(broken([](auto& s) { s.venues[1].name = s.venues[0].name; }));
  CHECK(broken([](auto& s) { s.venues[0].noise_bps = -1.0; }));
  CHECK(broken([](auto& s) { s.venues[0].spread_factor = 0.0; }));
  CHECK(broken([](auto& s) { s.trades_per_second = 51.0; }));
  CHECK(broken([](auto& s) { s.book_events_per_second = -1.0; }));
  CHECK(broken([](auto& s) { s.book_orders = 2; }));
}

TEST_CASE("sim market: instruments of each venue with its fees") {
  const SimMarket market{{}};
  const auto rows = market.instruments();
  REQUIRE(rows.size() == 16);
  CHECK(rows[0].instrument.to_text() == "BTC-USD.SIM-A");
  CHECK(rows[8].instrument.to_text() == "BTC-USD.SIM-B");
  CHECK(rows[0].base == "BTC");
  CHECK(rows[0].quote == "USD");
  CHECK(rows[0].taker_fee_bps != rows[8].taker_fee_bps);
  CHECK(*market.instrument_index("DOGE-USD") == 7);
  CHECK(market.instrument_index("X-Y").error().code == troupe::core::Errc::UNKNOWN_SYMBOL);
  CHECK(*market.venue_index("SIM-B") == 1);
  CHECK(market.venue_index("X").error().code == troupe::core::Errc::NOT_FOUND);
}

TEST_CASE("sim market: two instances agree and another seed does not") {
  const SimMarket a{{}};
  const SimMarket b{{}};
  SimSettings other;
  other.seed = 2;
  const SimMarket c{other};
  for (std::int64_t i = 0; i < 20; ++i) {
    const Timestamp t{anchor.ns + i * 123'456'789'012};
    CHECK(a.latent(3, t) == b.latent(3, t));
    CHECK(a.latent(3, t) != c.latent(3, t));
  }
}

TEST_CASE("sim market: an instrument more leaves the others as they are") {
  SimSettings more;
  more.instruments.insert(more.instruments.begin(), SimInstrument{.symbol = "NEW-USD"});
  CHECK(SimMarket{more}.latent(1, anchor) == SimMarket{SimSettings{}}.latent(0, anchor));
}

TEST_CASE("sim market: the path with its memory equals the look at one time") {
  const SimMarket market{{}};
  LatentPath path{market, 1};
  const auto base = market.settings().instruments[1].price;
  const auto first = epoch_of(anchor);
  for (const std::int64_t jump : {0L, 1L, 2L, 900L, 1024L, 1025L, 5000L, 3L, -70'000'000L}) {
    const auto& values = path.epoch(first + jump);
    for (const std::size_t step : {0U, 1U, 31U, 63U}) {
      const Timestamp t{(first + jump) * epoch_ns + static_cast<std::int64_t>(step) * step_ns};
      CHECK(market.latent(1, t) == base * noise::exponential(values[step]));
    }
  }
}

TEST_CASE("sim market: prices are continuous over steps and epochs and blocks") {
  const SimMarket market{{}};
  for (std::size_t i = 0; i < market.settings().instruments.size(); ++i) {
    const auto block = epoch_of(anchor) / block_epochs;
    for (std::int64_t k = 0; k < 30; ++k) {
      const auto boundary = (block + k) * block_epochs * epoch_ns;
      const double before = market.latent(i, {boundary - 1});
      const double after = market.latent(i, {boundary});
      CHECK(std::abs(after / before - 1.0) < 1e-9);
    }
    LatentPath path{market, i};
    auto last = path.epoch(epoch_of(anchor));
    for (std::int64_t k = 1; k < 2000; ++k) {
      const auto& next = path.epoch(epoch_of(anchor) + k);
      REQUIRE(next.front() == last.back());
      for (std::size_t step = 1; step < next.size(); ++step) {
        REQUIRE(std::abs(next[step] - next[step - 1]) < 0.01); // 1 % within a second
      }
      last = next;
    }
  }
}

TEST_CASE("sim market: prices stay plausible over decades") {
  const SimMarket market{{}};
  for (std::size_t i = 0; i < market.settings().instruments.size(); ++i) {
    double least = 1e9;
    double most = 0.0;
    for (std::int64_t day = 0; day < 365 * 40; day += 97) {
      const double ratio =
        market.latent(i, {day * 86'400 * second}) / market.settings().instruments[i].price;
      least = std::min(least, ratio);
      most = std::max(most, ratio);
    }
    CHECK(least > 0.05);
    CHECK(most < 20.0);
    CHECK(most / least > 1.2); // it does move
  }
}

TEST_CASE("sim market: returns of instruments are clearly correlated and most so in a crisis") {
  const SimMarket market{{}};
  LatentPath btc{market, 0};
  LatentPath ada{market, 4};
  std::array<std::vector<double>, 2> calm;
  std::array<std::vector<double>, 2> crisis;
  const auto first = epoch_of(anchor) / block_epochs;
  for (std::int64_t block = first; block < first + 1'500; ++block) {
    const auto x = block_path(btc, block);
    const auto y = block_path(ada, block);
    auto& to = market.block_episode(block) == Regime::CRISIS ? crisis : calm;
    for (std::size_t i = 5; i < x.size(); i += 5) {
      to[0].push_back(x[i] - x[i - 5]);
      to[1].push_back(y[i] - y[i - 5]);
    }
  }
  REQUIRE(crisis[0].size() > 200);
  CHECK(correlation(calm[0], calm[1]) > 0.4);
  CHECK(correlation(calm[0], calm[1]) < 0.9);
  CHECK(correlation(crisis[0], crisis[1]) > 0.9);
}

TEST_CASE("sim market: the four episodes occur and behave as named") {
  const SimMarket market{{}};
  struct Sums {
    int blocks = 0;
    double efficiency = 0.0; ///< of 17 hourly closes: |net move| / sum of |moves|
    double volatility = 0.0; ///< mean |move| over 5 minutes
    double range = 0.0;
  };
  std::array<Sums, 4> sums{};
  const auto first = epoch_of(anchor) / block_epochs;
  for (const std::size_t instrument : {0U, 3U}) {
    LatentPath path{market, instrument};
    for (std::int64_t block = first; block < first + 200; ++block) {
      auto& to = sums[static_cast<std::size_t>(market.block_episode(instrument, block))];
      const auto x = block_path(path, block);
      double travelled = 0.0;
      constexpr std::size_t leg = block_epochs / 16;
      for (std::size_t i = leg; i < x.size(); i += leg) {
        travelled += std::abs(x[i] - x[i - leg]);
      }
      double moves = 0.0;
      for (std::size_t i = 5; i < x.size(); i += 5) {
        moves += std::abs(x[i] - x[i - 5]);
      }
      ++to.blocks;
      to.efficiency += std::abs(x[15 * leg] - x[0]) / travelled;
      to.volatility += moves / static_cast<double>(block_epochs / 5);
      to.range += *std::max_element(x.begin(), x.end()) - *std::min_element(x.begin(), x.end());
    }
  }
  for (auto& item : sums) {
    REQUIRE(item.blocks >= 6);
    item.efficiency /= item.blocks;
    item.volatility /= item.blocks;
    item.range /= item.blocks;
  }
  const auto [trending, ranging, choppy, crisis] = sums;
  CHECK(crisis.blocks < ranging.blocks / 2);
  CHECK(trending.efficiency > 0.6);
  CHECK(ranging.efficiency < 0.35);
  CHECK(choppy.efficiency < 0.3);
  CHECK(trending.range > 2.0 * ranging.range);
  CHECK(choppy.volatility > 2.0 * ranging.volatility);
  CHECK(crisis.volatility > 1.5 * choppy.volatility);
}
