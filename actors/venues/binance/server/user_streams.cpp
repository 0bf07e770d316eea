#include "actors/venues/binance/server/user_streams.hpp"

#include "actors/venues/binance/server/render.hpp"

#include <algorithm>

namespace troupe::venues::binance::server {

template <class Write>
void UserStreams::send(const Subscriber& to, const Write& write) {
  JsonWriter json{to.unit};
  switch (to.form) {
    case Form::BARE: break;
    case Form::COMBINED: json.open('{')("stream", to.name).key("data"); break;
    case Form::API: json.open('{')("subscriptionId", to.number).key("event"); break;
  }
  write(json);
  if (to.form != Form::BARE) {
    json.close('}');
  }
  to.session->send(net::make_frame(json.text()));
}

template <class Write>
void UserStreams::publish(std::size_t account, const Write& write) {
  if (faults_->now().stall_streams) {
    return;
  }
  for (const auto& one : subscribers_) {
    if (one.account == account) {
      send(one, write);
    }
  }
}

std::string UserStreams::open_key(std::size_t account, core::Timestamp now) {
  const auto expires = now + key_lifetime_.chrono();
  for (auto& key : keys_) {
    if (key.account == account) {
      key.expires = expires;
      return key.text;
    }
  }
  constexpr std::size_t key_length = 64;
  const auto seed = static_cast<std::uint64_t>(now.ns) + ++keys_made_;
  keys_.push_back({make_id(seed, key_length), account, expires});
  return keys_.back().text;
}

bool UserStreams::keep_key(std::string_view text, std::size_t account, core::Timestamp now) {
  for (auto& key : keys_) {
    if (key.text == text && key.account == account) {
      key.expires = now + key_lifetime_.chrono();
      return true;
    }
  }
  return false;
}

bool UserStreams::close_key(std::string_view text, std::size_t account) {
  const auto found = std::erase_if(
    keys_, [&](const Key& key) { return key.text == text && key.account == account; });
  std::erase_if(subscribers_, [&](const Subscriber& one) { return one.name == text; });
  return found != 0;
}

std::optional<std::size_t> UserStreams::account_of(std::string_view text) const {
  const auto at =
    std::find_if(keys_.begin(), keys_.end(), [&](const Key& key) { return key.text == text; });
  return at == keys_.end() ? std::nullopt : std::optional{at->account};
}

void UserStreams::expire(core::Timestamp now) {
  for (const auto& key : std::vector<Key>(keys_)) {
    if (key.expires > now) {
      continue;
    }
    for (const auto& one : subscribers_) {
      if (one.name == key.text) {
        send(one, [&](JsonWriter& json) {
          json.open('{')("e", "listenKeyExpired")("E", time_)("listenKey", key.text).close('}');
        });
      }
    }
    close_key(key.text, key.account);
  }
}

int UserStreams::subscribe(
  const net::SessionPtr& session, std::size_t account, Form form, TimeUnit unit, std::string name) {
  const auto number = next_number_[session->id()]++;
  subscribers_.push_back({session, account, form, unit, std::move(name), number});
  return number;
}

bool UserStreams::unsubscribe(std::uint64_t session, std::string_view name) {
  return std::erase_if(
           subscribers_,
           [&](const Subscriber& one) { return one.session->id() == session && one.name == name; })
         != 0;
}

bool UserStreams::unsubscribe(std::uint64_t session, std::optional<int> number) {
  return std::erase_if(subscribers_,
                       [&](const Subscriber& one) {
                         return one.session->id() == session && (!number || one.number == *number);
                       })
         != 0;
}

void UserStreams::set_form(std::uint64_t session, Form form) {
  for (auto& one : subscribers_) {
    if (one.session->id() == session) {
      one.form = form;
    }
  }
}

void UserStreams::drop(std::uint64_t session) {
  (void)unsubscribe(session, std::optional<int>{});
  next_number_.erase(session);
}

std::vector<int> UserStreams::subscriptions(std::uint64_t session) const {
  std::vector<int> out;
  for (const auto& one : subscribers_) {
    if (one.session->id() == session) {
      out.push_back(one.number);
    }
  }
  return out;
}

namespace {

std::string_view execution_type(engine::OrderChange change) {
  switch (change) {
    case engine::OrderChange::TRADE: return "TRADE";
    case engine::OrderChange::CANCELED: return "CANCELED";
    case engine::OrderChange::EXPIRED: return "EXPIRED";
    case engine::OrderChange::TRADE_PREVENTION: return "TRADE_PREVENTION";
    case engine::OrderChange::REDUCED: return "REPLACED";
    case engine::OrderChange::NEW:
    case engine::OrderChange::TRIGGERED: break;
  }
  return "NEW";
}

} // namespace

void UserStreams::on_order(const engine::Exchange& exchange,
                           const engine::Order& order,
                           engine::OrderChange change,
                           const engine::Execution* execution) {
  ++executions_;
  publish(order.account, [&](JsonWriter& json) {
    write_order(json, exchange.market(order.market), order, change, execution);
  });
}

void UserStreams::write_order(JsonWriter& json,
                              const engine::Market& market,
                              const engine::Order& order,
                              engine::OrderChange change,
                              const engine::Execution* execution) const {
  const bool canceled = change == engine::OrderChange::CANCELED && !cancel_id.empty();
  const auto zero = fixed(trading::Quantity{}, digits);
  json.open('{')("e", "executionReport")("E", time_)("s", symbol_of(market))(
    "c", canceled ? cancel_id : order.client_id)("S", side_text(order.side))(
    "o", kind_text(order.kind))("f", tif_text(order.tif))("q", quantity_text(market, order.lots))(
    "p", price_text(market, order.tick))("P", price_text(market, order.stop_tick))(
    "F", quantity_text(market, order.iceberg_lots))("g", list_id(order))(
    "C", canceled ? order.client_id : std::string{})("x", execution_type(change))(
    "X", status_text(order.status))("r", "NONE")("i", order.id);
  json("l", execution != nullptr ? quantity_text(market, execution->lots)
                                 : zero)("z", quantity_text(market, order.lots_filled))(
    "L", execution != nullptr ? price_text(market, execution->tick) : zero);
  if (execution != nullptr) {
    json("n", fixed(execution->fee, digits))("N", execution->fee_asset);
  } else {
    json("n", "0").key("N").null();
  }
  json("T", order.updated);
  execution != nullptr ? void(json("t", execution->trade_id)) : void(json("t", -1));
  json("I", executions_)("w", engine::is_open(order.status)
                                && !order.waiting())("m", execution != nullptr && execution->maker)(
    "M", execution != nullptr)("O", order.created)("Z", fixed(order.quote_filled, digits))(
    "Y", execution != nullptr ? fixed(execution->quote, digits)
                              : zero)("Q", fixed(order.funds.value_or(trading::Money{}), digits));
  if (!order.waiting()) {
    json("W", order.working);
  }
  if (order.trailing_bips != 0) {
    json("d", order.trailing_bips);
    write_time(json, "D", trailing_since(order));
  }
  json("V", self_trade_text(order.self_trade)).close('}');
}

void UserStreams::on_list(const engine::Exchange& exchange, const engine::OrderList& list) {
  const auto symbol = symbol_of(exchange.market(list.market));
  publish(list.account, [&](JsonWriter& json) {
    json.open('{')("e", "listStatus")("E", time_)("s", symbol)("g", list.id)(
      "c", list.contingency == engine::Contingency::OCO ? "OCO" : "OTO")(
      "l", list.done ? "ALL_DONE" : "EXEC_STARTED")("L", list.done ? "ALL_DONE" : "EXECUTING")(
      "r", "NONE")("C", list.client_id)("T", exchange.now());
    json.key("O").open('[');
    for (const auto id : list.orders) {
      if (const auto* const order = exchange.order(list.account, id)) {
        json.open('{')("s", symbol)("i", id)("c", order->client_id).close('}');
      }
    }
    json.close(']').close('}');
  });
}

void UserStreams::on_balances(const engine::Exchange& exchange,
                              std::size_t account,
                              const std::vector<std::string>& assets) {
  publish(account, [&](JsonWriter& json) {
    json.open('{')("e", "outboundAccountPosition")("E", time_)("u", exchange.now());
    json.key("B").open('[');
    for (const auto& asset : assets) {
      const auto balance = exchange.ledger(account).balance(asset);
      json
        .open('{')("a", asset)("f", fixed(balance.available(), digits))("l",
                                                                        fixed(balance.held, digits))
        .close('}');
    }
    json.close(']').close('}');
  });
}

} // namespace troupe::venues::binance::server
