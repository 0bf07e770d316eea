#pragma once

#include "actors/venues/coinbase/server/calls.hpp"
#include "actors/venues/coinbase/server/feed.hpp"
#include "actors/venues/coinbase/server/settings.hpp"
#include "actors/venues/exchange_server/endpoint.hpp"
#include "actors/venues/exchange_server/limits.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe::core::json {
class View;
}

namespace troupe::venues::coinbase::server {

/// Coinbase Exchange over a simulated exchange: REST and the feed, with signatures checked and
/// limits enforced as documented.
class CoinbaseServer final : public exchange_server::Endpoint, public engine::ExchangeListener {
public:
  CoinbaseServer(engine::ExchangeSettings settings,
                 Limits limits,
                 const exchange_server::EndpointContext& context);
  ~CoinbaseServer() override;

  void advance(core::Timestamp now) override;
  void on_request(const net::Request& request, Respond respond) override;
  void on_open(const net::SessionPtr& session, const net::Request& request) override;
  void on_message(const net::SessionPtr& session, std::string_view text) override;
  void on_close(const net::SessionPtr& session) override;
  [[nodiscard]] net::Response error_reply(unsigned status) const override;
  [[nodiscard]] engine::Exchange& exchange() override { return *exchange_; }

private:
  using Buckets = std::map<std::string, exchange_server::TokenBucket>;

  void on_level(std::size_t market, const engine::LevelChange& change, core::Timestamp) override;
  void on_book_order(std::size_t market, const engine::BookOrderEvent& event) override;
  void on_order(const engine::Order& order,
                engine::OrderChange change,
                const engine::Execution* execution) override;
  void on_balances(std::size_t account, const std::vector<std::string>& currencies) override;

  [[nodiscard]] bool take(Buckets& buckets, const std::string& who, double rate, double burst);
  void limit(const Call& call, const std::string& who);
  [[nodiscard]] std::size_t authenticate(const net::Request& request) const;
  void check_timestamp(std::string_view text) const;
  void check_sessions();
  void refresh_month();
  void flush();

  // ---- the feed's requests (feed_requests.cpp)
  [[nodiscard]] std::optional<FeedRequest> read_request(FeedSession& session,
                                                        std::string_view text);
  [[nodiscard]] bool add_channel(FeedSession& session,
                                 const core::json::View& message,
                                 std::string_view name,
                                 const core::json::View& products_of,
                                 FeedRequest& request);
  [[nodiscard]] bool signed_in(FeedSession& session, const core::json::View& message) const;

  Limits limits_;
  engine::CandleSource& candles_;
  exchange_server::FaultPlan& faults_;
  core::Timestamp time_; ///< the venue's clock: the exchange's, skewed by faults
  Feed feed_;
  std::vector<OrderBook> books_;
  std::map<std::string, std::uint64_t> orders_; ///< ids by UUID
  std::vector<std::int64_t> month_lots_;
  core::Timestamp month_due_;
  Buckets public_;
  Buckets private_;
  Buckets fills_;
  Buckets connections_;
  Buckets messages_;
  std::unique_ptr<engine::Exchange> exchange_;
};

} // namespace troupe::venues::coinbase::server
