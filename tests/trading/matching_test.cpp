#include "core/random.hpp"
#include "trading/matching.hpp"

#include <doctest/doctest.h>

#include <list>
#include <map>
#include <rapidcheck.h>
#include <string>

namespace {

using namespace troupe::trading;
using namespace troupe::trading::matching;
using troupe::core::Random;

/// Writes down what a book says, one line per event.
struct Log {
  std::vector<std::string> lines;

  template <class... Parts>
  void add(const char* what, Parts... parts) {
    std::string line = what;
    ((line += ' ', line += std::to_string(parts)), ...);
    lines.push_back(line);
  }
  void accepted(const NewOrder& order) { add("accepted", order.tag); }
  void rested(const NewOrder& order, OrderRef, std::int64_t lots) {
    add("rested", order.tag, lots);
  }
  void filled(const Fill& f) {
    add("filled", f.maker_tag, f.taker_tag, f.maker_owner, f.taker_owner, int(f.aggressor), f.tick,
        f.lots, f.maker_lots_left, f.taker_lots_left);
  }
  void canceled(std::uint64_t tag, OrderRef, std::int64_t lots, CancelReason reason) {
    add("canceled", tag, lots, int(reason));
  }
  void replaced(std::uint64_t tag, OrderRef, std::int64_t tick, std::int64_t lots) {
    add("replaced", tag, tick, lots);
  }
  void refused(const NewOrder& order, Refusal refusal) { add("refused", order.tag, int(refusal)); }
};

/// The same rules written down plainly: one list of resting orders in order of arrival, searched
/// from end to end for the best each time.
class Reference {
public:
  struct Resting {
    NewOrder order;
    std::int64_t lots;
  };
  std::list<Resting> resting;

  auto find(std::uint64_t tag) {
    auto at = resting.begin();
    while (at != resting.end() && at->order.tag != tag) {
      ++at;
    }
    return at;
  }

  static bool crosses(const NewOrder& taker, const Resting& maker) {
    if (maker.order.side == taker.side) {
      return false;
    }
    return taker.type == OrderType::MARKET
           || (taker.side == Side::BUY ? maker.order.tick <= taker.tick
                                       : maker.order.tick >= taker.tick);
  }

  auto best_for(const NewOrder& taker) {
    auto best = resting.end();
    for (auto at = resting.begin(); at != resting.end(); ++at) {
      if (crosses(taker, *at)
          && (best == resting.end()
              || (taker.side == Side::BUY ? at->order.tick < best->order.tick
                                          : at->order.tick > best->order.tick))) {
        best = at;
      }
    }
    return best;
  }

  static bool own(const NewOrder& taker, const Resting& maker) {
    return taker.owner != anonymous && taker.owner == maker.order.owner
           && taker.self_trade != SelfTrade::ALLOW;
  }

  /// @returns false where self-trade prevention ended the taker
  bool match(const NewOrder& taker, std::int64_t& lots, Log& log) {
    for (auto at = best_for(taker); lots > 0 && at != resting.end(); at = best_for(taker)) {
      if (own(taker, *at)) {
        if (taker.self_trade != SelfTrade::CANCEL_NEWEST) {
          log.add("canceled", at->order.tag, at->lots, int(CancelReason::SELF_TRADE));
          resting.erase(at);
        }
        if (taker.self_trade != SelfTrade::CANCEL_OLDEST) {
          log.add("canceled", taker.tag, lots, int(CancelReason::SELF_TRADE));
          return false;
        }
        continue;
      }
      const auto n = std::min(lots, at->lots);
      lots -= n;
      at->lots -= n;
      log.add("filled", at->order.tag, taker.tag, at->order.owner, taker.owner, int(taker.side),
              at->order.tick, n, at->lots, lots);
      if (at->lots == 0) {
        resting.erase(at);
      }
    }
    return true;
  }

  void submit(const NewOrder& order, Log& log) {
    const bool immediate = order.type == OrderType::MARKET || order.tif == TimeInForce::IOC
                           || order.tif == TimeInForce::FOK;
    if (order.lots < 1) {
      log.add("refused", order.tag, int(Refusal::INVALID_QUANTITY));
      return;
    }
    if (order.post_only && immediate) {
      log.add("refused", order.tag, int(Refusal::INVALID_TYPE));
      return;
    }
    if (order.post_only && best_for(order) != resting.end()) {
      log.add("refused", order.tag, int(Refusal::WOULD_TAKE));
      return;
    }
    log.add("accepted", order.tag);
    auto lots = order.lots;
    if (order.tif == TimeInForce::FOK) {
      // All or nothing: tried on a copy.
      Reference copy = *this;
      Log ignored;
      auto left = lots;
      if (!copy.match(order, left, ignored) || left > 0) {
        log.add("canceled", order.tag, lots, int(CancelReason::NOT_FILLED));
        return;
      }
    }
    if (!match(order, lots, log) || lots == 0) {
      return;
    }
    if (immediate) {
      log.add("canceled", order.tag, lots, int(CancelReason::NOT_FILLED));
      return;
    }
    resting.push_back({order, lots});
    log.add("rested", order.tag, lots);
  }

  Refusal cancel(std::uint64_t tag, Log& log) {
    const auto at = find(tag);
    if (at == resting.end()) {
      return Refusal::UNKNOWN_ORDER;
    }
    log.add("canceled", tag, at->lots, int(CancelReason::REQUESTED));
    resting.erase(at);
    return Refusal::NONE;
  }

  Refusal replace(std::uint64_t tag, std::int64_t tick, std::int64_t lots, Log& log) {
    const auto at = find(tag);
    if (at == resting.end()) {
      return Refusal::UNKNOWN_ORDER;
    }
    if (tick == at->order.tick && lots <= at->lots) {
      at->lots = lots;
      log.add("replaced", tag, tick, lots);
      return Refusal::NONE;
    }
    auto order = at->order;
    order.tick = tick;
    order.type = OrderType::LIMIT;
    order.self_trade = SelfTrade::CANCEL_NEWEST;
    if (order.post_only && best_for(order) != resting.end()) {
      return Refusal::WOULD_TAKE;
    }
    resting.erase(at);
    log.add("replaced", tag, tick, lots);
    if (match(order, lots, log) && lots > 0) {
      resting.push_back({order, lots});
    }
    return Refusal::NONE;
  }
};

template <class T>
T pick(Random& random, std::initializer_list<T> from) {
  return from.begin()[random.below(from.size())];
}

NewOrder random_order(Random& random, std::uint64_t tag, std::int64_t mid) {
  NewOrder order;
  order.tag = tag;
  order.owner = static_cast<std::uint32_t>(random.below(4));
  order.side = pick(random, {Side::BUY, Side::SELL});
  order.type = random.below(8) == 0 ? OrderType::MARKET : OrderType::LIMIT;
  order.tif = pick(random, {TimeInForce::GTC, TimeInForce::GTC, TimeInForce::GTC, TimeInForce::IOC,
                            TimeInForce::FOK, TimeInForce::GTD, TimeInForce::DAY});
  order.post_only = random.below(5) == 0;
  order.self_trade = pick(random, {SelfTrade::CANCEL_NEWEST, SelfTrade::CANCEL_OLDEST,
                                   SelfTrade::CANCEL_BOTH, SelfTrade::ALLOW});
  const auto away = static_cast<std::int64_t>(random.below(12)) - 4;
  order.tick = order.side == Side::BUY ? mid - away : mid + away;
  order.lots = static_cast<std::int64_t>(random.below(20));
  return order;
}

/// Keeps the refs of a book by tag, as an exchange would.
struct Refs : Log {
  std::map<std::uint64_t, OrderRef> refs;
  void rested(const NewOrder& order, OrderRef ref, std::int64_t lots) {
    Log::rested(order, ref, lots);
    refs[order.tag] = ref;
  }
};

NewOrder limit(std::uint64_t tag,
               Side side,
               std::int64_t tick,
               std::int64_t lots,
               std::uint32_t owner = anonymous) {
  NewOrder order;
  order.tag = tag;
  order.owner = owner;
  order.side = side;
  order.tick = tick;
  order.lots = lots;
  return order;
}

} // namespace

TEST_CASE("matching: the same events as a plain reference over random sequences") {
  CHECK(rc::check([](std::uint64_t seed) {
    Random random{seed};
    Book book{{.window_ticks = 4096, .max_orders = 1000}};
    Reference reference;
    Refs got;
    Log expected;
    std::int64_t mid = 0;
    for (std::uint64_t tag = 1; tag <= 400; ++tag) {
      mid += static_cast<std::int64_t>(random.below(3)) - 1;
      if (random.below(60) == 0) {
        mid += static_cast<std::int64_t>(random.below(20'000)) - 10'000; // out of the window
      }
      const auto action = random.below(10);
      const auto target = 1 + random.below(tag);
      const auto ref = got.refs.contains(target) ? got.refs[target] : OrderRef{};
      if (action < 6) {
        const auto order = random_order(random, tag, mid);
        book.submit(order, got);
        reference.submit(order, expected);
      } else if (action < 8) {
        RC_ASSERT(book.cancel(ref, got) == reference.cancel(target, expected));
      } else {
        const auto tick = random.below(3) == 0 && book.resting(ref)
                            ? book.order(ref).tick
                            : mid + static_cast<std::int64_t>(random.below(9)) - 4;
        const auto lots = 1 + static_cast<std::int64_t>(random.below(15));
        RC_ASSERT(book.replace(ref, tick, lots, got)
                  == reference.replace(target, tick, lots, expected));
      }
      RC_ASSERT(got.lines == expected.lines);
      RC_ASSERT(book.size() == reference.resting.size());
      RC_ASSERT((book.bids().empty() || book.asks().empty()
                 || book.bids().best_tick() < book.asks().best_tick()));
    }
    std::map<std::pair<Side, std::int64_t>, std::int64_t> levels;
    for (const auto& item : reference.resting) {
      levels[{item.order.side, item.order.tick}] += item.lots;
    }
    RC_ASSERT(book.bids().size() + book.asks().size() == levels.size());
    for (const auto& [key, lots] : levels) {
      RC_ASSERT(book.lots_at(key.first, key.second) == lots);
    }
  }));
}

TEST_CASE("matching: price then time") {
  Book book;
  Log log;
  book.submit(limit(1, Side::SELL, 101, 5), log);
  book.submit(limit(2, Side::SELL, 100, 5), log);
  book.submit(limit(3, Side::SELL, 100, 5), log);
  log.lines.clear();
  const auto done = book.submit(limit(4, Side::BUY, 101, 12), log);
  CHECK(done.lots_filled == 12);
  CHECK(log.lines
        == std::vector<std::string>{"accepted 4", "filled 2 4 0 0 0 100 5 0 7",
                                    "filled 3 4 0 0 0 100 5 0 2", "filled 1 4 0 0 0 101 2 3 0"});
}

TEST_CASE("matching: replace keeps the place in the queue only when the quantity falls") {
  for (const std::int64_t lots : {std::int64_t{4}, std::int64_t{6}}) {
    Book book;
    Log log;
    const auto first = book.submit(limit(1, Side::BUY, 10, 5), log).ref;
    book.submit(limit(2, Side::BUY, 10, 5), log);
    CHECK(book.replace(first, 10, lots, log) == Refusal::NONE);
    CHECK(book.order(book.front(Side::BUY)).tag == (lots < 5 ? 1U : 2U));
    CHECK(book.lots_at(Side::BUY, 10) == 5 + lots);
  }
}

TEST_CASE("matching: orders that make no sense are refused") {
  Book book{{.window_ticks = 4096, .max_orders = 1}};
  NullSink sink;
  CHECK(book.submit(limit(1, Side::BUY, 10, 0), sink).refusal == Refusal::INVALID_QUANTITY);
  CHECK(book.submit(limit(1, Side::BUY, 10, max_lots + 1), sink).refusal
        == Refusal::INVALID_QUANTITY);
  CHECK(book.submit(limit(1, Side::BUY, max_tick + 1, 1), sink).refusal == Refusal::INVALID_PRICE);
  auto order = limit(1, Side::BUY, 10, 1);
  order.type = OrderType::STOP;
  CHECK(book.submit(order, sink).refusal == Refusal::INVALID_TYPE);
  order = limit(1, Side::BUY, 10, 1);
  order.post_only = true;
  order.tif = TimeInForce::IOC;
  CHECK(book.submit(order, sink).refusal == Refusal::INVALID_TYPE);
  const auto ref = book.submit(limit(1, Side::BUY, 10, 1), sink).ref;
  CHECK(ref);
  CHECK(book.submit(limit(2, Side::BUY, 10, 1), sink).refusal == Refusal::BOOK_FULL);
  CHECK(book.replace(ref, 10, 0, sink) == Refusal::INVALID_QUANTITY);
  CHECK(book.replace(ref, max_tick + 1, 1, sink) == Refusal::INVALID_PRICE);
  CHECK(book.cancel(ref, sink) == Refusal::NONE);
  CHECK(book.cancel(ref, sink) == Refusal::UNKNOWN_ORDER);
  // The slot is used again: the old ref stays unknown.
  const auto second = book.submit(limit(3, Side::SELL, 10, 1), sink).ref;
  CHECK(second.slot() == ref.slot());
  CHECK(book.cancel(ref, sink) == Refusal::UNKNOWN_ORDER);
  CHECK(book.cancel(OrderRef{}, sink) == Refusal::UNKNOWN_ORDER);
}
