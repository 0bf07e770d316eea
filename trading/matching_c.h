#ifndef TROUPE_TRADING_MATCHING_C_H
#define TROUPE_TRADING_MATCHING_C_H

/* The matching book (trading/matching.hpp) for callers that are not C++: harnesses, other
 * languages. libtroupe_matching exports exactly these functions. A book and everything done with it
 * belongs to one thread at a time. */

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define TROUPE_EXPORT __attribute__((visibility("default")))
#else
#define TROUPE_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Values equal those of the C++ enumerations of the same names. */
enum troupe_side { TROUPE_BUY = 0, TROUPE_SELL = 1 };
enum troupe_order_type { TROUPE_MARKET = 0, TROUPE_LIMIT = 1 };
enum troupe_time_in_force {
  TROUPE_GTC = 0,
  TROUPE_IOC = 1,
  TROUPE_FOK = 2,
  TROUPE_GTD = 3, /* rests like GTC; its end is the caller's */
  TROUPE_DAY = 4  /* likewise */
};
enum troupe_self_trade {
  TROUPE_CANCEL_NEWEST = 0,
  TROUPE_CANCEL_OLDEST = 1,
  TROUPE_CANCEL_BOTH = 2,
  TROUPE_ALLOW = 3
};
enum troupe_refusal {
  TROUPE_NONE = 0,
  TROUPE_INVALID_QUANTITY = 1,
  TROUPE_INVALID_PRICE = 2,
  TROUPE_INVALID_TYPE = 3, /* also a side, type, time in force or mode that is none of these */
  TROUPE_WOULD_TAKE = 4,   /* post-only and crossing */
  TROUPE_UNKNOWN_ORDER = 5,
  TROUPE_BOOK_FULL = 6,
  TROUPE_BROKEN = 255 /* out of memory once: only troupe_book_destroy is left */
};
enum troupe_cancel_reason { TROUPE_REQUESTED = 0, TROUPE_NOT_FILLED = 1, TROUPE_SELF_TRADE = 2 };
enum troupe_event_kind {
  TROUPE_ACCEPTED = 0, /* valid; comes before its trades */
  TROUPE_RESTED = 1,   /* what is left of it is in the book */
  TROUPE_FILLED = 2,
  TROUPE_CANCELED = 3,
  TROUPE_REPLACED = 4, /* comes before it trades at its new price */
  TROUPE_REFUSED = 5
};

/* Of an order that never rested. */
#define TROUPE_NO_REF UINT64_MAX
/* Owner of orders that self-trade prevention does not look at. */
#define TROUPE_ANONYMOUS UINT32_C(0)

typedef struct troupe_book troupe_book;

typedef struct troupe_book_settings {
  uint32_t window_ticks; /* prices around the best that are fast; a multiple of 4096, at most
                            262144; 0: the default, 16384 */
  uint32_t max_orders;   /* resting; at most 1048576; 0: the default, 1000000 */
} troupe_book_settings;

typedef struct troupe_order {
  uint64_t tag;   /* the caller's own number, handed back in every event */
  int64_t tick;   /* price of a LIMIT order in ticks, |tick| <= 2^52 */
  int64_t lots;   /* 1 to 2^42 */
  uint32_t owner; /* below 2^30 */
  uint8_t side;
  uint8_t type;
  uint8_t time_in_force;
  uint8_t post_only; /* 0 or 1 */
  uint8_t self_trade;
} troupe_order;

typedef struct troupe_event {
  uint32_t kind;
  uint32_t reason;    /* REFUSED: troupe_refusal; CANCELED: troupe_cancel_reason */
  uint64_t tag;       /* of the order; FILLED: of the taker */
  uint64_t ref;       /* of the resting order, else TROUPE_NO_REF; FILLED: of the maker */
  int64_t tick;       /* FILLED: the trade's price; REPLACED: the new one */
  int64_t lots;       /* FILLED: traded; CANCELED: not filled; else open */
  uint64_t maker_tag; /* FILLED, likewise what follows */
  int64_t taker_lots_left;
  int64_t maker_lots_left;
  uint32_t taker_owner;
  uint32_t maker_owner;
  uint32_t aggressor; /* troupe_side of the taker */
} troupe_event;

/* Called in the order in which things happen, while the book changes: must not call back into it.
 */
typedef void (*troupe_event_callback)(void* context, const troupe_event* event);

/* settings and callback may be null. Returns null where a setting is out of its bounds or memory is
 * short. */
TROUPE_EXPORT troupe_book* troupe_book_create(const troupe_book_settings* settings,
                                              troupe_event_callback callback,
                                              void* context);
TROUPE_EXPORT void troupe_book_destroy(troupe_book* book); /* null is fine */

/* Matches an order, and rests what is left of it where its time in force says so.
 * ref: null, or where to put the reference of what rests (TROUPE_NO_REF: nothing does).
 * Returns a troupe_refusal. */
TROUPE_EXPORT uint32_t troupe_book_submit(troupe_book* book,
                                          const troupe_order* order,
                                          uint64_t* ref);

/* Returns TROUPE_UNKNOWN_ORDER where it is not resting any more. */
TROUPE_EXPORT uint32_t troupe_book_cancel(troupe_book* book, uint64_t ref);

/* Gives a resting order a new price and open quantity; it keeps its place in the queue only where
 * the price stays and the quantity does not grow. Returns a troupe_refusal; refused, it stays. */
TROUPE_EXPORT uint32_t troupe_book_replace(troupe_book* book,
                                           uint64_t ref,
                                           int64_t tick,
                                           int64_t lots);

/* Resting orders. */
TROUPE_EXPORT size_t troupe_book_size(const troupe_book* book);

/* The best price of a side: 1 and *tick, *lots (either may be null), or 0 where it is empty. */
TROUPE_EXPORT int
troupe_book_best(const troupe_book* book, uint8_t side, int64_t* tick, int64_t* lots);

#ifdef __cplusplus
}
#endif

#endif
