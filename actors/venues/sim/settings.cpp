#include "actors/venues/sim/settings.hpp"

#include <array>
#include <set>

namespace troupe::venues::sim {

namespace {

template <class T>
T value(const char* text) {
  return *T::from_text(text);
}

core::Result<void> bound(const std::string& what, double found, double least, double most) {
  if (found >= least && found <= most) {
    return {};
  }
  return core::Error{core::Errc::CONFIG_INVALID, what + ": expected " + std::to_string(least)
                                                   + " to " + std::to_string(most) + ", found "
                                                   + std::to_string(found)};
}

core::Result<void> first_of(std::initializer_list<core::Result<void>> checks) {
  for (const auto& done : checks) {
    if (!done) {
      return done;
    }
  }
  return {};
}

core::Result<void> check_instrument(const SimInstrument& item) {
  const auto id = trading::InstrumentId::from_text(item.symbol);
  if (!id || id->qualified()) {
    return core::Error{core::Errc::CONFIG_INVALID,
                       "symbol: expected one such as BTC-USD, found \"" + item.symbol + '"'};
  }
  const auto tick = item.tick.to_double();
  const auto lot = item.lot.to_double();
  return first_of({
    bound(item.symbol + ": price in ticks", tick > 0.0 ? item.price / tick : -1.0, 100.0, 1e12),
    bound(item.symbol + ": trade_notional in lots",
          lot > 0.0 && item.price > 0.0 ? item.trade_notional / item.price / lot : -1.0, 1.0, 1e9),
    bound(item.symbol + ": volatility_annual", item.volatility_annual, 0.01, 5.0),
    bound(item.symbol + ": beta", item.beta, 0.0, 1.0),
    bound(item.symbol + ": spread_bps", item.spread_bps, 0.0, 100.0),
  });
}

} // namespace

std::vector<SimInstrument> default_instruments() {
  struct Row {
    const char* symbol;
    double price, volatility, beta, spread_bps;
    const char *tick, *lot;
  };
  // clang-format off
  static constexpr std::array<Row, 8> rows{{
    {"BTC-USD",  64'000.0, 0.50, 0.88, 0.5, "0.01",    "0.00001"},
    {"ETH-USD",   3'200.0, 0.65, 0.86, 0.6, "0.01",    "0.0001"},
    {"SOL-USD",     150.0, 0.90, 0.78, 1.0, "0.001",   "0.001"},
    {"XRP-USD",     0.550, 0.85, 0.68, 1.2, "0.00001", "0.1"},
    {"ADA-USD",     0.420, 0.85, 0.74, 1.5, "0.00001", "0.1"},
    {"LTC-USD",      75.0, 0.75, 0.72, 1.5, "0.001",   "0.001"},
    {"LINK-USD",     14.0, 0.90, 0.74, 1.5, "0.0001",  "0.01"},
    {"DOGE-USD",    0.120, 1.05, 0.70, 1.5, "0.000001", "1"},
  }};
  // clang-format on
  std::vector<SimInstrument> out;
  for (const auto& row : rows) {
    SimInstrument item;
    item.symbol = row.symbol;
    item.price = row.price;
    item.volatility_annual = row.volatility;
    item.beta = row.beta;
    item.spread_bps = row.spread_bps;
    item.tick = value<trading::Price>(row.tick);
    item.lot = value<trading::Quantity>(row.lot);
    out.push_back(item);
  }
  return out;
}

std::vector<SimVenue> default_venues() {
  SimVenue a;
  a.name = "SIM-A";
  a.maker_fee_bps = 2.0;
  a.taker_fee_bps = 5.0;
  SimVenue b;
  b.name = "SIM-B";
  b.maker_fee_bps = 4.0;
  b.taker_fee_bps = 8.0;
  b.noise_bps = 1.5;
  b.spread_factor = 1.3;
  b.latency = std::chrono::milliseconds{12};
  return {a, b};
}

core::Result<void> check(const SimSettings& settings) {
  auto done = first_of({
    bound("trades_per_second", settings.trades_per_second, 0.01, 50.0),
    bound("book_events_per_second", settings.book_events_per_second, 0.0, 500.0),
    bound("book_orders", settings.book_orders, 4.0, 2000.0),
    bound("instruments", static_cast<double>(settings.instruments.size()), 1.0, max_instruments),
    bound("venues", static_cast<double>(settings.venues.size()), 1.0, max_venues),
  });
  std::set<std::string> names;
  for (const auto& item : settings.instruments) {
    done = done ? check_instrument(item) : done;
    if (done && !names.insert(item.symbol).second) {
      done = core::Error{core::Errc::CONFIG_INVALID, item.symbol + ": expected it once"};
    }
  }
  for (const auto& venue : settings.venues) {
    if (done && !trading::InstrumentId::from_text("A-B." + venue.name)) {
      done = core::Error{core::Errc::CONFIG_INVALID,
                         "venue name: expected one such as SIM-A, found \"" + venue.name + '"'};
    }
    if (done && !names.insert(venue.name).second) {
      done = core::Error{core::Errc::CONFIG_INVALID, venue.name + ": expected it once"};
    }
    done = done ? first_of({bound(venue.name + ": noise_bps", venue.noise_bps, 0.0, 100.0),
                            bound(venue.name + ": spread_factor", venue.spread_factor, 0.1, 100.0)})
                : done;
  }
  return done;
}

} // namespace troupe::venues::sim
