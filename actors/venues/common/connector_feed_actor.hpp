#pragma once

#include "actors/venues/common/feed_protocol.hpp"
#include "actors/venues/common/rest_call.hpp"
#include "supervision/supervisor.hpp"

#include <functional>
#include <memory>

/// The child "feed" of a venue that is reached over the network, whichever protocol it speaks: one
/// WebSocket, opened when the venue has said what it lists and somebody follows an instrument;
/// reconnected with exponential backoff and jitter; while it is down the top of each book is polled
/// over REST. It answers to FeedSubscribe, FeedUnsubscribe and FeedAck (feed.hpp).
///
/// State: what its receivers have published, and the protocol's books. A restart loses them: the
/// receivers subscribe again and say what they have published, books are rebuilt from the venue.
namespace troupe::venues {

using MakeProtocol = std::function<std::unique_ptr<FeedProtocol>()>;

[[nodiscard]] supervision::Start connector_feed_actor(RestPort port, MakeProtocol make_protocol);

} // namespace troupe::venues
