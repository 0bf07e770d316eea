#pragma once

#include "messages/meta.hpp"
#include "supervision/bus.hpp"
#include "trading/bar.hpp"
#include "trading/bar_spec.hpp"
#include "trading/book.hpp"
#include "trading/instrument.hpp"
#include "trading/interval.hpp"
#include "trading/trade.hpp"

#include <boost/mp11/list.hpp>

#include <chrono>

/// The market-data service: what it answers and what it publishes. Role "market-data"; keys are
/// unqualified symbols, so that one owner sees every venue of a symbol and consolidates them.
namespace troupe::messages {

inline constexpr const char* market_data_service = "market-data";

/// Best bid and offer over the venues of one symbol.
struct ConsolidatedQuote {
  std::optional<trading::Price> bid;
  std::optional<trading::Quantity> bid_quantity;
  std::optional<std::string> bid_venue;
  std::optional<trading::Price> ask;
  std::optional<trading::Quantity> ask_quantity;
  std::optional<std::string> ask_venue;
};
BOOST_DESCRIBE_STRUCT(ConsolidatedQuote,
                      (),
                      (bid, bid_quantity, bid_venue, ask, ask_quantity, ask_venue))

/// Top of book and last trade of one instrument at one venue.
struct Ticker {
  trading::InstrumentId instrument;
  std::optional<trading::Price> bid;
  std::optional<trading::Quantity> bid_quantity;
  std::optional<trading::Price> ask;
  std::optional<trading::Quantity> ask_quantity;
  std::optional<trading::Price> last;
  std::optional<trading::Quantity> last_quantity;
  ConsolidatedQuote consolidated;
  core::Timestamp ts_event;
  core::Timestamp ts_recv;
};
BOOST_DESCRIBE_STRUCT(Ticker,
                      (),
                      (instrument,
                       bid,
                       bid_quantity,
                       ask,
                       ask_quantity,
                       last,
                       last_quantity,
                       consolidated,
                       ts_event,
                       ts_recv))

// ---- requests ------------------------------------------------------------------------------

struct TickerReply {
  Meta meta;
  Ticker data;
};
BOOST_DESCRIBE_STRUCT(TickerReply, (), (meta, data))

struct GetTicker {
  using Reply = TickerReply;
  trading::InstrumentId symbol;
};
BOOST_DESCRIBE_STRUCT(GetTicker, (), (symbol))

struct HistoricalReply {
  Meta meta;
  std::vector<trading::Bar> data; ///< ascending
};
BOOST_DESCRIBE_STRUCT(HistoricalReply, (), (meta, data))

/// Market data answers a GetHistorical within this, whatever it waits for: the store, and its turn
/// in a venue's rate limit. Who asks waits longer, and takes no such wait for slowness.
constexpr std::chrono::seconds historical_within{12};

/// Closed and current bars of [start, end); without a start the newest `limit` of them.
/// Errors: RATE_LIMITED with "retry_after_ms=N" in its text where the venue's limit leaves no room.
struct GetHistorical {
  using Reply = HistoricalReply;
  trading::InstrumentId symbol;
  std::optional<trading::BarSpec> interval; ///< of time, tick:N, volume:N or value:N; default 1m
  std::optional<core::Timestamp> start;
  std::optional<core::Timestamp> end;
  std::optional<std::uint32_t> limit; ///< 1 to 1000, default 100
  std::optional<std::string> cursor;  ///< next_cursor of the page before
};
BOOST_DESCRIBE_STRUCT(GetHistorical, (), (symbol, interval, start, end, limit, cursor))

struct OrderBookReply {
  Meta meta;
  trading::BookSnapshot data;
};
BOOST_DESCRIBE_STRUCT(OrderBookReply, (), (meta, data))

struct GetOrderBook {
  using Reply = OrderBookReply;
  trading::InstrumentId symbol;
  std::optional<std::uint32_t> depth; ///< levels per side, 1 to 1000, default 10
};
BOOST_DESCRIBE_STRUCT(GetOrderBook, (), (symbol, depth))

struct InstrumentsReply {
  Meta meta;
  std::vector<trading::Instrument> data;
};
BOOST_DESCRIBE_STRUCT(InstrumentsReply, (), (meta, data))

struct ListInstruments {
  using Reply = InstrumentsReply;
};
BOOST_DESCRIBE_STRUCT(ListInstruments, (), ())

using MarketDataRequests =
  boost::mp11::mp_list<GetTicker, GetHistorical, GetOrderBook, ListInstruments>;

// ---- events --------------------------------------------------------------------------------

/// The best prices or the last trade of an instrument changed.
struct PriceUpdate {
  Meta meta;
  Ticker ticker;
  bool primary = false; ///< of the venue that the unqualified symbol stands for; likewise below
};
BOOST_DESCRIBE_STRUCT(PriceUpdate, (), (meta, ticker, primary))

/// Trades of one instrument, in the venue's order.
struct TradesPrinted {
  trading::InstrumentId instrument;
  std::vector<trading::Trade> trades;
  bool primary = false;
  trading::Quality quality = trading::Quality::live;
};
BOOST_DESCRIBE_STRUCT(TradesPrinted, (), (instrument, trades, primary, quality))

/// The top of an instrument's book (at most 20 levels a side).
struct BookChanged {
  Meta meta;
  trading::BookSnapshot book;
  bool primary = false;
};
BOOST_DESCRIBE_STRUCT(BookChanged, (), (meta, book, primary))

/// A bar is final.
struct BarClosed {
  trading::InstrumentId instrument;
  trading::Interval interval;
  trading::Bar bar;
  trading::Quality quality = trading::Quality::live;
  bool primary = false;
};
BOOST_DESCRIBE_STRUCT(BarClosed, (), (instrument, interval, bar, quality, primary))

/// A tick, volume or value bar is final.
struct ActivityBarClosed {
  trading::InstrumentId instrument;
  trading::BarSpec interval; ///< not of time
  trading::Bar bar;
  trading::Quality quality = trading::Quality::live;
  bool primary = false;
};
BOOST_DESCRIBE_STRUCT(ActivityBarClosed, (), (instrument, interval, bar, quality, primary))

/// Freshness by channel. A ticker is as fresh as the worse of trades and book.
struct ChannelFreshness {
  trading::Freshness trades = trading::Freshness::DOWN;
  trading::Freshness book = trading::Freshness::DOWN;
  trading::Freshness bars = trading::Freshness::DOWN; ///< RESYNC while lost trades are made good

  friend bool operator==(const ChannelFreshness&, const ChannelFreshness&) = default;
};
BOOST_DESCRIBE_STRUCT(ChannelFreshness, (), (trades, book, bars))

/// Freshness of one instrument, at every change and once a second; by it others know that the
/// source lives although nothing trades.
struct InstrumentStatusBeat {
  trading::InstrumentId instrument;
  trading::Freshness freshness = trading::Freshness::DOWN; ///< of trades and book, the worse
  core::Timestamp now; ///< the source's clock: a replay's is that of the data
  core::Timestamp last_data;
  std::string reason; ///< why it is not LIVE
  bool primary = false;
  ChannelFreshness channels;
  std::vector<trading::BarSpec> bars; ///< what its bars are built of
};
BOOST_DESCRIBE_STRUCT(InstrumentStatusBeat,
                      (),
                      (instrument, freshness, now, last_data, reason, primary, channels, bars))

/// What a venue says of an instrument, for the first time or anew: its steps, minimum or status
/// changed. Every node that follows the venue tells it.
struct InstrumentChanged {
  trading::Instrument instrument;
  std::optional<trading::Instrument> previous; ///< absent: the venue says it for the first time
  std::vector<trading::InstrumentChange> changes;
};
BOOST_DESCRIBE_STRUCT(InstrumentChanged, (), (instrument, previous, changes))

/// How far a recording has been played, every few seconds and at its end.
struct ReplayProgress {
  std::string venue;
  double fraction = 0.0;     ///< of the files read, 0 to 1
  core::Timestamp position;  ///< every subscriber has handled what happened before
  std::uint64_t events = 0;  ///< records played
  std::uint64_t refused = 0; ///< lines that could not be read exactly
  bool finished = false;
  std::string error; ///< why it ended early; empty: it did not
};
BOOST_DESCRIBE_STRUCT(ReplayProgress,
                      (),
                      (venue, fraction, position, events, refused, finished, error))

namespace topics {
using supervision::Delivery;
using supervision::Topic;
inline const Topic price_update{"price_update", Delivery::CONFLATED};
inline const Topic trades{"trades", Delivery::LOSSLESS};
inline const Topic book{"book", Delivery::CONFLATED};
inline const Topic bars{"bars", Delivery::LOSSLESS};
inline const Topic activity_bars{"activity_bars", Delivery::LOSSLESS};
inline const Topic venue_status{"venue_status", Delivery::CONFLATED};
inline const Topic instruments{"instruments", Delivery::CONFLATED};
inline const Topic replay_progress{"replay_progress", Delivery::CONFLATED};
} // namespace topics

} // namespace troupe::messages
