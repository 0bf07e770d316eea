#include "actors/venues/binance/server/binance_server.hpp"
#include "actors/venues/common/signing.hpp"

#include <algorithm>

/// Who may call, and how often.
namespace troupe::venues::binance::server {

std::optional<BinanceServer::Overload> BinanceServer::charge(const std::string& text,
                                                             std::int64_t weight) {
  auto& address = usage_of(text);
  const auto banned = [&]() -> Overload {
    return {{418, -1003,
             "Way too much request weight used; IP banned until "
               + std::to_string(ms(address.banned_until))
               + ". Please use WebSocket Streams for live updates to avoid bans."},
            address.banned_until};
  };
  if (time_ < address.banned_until) {
    return banned();
  }
  const auto used = address.weight.add(time_, weight);
  const auto requests = address.requests.add(time_, 1);
  if (used <= limits_.weight_per_minute && requests <= limits_.raw_requests_per_5_minutes) {
    address.beyond = 0;
    return std::nullopt;
  }
  if (++address.beyond > limits_.ban_after) {
    constexpr std::int64_t doublings_max = 11; // of two minutes: almost three days
    address.banned_until =
      time_ + limits_.ban.chrono() * (std::int64_t{1} << std::min(address.bans++, doublings_max));
    address.beyond = 0;
    return banned();
  }
  if (used > limits_.weight_per_minute) {
    const auto window = interval_of(limits_.weight_window);
    return Overload{{429, -1003,
                     "Too much request weight used; current limit is "
                       + std::to_string(limits_.weight_per_minute) + " request weight per "
                       + std::to_string(window.count) + " " + window.unit
                       + ". Please use WebSocket Streams for live "
                         "updates to avoid polling the API."},
                    address.weight.window_end(time_)};
  }
  return Overload{{429, -1003,
                   "Too many requests; current limit is "
                     + std::to_string(limits_.raw_requests_per_5_minutes)
                     + " requests per 5 MINUTE. Please use WebSocket Streams for live updates to "
                       "avoid polling the API."},
                  address.requests.window_end(time_)};
}

std::optional<BinanceServer::Overload> BinanceServer::charge_order(std::size_t account) {
  auto& used = orders_[account];
  const auto refusal = [](std::int64_t limit, const char* interval, core::Timestamp until) {
    return Overload{{429, -1015,
                     "Too many new orders; current limit is " + std::to_string(limit)
                       + " orders per " + interval + "."},
                    until};
  };
  if (used.ten_seconds.count(time_) >= limits_.orders_per_10_seconds) {
    return refusal(limits_.orders_per_10_seconds, "10 SECOND", used.ten_seconds.window_end(time_));
  }
  if (used.day.count(time_) >= limits_.orders_per_day) {
    return refusal(limits_.orders_per_day, "1 DAY", used.day.window_end(time_));
  }
  return std::nullopt;
}

void BinanceServer::add_usage(net::Response& response,
                              const std::string& address,
                              bool order,
                              std::size_t account) {
  const auto weight = std::to_string(usage_of(address).weight.count(time_));
  response.headers.emplace_back("X-MBX-USED-WEIGHT", weight);
  const auto window = interval_of(limits_.weight_window);
  response.headers.emplace_back("X-MBX-USED-WEIGHT-" + std::to_string(window.count)
                                  + std::string{window.unit}.substr(0, 1),
                                weight);
  if (order) {
    auto& used = orders_[account];
    response.headers.emplace_back("X-MBX-ORDER-COUNT-10S",
                                  std::to_string(used.ten_seconds.count(time_)));
    response.headers.emplace_back("X-MBX-ORDER-COUNT-1D", std::to_string(used.day.count(time_)));
  }
}

// ---- authentication ----------------------------------------------------------------------------

std::size_t BinanceServer::authenticate(std::string_view key) const {
  if (key.empty()) {
    throw ApiError{401, -2014, "API-key format invalid."};
  }
  const auto account = exchange_->account_of(key);
  if (!account) {
    throw ApiError{401, -2015, "Invalid API-key, IP, or permissions for action."};
  }
  return *account;
}

/// HMAC-SHA256 in hex, or a signature by the account's key in base64.
void BinanceServer::check_signature(std::size_t account,
                                    const std::string& payload,
                                    std::string_view signature) const {
  const auto& settings = exchange_->account(account);
  bool good = false;
  if (settings.public_key.empty()) {
    good = signing::equal_hex_in_constant_time(
      signing::binance_rest_signature(settings.secret, payload), signature);
  } else if (const auto bytes = signing::base64_decode(signature)) {
    good = signing::verify_text(settings.public_key, payload, *bytes);
  }
  if (!good) {
    throw ApiError{400, -1022, "Signature for this request is not valid."};
  }
}

/// timestamp < server time + 1 s, and server time - timestamp <= recvWindow.
void BinanceServer::check_time(const Parameters& parameters) const {
  constexpr std::int64_t window_preset_ms = 5'000;
  constexpr std::int64_t window_max_ms = 60'000;
  (void)parameters.need("timestamp");
  const auto timestamp = ms(*parameters.time("timestamp"));
  auto window = window_preset_ms;
  if (const auto text = parameters.find("recvWindow"); text && !text->empty()) {
    Parameters whole; // up to three decimals are taken; the whole milliseconds are compared
    whole.add("recvWindow", std::string(text->substr(0, text->find('.'))));
    window = whole.need_integer("recvWindow");
  }
  if (window > window_max_ms || window < 0) {
    throw ApiError{400, -1131, "recvWindow must be less than 60000."};
  }
  const auto now = ms(time_);
  if (timestamp >= now + 1'000) {
    throw ApiError{400, -1021, "Timestamp for this request was 1000ms ahead of the server's time."};
  }
  if (now - timestamp > window) {
    throw ApiError{400, -1021, "Timestamp for this request is outside of the recvWindow."};
  }
}

} // namespace troupe::venues::binance::server
