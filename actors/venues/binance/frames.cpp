#include "actors/venues/binance/frames.hpp"

#include "actors/venues/common/wire.hpp"

namespace troupe::venues::binance {

struct FrameDecoder::State {
  simdjson::ondemand::parser parser;
  Frame frame;
};

namespace frame_text {

using trading::Price;
using trading::Quantity;
using wire::Object;

void read_diff(Object& object, Frame& frame) {
  auto& diff = frame.diff;
  frame.event = diff.event = wire::milliseconds_at(object, "E");
  frame.symbol = wire::text_at(object, "s");
  diff.first_id = wire::count_at(object, "U");
  diff.last_id = wire::count_at(object, "u");
  diff.bids.clear();
  diff.asks.clear();
  wire::read_levels(object, "b", diff.bids);
  wire::read_levels(object, "a", diff.asks);
}

void read_trade(Object& object, Frame& frame, std::string_view id_field) {
  auto& trade = frame.trade;
  frame.event = wire::milliseconds_at(object, "E");
  frame.symbol = wire::text_at(object, "s");
  trade.id = wire::count_at(object, id_field);
  trade.price = wire::decimal_at<Price>(object, "p");
  trade.quantity = wire::decimal_at<Quantity>(object, "q");
  trade.time = wire::milliseconds_at(object, "T");
  const auto buyer_is_maker = wire::text_at(object, "m");
  trade.aggressor = buyer_is_maker == "true" ? trading::Side::SELL : trading::Side::BUY;
}

void read_book_ticker(Object& object, Frame& frame) {
  auto& ticker = frame.book_ticker;
  ticker.update_id = wire::count_at(object, "u");
  frame.symbol = wire::text_at(object, "s");
  ticker.bid.price = wire::decimal_at<Price>(object, "b");
  ticker.bid.quantity = wire::decimal_at<Quantity>(object, "B");
  ticker.ask.price = wire::decimal_at<Price>(object, "a");
  ticker.ask.quantity = wire::decimal_at<Quantity>(object, "A");
}

void read_kline(Object& object, Frame& frame) {
  frame.event = wire::milliseconds_at(object, "E");
  frame.symbol = wire::text_at(object, "s");
  const auto found = wire::find(object, "k");
  if (!found) {
    wire::malformed("k", "a kline");
  }
  Object kline = wire::Value{*found}.get_object();
  auto& bar = frame.kline.bar;
  bar.ts_open = wire::milliseconds_at(kline, "t");
  bar.ts_close = wire::milliseconds_at(kline, "T") + std::chrono::milliseconds{1};
  frame.kline.interval = wire::text_at(kline, "i");
  bar.open = wire::decimal_at<Price>(kline, "o");
  bar.close = wire::decimal_at<Price>(kline, "c");
  bar.high = wire::decimal_at<Price>(kline, "h");
  bar.low = wire::decimal_at<Price>(kline, "l");
  bar.volume = wire::decimal_at<Quantity>(kline, "v");
  bar.trades = wire::count_at(kline, "n");
  bar.final = wire::text_at(kline, "x") == "true";
}

void read_ticker(Object& object, Frame& frame) {
  auto& ticker = frame.ticker;
  frame.event = wire::milliseconds_at(object, "E");
  frame.symbol = wire::text_at(object, "s");
  ticker.change = wire::decimal_at<Price>(object, "p");
  ticker.change_percent = wire::text_at(object, "P");
  ticker.vwap = wire::decimal_at<Price>(object, "w");
  ticker.previous_close = wire::decimal_at<Price>(object, "x");
  ticker.last = wire::decimal_at<Price>(object, "c");
  ticker.last_quantity = wire::decimal_at<Quantity>(object, "Q");
  ticker.bid = wire::optional_decimal<Price>(object, "b");
  ticker.bid_quantity = wire::optional_decimal<Quantity>(object, "B");
  ticker.ask = wire::optional_decimal<Price>(object, "a");
  ticker.ask_quantity = wire::optional_decimal<Quantity>(object, "A");
  ticker.open = wire::decimal_at<Price>(object, "o");
  ticker.high = wire::decimal_at<Price>(object, "h");
  ticker.low = wire::decimal_at<Price>(object, "l");
  ticker.base_volume = wire::decimal_at<Quantity>(object, "v");
  ticker.quote_volume = wire::decimal_at<trading::Money>(object, "q");
  ticker.close_time = wire::milliseconds_at(object, "C");
}

void read_depth(Object& object, Frame& frame) {
  auto& depth = frame.depth;
  depth.last_id = wire::count_at(object, "lastUpdateId");
  depth.bids.clear();
  depth.asks.clear();
  wire::read_levels(object, "bids", depth.bids);
  wire::read_levels(object, "asks", depth.asks);
}

/// Messages that carry "e" say themselves what they are.
FrameKind read_event(std::string_view type, Object& object, Frame& frame) {
  if (type == "depthUpdate") {
    read_diff(object, frame);
    return FrameKind::DEPTH_UPDATE;
  }
  if (type == "trade") {
    read_trade(object, frame, "t");
    return FrameKind::TRADE;
  }
  if (type == "aggTrade") {
    read_trade(object, frame, "a");
    return FrameKind::AGG_TRADE;
  }
  if (type == "kline") {
    read_kline(object, frame);
    return FrameKind::KLINE;
  }
  if (type == "24hrTicker") {
    read_ticker(object, frame);
    return FrameKind::TICKER_24H;
  }
  return type == "serverShutdown" ? FrameKind::SERVER_SHUTDOWN : FrameKind::UNKNOWN;
}

/// The rest is told apart by its fields.
FrameKind read_unnamed(Object& object, Frame& frame) {
  if (wire::find(object, "lastUpdateId")) {
    read_depth(object, frame);
    return FrameKind::PARTIAL_DEPTH;
  }
  if (wire::find(object, "B") && wire::find(object, "A")) {
    read_book_ticker(object, frame);
    return FrameKind::BOOK_TICKER;
  }
  return FrameKind::UNKNOWN;
}

FrameKind read_payload(Object& object, Frame& frame) {
  const auto type = wire::optional_text(object, "e");
  return type.empty() ? read_unnamed(object, frame) : read_event(type, object, frame);
}

/// {"result":null,"id":1} and {"code":2,"msg":"...","id":1}, also as {"error":{...},"id":1}.
FrameKind read_control(Object& object, Frame& frame) {
  frame.reply_id = 0;
  if (const auto id = wire::find(object, "id")) {
    frame.reply_id = wire::integer_of(*id, "id");
  }
  auto read_error = [&frame](Object& in) {
    frame.error_code = wire::integer_at(in, "code");
    frame.error_text = wire::optional_text(in, "msg");
    return FrameKind::ERROR;
  };
  if (const auto error = wire::find(object, "error")) {
    Object inner = wire::Value{*error}.get_object();
    return read_error(inner);
  }
  return wire::find(object, "code") ? read_error(object) : FrameKind::REPLY;
}

void read_frame(Object& object, Frame& frame) {
  frame.stream = {};
  frame.symbol = {};
  frame.event = {};
  frame.kind = read_payload(object, frame);
  if (frame.kind != FrameKind::UNKNOWN) {
    return;
  }
  if (wire::find(object, "result") || wire::find(object, "id") || wire::find(object, "code")
      || wire::find(object, "error")) {
    frame.kind = read_control(object, frame);
  }
}

/// Wrapped payloads begin with their stream's name on the wire; any other order is found too.
void read_text(simdjson::ondemand::document& document, Frame& frame) {
  Object object = document.get_object();
  auto stream = object.find_field_unordered("stream");
  if (stream.error() != simdjson::SUCCESS) {
    object.reset();
    read_frame(object, frame);
    return;
  }
  const auto name = wire::token_of(stream.value());
  Object payload = object.find_field_unordered("data").get_object();
  read_frame(payload, frame);
  frame.stream = name;
}

} // namespace frame_text

FrameDecoder::FrameDecoder() : state_(std::make_unique<State>()) {}
FrameDecoder::~FrameDecoder() = default;

core::Result<const Frame*> FrameDecoder::decode(const std::string& text) {
  auto& state = *state_;
  const auto done = wire::guarded([&] {
    auto document = state.parser.iterate(text).value();
    frame_text::read_text(document, state.frame);
  });
  if (!done) {
    return done.error();
  }
  return &state.frame;
}

} // namespace troupe::venues::binance
