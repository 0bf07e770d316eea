#pragma once

#include "actors/venues/common/rate_budget.hpp"
#include "core/duration.hpp"
#include "core/json.hpp"
#include "trading/instrument.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::venues {

/// How the venue's server is checked.
struct ConnectorTls {
  std::string ca; ///< PEM file; empty: the system's authorities
};
BOOST_DESCRIBE_STRUCT(ConnectorTls, (), (ca))

/// How the venue's limits are kept; the limits themselves are asked of it, or documented.
struct ConnectorLimits {
  double reserve = 0.2;                              ///< kept for orders and cancels
  double cut_off_share = 0.2;                        ///< of all nodes that cannot reach the owner
  core::Duration guard = std::chrono::seconds{1};    ///< between our clock and the venue's
  core::Duration wait_max = std::chrono::seconds{8}; ///< of one call, for its turn
  std::uint32_t waiting_max = 256;                   ///< calls at one time
};
BOOST_DESCRIBE_STRUCT(ConnectorLimits, (), (reserve, cut_off_share, guard, wait_max, waiting_max))

/// An element of `venues` that is a real venue, or one that speaks its protocol.
struct ConnectorSettings {
  std::string name;
  std::string kind;
  std::string profile; ///< of a kind with several
  std::string rest_url;
  std::string ws_url;
  ConnectorTls tls;
  std::vector<std::string> instruments; ///< BTC-USDT: the venue's base and quote asset
  core::Duration stale_after = std::chrono::seconds{10};
  core::Duration connect_timeout = std::chrono::seconds{10};
  core::Duration request_timeout = std::chrono::seconds{10};
  core::Duration reconnect_min = std::chrono::milliseconds{500}; ///< doubles up to the most
  core::Duration reconnect_max = std::chrono::seconds{30};
  core::Duration poll_after = std::chrono::seconds{3};  ///< without a stream, REST stands in
  core::Duration poll_every = std::chrono::seconds{5};  ///< each instrument, then
  core::Duration refresh_every = std::chrono::hours{1}; ///< what the venue lists
  core::Duration verify_books_every = std::chrono::seconds{30}; ///< with the venue's over REST
  std::uint32_t messages_per_second = 3;                        ///< to the stream
  std::uint32_t depth_limit = 1'000;                            ///< levels of a snapshot (Binance)
  ConnectorLimits limits;
};
BOOST_DESCRIBE_STRUCT(ConnectorSettings,
                      (),
                      (name,
                       kind,
                       profile,
                       rest_url,
                       ws_url,
                       tls,
                       instruments,
                       stale_after,
                       connect_timeout,
                       request_timeout,
                       reconnect_min,
                       reconnect_max,
                       poll_after,
                       poll_every,
                       refresh_every,
                       verify_books_every,
                       messages_per_second,
                       depth_limit,
                       limits))

/// Reads an element over the defaults of its kind, and adds what is wrong in form or meaning.
/// @returns the defaults where there were problems
[[nodiscard]] ConnectorSettings read_connector(core::json::View settings,
                                               const std::string& path,
                                               ConnectorSettings defaults,
                                               std::vector<core::json::Problem>& problems);

/// What is known of the configured instruments before the venue was asked: names, and the status
/// HALTED until it says otherwise.
[[nodiscard]] std::vector<trading::Instrument>
configured_instruments(const ConnectorSettings& settings);

} // namespace troupe::venues
