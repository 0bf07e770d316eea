#include "actors/venues/binance/frames.hpp"

#include "actors/venues/binance/printed_form.hpp"
#include "actors/venues/common/json_tokens.hpp"
#include "actors/venues/common/letter_fields.hpp"

#include <cstring>

namespace troupe::venues::binance {

namespace frame_text {

using trading::Price;
using trading::Quantity;
using wire::LetterFields;
using wire::Object;
using wire::TokenCursor;

/// An event of one pass over its fields, which are all named by one letter.
struct Event {
  LetterFields fields;
  LetterFields kline; ///< those of "k"
  bool bids_read = false;
  bool asks_read = false;

  void clear() {
    fields.clear();
    kline.clear();
    bids_read = asks_read = false;
  }
};

/// What a walk over an event's fields came to.
enum class Walk : std::uint8_t {
  GOES_ON,
  ENDED, ///< the message is known to end behind what was noted
  BROKEN,
};

/// Where levels are read to.
struct Sides {
  Event& event;
  Diff& diff;
  const char* end;           ///< of the message
  std::string_view closings; ///< what ends the message behind the event's last value
};

/// Most of a depth update are its levels: they are read where they stand, as the venue prints
/// them. Of other events they mean nothing, and nobody looks at them.
/// @param at  the array of b or a
/// @returns   whether the message ends behind it, or behind the asks that follow it
bool read_sides(bool are_bids, const char* at, const Sides& to) {
  auto& event = to.event;
  const auto take = [&](std::vector<trading::Level>& levels) {
    levels.clear();
    return take_levels(at, to.end, levels);
  };
  const auto rest = [&] { return std::string_view{at, static_cast<std::size_t>(to.end - at)}; };
  bool& is_read = are_bids ? event.bids_read : event.asks_read;
  is_read = take(are_bids ? to.diff.bids : to.diff.asks);
  constexpr std::string_view asks_follow = R"(,"a":)";
  if (is_read && are_bids && rest().starts_with(asks_follow)) {
    at += asks_follow.size();
    event.asks_read = take(to.diff.asks);
  }
  return event.bids_read && event.asks_read && rest() == to.closings;
}

TokenCursor walk_kline(TokenCursor cursor, LetterFields& kline, Walk& walk) {
  LetterFields::Pass pass{kline};
  const bool whole = cursor.each_field([&](const char* name, TokenCursor& value) {
    pass.note(name, value.token());
    return value.skip();
  });
  walk = whole ? Walk::GOES_ON : Walk::BROKEN;
  return cursor;
}

/// Notes the fields of an event but for those that `take_other(name, cursor, walk)` takes, which
/// says so.
template <class F>
[[gnu::always_inline]] inline TokenCursor
walk_event(TokenCursor cursor, const Sides& to, Walk& walk, F&& take_other) {
  LetterFields::Pass pass{to.event.fields};
  walk = Walk::GOES_ON;
  const bool whole = cursor.each_field([&](const char* name, TokenCursor& value) {
    const char first = value.peek();
    if (first != '[' && first != '{') [[likely]] {
      if (!take_other(name, value, walk)) {
        pass.note(name, value.token());
      }
      return value.skip_scalar();
    }
    if (take_other(name, value, walk)) {
      return walk == Walk::GOES_ON;
    }
    if (name[1] == '"' && first == '{' && *name == 'k') {
      value = walk_kline(value, to.event.kline, walk);
      return walk == Walk::GOES_ON;
    }
    const char* const begin = value.pointer();
    const bool is_side = name[1] == '"' && first == '[' && (*name == 'b' || *name == 'a');
    if (is_side && read_sides(*name == 'b', begin, to)) {
      walk = Walk::ENDED;
      return false;
    }
    if (!value.skip()) {
      return false;
    }
    if (is_side) {
      pass.note(name, {begin, static_cast<std::size_t>(value.pointer() - begin)});
    }
    return true;
  });
  if (!whole && walk == Walk::GOES_ON) {
    walk = Walk::BROKEN;
  }
  return cursor;
}

/// The levels that were not where and as the venue prints them.
void read_side(const LetterFields& fields, char side, std::vector<trading::Level>& levels) {
  levels.clear();
  wire::read_levels(fields.json(side, "an array of levels"), levels);
}

void read_diff(const Event& event, Frame& frame) {
  const auto& fields = event.fields;
  auto& diff = frame.diff;
  frame.event = diff.event = fields.milliseconds('E');
  frame.symbol = fields.text('s');
  diff.first_id = fields.count('U');
  diff.last_id = fields.count('u');
  if (!event.bids_read) {
    read_side(fields, 'b', diff.bids);
  }
  if (!event.asks_read) {
    read_side(fields, 'a', diff.asks);
  }
}

void read_trade(const LetterFields& fields, Frame& frame, char id_field) {
  auto& trade = frame.trade;
  frame.event = fields.milliseconds('E');
  frame.symbol = fields.text('s');
  trade.id = fields.count(id_field);
  trade.price = fields.decimal<Price>('p');
  trade.quantity = fields.decimal<Quantity>('q');
  trade.time = fields.milliseconds('T');
  const auto buyer_is_maker = fields.text('m');
  trade.aggressor = buyer_is_maker == "true" ? trading::Side::SELL : trading::Side::BUY;
}

void read_book_ticker(const LetterFields& fields, Frame& frame) {
  auto& ticker = frame.book_ticker;
  ticker.update_id = fields.count('u');
  frame.symbol = fields.text('s');
  ticker.bid.price = fields.decimal<Price>('b');
  ticker.bid.quantity = fields.decimal<Quantity>('B');
  ticker.ask.price = fields.decimal<Price>('a');
  ticker.ask.quantity = fields.decimal<Quantity>('A');
}

void read_kline(const Event& event, Frame& frame) {
  const auto& kline = event.kline;
  frame.event = event.fields.milliseconds('E');
  frame.symbol = event.fields.text('s');
  auto& bar = frame.kline.bar;
  bar.ts_open = kline.milliseconds('t');
  bar.ts_close = kline.milliseconds('T') + std::chrono::milliseconds{1};
  frame.kline.interval = kline.text('i');
  bar.open = kline.decimal<Price>('o');
  bar.close = kline.decimal<Price>('c');
  bar.high = kline.decimal<Price>('h');
  bar.low = kline.decimal<Price>('l');
  bar.volume = kline.decimal<Quantity>('v');
  bar.trades = kline.count('n');
  bar.final = kline.text('x') == "true";
}

void read_ticker(const LetterFields& fields, Frame& frame) {
  auto& ticker = frame.ticker;
  frame.event = fields.milliseconds('E');
  frame.symbol = fields.text('s');
  ticker.change = fields.decimal<Price>('p');
  ticker.change_percent = fields.text('P');
  ticker.vwap = fields.decimal<Price>('w');
  ticker.previous_close = fields.decimal<Price>('x');
  ticker.last = fields.decimal<Price>('c');
  ticker.last_quantity = fields.decimal<Quantity>('Q');
  ticker.bid = fields.optional_decimal<Price>('b');
  ticker.bid_quantity = fields.optional_decimal<Quantity>('B');
  ticker.ask = fields.optional_decimal<Price>('a');
  ticker.ask_quantity = fields.optional_decimal<Quantity>('A');
  ticker.open = fields.decimal<Price>('o');
  ticker.high = fields.decimal<Price>('h');
  ticker.low = fields.decimal<Price>('l');
  ticker.base_volume = fields.decimal<Quantity>('v');
  ticker.quote_volume = fields.decimal<trading::Money>('q');
  ticker.close_time = fields.milliseconds('C');
}

void read_depth(Object& object, Frame& frame) {
  auto& depth = frame.depth;
  depth.last_id = wire::count_at(object, "lastUpdateId");
  depth.bids.clear();
  depth.asks.clear();
  wire::read_levels(object, "bids", depth.bids);
  wire::read_levels(object, "asks", depth.asks);
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

/// Events say themselves what they are, but for book tickers.
FrameKind read_event(const Event& event, Frame& frame) {
  const auto type = event.fields.optional_text('e');
  if (type == "depthUpdate") {
    read_diff(event, frame);
    return FrameKind::DEPTH_UPDATE;
  }
  if (type == "trade") {
    read_trade(event.fields, frame, 't');
    return FrameKind::TRADE;
  }
  if (type == "aggTrade") {
    read_trade(event.fields, frame, 'a');
    return FrameKind::AGG_TRADE;
  }
  if (type == "kline") {
    read_kline(event, frame);
    return FrameKind::KLINE;
  }
  if (type == "24hrTicker") {
    read_ticker(event.fields, frame);
    return FrameKind::TICKER_24H;
  }
  if (type.empty() && event.fields.has('B') && event.fields.has('A')) {
    read_book_ticker(event.fields, frame); // has no type
    return FrameKind::BOOK_TICKER;
  }
  return type == "serverShutdown" ? FrameKind::SERVER_SHUTDOWN : FrameKind::UNKNOWN;
}

/// What is no event is told apart by its fields, which have longer names.
FrameKind read_named(Object& object, Frame& frame) {
  if (wire::find(object, "lastUpdateId")) {
    read_depth(object, frame);
    return FrameKind::PARTIAL_DEPTH;
  }
  const bool is_control = wire::find(object, "result") || wire::find(object, "id")
                          || wire::find(object, "code") || wire::find(object, "error");
  return is_control ? read_control(object, frame) : FrameKind::UNKNOWN;
}

bool is_named(const char* name, std::string_view quoted_end) {
  return std::memcmp(name, quoted_end.data(), quoted_end.size()) == 0;
}

/// What is kept from message to message, for its room.
struct Decoding {
  wire::TokenIndex tokens;
  simdjson::ondemand::parser parser; ///< for what is no event
  Event outer;                       ///< of the message itself
  Event inner;                       ///< of its "data"
  Frame frame;
};

TokenCursor walk_payload(TokenCursor cursor, const Sides& to, Walk& walk) {
  return walk_event(cursor, to, walk, [](const char*, TokenCursor&, Walk&) { return false; });
}

/// Notes the fields of a message. A payload may be wrapped as {"stream", "data"}, in either order.
/// @returns the event that the payload may be; frame.stream says whether it is wrapped
const Event& walk_message(TokenCursor cursor, const char* end, Decoding& state) {
  auto& frame = state.frame;
  bool has_data = false;
  auto walk = Walk::GOES_ON;
  const auto take_wrapping = [&](const char* name, TokenCursor& value, Walk& inner) {
    if (is_named(name, "stream\"") && value.peek() == '"') {
      frame.stream = wire::trimmed(value.token());
      return true;
    }
    if (!is_named(name, "data\"") || value.peek() != '{') {
      return false;
    }
    has_data = true;
    value = walk_payload(value, {state.inner, frame.diff, end, "}}"}, inner);
    return true;
  };
  const auto last = walk_event(cursor, {state.outer, frame.diff, end, "}"}, walk, take_wrapping);
  if (walk == Walk::BROKEN || (walk == Walk::GOES_ON && !last.at_end())) {
    throw wire::Malformed{"expected one object of JSON"};
  }
  const bool is_wrapped = frame.stream.data() != nullptr;
  if (is_wrapped && !has_data) {
    wire::malformed("data", "an object");
  }
  return is_wrapped ? state.inner : state.outer;
}

void read_message(const std::string& text, TokenCursor cursor, Decoding& state) {
  auto& frame = state.frame;
  state.outer.clear();
  state.inner.clear();
  frame.stream = frame.symbol = {};
  frame.event = {};
  const auto& event = walk_message(cursor, text.data() + text.size(), state);
  frame.kind = read_event(event, frame);
  if (frame.kind == FrameKind::UNKNOWN && !event.fields.has('e')) {
    auto document = state.parser.iterate(text).value();
    Object object = document.get_object();
    if (&event == &state.inner) {
      object = object.find_field_unordered("data").get_object();
    }
    frame.kind = read_named(object, frame);
  }
}

} // namespace frame_text

struct FrameDecoder::State : frame_text::Decoding {};

FrameDecoder::FrameDecoder() : state_(std::make_unique<State>()) {}
FrameDecoder::~FrameDecoder() = default;

core::Result<const Frame*> FrameDecoder::decode(const std::string& text) {
  auto& state = *state_;
  const bool is_padded = text.capacity() - text.size() >= simdjson::SIMDJSON_PADDING;
  if (is_padded && read_printed_form(text, state.frame)) [[likely]] {
    return &state.frame;
  }
  const auto cursor = state.tokens.of(text);
  if (!cursor) {
    return cursor.error();
  }
  const auto done = wire::guarded([&] { frame_text::read_message(text, *cursor, state); });
  if (!done) {
    return done.error();
  }
  return &state.frame;
}

} // namespace troupe::venues::binance
