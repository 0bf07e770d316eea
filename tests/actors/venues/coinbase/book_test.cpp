#include "actors/venues/coinbase/advanced_frames.hpp"
#include "actors/venues/coinbase/book_builder.hpp"
#include "actors/venues/coinbase/exchange_frames.hpp"
#include "actors/venues/common/wire.hpp"
#include "count_allocations.hpp"
#include "recorded.hpp"

#include <doctest/doctest.h>

#include <map>
#include <rapidcheck.h>

namespace {

using namespace troupe::venues::coinbase;
using namespace troupe::trading;
using troupe::core::Timestamp;
using troupe::venues::BookStep;
using troupe::venues::TradeNumbers;
namespace wire = troupe::venues::wire;

Price price(int ticks) {
  return *Price::from_text("0.01") * ticks;
}
Quantity size(int n) {
  return *Quantity::from_text("0.001") * n;
}
Timestamp time(int n) {
  return Timestamp{n};
}
BookBuilder builder() {
  return {{"BTC-USD", "COINBASE"}, price(1)};
}
using Levels = std::vector<Level>;

TEST_CASE("book: updates before the snapshot are nothing, those after it change it") {
  auto book = builder();
  CHECK(book.apply_update({{price(1), size(1)}}, {}, time(1)) == BookStep::IGNORED);
  CHECK_FALSE(book.book().valid());
  CHECK(book.apply_snapshot({{price(100), size(5)}}, {{price(102), size(5)}}, time(2))
        == BookStep::APPLIED);
  CHECK(book.apply_update({{price(101), size(1)}}, {}, time(3)) == BookStep::APPLIED);
  CHECK(book.book().best_bid()->price == price(101));
  CHECK(book.apply_update({{price(101), Quantity{}}, {price(7), Quantity{}}}, {}, time(3))
        == BookStep::APPLIED);
  CHECK(book.book().best_bid()->price == price(100));
  CHECK(book.book().sequence() == 3); // what was applied; it never goes back
}

TEST_CASE("book: a crossed one, an older update and an inside that is contradicted are lost") {
  const auto fresh = [] {
    auto book = builder();
    REQUIRE(book.apply_snapshot({{price(100), size(5)}}, {{price(102), size(5)}}, time(2))
            == BookStep::APPLIED);
    return book;
  };
  auto crossed = fresh();
  CHECK(crossed.apply_update({{price(102), size(1)}}, {}, time(3)) == BookStep::LOST);
  CHECK_FALSE(crossed.book().valid());
  auto older = fresh();
  CHECK(older.apply_update({}, {{price(103), size(1)}}, time(5)) == BookStep::APPLIED);
  CHECK(older.apply_update({}, {{price(104), size(1)}}, time(4)) == BookStep::LOST);
  CHECK(older.apply_update({}, {{price(104), size(1)}}, time(6)) == BookStep::IGNORED);
  CHECK(older.lost() == 1);
  auto contradicted = fresh();
  for (unsigned i = 1; i < BookBuilder::mismatches_max; ++i) {
    CHECK(contradicted.check_inside(price(99), price(102)) == BookStep::IGNORED);
  }
  CHECK(contradicted.check_inside(price(100), price(102)) == BookStep::IGNORED); // forgiven
  for (unsigned i = 1; i < BookBuilder::mismatches_max; ++i) {
    CHECK(contradicted.check_inside(price(99), price(102)) == BookStep::IGNORED);
  }
  CHECK(contradicted.check_inside(price(99), std::nullopt) == BookStep::LOST);
}

TEST_CASE("connection sequence: counts from 0, a jump is a gap, what was seen is old") {
  ConnectionSequence sequence;
  CHECK(sequence.take(0) == ConnectionSequence::Step::NEXT);
  CHECK(sequence.take(1) == ConnectionSequence::Step::NEXT);
  CHECK(sequence.take(1) == ConnectionSequence::Step::OLD);
  CHECK(sequence.take(3) == ConnectionSequence::Step::GAP);
  CHECK(sequence.take(4) == ConnectionSequence::Step::NEXT);
  sequence.restart();
  CHECK(sequence.take(1) == ConnectionSequence::Step::GAP);
}

/// A venue with a true book; its messages carry numbers as Advanced Trade's do.
struct TrueVenue {
  std::map<int, int> bids{{100, 5}};
  std::map<int, int> asks{{102, 5}};
  int number = 0;

  struct Message {
    std::uint64_t sequence = 0;
    bool is_snapshot = false;
    Levels bids;
    Levels asks;
  };
  Message step(std::uint64_t sequence) {
    Message out{.sequence = sequence, .is_snapshot = false, .bids = {}, .asks = {}};
    for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
      const bool bid = *rc::gen::arbitrary<bool>();
      const int at = bid ? *rc::gen::inRange(90, 101) : *rc::gen::inRange(102, 113);
      const int quantity = *rc::gen::inRange(0, 4);
      auto& side = bid ? bids : asks;
      quantity == 0 ? void(side.erase(at)) : void(side[at] = quantity);
      (bid ? out.bids : out.asks).push_back({price(at), size(quantity)});
    }
    return out;
  }
  [[nodiscard]] Message snapshot(std::uint64_t sequence) const {
    return {sequence, true, levels(bids), levels(asks)};
  }
  static Levels levels(const std::map<int, int>& side) {
    Levels out;
    for (const auto& [at, quantity] : side) {
      out.push_back({price(at), size(quantity)});
    }
    return out;
  }
  [[nodiscard]] bool agrees(const L2Book& book) const {
    auto depth = book.depth(100);
    std::reverse(depth.bids.begin(), depth.bids.end());
    return depth.bids == levels(bids) && depth.asks == levels(asks);
  }
};

TEST_CASE("advanced: dropped, repeated and reordered messages are always detected and healed") {
  CHECK(rc::check("a readable book is the venue's", [] {
    TrueVenue venue;
    auto book = builder();
    ConnectionSequence numbers;
    std::uint64_t next = 0;
    std::optional<TrueVenue::Message> held;
    const auto reconnect = [&] { // a new connection counts from 0 and begins with a snapshot
      next = 0;
      held.reset();
      numbers.restart();
      book.reset();
    };
    const auto receive = [&](const TrueVenue::Message& message) {
      switch (numbers.take(message.sequence)) {
        case ConnectionSequence::Step::OLD: return true;
        case ConnectionSequence::Step::GAP: return false;
        case ConnectionSequence::Step::NEXT: break;
      }
      const auto step = message.is_snapshot ? book.apply_snapshot(message.bids, message.asks, {})
                                            : book.apply_update(message.bids, message.asks, {});
      return step != BookStep::LOST;
    };
    for (int i = *rc::gen::inRange(10, 60); i > 0; --i) {
      const bool first = next == 0;
      const auto message = first ? venue.snapshot(next) : venue.step(next);
      ++next;
      const int fate = *rc::gen::inRange(0, 8);
      bool good = true;
      if (fate == 0) {
        continue; // dropped: shows with the next
      }
      if (fate == 1 && !held) {
        held = message; // comes after the next
        continue;
      }
      good = receive(message) && (fate != 2 || receive(message));
      if (good && held) {
        good = receive(*held);
        held.reset();
      }
      if (!good) {
        reconnect();
        continue;
      }
      RC_ASSERT((!book.book().valid() || venue.agrees(book.book())));
    }
    reconnect();
    RC_ASSERT(receive(venue.snapshot(next++)));
    RC_ASSERT(receive(venue.step(next++)));
    RC_ASSERT(venue.agrees(book.book()));
  }));
}

TEST_CASE("exchange: whatever comes in whatever order, a reader never sees a broken book") {
  CHECK(rc::check("ordered sides that do not cross", [] {
    TrueVenue venue;
    auto book = builder();
    std::vector<std::pair<TrueVenue::Message, int>> held;
    int now = 1;
    RC_ASSERT(book.apply_snapshot(venue.levels(venue.bids), venue.levels(venue.asks), time(now))
              == BookStep::APPLIED);
    for (int i = *rc::gen::inRange(10, 60); i > 0; --i) {
      const auto message = venue.step(0);
      ++now;
      switch (*rc::gen::inRange(0, 6)) {
        case 0: break;
        case 1: held.emplace_back(message, now); break;
        default:
          if (book.apply_update(message.bids, message.asks, time(now)) == BookStep::APPLIED) {
            for (const auto& [late, then] : std::exchange(held, {})) {
              RC_ASSERT(book.apply_update(late.bids, late.asks, time(then)) != BookStep::APPLIED);
            }
          }
      }
      const auto depth = book.book().depth(100);
      const bool is_apart = depth.bids.empty() || depth.asks.empty()
                            || depth.bids.front().price < depth.asks.front().price;
      RC_ASSERT(is_apart);
      if (!book.book().valid()) { // subscribe again
        held.clear();
        RC_ASSERT(book.apply_snapshot(venue.levels(venue.bids), venue.levels(venue.asks), time(now))
                  == BookStep::APPLIED);
        RC_ASSERT(venue.agrees(book.book()));
      }
    }
  }));
}

// ---- recordings ------------------------------------------------------------------------------

constexpr auto recording = "wire/coinbase/cryptofeed_COINBASE.ws.28.0.txt.gz";

struct Line {
  std::string received; ///< seconds, as recorded
  std::string text;     ///< padded
};

std::vector<Line> frames() {
  std::vector<Line> lines;
  for (const auto& line : test::recorded_lines(recording)) {
    const auto at = line.find(": {");
    if (line.rfind("wss://", 0) != 0 && at != std::string::npos) {
      lines.push_back({line.substr(0, at), wire::padded(line.substr(at + 2))});
    }
  }
  return lines;
}

struct Product {
  BookBuilder book;
  TradeNumbers numbers;
  std::size_t updates = 0;
};

Product& product_of(std::map<std::string, Product, std::less<>>& all, std::string_view name) {
  const auto at = all.find(name);
  if (at != all.end()) {
    return at->second;
  }
  return all
    .emplace(
      std::string{name},
      Product{BookBuilder{{std::string{name}, "COINBASE"}, *Price::from_text("0.00000001")}, {}, 0})
    .first->second;
}

TEST_CASE("recorded: books equal every checkpoint, never crossed, trades without a gap") {
  if (!test::have_recorded(recording)) {
    return;
  }
  std::map<std::string, std::vector<std::string>> checkpoints; ///< by product and count
  std::size_t expected = 0;
  for (const auto& line :
       test::recorded_lines("wire/coinbase/exchange_book_checkpoints_2021.csv.gz")) {
    const auto fields = test::split(line, ',');
    if (fields.size() > 8 && fields[0] != "recv_s") {
      checkpoints[fields[1] + " " + fields[2]] = fields;
      ++expected;
    }
  }
  REQUIRE(expected > 100);
  ExchangeDecoder decoder;
  std::map<std::string, Product, std::less<>> products;
  std::size_t met = 0;
  std::size_t updates = 0;
  std::size_t matches = 0;
  std::size_t tickers = 0;
  for (const auto& line : frames()) {
    const auto decoded = decoder.decode(line.text);
    REQUIRE(decoded.has_value());
    const auto& frame = **decoded;
    if (frame.product.empty()) {
      continue;
    }
    auto& product = product_of(products, frame.product);
    const auto& book = product.book.book();
    switch (frame.kind) {
      case ExchangeKind::SNAPSHOT:
        REQUIRE(product.book.apply_snapshot(frame.bids, frame.asks, frame.time)
                == BookStep::APPLIED);
        break;
      case ExchangeKind::L2UPDATE: {
        REQUIRE(product.book.apply_update(frame.bids, frame.asks, frame.time) == BookStep::APPLIED);
        ++updates;
        const auto key = std::string{frame.product} + " " + std::to_string(++product.updates);
        const auto at = checkpoints.find(key);
        if (at != checkpoints.end()) {
          const auto& fields = at->second;
          CAPTURE(key);
          CHECK(fields[0] == line.received);
          CHECK(book.best_bid()
                == Level{*Price::from_text(fields[3]), *Quantity::from_text(fields[4])});
          CHECK(book.best_ask()
                == Level{*Price::from_text(fields[5]), *Quantity::from_text(fields[6])});
          CHECK(book.levels(Side::BUY) == std::stoull(fields[7]));
          CHECK(book.levels(Side::SELL) == std::stoull(fields[8]));
          ++met;
        }
        break;
      }
      case ExchangeKind::LAST_MATCH: product.numbers.start_after(frame.trade.id); break;
      case ExchangeKind::MATCH:
        CHECK(product.numbers.take(frame.trade.id) == TradeNumbers::Step::NEXT);
        ++matches;
        break;
      case ExchangeKind::TICKER:
        REQUIRE(product.book.check_inside(frame.ticker.best_bid, frame.ticker.best_ask)
                != BookStep::LOST);
        ++tickers;
        break;
      default: break;
    }
  }
  CHECK(met == expected);
  CHECK(updates == 9719);
  CHECK(matches == 97);
  CHECK(tickers == 107);
  CHECK(products.size() == 10);
}

TEST_CASE("recorded: decode and book update allocate nothing once they have run") {
  if (!test::have_recorded(recording)) {
    return;
  }
  const auto lines = frames();
  ExchangeDecoder decoder;
  std::map<std::string, Product, std::less<>> products;
  const auto run = [&] {
    std::size_t spent = 0;
    for (const auto& line : lines) {
      const auto before = test::allocations.load();
      const auto decoded = decoder.decode(line.text);
      if (!decoded || (*decoded)->product.empty()) {
        continue;
      }
      const auto& frame = **decoded;
      auto& product = product_of(products, frame.product);
      if (frame.kind == ExchangeKind::SNAPSHOT) { // the resync itself may allocate
        (void)product.book.apply_snapshot(frame.bids, frame.asks, frame.time);
        continue;
      }
      if (frame.kind == ExchangeKind::L2UPDATE) {
        (void)product.book.apply_update(frame.bids, frame.asks, frame.time);
      }
      spent += test::allocations.load() - before;
    }
    return spent;
  };
  CHECK(run() > 0); // it is counted
  CHECK(run() == 0);
}

TEST_CASE("advanced: decode allocates nothing once it has run") {
  AdvancedDecoder decoder;
  std::array<std::string, 2> texts{
    wire::padded(
      R"({"channel":"l2_data","timestamp":"2026-09-30T02:39:53.787841965Z","sequence_num":6,"events":[{"type":"update","product_id":"ETH-USD","updates":[{"side":"bid","event_time":"2026-09-30T02:39:53.718078Z","price_level":"2332.78","new_quantity":"0.00857346"}]}]})"),
    wire::padded(
      R"({"channel":"market_trades","timestamp":"2026-09-30T02:39:53.788396861Z","sequence_num":8,"events":[{"type":"update","trades":[{"product_id":"BTC-USD","trade_id":"1100253487","price":"83277.25","size":"0.00000029","time":"2026-09-30T02:39:53.354654Z","side":"BUY"}]}]})")};
  const auto run = [&] {
    const auto before = test::allocations.load();
    for (const auto& text : texts) {
      REQUIRE(decoder.decode(text).has_value());
    }
    return test::allocations.load() - before;
  };
  (void)run();
  CHECK(run() == 0);
}

} // namespace
