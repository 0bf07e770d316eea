#include "exchange_world.hpp"

#include <random>
#include <rapidcheck.h>

using namespace test;

namespace {

PlaceList pair(World& world, Side side, std::int64_t away, std::int64_t lots) {
  const bool sell = side == Side::SELL;
  const auto last = world.market().last_tick();
  PlaceList list;
  list.contingency = Contingency::OCO;
  auto stop = world.limit(0, side, sell ? last - 2 * away : last + 2 * away, lots);
  stop.kind = OrderKind::STOP_LOSS_LIMIT;
  stop.stop_tick = sell ? last - away : last + away;
  auto limit = world.limit(0, side, sell ? last + away : last - away, lots);
  limit.kind = OrderKind::LIMIT_MAKER;
  list.orders = {stop, limit};
  return list;
}

} // namespace

TEST_CASE("exchange: of a pair one is done in the end, and one amount was set aside") {
  for (const auto side : {Side::BUY, Side::SELL}) {
    World world;
    world.later(std::chrono::seconds{5});
    const auto before = world.balance(0, side == Side::BUY ? "USD" : "BTC").available();
    const auto placed = world.exchange->place_list(pair(world, side, 200, 1'000));
    REQUIRE(placed.refusal == Refusal::NONE);
    check_books(world);
    const auto held = before - world.balance(0, side == Side::BUY ? "USD" : "BTC").available();
    const auto& list = *world.exchange->list(0, placed.order_id);
    const auto& dearer = world.order(list.orders[side == Side::BUY ? 0 : 1]);
    CHECK(
      held
      == (side == Side::BUY ? world.market().notional(dearer.tick, dearer.lots) : money("0.01")));
    for (int i = 0; i < 600 && !list.done; ++i) {
      world.later(std::chrono::seconds{1});
      check_books(world);
    }
    REQUIRE(list.done);
    const auto& stop = world.order(list.orders[0]);
    const auto& limit = world.order(list.orders[1]);
    CHECK((stop.status == OrderStatus::FILLED) != (limit.status == OrderStatus::FILLED));
    CHECK((stop.status == OrderStatus::EXPIRED || limit.status == OrderStatus::EXPIRED));
    CHECK(world.balance(0, "USD").held.is_zero());
    CHECK(world.balance(0, "BTC").held.is_zero());
  }
}

TEST_CASE("exchange: a pair on one side of the price, or beyond the means, is refused whole") {
  World world;
  auto wrong = pair(world, Side::SELL, 200, 1'000);
  std::swap(wrong.orders[0].stop_tick, wrong.orders[1].tick);
  CHECK(world.exchange->place_list(wrong).refusal != Refusal::NONE);
  CHECK(world.exchange->place_list(pair(world, Side::SELL, 200, 100'000'000)).refusal
        == Refusal::INSUFFICIENT_BALANCE);
  CHECK(world.exchange->open_orders(0).empty());
  CHECK(world.balance(0, "BTC").held.is_zero());
  CHECK(world.exchange->cancel_list(0, 77) == Refusal::UNKNOWN_ORDER);
}

TEST_CASE("exchange: lists, icebergs and trailing stops keep the books in order") {
  CHECK(rc::check("balances are sums, holds are those of open orders", [] {
    std::mt19937_64 random{*rc::gen::arbitrary<std::uint64_t>()};
    const auto draw = [&](int least, int most) {
      return std::uniform_int_distribution<>{least, most}(random);
    };
    World world;
    for (int step = 0; step < 25; ++step) {
      const auto side = draw(0, 1) == 0 ? Side::BUY : Side::SELL;
      const auto last = world.market().last_tick();
      auto order = world.limit(0, side, last + draw(-300, 300), draw(100, 20'000));
      switch (draw(0, 5)) {
        case 0:
          (void)world.exchange->place_list(pair(world, side, draw(50, 500), order.lots));
          break;
        case 1: {
          auto list = pair(world, trading::opposite(side), draw(50, 500), order.lots);
          list.contingency = Contingency::OTO;
          list.orders.insert(list.orders.begin(), order);
          (void)world.exchange->place_list(list);
          break;
        }
        case 2:
          order.iceberg_lots = order.lots / 4 + 1;
          (void)world.exchange->place(order);
          break;
        case 3:
          order.kind = OrderKind::STOP_LOSS;
          order.trailing_bips = draw(1, 50);
          (void)world.exchange->place(order);
          break;
        case 4: (void)world.exchange->place(order); break;
        default: {
          const auto open = world.exchange->open_orders(0);
          if (!open.empty()) {
            const auto* const one = open[static_cast<std::size_t>(draw(0, 1'000)) % open.size()];
            draw(0, 1) == 0 ? (void)world.exchange->cancel(0, one->id)
                            : (void)world.exchange->reduce(0, one->id, one->lots / 2);
          }
        }
      }
      check_books(world);
      world.later(std::chrono::milliseconds{draw(0, 5'000)});
      check_books(world);
      check_levels(world);
    }
    for (const auto& [id, list] : world.exchange->lists()) {
      (void)world.exchange->cancel_list(0, id);
      RC_ASSERT(list.done);
    }
    check_books(world);
  }));
}
