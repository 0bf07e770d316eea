/* Drives the matching book through its C entry, from C. */
#include "trading/matching_c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "line %d: %s does not hold\n", __LINE__, #condition);                        \
      exit(1);                                                                                     \
    }                                                                                              \
  } while (0)

struct seen {
  size_t count;
  troupe_event events[64];
};

static void on_event(void* context, const troupe_event* event) {
  struct seen* seen = context;
  CHECK(seen->count < sizeof seen->events / sizeof seen->events[0]);
  seen->events[seen->count++] = *event;
}

static troupe_order limit(uint64_t tag, uint8_t side, int64_t tick, int64_t lots) {
  troupe_order order;
  memset(&order, 0, sizeof order);
  order.tag = tag;
  order.side = side;
  order.type = TROUPE_LIMIT;
  order.tick = tick;
  order.lots = lots;
  return order;
}

int main(void) {
  struct seen seen = {0};
  const troupe_book_settings bad_window = {5000, 0};
  const troupe_book_settings bad_orders = {0, UINT32_C(1) << 21};
  const troupe_book_settings small = {4096, 3};
  CHECK(troupe_book_create(&bad_window, NULL, NULL) == NULL);
  CHECK(troupe_book_create(&bad_orders, NULL, NULL) == NULL);
  troupe_book* book = troupe_book_create(&small, on_event, &seen);
  CHECK(book != NULL);
  CHECK(troupe_book_best(book, TROUPE_BUY, NULL, NULL) == 0);

  /* rests, and is told so */
  troupe_order order = limit(1, TROUPE_SELL, 101, 5);
  order.owner = 7;
  uint64_t first = 0;
  CHECK(troupe_book_submit(book, &order, &first) == TROUPE_NONE);
  CHECK(first != TROUPE_NO_REF && seen.count == 2);
  CHECK(seen.events[0].kind == TROUPE_ACCEPTED && seen.events[0].tag == 1);
  CHECK(seen.events[1].kind == TROUPE_RESTED && seen.events[1].ref == first);
  int64_t tick = 0;
  int64_t lots = 0;
  CHECK(troupe_book_best(book, TROUPE_SELL, &tick, &lots) == 1 && tick == 101 && lots == 5);

  /* trades: every field of a fill */
  seen.count = 0;
  order = limit(2, TROUPE_BUY, 102, 3);
  order.owner = 8;
  uint64_t none = 0;
  CHECK(troupe_book_submit(book, &order, &none) == TROUPE_NONE && none == TROUPE_NO_REF);
  CHECK(seen.count == 2 && seen.events[1].kind == TROUPE_FILLED);
  const troupe_event fill = seen.events[1];
  CHECK(fill.tag == 2 && fill.maker_tag == 1 && fill.ref == first && fill.tick == 101);
  CHECK(fill.lots == 3 && fill.taker_lots_left == 0 && fill.maker_lots_left == 2);
  CHECK(fill.taker_owner == 8 && fill.maker_owner == 7 && fill.aggressor == TROUPE_BUY);

  /* self-trade prevention, immediate-or-cancel */
  seen.count = 0;
  order = limit(3, TROUPE_BUY, 101, 4);
  order.owner = 7;
  order.time_in_force = TROUPE_IOC;
  order.self_trade = TROUPE_CANCEL_BOTH;
  CHECK(troupe_book_submit(book, &order, NULL) == TROUPE_NONE);
  CHECK(seen.count == 3 && seen.events[1].kind == TROUPE_CANCELED && seen.events[1].tag == 1);
  CHECK(seen.events[1].reason == TROUPE_SELF_TRADE && seen.events[1].lots == 2);
  CHECK(seen.events[2].kind == TROUPE_CANCELED && seen.events[2].tag == 3);
  CHECK(troupe_book_size(book) == 0);

  /* refusals leave the book as it was, and are told with why */
  seen.count = 0;
  order = limit(4, TROUPE_BUY, 100, 0);
  CHECK(troupe_book_submit(book, &order, NULL) == TROUPE_INVALID_QUANTITY);
  CHECK(seen.count == 1 && seen.events[0].kind == TROUPE_REFUSED);
  CHECK(seen.events[0].reason == TROUPE_INVALID_QUANTITY);
  order = limit(5, 2, 100, 1);
  CHECK(troupe_book_submit(book, &order, NULL) == TROUPE_INVALID_TYPE);
  order = limit(5, TROUPE_BUY, 100, 1);
  order.self_trade = 9;
  CHECK(troupe_book_submit(book, &order, NULL) == TROUPE_INVALID_TYPE);
  order = limit(5, TROUPE_BUY, INT64_C(1) << 60, 1);
  CHECK(troupe_book_submit(book, &order, NULL) == TROUPE_INVALID_PRICE);
  CHECK(troupe_book_size(book) == 0);

  /* replace and cancel by reference; a reference of an order that is gone is unknown */
  uint64_t ref = 0;
  order = limit(6, TROUPE_BUY, 100, 5);
  CHECK(troupe_book_submit(book, &order, &ref) == TROUPE_NONE);
  CHECK(troupe_book_replace(book, ref, 99, 6) == TROUPE_NONE);
  CHECK(troupe_book_replace(book, ref, 99, 0) == TROUPE_INVALID_QUANTITY);
  CHECK(troupe_book_best(book, TROUPE_BUY, &tick, &lots) == 1 && tick == 99 && lots == 6);
  CHECK(troupe_book_cancel(book, ref) == TROUPE_NONE);
  CHECK(troupe_book_cancel(book, ref) == TROUPE_UNKNOWN_ORDER);
  CHECK(troupe_book_cancel(book, first) == TROUPE_UNKNOWN_ORDER);
  CHECK(troupe_book_cancel(book, TROUPE_NO_REF) == TROUPE_UNKNOWN_ORDER);

  /* no more than was allowed */
  for (uint64_t tag = 10; tag < 13; ++tag) {
    order = limit(tag, TROUPE_BUY, 50, 1);
    CHECK(troupe_book_submit(book, &order, NULL) == TROUPE_NONE);
  }
  CHECK(troupe_book_submit(book, &order, NULL) == TROUPE_BOOK_FULL);

  troupe_book_destroy(book);
  troupe_book_destroy(NULL);
  puts("ok");
  return 0;
}
