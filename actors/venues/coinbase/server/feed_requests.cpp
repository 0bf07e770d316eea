#include "actors/venues/coinbase/server/coinbase_server.hpp"
#include "actors/venues/common/signing.hpp"
#include "core/json.hpp"

#include <algorithm>

namespace troupe::venues::coinbase::server {

namespace {

void refuse(const FeedSession& session, std::string_view message, std::string_view reason) {
  JsonWriter json;
  json.open('{')("type", "error")("message", message);
  if (!reason.empty()) {
    json("reason", reason);
  }
  json.close('}');
  session.session->send(net::make_frame(json.text()));
}

std::string text_of(const core::json::View& message, const char* name) {
  const auto value = message.find(name);
  if (!value || value->is_null()) {
    return {};
  }
  const auto text = value->string();
  return text ? std::string(*text) : value->dump();
}

constexpr const char* not_subscribed = "Failed to subscribe";

} // namespace

bool CoinbaseServer::signed_in(FeedSession& session, const core::json::View& message) const {
  const auto key = text_of(message, "key");
  const auto sign = text_of(message, "signature");
  const auto timestamp = text_of(message, "timestamp");
  if (key.empty() || sign.empty() || timestamp.empty()) {
    return session.account.has_value();
  }
  const auto account = exchange_->account_of(key);
  const auto fail = [&](std::string_view reason) {
    refuse(session, "Authentication Failed", reason);
    return false;
  };
  if (!account) {
    return fail("Invalid API Key");
  }
  const auto& settings = exchange_->account(*account);
  if (!signing::equal_in_constant_time(settings.passphrase, text_of(message, "passphrase"))) {
    return fail("Invalid Passphrase");
  }
  try {
    check_timestamp(timestamp);
  } catch (const ApiError& error) {
    return fail(error.message);
  }
  const auto expected = signing::coinbase_websocket_signature(settings.secret, timestamp);
  if (!expected || !signing::equal_in_constant_time(*expected, sign)) {
    return fail("invalid signature");
  }
  session.account = account;
  return true;
}

bool CoinbaseServer::add_channel(FeedSession& session,
                                 const core::json::View& message,
                                 std::string_view name,
                                 const core::json::View& products,
                                 FeedRequest& request) {
  const auto channel = channel_named(name);
  if (!channel) {
    refuse(session, not_subscribed, std::string(name.substr(0, 80)) + " is not a valid channel");
    return false;
  }
  if (request.subscribe && needs_key(*channel)) {
    const bool offers = !text_of(message, "signature").empty();
    if (!signed_in(session, message)) {
      if (!offers) {
        refuse(session, not_subscribed,
               std::string(name)
                 + " requires authentication: level2, level3, full, user and "
                   "balance are for signed subscriptions");
      }
      return false;
    }
  }
  std::vector<std::size_t> markets;
  if (!has_products(*channel)) {
    markets.push_back(0);
  } else {
    auto list = products.find("product_ids");
    if (!list || !list->is_array() || list->size() == 0) {
      list = message.find("product_ids");
    }
    if (!list || !list->is_array() || list->size() == 0) {
      if (request.subscribe && *channel != Channel::USER) {
        refuse(session, not_subscribed, "No products provided");
        return false;
      }
      for (std::size_t i = 0; i < exchange_->markets(); ++i) {
        markets.push_back(i);
      }
    }
    for (std::size_t i = 0; list && list->is_array() && i < list->size(); ++i) {
      const auto id = list->at(i).string().value_or("");
      const auto market = find_product(*exchange_, id);
      if (!market) {
        refuse(session, not_subscribed, std::string(id.substr(0, 80)) + " is not a valid product");
        return false;
      }
      markets.push_back(*market);
    }
  }
  request.channels.emplace_back(*channel, std::move(markets));
  return true;
}

std::optional<FeedRequest> CoinbaseServer::read_request(FeedSession& session,
                                                        std::string_view text) {
  const auto document = core::json::Document::parse(text);
  if (!document || !document->view().is_object()) {
    refuse(session, "Malformed JSON", "");
    return std::nullopt;
  }
  const auto message = document->view();
  const auto type = text_of(message, "type");
  if (type != "subscribe" && type != "unsubscribe") {
    refuse(session, "Invalid message type",
           "expected subscribe or unsubscribe, found \"" + type.substr(0, 80) + '"');
    return std::nullopt;
  }
  FeedRequest request;
  request.subscribe = type == "subscribe";
  const auto channels = message.find("channels");
  if (!channels || !channels->is_array() || channels->size() == 0) {
    if (request.subscribe) {
      refuse(session, not_subscribed, "No channels provided");
      return std::nullopt;
    }
    for (std::size_t i = 0; i < channel_count; ++i) { // all of them
      const auto& on = session.markets[i];
      request.channels.emplace_back(static_cast<Channel>(i),
                                    std::vector<std::size_t>(on.begin(), on.end()));
    }
    return request;
  }
  for (std::size_t i = 0; i < channels->size(); ++i) {
    const auto item = channels->at(i);
    const auto name =
      item.is_object() ? text_of(item, "name") : std::string(item.string().value_or(""));
    if (!add_channel(session, message, name, item.is_object() ? item : message, request)) {
      return std::nullopt;
    }
  }
  return request;
}

} // namespace troupe::venues::coinbase::server
