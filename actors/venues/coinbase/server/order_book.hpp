#pragma once

#include "actors/venues/coinbase/server/render.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <vector>

namespace troupe::venues::coinbase::server {

/// Single orders of a book, as the venue's level 3 shows them; follows the exchange's events.
class OrderBook {
public:
  struct Entry {
    std::uint64_t order = 0;
    std::int64_t lots = 0;
  };
  using Bids = std::map<std::int64_t, std::vector<Entry>, std::greater<>>; ///< in turn
  using Asks = std::map<std::int64_t, std::vector<Entry>>;

  void apply(const engine::BookOrderEvent& event) {
    event.side == trading::Side::BUY ? apply(bids_, event) : apply(asks_, event);
  }
  [[nodiscard]] const Bids& bids() const { return bids_; }
  [[nodiscard]] const Asks& asks() const { return asks_; }

private:
  template <class Side>
  static void apply(Side& side, const engine::BookOrderEvent& event) {
    using Event = engine::BookOrderEvent::What;
    if (event.what == Event::OPEN) {
      side[event.tick].push_back({event.order, event.lots});
      return;
    }
    if (event.what != Event::DONE && event.what != Event::MATCH && event.what != Event::CHANGE) {
      return;
    }
    const auto level = side.find(event.tick);
    if (level == side.end()) {
      return; // never rested
    }
    auto& entries = level->second;
    const auto at = std::find_if(entries.begin(), entries.end(),
                                 [&](const Entry& entry) { return entry.order == event.order; });
    if (at == entries.end()) {
      return;
    }
    if (event.what == Event::DONE) {
      entries.erase(at);
      if (entries.empty()) {
        side.erase(level);
      }
    } else {
      at->lots = event.lots;
    }
  }
  Bids bids_;
  Asks asks_;
};

} // namespace troupe::venues::coinbase::server
