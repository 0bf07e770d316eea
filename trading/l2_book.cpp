#include "trading/l2_book.hpp"

namespace troupe::trading {

L2Book::L2Book(InstrumentId instrument, Price tick)
  : instrument_(std::move(instrument)), ticks_(tick) {}

void L2Book::invalidate() {
  for (auto& ladder : ladders_) {
    ladder.clear();
  }
  valid_ = false;
}

core::Error L2Book::refuse(std::string what) {
  invalidate();
  return {core::Errc::PROTOCOL_ERROR, "book of " + instrument_.to_text() + ": " + what};
}

core::Result<void> L2Book::set_levels(Side side, const std::vector<Level>& levels) {
  for (const auto& level : levels) {
    if (!set(side, level.price, level.quantity)) {
      return refuse("expected a price in steps of " + ticks_.step().to_text()
                    + " and a quantity that is not negative, found [" + level.price.to_text() + ", "
                    + level.quantity.to_text() + "]");
    }
  }
  return {};
}

core::Result<void> L2Book::apply(const BookSnapshot& snapshot) {
  for (auto& ladder : ladders_) {
    ladder.clear();
  }
  if (auto done = set_levels(Side::BUY, snapshot.bids); !done) {
    return done;
  }
  if (auto done = set_levels(Side::SELL, snapshot.asks); !done) {
    return done;
  }
  valid_ = true;
  return finish(snapshot.sequence, snapshot.ts_event);
}

core::Result<void> L2Book::apply(const BookDelta& delta) {
  if (!valid_) {
    return core::Error{core::Errc::NOT_READY,
                       "book of " + instrument_.to_text() + ": expected a snapshot first"};
  }
  if (delta.sequence <= sequence_) {
    return {};
  }
  if (auto done = set_levels(Side::BUY, delta.bids); !done) {
    return done;
  }
  if (auto done = set_levels(Side::SELL, delta.asks); !done) {
    return done;
  }
  return finish(delta.sequence, delta.ts_event);
}

core::Error L2Book::finish_refused() {
  if (!valid_) {
    invalidate();
    return core::Error{core::Errc::NOT_READY,
                       "book of " + instrument_.to_text() + ": expected a snapshot first"};
  }
  return refuse("expected bids below asks, found bid " + best_bid()->price.to_text() + " and ask "
                + best_ask()->price.to_text());
}

BookSnapshot L2Book::depth(std::size_t depth) const {
  BookSnapshot out;
  this->depth(depth, out);
  return out;
}

void L2Book::depth(std::size_t depth, BookSnapshot& out) const {
  out.instrument = instrument_;
  out.sequence = sequence_;
  out.ts_event = ts_event_;
  const auto take = [&](Side side, std::vector<Level>& levels) {
    levels.clear();
    if (!valid_) {
      return;
    }
    levels.reserve(std::min(depth, ladder(side).size()));
    ladder(side).for_each([&](std::int64_t tick, Quantity quantity) {
      if (levels.size() == depth) {
        return false;
      }
      levels.push_back({ticks_.value(tick * sign(side)), quantity});
      return true;
    });
  };
  take(Side::BUY, out.bids);
  take(Side::SELL, out.asks);
}

} // namespace troupe::trading
