#pragma once

#include "core/duration.hpp"
#include "core/inspect.hpp"
#include "core/json.hpp"
#include "supervision/supervisor.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <optional>
#include <string>

/// The actor that keeps last good values, and what it is asked. Local to the node.
namespace troupe::storage {

using core::inspect;

/// Keeps bytes under a key, in place of what was there, for the cache's time to live. One-way.
struct CachePut {
  std::string key;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(CachePut, (), (key, value))

struct CacheAnswer {
  std::optional<std::string> value; ///< nothing where it is absent or too old
};
BOOST_DESCRIBE_STRUCT(CacheAnswer, (), (value))

struct CacheGet {
  using Reply = CacheAnswer;
  std::string key;
};
BOOST_DESCRIBE_STRUCT(CacheGet, (), (key))

struct CacheActorSettings {
  std::string url = "memory:"; ///< or redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]
  core::Duration ttl = std::chrono::seconds{60};
  std::uint32_t entries_max = 100'000; ///< in memory
  /// Before every key in Redis: what it holds there is in the layout of this build's messages.
  std::string prefix = "troupe:";
};

/// @returns what is wrong with it: a `cache.url` of another kind, a limit of 0
[[nodiscard]] core::Result<void> check(const CacheActorSettings& settings);

/// Whether the actor waits for a server: declare the child detached then.
[[nodiscard]] bool blocks(const CacheActorSettings& settings);

/// Starts a cache in memory, and in Redis where the url says so. With Redis every put goes to both
/// and a get asks Redis for what is not in memory (another node put it); what is queued goes out in
/// one pipeline. While Redis is away its breaker is open and memory carries on alone.
/// State: its entries, which a restart loses: they are copies.
/// @pre check(settings) finds nothing wrong
[[nodiscard]] supervision::Start cache_actor(CacheActorSettings settings);

} // namespace troupe::storage

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::CachePut)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::CacheGet)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::CacheAnswer)
