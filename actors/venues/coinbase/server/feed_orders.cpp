#include "actors/venues/coinbase/server/feed.hpp"

#include <algorithm>

namespace troupe::venues::coinbase::server {

using What = engine::BookOrderEvent::What;

void Feed::on_book_order(std::size_t market, const engine::BookOrderEvent& event) {
  if (exchange_ == nullptr) {
    return;
  }
  if (event.what == What::MATCH) {
    changes(market).ticker = *event.trade;
    publish(Channel::MATCHES, market, match(market, *event.trade, event.sequence, "match"));
  }
  publish_order(market, event);
  publish_level3(market, event);
}

namespace {

std::string_view reason_of(const engine::BookOrderEvent& event) {
  return event.filled ? "filled" : "canceled";
}

bool concerns(const engine::BookOrderEvent& event, std::size_t account) {
  return (event.own != nullptr && event.own->account == account)
         || (event.maker != nullptr && event.maker->account == account)
         || (event.taker != nullptr && event.taker->account == account);
}

void write_received(JsonWriter& json,
                    const engine::Market& market,
                    const engine::BookOrderEvent& event) {
  json("order_id", order_uuid(event.order));
  if (event.market_order && event.own != nullptr && event.own->funds) {
    json("funds", fixed(*event.own->funds, 16));
  } else {
    json("size", size_text(market, event.lots));
  }
  if (!event.market_order) {
    json("price", price_text(market, event.tick));
  }
  json("order_type", event.market_order ? "market" : "limit")(
    "client_oid", event.own != nullptr ? event.own->client_id : std::string{});
}

void write_activate(JsonWriter& json,
                    const engine::Market& market,
                    const engine::BookOrderEvent& event) {
  json("order_id", order_uuid(event.order))("size", size_text(market, event.lots))("order_type",
                                                                                   "stop");
  if (event.own != nullptr) {
    const bool loss = (event.own->kind == engine::OrderKind::STOP_LOSS
                       || event.own->kind == engine::OrderKind::STOP_LOSS_LIMIT)
                      == (event.own->side == trading::Side::SELL);
    json("stop_type", loss ? "loss" : "entry")(
      "stop_price", price_text(market, event.own->stop_tick))("private", true);
  }
}

} // namespace

/// An event of full, or of user where a reader is given.
std::string Feed::order_event(std::size_t index,
                              const engine::BookOrderEvent& event,
                              std::optional<std::size_t> reader) const {
  const auto& market = exchange_->market(index);
  JsonWriter json;
  const auto open = [&](const char* type) -> JsonWriter& {
    return json.open('{')("type", type)("time", time_text(event.time))(
      "product_id", product_of(market))("sequence", event.sequence);
  };
  switch (event.what) {
    case What::RECEIVED: write_received(open("received"), market, event); break;
    case What::OPEN:
      open("open")("order_id", order_uuid(event.order))("price", price_text(market, event.tick))(
        "remaining_size", size_text(market, event.lots));
      break;
    case What::DONE:
      open("done")("order_id", order_uuid(event.order))("reason", reason_of(event))(
        "remaining_size", size_text(market, event.lots));
      if (!event.market_order) {
        json("price", price_text(market, event.tick));
      }
      if (!event.filled) {
        const bool unfilled =
          event.own != nullptr && event.own->status == engine::OrderStatus::EXPIRED;
        json("cancel_reason", unfilled ? "101:Time In Force" : "102:User Initiated");
      }
      break;
    case What::CHANGE:
      open("change")("order_id", order_uuid(event.order))("reason", "STP")(
        "old_size", size_text(market, event.lots_before))(
        "new_size", size_text(market, event.lots))("price", price_text(market, event.tick));
      break;
    case What::ACTIVATE: write_activate(open("activate"), market, event); break;
    case What::MATCH: {
      const auto& trade = *event.trade;
      open("match")("trade_id", trade.id)("maker_order_id", order_uuid(trade.maker_order))(
        "taker_order_id", order_uuid(trade.taker_order))("size", size_text(market, trade.lots))(
        "price", price_text(market, trade.tick));
      if (reader && event.taker != nullptr && event.taker->account == *reader) {
        json("taker_user_id", uuid_of("user", *reader))("taker_profile_id", profile_uuid(*reader))(
          "taker_fee_rate", rate_text(exchange_->taker_fee_ppm()));
      }
      if (reader && event.maker != nullptr && event.maker->account == *reader) {
        json("maker_user_id", uuid_of("user", *reader))("maker_profile_id", profile_uuid(*reader))(
          "maker_fee_rate", rate_text(exchange_->maker_fee_ppm()));
      }
      break;
    }
  }
  json("side", side_text(event.side));
  if (reader) {
    json("user_id", uuid_of("user", *reader))("profile_id", profile_uuid(*reader));
  }
  json.close('}');
  return json.take();
}

void Feed::publish_order(std::size_t market, const engine::BookOrderEvent& event) {
  net::SharedFrame shared;
  for (const auto& [id, session] : sessions_) {
    const bool full = session.has(Channel::FULL, market);
    const bool own =
      session.account && session.has(Channel::USER, market) && concerns(event, *session.account);
    if (!full && !own) {
      continue;
    }
    if (own) {
      if (!faults_->now().stall_streams) {
        send(session, order_event(market, event, session.account));
      }
    } else {
      shared = shared ? shared : net::make_frame(order_event(market, event, std::nullopt));
      gate_.send(session.session, "full" + std::to_string(market), shared);
    }
  }
}

void Feed::publish_level3(std::size_t index, const engine::BookOrderEvent& event) {
  const bool wanted = std::any_of(sessions_.begin(), sessions_.end(), [&](const auto& one) {
    return one.second.has(Channel::LEVEL3, index);
  });
  if (!wanted) {
    return;
  }
  const auto& market = exchange_->market(index);
  JsonWriter json;
  const auto open = [&](const char* type) -> JsonWriter& {
    return json.open('[').value(type).value(product_of(market)).value(event.sequence);
  };
  switch (event.what) {
    case What::OPEN:
      open("open")
        .value(order_uuid(event.order))
        .value(side_text(event.side))
        .value(price_text(market, event.tick))
        .value(size_text(market, event.lots));
      break;
    case What::DONE: open("done").value(order_uuid(event.order)); break;
    case What::CHANGE:
      open("change")
        .value(order_uuid(event.order))
        .value(price_text(market, event.tick))
        .value(size_text(market, event.lots));
      break;
    case What::MATCH:
      open("match")
        .value(order_uuid(event.trade->maker_order))
        .value(order_uuid(event.trade->taker_order))
        .value(price_text(market, event.trade->tick))
        .value(size_text(market, event.trade->lots));
      break;
    case What::RECEIVED:
    case What::ACTIVATE: open("noop"); break;
  }
  json.value(time_text(event.time)).close(']');
  publish(Channel::LEVEL3, index, json.text());
}

} // namespace troupe::venues::coinbase::server
