#include "core/random.hpp"
#include "trading/matching.hpp"
#include "trading/matching_c.h"

#include <doctest/doctest.h>

#include <memory>
#include <rapidcheck.h>
#include <vector>

namespace {

using namespace troupe::trading;
using namespace troupe::trading::matching;
using troupe::core::Random;

/// An event of either entry, as numbers.
using Line = std::vector<std::int64_t>;

template <class... Parts>
Line line(Parts... parts) {
  return {static_cast<std::int64_t>(parts)...};
}

std::uint64_t raw(OrderRef ref) {
  return (std::uint64_t{ref.generation()} << 32U) | ref.slot();
}

struct Lines {
  std::vector<Line> all;
  void accepted(const NewOrder& order) {
    all.push_back(line(TROUPE_ACCEPTED, order.tag, order.tick, order.lots));
  }
  void rested(const NewOrder& order, OrderRef ref, std::int64_t lots) {
    all.push_back(line(TROUPE_RESTED, order.tag, raw(ref), lots));
  }
  void filled(const Fill& fill) {
    all.push_back(line(TROUPE_FILLED, fill.taker_tag, raw(fill.maker), fill.tick, fill.lots,
                       fill.maker_tag, fill.taker_lots_left, fill.maker_lots_left, fill.taker_owner,
                       fill.maker_owner, fill.aggressor));
  }
  void canceled(std::uint64_t tag, OrderRef ref, std::int64_t lots, CancelReason reason) {
    all.push_back(line(TROUPE_CANCELED, tag, raw(ref), lots, reason));
  }
  void replaced(std::uint64_t tag, OrderRef ref, std::int64_t tick, std::int64_t lots) {
    all.push_back(line(TROUPE_REPLACED, tag, raw(ref), tick, lots));
  }
  void refused(const NewOrder& order, Refusal refusal) {
    all.push_back(line(TROUPE_REFUSED, order.tag, refusal));
  }
};

void on_event(void* context, const troupe_event* e) {
  auto& all = *static_cast<std::vector<Line>*>(context);
  switch (e->kind) {
    case TROUPE_ACCEPTED: all.push_back(line(e->kind, e->tag, e->tick, e->lots)); break;
    case TROUPE_RESTED: all.push_back(line(e->kind, e->tag, e->ref, e->lots)); break;
    case TROUPE_FILLED:
      all.push_back(line(e->kind, e->tag, e->ref, e->tick, e->lots, e->maker_tag,
                         e->taker_lots_left, e->maker_lots_left, e->taker_owner, e->maker_owner,
                         e->aggressor));
      break;
    case TROUPE_CANCELED: all.push_back(line(e->kind, e->tag, e->ref, e->lots, e->reason)); break;
    case TROUPE_REPLACED: all.push_back(line(e->kind, e->tag, e->ref, e->tick, e->lots)); break;
    default: all.push_back(line(e->kind, e->tag, e->reason));
  }
}

troupe_order random_order(Random& random, std::uint64_t tag) {
  troupe_order order{};
  order.tag = tag;
  order.owner = static_cast<std::uint32_t>(random.below(4));
  order.side = static_cast<std::uint8_t>(random.below(2));
  order.type = static_cast<std::uint8_t>(random.below(5) == 0 ? TROUPE_MARKET : TROUPE_LIMIT);
  order.time_in_force = static_cast<std::uint8_t>(random.below(5));
  order.post_only = random.below(6) == 0 ? 1 : 0;
  order.self_trade = static_cast<std::uint8_t>(random.below(4));
  const auto away = static_cast<std::int64_t>(random.below(12)) - 4;
  order.tick = order.side == TROUPE_BUY ? -away : away;
  order.lots = static_cast<std::int64_t>(random.below(20));
  return order;
}

NewOrder as_cpp(const troupe_order& order) {
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

} // namespace

TEST_CASE("matching from C: the same events, references and refusals as in C++") {
  CHECK(rc::check([](std::uint64_t seed) {
    Random random{seed};
    const troupe_book_settings settings{.window_ticks = 4096, .max_orders = 40};
    std::vector<Line> got;
    const std::unique_ptr<troupe_book, void (*)(troupe_book*)> book{
      troupe_book_create(&settings, on_event, &got), troupe_book_destroy};
    Book expected_book{{.window_ticks = 4096, .max_orders = 40}};
    Lines expected;
    std::vector<std::uint64_t> refs{TROUPE_NO_REF};
    for (std::uint64_t tag = 1; tag <= 300; ++tag) {
      const auto ref = refs[random.below(refs.size())];
      const OrderRef same{static_cast<std::uint32_t>(ref), static_cast<std::uint32_t>(ref >> 32U)};
      const auto action = random.below(10);
      if (action < 6) {
        const auto order = random_order(random, tag);
        std::uint64_t rested = 0;
        const auto refusal = troupe_book_submit(book.get(), &order, &rested);
        const auto submitted = expected_book.submit(as_cpp(order), expected);
        RC_ASSERT(refusal == static_cast<std::uint32_t>(submitted.refusal));
        RC_ASSERT(rested == raw(submitted.ref));
        refs.push_back(rested);
      } else if (action < 8) {
        RC_ASSERT(troupe_book_cancel(book.get(), ref)
                  == static_cast<std::uint32_t>(expected_book.cancel(same, expected)));
      } else {
        const auto tick = static_cast<std::int64_t>(random.below(9)) - 4;
        const auto lots = static_cast<std::int64_t>(random.below(15));
        RC_ASSERT(troupe_book_replace(book.get(), ref, tick, lots)
                  == static_cast<std::uint32_t>(expected_book.replace(same, tick, lots, expected)));
      }
      RC_ASSERT(got == expected.all);
      RC_ASSERT(troupe_book_size(book.get()) == expected_book.size());
    }
  }));
}
