#include "actors/storage/cache_actor.hpp"

#include "actors/storage/cache.hpp"
#include "supervision/ask.hpp"

#include <memory>
#include <utility>

namespace troupe::storage {

namespace {

struct CacheState {
  static inline const char* name = "cache";
  std::unique_ptr<MemoryCache<std::string>> entries;
};
using CacheSelf = supervision::StatefulActor<CacheState>;

caf::result<CacheAnswer> on_get(CacheSelf* self, const CacheGet& request) {
  const auto* const value = self->state.entries->get(request.key);
  return CacheAnswer{value != nullptr ? std::optional{*value} : std::nullopt};
}

caf::behavior cache_behavior(CacheSelf* self, CacheActorSettings settings) {
  self->state.entries = std::make_unique<MemoryCache<std::string>>(
    self->runtime().clock, CacheSettings{settings.ttl.chrono(), settings.entries_max});
  return {
    [self](const CachePut& put) { self->state.entries->put(put.key, put.value); },
    supervision::handle<CacheGet>(self, on_get),
  };
}

} // namespace

core::Result<void> check(const CacheActorSettings& settings) {
  const auto wrong = [](const std::string& what) {
    return core::Error{core::Errc::CONFIG_INVALID, what};
  };
  if (settings.url != "memory:") {
    return wrong("cache.url: expected \"memory:\", found \"" + settings.url.substr(0, 8) + "...\"");
  }
  if (settings.ttl.ns <= 0) {
    return wrong("cache.ttl: expected a time above 0, found " + settings.ttl.to_text());
  }
  if (settings.entries_max == 0) {
    return wrong("cache.entries_max: expected a number above 0, found 0");
  }
  return {};
}

supervision::Start cache_actor(CacheActorSettings settings) {
  return [settings = std::move(settings)](supervision::StartContext& context) {
    return context.spawn(cache_behavior, settings);
  };
}

} // namespace troupe::storage
