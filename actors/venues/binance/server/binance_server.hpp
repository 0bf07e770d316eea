#pragma once

#include "actors/venues/binance/server/calls.hpp"
#include "actors/venues/binance/server/market_streams.hpp"
#include "actors/venues/binance/server/settings.hpp"
#include "actors/venues/binance/server/user_streams.hpp"
#include "actors/venues/exchange_server/endpoint.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe::venues::binance::server {

/// Binance spot over a simulated exchange: REST, market streams, WebSocket API and user data, with
/// signatures checked and limits enforced as documented.
class BinanceServer final : public exchange_server::Endpoint, public engine::ExchangeListener {
public:
  BinanceServer(engine::ExchangeSettings settings,
                Limits limits,
                const exchange_server::EndpointContext& context);
  ~BinanceServer() override;

  void advance(core::Timestamp now) override;
  void on_request(const net::Request& request, Respond respond) override;
  void on_open(const net::SessionPtr& session, const net::Request& request) override;
  void on_message(const net::SessionPtr& session, std::string_view text) override;
  void on_close(const net::SessionPtr& session) override;
  [[nodiscard]] net::Response error_reply(unsigned status) const override;
  [[nodiscard]] engine::Exchange& exchange() override { return *exchange_; }

private:
  /// What one address has used of its limits.
  struct Address {
    exchange_server::AlignedCounter weight;
    exchange_server::AlignedCounter requests{std::chrono::minutes{5}};
    exchange_server::AlignedCounter connections{std::chrono::minutes{5}};
    core::Timestamp banned_until{};
    std::int64_t beyond = 0; ///< requests over the limit since it was last kept
    std::int64_t bans = 0;
  };
  [[nodiscard]] Address& usage_of(const std::string& text) {
    return addresses_
      .try_emplace(
        text, Address{.weight = exchange_server::AlignedCounter{limits_.weight_window.chrono()}})
      .first->second;
  }
  struct Session {
    net::SessionPtr session;
    core::Timestamp opened;
    bool is_api = false;
    bool warned = false;                ///< that its lifetime ends
    std::optional<std::size_t> account; ///< logged on (session.logon)
    core::Timestamp logged_on;
    TimeUnit unit = TimeUnit::MILLISECOND;
  };
  /// A refusal for limits: when to come back, in seconds and as a time.
  struct Overload {
    ApiError error;
    core::Timestamp until;
  };

  void on_level(std::size_t market, const engine::LevelChange& change, core::Timestamp) override;
  void on_trade(std::size_t market, const engine::PublicTrade& trade) override;
  void on_order(const engine::Order& order,
                engine::OrderChange change,
                const engine::Execution* execution) override;
  void on_list(const engine::OrderList& list) override;
  void on_balances(std::size_t account, const std::vector<std::string>& assets) override;

  [[nodiscard]] std::optional<Overload> charge(const std::string& address, std::int64_t weight);
  [[nodiscard]] std::optional<Overload> charge_order(std::size_t account);
  [[nodiscard]] std::size_t authenticate(std::string_view key) const;
  void check_signature(std::size_t account,
                       const std::string& payload,
                       std::string_view signature) const;
  void check_time(const Parameters& parameters) const;
  void
  run(const Call& call, CallContext& context, const Parameters& parameters, const Reply& reply);
  [[nodiscard]] CallContext context(TimeUnit unit);
  void
  add_usage(net::Response& response, const std::string& address, bool order, std::size_t account);
  void check_sessions();
  void flush();

  // ---- the WebSocket API (websocket_api.cpp)
  void api_message(const net::SessionPtr& session, std::string_view text);
  void api_call(const net::SessionPtr& session,
                const std::string& id,
                std::string_view method,
                const Parameters& parameters);
  [[nodiscard]] bool session_call(const net::SessionPtr& session,
                                  const std::string& id,
                                  std::string_view method,
                                  const Parameters& parameters);
  [[nodiscard]] std::size_t api_account(const net::SessionPtr& session,
                                        const Parameters& parameters,
                                        Security security) const;
  void announce_end(const Session& to) const;
  void log_on(const net::SessionPtr& session, const Parameters& parameters);
  [[nodiscard]] std::string session_status(const net::SessionPtr& session) const;
  void api_reply(const net::SessionPtr& session,
                 const std::string& id,
                 unsigned status,
                 std::string_view member,
                 const std::string& json,
                 bool with_limits,
                 std::optional<std::size_t> account);

  Limits limits_;
  engine::CandleSource& candles_;
  exchange_server::FaultPlan& faults_;
  core::Timestamp time_; ///< the venue's clock: the exchange's, skewed by faults
  UserStreams users_;
  MarketStreams streams_;
  std::unique_ptr<engine::Exchange> exchange_;
  std::vector<OrderCounters> orders_;
  std::map<std::string, Address> addresses_;
  std::map<std::uint64_t, Session> sessions_;
};

} // namespace troupe::venues::binance::server
