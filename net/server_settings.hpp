#pragma once

#include "core/duration.hpp"

#include <boost/describe/class.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::net {

/// Certificate chain and key, PEM files; both empty: no TLS.
struct TlsFiles {
  std::string certificate;
  std::string key;

  friend bool operator==(const TlsFiles&, const TlsFiles&) = default;
};
BOOST_DESCRIBE_STRUCT(TlsFiles, (), (certificate, key))

/// So many requests at once and per period; 0: no limit.
struct RateLimit {
  std::uint64_t requests = 0;
  core::Duration per = std::chrono::seconds{1};

  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};
BOOST_DESCRIBE_STRUCT(RateLimit, (), (requests, per))

/// Of each token, and of each address for what comes without one; more is answered with 429. The
/// defaults are above what one thread serves: they bound a flood, not a desk.
struct RateLimits {
  RateLimit read{200'000, std::chrono::seconds{1}};
  RateLimit command{2'000, std::chrono::seconds{1}}; ///< scopes trade and admin
  std::uint64_t callers_max = 65'536;                ///< told apart

  friend bool operator==(const RateLimits&, const RateLimits&) = default;
};
BOOST_DESCRIBE_STRUCT(RateLimits, (), (read, command, callers_max))

/// Limits of one server. Counts and bytes of 0 mean "no limit" only where it says so.
struct ServerSettings {
  std::string listen = "127.0.0.1:8080"; ///< ADDRESS:PORT or [V6]:PORT; port 0 picks a free one
  std::uint32_t threads = 1;
  TlsFiles tls;
  /// Host names served besides localhost and loopback addresses; on loopback any other is refused.
  std::vector<std::string> hosts;
  /// Origins allowed to open WebSockets besides the server's own and localhost, such as
  /// https://desk.example; "*" allows all.
  std::vector<std::string> origins;

  std::uint64_t header_bytes_max = 16'384;
  std::uint64_t target_bytes_max = 8'192;
  std::uint64_t header_fields_max = 100;
  std::uint64_t body_bytes_max = 1'048'576;
  core::Duration header_timeout = std::chrono::seconds{10};
  core::Duration body_timeout = std::chrono::seconds{30};
  core::Duration keep_alive_timeout = std::chrono::seconds{60};
  core::Duration write_timeout = std::chrono::seconds{30};
  core::Duration reply_timeout = std::chrono::seconds{60};        ///< of an asynchronous handler
  core::Duration sweep_interval = std::chrono::milliseconds{100}; ///< how late a timeout may fire
  std::uint64_t requests_per_connection_max = 0;                  ///< 0: no limit
  RateLimits rate_limits;
  std::uint64_t connections_max = 20'000;
  std::uint64_t connections_per_address_max = 10'000;
  std::uint64_t pipelined_requests_max = 64;
  std::uint64_t unsent_bytes_max = 262'144; ///< replies waiting, above which nothing more is read

  std::uint64_t websocket_message_bytes_max = 65'536; ///< incoming, whole message
  RateLimit websocket_messages{1'000,
                               std::chrono::seconds{1}}; ///< incoming, per session; then 1008
  std::uint64_t websocket_queue_frames_max = 4'096;      ///< outgoing, per session
  std::uint64_t websocket_queue_bytes_max = 4'194'304;   ///< outgoing, per session
  core::Duration websocket_ping_interval = std::chrono::seconds{20};
  core::Duration websocket_idle_timeout = std::chrono::seconds{60}; ///< nothing heard, not a pong
  core::Duration websocket_close_timeout = std::chrono::seconds{5};

  friend bool operator==(const ServerSettings&, const ServerSettings&) = default;
};
BOOST_DESCRIBE_STRUCT(ServerSettings,
                      (),
                      (listen,
                       threads,
                       tls,
                       hosts,
                       origins,
                       header_bytes_max,
                       target_bytes_max,
                       header_fields_max,
                       body_bytes_max,
                       header_timeout,
                       body_timeout,
                       keep_alive_timeout,
                       write_timeout,
                       reply_timeout,
                       sweep_interval,
                       requests_per_connection_max,
                       rate_limits,
                       connections_max,
                       connections_per_address_max,
                       pipelined_requests_max,
                       unsent_bytes_max,
                       websocket_message_bytes_max,
                       websocket_messages,
                       websocket_queue_frames_max,
                       websocket_queue_bytes_max,
                       websocket_ping_interval,
                       websocket_idle_timeout,
                       websocket_close_timeout))

} // namespace troupe::net
