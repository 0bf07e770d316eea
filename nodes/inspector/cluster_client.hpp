#pragma once

#include "core/duration.hpp"
#include "core/errc.hpp"

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::inspector {

/// Where and how to ask.
struct ClientOptions {
  std::string node = "http://127.0.0.1:8080"; ///< API address of any node
  std::string token;                          ///< bearer token; empty: none
  core::Duration timeout = std::chrono::seconds{5};
  bool only_this_node = false; ///< do not ask the other nodes of the cluster
};

/// One node's answer.
struct NodeAnswer {
  std::string node;
  std::shared_ptr<const nlohmann::json> data; ///< the envelope's data; null where `error` is set
  core::Error error{core::Errc::NONE, {}};
  std::string warning;          ///< it answers, but is not what it should be
  std::int64_t asked_ns = 0;    ///< UTC, of this machine's clock
  std::int64_t answered_ns = 0; ///< UTC
};

/// Asks nodes over their own API, which works when the cluster layer is sick.
class ClusterClient {
public:
  explicit ClusterClient(ClientOptions options);

  /// One request to the node it was given.
  /// @param method  "GET" or "POST"
  /// @param longer  added to the timeout, for what takes its time
  [[nodiscard]] core::Result<nlohmann::json>
  ask(const std::string& method, const std::string& path, core::Duration longer = {}) const;

  /// The same request to every node that the given one knows of, all at once; itself first. Nodes
  /// that are declared down are asked too, for a second at most: their API may live on.
  /// @returns an error only where the given node itself does not answer
  [[nodiscard]] core::Result<std::vector<NodeAnswer>> ask_all(const std::string& path,
                                                              core::Duration longer = {}) const;

  /// To the node of that name.
  [[nodiscard]] core::Result<nlohmann::json> ask_node(const std::string& name,
                                                      const std::string& method,
                                                      const std::string& path,
                                                      core::Duration longer = {}) const;

  [[nodiscard]] const ClientOptions& options() const { return options_; }

private:
  [[nodiscard]] core::Result<nlohmann::json> ask_at(const std::string& base,
                                                    const std::string& method,
                                                    const std::string& path,
                                                    core::Duration timeout) const;
  [[nodiscard]] NodeAnswer
  ask_member(const nlohmann::json& member, const std::string& path, core::Duration longer) const;
  ClientOptions options_;
};

/// Percent-encodes a value for a query.
[[nodiscard]] std::string query_value(std::string_view text);

} // namespace troupe::inspector
