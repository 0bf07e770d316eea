#include "actors/venues/binance/frames.hpp"
#include "actors/venues/binance/rest.hpp"
#include "actors/venues/common/wire.hpp"
#include "recorded.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace {

using namespace troupe::venues::binance;
using namespace troupe::trading;
using troupe::core::Errc;
using troupe::core::Timestamp;
using troupe::venues::wire::padded;

template <class D>
D exactly(const char* text) {
  return *D::from_text(text);
}

const Frame& decode(FrameDecoder& decoder, const char* text) {
  static std::string kept;
  kept = padded(text);
  const auto frame = decoder.decode(kept);
  REQUIRE_MESSAGE(frame.has_value(), text);
  return **frame;
}

TEST_CASE("frames: the recorded trade, aggregate trade and book ticker") {
  FrameDecoder decoder;
  const auto& trade = decode(
    decoder,
    R"({"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}})");
  CHECK(trade.kind == FrameKind::TRADE);
  CHECK(trade.stream == "btcusdt@trade");
  CHECK(trade.symbol == "BTCUSDT");
  CHECK(trade.trade.id == 3735683259U);
  CHECK(trade.trade.price == exactly<Price>("61837.63"));
  CHECK(trade.trade.quantity == exactly<Quantity>("0.02"));
  CHECK(trade.trade.aggressor == Side::SELL); // the buyer was the maker
  CHECK(trade.trade.time == Timestamp::from_ms(1723161255342));
  const auto& agg = decode(
    decoder,
    R"({"e":"aggTrade","E":1633998534486,"s":"LRCBTC","a":9213679,"p":"0.00000638","q":"177.00000000","f":12368013,"l":12368013,"T":1633998534486,"m":false,"M":true})");
  CHECK(agg.kind == FrameKind::AGG_TRADE);
  CHECK(agg.stream.empty());
  CHECK(agg.trade.id == 9213679);
  CHECK(agg.trade.aggressor == Side::BUY);
  const auto& book = decode(
    decoder,
    R"({"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"})");
  CHECK(book.kind == FrameKind::BOOK_TICKER);
  CHECK(book.book_ticker.update_id == 50093239212U);
  CHECK(book.book_ticker.ask == Level{exactly<Price>("61837.64"), exactly<Quantity>("1.54698")});
}

TEST_CASE("frames: depth, partial depth, kline, ticker, shutdown and control messages") {
  FrameDecoder decoder;
  const auto& depth = decode(
    decoder,
    R"({"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255308,"s":"BTCUSDT","U":50093239203,"u":50093239207,"b":[["55653.87000000","0.00000000"]],"a":[["61838.04000000","0.32332000"],["61844.30000000","0.40163000"]]}})");
  CHECK(depth.kind == FrameKind::DEPTH_UPDATE);
  CHECK(depth.diff.first_id == 50093239203U);
  CHECK(depth.diff.last_id == 50093239207U);
  CHECK(depth.diff.bids == std::vector<Level>{{exactly<Price>("55653.87"), Quantity{}}});
  CHECK(depth.diff.asks.size() == 2);
  const auto& partial = decode(
    decoder,
    R"({"stream":"btcusdt@depth5","data":{"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[["0.0026","100"]]}})");
  CHECK(partial.kind == FrameKind::PARTIAL_DEPTH);
  CHECK(partial.stream == "btcusdt@depth5");
  CHECK(partial.depth.last_id == 160);
  CHECK(partial.depth.asks.size() == 1);
  const auto& kline = decode(
    decoder,
    R"({"e":"kline","E":1633998523963,"s":"NKNUSDT","k":{"t":1633998480000,"T":1633998539999,"s":"NKNUSDT","i":"1m","f":19862761,"L":19862790,"o":"0.35270000","c":"0.35280000","h":"0.35280000","l":"0.35220000","v":"25877.00000000","n":30,"x":false,"q":"9116.04600000","V":"58.00000000","Q":"20.46240000","B":"0"}})");
  CHECK(kline.kind == FrameKind::KLINE);
  CHECK(kline.kline.interval == "1m");
  CHECK(kline.kline.bar
        == Bar{Timestamp::from_ms(1633998480000),
               Timestamp::from_ms(1633998540000),
               exactly<Price>("0.3527"),
               exactly<Price>("0.3528"),
               exactly<Price>("0.3522"),
               exactly<Price>("0.3528"),
               exactly<Quantity>("25877"),
               30,
               false,
               {}});
  const auto& ticker = decode(
    decoder,
    R"({"e":"24hrTicker","E":1672515782136,"s":"BNBBTC","p":"0.0015","P":"250.00","w":"0.0018","x":"0.0009","c":"0.0025","Q":"10","b":"0.0024","B":"10","a":"0.0026","A":"100","o":"0.0010","h":"0.0025","l":"0.0010","v":"10000","q":"18","O":0,"C":86400000,"F":0,"L":18150,"n":18151})");
  CHECK(ticker.kind == FrameKind::TICKER_24H);
  CHECK(ticker.ticker.last == exactly<Price>("0.0025"));
  CHECK(ticker.ticker.bid == exactly<Price>("0.0024"));
  CHECK(ticker.ticker.change_percent == "250.00");
  CHECK(decode(decoder, R"({"e":"serverShutdown","E":1})").kind == FrameKind::SERVER_SHUTDOWN);
  CHECK(decode(decoder, R"({"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}})").kind
        == FrameKind::SERVER_SHUTDOWN);
  const auto& reply = decode(decoder, R"({"result":null,"id":7})");
  CHECK(reply.kind == FrameKind::REPLY);
  CHECK(reply.reply_id == 7);
  const auto& error = decode(decoder, R"({"code":2,"msg":"Invalid request: x","id":9})");
  CHECK(error.kind == FrameKind::ERROR);
  CHECK(error.error_code == 2);
  CHECK(error.reply_id == 9);
  CHECK(decode(decoder, R"({"error":{"code":3,"msg":"Invalid JSON"},"id":null})").error_code == 3);
}

TEST_CASE("frames: other orders, unknown fields and types, nulls") {
  FrameDecoder decoder;
  const auto& trade = decode(
    decoder,
    R"({"data":{"new":{"x":[1,{"e":2}]},"q":"0.5","p":"2","t":9,"T":5,"m":false,"s":"X","E":4,"e":"trade"},"stream":"x@trade"})");
  CHECK(trade.kind == FrameKind::TRADE);
  CHECK(trade.trade.id == 9);
  CHECK(trade.trade.price == exactly<Price>("2"));
  CHECK(decode(decoder, R"({"e":"somethingNew","E":1,"list":[1,2,3]})").kind == FrameKind::UNKNOWN);
  CHECK(decode(decoder, R"({"stream":"x","data":{"e":null,"z":1}})").kind == FrameKind::UNKNOWN);
}

TEST_CASE("frames: what is not as documented is refused with the field's name") {
  FrameDecoder decoder;
  for (const auto* const text :
       {R"({"e":"trade","E":1,"s":"X","t":-1,"p":"1","q":"1","T":1,"m":true})",
        R"({"e":"trade","E":1,"s":"X","t":1,"p":"one","q":"1","T":1,"m":true})",
        R"({"e":"trade","E":1,"s":"X","t":1,"q":"1","T":1,"m":true})",
        R"({"e":"depthUpdate","E":1,"s":"X","U":1,"u":2,"b":[["1"]],"a":[]})", R"({"e":"trade")",
        "", "[]", "nonsense"}) {
    CAPTURE(text);
    const auto refused = decoder.decode(padded(text));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == Errc::PROTOCOL_ERROR);
  }
  const auto refused =
    decoder.decode(padded(R"({"e":"trade","E":1,"s":"X","t":1,"p":"one","q":"1","T":1,"m":true})"));
  CHECK(refused.error().message.find("\"p\"") != std::string::npos);
  CHECK(decode(decoder, R"({"result":null,"id":1})").kind == FrameKind::REPLY); // and goes on
}

TEST_CASE("rest: errors, ban times, server time, limits and symbols") {
  const auto error = read_error(padded(R"({"code":-1121,"msg":"Invalid symbol."})"));
  CHECK(error.code == -1121);
  CHECK(error.message == "Invalid symbol.");
  CHECK(read_error(padded("<html>")).code == 0);
  CHECK(banned_until("Way too much request weight used; IP banned until 1660090423228. Please use")
        == Timestamp::from_ms(1660090423228));
  CHECK_FALSE(banned_until("IP banned until tomorrow"));
  CHECK(*read_time(padded(R"({"serverTime":1499827319559})")) == Timestamp::from_ms(1499827319559));
  const auto info = read_exchange_info(
    padded(
      R"({"timezone":"UTC","serverTime":1,"rateLimits":[)"
      R"({"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000},)"
      R"({"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":50},)"
      R"({"rateLimitType":"NEW","interval":"FORTNIGHT","intervalNum":1,"limit":5}],"symbols":[)"
      R"({"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT",)"
      R"("filters":[{"filterType":"PRICE_FILTER","minPrice":"0.01","maxPrice":"1","tickSize":"0.01000000"},)"
      R"({"filterType":"LOT_SIZE","minQty":"1","stepSize":"0.00001000"},{"filterType":"NEW"},)"
      R"({"filterType":"NOTIONAL","minNotional":"5.00000000"}]},)"
      R"({"symbol":"OLD","status":"BREAK","baseAsset":"币","quoteAsset":"USDT","filters":[]}]})"),
    "BINANCE");
  REQUIRE(info.has_value());
  REQUIRE(info->rate_limits.size() == 2);
  CHECK(info->rate_limits[1].window == std::chrono::seconds{10});
  CHECK(info->skipped == 1);
  REQUIRE(info->instruments.size() == 1);
  const auto& btc = info->instruments[0];
  CHECK(btc.instrument.to_text() == "BTC-USDT.BINANCE");
  CHECK(btc.venue_symbol == "BTCUSDT");
  CHECK(btc.tick == exactly<Price>("0.01"));
  CHECK(btc.lot == exactly<Quantity>("0.00001"));
  CHECK(btc.min_notional == exactly<Money>("5"));
  CHECK(btc.status == InstrumentStatus::TRADING);
}

TEST_CASE("recorded: exchangeInfo, depth and REST errors as the venue sent them") {
  if (test::have_recorded("wire/binance/cryptofeed_BINANCE.0.txt.gz")) {
    bool seen = false;
    for (const auto& line : test::recorded_lines("wire/binance/cryptofeed_BINANCE.0.txt.gz")) {
      const auto at = line.find(": {");
      if (line.find("exchangeInfo ->") == std::string::npos || at == std::string::npos) {
        continue;
      }
      const auto info = read_exchange_info(padded(line.substr(at + 2)), "BINANCE");
      REQUIRE(info.has_value());
      CHECK(info->instruments.size() > 100);
      CHECK(info->rate_limits[0].type == "REQUEST_WEIGHT");
      CHECK(info->rate_limits[0].limit == 1200);
      seen = true;
    }
    CHECK(seen);
  }
  if (test::have_recorded("wire/binance/cryptofeed_BINANCE.http.0.0.txt.gz")) {
    std::size_t depths = 0;
    for (const auto& line :
         test::recorded_lines("wire/binance/cryptofeed_BINANCE.http.0.0.txt.gz")) {
      const auto at = line.find(": {\"lastUpdateId\"");
      if (at != std::string::npos) {
        const auto depth = read_depth(padded(line.substr(at + 2)));
        REQUIRE(depth.has_value());
        CHECK(depth->bids.size() > 50);
        ++depths;
      }
    }
    CHECK(depths == 4);
  }
}

/// ccxt prints whole numbers as strings, which ours reads too.
TEST_CASE("ccxt: what its parsers make of the venue's answers, ours do") {
  if (!test::have_recorded("ccxt/binance.json")) {
    return;
  }
  const auto cases = nlohmann::json::parse(std::ifstream{test::recorded_path("ccxt/binance.json")});
  const auto& methods = cases["methods"];
  const auto near = [](const auto& value, const nlohmann::json& expected) {
    CHECK(value.to_double() == doctest::Approx(expected.get<double>()).epsilon(1e-12));
  };
  const auto& candles = methods["fetchOHLCV"][0];
  const auto bars = read_klines(padded(candles["httpResponse"].dump()));
  REQUIRE(bars.has_value());
  REQUIRE(bars->size() == candles["parsedResponse"].size());
  for (std::size_t i = 0; i < bars->size(); ++i) {
    const auto& row = candles["parsedResponse"][i];
    const auto& bar = (*bars)[i];
    CHECK(bar.ts_open == Timestamp::from_ms(row[0].get<std::int64_t>()));
    near(bar.open, row[1]);
    near(bar.high, row[2]);
    near(bar.low, row[3]);
    near(bar.close, row[4]);
    near(bar.volume, row[5]);
  }
  const auto& book = methods["fetchOrderBook"][0];
  const auto depth = read_depth(padded(book["httpResponse"].dump()));
  REQUIRE(depth.has_value());
  CHECK(depth->last_id == book["parsedResponse"]["nonce"].get<std::uint64_t>());
  for (std::size_t i = 0; i < depth->bids.size(); ++i) {
    near(depth->bids[i].price, book["parsedResponse"]["bids"][i][0]);
    near(depth->bids[i].quantity, book["parsedResponse"]["bids"][i][1]);
    near(depth->asks[i].price, book["parsedResponse"]["asks"][i][0]);
  }
  const auto& prints = methods["fetchTrades"][0];
  const auto trades = read_trades(padded(prints["httpResponse"].dump()));
  REQUIRE(trades.has_value());
  const auto& parsed = prints["parsedResponse"][0];
  CHECK(std::to_string(trades->front().id) == parsed["id"].get<std::string>());
  CHECK(trades->front().time == Timestamp::from_ms(parsed["timestamp"].get<std::int64_t>()));
  CHECK((trades->front().aggressor == Side::BUY) == (parsed["side"] == "buy"));
  near(trades->front().price, parsed["price"]);
  const auto& day = methods["fetchTicker"][0];
  const auto body = padded(day["httpResponse"].dump());
  const auto ticker = read_ticker_24h(body);
  REQUIRE(ticker.has_value());
  const auto& expected = day["parsedResponse"];
  near(ticker->last, expected["last"]);
  near(*ticker->bid, expected["bid"]);
  near(*ticker->bid_quantity, expected["bidVolume"]);
  near(*ticker->ask, expected["ask"]);
  near(ticker->open, expected["open"]);
  near(ticker->high, expected["high"]);
  near(ticker->low, expected["low"]);
  near(ticker->previous_close, expected["previousClose"]);
  near(ticker->change, expected["change"]);
  near(ticker->vwap, expected["vwap"]);
  near(ticker->base_volume, expected["baseVolume"]);
  near(ticker->quote_volume, expected["quoteVolume"]);
  CHECK(ticker->close_time == Timestamp::from_ms(expected["timestamp"].get<std::int64_t>()));
}

} // namespace
