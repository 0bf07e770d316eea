#include "actors/venues/coinbase/advanced_frames.hpp"

#include "actors/venues/coinbase/text.hpp"

#include <algorithm>

namespace troupe::venues::coinbase {

struct AdvancedDecoder::State {
  simdjson::ondemand::parser parser;
  AdvancedFrame frame;
};

namespace advanced_text {

using trading::Price;
using trading::Quantity;
using wire::Object;
using wire::Value;

bool is_snapshot(Object& event) {
  return wire::optional_text(event, "type") == "snapshot";
}

void read_book(Object& event, AdvancedFrame& frame) {
  if (frame.book_count == frame.book_room.size()) {
    frame.book_room.emplace_back();
  }
  auto& book = frame.book_room[frame.book_count];
  book.is_snapshot = is_snapshot(event);
  book.product = wire::text_at(event, "product_id");
  book.bids.clear();
  book.asks.clear();
  wire::Array updates = event.find_field_unordered("updates").get_array();
  for (Value item : updates) {
    Object update = item.get_object();
    const auto side = text::side_of(wire::text_at(update, "side"));
    trading::Level level;
    level.price = wire::decimal_at<Price>(update, "price_level");
    level.quantity = wire::decimal_at<Quantity>(update, "new_quantity");
    (side == trading::Side::BUY ? book.bids : book.asks).push_back(level);
  }
  ++frame.book_count;
}

void read_trades(Object& event, AdvancedFrame& frame) {
  const bool is_history = is_snapshot(event);
  wire::Array trades = event.find_field_unordered("trades").get_array();
  for (Value item : trades) {
    Object object = item.get_object();
    AdvancedTrade trade;
    trade.is_history = is_history;
    trade.product = wire::text_at(object, "product_id");
    trade.print.id = wire::count_at(object, "trade_id");
    trade.print.price = wire::decimal_at<Price>(object, "price");
    trade.print.quantity = wire::decimal_at<Quantity>(object, "size");
    trade.print.time = wire::time_at(object, "time");
    // `side` is the maker's.
    trade.print.aggressor = trading::opposite(text::side_of(wire::text_at(object, "side")));
    frame.trades.push_back(trade);
  }
}

void read_tickers(Object& event, AdvancedFrame& frame) {
  wire::Array tickers = event.find_field_unordered("tickers").get_array();
  for (Value item : tickers) {
    Object object = item.get_object();
    AdvancedTicker ticker;
    ticker.product = wire::text_at(object, "product_id");
    ticker.price = wire::decimal_at<Price>(object, "price");
    ticker.best_bid = wire::optional_decimal<Price>(object, "best_bid");
    ticker.best_ask = wire::optional_decimal<Price>(object, "best_ask");
    frame.tickers.push_back(ticker);
  }
}

void read_subscriptions(Object& event, AdvancedFrame& frame) {
  Object all = event.find_field_unordered("subscriptions").get_object();
  for (auto field : all) {
    const std::string_view name = field.unescaped_key();
    frame.channels.push_back(name);
  }
}

void read_event(Object& event, AdvancedFrame& frame) {
  switch (frame.kind) {
    case AdvancedKind::L2_DATA: read_book(event, frame); break;
    case AdvancedKind::MARKET_TRADES: read_trades(event, frame); break;
    case AdvancedKind::TICKER: read_tickers(event, frame); break;
    case AdvancedKind::SUBSCRIPTIONS: read_subscriptions(event, frame); break;
    case AdvancedKind::HEARTBEATS:
      frame.heartbeats = wire::count_at(event, "heartbeat_counter");
      break;
    default: break;
  }
}

AdvancedKind kind_of(std::string_view channel) {
  return channel == "l2_data"         ? AdvancedKind::L2_DATA
         : channel == "market_trades" ? AdvancedKind::MARKET_TRADES
         : channel == "heartbeats"    ? AdvancedKind::HEARTBEATS
         : channel == "ticker"        ? AdvancedKind::TICKER
         : channel == "ticker_batch"  ? AdvancedKind::TICKER
         : channel == "subscriptions" ? AdvancedKind::SUBSCRIPTIONS
                                      : AdvancedKind::UNKNOWN;
}

void read_frame(Object& object, AdvancedFrame& frame) {
  frame.kind = AdvancedKind::UNKNOWN;
  frame.sequence.reset();
  frame.time = {};
  frame.trades.clear();
  frame.tickers.clear();
  frame.channels.clear();
  frame.book_count = 0;
  const auto channel = wire::optional_text(object, "channel");
  if (channel.empty()) {
    if (wire::optional_text(object, "type") == "error") {
      frame.kind = AdvancedKind::ERROR;
      frame.error = wire::optional_text(object, "message");
    }
    return;
  }
  frame.time = wire::time_at(object, "timestamp");
  frame.sequence = wire::count_at(object, "sequence_num");
  frame.kind = kind_of(channel);
  if (frame.kind == AdvancedKind::UNKNOWN) {
    return;
  }
  wire::Array events = object.find_field_unordered("events").get_array();
  for (Value item : events) {
    Object event = item.get_object();
    read_event(event, frame);
  }
  // The venue sends the newest first.
  std::sort(frame.trades.begin(), frame.trades.end(),
            [](const AdvancedTrade& a, const AdvancedTrade& b) { return a.print.id < b.print.id; });
}

} // namespace advanced_text

AdvancedDecoder::AdvancedDecoder() : state_(std::make_unique<State>()) {}
AdvancedDecoder::~AdvancedDecoder() = default;

core::Result<const AdvancedFrame*> AdvancedDecoder::decode(const std::string& text) {
  auto& state = *state_;
  const auto done = wire::guarded([&] {
    auto document = state.parser.iterate(text).value();
    wire::Object object = document.get_object();
    advanced_text::read_frame(object, state.frame);
  });
  if (!done) {
    return done.error();
  }
  return &state.frame;
}

} // namespace troupe::venues::coinbase
