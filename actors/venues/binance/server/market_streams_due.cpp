#include "actors/venues/binance/server/market_streams.hpp"

namespace troupe::venues::binance::server {

using Kind = StreamName::Kind;

void MarketStreams::flush(core::Timestamp now) {
  for (std::size_t i = 0; i < markets_.size(); ++i) {
    flush_best(i);
  }
  if (now >= fast_due_) {
    constexpr std::chrono::milliseconds fast{100};
    fast_due_ = core::floor(now, fast) + fast;
    flush_depth(0);
  }
  if (now >= slow_due_) {
    constexpr std::chrono::seconds slow{1};
    slow_due_ = core::floor(now, slow) + slow;
    flush_depth(1);
    flush_tickers(now);
  }
  flush_candles(now);
}

void MarketStreams::flush_best(std::size_t index) {
  const auto& market = exchange_->market(index);
  Best best;
  if (!market.bids().empty()) {
    best.bid = market.bids().begin()->first;
    best.bid_lots = market.bids().begin()->second;
  }
  if (!market.asks().empty()) {
    best.ask = market.asks().begin()->first;
    best.ask_lots = market.asks().begin()->second;
  }
  if (best == markets_[index].best) {
    return;
  }
  markets_[index].best = best;
  const auto* const one = find(symbols_[index] + "@bookTicker");
  const auto* const all = find("!bookTicker");
  if (one == nullptr && all == nullptr) {
    return;
  }
  const auto write = [&](JsonWriter& json) {
    json
      .open('{')("u", market.update_id())("s", symbol_of(market))(
        "b", price_text(market, best.bid))("B", quantity_text(market, best.bid_lots))(
        "a", price_text(market, best.ask))("A", quantity_text(market, best.ask_lots))
      .close('}');
  };
  for (const auto* const to : {one, all}) {
    if (to != nullptr) {
      publish(*to, write);
    }
  }
}

void MarketStreams::write_batch(JsonWriter& json,
                                std::size_t index,
                                const DepthBatch& batch) const {
  const auto& market = exchange_->market(index);
  json.open('{')("e", "depthUpdate")("E", time_)("s", symbol_of(market))("U", batch.first_id)(
    "u", batch.last_id);
  const auto side = [&](const char* name, trading::Side wanted) {
    json.key(name).open('[');
    for (const auto& [level, lots] : batch.levels) {
      if (level.first == wanted) {
        json.open('[')
          .value(price_text(market, level.second))
          .value(quantity_text(market, lots))
          .close(']');
      }
    }
    json.close(']');
  };
  side("b", trading::Side::BUY);
  side("a", trading::Side::SELL);
  json.close('}');
}

void MarketStreams::flush_depth(std::size_t which) {
  for (std::size_t i = 0; i < markets_.size(); ++i) {
    auto& batch = markets_[i].batches[which];
    const auto* const stream = find(symbols_[i] + (which == 0 ? "@depth@100ms" : "@depth"));
    const auto* const long_name = which == 0 ? nullptr : find(symbols_[i] + "@depth@1000ms");
    for (const auto* const to : {stream, long_name}) {
      if (to != nullptr && batch.first_id != 0) {
        publish(*to, [&](JsonWriter& json) { write_batch(json, i, batch); });
      }
    }
    batch = {};
  }
  for (const auto& [text, stream] : streams_) {
    if (stream.name.kind == Kind::PARTIAL_DEPTH && stream.name.fast == (which == 0)) {
      const auto& market = exchange_->market(*stream.name.market);
      publish(stream, [&, levels = stream.name.levels](JsonWriter& json) {
        write_partial_book(json, market, levels);
      });
    }
  }
}

void MarketStreams::write_candle(JsonWriter& json, const Stream& stream, bool final) const {
  const auto& market = exchange_->market(*stream.name.market);
  const auto& candle = stream.candle;
  const auto& interval = *stream.name.interval;
  json.open('{')("e", "kline")("E", time_)("s", symbol_of(market));
  json.key("k").open('{')("t", core::Timestamp{candle.open_ns});
  json.key("T").before({interval.shift(candle.open_ns, 1)});
  json("s", symbol_of(market))("i", interval.text);
  if (candle.trades == 0) {
    json("f", -1)("L", -1);
  } else {
    json("f", candle.first_id)("L", candle.last_id);
  }
  json("o", price_text(market, candle.open))("c", price_text(market, candle.close))(
    "h", price_text(market, candle.high))("l", price_text(market, candle.low))(
    "v", quantity_text(market, candle.lots))("n", candle.trades)("x", final)(
    "q", fixed(market.notional(candle.tick_lots), digits))(
    "V", quantity_text(market, candle.lots_bought))(
    "Q", fixed(market.notional(candle.tick_lots_bought), digits))("B", "0");
  json.close('}').close('}');
}

void MarketStreams::send_candle(Stream& stream, bool final) {
  publish(stream, [&](JsonWriter& json) { write_candle(json, stream, final); });
  stream.changed = false;
}

/// Ends the candles that do not hold `until_ns` any more.
void MarketStreams::close_candles(Stream& stream, std::int64_t until_ns) {
  const auto& interval = *stream.name.interval;
  for (auto next = interval.shift(stream.candle.open_ns, 1); next <= until_ns;
       next = interval.shift(next, 1)) {
    send_candle(stream, true);
    const auto close = stream.candle.close;
    stream.candle = {};
    stream.candle.open_ns = next;
    stream.candle.open = stream.candle.high = stream.candle.low = stream.candle.close = close;
    stream.changed = true;
  }
}

void MarketStreams::flush_candles(core::Timestamp now) {
  for (auto& [text, stream] : streams_) {
    if (stream.name.kind != Kind::KLINE) {
      continue;
    }
    close_candles(stream, now.ns);
    const std::chrono::milliseconds pause{stream.name.interval->text == "1s" ? 1'000 : 2'000};
    if (stream.changed && now - stream.sent >= pause) {
      stream.sent = now;
      send_candle(stream, false);
    }
  }
}

void MarketStreams::write_ticker(JsonWriter& json,
                                 std::size_t index,
                                 const StreamName& name) const {
  const auto& market = exchange_->market(index);
  const auto is = ticker_figures(market, market.stats(exchange_->now(), name.minutes), time_);
  if (name.kind == Kind::MINI_TICKER) {
    json
      .open('{')("e", "24hrMiniTicker")("E", time_)("s", symbol_of(market))("c", is.last)(
        "o", is.open)("h", is.high)("l", is.low)("v", is.volume)("q", is.quote_volume)
      .close('}');
    return;
  }
  const bool day = name.minutes == 1'440;
  json.open('{')("e", day                  ? "24hrTicker"
                      : name.minutes == 60 ? "1hTicker"
                                           : "4hTicker")("E", time_)("s", symbol_of(market))(
    "p", is.change)("P", is.change_percent);
  json("o", is.open)("h", is.high)("l", is.low);
  if (day) {
    const auto& best = markets_[index].best;
    json("x", is.close_before)("Q", is.last_quantity)("b", price_text(market, best.bid))(
      "B", quantity_text(market, best.bid_lots))("a", price_text(market, best.ask))(
      "A", quantity_text(market, best.ask_lots));
  }
  json("c", is.last)("w", is.average)("v", is.volume)("q", is.quote_volume)("O", is.from)(
    "C", is.until)("F", is.first_id)("L", is.last_id)("n", is.count)
    .close('}');
}

void MarketStreams::write_all_tickers(JsonWriter& json, const StreamName& name) const {
  json.open('[');
  for (std::size_t i = 0; i < markets_.size(); ++i) {
    write_ticker(json, i, name);
  }
  json.close(']');
}

void MarketStreams::flush_tickers(core::Timestamp now) {
  for (const auto& [text, stream] : streams_) {
    const auto& name = stream.name;
    if (name.kind == Kind::TICKER || name.kind == Kind::MINI_TICKER) {
      publish(stream, [&](JsonWriter& json) {
        name.market ? write_ticker(json, *name.market, name) : write_all_tickers(json, name);
      });
    } else if (name.kind == Kind::AVERAGE_PRICE) {
      const auto& market = exchange_->market(*name.market);
      const auto candle = market.last_minutes(now, 5);
      const auto& trades = market.trades();
      publish(stream, [&](JsonWriter& json) {
        json
          .open('{')("e", "avgPrice")("E", time_)("s", symbol_of(market))("i", "5m")(
            "w", mean_price(market, candle))("T", trades.empty() ? core::Timestamp{}
                                                                 : trades.back().time)
          .close('}');
      });
    }
  }
}

} // namespace troupe::venues::binance::server
