#include "trading/matching_c.h"

#include "trading/matching.hpp"

#include <new>

namespace matching = troupe::trading::matching;

/// Not anonymous: troupe_book, which has a name outside, holds a CallbackSink.
namespace troupe::trading::matching::c_entry {

std::uint64_t raw_of(OrderRef ref) {
  return (std::uint64_t{ref.generation()} << 32U) | ref.slot();
}

OrderRef ref_of(std::uint64_t raw) {
  return {static_cast<std::uint32_t>(raw), static_cast<std::uint32_t>(raw >> 32U)};
}

template <class Enum>
constexpr std::uint32_t number(Enum value) {
  return static_cast<std::uint32_t>(value);
}

static_assert(number(Refusal::BOOK_FULL) == TROUPE_BOOK_FULL
              && number(CancelReason::SELF_TRADE) == TROUPE_SELF_TRADE
              && number(SelfTrade::ALLOW) == TROUPE_ALLOW && number(TimeInForce::DAY) == TROUPE_DAY
              && number(OrderType::LIMIT) == TROUPE_LIMIT && number(Side::SELL) == TROUPE_SELL
              && anonymous == TROUPE_ANONYMOUS);

/// Hands events to the caller.
class CallbackSink {
public:
  CallbackSink(troupe_event_callback callback, void* context)
    : callback_(callback), context_(context) {}

  void accepted(const NewOrder& order) {
    tell(TROUPE_ACCEPTED, order.tag, OrderRef{}, order.tick, order.lots);
  }
  void rested(const NewOrder& order, OrderRef ref, std::int64_t lots) {
    tell(TROUPE_RESTED, order.tag, ref, order.tick, lots);
  }
  void filled(const Fill& fill) {
    tell({.kind = TROUPE_FILLED,
          .reason = 0,
          .tag = fill.taker_tag,
          .ref = raw_of(fill.maker),
          .tick = fill.tick,
          .lots = fill.lots,
          .maker_tag = fill.maker_tag,
          .taker_lots_left = fill.taker_lots_left,
          .maker_lots_left = fill.maker_lots_left,
          .taker_owner = fill.taker_owner,
          .maker_owner = fill.maker_owner,
          .aggressor = number(fill.aggressor)});
  }
  void canceled(std::uint64_t tag, OrderRef ref, std::int64_t lots, CancelReason reason) {
    tell(TROUPE_CANCELED, tag, ref, 0, lots, number(reason));
  }
  void replaced(std::uint64_t tag, OrderRef ref, std::int64_t tick, std::int64_t lots) {
    tell(TROUPE_REPLACED, tag, ref, tick, lots);
  }
  void refused(const NewOrder& order, Refusal refusal) {
    tell(TROUPE_REFUSED, order.tag, OrderRef{}, order.tick, order.lots, number(refusal));
  }

private:
  void tell(troupe_event_kind kind,
            std::uint64_t tag,
            OrderRef ref,
            std::int64_t tick,
            std::int64_t lots,
            std::uint32_t reason = 0) {
    troupe_event event{};
    event.kind = kind;
    event.reason = reason;
    event.tag = tag;
    event.ref = raw_of(ref);
    event.tick = tick;
    event.lots = lots;
    tell(event);
  }
  void tell(const troupe_event& event) {
    if (callback_ != nullptr) {
      callback_(context_, &event);
    }
  }

  troupe_event_callback callback_;
  void* context_;
};

bool is_known(const troupe_order& order) {
  return order.side <= TROUPE_SELL && order.type <= TROUPE_LIMIT
         && order.time_in_force <= TROUPE_DAY && order.post_only <= 1
         && order.self_trade <= TROUPE_ALLOW;
}

NewOrder order_of(const troupe_order& order) {
  return {.tag = order.tag,
          .owner = order.owner,
          .side = static_cast<Side>(order.side),
          .type = static_cast<OrderType>(order.type),
          .tif = static_cast<TimeInForce>(order.time_in_force),
          .post_only = order.post_only != 0,
          .self_trade = static_cast<SelfTrade>(order.self_trade),
          .tick = order.tick,
          .lots = order.lots};
}

} // namespace troupe::trading::matching::c_entry

using namespace troupe::trading::matching::c_entry;

struct troupe_book {
  troupe_book(matching::BookSettings settings, CallbackSink to) : book(settings), sink(to) {}

  /// Runs f where no exception may pass; one that comes leaves the book unusable.
  template <class F>
  std::uint32_t guarded(F&& f) noexcept {
    if (is_broken) {
      return TROUPE_BROKEN;
    }
    try {
      return number(f());
    } catch (...) {
      is_broken = true;
      return TROUPE_BROKEN;
    }
  }

  matching::Book book;
  CallbackSink sink;
  bool is_broken = false;
};

troupe_book* troupe_book_create(const troupe_book_settings* settings,
                                troupe_event_callback callback,
                                void* context) {
  constexpr std::uint32_t window_step = 4096;
  constexpr std::uint32_t max_orders_most = std::uint32_t{1} << 20U;
  matching::BookSettings chosen;
  if (settings != nullptr) {
    chosen.window_ticks =
      settings->window_ticks != 0 ? settings->window_ticks : chosen.window_ticks;
    chosen.max_orders = settings->max_orders != 0 ? settings->max_orders : chosen.max_orders;
  }
  if (chosen.window_ticks % window_step != 0
      || chosen.window_ticks > troupe::trading::TickBitmap::max_size
      || chosen.max_orders > max_orders_most) {
    return nullptr;
  }
  try {
    return new troupe_book{chosen, CallbackSink{callback, context}};
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void troupe_book_destroy(troupe_book* book) {
  delete book;
}

uint32_t troupe_book_submit(troupe_book* book, const troupe_order* order, uint64_t* ref) {
  if (ref != nullptr) {
    *ref = TROUPE_NO_REF;
  }
  return book->guarded([&] {
    const auto made = order_of(*order);
    if (!is_known(*order)) {
      book->sink.refused(made, matching::Refusal::INVALID_TYPE);
      return matching::Refusal::INVALID_TYPE;
    }
    const auto submitted = book->book.submit(made, book->sink);
    if (ref != nullptr) {
      *ref = raw_of(submitted.ref);
    }
    return submitted.refusal;
  });
}

uint32_t troupe_book_cancel(troupe_book* book, uint64_t ref) {
  return book->guarded([&] { return book->book.cancel(ref_of(ref), book->sink); });
}

uint32_t troupe_book_replace(troupe_book* book, uint64_t ref, int64_t tick, int64_t lots) {
  return book->guarded([&] { return book->book.replace(ref_of(ref), tick, lots, book->sink); });
}

size_t troupe_book_size(const troupe_book* book) {
  return book->book.size();
}

int troupe_book_best(const troupe_book* book, uint8_t side, int64_t* tick, int64_t* lots) {
  const auto from = [&](const auto& ladder) {
    if (ladder.empty()) {
      return 0;
    }
    if (tick != nullptr) {
      *tick = ladder.best_tick();
    }
    if (lots != nullptr) {
      *lots = ladder.best().lots;
    }
    return 1;
  };
  return side == TROUPE_BUY ? from(book->book.bids()) : from(book->book.asks());
}
