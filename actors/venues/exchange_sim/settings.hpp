#pragma once

#include "actors/venues/exchange_server/faults.hpp"
#include "actors/venues/sim/settings.hpp"
#include "core/json.hpp"
#include "net/server_settings.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe::venues::exchange_sim {

/// Who may trade, and with what to begin.
struct AccountEntry {
  std::string key;
  std::string secret;     ///< Coinbase's clients take it for base64
  std::string passphrase; ///< Coinbase's alone
  std::string public_key; ///< PEM, RSA or Ed25519; Binance's alone, in place of the secret
  std::map<std::string, trading::Money> balances;
};
BOOST_DESCRIBE_STRUCT(AccountEntry, (), (key, secret, passphrase, public_key, balances))

/// One venue's side: an exchange of its own.
struct Side {
  std::string listen; ///< HOST:PORT, port 0 picks one; empty: this side is not served
  std::string venue;  ///< of the simulated market, SIM-A or SIM-B: its noise, spreads and fees
};
BOOST_DESCRIBE_STRUCT(Side, (), (listen, venue))

/// The venues' documented limits, by default.
struct LimitSettings {
  std::int64_t binance_weight_per_minute = 6'000;
  core::Duration binance_weight_window =
    std::chrono::minutes{1}; ///< that minute, or less for tests
  std::int64_t binance_raw_requests_per_5_minutes = 61'000;
  std::int64_t binance_orders_per_10_seconds = 50;
  std::int64_t binance_orders_per_day = 160'000;
  std::int64_t binance_ban_after = 20; ///< requests beyond the limit
  core::Duration binance_ban = std::chrono::minutes{2};
  std::int64_t binance_messages_per_second = 5;
  std::int64_t binance_connections_per_5_minutes = 300;
  std::int64_t binance_streams_per_connection = 1'024;
  core::Duration binance_listen_key_lifetime = std::chrono::minutes{60};
  double coinbase_public_per_second = 10;
  double coinbase_public_burst = 15;
  double coinbase_private_per_second = 15;
  double coinbase_private_burst = 30;
  double coinbase_fills_per_second = 10;
  double coinbase_fills_burst = 20;
  double coinbase_messages_per_second = 100;
  double coinbase_connections_per_second = 8;
  double coinbase_connections_burst = 20;
  core::Duration coinbase_subscribe_within = std::chrono::seconds{5};
  core::Duration connection_lifetime = std::chrono::hours{24};
  core::Duration ping_interval = std::chrono::seconds{20};
  core::Duration pong_within = std::chrono::seconds{60};
};
BOOST_DESCRIBE_STRUCT(LimitSettings,
                      (),
                      (binance_weight_per_minute,
                       binance_weight_window,
                       binance_raw_requests_per_5_minutes,
                       binance_orders_per_10_seconds,
                       binance_orders_per_day,
                       binance_ban_after,
                       binance_ban,
                       binance_messages_per_second,
                       binance_connections_per_5_minutes,
                       binance_streams_per_connection,
                       binance_listen_key_lifetime,
                       coinbase_public_per_second,
                       coinbase_public_burst,
                       coinbase_private_per_second,
                       coinbase_private_burst,
                       coinbase_fills_per_second,
                       coinbase_fills_burst,
                       coinbase_messages_per_second,
                       coinbase_connections_per_second,
                       coinbase_connections_burst,
                       coinbase_subscribe_within,
                       connection_lifetime,
                       ping_interval,
                       pong_within))

/// The section exchange_sim of a node's settings.
struct Settings {
  Side binance{"127.0.0.1:9081", "SIM-A"};
  Side coinbase{"127.0.0.1:9082", "SIM-B"};
  net::TlsFiles tls;              ///< of both sides
  bool allow_plain = false;       ///< no TLS although others can reach the ports
  std::vector<std::string> hosts; ///< names of this machine that clients use, besides localhost
  std::vector<AccountEntry> accounts;
  LimitSettings limits;
  exchange_server::Faults faults; ///< in force from the start
  std::uint64_t seed = 1;         ///< of the market
  double trades_per_second = sim::SimSettings{}.trades_per_second;
  std::optional<std::vector<sim::SimInstrument>> instruments;
  core::Duration history = std::chrono::hours{24 * 365}; ///< candles and trades before the start
  bool warm_history = true; ///< compute the past's hours in the background after the start
};
BOOST_DESCRIBE_STRUCT(Settings,
                      (),
                      (binance,
                       coinbase,
                       tls,
                       allow_plain,
                       hosts,
                       accounts,
                       limits,
                       faults,
                       seed,
                       trades_per_second,
                       instruments,
                       history,
                       warm_history))

/// The market that the settings describe; both sides share it.
[[nodiscard]] sim::SimSettings market_of(const Settings& settings);

/// Adds what is wrong: path below exchange_sim, expected, found.
void check(const Settings& settings, std::vector<core::json::Problem>& problems);

} // namespace troupe::venues::exchange_sim
