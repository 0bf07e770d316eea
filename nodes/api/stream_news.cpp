#include "nodes/api/stream_news.hpp"

namespace troupe::api {

using messages::ActivityBarClosed;
using messages::BarClosed;
using messages::BookChanged;
using messages::BookResync;
using messages::InstrumentStatusBeat;
using messages::PriceUpdate;
using messages::RegimeChanged;
using messages::TradesPrinted;

namespace {

/// Of a bar by time or by activity.
template <class Closed>
StreamNews news_of_bar(const Closed& event) {
  return {.channel = "bars",
          .instrument = event.instrument,
          .primary = event.primary,
          .interval = event.interval.to_text(),
          .as_of = event.bar.ts_close,
          .quality = event.quality,
          .data = core::json::encode(event.bar)};
}

} // namespace

StreamNews news_of(const PriceUpdate& event) {
  return {.channel = "ticker",
          .instrument = event.ticker.instrument,
          .primary = event.primary,
          .interval = {},
          .as_of = event.meta.as_of,
          .quality = event.meta.quality,
          .data = core::json::encode(event.ticker),
          .age_ms = event.meta.age_ms.value_or(0)};
}

StreamNews news_of(const BookChanged& event) {
  return {.channel = "book",
          .instrument = event.book.instrument,
          .primary = event.primary,
          .interval = {},
          .as_of = event.meta.as_of,
          .quality = event.meta.quality,
          .data = core::json::encode(event.book),
          .age_ms = event.meta.age_ms.value_or(0)};
}

StreamNews news_of(const TradesPrinted& event) {
  return {.channel = "trades",
          .instrument = event.instrument,
          .primary = event.primary,
          .interval = {},
          .as_of = event.trades.empty() ? core::Timestamp{} : event.trades.back().ts_event,
          .quality = event.quality,
          .data = core::json::encode(event.trades)};
}

StreamNews news_of(const BarClosed& event) {
  return news_of_bar(event);
}

StreamNews news_of(const ActivityBarClosed& event) {
  return news_of_bar(event);
}

StreamNews news_of(const BookResync& event) {
  const bool healed = event.phase == messages::ResyncPhase::HEALED;
  return {.channel = "status",
          .instrument = event.instrument,
          .primary = event.primary,
          .interval = {},
          .as_of = event.as_of,
          .quality = healed ? trading::Quality::live : trading::Quality::stale,
          .data = core::json::encode(event),
          .event = "book_resync",
          .once = true};
}

StreamNews news_of(const InstrumentStatusBeat& event) {
  return {.channel = "status",
          .instrument = event.instrument,
          .primary = event.primary,
          .interval = {},
          .as_of = event.now,
          .quality = quality_of(event.freshness),
          .data = core::json::encode(event),
          .event = "venue_status"};
}

StreamNews news_of(const RegimeChanged& event) {
  return {.channel = "regime",
          .instrument = event.state.instrument,
          .primary = true,
          .interval = event.state.interval.to_text(),
          .as_of = event.meta.as_of,
          .quality = event.meta.quality,
          .data = core::json::encode(event),
          .standing = event.cause == "standing",
          .age_ms = event.meta.age_ms.value_or(0),
          .retell = retelling(event)};
}

} // namespace troupe::api
