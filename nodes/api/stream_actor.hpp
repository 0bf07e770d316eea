#pragma once

#include "core/schema.hpp"
#include "net/router.hpp"
#include "nodes/api/correlation_subscriptions.hpp"
#include "nodes/api/stream_registry.hpp"
#include "supervision/supervisor.hpp"

#include <functional>
#include <memory>

namespace troupe::api {

/// The channels of /data/stream, /regime/stream and /correlation/stream.
[[nodiscard]] std::vector<Channel> data_channels();
[[nodiscard]] std::vector<Channel> regime_channels();
[[nodiscard]] std::vector<Channel> correlation_channels();

/// What an event of a channel carries.
struct StreamSchema {
  std::string channel;
  std::string event; ///< empty where the channel has one kind
  std::string data;  ///< schema of its data
};
[[nodiscard]] std::vector<StreamSchema> stream_schemas(core::SchemaRegistry& schemas);

/// The child that listens to the bus and feeds the registry; its state is the registry's, so a
/// restart loses nothing but the events between.
[[nodiscard]] supervision::ChildSpec
stream_child(std::shared_ptr<StreamRegistry> registry,
             std::shared_ptr<CorrelationSubscriptions> correlations);

/// Refuses a subscription that can never deliver.
using SubscriptionCheck = std::function<core::Result<void>(const StreamRequest& request)>;

/// The WebSocket route of a stream.
/// @param channels  those that may be subscribed there
/// @param check     beyond what the registry checks; may be empty
[[nodiscard]] net::Route stream_route(std::string path,
                                      std::vector<Channel> channels,
                                      std::shared_ptr<StreamRegistry> registry,
                                      SubscriptionCheck check = {});

} // namespace troupe::api
