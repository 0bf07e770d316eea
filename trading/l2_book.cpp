#include "trading/l2_book.hpp"

namespace troupe::trading {

L2Book::L2Book(InstrumentId instrument, Price tick)
  : instrument_(std::move(instrument)), ticks_(tick) {}

void L2Book::invalidate() {
  bids_.clear();
  asks_.clear();
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
  bids_.clear();
  asks_.clear();
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

core::Result<void> L2Book::finish(std::uint64_t sequence, core::Timestamp ts_event) {
  if (!valid_) {
    invalidate();
    return core::Error{core::Errc::NOT_READY,
                       "book of " + instrument_.to_text() + ": expected a snapshot first"};
  }
  if (!bids_.empty() && !asks_.empty() && bids_.best_tick() >= asks_.best_tick()) {
    return refuse("expected bids below asks, found bid " + best_bid()->price.to_text() + " and ask "
                  + best_ask()->price.to_text());
  }
  sequence_ = sequence;
  ts_event_ = ts_event;
  return {};
}

std::optional<Level> L2Book::best_bid() const {
  if (!valid_ || bids_.empty()) {
    return std::nullopt;
  }
  return Level{ticks_.value(bids_.best_tick()), bids_.best()};
}

std::optional<Level> L2Book::best_ask() const {
  if (!valid_ || asks_.empty()) {
    return std::nullopt;
  }
  return Level{ticks_.value(asks_.best_tick()), asks_.best()};
}

BookSnapshot L2Book::depth(std::size_t depth) const {
  BookSnapshot out{.instrument = instrument_,
                   .bids = {},
                   .asks = {},
                   .sequence = sequence_,
                   .ts_event = ts_event_};
  if (!valid_) {
    return out;
  }
  const auto take = [&](const auto& ladder, std::vector<Level>& levels) {
    levels.reserve(std::min(depth, ladder.size()));
    ladder.for_each([&](std::int64_t tick, Quantity quantity) {
      if (levels.size() == depth) {
        return false;
      }
      levels.push_back({ticks_.value(tick), quantity});
      return true;
    });
  };
  take(bids_, out.bids);
  take(asks_, out.asks);
  return out;
}

} // namespace troupe::trading
