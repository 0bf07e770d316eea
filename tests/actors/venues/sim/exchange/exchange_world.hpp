#pragma once

#include "actors/venues/sim/exchange/exchange.hpp"

#include <doctest/doctest.h>

#include <map>
#include <memory>

/// An exchange in time of one's own, and what must hold of it always.
namespace test {

using namespace troupe;
using namespace troupe::venues::sim;
using namespace troupe::venues::sim::exchange;

inline constexpr Timestamp start{1'780'000'000'000'000'000}; // in the midst of an epoch

inline Money money(const char* text) {
  return *Money::from_text(text);
}

/// Notes all, and checks what must hold of every stream of events.
struct Notes final : ExchangeListener {
  struct OrderNote {
    std::uint64_t id;
    OrderChange change;
    OrderStatus status;
  };
  void on_level(std::size_t market, const LevelChange& change, Timestamp) override {
    if (market == 0) {
      levels_consecutive &= last_update == 0 || change.update_id == last_update + 1;
      last_update = change.update_id;
      ++levels;
    }
  }
  void on_trade(std::size_t market, const PublicTrade& trade) override {
    if (market == 0) {
      trades_consecutive &= last_trade == 0 || trade.id == last_trade + 1;
      last_trade = trade.id;
      trades.push_back(trade);
    }
  }
  void on_book_order(std::size_t market, const BookOrderEvent& event) override {
    if (market != 0) {
      return;
    }
    sequence_consecutive &= last_sequence == 0 || event.sequence == last_sequence + 1;
    last_sequence = event.sequence;
    using What = BookOrderEvent::What;
    if (event.what == What::OPEN) {
      resting[event.order] = event.lots;
    } else if (event.what == What::DONE) {
      resting.erase(event.order);
    } else if ((event.what == What::MATCH || event.what == What::CHANGE)
               && resting.contains(event.order)) {
      resting[event.order] = event.lots;
    }
  }
  void on_order(const Order& order, OrderChange change, const Execution*) override {
    orders.push_back({order.id, change, order.status});
  }
  bool levels_consecutive = true;
  bool trades_consecutive = true;
  bool sequence_consecutive = true;
  std::uint64_t last_update = 0;
  std::uint64_t last_trade = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t levels = 0;
  std::vector<PublicTrade> trades;
  std::map<std::uint64_t, std::int64_t> resting;
  std::vector<OrderNote> orders;
};

inline ExchangeSettings settings(FeeAsset fee_asset = FeeAsset::RECEIVED) {
  ExchangeSettings out;
  out.market.instruments = {default_instruments()[0]};
  out.history = std::chrono::hours{48};
  out.fee_asset = fee_asset;
  out.counts_fills = fee_asset == FeeAsset::QUOTE;
  out.fee_digits = fee_asset == FeeAsset::QUOTE ? 16 : 8;
  for (const auto* const key : {"a", "b"}) {
    out.accounts.push_back(
      {key, "secret", "phrase", {{"USD", money("1000000")}, {"BTC", money("10")}}});
  }
  return out;
}

struct World {
  explicit World(ExchangeSettings given = settings())
    : exchange(std::make_unique<Exchange>(std::move(given), start, notes)) {}
  Market& market() { return exchange->market(0); }
  std::int64_t best_bid() { return market().bids().begin()->first; }
  std::int64_t best_ask() { return market().asks().begin()->first; }
  PlaceOrder limit(std::size_t account, Side side, std::int64_t tick, std::int64_t lots) {
    PlaceOrder order;
    order.account = account;
    order.side = side;
    order.tick = tick;
    order.lots = lots;
    return order;
  }
  const Order& order(std::uint64_t id) { return exchange->orders().at(id); }
  void later(std::chrono::nanoseconds by) { exchange->advance(exchange->now() + by); }
  Balance balance(std::size_t account, const char* asset) {
    return exchange->ledger(account).balance(asset);
  }

  Notes notes;
  std::unique_ptr<Exchange> exchange;
};

/// Balances are the sums of their entries, holds those of the open orders, and nothing is lost.
inline void check_books(World& world) {
  for (std::size_t account = 0; account < 2; ++account) {
    std::map<std::string, Money> sums;
    for (const auto& entry : world.exchange->ledger(account).entries()) {
      sums[entry.asset] += entry.amount;
    }
    std::map<std::string, Money> held;
    for (const auto* const order : world.exchange->open_orders(account)) {
      held[order->side == Side::BUY ? "USD" : "BTC"] += order->held;
    }
    for (const auto& [asset, balance] : world.exchange->ledger(account).balances()) {
      CHECK(balance.total == sums[asset]);
      CHECK(balance.held == held[asset]);
      CHECK(balance.available().sign() >= 0);
    }
  }
}

/// The levels told are those of the book itself, and not crossed.
inline void check_levels(World& world) {
  auto& market = world.market();
  std::map<std::int64_t, std::int64_t> bids;
  market.book().bids().for_each([&](std::int64_t tick, const matching::PriceLevel& level) {
    bids[tick] = level.lots;
    return true;
  });
  CHECK(bids.size() == market.bids().size());
  for (const auto& [tick, lots] : market.bids()) {
    CHECK(bids[tick] == lots);
  }
  if (!market.bids().empty() && !market.asks().empty()) { // a side may be swept
    CHECK(world.best_bid() < world.best_ask());
  }
}

} // namespace test
