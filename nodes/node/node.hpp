#pragma once

#include "core/clock.hpp"
#include "nodes/config/node_settings.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::node {

/// A running node: actor system, cluster, services and API, started and stopped in order.
class Node {
public:
  /// @param on_escalation  the supervision tree gave up: log the line and end the process
  /// @returns CONFIG_INVALID or IO_ERROR that says what is in the way
  [[nodiscard]] static core::Result<std::unique_ptr<Node>>
  start(config::NodeSettings settings, std::function<void(const std::string&)> on_escalation);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  [[nodiscard]] bool ready() const;

  /// "ready node=NAME api=http://HOST:PORT cluster=HOST:PORT"
  [[nodiscard]] std::string ready_line() const;
  [[nodiscard]] std::string api_url() const;
  [[nodiscard]] const config::NodeSettings& settings() const;

  /// Stops in order: not ready, out of the cluster, API, services in reverse.
  /// @returns paths of actors that still run at the deadline
  [[nodiscard]] std::vector<std::string> stop();

private:
  struct State;
  explicit Node(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

} // namespace troupe::node
