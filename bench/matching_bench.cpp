// Order matching against the textbook book (std::map of price levels, a list of orders each, a hash
// map of ids), on the same sequences in the same run; and L2 level updates against std::map.
//     bench_matching [operations] [runs]

#include "core/clock.hpp"
#include "core/random.hpp"
#include "trading/l2_book.hpp"
#include "trading/matching.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <map>
#include <unordered_map>
#include <vector>

namespace {

using namespace troupe::trading;
using namespace troupe::trading::matching;
using troupe::core::Random;

struct Operation {
  bool cancel = false;
  Side side = Side::BUY;
  std::int64_t tick = 0;
  std::int64_t lots = 0;
  std::uint64_t id = 0; ///< of the order that is added, or of the one to cancel
};

/// What all books must agree on.
struct Outcome {
  std::uint64_t trades = 0;
  std::uint64_t lots = 0;
  std::uint64_t hash = 0;
  void trade(std::uint64_t maker, std::uint64_t taker, std::int64_t tick, std::int64_t traded) {
    ++trades;
    lots += static_cast<std::uint64_t>(traded);
    hash = hash * 0x9e3779b97f4a7c15U
           + (maker ^ (taker << 20U) ^ static_cast<std::uint64_t>(tick * 131 + traded));
  }
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

class Textbook {
public:
  void submit(const Operation& op) {
    auto lots = op.lots;
    op.side == Side::BUY ? take(asks_, op, lots) : take(bids_, op, lots);
    if (lots == 0) {
      return;
    }
    op.side == Side::BUY ? rest(bids_[op.tick], op, lots) : rest(asks_[op.tick], op, lots);
  }
  bool cancel(std::uint64_t id) {
    const auto at = ids_.find(id);
    if (at == ids_.end()) {
      return false;
    }
    const auto [side, tick, order] = at->second;
    side == Side::BUY ? drop(bids_, tick, order) : drop(asks_, tick, order);
    ids_.erase(at);
    return true;
  }
  [[nodiscard]] std::size_t size() const { return ids_.size(); }
  Outcome outcome;

private:
  struct Order {
    std::uint64_t id;
    std::int64_t lots;
  };
  using Queue = std::list<Order>;
  struct Place {
    Side side;
    std::int64_t tick;
    Queue::iterator order;
  };

  template <class Levels>
  void take(Levels& levels, const Operation& op, std::int64_t& lots) {
    while (lots > 0 && !levels.empty()) {
      auto best = levels.begin();
      if (op.side == Side::BUY ? best->first > op.tick : best->first < op.tick) {
        return;
      }
      auto& queue = best->second;
      while (lots > 0 && !queue.empty()) {
        auto& maker = queue.front();
        const auto n = std::min(lots, maker.lots);
        outcome.trade(maker.id, op.id, best->first, n);
        lots -= n;
        maker.lots -= n;
        if (maker.lots == 0) {
          ids_.erase(maker.id);
          queue.pop_front();
        }
      }
      if (queue.empty()) {
        levels.erase(best);
      }
    }
  }
  void rest(Queue& queue, const Operation& op, std::int64_t lots) {
    queue.push_back({op.id, lots});
    ids_.emplace(op.id, Place{op.side, op.tick, std::prev(queue.end())});
  }
  template <class Levels>
  void drop(Levels& levels, std::int64_t tick, Queue::iterator order) {
    const auto level = levels.find(tick);
    level->second.erase(order);
    if (level->second.empty()) {
      levels.erase(level);
    }
  }

  std::map<std::int64_t, Queue, std::greater<>> bids_;
  std::map<std::int64_t, Queue> asks_;
  std::unordered_map<std::uint64_t, Place> ids_;
};

struct OutcomeSink : NullSink {
  Outcome outcome;
  std::uint64_t acks = 0;
  void accepted(const NewOrder&) { ++acks; }
  void rested(const NewOrder&, OrderRef, std::int64_t) { ++acks; }
  void canceled(std::uint64_t, OrderRef, std::int64_t, CancelReason) { ++acks; }
  void filled(const Fill& fill) {
    outcome.trade(fill.maker_tag, fill.taker_tag, fill.tick, fill.lots);
  }
};

/// The matching book behind the caller's own dense ids, as an exchange would hold it.
class Ours {
public:
  explicit Ours(std::size_t ids) : refs_(ids) {}
  void submit(const Operation& op) {
    NewOrder order;
    order.tag = op.id;
    order.owner = 1 + static_cast<std::uint32_t>(op.id % 1000);
    order.self_trade = SelfTrade::ALLOW; // the textbook book has no owners
    order.side = op.side;
    order.tick = op.tick;
    order.lots = op.lots;
    refs_[op.id] = book_.submit(order, sink).ref;
  }
  bool cancel(std::uint64_t id) { return book_.cancel(refs_[id], sink) == Refusal::NONE; }
  [[nodiscard]] std::size_t size() const { return book_.size(); }
  OutcomeSink sink;

private:
  Book book_;
  std::vector<OrderRef> refs_;
};

struct Workload {
  std::vector<Operation> prefill;
  std::vector<Operation> operations;
  std::size_t ids = 0;
  std::size_t live = 0;
};

/// steady: 10 000 resting, 55 % passive, 36 % cancels, 9 % crossing, kept at 8 000 to 12 000 live;
/// grow: 60, 30 and 10 % from empty.
Workload make(bool steady, std::size_t count) {
  Random random{steady ? 11U : 12U};
  Workload work;
  Textbook model;
  std::vector<std::uint64_t> live;
  std::int64_t mid = 1'000'000;
  const auto passive = [&] {
    Operation op;
    op.side = random.below(2) == 0 ? Side::BUY : Side::SELL;
    const auto d = static_cast<std::int64_t>(random.below(200));
    const auto u = static_cast<std::int64_t>(random.below(200));
    const auto away = 1 + d * u / 200;
    op.tick = op.side == Side::BUY ? mid - away : mid + away;
    op.lots = 1 + static_cast<std::int64_t>(random.below(100));
    return op;
  };
  const auto add = [&](Operation op, std::vector<Operation>& to) {
    op.id = work.ids++;
    model.submit(op);
    live.push_back(op.id);
    to.push_back(op);
  };
  for (std::size_t i = 0; steady && i < 10'000; ++i) {
    add(passive(), work.prefill);
  }
  while (work.operations.size() < count) {
    if (work.operations.size() % 64 == 0) {
      mid += static_cast<std::int64_t>(random.below(3)) - 1;
    }
    auto kind = random.below(100);
    kind = steady && model.size() < 8'000 ? 0 : (steady && model.size() > 12'000 ? 60 : kind);
    const std::uint64_t adds = steady ? 55 : 60;
    const std::uint64_t cancels = steady ? 91 : 90;
    if (kind < adds) {
      add(passive(), work.operations);
    } else if (kind < cancels) {
      // Filled orders stay in `live` until they are drawn: the draw is repeated then.
      while (!live.empty()) {
        const auto at = random.below(live.size());
        const auto id = live[at];
        live[at] = live.back();
        live.pop_back();
        if (model.cancel(id)) {
          work.operations.push_back({.cancel = true, .side = {}, .tick = 0, .lots = 0, .id = id});
          break;
        }
      }
    } else {
      Operation op;
      op.side = random.below(2) == 0 ? Side::BUY : Side::SELL;
      op.tick = op.side == Side::BUY ? mid + 5 : mid - 5;
      op.lots = 1 + static_cast<std::int64_t>(random.below(200));
      add(op, work.operations);
    }
  }
  work.live = model.size();
  return work;
}

template <class Engine>
double run(Engine& engine, const Workload& work) {
  for (const auto& op : work.prefill) {
    engine.submit(op);
  }
  const auto start = troupe::core::monotonic_ns();
  for (const auto& op : work.operations) {
    op.cancel ? void(engine.cancel(op.id)) : engine.submit(op);
  }
  const auto spent = static_cast<double>(troupe::core::monotonic_ns() - start);
  return static_cast<double>(work.operations.size()) * 1e3 / spent;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

bool compare(const char* name, bool steady, std::size_t count, int runs) {
  const auto work = make(steady, count);
  std::vector<double> textbook;
  std::vector<double> ours;
  std::vector<double> ratio;
  std::uint64_t trades = 0;
  for (int i = 0; i < runs; ++i) {
    Textbook a;
    Ours b{work.ids};
    textbook.push_back(run(a, work));
    ours.push_back(run(b, work));
    ratio.push_back(ours.back() / textbook.back());
    if (a.outcome != b.sink.outcome || a.size() != b.size()) {
      std::printf("%s: the books disagree\n", name);
      return false;
    }
    trades = a.outcome.trades;
  }
  std::printf("%-7s textbook %6.1f Mops/s   matching::Book %6.1f Mops/s   ratio %.2f   "
              "(%zu live at the end, %llu trades)\n",
              name, median(textbook), median(ours), median(ratio), work.live,
              static_cast<unsigned long long>(trades));
  return true;
}

/// Level updates near a moving mid price, by exact price and quantity.
void l2_updates(std::size_t count, int runs) {
  struct Update {
    Side side;
    Level level;
  };
  Random random{13};
  std::vector<Update> updates;
  std::int64_t mid = 6'000'000;
  for (std::size_t i = 0; i < count; ++i) {
    mid += i % 16 == 0 ? static_cast<std::int64_t>(random.below(3)) - 1 : 0;
    const auto side = random.below(2) == 0 ? Side::BUY : Side::SELL;
    const auto away = 200 + static_cast<std::int64_t>(random.below(40) * random.below(40));
    const auto tick = side == Side::BUY ? mid - away : mid + away;
    const auto lots = random.below(3) == 0 ? 0 : 1 + static_cast<std::int64_t>(random.below(99999));
    updates.push_back(
      {side, {Price::from_raw(tick * 100'000'000), Quantity::from_raw(lots * 1000)}});
  }
  std::vector<double> map_rate;
  std::vector<double> book_rate;
  std::vector<double> ratio;
  std::size_t levels = 0;
  std::uint64_t sum = 0; // the best price after every update, so that no work can be left out
  for (int i = 0; i < runs; ++i) {
    std::map<Price, Quantity, std::greater<>> bids;
    std::map<Price, Quantity> asks;
    auto start = troupe::core::monotonic_ns();
    for (const auto& [side, level] : updates) {
      const auto apply = [&](auto& book) {
        level.quantity.is_zero() ? void(book.erase(level.price))
                                 : void(book[level.price] = level.quantity);
        sum += book.empty() ? 0 : static_cast<std::uint64_t>(book.begin()->first.raw());
      };
      side == Side::BUY ? apply(bids) : apply(asks);
    }
    const auto map_ns = static_cast<double>(troupe::core::monotonic_ns() - start);
    L2Book book{{"BTC-USD", "SIM-A"}, *Price::from_text("0.01")};
    (void)book.apply(BookSnapshot{});
    start = troupe::core::monotonic_ns();
    for (const auto& [side, level] : updates) {
      if (!book.set(side, level.price, level.quantity) || !book.finish(1, {})) {
        std::puts("l2: an update was refused");
        return;
      }
    }
    const auto book_ns = static_cast<double>(troupe::core::monotonic_ns() - start);
    map_rate.push_back(static_cast<double>(count) * 1e3 / map_ns);
    book_rate.push_back(static_cast<double>(count) * 1e3 / book_ns);
    ratio.push_back(map_ns / book_ns);
    levels = bids.size() + asks.size();
    if (levels != book.levels(Side::BUY) + book.levels(Side::SELL)
        || bids.begin()->first != book.best_bid()->price) {
      std::puts("l2: the books disagree");
      return;
    }
  }
  std::printf("l2      std::map %6.1f M/s        L2Book         %6.1f M/s       ratio %.2f   "
              "(%zu levels, check %llu)\n",
              median(map_rate), median(book_rate), median(ratio), levels,
              static_cast<unsigned long long>(sum % 1000));
}

} // namespace

int main(int argc, char** argv) {
  const auto count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const int runs = argc > 2 ? std::atoi(argv[2]) : 7;
  const bool same = compare("steady", true, count, runs) && compare("grow", false, count, runs);
  l2_updates(count, runs);
  return same ? 0 : 1;
}
