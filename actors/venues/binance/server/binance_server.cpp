#include "actors/venues/binance/server/binance_server.hpp"

#include "net/uri.hpp"

#include <algorithm>

namespace troupe::venues::binance::server {

using exchange_server::EndpointContext;

namespace {

net::Response json_response(std::string body, unsigned status = 200) {
  net::Response response;
  response.status = status;
  response.content_type = "application/json;charset=UTF-8";
  response.body = std::move(body);
  return response;
}

net::Response error_response(const ApiError& error) {
  JsonWriter json;
  json.open('{')("code", error.code)("msg", error.message);
  if (!error.data.empty()) {
    json.key("data").raw(error.data);
  }
  json.close('}');
  return json_response(json.take(), error.status);
}

/// "a=1&signature=x&b=2" without the signature.
std::string without_signature(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const auto item = text.substr(0, end);
    if (!item.starts_with("signature=")) {
      out += (out.empty() ? "" : "&") + std::string(item);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string_view query_of(const net::Request& request) {
  const auto at = request.target.find('?');
  return at == std::string::npos ? std::string_view{}
                                 : std::string_view{request.target}.substr(at + 1);
}

void add(Parameters& parameters, const net::QueryParameter& parameter) {
  if (parameters.has(parameter.name)) {
    throw ApiError{400, -1101, "Duplicate values for a parameter detected."};
  }
  parameters.add(parameter.name, parameter.value);
}

Parameters parameters_of(const net::Request& request) {
  Parameters out;
  for (const auto& parameter : request.query) {
    add(out, parameter);
  }
  if (!request.body.empty() && request.body.front() != '{') {
    const auto form = net::parse_query(request.body);
    if (!form) {
      throw ApiError{400, -1100, "Illegal characters found in a parameter."};
    }
    for (const auto& parameter : *form) {
      add(out, parameter);
    }
  }
  return out;
}

/// /ws/a/b and /stream?streams=a/b: the streams that a path asks for.
std::vector<std::string> streams_in(const net::Request& request) {
  std::vector<std::string> names;
  if (!request.segments.empty() && request.segments.front() == "ws") {
    names.assign(request.segments.begin() + 1, request.segments.end());
  }
  std::string_view list = request.parameter("streams").value_or("");
  while (!list.empty()) {
    const auto end = std::min(list.find('/'), list.size());
    if (end > 0) {
      names.emplace_back(list.substr(0, end));
    }
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  std::erase(names, "");
  return names;
}

TimeUnit time_unit(std::string_view text) {
  const auto wanted = lower(text);
  if (!wanted.empty() && wanted != "millisecond" && wanted != "microsecond") {
    throw ApiError{400, -1194,
                   "Invalid value for time unit; expected either MICROSECOND or MILLISECOND."};
  }
  return wanted == "microsecond" ? TimeUnit::MICROSECOND : TimeUnit::MILLISECOND;
}

/// Older clients know the API by its first version's path.
std::string current_path(const std::string& path) {
  constexpr std::string_view old_version = "/api/v1/";
  return path.starts_with(old_version) ? "/api/v3/" + path.substr(old_version.size()) : path;
}

std::int64_t seconds_until(core::Timestamp until, core::Timestamp now) {
  constexpr std::int64_t second_ns = 1'000'000'000;
  return std::max<std::int64_t>(1, ((until - now).count() + second_ns - 1) / second_ns);
}

} // namespace

BinanceServer::BinanceServer(engine::ExchangeSettings settings,
                             Limits limits,
                             const EndpointContext& context)
  : limits_(limits), candles_(*context.candles), faults_(*context.faults), time_(context.now),
    users_(faults_, limits.listen_key_lifetime), streams_(faults_, users_, limits) {
  settings.quote_asset = quote_asset;
  settings.fee_asset = engine::FeeAsset::RECEIVED;
  settings.open_orders_max = static_cast<std::size_t>(max_open_orders);
  orders_.resize(settings.accounts.size());
  exchange_ = std::make_unique<engine::Exchange>(std::move(settings), context.now, *this);
  streams_.start(*exchange_);
}

BinanceServer::~BinanceServer() = default;

// ---- what the exchange tells -------------------------------------------------------------------

void BinanceServer::on_level(std::size_t market,
                             const engine::LevelChange& change,
                             core::Timestamp) {
  streams_.on_level(market, change);
}

void BinanceServer::on_trade(std::size_t market, const engine::PublicTrade& trade) {
  streams_.on_trade(market, trade);
}

void BinanceServer::on_order(const engine::Order& order,
                             engine::OrderChange change,
                             const engine::Execution* execution) {
  // Only unfilled ones count; one that is filled at once was never counted.
  if (change == engine::OrderChange::TRADE && order.fills.size() == 1 && execution->maker) {
    orders_[order.account].ten_seconds.add(time_, -1);
    orders_[order.account].day.add(time_, -1);
  }
  users_.on_order(*exchange_, order, change, execution);
}

void BinanceServer::on_list(const engine::OrderList& list) {
  users_.on_list(*exchange_, list);
}

void BinanceServer::on_balances(std::size_t account, const std::vector<std::string>& assets) {
  users_.on_balances(*exchange_, account, assets);
}

// ---- time --------------------------------------------------------------------------------------

void BinanceServer::advance(core::Timestamp now) {
  const auto skew = std::chrono::milliseconds{faults_.now().clock_skew_ms};
  time_ = now + skew;
  users_.set_time(time_);
  streams_.set_time(time_);
  exchange_->advance(now);
  flush();
  users_.expire(now);
  check_sessions();
}

void BinanceServer::flush() {
  streams_.flush(exchange_->now());
}

/// Lifetimes, and the faults that end connections.
void BinanceServer::check_sessions() {
  const auto& faults = faults_.now();
  const bool all = faults_.wants_disconnect();
  const auto now = exchange_->now();
  const auto life = limits_.connection_lifetime.chrono();
  const auto notice = std::min<std::chrono::nanoseconds>(std::chrono::minutes{10}, life / 10);
  for (auto& [id, session] : sessions_) {
    const auto age = now - session.opened;
    if (all || (faults.disconnect_every.ns != 0 && age >= faults.disconnect_every.chrono())) {
      session.session->close(net::CloseCode::GOING_AWAY, "disconnected");
    } else if (age >= life) {
      session.session->close(net::CloseCode::NORMAL, "24 hours are over");
    } else if (age >= life - notice && !session.warned) {
      session.warned = true;
      session.is_api ? announce_end(session) : streams_.announce_end(id);
    }
  }
}

// ---- REST --------------------------------------------------------------------------------------

CallContext BinanceServer::context(TimeUnit unit) {
  return {*exchange_, candles_, users_, limits_, time_, 0, nullptr, unit};
}

void BinanceServer::run(const Call& call,
                        CallContext& context,
                        const Parameters& parameters,
                        const Reply& reply) {
  context.orders = call.security == Security::NONE ? nullptr : &orders_[context.account];
  check_known(call, parameters);
  if (call.places_order) {
    if (auto full = charge_order(context.account)) {
      throw *full;
    }
  }
  if (!call.places_order) {
    call.run(context, parameters, reply);
    return;
  }
  const auto before = exchange_->orders().empty() ? 0 : exchange_->orders().rbegin()->first;
  const auto count = [&] { // only unfilled ones are counted
    const auto& orders = exchange_->orders();
    const auto placed = std::count_if(orders.upper_bound(before), orders.end(),
                                      [](const auto& one) { return one.second.fills.empty(); });
    context.orders->ten_seconds.add(time_, placed);
    context.orders->day.add(time_, placed);
  };
  try { // placing an order replies at once
    call.run(context, parameters, [&](std::string json) {
      count();
      reply(std::move(json));
    });
  } catch (const ApiError&) {
    count(); // half of a cancel-replace may have gone through
    throw;
  }
}

void BinanceServer::on_request(const net::Request& request, Respond respond) {
  const auto method =
    net::to_string(request.method == net::Method::HEAD ? net::Method::GET : request.method);
  const auto all = calls();
  const auto path = current_path(request.path);
  const auto known = std::find_if(all.begin(), all.end(), [&](const Call& call) {
    return call.path == path && call.method == method;
  });
  const auto& from = request.remote_address;
  const auto overloaded = [&](const Overload& overload) {
    auto response = error_response(overload.error);
    response.headers.emplace_back("Retry-After",
                                  std::to_string(seconds_until(overload.until, time_)));
    add_usage(response, from, false, 0);
    respond(std::move(response));
  };
  if (known == all.end()) {
    const bool path_known =
      std::any_of(all.begin(), all.end(), [&](const Call& call) { return call.path == path; });
    respond(path_known ? error_response({405, -1000, "Method not allowed."})
                       : json_response("", 404));
    return;
  }
  try {
    auto context = this->context(time_unit(request.header("X-MBX-TIME-UNIT").value_or("")));
    const auto parameters = parameters_of(request);
    if (const auto overload = charge(from, known->weight(parameters))) {
      overloaded(*overload);
      return;
    }
    if (known->security != Security::NONE) {
      context.account = authenticate(request.header("X-MBX-APIKEY").value_or(""));
    }
    if (known->security == Security::SIGNED) {
      (void)parameters.need("timestamp");
      check_signature(context.account,
                      without_signature(query_of(request)) + without_signature(request.body),
                      parameters.need("signature"));
      check_time(parameters);
    }
    run(*known, context, parameters,
        [this, respond, from, order = known->places_order,
         account = context.account](std::string json) {
          auto response = json_response(std::move(json));
          add_usage(response, from, order, account);
          respond(std::move(response));
        });
  } catch (const Overload& overload) {
    overloaded(overload);
  } catch (const ApiError& error) {
    auto response = error_response(error);
    add_usage(response, from, false, 0);
    respond(std::move(response));
  }
  flush();
}

net::Response BinanceServer::error_reply(unsigned status) const {
  return status == 504 ? error_response({504, -1007,
                                         "Timeout waiting for response from backend server. Send "
                                         "status unknown; execution status unknown."})
         : status == 503
           ? error_response({503, -1008,
                             "Server is currently overloaded with other requests. Please try "
                             "again in a few minutes."})
           : error_response({status, -1000,
                             "An unknown error occurred while processing the "
                             "request."});
}

// ---- WebSockets --------------------------------------------------------------------------------

void BinanceServer::on_open(const net::SessionPtr& session, const net::Request& request) {
  const auto& from = session->remote_address();
  if (usage_of(from).connections.add(time_, 1) > limits_.connections_per_5_minutes) {
    session->close(net::CloseCode::POLICY, "Too many connections");
    return;
  }
  const bool is_api = request.path.starts_with("/ws-api");
  auto unit = TimeUnit::MILLISECOND;
  try {
    unit = time_unit(request.parameter("timeUnit").value_or(""));
  } catch (const ApiError& error) {
    session->close(net::CloseCode::POLICY, error.message);
    return;
  }
  sessions_[session->id()] = {session, exchange_->now(), is_api, false, {}, {}, unit};
  if (is_api) {
    constexpr std::int64_t connection_weight = 2;
    if (charge(from, connection_weight)) {
      session->close(net::CloseCode::POLICY, "Too much request weight used");
    }
    return;
  }
  const bool combined = request.path.starts_with("/stream");
  const auto names = streams_in(request);
  if (names.size() > static_cast<std::size_t>(limits_.streams_per_connection)) {
    session->close(net::CloseCode::POLICY, "Too many streams");
    return;
  }
  streams_.open(session, combined, unit, names);
}

void BinanceServer::on_message(const net::SessionPtr& session, std::string_view text) {
  const auto at = sessions_.find(session->id());
  if (at == sessions_.end()) {
    return;
  }
  at->second.is_api ? api_message(session, text)
                    : streams_.message(session, text, exchange_->now());
  flush();
}

void BinanceServer::on_close(const net::SessionPtr& session) {
  streams_.close(session->id());
  users_.drop(session->id());
  sessions_.erase(session->id());
}

} // namespace troupe::venues::binance::server
