#pragma once

#include "actors/venues/binance/server/binance_server.hpp"
#include "actors/venues/common/signing.hpp"
#include "endpoint_fixture.hpp"

/// The Binance side with one account, spoken to as its clients do.
namespace troupe::test {

struct BinanceWorld
  : EndpointFixture<venues::binance::server::BinanceServer, venues::binance::server::Limits> {
  explicit BinanceWorld(venues::binance::server::Limits limits = {},
                        engine::ExchangeSettings settings = small_exchange("USDT"))
    : EndpointFixture(std::move(settings), limits) {}

  [[nodiscard]] std::int64_t now_ms() const { return now.ns / 1'000'000; }
  std::string sign(std::string query) const {
    query += (query.empty() ? "" : "&") + ("timestamp=" + std::to_string(now_ms()));
    return query + "&signature=" + venues::signing::binance_rest_signature(secret, query);
  }
  Reply signed_call(net::Method method, const std::string& path, const std::string& query = {}) {
    return call(method, path + '?' + sign(query), {{"X-MBX-APIKEY", "key"}});
  }
  Reply place(const std::string& query) {
    return signed_call(net::Method::POST, "/api/v3/order", "symbol=BTCUSDT&" + query);
  }
  json api(const std::shared_ptr<FakeSession>& session,
           const std::string& method,
           json params,
           bool with_signature = true) {
    if (with_signature) {
      params["apiKey"] = "key";
      params["timestamp"] = now_ms();
      venues::signing::Parameters sorted;
      for (const auto& [name, value] : params.items()) {
        sorted.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
      }
      params["signature"] = venues::signing::binance_websocket_signature(secret, sorted);
    }
    (void)session->take();
    send(session, {{"id", "x"}, {"method", method}, {"params", params}});
    for (const auto& frame : session->take()) {
      if (frame.contains("status")) {
        return frame;
      }
    }
    return {};
  }
  double price() {
    return std::stod(get("/api/v3/ticker/price?symbol=BTCUSDT").body["price"].get<std::string>());
  }
  std::string at(double factor) { return std::to_string(static_cast<int>(price() * factor)); }
  std::string secret = "c2VjcmV0IG9mIHRoZSB0ZXN0";
};

#define CHECK_ERROR(reply, code_, status_)                                                         \
  CHECK((reply).status == (status_));                                                              \
  CHECK((reply).body["code"] == (code_))

} // namespace troupe::test
