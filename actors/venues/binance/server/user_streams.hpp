#pragma once

#include "actors/venues/binance/server/symbols.hpp"
#include "actors/venues/exchange_server/faults.hpp"
#include "net/websocket.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe::venues::binance::server {

/// Who hears of an account's orders and balances: by listen key on the market streams' port, or by
/// subscription on the WebSocket API.
class UserStreams {
public:
  UserStreams(exchange_server::FaultPlan& faults, core::Duration key_lifetime)
    : faults_(&faults), key_lifetime_(key_lifetime) {}

  // ---- listen keys
  /// The account's key; a valid one is prolonged.
  [[nodiscard]] std::string open_key(std::size_t account, core::Timestamp now);
  /// @returns whether the account has that key
  bool keep_key(std::string_view key, std::size_t account, core::Timestamp now);
  bool close_key(std::string_view key, std::size_t account);
  /// Whose key it is; nullopt for none that is valid.
  [[nodiscard]] std::optional<std::size_t> account_of(std::string_view key) const;
  /// Ends keys that nobody prolonged.
  void expire(core::Timestamp now);

  // ---- subscribers
  enum class Form : std::uint8_t { BARE, COMBINED, API };
  /// @param name  the listen key; empty for the WebSocket API
  /// @returns the subscription's number on that session
  int subscribe(const net::SessionPtr& session,
                std::size_t account,
                Form form,
                TimeUnit unit,
                std::string name);
  /// @returns whether there was one
  bool unsubscribe(std::uint64_t session, std::string_view name);
  bool unsubscribe(std::uint64_t session, std::optional<int> number);
  void set_form(std::uint64_t session, Form form);
  void drop(std::uint64_t session);
  [[nodiscard]] std::vector<int> subscriptions(std::uint64_t session) const;

  // ---- events
  void on_order(const engine::Exchange& exchange,
                const engine::Order& order,
                engine::OrderChange change,
                const engine::Execution* execution);
  void on_list(const engine::Exchange& exchange, const engine::OrderList& list);
  /// Number of the last execution report.
  [[nodiscard]] std::uint64_t executions() const { return executions_; }
  void on_balances(const engine::Exchange& exchange,
                   std::size_t account,
                   const std::vector<std::string>& assets);
  /// The venue's clock, for event times.
  void set_time(core::Timestamp time) { time_ = time; }
  /// Client id of the cancel under way; empty: none.
  std::string cancel_id;

private:
  struct Key {
    std::string text;
    std::size_t account = 0;
    core::Timestamp expires;
  };
  struct Subscriber {
    net::SessionPtr session;
    std::size_t account = 0;
    Form form = Form::BARE;
    TimeUnit unit = TimeUnit::MILLISECOND;
    std::string name;
    int number = 0;
  };
  void write_order(JsonWriter& json,
                   const engine::Market& market,
                   const engine::Order& order,
                   engine::OrderChange change,
                   const engine::Execution* execution) const;
  /// @param write  takes a JsonWriter
  template <class Write>
  void publish(std::size_t account, const Write& write);
  template <class Write>
  static void send(const Subscriber& to, const Write& write);

  exchange_server::FaultPlan* faults_;
  core::Duration key_lifetime_;
  core::Timestamp time_;
  std::vector<Key> keys_;
  std::vector<Subscriber> subscribers_;
  std::map<std::uint64_t, int> next_number_; ///< by session
  std::uint64_t keys_made_ = 0;
  std::uint64_t executions_ = 0;
};

} // namespace troupe::venues::binance::server
