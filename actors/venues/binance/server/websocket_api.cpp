#include "actors/venues/binance/server/binance_server.hpp"
#include "actors/venues/common/signing.hpp"
#include "core/json.hpp"

#include <algorithm>

namespace troupe::venues::binance::server {

namespace {

/// A parameter's value as it is signed: strings as they are, numbers and truths as in JSON.
std::string parameter_text(const core::json::View& value) {
  const auto text = value.string();
  return text ? std::string(*text) : value.dump();
}

std::string error_json(const ApiError& error) {
  JsonWriter json;
  json.open('{')("code", error.code)("msg", error.message);
  if (!error.data.empty()) {
    json.key("data").raw(error.data);
  }
  json.close('}');
  return json.take();
}

} // namespace

void BinanceServer::api_reply(const net::SessionPtr& session,
                              const std::string& id,
                              unsigned status,
                              std::string_view member,
                              const std::string& json_text,
                              bool with_limits,
                              std::optional<std::size_t> account) {
  JsonWriter json;
  json.open('{').key("id").raw(id);
  json("status", status).key(member).raw(json_text);
  if (with_limits) {
    json.key("rateLimits").open('[');
    const auto limit = [&](const char* type, const char* interval, int number, std::int64_t most,
                           std::int64_t used) {
      json
        .open('{')("rateLimitType",
                   type)("interval", interval)("intervalNum", number)("limit", most)("count", used)
        .close('}');
    };
    if (account) {
      auto& used = orders_[*account];
      limit("ORDERS", "SECOND", 10, limits_.orders_per_10_seconds, used.ten_seconds.count(time_));
      limit("ORDERS", "DAY", 1, limits_.orders_per_day, used.day.count(time_));
    }
    const auto window = interval_of(limits_.weight_window);
    limit("REQUEST_WEIGHT", window.unit, window.count, limits_.weight_per_minute,
          usage_of(session->remote_address()).weight.count(time_));
    json.close(']');
  }
  json.close('}');
  session->send(net::make_frame(json.text()));
}

void BinanceServer::api_message(const net::SessionPtr& session, std::string_view text) {
  const auto document = core::json::Document::parse(text);
  if (!document || !document->view().is_object()) {
    api_reply(session, "null", 400, "error",
              error_json({400, -1135, "JSON message cannot be parsed."}), false, std::nullopt);
    return;
  }
  const auto message = document->view();
  const auto id_view = message.find("id");
  const auto id = id_view ? id_view->dump() : "null";
  const auto method = message.find("method");
  if (!method || !method->string()) {
    api_reply(session, id, 400, "error",
              error_json({400, -1102,
                          "Mandatory parameter 'method' was not sent, was empty/null, or "
                          "malformed."}),
              false, std::nullopt);
    return;
  }
  Parameters parameters;
  if (const auto params = message.find("params"); params && params->is_object()) {
    for (const auto& key : params->keys()) {
      parameters.add(key, parameter_text(*params->find(key)));
    }
  }
  api_call(session, id, *method->string(), parameters);
}

std::size_t BinanceServer::api_account(const net::SessionPtr& session,
                                       const Parameters& parameters,
                                       Security security) const {
  const auto logged_on = sessions_.at(session->id()).account;
  if (logged_on && !parameters.has("apiKey")) { // then nothing needs to be signed
    if (security == Security::SIGNED) {
      (void)parameters.need("timestamp");
      check_time(parameters);
    }
    return *logged_on;
  }
  const auto account = authenticate(parameters.find("apiKey").value_or(""));
  if (security == Security::SIGNED) {
    (void)parameters.need("timestamp");
    signing::Parameters sent;
    for (const auto& entry : parameters.entries()) {
      if (entry.first != "signature") {
        sent.push_back(entry);
      }
    }
    check_signature(account, signing::binance_websocket_payload(std::move(sent)),
                    parameters.need("signature"));
    check_time(parameters);
  }
  return account;
}

void BinanceServer::log_on(const net::SessionPtr& session, const Parameters& parameters) {
  const auto account = api_account(session, parameters, Security::SIGNED);
  const auto& key = exchange_->account(account).public_key;
  if (key.empty() || signing::public_key_kind(key) != signing::PublicKeyKind::ED25519) {
    throw ApiError{400, -4056,
                   std::string(key.empty() ? "HMAC_SHA256" : "RSA") + " API key is not supported."};
  }
  auto& state = sessions_.at(session->id());
  state.account = account;
  state.logged_on = time_;
}

void BinanceServer::announce_end(const Session& to) const {
  JsonWriter json{to.unit};
  json.open('{').key("event").open('{')("e", "serverShutdown")("E", time_).close('}').close('}');
  to.session->send(net::make_frame(json.text()));
}

std::string BinanceServer::session_status(const net::SessionPtr& session) const {
  const auto& state = sessions_.at(session->id());
  JsonWriter json{state.unit};
  json.open('{').key("apiKey");
  state.account ? void(json.value(exchange_->account(*state.account).key)) : void(json.null());
  json.key("authorizedSince");
  state.account ? void(json.value(state.logged_on)) : void(json.null());
  json("connectedSince", state.opened)("returnRateLimits", true)("serverTime", time_)(
    "userDataStream", !users_.subscriptions(session->id()).empty())
    .close('}');
  return json.take();
}

bool BinanceServer::session_call(const net::SessionPtr& session,
                                 const std::string& id,
                                 std::string_view method,
                                 const Parameters& parameters) {
  const auto result = [&](const std::string& json) {
    api_reply(session, id, 200, "result", json, true, std::nullopt);
  };
  if (method == "session.logon" || method == "session.status" || method == "session.logout") {
    if (method == "session.logon") {
      log_on(session, parameters);
    } else if (method == "session.logout") {
      sessions_.at(session->id()).account.reset();
    }
    result(session_status(session));
    return true;
  }
  if (method == "session.subscriptions") {
    JsonWriter json;
    json.open('[');
    for (const auto number : users_.subscriptions(session->id())) {
      json.open('{')("subscriptionId", number).close('}');
    }
    json.close(']');
    result(json.text());
    return true;
  }
  if (method == "userDataStream.subscribe" && !sessions_.at(session->id()).account) {
    throw ApiError{401, -2014, "API-key format invalid."}; // only after session.logon
  }
  if (method == "userDataStream.subscribe" || method == "userDataStream.subscribe.signature") {
    const auto account = method == "userDataStream.subscribe"
                           ? *sessions_.at(session->id()).account
                           : api_account(session, parameters, Security::SIGNED);
    const auto number = users_.subscribe(session, account, UserStreams::Form::API,
                                         sessions_.at(session->id()).unit, {});
    result(R"({"subscriptionId":)" + std::to_string(number) + '}');
    return true;
  }
  if (method == "userDataStream.unsubscribe") {
    const auto number = parameters.integer("subscriptionId");
    (void)users_.unsubscribe(session->id(),
                             number ? std::optional{static_cast<int>(*number)} : std::nullopt);
    result("{}");
    return true;
  }
  return false;
}

void BinanceServer::api_call(const net::SessionPtr& session,
                             const std::string& id,
                             std::string_view method,
                             const Parameters& parameters) {
  const auto with_limits = [&] {
    const auto sent = parameters.find("returnRateLimits");
    return !sent || *sent != "false";
  }();
  const auto overloaded = [&](Overload overload) {
    overload.error.data = R"({"serverTime":)" + std::to_string(ms(time_)) + R"(,"retryAfter":)"
                          + std::to_string(ms(overload.until)) + '}';
    api_reply(session, id, overload.error.status, "error", error_json(overload.error), with_limits,
              std::nullopt);
  };
  const auto all = calls();
  const auto known = std::find_if(all.begin(), all.end(), [&](const Call& call) {
    return !call.ws_method.empty() && call.ws_method == method;
  });
  try {
    constexpr std::int64_t session_weight = 2;
    const auto weight = known == all.end() ? session_weight : known->weight(parameters);
    if (auto overload = charge(session->remote_address(), weight)) {
      overloaded(std::move(*overload));
      return;
    }
    if (known == all.end()) {
      if (!session_call(session, id, method, parameters)) {
        throw ApiError{400, -1000, "Unknown method: " + std::string(method.substr(0, 80))};
      }
      return;
    }
    auto context = this->context(sessions_.at(session->id()).unit);
    if (known->security != Security::NONE) {
      context.account = api_account(session, parameters, known->security);
    }
    const auto account =
      known->places_order ? std::optional{context.account} : std::optional<std::size_t>{};
    run(*known, context, parameters, [this, session, id, with_limits, account](std::string json) {
      api_reply(session, id, 200, "result", json, with_limits, account);
    });
  } catch (const Overload& overload) {
    overloaded(overload);
  } catch (const ApiError& error) {
    api_reply(session, id, error.status, "error", error_json(error), with_limits, std::nullopt);
  }
}

} // namespace troupe::venues::binance::server
