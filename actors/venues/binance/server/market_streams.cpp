#include "actors/venues/binance/server/market_streams.hpp"

#include "core/json.hpp"

#include <algorithm>

namespace troupe::venues::binance::server {

using Kind = StreamName::Kind;

namespace {

/// The member "id" as it is to be echoed.
std::string id_text(const core::json::View& message) {
  const auto id = message.is_object() ? message.find("id") : std::nullopt;
  return id ? id->dump() : "null";
}

void answer(const net::SessionPtr& session, const std::string& result, const std::string& id) {
  session->send(net::make_frame(R"({"result":)" + result + R"(,"id":)" + id + '}'));
}

void refuse(const net::SessionPtr& session,
            int code,
            const std::string& why,
            const std::string& id) {
  JsonWriter json;
  json.open('{')("code", code)("msg", why).key("id").raw(id).close('}');
  session->send(net::make_frame(json.text()));
}

/// The strings of `params`; nullopt where it is anything else.
std::optional<std::vector<std::string>> names_of(const core::json::View& message) {
  const auto params = message.find("params");
  if (!params || !params->is_array()) {
    return std::nullopt;
  }
  std::vector<std::string> out;
  for (std::size_t i = 0; i < params->size(); ++i) {
    const auto name = params->at(i).string();
    if (!name || name->empty()) {
      return std::nullopt;
    }
    out.emplace_back(*name);
  }
  return out;
}

} // namespace

void MarketStreams::start(engine::Exchange& exchange) {
  exchange_ = &exchange;
  markets_.resize(exchange.markets());
  for (std::size_t i = 0; i < exchange.markets(); ++i) {
    symbols_.push_back(lower(symbol_of(exchange.market(i))));
  }
}

MarketStreams::Stream* MarketStreams::find(const std::string& name) {
  const auto at = streams_.find(name);
  return at == streams_.end() ? nullptr : &at->second;
}

void MarketStreams::open(const net::SessionPtr& session,
                         bool combined,
                         TimeUnit unit,
                         const std::vector<std::string>& names) {
  auto& made = sessions_[session->id()];
  made.session = session;
  made.combined = combined;
  made.unit = unit;
  for (const auto& name : names) {
    subscribe(made, name);
  }
}

void MarketStreams::close(std::uint64_t id) {
  const auto at = sessions_.find(id);
  if (at == sessions_.end()) {
    return;
  }
  for (const auto& name : std::set<std::string>(at->second.names)) {
    unsubscribe(at->second, name);
  }
  sessions_.erase(at);
  gate_.close(id);
}

void MarketStreams::subscribe(Session& session, const std::string& name) {
  if (!session.names.insert(name).second) {
    return;
  }
  if (const auto account = users_->account_of(name)) {
    users_->subscribe(session.session, *account,
                      session.combined ? UserStreams::Form::COMBINED : UserStreams::Form::BARE,
                      session.unit, name);
    return;
  }
  const auto parsed = parse_stream_name(name, symbols_);
  if (!parsed) {
    return; // never sends anything, as at the venue
  }
  auto [at, fresh] = streams_.try_emplace(name);
  auto& stream = at->second;
  stream.sessions.insert(session.session->id());
  if (fresh) {
    stream.name = *parsed;
    if (parsed->kind == Kind::KLINE) {
      const auto& market = exchange_->market(*parsed->market);
      stream.candle =
        exchange_->open_candle(*parsed->market, *parsed->interval).value_or(engine::Candle{});
      if (stream.candle.trades == 0) {
        stream.candle.open = stream.candle.high = stream.candle.low = stream.candle.close =
          market.last_tick();
      }
      stream.candle.open_ns = parsed->interval->open_of(exchange_->now().ns);
      stream.changed = true;
    }
  }
}

void MarketStreams::unsubscribe(Session& session, const std::string& name) {
  session.names.erase(name);
  (void)users_->unsubscribe(session.session->id(), std::string_view{name});
  if (auto* const stream = find(name)) {
    stream->sessions.erase(session.session->id());
    if (stream->sessions.empty()) {
      streams_.erase(name);
    }
  }
}

bool MarketStreams::too_many_messages(Session& session, core::Timestamp now) {
  auto& recent = session.messages;
  recent.push_back(now);
  while (now - recent.front() >= std::chrono::seconds{1}) {
    recent.pop_front();
  }
  return recent.size() > static_cast<std::size_t>(limits_.messages_per_second);
}

void MarketStreams::message(const net::SessionPtr& from,
                            std::string_view text,
                            core::Timestamp now) {
  const auto at = sessions_.find(from->id());
  if (at == sessions_.end()) {
    return;
  }
  auto& session = at->second;
  if (too_many_messages(session, now)) {
    from->close(net::CloseCode::POLICY, "Too many requests");
    return;
  }
  const auto document = core::json::Document::parse(text);
  if (!document) {
    refuse(from, 3, "Invalid JSON: " + document.error().message, "null");
    return;
  }
  const auto message = document->view();
  const auto id = id_text(message);
  const auto method = message.is_object() && message.find("method")
                        ? message.find("method")->string().value_or("")
                        : std::string_view{};
  const auto names = message.is_object() ? names_of(message) : std::nullopt;
  if (method == "LIST_SUBSCRIPTIONS") {
    JsonWriter json;
    json.open('[');
    for (const auto& name : session.names) {
      json.value(name);
    }
    json.close(']');
    answer(from, json.text(), id);
  } else if (method == "SUBSCRIBE" || method == "UNSUBSCRIBE") {
    if (!names) {
      refuse(from, 2, "Invalid request: expected an array of stream names as params", id);
      return;
    }
    const bool on = method == "SUBSCRIBE";
    if (on
        && session.names.size() + names->size()
             > static_cast<std::size_t>(limits_.streams_per_connection)) {
      refuse(from, 2, "Invalid request: too many streams", id);
      return;
    }
    answer(from, "null", id);
    for (const auto& name : *names) {
      on ? subscribe(session, name) : unsubscribe(session, name);
    }
  } else if (method == "SET_PROPERTY" || method == "GET_PROPERTY") {
    const auto params = message.find("params");
    const auto property = params && params->is_array() && params->size() > 0
                            ? params->at(0).string().value_or("")
                            : std::string_view{};
    if (property != "combined") {
      refuse(from, 0, "Unknown property", id);
    } else if (method == "GET_PROPERTY") {
      answer(from, session.combined ? "true" : "false", id);
    } else if (const auto value =
                 params->size() == 2 ? params->at(1).boolean() : std::optional<bool>{}) {
      session.combined = *value;
      users_->set_form(from->id(), *value ? UserStreams::Form::COMBINED : UserStreams::Form::BARE);
      answer(from, "null", id);
    } else {
      refuse(from, 1, "Invalid value type: expected Boolean", id);
    }
  } else {
    refuse(from, 2,
           "Invalid request: unknown variant `" + std::string(method.substr(0, 80))
             + "`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, "
               "`SET_PROPERTY`, `GET_PROPERTY`",
           id);
  }
}

void MarketStreams::announce_end(std::uint64_t id) const {
  if (const auto at = sessions_.find(id); at != sessions_.end()) {
    at->second.session->send(frame_of(at->second, "!serverShutdown", [&](JsonWriter& json) {
      json.open('{')("e", "serverShutdown")("E", time_).close('}');
    }));
  }
}

void MarketStreams::on_level(std::size_t market, const engine::LevelChange& change) {
  if (exchange_ == nullptr) {
    return;
  }
  for (auto& batch : markets_[market].batches) {
    batch.first_id = batch.first_id == 0 ? change.update_id : batch.first_id;
    batch.last_id = change.update_id;
    batch.levels[{change.side, change.tick}] = change.lots;
  }
}

void MarketStreams::on_trade(std::size_t index, const engine::PublicTrade& trade) {
  if (exchange_ == nullptr) {
    return;
  }
  const auto& market = exchange_->market(index);
  const auto& symbol = symbols_[index];
  const auto write = [&](JsonWriter& json, const char* type, const char* id_name) {
    json.open('{')("e", type)("E", time_)("s", symbol_of(market))(id_name, trade.id)(
      "p", price_text(market, trade.tick))("q", quantity_text(market, trade.lots));
    if (*id_name == 'a') {
      json("f", trade.id)("l", trade.id);
    }
    json("T", trade.time)("m", trade.aggressor == trading::Side::SELL)("M", true).close('}');
  };
  if (const auto* const stream = find(symbol + "@trade")) {
    publish(*stream, [&](JsonWriter& json) { write(json, "trade", "t"); });
  }
  if (const auto* const stream = find(symbol + "@aggTrade")) {
    publish(*stream, [&](JsonWriter& json) { write(json, "aggTrade", "a"); });
  }
  for (auto at = streams_.lower_bound(symbol + "@kline_");
       at != streams_.end() && at->first.starts_with(symbol + "@kline_"); ++at) {
    close_candles(at->second, trade.time.ns);
    at->second.candle.add(trade);
    at->second.changed = true;
  }
}

} // namespace troupe::venues::binance::server
