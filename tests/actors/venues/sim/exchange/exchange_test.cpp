#include "exchange_world.hpp"

#include <numeric>
#include <rapidcheck.h>

using namespace test;

TEST_CASE("exchange: ids of levels, trades and order events are consecutive over epochs") {
  World world;
  world.later(std::chrono::minutes{3});
  CHECK(world.notes.levels > 100);
  CHECK(world.notes.trades.size() > 10);
  CHECK(world.notes.levels_consecutive);
  CHECK(world.notes.trades_consecutive);
  CHECK(world.notes.sequence_consecutive);
  check_levels(world);
}

TEST_CASE("exchange: without others' orders its trades are the tape's, history joins on") {
  World world;
  world.later(std::chrono::minutes{2});
  const auto& sim = *world.exchange->sim();
  TapeMaker maker{sim, 0, 0};
  EpochTape tape;
  maker.make(epoch_of(start), tape);
  REQUIRE(tape.prints.size() <= world.market().trades().size());
  for (std::size_t i = 0; i < tape.prints.size(); ++i) {
    const auto& trade = world.market().trades()[i];
    CHECK(trade.tick == tape.prints[i].tick);
    CHECK(trade.lots == tape.prints[i].lots);
    CHECK(trade.time.ns == tape.prints[i].ts_ns);
  }
  const auto first = world.market().trades().front().id;
  const auto page = world.market().trades_from(first - 5, 10);
  REQUIRE(page.size() == 10);
  for (std::size_t i = 0; i < page.size(); ++i) {
    CHECK(page[i].id == first - 5 + i);
    CHECK((i == 0 || page[i - 1].time <= page[i].time));
  }
}

TEST_CASE("exchange: hours of the past are the sums of their minutes") {
  World world;
  auto& history = world.exchange->history();
  const auto to = core::floor(start, std::chrono::hours{1}).ns - 3'600'000'000'000;
  const auto from = to - 3 * 3'600'000'000'000;
  const auto hours = history.candles(0, *find_candle_interval("1h"), from, to);
  const auto minutes = history.candles(0, *find_candle_interval("1m"), from, to);
  std::vector<Candle> summed;
  roll_up(summed, minutes, *find_candle_interval("1h"));
  REQUIRE(hours.size() == 3);
  REQUIRE(summed.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(hours[i].open == summed[i].open);
    CHECK(hours[i].high == summed[i].high);
    CHECK(hours[i].low == summed[i].low);
    CHECK(hours[i].close == summed[i].close);
    CHECK(hours[i].lots == summed[i].lots);
    CHECK(hours[i].tick_lots == summed[i].tick_lots);
    CHECK(hours[i].first_id == summed[i].first_id);
    CHECK(hours[i].last_id == summed[i].last_id);
  }
}

TEST_CASE("exchange: weeks start on Monday and months on the first") {
  const auto& week = *find_candle_interval("1w");
  const auto monday = core::Timestamp::from_text("2026-11-23T00:00:00Z")->ns;
  CHECK(week.open_of(core::Timestamp::from_text("2026-11-25T22:00:00Z")->ns) == monday);
  CHECK(week.open_of(monday) == monday);
  const auto& month = *find_candle_interval("1M");
  const auto february = core::Timestamp::from_text("2024-02-01T00:00:00Z")->ns;
  CHECK(month.open_of(core::Timestamp::from_text("2024-02-29T23:00:00Z")->ns) == february);
  CHECK(month.shift(february, 1) == core::Timestamp::from_text("2024-03-01T00:00:00Z")->ns);
  CHECK(month.shift(february, -2) == core::Timestamp::from_text("2023-12-01T00:00:00Z")->ns);
  CHECK(find_candle_interval("1D") == nullptr);
}

TEST_CASE("exchange: a market buy pays the asks, its fee comes from what it receives") {
  World world;
  PlaceOrder order;
  order.kind = OrderKind::MARKET;
  order.lots = 100;
  const auto placed = world.exchange->place(order);
  REQUIRE(placed.refusal == Refusal::NONE);
  const auto& done = world.order(placed.order_id);
  CHECK(done.status == OrderStatus::FILLED);
  Money quote;
  std::int64_t lots = 0;
  for (const auto& fill : done.fills) {
    quote += fill.quote;
    lots += fill.lots;
    CHECK(fill.fee_asset == "BTC");
    CHECK_FALSE(fill.maker);
  }
  CHECK(lots == 100);
  CHECK(done.quote_filled == quote);
  CHECK(world.balance(0, "USD").total == money("1000000") - quote);
  // 0.001 BTC less 5 bps, to eight digits
  CHECK(world.balance(0, "BTC").total == money("10.001") - done.fees);
  CHECK(done.fees == money("0.0000005"));
  check_books(world);
  check_levels(world);
}

TEST_CASE("exchange: amounts to spend are never exceeded, fees included") {
  for (const auto fee : {FeeAsset::RECEIVED, FeeAsset::QUOTE}) {
    World world{settings(fee)};
    PlaceOrder order;
    order.kind = OrderKind::MARKET;
    order.funds = money("1000");
    const auto placed = world.exchange->place(order);
    REQUIRE(placed.refusal == Refusal::NONE);
    const auto spent = money("1000000") - world.balance(0, "USD").total;
    CHECK(spent <= money("1000"));
    CHECK(spent > money("998"));
    check_books(world);
  }
}

TEST_CASE("exchange: orders of accounts meet in price and time, maker and taker pay their rates") {
  World world{settings(FeeAsset::QUOTE)};
  const auto tick = world.best_ask() - 1; // inside the spread, so first in turn
  REQUIRE(tick > world.best_bid());
  const auto first = world.exchange->place(world.limit(0, Side::SELL, tick, 50));
  const auto second = world.exchange->place(world.limit(0, Side::SELL, tick, 50));
  const auto buy = world.exchange->place(world.limit(1, Side::BUY, tick, 70));
  CHECK(world.order(first.order_id).status == OrderStatus::FILLED);
  CHECK(world.order(second.order_id).status == OrderStatus::PARTIALLY_FILLED);
  CHECK(world.order(second.order_id).lots_left() == 30);
  CHECK(world.order(buy.order_id).status == OrderStatus::FILLED);
  const auto notional = world.market().notional(tick, 70);
  CHECK(world.order(buy.order_id).quote_filled == notional);
  const auto ppm = [&](std::int64_t parts) {
    return Money::from_raw(notional.raw() / 1'000'000 * parts);
  };
  CHECK(world.order(buy.order_id).fees == ppm(world.exchange->taker_fee_ppm()));
  CHECK(world.balance(0, "BTC").total == money("9.9993"));
  CHECK(world.balance(1, "BTC").total == money("10.0007"));
  check_books(world);
  check_levels(world);
}

TEST_CASE("exchange: the market's flow fills a resting order that the price comes to") {
  World world;
  const auto placed = world.exchange->place(world.limit(0, Side::BUY, world.best_bid() + 1, 20));
  REQUIRE(placed.refusal == Refusal::NONE);
  for (int i = 0; i < 600 && is_open(world.order(placed.order_id).status); ++i) {
    world.later(std::chrono::seconds{1});
  }
  const auto& order = world.order(placed.order_id);
  REQUIRE(order.status == OrderStatus::FILLED);
  CHECK(order.fills.front().maker);
  CHECK(world.notes.trades_consecutive);
  check_books(world);
}

TEST_CASE("exchange: what is held is what may be lost, and comes back") {
  World world;
  const auto placed = world.exchange->place(world.limit(0, Side::BUY, 1'000'000, 1'000));
  REQUIRE(placed.refusal == Refusal::NONE);
  CHECK(world.balance(0, "USD").held == money("100")); // 10000.00 * 0.01
  CHECK(world.exchange->cancel(1, placed.order_id) == Refusal::UNKNOWN_ORDER);
  CHECK(world.exchange->cancel(0, placed.order_id) == Refusal::NONE);
  CHECK(world.balance(0, "USD").held.is_zero());
  CHECK(world.exchange->cancel(0, placed.order_id) == Refusal::UNKNOWN_ORDER);
  CHECK(world.order(placed.order_id).status == OrderStatus::CANCELED);
  const auto too_much =
    world.exchange->place(world.limit(0, Side::BUY, world.best_bid(), 10'000'000));
  CHECK(too_much.refusal == Refusal::INSUFFICIENT_BALANCE);
  check_books(world);
}

TEST_CASE("exchange: refusals") {
  World world;
  auto maker = world.limit(0, Side::BUY, world.best_ask(), 10);
  maker.kind = OrderKind::LIMIT_MAKER;
  CHECK(world.exchange->place(maker).refusal == Refusal::WOULD_TAKE);
  auto stop = world.limit(0, Side::SELL, 100, 10);
  stop.kind = OrderKind::STOP_LOSS_LIMIT;
  stop.stop_tick = world.market().last_tick() + 1;
  CHECK(world.exchange->place(stop).refusal == Refusal::STOP_WOULD_TRIGGER);
  auto named = world.limit(0, Side::BUY, 1'000'000, 1'000);
  named.client_id = "mine";
  CHECK(world.exchange->place(named).refusal == Refusal::NONE);
  CHECK(world.exchange->place(named).refusal == Refusal::DUPLICATE_CLIENT_ID);
  CHECK(world.exchange->place(world.limit(0, Side::BUY, 1'000'000, 0)).refusal
        == Refusal::INVALID_QUANTITY);
  CHECK(world.exchange->place(world.limit(0, Side::BUY, 0, 10)).refusal == Refusal::INVALID_PRICE);
}

TEST_CASE("exchange: IOC and FOK end at once") {
  World world;
  auto ioc = world.limit(0, Side::BUY, world.best_ask(), 5'000'000);
  ioc.tif = TimeInForce::IOC;
  ioc.lots = world.market().asks().begin()->second + 1;
  const auto part = world.exchange->place(ioc);
  CHECK(world.order(part.order_id).status == OrderStatus::EXPIRED);
  CHECK(world.order(part.order_id).lots_left() == 1);
  auto fok = world.limit(0, Side::BUY, world.best_ask(), 0);
  fok.tif = TimeInForce::FOK;
  fok.lots = world.market().asks().begin()->second + 1;
  const auto none = world.exchange->place(fok);
  CHECK(world.order(none.order_id).status == OrderStatus::EXPIRED);
  CHECK(world.order(none.order_id).lots_filled == 0);
  check_books(world);
}

TEST_CASE("exchange: a stop triggers by the last price") {
  World world;
  auto stop = world.limit(0, Side::SELL, 0, 10);
  stop.kind = OrderKind::STOP_LOSS;
  stop.stop_tick = world.market().last_tick() - 1;
  const auto placed = world.exchange->place(stop);
  REQUIRE(placed.refusal == Refusal::NONE);
  CHECK(world.order(placed.order_id).waiting());
  auto sweep = world.limit(1, Side::SELL, world.best_bid() - 2, 1);
  sweep.lots = world.market().bids().begin()->second + 1; // trades below
  (void)world.exchange->place(sweep);
  CHECK_FALSE(world.order(placed.order_id).waiting());
  CHECK(world.order(placed.order_id).status == OrderStatus::FILLED);
  check_books(world);
}

TEST_CASE("exchange: self-trade prevention, by mode") {
  const auto meet = [](SelfTradeMode mode, std::int64_t maker_lots, std::int64_t taker_lots) {
    auto world = std::make_unique<World>();
    const auto tick = world->best_ask() - 1;
    const auto maker = world->exchange->place(world->limit(0, Side::SELL, tick, maker_lots));
    auto taker = world->limit(0, Side::BUY, tick, taker_lots);
    taker.self_trade = mode;
    const auto second = world->exchange->place(taker);
    check_books(*world);
    check_levels(*world);
    return std::pair{world->order(maker.order_id), world->order(second.order_id)};
  };
  const auto traded = meet(SelfTradeMode::NONE, 10, 10);
  CHECK(traded.first.status == OrderStatus::FILLED);
  const auto taker_gone = meet(SelfTradeMode::EXPIRE_TAKER, 10, 10);
  CHECK(taker_gone.first.status == OrderStatus::NEW);
  CHECK(taker_gone.second.status == OrderStatus::EXPIRED_IN_MATCH);
  const auto maker_gone = meet(SelfTradeMode::EXPIRE_MAKER, 10, 10);
  CHECK(maker_gone.first.status == OrderStatus::EXPIRED_IN_MATCH);
  CHECK(maker_gone.second.status == OrderStatus::NEW);
  const auto both_gone = meet(SelfTradeMode::EXPIRE_BOTH, 10, 10);
  CHECK(both_gone.first.status == OrderStatus::EXPIRED_IN_MATCH);
  CHECK(both_gone.second.status == OrderStatus::EXPIRED_IN_MATCH);
  const auto less = meet(SelfTradeMode::DECREMENT, 10, 4);
  CHECK(less.first.lots_left() == 6);
  CHECK(less.first.status == OrderStatus::NEW);
  CHECK(less.second.status == OrderStatus::CANCELED);
  const auto more = meet(SelfTradeMode::DECREMENT, 4, 10);
  CHECK(more.first.status == OrderStatus::CANCELED);
  CHECK(more.second.lots_left() == 6);
  CHECK(more.second.status == OrderStatus::NEW);
}

TEST_CASE("exchange: orders of limited time expire") {
  World world;
  auto order = world.limit(0, Side::BUY, 1'000'000, 1'000);
  order.tif = TimeInForce::GTD;
  order.expires = start + std::chrono::seconds{30};
  const auto placed = world.exchange->place(order);
  world.later(std::chrono::seconds{29});
  CHECK(is_open(world.order(placed.order_id).status));
  world.later(std::chrono::seconds{2});
  CHECK(world.order(placed.order_id).status == OrderStatus::CANCELED);
  check_books(world);
}

TEST_CASE("exchange: whatever two accounts do, books balance and streams stay whole") {
  CHECK(rc::check([](std::uint32_t seed) {
    for (const auto fee : {FeeAsset::RECEIVED, FeeAsset::QUOTE}) {
      World world{settings(fee)};
      core::Random random{seed};
      for (int step = 0; step < 60; ++step) {
        PlaceOrder order;
        order.account = random.below(2);
        order.side = random.below(2) == 0 ? Side::BUY : Side::SELL;
        order.kind = static_cast<OrderKind>(random.below(7));
        order.tif = is_market(order.kind) || order.kind == OrderKind::LIMIT_MAKER
                      ? TimeInForce::GTC
                      : static_cast<TimeInForce>(random.below(3));
        order.self_trade = static_cast<SelfTradeMode>(random.below(5));
        const auto near = [&] {
          return world.market().last_tick() + static_cast<std::int64_t>(random.below(2'000))
                 - 1'000;
        };
        order.tick = is_market(order.kind) ? 0 : near();
        order.stop_tick = is_stop(order.kind) ? near() : 0;
        order.lots = 1 + static_cast<std::int64_t>(random.below(100'000));
        (void)world.exchange->place(order);
        if (const auto open = world.exchange->open_orders(order.account);
            !open.empty() && random.below(3) == 0) {
          (void)world.exchange->cancel(order.account, open[random.below(open.size())]->id);
        }
        world.later(std::chrono::milliseconds{random.below(1'500)});
      }
      check_books(world);
      check_levels(world);
      RC_ASSERT(world.notes.levels_consecutive);
      RC_ASSERT(world.notes.trades_consecutive);
      RC_ASSERT(world.notes.sequence_consecutive);
      // Order by order, the resting quantity told equals the book's (where fills are told singly).
      if (fee == FeeAsset::QUOTE) {
        std::int64_t told = 0;
        for (const auto& [key, lots] : world.notes.resting) {
          told += lots;
        }
        std::int64_t levels = 0;
        for (const auto& [tick, lots] : world.market().bids()) {
          levels += lots;
        }
        for (const auto& [tick, lots] : world.market().asks()) {
          levels += lots;
        }
        RC_ASSERT(told == levels);
      }
    }
  }));
}
