#pragma once

#include "core/random.hpp"
#include "trading/enums.hpp"

#include <algorithm>
#include <cstdint>
#include <list>
#include <map>
#include <unordered_map>
#include <vector>

/// The textbook order book and the operations that books are measured with.
namespace troupe::bench {

using trading::Side;

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

/// std::map of price levels, a list of orders each, a hash map of ids.
class Textbook {
public:
  explicit Textbook(std::size_t = 0) {}
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
  [[nodiscard]] const Outcome& outcome() const { return outcome_; }

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
        outcome_.trade(maker.id, op.id, best->first, n);
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
  Outcome outcome_;
};

struct Workload {
  std::vector<Operation> prefill;
  std::vector<Operation> operations;
  std::size_t ids = 0;
  std::size_t live = 0;
};

/// steady: 10 000 resting, 55 % passive, 36 % cancels, 9 % crossing, kept at 8 000 to 12 000 live;
/// grow: 60, 30 and 10 % from empty.
[[nodiscard]] inline Workload make(bool steady, std::size_t count) {
  core::Random random{steady ? 11U : 12U};
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

} // namespace troupe::bench
