#pragma once

#include "core/clock.hpp"
#include "core/duration.hpp"
#include "core/errc.hpp"
#include "net/counters.hpp"
#include "net/router.hpp"
#include "net/server_settings.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::net {

/// Says whether a request may use a route of that scope. Called on server threads before the body
/// is read. @returns the caller's subject, empty for nobody in particular
using Authoriser = std::function<core::Result<std::string>(const Request&, std::string_view scope)>;

/// One answered request, for metrics and access logs.
struct RequestRecord {
  Method method = Method::GET;
  std::string_view route; ///< the route's path pattern; empty where none matched
  unsigned status = 0;
  std::int64_t latency_ns = 0; ///< from the whole request read to the reply queued
  std::size_t reply_bytes = 0;
};

/// What a server is given besides its settings and routes.
struct ServerOptions {
  std::string node = "node";                         ///< prefix of generated request ids
  Authoriser authorise;                              ///< empty: every route is open
  std::function<void(const RequestRecord&)> observe; ///< called on server threads; must be quick
  const core::Clock* clock = nullptr; ///< of the Date header; null: the system's UTC clock
};

/// Where a server listens.
struct Bound {
  std::string address;
  std::uint16_t port = 0;
  bool is_tls = false;
  /// "http://127.0.0.1:8080"
  [[nodiscard]] std::string url() const;
  /// "127.0.0.1:8080"
  [[nodiscard]] std::string host_port() const;
};

/// An HTTP/1.1 and WebSocket server: one thread and one event loop per `settings.threads`.
class Server {
public:
  Server(ServerSettings settings, Router router, ServerOptions options = {});
  ~Server(); ///< stops at once
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds, listens, starts the threads. Once.
  /// @returns CONFIG_INVALID for a bad address, IO_ERROR when it cannot be bound (names it) or a
  ///          certificate cannot be read
  [[nodiscard]] core::Result<Bound> start();

  /// The first half of start(): the address is taken and known, connections wait in the kernel.
  [[nodiscard]] core::Result<Bound> bind();
  /// The second half, with the routes, which may need what was made since.
  [[nodiscard]] core::Result<void> serve(Router router);

  /// Takes no more connections, lets requests in flight end, closes WebSockets with 1001; what is
  /// left at the deadline is cut. Returns when all threads have ended. May be called repeatedly.
  void stop(core::Duration deadline);

  [[nodiscard]] const ServerCounters& counters() const noexcept;

private:
  void run();
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace troupe::net
