#include "actors/venues/coinbase/server/feed.hpp"

#include <algorithm>

namespace troupe::venues::coinbase::server {

namespace {

struct ChannelRow {
  std::string_view name;
  std::string_view told_as; ///< in the acknowledgement
  bool key;
  bool products;
  std::string_view old_name{}; ///< that older clients still use
};
// clang-format off
constexpr std::array<ChannelRow, channel_count> channel_rows{{
  // name            told as         key    products
  {"heartbeat",      "heartbeat",    false, true},
  {"status",         "status",       false, false},
  {"ticker",         "ticker",       false, true},
  {"ticker_batch",   "ticker_batch", false, true, "ticker_1000"},
  {"level2",         "level2",       true,  true},
  {"level2_batch",   "level2_50",    false, true},
  {"level3",         "level3",       true,  true},
  {"matches",        "matches",      false, true},
  {"full",           "full",         true,  true},
  {"user",           "user",         true,  true},
  {"balance",        "balance",      true,  false},
}};
// clang-format on

const ChannelRow& row(Channel channel) {
  return channel_rows[static_cast<std::size_t>(channel)];
}

} // namespace

std::optional<Channel> channel_named(std::string_view name) {
  for (std::size_t i = 0; i < channel_rows.size(); ++i) {
    const auto& known = channel_rows[i];
    if (known.name == name || known.told_as == name || known.old_name == name) {
      return static_cast<Channel>(i);
    }
  }
  return std::nullopt;
}

bool needs_key(Channel channel) {
  return row(channel).key;
}

bool has_products(Channel channel) {
  return row(channel).products;
}

FeedSession& Feed::open(const net::SessionPtr& session, core::Timestamp now) {
  auto& made = sessions_[session->id()];
  made.session = session;
  made.opened = now;
  return made;
}

FeedSession* Feed::find(std::uint64_t session) {
  const auto at = sessions_.find(session);
  return at == sessions_.end() ? nullptr : &at->second;
}

Feed::Changes& Feed::changes(std::size_t market) {
  if (changes_.size() <= market) {
    changes_.resize(market + 1);
  }
  return changes_[market];
}

void Feed::send(const FeedSession& session, const std::string& text) const {
  session.session->send(net::make_frame(text));
}

void Feed::publish(Channel channel, std::size_t market, const std::string& text) {
  net::SharedFrame frame;
  for (const auto& [id, session] : sessions_) {
    if (session.has(channel, market)) {
      frame = frame ? frame : net::make_frame(text);
      gate_.send(session.session, std::string(row(channel).name) + std::to_string(market), frame);
    }
  }
}

void Feed::apply(FeedSession& session, const FeedRequest& request) {
  session.subscribed = session.subscribed || request.subscribe;
  for (const auto& [channel, markets] : request.channels) {
    auto& on = session.markets[static_cast<std::size_t>(channel)];
    for (const auto market : markets) {
      request.subscribe ? void(on.insert(market)) : void(on.erase(market));
    }
  }
  send_subscriptions(session);
  if (!request.subscribe) {
    return;
  }
  for (const auto& [channel, markets] : request.channels) {
    if (has_products(channel)) {
      for (const auto market : markets) {
        send_first(session, channel, market);
      }
    } else {
      send_first(session, channel, 0);
    }
  }
}

void Feed::send_subscriptions(const FeedSession& session) {
  JsonWriter json;
  json.open('{')("type", "subscriptions").key("channels").open('[');
  for (std::size_t i = 0; i < channel_count; ++i) {
    if (session.markets[i].empty()) {
      continue;
    }
    json.open('{')("name", channel_rows[i].told_as).key("product_ids");
    if (channel_rows[i].products) {
      json.open('[');
      for (const auto market : session.markets[i]) {
        json.value(product_of(exchange_->market(market)));
      }
      json.close(']');
    } else {
      json.null();
    }
    json.key("account_ids").null().close('}');
  }
  json.close(']').close('}');
  send(session, json.text());
}

void Feed::send_first(FeedSession& session, Channel channel, std::size_t market) {
  const auto newest = exchange_->market(market).trades_newest(1);
  switch (channel) {
    case Channel::LEVEL2:
    case Channel::LEVEL2_BATCH: send(session, snapshot(market)); break;
    case Channel::MATCHES:
      if (!newest.empty()) {
        send(session,
             match(market, newest.front(), exchange_->market(market).sequence(), "last_match"));
      }
      break;
    case Channel::TICKER:
    case Channel::TICKER_BATCH:
      if (!newest.empty()) {
        send(session, ticker(market, newest.front()));
      }
      break;
    case Channel::STATUS: send(session, status()); break;
    case Channel::LEVEL3:
      send(session,
           R"({"type":"level3","schema":{"change":["type","product_id","sequence","order_id",)"
           R"("price","size","time"],"done":["type","product_id","sequence","order_id","time"],)"
           R"("match":["type","product_id","sequence","maker_order_id","taker_order_id","price",)"
           R"("size","time"],"noop":["type","product_id","sequence","time"],"open":["type",)"
           R"("product_id","sequence","order_id","side","price","size","time"]}})");
      break;
    case Channel::BALANCE:
      if (session.account) {
        for (const auto& [currency, held] : exchange_->ledger(*session.account).balances()) {
          send(session, balance(*session.account, currency));
        }
      }
      break;
    default: break;
  }
}

std::string Feed::snapshot(std::size_t index) const {
  const auto& market = exchange_->market(index);
  JsonWriter json;
  json.open('{')("type", "snapshot")("product_id", product_of(market));
  const auto side = [&](const char* name, const auto& levels) {
    json.key(name).open('[');
    for (const auto& [tick, lots] : levels) {
      json.open('[').value(price_text(market, tick)).value(size_text(market, lots)).close(']');
    }
    json.close(']');
  };
  side("asks", market.asks());
  side("bids", market.bids());
  json("time", time_text(time_)).close('}');
  return json.take();
}

std::string Feed::ticker(std::size_t index, const engine::PublicTrade& trade) const {
  const auto& market = exchange_->market(index);
  const auto day = market.day_stats(exchange_->now()).sum;
  const auto flat = day.trades == 0 ? market.last_tick() : 0;
  const auto month = index < month_lots_.size() ? month_lots_[index] : 0;
  const auto level = [](const auto& levels) {
    return levels.empty() ? std::pair<std::int64_t, std::int64_t>{}
                          : std::pair<std::int64_t, std::int64_t>{*levels.begin()};
  };
  const auto [bid, bid_lots] = level(market.bids());
  const auto [ask, ask_lots] = level(market.asks());
  JsonWriter json;
  json
    .open('{')("type", "ticker")("sequence", market.sequence())("product_id", product_of(market))(
      "price", price_text(market, trade.tick))("open_24h", price_text(market, day.open + flat))(
      "volume_24h", size_text(market, day.lots))("low_24h", price_text(market, day.low + flat))(
      "high_24h", price_text(market, day.high + flat))(
      "volume_30d", size_text(market, std::max(day.lots, month)))(
      "best_bid", price_text(market, bid))("best_bid_size", size_text(market, bid_lots))(
      "best_ask", price_text(market, ask))("best_ask_size", size_text(market, ask_lots))(
      "side", side_text(trade.aggressor))("time", time_text(trade.time))("trade_id", trade.id)(
      "last_size", size_text(market, trade.lots))
    .close('}');
  return json.take();
}

std::string Feed::match(std::size_t index,
                        const engine::PublicTrade& trade,
                        std::uint64_t sequence,
                        const char* type) const {
  const auto& market = exchange_->market(index);
  // Of trades before the start nobody knows the orders any more.
  const auto order = [&](std::uint64_t key, const char* what) {
    return key != 0 ? order_uuid(key) : uuid_of(what, trade.id);
  };
  JsonWriter json;
  json
    .open('{')("type", type)("trade_id", trade.id)("maker_order_id",
                                                   order(trade.maker_order, "maker"))(
      "taker_order_id",
      order(trade.taker_order, "taker"))("side", side_text(trading::opposite(trade.aggressor)))(
      "size", size_text(market, trade.lots))("price", price_text(market, trade.tick))(
      "product_id", product_of(market))("sequence", sequence)("time", time_text(trade.time))
    .close('}');
  return json.take();
}

std::string Feed::status() const {
  JsonWriter json;
  json.open('{')("type", "status").key("products").open('[');
  std::set<std::string> bases;
  for (std::size_t i = 0; i < exchange_->markets(); ++i) {
    write_product(json, exchange_->market(i));
    bases.insert(exchange_->market(i).base());
  }
  json.close(']').key("currencies").open('[');
  for (const auto& base : bases) {
    write_currency(json, base, false);
  }
  write_currency(json, exchange_->settings().quote_asset, true);
  json.close(']').close('}');
  return json.take();
}

std::string Feed::balance(std::size_t account, const std::string& currency) const {
  const auto held = exchange_->ledger(account).balance(currency);
  JsonWriter json;
  json
    .open('{')("type", "balance")("account_id", account_uuid(account, currency))(
      "currency", currency)("holds", fixed(held.held, 16))("available",
                                                           fixed(held.available(), 16))(
      "updated", time_text(exchange_->now()))("timestamp", time_text(time_))
    .close('}');
  return json.take();
}

void Feed::on_level(std::size_t market, const engine::LevelChange& change) {
  if (exchange_ != nullptr) {
    auto& state = changes(market);
    state.now[{change.side, change.tick}] = change.lots;
    state.batch[{change.side, change.tick}] = change.lots;
  }
}

void Feed::on_balances(std::size_t account, const std::vector<std::string>& currencies) {
  for (const auto& [id, session] : sessions_) {
    if (session.account == account && session.has(Channel::BALANCE, 0)
        && !faults_->now().stall_streams) {
      for (const auto& currency : currencies) {
        send(session, balance(account, currency));
      }
    }
  }
}

void Feed::flush_level2(std::size_t index, bool batch_due) {
  auto& state = changes(index);
  const auto write = [&](const auto& levels) {
    const auto& market = exchange_->market(index);
    JsonWriter json;
    json.open('{')("type", "l2update")("product_id", product_of(market)).key("changes").open('[');
    for (const auto& [level, lots] : levels) {
      json.open('[')
        .value(side_text(level.first))
        .value(price_text(market, level.second))
        .value(size_text(market, lots))
        .close(']');
    }
    json.close(']')("time", time_text(time_)).close('}');
    return json.take();
  };
  const auto wanted = [&](Channel channel) {
    return std::any_of(sessions_.begin(), sessions_.end(),
                       [&](const auto& one) { return one.second.has(channel, index); });
  };
  if (!state.now.empty()) {
    if (wanted(Channel::LEVEL2)) {
      publish(Channel::LEVEL2, index, write(state.now));
    }
    state.now.clear();
  }
  if (batch_due && !state.batch.empty()) {
    if (wanted(Channel::LEVEL2_BATCH)) {
      publish(Channel::LEVEL2_BATCH, index, write(state.batch));
    }
    state.batch.clear();
  }
}

void Feed::flush(core::Timestamp now,
                 core::Timestamp time,
                 const std::vector<std::int64_t>& month_lots) {
  time_ = time;
  month_lots_ = month_lots;
  const auto due = [&](core::Timestamp& next, std::chrono::nanoseconds every) {
    if (now < next) {
      return false;
    }
    next = core::floor(now, every) + every;
    return true;
  };
  const bool batch = due(batch_due_, std::chrono::milliseconds{50});
  const bool second = due(second_due_, std::chrono::seconds{1});
  const bool five = due(five_due_, std::chrono::seconds{5});
  for (std::size_t i = 0; i < exchange_->markets(); ++i) {
    flush_level2(i, batch);
    auto& state = changes(i);
    if (state.ticker) {
      publish(Channel::TICKER, i, ticker(i, *state.ticker));
      state.last = state.ticker;
      state.ticker.reset();
    }
    if (five && state.last) {
      publish(Channel::TICKER_BATCH, i, ticker(i, *state.last));
      state.last.reset();
    }
    if (second) {
      const auto& market = exchange_->market(i);
      JsonWriter json;
      json
        .open('{')("type", "heartbeat")("last_trade_id", market.last_trade_id())(
          "product_id", product_of(market))("sequence", market.sequence())(
          "time", time_text(core::floor(time, std::chrono::seconds{1})))
        .close('}');
      publish(Channel::HEARTBEAT, i, json.text());
    }
  }
  if (five) {
    publish(Channel::STATUS, 0, status());
  }
}

} // namespace troupe::venues::coinbase::server
