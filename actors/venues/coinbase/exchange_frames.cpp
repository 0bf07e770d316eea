#include "actors/venues/coinbase/exchange_frames.hpp"

#include "actors/venues/coinbase/text.hpp"

namespace troupe::venues::coinbase {

struct ExchangeDecoder::State {
  simdjson::ondemand::parser parser;
  ExchangeFrame frame;
};

namespace exchange_text {

using trading::Price;
using trading::Quantity;
using wire::Object;

void read_time(Object& object, ExchangeFrame& frame) {
  const auto text = wire::optional_text(object, "time");
  frame.time = text.empty() ? core::Timestamp{} : wire::time_of(text, "time");
}

void read_snapshot(Object& object, ExchangeFrame& frame) {
  frame.product = wire::text_at(object, "product_id");
  frame.bids.clear();
  frame.asks.clear();
  wire::read_levels(object, "asks", frame.asks);
  wire::read_levels(object, "bids", frame.bids);
  read_time(object, frame);
}

/// Changes in other white space than the venue's own.
void read_changes(wire::Array changes, ExchangeFrame& frame) {
  for (wire::Value item : changes) {
    trading::Level level;
    trading::Side side = trading::Side::BUY;
    std::size_t i = 0;
    for (wire::Value part : item.get_array()) {
      const auto token = wire::token_of(part);
      switch (i++) {
        case 0: side = text::side_of(token); break;
        case 1: level.price = wire::decimal_of<Price>(token, "price"); break;
        case 2: level.quantity = wire::decimal_of<Quantity>(token, "size"); break;
        default: break;
      }
    }
    if (i < 3) {
      wire::malformed("changes", "a side, a price and a size");
    }
    (side == trading::Side::BUY ? frame.bids : frame.asks).push_back(level);
  }
}

void read_l2update(Object& object, ExchangeFrame& frame) {
  frame.product = wire::text_at(object, "product_id");
  frame.bids.clear();
  frame.asks.clear();
  wire::Array changes = object.find_field_unordered("changes").get_array();
  const std::string_view raw = changes.raw_json();
  if (!scan_sided_levels(raw, frame.bids, frame.asks)) {
    frame.bids.clear();
    frame.asks.clear();
    changes.reset();
    read_changes(changes, frame);
  }
  read_time(object, frame);
}

void read_match(Object& object, ExchangeFrame& frame) {
  auto& trade = frame.trade;
  trade.id = wire::count_at(object, "trade_id");
  // `side` is the maker's.
  trade.aggressor = trading::opposite(text::side_of(wire::text_at(object, "side")));
  trade.quantity = wire::decimal_at<Quantity>(object, "size");
  trade.price = wire::decimal_at<Price>(object, "price");
  frame.product = wire::text_at(object, "product_id");
  frame.sequence = wire::count_at(object, "sequence");
  trade.time = frame.time = wire::time_at(object, "time");
}

void read_ticker(Object& object, ExchangeFrame& frame) {
  auto& ticker = frame.ticker;
  frame.sequence = wire::count_at(object, "sequence");
  frame.product = wire::text_at(object, "product_id");
  ticker.price = wire::decimal_at<Price>(object, "price");
  ticker.best_bid = wire::optional_decimal<Price>(object, "best_bid");
  ticker.best_ask = wire::optional_decimal<Price>(object, "best_ask");
  read_time(object, frame);
  const auto id = wire::find(object, "trade_id");
  ticker.trade_id = id ? static_cast<std::uint64_t>(wire::integer_of(*id, "trade_id")) : 0;
}

void read_heartbeat(Object& object, ExchangeFrame& frame) {
  frame.last_trade_id = wire::count_at(object, "last_trade_id");
  frame.product = wire::text_at(object, "product_id");
  frame.sequence = wire::count_at(object, "sequence");
  frame.time = wire::time_at(object, "time");
}

void read_subscriptions(Object& object, ExchangeFrame& frame) {
  frame.channels.clear();
  wire::Array channels = object.find_field_unordered("channels").get_array();
  for (wire::Value item : channels) {
    Object channel = item.get_object();
    frame.channels.push_back(wire::text_at(channel, "name"));
  }
}

ExchangeKind read_frame(Object& object, ExchangeFrame& frame) {
  const auto type = wire::optional_text(object, "type");
  frame.sequence = 0;
  frame.product = {};
  frame.time = {};
  if (type == "l2update") {
    read_l2update(object, frame);
    return ExchangeKind::L2UPDATE;
  }
  if (type == "match" || type == "last_match") {
    read_match(object, frame);
    return type == "match" ? ExchangeKind::MATCH : ExchangeKind::LAST_MATCH;
  }
  if (type == "ticker") {
    read_ticker(object, frame);
    return ExchangeKind::TICKER;
  }
  if (type == "heartbeat") {
    read_heartbeat(object, frame);
    return ExchangeKind::HEARTBEAT;
  }
  if (type == "snapshot") {
    read_snapshot(object, frame);
    return ExchangeKind::SNAPSHOT;
  }
  if (type == "subscriptions") {
    read_subscriptions(object, frame);
    return ExchangeKind::SUBSCRIPTIONS;
  }
  if (type == "error") {
    frame.error = wire::optional_text(object, "message");
    frame.error_reason = wire::optional_text(object, "reason");
    return ExchangeKind::ERROR;
  }
  return ExchangeKind::UNKNOWN;
}

} // namespace exchange_text

ExchangeDecoder::ExchangeDecoder() : state_(std::make_unique<State>()) {}
ExchangeDecoder::~ExchangeDecoder() = default;

core::Result<const ExchangeFrame*> ExchangeDecoder::decode(const std::string& text) {
  auto& state = *state_;
  const auto done = wire::guarded([&] {
    auto document = state.parser.iterate(text).value();
    wire::Object object = document.get_object();
    state.frame.kind = exchange_text::read_frame(object, state.frame);
  });
  if (!done) {
    return done.error();
  }
  return &state.frame;
}

} // namespace troupe::venues::coinbase
