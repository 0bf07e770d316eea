#pragma once

#include "core/duration.hpp"
#include "messages/ticker_board.hpp"
#include "net/auth.hpp"
#include "net/server.hpp"
#include "nodes/api/node_views.hpp"
#include "supervision/runtime.hpp"
#include "supervision/supervisor.hpp"

#include <memory>
#include <string>
#include <vector>

namespace troupe::api {

struct ApiConfig {
  std::string node; ///< its name, in replies and request ids
  net::ServerSettings server;
  std::vector<net::TokenSettings> tokens;
  bool open_reads = true;
  bool public_routes = true; ///< the services' routes too (role api), not only the node's own
  std::string data_dir;      ///< where the node's own token lies
  std::string version;
  core::Duration ask_deadline = std::chrono::seconds{2};
  core::Duration last_good_ttl = std::chrono::seconds{60};
  std::size_t last_good_entries_max = 10'000;
  std::size_t bridges = 8; ///< actors that carry requests from the server's threads
  /// What this node's instruments publish; null: their actors are always asked.
  std::shared_ptr<const messages::TickerBoard> tickers{};
};

/// The node's HTTP and WebSocket API: health, metrics and inspection on every node, the services'
/// routes where the role api is carried.
class ApiServer {
public:
  explicit ApiServer(ApiConfig config);
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  /// Binds, so that the address can be told before anything is answered.
  /// @returns where it will listen; CONFIG_INVALID or IO_ERROR as net::Server::bind, or for the
  ///          tokens
  [[nodiscard]] core::Result<net::Bound> bind();

  /// The supervised actors behind the streams.
  [[nodiscard]] std::vector<supervision::ChildSpec> children() const;

  /// Starts to answer. @param runtime  outlives stop()
  [[nodiscard]] core::Result<void> start(supervision::Runtime& runtime, NodeViews views);

  /// Answers nothing more; what is in flight is cut at the deadline.
  void stop(core::Duration deadline);

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace troupe::api
