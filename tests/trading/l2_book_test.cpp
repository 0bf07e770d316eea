#include "core/random.hpp"
#include "core/schema.hpp"
#include "trading/l2_book.hpp"

#include <doctest/doctest.h>

#include <map>
#include <rapidcheck.h>

namespace {

using namespace troupe::trading;
using troupe::core::Errc;
using troupe::core::Random;

Level level(const char* price, const char* quantity) {
  return {*Price::from_text(price), *Quantity::from_text(quantity)};
}

L2Book book_of(const char* tick = "0.01") {
  return L2Book{{"BTC-USD", "SIM-A"}, *Price::from_text(tick)};
}

BookSnapshot snapshot() {
  return {.instrument = {"BTC-USD", "SIM-A"},
          .bids = {level("100.01", "1"), level("99.5", "2.5")},
          .asks = {level("100.02", "3")},
          .sequence = 10,
          .ts_event = {5}};
}

} // namespace

TEST_CASE("book: json has levels as pairs of strings") {
  const auto text = troupe::core::json::encode(snapshot());
  CHECK(text
        == R"({"instrument":"BTC-USD.SIM-A","bids":[["100.01","1"],["99.5","2.5"]],)"
           R"("asks":[["100.02","3"]],"sequence":10,"ts_event":"1970-01-01T00:00:00.000000005Z"})");
  CHECK(*troupe::core::json::decode<BookSnapshot>(text) == snapshot());
  CHECK(troupe::core::json::decode<Level>(R"(["1"])").error().message
        == R"(expected ["price", "quantity"], found ["1"])");
  CHECK(troupe::core::json::decode<Level>(R"(["1",2])").error().message
        == "[1]: expected a string (decimal), found 2");
  CHECK(troupe::core::SchemaRegistry{}.of<Level>() == Level::json_schema);
  CHECK(*troupe::core::binary::decode<BookSnapshot>(troupe::core::binary::encode(snapshot()))
        == snapshot());
}

TEST_CASE("l2 book: snapshot then deltas") {
  auto book = book_of();
  CHECK_FALSE(book.valid());
  CHECK(
    book.apply(BookDelta{.instrument = {}, .bids = {}, .asks = {}, .sequence = 1, .ts_event = {}})
      .error()
      .code
    == Errc::NOT_READY);
  REQUIRE(book.apply(snapshot()));
  CHECK(book.depth(10) == snapshot());
  BookSnapshot again = book.depth(1);
  book.depth(10, again); // whatever it held before
  CHECK(again == snapshot());
  CHECK(book.depth(1).bids.size() == 1);
  BookDelta delta{.instrument = {},
                  .bids = {level("100.01", "0"), level("99.99", "4"), level("50", "0")},
                  .asks = {level("100.02", "7")},
                  .sequence = 11,
                  .ts_event = {6}};
  REQUIRE(book.apply(delta));
  CHECK(*book.best_bid() == level("99.99", "4"));
  CHECK(*book.best_ask() == level("100.02", "7"));
  CHECK(book.sequence() == 11);
  CHECK(book.levels(Side::BUY) == 2);
  delta.bids = {level("1", "1")};
  REQUIRE(book.apply(delta)); // same sequence: already known
  CHECK(book.levels(Side::BUY) == 2);
}

TEST_CASE("l2 book: a crossing update is refused and the book is empty until the next snapshot") {
  auto book = book_of();
  REQUIRE(book.apply(snapshot()));
  BookDelta delta{
    .instrument = {}, .bids = {level("100.02", "1")}, .asks = {}, .sequence = 11, .ts_event = {6}};
  CHECK(book.apply(delta).error().code == Errc::PROTOCOL_ERROR);
  CHECK_FALSE(book.valid());
  CHECK_FALSE(book.best_bid());
  CHECK_FALSE(book.best_ask());
  CHECK(book.depth(5).bids.empty());
  REQUIRE(book.apply(snapshot()));
  CHECK(book.valid());
  // Both sides move in one delta: crossed in between, never at its end.
  delta = {.instrument = {},
           .bids = {level("100.05", "1")},
           .asks = {level("100.02", "0"), level("100.06", "1")},
           .sequence = 12,
           .ts_event = {7}};
  CHECK(book.apply(delta));
  auto crossed = snapshot();
  crossed.asks = {level("100.01", "1")};
  CHECK_FALSE(book.apply(crossed));
  CHECK_FALSE(book.valid());
}

TEST_CASE("l2 book: quantities of any size are exact") {
  auto book = book_of();
  auto input = snapshot();
  input.bids = {level("100", "0.00000001"), level("99", "1000000000000.00000001")};
  REQUIRE(book.apply(input));
  CHECK(book.depth(5).bids == input.bids);
}

TEST_CASE("l2 book: prices off their step and negative quantities are refused") {
  for (const auto& bad : {level("100.015", "1"), level("100", "-1")}) {
    auto book = book_of();
    auto input = snapshot();
    input.bids = {bad};
    CHECK(book.apply(input).error().code == Errc::PROTOCOL_ERROR);
    CHECK_FALSE(book.valid());
  }
  CHECK_THROWS(book_of("0"));
}

TEST_CASE("step scale: exact for small and large values") {
  const StepScale<Price> cents{*Price::from_text("0.01")};
  CHECK(cents.count(*Price::from_text("64000.01")) == 6400001);
  CHECK(cents.count(*Price::from_text("-0.03")) == -3);
  CHECK_FALSE(cents.count(*Price::from_text("0.005")));
  CHECK_FALSE(cents.count(*Price::from_text("0.0000000001")));
  CHECK(cents.count(*Price::from_text("1000000000000.01")) == 100000000000001);
  CHECK_FALSE(cents.count(*Price::from_text("1000000000000.015")));
  CHECK_FALSE(cents.count(*Price::from_text("1e26")));
  CHECK(cents.value(6400001) == *Price::from_text("64000.01"));
  CHECK(rc::check([&](std::int32_t n, std::uint8_t off) {
    const auto value = cents.value(n) + Price::from_raw(off);
    const auto steps = cents.count(value);
    RC_ASSERT(steps.has_value() == (off == 0));
    RC_ASSERT((!steps || *steps == n));
  }));
}

TEST_CASE("tick ladder: equals an ordered map whatever the jumps of the price") {
  CHECK(rc::check([](std::uint64_t seed) {
    Random random{seed};
    TickLadder<Side::BUY, std::int64_t> bids{4096};
    TickLadder<Side::SELL, std::int64_t> asks{4096};
    std::map<std::int64_t, std::int64_t> model;
    std::int64_t centre = 0;
    for (int i = 0; i < 1500; ++i) {
      if (random.below(40) == 0) {
        centre = static_cast<std::int64_t>(random.below(60'000)) - 30'000;
      }
      const auto spread = random.below(3) == 0 ? 20'000U : 60U;
      const auto tick = centre + static_cast<std::int64_t>(random.below(spread));
      const auto known = model.contains(tick);
      RC_ASSERT((bids.find(tick) != nullptr) == known);
      if (known && random.below(2) == 0) {
        model.erase(tick);
        bids.erase(tick);
        asks.erase(tick);
      } else {
        model[tick] = bids.insert(tick) = asks.insert(tick) = i + 1;
      }
      if (random.below(500) == 0) {
        model.clear();
        bids.clear();
        asks.clear();
      }
      RC_ASSERT(bids.size() == model.size());
      if (!model.empty()) {
        RC_ASSERT(bids.best_tick() == model.rbegin()->first);
        RC_ASSERT(asks.best_tick() == model.begin()->first);
        RC_ASSERT(bids.best() == model.rbegin()->second);
        RC_ASSERT(asks.best() == model.begin()->second);
      }
    }
    std::vector<std::pair<std::int64_t, std::int64_t>> all;
    asks.for_each([&](std::int64_t tick, std::int64_t lots) {
      all.emplace_back(tick, lots);
      return true;
    });
    RC_ASSERT(
      (all == std::vector<std::pair<std::int64_t, std::int64_t>>(model.begin(), model.end())));
    std::size_t left = model.size();
    bids.for_each([&](std::int64_t tick, std::int64_t lots) {
      RC_ASSERT(all[--left] == std::pair(tick, lots));
      return true;
    });
    RC_ASSERT(left == 0U);
  }));
}

TEST_CASE("tick ladder: put equals an ordered map, whatever was there before") {
  CHECK(rc::check([](std::uint64_t seed) {
    Random random{seed};
    TickLadder<Side::BUY, std::int64_t> ladder{4096};
    std::map<std::int64_t, std::int64_t, std::greater<>> model;
    std::int64_t centre = 0;
    for (int i = 1; i <= 1500; ++i) {
      if (random.below(40) == 0) {
        centre = static_cast<std::int64_t>(random.below(60'000)) - 30'000;
      }
      const auto spread = random.below(3) == 0 ? 20'000U : 60U;
      const auto tick = centre + static_cast<std::int64_t>(random.below(spread));
      const bool occupied = random.below(2) == 0;
      ladder.put(tick, i, occupied);
      occupied ? void(model[tick] = i) : void(model.erase(tick));
      RC_ASSERT(ladder.size() == model.size());
      RC_ASSERT((ladder.find(tick) != nullptr) == occupied);
      if (!model.empty()) {
        RC_ASSERT(ladder.best_tick() == model.begin()->first);
        RC_ASSERT(ladder.best() == model.begin()->second);
      }
    }
    auto expected = model.begin();
    ladder.for_each([&](std::int64_t tick, std::int64_t value) {
      RC_ASSERT((*expected++ == std::pair<const std::int64_t, std::int64_t>(tick, value)));
      return true;
    });
    RC_ASSERT(expected == model.end());
  }));
}

TEST_CASE("tick ladder: one that was cleared takes its first tick for the window's place") {
  CHECK(rc::check([](std::uint64_t seed) {
    using Ladder = TickLadder<Side::BUY, std::int64_t>;
    Random random{seed};
    Ladder ladder{4096};
    for (int round = 0; round < 4; ++round) {
      std::map<std::int64_t, std::int64_t, std::greater<>> model;
      const auto place = static_cast<std::int64_t>(random.below(2'000'000)) - 1'000'000;
      for (std::int64_t i = 0; i < 400; ++i) { // best first, three windows deep
        const auto tick = place - i * 30 - static_cast<std::int64_t>(random.below(20));
        ladder.put(tick, i, true);
        model[tick] = i;
      }
      RC_ASSERT(ladder.size() == model.size());
      auto expected = model.begin();
      ladder.for_each([&](std::int64_t tick, std::int64_t value) {
        RC_ASSERT((*expected++ == std::pair<const std::int64_t, std::int64_t>(tick, value)));
        return true;
      });
      RC_ASSERT(expected == model.end());
      while (model.size() > 100) { // the best goes, again and again
        ladder.put(ladder.best_tick(), 0, false);
        model.erase(model.begin());
        RC_ASSERT(ladder.best_tick() == model.begin()->first);
      }
      ladder.clear();
      RC_ASSERT(ladder.empty());
      RC_ASSERT(ladder.find(place) == nullptr);
    }
  }));
}

TEST_CASE("l2 book: equals ordered maps of exact prices over random deltas") {
  CHECK(rc::check([](std::uint64_t seed) {
    Random random{seed};
    auto book = book_of();
    REQUIRE(book.apply(BookSnapshot{}));
    std::map<Price, Quantity> bids;
    std::map<Price, Quantity> asks;
    std::int64_t mid = 1'000'000;
    for (std::uint64_t sequence = 1; sequence <= 300; ++sequence) {
      mid += random.below(50) == 0 ? static_cast<std::int64_t>(random.below(40'000)) - 20'000
                                   : static_cast<std::int64_t>(random.below(3)) - 1;
      BookDelta delta;
      delta.sequence = sequence;
      const auto clear_of = [&](auto& side, auto& levels, auto crosses) {
        for (auto at = side.begin(); at != side.end();) {
          const bool gone = crosses(at->first);
          if (gone) {
            levels.push_back({at->first, Quantity{}});
          }
          at = gone ? side.erase(at) : std::next(at);
        }
      };
      const auto middle = Price::from_raw(mid * 100'000'000);
      clear_of(bids, delta.bids, [&](Price price) { return price >= middle; });
      clear_of(asks, delta.asks, [&](Price price) { return price <= middle; });
      for (int i = 0; i < 5; ++i) {
        const bool is_bid = random.below(2) == 0;
        const auto away = 1 + static_cast<std::int64_t>(random.below(40) * random.below(40));
        const auto price = Price::from_raw((is_bid ? mid - away : mid + away) * 100'000'000);
        const auto quantity =
          Quantity::from_raw(static_cast<std::int64_t>(random.below(4)) * 100'000);
        (is_bid ? delta.bids : delta.asks).push_back({price, quantity});
        auto& side = is_bid ? bids : asks;
        quantity.is_zero() ? void(side.erase(price)) : void(side[price] = quantity);
      }
      RC_ASSERT(bool(book.apply(delta)));
      const auto top = book.depth(1'000'000);
      std::vector<Level> best_first;
      for (auto at = bids.rbegin(); at != bids.rend(); ++at) {
        best_first.push_back({at->first, at->second});
      }
      RC_ASSERT(top.bids == best_first);
      best_first.clear();
      for (const auto& [price, quantity] : asks) {
        best_first.push_back({price, quantity});
      }
      RC_ASSERT(top.asks == best_first);
      RC_ASSERT(book.best_bid().has_value() == !bids.empty());
      RC_ASSERT((bids.empty() || *book.best_bid() == top.bids.front()));
      RC_ASSERT((asks.empty() || *book.best_ask() == top.asks.front()));
    }
  }));
}
