#include "actors/venues/coinbase/advanced_frames.hpp"
#include "actors/venues/coinbase/exchange_frames.hpp"
#include "actors/venues/coinbase/rest.hpp"
#include "actors/venues/common/wire.hpp"
#include "recorded.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace {

using namespace troupe::venues::coinbase;
using namespace troupe::trading;
using troupe::core::Errc;
using troupe::core::Timestamp;
using troupe::venues::wire::padded;

template <class D>
D exactly(const char* text) {
  return *D::from_text(text);
}
Timestamp at(const char* text) {
  return *Timestamp::from_text(text);
}

template <class Decoder>
const auto& decode(Decoder& decoder, const char* text) {
  static std::string kept;
  kept = padded(text);
  const auto frame = decoder.decode(kept);
  REQUIRE_MESSAGE(frame.has_value(), text);
  return **frame;
}

TEST_CASE("exchange frames: snapshot, update, match, ticker, heartbeat, subscriptions, error") {
  ExchangeDecoder decoder;
  const auto& whole = decode(
    decoder,
    R"({"type":"snapshot","product_id":"ETH-USD","asks":[["2671.33","0.24000910"]],"bids":[["2671.32","2.68460166"],["2671.00","1"]],"time":"2026-09-30T02:03:12.699555Z"})");
  CHECK(whole.kind == ExchangeKind::SNAPSHOT);
  CHECK(whole.product == "ETH-USD");
  CHECK(whole.bids.size() == 2);
  CHECK(whole.asks
        == std::vector<Level>{{exactly<Price>("2671.33"), exactly<Quantity>("0.2400091")}});
  CHECK(decode(decoder, R"({"type":"snapshot","product_id":"X-Y","asks":[],"bids":[]})").time
        == Timestamp{});
  const auto& update = decode(
    decoder,
    R"({"type":"l2update","product_id":"BTC-USD","changes":[["buy","83388.88","0.11987123"],["sell","83420.21","0.00000000"]],"time":"2026-09-30T02:03:12.798761Z"})");
  CHECK(update.kind == ExchangeKind::L2UPDATE);
  CHECK(update.bids.size() == 1);
  CHECK(update.asks == std::vector<Level>{{exactly<Price>("83420.21"), Quantity{}}});
  CHECK(update.time == at("2026-09-30T02:03:12.798761Z"));
  const auto& spaced = decode(
    decoder,
    R"({"type": "l2update", "product_id": "BTC-USD", "changes": [["sell", "2", "1"]], "time": "2026-09-30T02:03:12Z"})");
  CHECK(spaced.asks.size() == 1);
  const auto& match = decode(
    decoder,
    R"({"type":"match","trade_id":1100243480,"maker_order_id":"ab230cab-6743-4d7b-8eac-d38ed14e1955","taker_order_id":"84a54910","side":"sell","size":"0.00136465","price":"83420.21","product_id":"BTC-USD","sequence":136999327713,"time":"2026-09-30T02:03:12.795074Z"})");
  CHECK(match.kind == ExchangeKind::MATCH);
  CHECK(match.trade.id == 1100243480);
  CHECK(match.trade.aggressor == Side::BUY); // `side` is the maker's
  CHECK(match.sequence == 136999327713U);
  CHECK(match.trade.quantity == exactly<Quantity>("0.00136465"));
  const auto& ticker = decode(
    decoder,
    R"({"type":"ticker","sequence":333938798,"product_id":"BAND-GBP","price":"14.7775","open_24h":"14.6647","best_bid":"14.7550","best_ask":"14.8060","side":"buy","time":"2021-04-17T16:43:30.244075Z","trade_id":881613,"last_size":"0.04","new_field":{"a":[1]}})");
  CHECK(ticker.kind == ExchangeKind::TICKER);
  CHECK(ticker.ticker.best_bid == exactly<Price>("14.755"));
  CHECK(ticker.ticker.trade_id == 881613);
  const auto& beat = decode(
    decoder,
    R"({"type":"heartbeat","last_trade_id":1100243481,"product_id":"BTC-USD","sequence":136999327896,"time":"2026-09-30T02:03:13.000000Z"})");
  CHECK(beat.kind == ExchangeKind::HEARTBEAT);
  CHECK(beat.last_trade_id == 1100243481);
  const auto& ack = decode(
    decoder,
    R"({"type":"subscriptions","channels":[{"name":"level2_50","product_ids":["ETH-USD"],"account_ids":null},{"name":"matches","product_ids":[]}]})");
  CHECK(ack.kind == ExchangeKind::SUBSCRIPTIONS);
  CHECK(ack.channels == std::vector<std::string_view>{"level2_50", "matches"});
  const auto& error = decode(
    decoder, R"({"type":"error","message":"Authentication Failed","reason":"invalid signature"})");
  CHECK(error.kind == ExchangeKind::ERROR);
  CHECK(error.error_reason == "invalid signature");
  CHECK(decode(decoder, R"({"type":"status","products":[1,2]})").kind == ExchangeKind::UNKNOWN);
}

TEST_CASE("advanced frames: books, trades, heartbeats, tickers, subscriptions, error") {
  AdvancedDecoder decoder;
  const auto& books = decode(
    decoder,
    R"({"channel":"l2_data","timestamp":"2026-09-30T02:39:53.670986313Z","sequence_num":0,"events":[{"type":"snapshot","product_id":"BTC-USD","updates":[{"side":"bid","event_time":"1970-01-01T00:00:00Z","price_level":"83277.25","new_quantity":"0.00715626"},{"side":"offer","event_time":"1970-01-01T00:00:00Z","price_level":"83277.26","new_quantity":"1"}]},{"type":"update","product_id":"ETH-USD","updates":[{"side":"offer","price_level":"2","new_quantity":"0"}]}]})");
  CHECK(books.kind == AdvancedKind::L2_DATA);
  CHECK(books.sequence == 0);
  CHECK(books.time == at("2026-09-30T02:39:53.670986313Z"));
  REQUIRE(books.books().size() == 2);
  CHECK(books.books()[0].is_snapshot);
  CHECK(books.books()[0].bids.size() == 1);
  CHECK(books.books()[0].asks.size() == 1);
  CHECK_FALSE(books.books()[1].is_snapshot);
  CHECK(books.books()[1].product == "ETH-USD");
  CHECK(books.books()[1].asks == std::vector<Level>{{exactly<Price>("2"), Quantity{}}});
  const auto& trades = decode(
    decoder,
    R"({"channel":"market_trades","timestamp":"2026-09-30T02:39:53.788396861Z","sequence_num":8,"events":[{"type":"update","trades":[{"product_id":"BTC-USD","trade_id":"1100253487","price":"83277.25","size":"0.00000029","time":"2026-09-30T02:39:53.354654Z","side":"BUY"},{"product_id":"BTC-USD","trade_id":"1100253486","price":"83277.25","size":"0.00004829","time":"2026-09-30T02:39:53.092724Z","side":"SELL"}]}]})");
  REQUIRE(trades.trades.size() == 2);
  CHECK(trades.books().empty());
  CHECK(trades.trades[0].print.id == 1100253486); // oldest first
  CHECK(trades.trades[0].print.aggressor == Side::BUY);
  CHECK(trades.trades[1].print.aggressor == Side::SELL);
  CHECK_FALSE(trades.trades[0].is_history);
  const auto& beat = decode(
    decoder,
    R"({"channel":"heartbeats","client_id":"","timestamp":"2026-09-07T23:37:22.675755362Z","sequence_num":3,"events":[{"current_time":"2026-09-07 23:37:22.674409 +0000 UTC m=+139651.272674714","heartbeat_counter":"139651"}]})");
  CHECK(beat.kind == AdvancedKind::HEARTBEATS);
  CHECK(beat.heartbeats == 139651);
  const auto& ticker = decode(
    decoder,
    R"({"channel":"ticker","timestamp":"2026-04-07T14:30:03.000000Z","sequence_num":12,"events":[{"type":"snapshot","tickers":[{"type":"ticker","product_id":"BTC-USD","price":"68900.50","best_bid":"68900.00","best_ask":""}]}]})");
  REQUIRE(ticker.tickers.size() == 1);
  CHECK(ticker.tickers[0].best_bid == exactly<Price>("68900"));
  CHECK_FALSE(ticker.tickers[0].best_ask);
  const auto& ack = decode(
    decoder,
    R"({"channel":"subscriptions","timestamp":"2026-09-30T02:39:53.788217036Z","sequence_num":7,"events":[{"subscriptions":{"level2":["BTC-USD","ETH-USD"],"heartbeats":["heartbeats"]}}]})");
  CHECK(ack.channels == std::vector<std::string_view>{"level2", "heartbeats"});
  const auto& error = decode(decoder, R"({"type":"error","message":"authentication failure"})");
  CHECK(error.kind == AdvancedKind::ERROR);
  CHECK_FALSE(error.sequence);
  const auto& unknown = decode(
    decoder,
    R"({"channel":"futures","timestamp":"2026-09-30T02:39:53Z","sequence_num":9,"events":[{"x":1}]})");
  CHECK(unknown.kind == AdvancedKind::UNKNOWN);
  CHECK(unknown.sequence == 9); // counted all the same
}

TEST_CASE("frames: what is not as documented is refused with the field's name") {
  ExchangeDecoder exchange;
  for (
    const auto* const text :
    {R"({"type":"match","trade_id":1,"side":"up","size":"1","price":"1","product_id":"X","sequence":1,"time":"2026-09-30T02:03:12Z"})",
     R"({"type":"match","trade_id":1,"side":"buy","size":"1","price":"1","product_id":"X","sequence":1,"time":"yesterday"})",
     R"({"type":"l2update","product_id":"X","changes":[["buy","1"]],"time":"2026-09-30T02:03:12Z"})",
     R"({"type":"l2update","product_id":"X","time":"2026-09-30T02:03:12Z"})", "[]", ""}) {
    CAPTURE(text);
    const auto refused = exchange.decode(padded(text));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == Errc::PROTOCOL_ERROR);
  }
  AdvancedDecoder advanced;
  const auto refused =
    advanced.decode(padded(R"({"channel":"l2_data","timestamp":"2026-09-30T02:39:53Z"})"));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.find("sequence_num") != std::string::npos);
}

TEST_CASE("rest: products, candles, books, trades, tickers and errors") {
  const auto products = read_products(
    padded(
      R"([{"id":"BTC-USD","base_currency":"BTC","quote_currency":"USD","quote_increment":"0.01","base_increment":"0.00000001","display_name":"BTC-USD","min_market_funds":"1","margin_enabled":false,"post_only":false,"limit_only":false,"cancel_only":false,"status":"online","trading_disabled":false},{"id":"OLD-USD","base_currency":"OLD","quote_currency":"USD","quote_increment":"0.01","base_increment":"1","status":"delisted"},{"id":"C-USD","base_currency":"C","quote_currency":"USD","quote_increment":"0.01","base_increment":"1","status":"online","cancel_only":true}])"),
    "COINBASE");
  REQUIRE(products.has_value());
  REQUIRE(products->size() == 3);
  CHECK((*products)[0].instrument.to_text() == "BTC-USD.COINBASE");
  CHECK((*products)[0].tick == exactly<Price>("0.01"));
  CHECK((*products)[0].min_notional == exactly<Money>("1"));
  CHECK((*products)[1].status == InstrumentStatus::DELISTED);
  CHECK((*products)[2].status == InstrumentStatus::CANCEL_ONLY);
  const auto bars = read_candles(
    padded("[[1710327660,1,4,2,3,0.5],[1710327600,73241.5,73402.47,73243.33,73370.65,1.56794406]]"),
    std::chrono::minutes{1});
  REQUIRE(bars.has_value());
  const auto& bar = bars->front(); // oldest first
  CHECK(bar.ts_open == Timestamp{1710327600000000000});
  CHECK(bar.ts_close == Timestamp{1710327660000000000});
  CHECK(bar.low == exactly<Price>("73241.5"));
  CHECK(bar.high == exactly<Price>("73402.47"));
  CHECK(bar.open == exactly<Price>("73243.33"));
  CHECK(bar.close == exactly<Price>("73370.65"));
  CHECK(bar.volume == exactly<Quantity>("1.56794406"));
  const auto book = read_book(padded(
    R"({"bids":[["83420.20","1.5",3]],"asks":[["83420.21","2",1]],"sequence":99,"auction_mode":false,"auction":null,"time":"2026-09-30T02:03:12.795074Z"})"));
  REQUIRE(book.has_value());
  CHECK(book->sequence == 99);
  CHECK(book->bids[0].quantity == exactly<Quantity>("1.5")); // already the sum
  CHECK(read_error(padded(R"({"message":"Public rate limit exceeded"})"))
        == "Public rate limit exceeded");
  CHECK(
    read_error(padded(R"({"errors":[{"id":"rate_limit_exceeded","message":"Too many requests"}]})"))
    == "Too many requests");
  CHECK(read_error(padded("<html>")) == "<html>");
  CHECK(*read_time(padded(R"({"iso":"2026-09-30T02:03:44.122Z","epoch":1790733824.122})"))
        == at("2026-09-30T02:03:44.122Z"));
}

std::string file(const std::string& name) {
  std::ifstream in{test::recorded_path(name)};
  std::stringstream text;
  text << in.rdbuf();
  return padded(text.str());
}

TEST_CASE("recorded: today's frames and Advanced Trade's REST answers") {
  if (test::have_recorded("wire/coinbase/exchange_frames_2026.jsonl")) {
    ExchangeDecoder decoder;
    for (const auto& line : test::recorded_lines("wire/coinbase/exchange_frames_2026.jsonl")) {
      const auto frame = decoder.decode(padded(line));
      REQUIRE(frame.has_value());
      CHECK((*frame)->kind != ExchangeKind::UNKNOWN);
    }
  }
  for (const auto* const name : {"wire/coinbase/advanced_frames_2026.jsonl",
                                 "wire/coinbase/advanced_frames_live_20260907.jsonl"}) {
    if (test::have_recorded(name)) {
      AdvancedDecoder decoder;
      for (const auto& line : test::recorded_lines(name)) {
        CHECK(decoder.decode(padded(line)).has_value());
      }
    }
  }
  const std::string folder = "wire/coinbase/nautilus/";
  if (!test::have_recorded(folder + "http_products.json")) {
    return;
  }
  const auto products = read_advanced_products(file(folder + "http_products.json"), "COINBASE");
  REQUIRE(products.has_value());
  CHECK(products->front().instrument.symbol == "BTC-USD");
  CHECK(products->front().lot == exactly<Quantity>("0.00000001"));
  const auto candles =
    read_advanced_candles(file(folder + "http_candles.json"), std::chrono::hours{1});
  REQUIRE(candles.has_value());
  CHECK(candles->size() == 2);
  CHECK(candles->front().ts_open < candles->back().ts_open);
  CHECK(candles->back().open == exactly<Price>("66312.4"));
  const auto book = read_advanced_book(file(folder + "http_product_book.json"));
  REQUIRE(book.has_value());
  CHECK(book->bids.size() == 5);
  CHECK(book->bids[0].price == exactly<Price>("68923.66"));
  const auto ticker = read_advanced_ticker(file(folder + "http_ticker.json"));
  REQUIRE(ticker.has_value());
  CHECK(ticker->bid == exactly<Price>("68923.66"));
  CHECK(ticker->last.id == 995098663);
  CHECK(ticker->last.aggressor == Side::BUY); // printed at the ask
  const auto trades = read_advanced_trades(file(folder + "http_ticker.json"));
  REQUIRE(trades.has_value());
  CHECK(trades->size() == 3);
  AdvancedDecoder decoder;
  for (const auto* const name :
       {"ws_ticker.json", "ws_heartbeats.json", "ws_l2_data_snapshot.json",
        "ws_l2_data_update.json", "ws_market_trades.json", "ws_subscriptions.json"}) {
    CAPTURE(name);
    const auto text = file(folder + name);
    const auto frame = decoder.decode(text);
    REQUIRE(frame.has_value());
    CHECK((*frame)->kind != AdvancedKind::UNKNOWN);
  }
}

/// ccxt prints whole numbers as strings, which ours reads too.
TEST_CASE("ccxt: what its parsers make of the venue's answers, ours do") {
  if (!test::have_recorded("ccxt/coinbaseexchange.json")) {
    return;
  }
  const auto load = [](const char* name) {
    return nlohmann::json::parse(std::ifstream{test::recorded_path(name)})["methods"];
  };
  const auto near = [](const auto& value, const nlohmann::json& expected) {
    CHECK(value.to_double() == doctest::Approx(expected.get<double>()).epsilon(1e-12));
  };
  const auto exchange = load("ccxt/coinbaseexchange.json");
  const auto& prints = exchange["fetchTrades"][0];
  const auto trades = read_trades(padded(prints["httpResponse"].dump()));
  REQUIRE(trades.has_value());
  const auto& print = prints["parsedResponse"][0];
  CHECK(std::to_string(trades->front().id) == print["id"].get<std::string>());
  CHECK((trades->front().aggressor == Side::BUY) == (print["side"] == "buy"));
  CHECK(trades->front().time.ns / 1'000'000 == print["timestamp"].get<std::int64_t>());
  near(trades->front().price, print["price"]);
  near(trades->front().quantity, print["amount"]);
  const auto& day = exchange["fetchTicker"][0];
  const auto ticker = read_ticker(padded(day["httpResponse"].dump()));
  REQUIRE(ticker.has_value());
  near(*ticker->bid, day["parsedResponse"]["bid"]);
  near(*ticker->ask, day["parsedResponse"]["ask"]);
  near(ticker->last.price, day["parsedResponse"]["last"]);
  near(*ticker->volume_24h, day["parsedResponse"]["baseVolume"]);
  const auto& candles = exchange["fetchOHLCV"][0];
  const auto bars = read_candles(padded(candles["httpResponse"].dump()), std::chrono::hours{1});
  REQUIRE(bars.has_value());
  const auto& row = candles["parsedResponse"][0];
  CHECK(bars->front().ts_open == Timestamp::from_ms(row[0].get<std::int64_t>()));
  near(bars->front().open, row[1]);
  near(bars->front().high, row[2]);
  near(bars->front().low, row[3]);
  near(bars->front().close, row[4]);
  near(bars->front().volume, row[5]);
  const auto advanced = load("ccxt/coinbase_advanced.json")["fetchTicker"][0];
  const auto inside = read_advanced_ticker(padded(advanced["httpResponse"].dump()));
  REQUIRE(inside.has_value());
  near(*inside->bid, advanced["parsedResponse"]["bid"]);
  near(*inside->ask, advanced["parsedResponse"]["ask"]);
  near(inside->last.price, advanced["parsedResponse"]["last"]);
}

} // namespace
