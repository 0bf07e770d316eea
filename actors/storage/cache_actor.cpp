#include "actors/storage/cache_actor.hpp"

#include "actors/storage/cache.hpp"
#include "actors/storage/redis_client.hpp"
#include "core/log.hpp"
#include "supervision/ask.hpp"
#include "supervision/breakers.hpp"

#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace troupe::storage {

/// Everything that was queued before this goes to Redis in one pipeline.
struct CacheFlushDue {};

} // namespace troupe::storage

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::CacheFlushDue)

namespace troupe::storage {

namespace {

using namespace std::chrono_literals;

/// Puts and gets that wait for one pipeline; when there are so many it goes out at once.
constexpr std::size_t pipeline_max = 256;
constexpr std::string_view memory_url = "memory:";

/// The entries that all nodes share, and what waits to go there.
struct Shared {
  Shared(RedisAddress address, std::shared_ptr<supervision::Breaker> guard)
    : client(std::move(address)), breaker(std::move(guard)) {}

  RedisClient client;
  std::shared_ptr<supervision::Breaker> breaker;
  std::map<std::string, std::string> puts; ///< the newest per key
  std::vector<std::pair<std::string, caf::typed_response_promise<CacheAnswer>>> gets;
  bool flush_due = false;
  bool away = false; ///< said so in the log
};

struct CacheState {
  static inline const char* name = "cache";
  CacheActorSettings settings;
  std::unique_ptr<MemoryCache<std::string>> entries;
  std::unique_ptr<Shared> shared; ///< empty: memory only
};
using CacheSelf = supervision::StatefulActor<CacheState>;

void tell_change(Shared& shared, const core::Result<void>& outcome) {
  if (outcome.has_value() == !shared.away) {
    return;
  }
  shared.away = !outcome.has_value();
  if (shared.away) {
    core::log::warn("shared cache away, memory serves",
                    {{"error", core::to_string(outcome.error())}});
  } else {
    core::log::info("shared cache back", {});
  }
}

void flush(CacheSelf* self) {
  auto& shared = *self->state.shared;
  shared.flush_due = false;
  if (shared.puts.empty() && shared.gets.empty()) {
    return;
  }
  const auto puts = std::exchange(shared.puts, {});
  std::vector<std::optional<std::string>> replies;
  // while it is open, what is put is in memory only: every instrument puts again each second
  if (shared.breaker->allow()) {
    const auto ttl =
      std::chrono::duration_cast<std::chrono::milliseconds>(self->state.settings.ttl.chrono());
    for (const auto& [key, value] : puts) {
      shared.client.set(self->state.settings.prefix + key, value, std::max(ttl, 1ms));
    }
    for (const auto& [key, promise] : shared.gets) {
      shared.client.get(self->state.settings.prefix + key);
    }
    const auto started = self->clock().now();
    auto answered = shared.client.flush();
    shared.breaker->report(answered ? core::Errc::NONE : answered.error().code,
                           self->clock().now() - started);
    if (answered) {
      replies = std::move(*answered);
      tell_change(shared, {});
    } else {
      tell_change(shared, answered.error());
    }
  }
  for (std::size_t i = 0; i < shared.gets.size(); ++i) {
    const auto at = puts.size() + i;
    shared.gets[i].second.deliver(CacheAnswer{at < replies.size() ? replies[at] : std::nullopt});
  }
  shared.gets.clear();
}

void schedule(CacheSelf* self) {
  auto& shared = *self->state.shared;
  if (shared.puts.size() + shared.gets.size() >= pipeline_max) {
    flush(self);
  } else if (!std::exchange(shared.flush_due, true)) {
    self->send(self, CacheFlushDue{});
  }
}

void on_put(CacheSelf* self, const CachePut& put) {
  self->state.entries->put(put.key, put.value);
  if (self->state.shared) {
    self->state.shared->puts[put.key] = put.value;
    schedule(self);
  }
}

caf::result<CacheAnswer> on_get(CacheSelf* self, const CacheGet& request) {
  const auto* const value = self->state.entries->get(request.key);
  if (value != nullptr || !self->state.shared) {
    return CacheAnswer{value != nullptr ? std::optional{*value} : std::nullopt};
  }
  auto promise = self->make_response_promise<CacheAnswer>();
  self->state.shared->gets.emplace_back(request.key, promise);
  schedule(self);
  return promise;
}

caf::behavior cache_behavior(CacheSelf* self, CacheActorSettings settings) {
  auto& state = self->state;
  state.entries = std::make_unique<MemoryCache<std::string>>(
    self->runtime().clock, CacheSettings{settings.ttl.chrono(), settings.entries_max});
  if (settings.url != memory_url) {
    // slow: a cache that takes longer helps nobody
    state.shared = std::make_unique<Shared>(
      parse_redis_url(settings.url).value(),
      self->runtime().breakers.edge(self->service() + ">redis", {.slow = 100ms}));
  }
  state.settings = std::move(settings);
  return {
    [self](const CachePut& put) { on_put(self, put); },
    supervision::handle<CacheGet>(self, on_get),
    [self](CacheFlushDue) { flush(self); },
  };
}

} // namespace

core::Result<void> check(const CacheActorSettings& settings) {
  const auto wrong = [](const std::string& what) {
    return core::Error{core::Errc::CONFIG_INVALID, what};
  };
  if (settings.url != memory_url) {
    if (!settings.url.starts_with("redis:")) {
      return wrong("cache.url: expected memory: or redis://HOST:PORT, found \""
                   + settings.url.substr(0, settings.url.find(':')).substr(0, 32) + "...\"");
    }
    if (auto parsed = parse_redis_url(settings.url); !parsed) {
      return parsed.error();
    }
  }
  if (settings.ttl.ns <= 0) {
    return wrong("cache.ttl: expected a time above 0, found " + settings.ttl.to_text());
  }
  if (settings.entries_max == 0) {
    return wrong("cache.entries_max: expected a number above 0, found 0");
  }
  return {};
}

bool blocks(const CacheActorSettings& settings) {
  return settings.url != memory_url;
}

supervision::Start cache_actor(CacheActorSettings settings) {
  return [settings = std::move(settings)](supervision::StartContext& context) {
    return context.spawn(cache_behavior, settings);
  };
}

} // namespace troupe::storage
