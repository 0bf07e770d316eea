#include "actors/venues/coinbase/feed_protocol.hpp"
#include "actors/venues/common/wire.hpp"
#include "faulty_line.hpp"
#include "recording_sink.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <rapidcheck.h>

/// The Exchange feed against a venue in virtual time whose stream loses, repeats and reorders
/// messages: what is wrong is found within the bound that make_exchange_protocol states.
namespace {

using namespace troupe::venues;
using namespace std::chrono_literals;
using troupe::core::Timestamp;
using troupe::trading::Level;
using troupe::trading::Price;
using troupe::trading::Quantity;

constexpr auto step_every = 50ms;
constexpr auto audit_every = 30s;
constexpr auto reply_max = 1s;
/// As stated: the audit, three seconds and the REST call.
constexpr auto bound = audit_every + 3s + reply_max;

std::string time_text(Timestamp t) {
  const auto ms = t.ns / 1'000'000;
  const auto minutes = ms / 60'000;
  std::array<char, 40> text{};
  (void)std::snprintf(text.data(), text.size(), "2026-09-30T%02d:%02d:%02d.%03d000Z",
                      static_cast<int>(minutes / 60 % 24), static_cast<int>(minutes % 60),
                      static_cast<int>(ms / 1'000 % 60), static_cast<int>(ms % 1'000));
  return text.data();
}

std::string price_text(int tick) {
  const auto cents = std::to_string(100 + tick % 100);
  return std::to_string(tick / 100) + "." + cents.substr(1);
}

/// The whole of a venue: its true book, what it sends, what it answers.
struct World {
  explicit World(std::uint64_t seed, std::chrono::nanoseconds every = audit_every)
    : random(seed), line(random, std::chrono::milliseconds{draw(0, 300)}),
      protocol(
        coinbase::make_exchange_protocol({.venue = "COINBASE", .verify_books_every = every})) {
    for (int i = 0; i < 40; ++i) {
      bids[1'000 - i] = draw(1, 9);
      asks[1'001 + i] = draw(1, 9);
    }
    protocol->follow(test::instrument("BTC-USD", "COINBASE", "BTC-USD"));
    connect();
  }

  int draw(int least, int most) { return std::uniform_int_distribution<>{least, most}(random); }

  // ---- the venue
  static std::string row(int tick, int lots) {
    return R"([")" + price_text(tick) + R"(",")" + std::to_string(lots) + R"("])";
  }
  static std::string rows(const std::map<int, int>& side, bool descending) {
    std::string out;
    for (const auto& [tick, lots] : side) {
      const auto one = row(tick, lots);
      out = out.empty() ? one : descending ? one + "," + out : out + "," + one;
    }
    return "[" + out + "]";
  }
  void change(bool bid, int tick, int lots) {
    auto& side = bid ? bids : asks;
    lots == 0 ? void(side.erase(tick)) : void(side[tick] = lots);
    pending[{bid, tick}] = lots;
  }
  /// Levels near the inside change often, those far from it almost never.
  void change_somewhere() {
    const bool bid = draw(0, 1) == 0;
    const int depth = draw(0, 9) == 0 ? draw(0, 39) : draw(0, 4);
    change(bid, bid ? 1'000 - depth : 1'001 + depth, draw(0, 3) == 0 ? 0 : draw(1, 9));
  }
  void flush_updates() {
    if (pending.empty()) {
      return;
    }
    std::string changes;
    for (const auto& [at, lots] : pending) {
      changes += (changes.empty() ? "[\"" : ",[\"") + std::string{at.first ? "buy" : "sell"}
                 + R"(",")" + price_text(at.second) + R"(",")" + std::to_string(lots) + R"("])";
    }
    pending.clear();
    publish(R"({"type":"l2update","product_id":"BTC-USD","changes":[)" + changes + R"(],"time":")"
            + time_text(now) + R"("})");
  }
  void trade() {
    ++trade_id;
    publish(R"({"type":"match","trade_id":)" + std::to_string(trade_id)
            + R"(,"side":"sell","size":"1","price":"10.01","product_id":"BTC-USD","sequence":5,)"
              R"("time":")"
            + time_text(now) + R"("})");
  }
  void publish(std::string text) {
    if (subscribed && !lose_next) {
      line.send(std::move(text), now);
    }
    lose_next = false;
  }
  void take_requests() {
    for (const auto& message : test::sent(*protocol)) {
      const bool off = message.find(R"("unsubscribe")") != std::string::npos;
      subscribed = !off;
      if (!off) {
        line.send(
          R"({"type":"subscriptions","channels":[{"name":"level2_50","product_ids":["BTC-USD"]}]})",
          now);
        line.send(R"({"type":"snapshot","product_id":"BTC-USD","asks":)" + rows(asks, false)
                    + R"(,"bids":)" + rows(bids, true) + R"(,"time":")" + time_text(now) + R"("})",
                  now);
        pending.clear();
      }
    }
    for (const auto& query : test::asked(*protocol)) {
      CHECK(query.target == "/products/BTC-USD/book?level=2");
      ++audits;
      answers.push_back({now + std::chrono::milliseconds{draw(0, 900)}, query.id,
                         R"({"bids":)" + rows(bids, true) + R"(,"asks":)" + rows(asks, false)
                           + R"(,"sequence":7,"time":")" + time_text(now) + R"("})"});
    }
  }

  // ---- time
  void connect() {
    line.clear();
    answers.clear();
    subscribed = false;
    sink.said.emplace_back("connected");
    protocol->opened(now);
    protocol->tick(now, sink);
    take_requests();
  }
  void step(bool active = true) {
    now = now + step_every;
    if (active && draw(0, 9) < 6) {
      change_somewhere();
    }
    if (active && draw(0, 19) == 0) {
      trade();
    }
    flush_updates();
    if (now.ns / 1'000'000 % 1'000 == 0) {
      publish(R"({"type":"heartbeat","last_trade_id":)" + std::to_string(trade_id)
              + R"(,"product_id":"BTC-USD","sequence":9,"time":")" + time_text(now) + R"("})");
    }
    line.deliver(now, [&](const std::string& text) {
      protocol->received(wire::padded(text), now, sink);
      check_readable();
    });
    for (const auto& answer : answers) {
      if (answer.due <= now) {
        protocol->answered(answer.query, wire::padded(answer.body), now, sink);
      }
    }
    std::erase_if(answers, [&](const test::LateAnswer& answer) { return answer.due <= now; });
    protocol->tick(now, sink);
    if (!protocol->take_reconnect().empty()) {
      ++reconnects;
      protocol->closed();
      connect();
    } else {
      take_requests();
    }
    check_readable();
  }
  void run(std::chrono::milliseconds time, bool active = true) {
    for (const auto end = now + time; now < end;) {
      step(active);
    }
  }

  // ---- what must hold
  void check_readable() const {
    const auto* const book = protocol->book("BTC-USD");
    if (book == nullptr) {
      return;
    }
    const auto depth = book->depth(1'000);
    const auto sound = [](const std::vector<Level>& levels, auto worse) {
      return std::all_of(levels.begin(), levels.end(),
                         [](const Level& level) { return level.quantity.sign() > 0; })
             && std::adjacent_find(
                  levels.begin(), levels.end(),
                  [&](const Level& a, const Level& b) { return !worse(b.price, a.price); })
                  == levels.end();
    };
    RC_ASSERT(sound(depth.bids, std::less<>{}));
    RC_ASSERT(sound(depth.asks, std::greater<>{}));
    const bool apart = depth.bids.empty() || depth.asks.empty()
                       || depth.bids.front().price < depth.asks.front().price;
    RC_ASSERT(apart);
  }
  [[nodiscard]] bool agrees() const {
    const auto* const book = protocol->book("BTC-USD");
    if (book == nullptr) {
      return false;
    }
    const auto same = [](const std::vector<Level>& ours, const std::map<int, int>& theirs) {
      return ours.size() == theirs.size()
             && std::all_of(ours.begin(), ours.end(), [&](const Level& level) {
                  const auto at = std::find_if(theirs.begin(), theirs.end(), [&](const auto& one) {
                    return *Price::from_text(price_text(one.first)) == level.price;
                  });
                  return at != theirs.end() && Quantity::from_integer(at->second) == level.quantity;
                });
    };
    const auto depth = book->depth(1'000);
    return same(depth.bids, bids) && same(depth.asks, asks);
  }
  [[nodiscard]] std::ptrdiff_t losses() const {
    return std::count(sink.said.begin(), sink.said.end(), "lost book BTC-USD");
  }

  std::mt19937_64 random;
  Timestamp now{3'600'000'000'000};
  test::FaultyLine line;
  std::map<int, int> bids;
  std::map<int, int> asks;
  std::map<std::pair<bool, int>, int> pending;
  std::uint64_t trade_id = 70;
  bool subscribed = false;
  bool lose_next = false;
  std::vector<test::LateAnswer> answers;
  std::size_t audits = 0;
  std::size_t reconnects = 0;
  std::unique_ptr<FeedProtocol> protocol;
  test::RecordingSink sink;
};

TEST_CASE("exchange feed: undisturbed, audits agree and nothing is lost") {
  CHECK(rc::check("no false alarm", [] {
    World world{*rc::gen::arbitrary<std::uint64_t>()};
    world.run(100s);
    RC_ASSERT(world.audits >= 2U);
    RC_ASSERT(world.losses() == 0);
    RC_ASSERT(world.reconnects == 0U);
    world.run(1s, false);
    RC_ASSERT(world.agrees());
  }));
}

TEST_CASE("exchange feed: a single lost update is found within the stated bound") {
  CHECK(rc::check("found and healed", [] {
    World world{*rc::gen::arbitrary<std::uint64_t>()};
    world.run(std::chrono::milliseconds{*rc::gen::inRange(1'000, 40'000)});
    // A level that nothing else will touch: no later update heals it, no ticker shows it.
    world.run(1s, false);
    RC_ASSERT(world.agrees());
    const bool bid = *rc::gen::arbitrary<bool>();
    const int tick = bid ? 950 - *rc::gen::inRange(0, 50) : 1'050 + *rc::gen::inRange(0, 50);
    world.change(bid, tick, *rc::gen::inRange(1, 9));
    world.lose_next = true;
    world.run(50ms, false);
    const auto lost_at = world.now;
    while (world.losses() == 0 && world.now - lost_at <= 2 * bound) {
      world.step();
    }
    RC_ASSERT(world.losses() == 1);
    RC_ASSERT(world.now - lost_at <= bound);
    world.run(1s);
    world.run(1s, false);
    RC_ASSERT(world.agrees());
  }));
}

TEST_CASE("exchange feed: without audits a single lost update would stay") {
  World world{7, 24h};
  world.run(2s, false);
  world.change(true, 940, 3);
  world.lose_next = true;
  world.run(50ms, false);
  world.run(180s);
  world.run(1s, false);
  CHECK(world.losses() == 0);
  CHECK_FALSE(world.agrees());
}

TEST_CASE("exchange feed: dropped, repeated and reordered messages are always healed") {
  CHECK(rc::check("whole again within the bound", [] {
    World world{*rc::gen::arbitrary<std::uint64_t>()};
    world.run(2s);
    world.line.fault_rate = *rc::gen::element(0.002, 0.02, 0.2);
    world.run(std::chrono::seconds{*rc::gen::inRange(10, 60)});
    world.line.fault_rate = 0.0;
    // A snapshot or an acknowledgement that was lost is waited for before that.
    world.run(bound + 15s);
    world.run(1s, false);
    RC_ASSERT(world.agrees());
    RC_ASSERT(world.sink.unaccounted_trade() == "");
  }));
}

} // namespace
