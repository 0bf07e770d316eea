#include "actors/venues/coinbase/server/coinbase_server.hpp"

#include "actors/venues/common/signing.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::venues::coinbase::server {

namespace {

net::Response json_reply(std::string body, unsigned status = 200) {
  net::Response response;
  response.status = status;
  response.content_type = "application/json; charset=utf-8";
  response.body = std::move(body);
  return response;
}

net::Response refusal_reply(const ApiError& error) {
  JsonWriter json;
  json.open('{')("message", error.message).close('}');
  return json_reply(json.take(), error.status);
}

/// Whether a path is a pattern's; `parameter` receives what stands for {id}.
bool matches(std::string_view pattern,
             const std::vector<std::string>& segments,
             std::string& parameter) {
  for (const auto& segment : segments) {
    if (pattern.empty()) {
      return false;
    }
    pattern.remove_prefix(1); // the slash
    const auto wanted = pattern.substr(0, pattern.find('/'));
    if (wanted == "{id}") {
      parameter = segment;
    } else if (wanted != segment) {
      return false;
    }
    pattern.remove_prefix(wanted.size());
  }
  return pattern.empty() && !segments.empty();
}

/// A secret's bytes as clients take them: what is not base64 is skipped, padding is not required.
std::string padded(std::string_view secret) {
  std::string out;
  for (auto c : secret.substr(0, secret.find('='))) {
    c = c == '-' ? '+' : c == '_' ? '/' : c;
    const bool digit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                       || c == '+' || c == '/';
    if (digit) {
      out += c;
    }
  }
  if (out.size() % 4 == 1) {
    out.pop_back(); // six bits make no byte
  }
  static constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (const auto rest = out.size() % 4; rest != 0) { // spare bits are ignored: make them zero
    const auto value = base64_digits.find(out.back());
    const auto mask = rest == 2 ? std::size_t{0x30} : std::size_t{0x3c};
    out.back() = base64_digits[value & mask];
    out.append(4 - rest, '=');
  }
  return out;
}

} // namespace

CoinbaseServer::CoinbaseServer(engine::ExchangeSettings settings,
                               Limits limits,
                               const exchange_server::EndpointContext& context)
  : limits_(limits), candles_(*context.candles), faults_(*context.faults), time_(context.now),
    feed_(faults_) {
  constexpr std::size_t open_orders_max = 500;
  settings.fee_asset = engine::FeeAsset::QUOTE;
  settings.fee_digits = 16;
  settings.counts_fills = true;
  settings.open_orders_max = open_orders_max;
  for (auto& account : settings.accounts) {
    account.secret = padded(account.secret);
  }
  books_.resize(settings.market.instruments.size());
  month_lots_.resize(books_.size());
  exchange_ = std::make_unique<engine::Exchange>(std::move(settings), context.now, *this);
  feed_.start(*exchange_);
}

CoinbaseServer::~CoinbaseServer() = default;

void CoinbaseServer::on_level(std::size_t market,
                              const engine::LevelChange& change,
                              core::Timestamp) {
  feed_.on_level(market, change);
}

void CoinbaseServer::on_book_order(std::size_t market, const engine::BookOrderEvent& event) {
  books_[market].apply(event);
  feed_.on_book_order(market, event);
}

void CoinbaseServer::on_order(const engine::Order& order,
                              engine::OrderChange change,
                              const engine::Execution*) {
  if (change == engine::OrderChange::NEW) {
    orders_.emplace(order_uuid(order.id), order.id);
    if (orders_.size() > 2 * exchange_->settings().closed_orders_max) { // as the exchange forgets
      std::erase_if(orders_,
                    [&](const auto& one) { return !exchange_->orders().contains(one.second); });
    }
  }
}

void CoinbaseServer::on_balances(std::size_t account, const std::vector<std::string>& currencies) {
  feed_.on_balances(account, currencies);
}

void CoinbaseServer::advance(core::Timestamp now) {
  time_ = now + std::chrono::milliseconds{faults_.now().clock_skew_ms};
  exchange_->advance(now);
  if (now >= month_due_) {
    month_due_ = now + std::chrono::minutes{10};
    refresh_month();
  }
  flush();
  check_sessions();
}

void CoinbaseServer::flush() {
  feed_.flush(exchange_->now(), time_, month_lots_);
}

void CoinbaseServer::refresh_month() {
  const auto now = exchange_->now();
  const auto* const day = engine::find_candle_interval("1d");
  for (std::size_t i = 0; i < exchange_->markets(); ++i) {
    const auto from = now - std::chrono::hours{24 * 30};
    exchange_->candles({i, day, core::floor(from, std::chrono::hours{1}).ns, now.ns}, candles_,
                       [this, i](const std::vector<engine::Candle>& found) {
                         std::int64_t lots = 0;
                         for (const auto& candle : found) {
                           lots += candle.lots;
                         }
                         month_lots_[i] = lots;
                       });
  }
}

/// Sessions that never subscribed, are too old, or that faults end.
void CoinbaseServer::check_sessions() {
  const auto& faults = faults_.now();
  const bool all = faults_.wants_disconnect();
  const auto now = exchange_->now();
  for (auto& [id, session] : feed_.sessions()) {
    const auto age = now - session.opened;
    if (all || (faults.disconnect_every.ns != 0 && age >= faults.disconnect_every.chrono())) {
      session.session->close(net::CloseCode::GOING_AWAY, "disconnected");
    } else if (!session.subscribed && age >= limits_.subscribe_within.chrono()) {
      session.session->close(net::CloseCode::POLICY, "no subscribe message in time");
    } else if (age >= limits_.connection_lifetime.chrono()) {
      session.session->close(net::CloseCode::NORMAL, "connected for too long");
    }
  }
}

// ---- limits and keys ---------------------------------------------------------------------------

bool CoinbaseServer::take(Buckets& buckets, const std::string& who, double rate, double burst) {
  return buckets.try_emplace(who, rate, burst).first->second.take(time_);
}

void CoinbaseServer::limit(const Call& call, const std::string& who) {
  switch (call.bucket) {
    case Bucket::PUBLIC:
      if (!take(public_, who, limits_.public_per_second, limits_.public_burst)) {
        throw ApiError{429, "Public rate limit exceeded"};
      }
      break;
    case Bucket::PRIVATE:
      if (!take(private_, who, limits_.private_per_second, limits_.private_burst)) {
        throw ApiError{429, "Private rate limit exceeded"};
      }
      break;
    case Bucket::FILLS:
      if (!take(fills_, who, limits_.fills_per_second, limits_.fills_burst)) {
        throw ApiError{429, "Private rate limit exceeded"};
      }
      break;
  }
}

void CoinbaseServer::check_timestamp(std::string_view text) const {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw ApiError{400, "invalid timestamp"};
  }
  constexpr double tolerance_s = 30.0;
  constexpr double ns_per_second = 1e9;
  const auto age = static_cast<double>(time_.ns) / ns_per_second - seconds;
  if (age > tolerance_s || age < -tolerance_s) {
    throw ApiError{400, "request timestamp expired"};
  }
}

std::size_t CoinbaseServer::authenticate(const net::Request& request) const {
  const auto header = [&](const char* name) {
    const auto value = request.header(name);
    if (!value || value->empty()) {
      throw ApiError{401, std::string(name) + " header is required"};
    }
    return *value;
  };
  const auto key = header("CB-ACCESS-KEY");
  const auto sign = header("CB-ACCESS-SIGN");
  const auto timestamp = header("CB-ACCESS-TIMESTAMP");
  const auto passphrase = header("CB-ACCESS-PASSPHRASE");
  check_timestamp(timestamp);
  const auto account = exchange_->account_of(key);
  if (!account) {
    throw ApiError{401, "Invalid API Key"};
  }
  const auto& settings = exchange_->account(*account);
  if (!signing::equal_in_constant_time(settings.passphrase, passphrase)) {
    throw ApiError{401, "Invalid Passphrase"};
  }
  const auto method = net::to_string(request.method);
  const auto signed_as = [&](std::string_view path) {
    const auto expected =
      signing::coinbase_signature(settings.secret, timestamp, method, path, request.body);
    return expected && signing::equal_in_constant_time(*expected, sign);
  };
  // With the query as clients in the field sign it, or without as the documentation has it.
  if (!signed_as(request.target) && !signed_as(request.path)) {
    throw ApiError{401, "invalid signature"};
  }
  return *account;
}

// ---- REST --------------------------------------------------------------------------------------

void CoinbaseServer::on_request(const net::Request& request, Respond respond) {
  const auto method = request.method == net::Method::HEAD ? net::Method::GET : request.method;
  try {
    const auto all = calls();
    std::string parameter;
    const auto call = std::find_if(all.begin(), all.end(), [&](const Call& one) {
      return one.method == method && matches(one.path, request.segments, parameter);
    });
    if (call == all.end()) {
      throw ApiError{404, "NotFound"};
    }
    CallContext context{
      *exchange_, candles_, books_, orders_, month_lots_, request, time_, 0, std::move(parameter)};
    if (call->bucket == Bucket::PUBLIC) {
      limit(*call, request.remote_address);
    } else {
      context.account = authenticate(request);
      limit(*call, std::to_string(context.account));
    }
    call->run(context, [respond](Answer answer) {
      auto response = json_reply(std::move(answer.json), answer.status);
      if (answer.before) {
        response.headers.emplace_back("CB-BEFORE", std::to_string(*answer.before));
      }
      if (answer.after) {
        response.headers.emplace_back("CB-AFTER", std::to_string(*answer.after));
      }
      respond(std::move(response));
    });
  } catch (const ApiError& error) {
    respond(refusal_reply(error));
  }
  flush();
}

net::Response CoinbaseServer::error_reply(unsigned status) const {
  return refusal_reply({status, status == 503   ? "ServiceUnavailable"
                                : status == 504 ? "Gateway Timeout"
                                                : "Internal server error"});
}

// ---- the feed ----------------------------------------------------------------------------------

void CoinbaseServer::on_open(const net::SessionPtr& session, const net::Request&) {
  if (!take(connections_, session->remote_address(), limits_.connections_per_second,
            limits_.connections_burst)) {
    session->close(net::CloseCode::POLICY, "too many connections");
    return;
  }
  feed_.open(session, exchange_->now());
}

void CoinbaseServer::on_message(const net::SessionPtr& session, std::string_view text) {
  auto* const known = feed_.find(session->id());
  if (known == nullptr) {
    return;
  }
  if (!take(messages_, std::to_string(session->id()), limits_.messages_per_second,
            limits_.messages_per_second)) {
    session->send(net::make_frame(R"({"type":"error","message":"rate limit exceeded"})"));
    session->close(net::CloseCode::POLICY, "rate limit exceeded");
    return;
  }
  if (const auto request = read_request(*known, text)) {
    flush(); // what a snapshot holds must not come again as a change
    feed_.apply(*known, *request);
  }
}

void CoinbaseServer::on_close(const net::SessionPtr& session) {
  feed_.close(session->id());
  messages_.erase(std::to_string(session->id()));
}

} // namespace troupe::venues::coinbase::server
