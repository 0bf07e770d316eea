#include "actors/venues/binance/frames.hpp"
#include "actors/venues/binance/rest.hpp"
#include "actors/venues/common/wire.hpp"
#include "count_allocations.hpp"
#include "recorded.hpp"

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <rapidcheck.h>

namespace {

using namespace troupe::venues::binance;
using namespace troupe::trading;
using troupe::core::Timestamp;
using troupe::venues::BookStep;
using troupe::venues::TradeNumbers;
namespace wire = troupe::venues::wire;

const InstrumentId btc_usdt{"BTC-USDT", "BINANCE"};

Price price(int ticks) {
  return *Price::from_text("0.01") * ticks;
}
Quantity lots(int n) {
  return *Quantity::from_text("0.00001") * n;
}
BookBuilder builder() {
  return {btc_usdt, price(1)};
}
Diff diff(std::uint64_t first,
          std::uint64_t last,
          std::vector<Level> bids,
          std::vector<Level> asks) {
  return {first, last, Timestamp::from_ms(static_cast<std::int64_t>(last)), std::move(bids),
          std::move(asks)};
}
DepthSnapshot snapshot(std::uint64_t id) {
  return {id, {{price(100), lots(5)}}, {{price(102), lots(5)}}};
}

TEST_CASE("book: diffs before the snapshot wait, old ones are dropped, the first must hold L + 1") {
  auto book = builder();
  CHECK(book.apply(diff(1, 10, {}, {})) == BookStep::BUFFERED);
  CHECK(book.apply(diff(11, 20, {{price(99), lots(1)}}, {})) == BookStep::BUFFERED);
  CHECK_FALSE(book.book().valid());
  CHECK(book.apply(snapshot(15), {}) == BookStep::APPLIED); // 11 <= 16 <= 20
  CHECK(book.book().sequence() == 20);
  CHECK(book.book().levels(Side::BUY) == 2);
  CHECK(book.apply(diff(21, 22, {{price(100), Quantity{}}}, {})) == BookStep::APPLIED);
  CHECK(book.book().best_bid()->price == price(99));
}

TEST_CASE("book: a snapshot older than the first kept diff is asked for again") {
  auto book = builder();
  (void)book.apply(diff(10, 12, {}, {}));
  CHECK(book.apply(snapshot(8), {}) == BookStep::LOST);
  CHECK_FALSE(book.book().valid());
  CHECK(book.apply(snapshot(10), {}) == BookStep::APPLIED);
  CHECK(book.book().sequence() == 12);
}

TEST_CASE("book: repeated and older diffs change nothing, a gap empties it") {
  auto book = builder();
  CHECK(book.apply(snapshot(10), {}) == BookStep::APPLIED);
  const auto next = diff(11, 13, {{price(101), lots(2)}}, {});
  CHECK(book.apply(next) == BookStep::APPLIED);
  CHECK(book.apply(next) == BookStep::IGNORED);
  CHECK(book.apply(diff(5, 9, {{price(500), lots(1)}}, {})) == BookStep::IGNORED);
  CHECK(book.book().best_bid()->price == price(101));
  CHECK(book.apply(diff(15, 16, {}, {})) == BookStep::LOST);
  CHECK_FALSE(book.book().valid());
  CHECK_FALSE(book.book().best_bid());
  CHECK(book.gaps() == 1);
  CHECK(book.buffered() == 1); // the diff that showed the gap is the first of the next try
  CHECK(book.apply(snapshot(15), {}) == BookStep::APPLIED);
  CHECK(book.book().sequence() == 16);
}

TEST_CASE("book: what would cross it, and what cannot be, empties it") {
  for (const auto& bad :
       {diff(11, 11, {{price(103), lots(1)}}, {}),
        diff(11, 11, {{*Price::from_text("0.015"), lots(1)}}, {}),
        diff(11, 11, {{price(99), -lots(1)}}, {}), diff(11, 11, {{-price(99), lots(1)}}, {})}) {
    auto book = builder();
    CHECK(book.apply(snapshot(10), {}) == BookStep::APPLIED);
    CHECK(book.apply(bad) == BookStep::LOST);
    CHECK_FALSE(book.book().valid());
  }
  auto book = builder();
  CHECK(book.apply(DepthSnapshot{1, {{price(5), lots(1)}}, {{price(5), lots(1)}}}, {})
        == BookStep::LOST);
}

TEST_CASE("book: a price between the ticks makes the step finer, with the next snapshot") {
  auto book = builder();
  CHECK(book.apply(snapshot(10), {}) == BookStep::APPLIED);
  const Level between{*Price::from_text("0.985"), lots(1)};
  CHECK(book.apply(diff(11, 11, {between}, {})) == BookStep::LOST);
  CHECK(book.apply(snapshot(10), {}) == BookStep::LOST); // older than the kept diff
  CHECK(book.apply(snapshot(11), {}) == BookStep::APPLIED);
  CHECK(book.apply(diff(12, 12, {between}, {})) == BookStep::APPLIED);
  CHECK(book.book().depth(5).bids[1] == between);
  auto other = builder();
  CHECK(other.apply(DepthSnapshot{1, {between}, {}}, {}) == BookStep::APPLIED);
}

TEST_CASE("book: what is kept while there is no snapshot is bounded") {
  auto book = builder();
  for (std::uint64_t i = 1; i <= BookBuilder::buffered_max + 50; ++i) {
    (void)book.apply(diff(i, i, {}, {}));
  }
  CHECK(book.buffered() == BookBuilder::buffered_max);
  CHECK(book.apply(snapshot(20), {}) == BookStep::LOST); // 51 is the first that was kept
  CHECK(book.apply(snapshot(60), {}) == BookStep::APPLIED);
}

/// A venue with a true book, whose every state is remembered.
struct TrueVenue {
  std::map<int, int> bids{{100, 5}};
  std::map<int, int> asks{{102, 5}};
  std::uint64_t id = 10;
  std::map<std::uint64_t, std::pair<std::map<int, int>, std::map<int, int>>> states;

  TrueVenue() { states[id] = {bids, asks}; }
  /// A few changes as one message. Prices keep the sides apart.
  Diff step() {
    Diff out;
    out.first_id = id + 1;
    const auto changes = *rc::gen::inRange(1, 4);
    for (int i = 0; i < changes; ++i) {
      const bool bid = *rc::gen::arbitrary<bool>();
      const int at = bid ? *rc::gen::inRange(90, 101) : *rc::gen::inRange(102, 113);
      const int quantity = *rc::gen::inRange(0, 4);
      auto& side = bid ? bids : asks;
      quantity == 0 ? void(side.erase(at)) : void(side[at] = quantity);
      (bid ? out.bids : out.asks).push_back({price(at), lots(quantity)});
      ++id;
    }
    out.last_id = id;
    states[id] = {bids, asks};
    return out;
  }
  [[nodiscard]] DepthSnapshot snapshot() const {
    DepthSnapshot out{id, {}, {}};
    for (const auto& [at, quantity] : bids) {
      out.bids.push_back({price(at), lots(quantity)});
    }
    for (const auto& [at, quantity] : asks) {
      out.asks.push_back({price(at), lots(quantity)});
    }
    return out;
  }
  [[nodiscard]] bool agrees(const L2Book& book) const {
    const auto at = states.find(book.sequence());
    if (at == states.end()) {
      return false;
    }
    const auto depth = book.depth(1000);
    const auto same = [](const std::vector<Level>& levels, const std::map<int, int>& side) {
      return levels.size() == side.size()
             && std::all_of(levels.begin(), levels.end(), [&](const Level& level) {
                  return std::any_of(side.begin(), side.end(), [&](const auto& one) {
                    return price(one.first) == level.price && lots(one.second) == level.quantity;
                  });
                });
    };
    return same(depth.bids, at->second.first) && same(depth.asks, at->second.second);
  }
};

TEST_CASE("book: dropped, repeated and reordered messages are always detected and healed") {
  CHECK(rc::check("a readable book is always one that the venue had", [] {
    TrueVenue venue;
    auto book = builder();
    std::optional<DepthSnapshot> on_its_way = venue.snapshot();
    int arrives_in = 2;
    std::vector<Diff> held;
    const auto deliver = [&](const Diff& message) {
      const auto step = book.apply(message);
      if (step == BookStep::LOST && !on_its_way) {
        arrives_in = *rc::gen::inRange(0, 4);
      }
      RC_ASSERT((!book.book().valid() || venue.agrees(book.book())));
    };
    const auto pump_snapshot = [&] {
      if (!book.book().valid() && !on_its_way) {
        on_its_way = venue.snapshot();
      }
      if (on_its_way && arrives_in-- <= 0) {
        const auto step = book.apply(*on_its_way, {});
        on_its_way.reset();
        arrives_in = 1;
        RC_ASSERT((step != BookStep::APPLIED || venue.agrees(book.book())));
      }
    };
    for (int i = *rc::gen::inRange(10, 60); i > 0; --i) {
      const auto message = venue.step();
      switch (*rc::gen::inRange(0, 8)) {
        case 0: break; // dropped
        case 1:
          deliver(message);
          deliver(message);
          break;
        case 2: held.push_back(message); break; // comes later
        default:
          deliver(message);
          for (const auto& late : std::exchange(held, {})) {
            deliver(late);
          }
      }
      pump_snapshot();
    }
    for (int i = 0; i < 12; ++i) { // undisturbed again
      deliver(venue.step());
      pump_snapshot();
    }
    RC_ASSERT(book.book().valid());
    RC_ASSERT(book.book().sequence() == venue.id);
    RC_ASSERT(venue.agrees(book.book()));
  }));
}

TEST_CASE("trade numbers: gaps are counted, repeats and late ones are old") {
  TradeNumbers numbers;
  CHECK(numbers.take(100) == TradeNumbers::Step::NEXT);
  CHECK(numbers.take(101) == TradeNumbers::Step::NEXT);
  CHECK(numbers.take(101) == TradeNumbers::Step::OLD);
  CHECK(numbers.take(99) == TradeNumbers::Step::OLD);
  CHECK(numbers.take(105) == TradeNumbers::Step::GAP);
  CHECK(numbers.missed() == 3);
  CHECK(numbers.is_behind(106));
  CHECK_FALSE(numbers.is_behind(105));
  CHECK(rc::check("every dropped trade is told of", [] {
    TradeNumbers seen;
    std::uint64_t missed = 0;
    std::uint64_t dropped = 0;
    (void)seen.take(1);
    for (std::uint64_t id = 2; id < 100; ++id) {
      if (id < 99 && *rc::gen::arbitrary<bool>()) {
        ++dropped;
        continue;
      }
      if (seen.take(id) == TradeNumbers::Step::GAP) {
        missed += seen.missed();
      }
    }
    RC_ASSERT(missed == dropped);
  }));
}

// ---- recordings ------------------------------------------------------------------------------

struct Line {
  std::int64_t local_ns = 0;
  std::string text; ///< padded
};

std::vector<Line> recording(const std::string& symbol) {
  std::vector<Line> lines;
  for (const auto* const day : {"20240808", "20240809"}) {
    for (const auto& line :
         test::recorded_lines("wire/binance/spot_ws_" + symbol + "_" + day + ".log.gz")) {
      const auto space = line.find(' ');
      lines.push_back({std::stoll(line.substr(0, space)), wire::padded(line.substr(space + 1))});
    }
  }
  return lines;
}

struct Replay {
  BookBuilder book = builder();
  FrameDecoder decoder;
  TradeNumbers numbers;
  std::size_t applied = 0;
  std::size_t dropped = 0;
  std::size_t trades = 0;
  std::size_t trade_gaps = 0;
  std::size_t compared = 0;
  std::size_t inside_equal = 0;

  void take(const Line& line) {
    const auto frame = decoder.decode(line.text);
    REQUIRE(frame.has_value());
    const auto& message = **frame;
    switch (message.kind) {
      case FrameKind::PARTIAL_DEPTH: { // the REST snapshot lies among the frames
        const auto before = book.buffered();
        REQUIRE(book.apply(message.depth, message.event) == BookStep::APPLIED);
        applied += 1;
        dropped = before - 1;
        return;
      }
      case FrameKind::DEPTH_UPDATE: {
        const auto step = book.apply(message.diff);
        REQUIRE(step != BookStep::LOST);
        applied += step == BookStep::APPLIED ? 1U : 0U;
        return;
      }
      case FrameKind::TRADE:
        ++trades;
        trade_gaps += numbers.take(message.trade.id) == TradeNumbers::Step::NEXT ? 0U : 1U;
        return;
      default: return;
    }
  }
};

TEST_CASE("recorded: no gap, never crossed, and equal to every checkpoint") {
  if (!test::have_recorded("wire/binance/spot_ws_btcusdt_20240808.log.gz")) {
    return;
  }
  Replay replay;
  const auto checkpoints =
    test::recorded_lines("wire/binance/spot_book_checkpoints_btcusdt.csv.gz");
  std::size_t at = 1; // after the header
  for (const auto& line : recording("btcusdt")) {
    replay.take(line);
    if (at == checkpoints.size() || checkpoints[at].empty()) {
      continue;
    }
    const auto fields = test::split(checkpoints[at], ',');
    if (fields[0] != std::to_string(line.local_ns)) {
      continue;
    }
    ++at;
    const auto& book = replay.book.book();
    CHECK(book.sequence() == std::stoull(fields[1]));
    CHECK(book.best_bid() == Level{*Price::from_text(fields[2]), *Quantity::from_text(fields[3])});
    CHECK(book.best_ask() == Level{*Price::from_text(fields[4]), *Quantity::from_text(fields[5])});
    CHECK(book.levels(Side::BUY) == std::stoull(fields[6]));
    CHECK(book.levels(Side::SELL) == std::stoull(fields[7]));
    const auto sum = [](const std::vector<Level>& levels) {
      Quantity total;
      for (const auto& level : levels) {
        total += level.quantity;
      }
      return total;
    };
    const auto top = book.depth(10);
    CHECK(sum(top.bids) == *Quantity::from_text(fields[8]));
    CHECK(sum(top.asks) == *Quantity::from_text(fields[9]));
  }
  CHECK(at >= 60); // all of them were met
  CHECK((at == checkpoints.size() || checkpoints[at].empty()));
  CHECK(replay.book.gaps() == 0);
  CHECK(replay.applied == 6493);
  CHECK(replay.dropped == 2);
  CHECK(replay.trades == 19904);
  CHECK(replay.trade_gaps == 0);
}

TEST_CASE("recorded: decode, book update and its snapshot allocate nothing once they have run") {
  if (!test::have_recorded("wire/binance/spot_ws_btcusdt_20240808.log.gz")) {
    return;
  }
  const auto lines = recording("btcusdt");
  BookBuilder book = builder();
  FrameDecoder decoder;
  BookSnapshot top;
  const auto run = [&](std::size_t& spent) {
    for (const auto& line : lines) {
      const auto before = test::allocations.load();
      const auto frame = decoder.decode(line.text);
      if (!frame) {
        continue;
      }
      const auto& message = **frame;
      if (message.kind == FrameKind::PARTIAL_DEPTH) { // the resync itself may allocate
        (void)book.apply(message.depth, {});
        continue;
      }
      const bool steady = book.book().valid();
      if (message.kind == FrameKind::DEPTH_UPDATE) {
        (void)book.apply(message.diff);
        book.book().depth(20, top);
      }
      spent += steady ? test::allocations.load() - before : 0;
    }
  };
  std::size_t warm_up = 0;
  run(warm_up);
  REQUIRE(book.book().valid());
  CHECK(warm_up > 0); // it is counted
  const auto levels = book.book().levels(Side::BUY);
  book.reset();
  std::size_t spent = 0;
  run(spent);
  CHECK(book.book().levels(Side::BUY) == levels);
  CHECK(spent == 0);
}

} // namespace
