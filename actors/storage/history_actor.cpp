#include "actors/storage/history_actor.hpp"

#include "actors/storage/open_history.hpp"
#include "core/log.hpp"
#include "supervision/ask.hpp"

#include <memory>
#include <utility>

namespace troupe::storage {

namespace {

struct HistoryState {
  static inline const char* name = "history_store";
  std::string url;
  std::unique_ptr<HistoryStore> store; ///< empty until it could be opened
};
using HistorySelf = supervision::StatefulActor<HistoryState>;

core::Result<HistoryStore*> opened(HistorySelf* self) {
  auto& state = self->state;
  if (!state.store) {
    auto store = open_history(state.url);
    if (!store) {
      core::log::warn("history store does not open",
                      {{"path", self->path()}, {"error", store.error().message}});
      return store.error();
    }
    state.store = std::move(*store);
  }
  return state.store.get();
}

caf::result<BarsStored> on_store(HistorySelf* self, const StoreBars& request) {
  const auto store = opened(self);
  if (!store) {
    return core::to_caf(store.error());
  }
  BarsStored stored;
  for (const auto& part : request.parts) {
    const auto changed = (*store)->upsert_bars(part.instrument, part.interval, part.bars);
    if (!changed) {
      return core::to_caf(changed.error());
    }
    stored.changed += *changed;
  }
  return stored;
}

caf::result<BarsLoaded> on_load(HistorySelf* self, const LoadBars& request) {
  const auto store = opened(self);
  if (!store) {
    return core::to_caf(store.error());
  }
  auto bars = (*store)->bars(request.instrument, request.interval, {request.start, request.end},
                             request.limit, request.start ? Pick::OLDEST : Pick::NEWEST);
  if (!bars) {
    return core::to_caf(bars.error());
  }
  return BarsLoaded{std::move(*bars)};
}

caf::behavior history_behavior(HistorySelf* self, std::string url) {
  self->state.url = std::move(url);
  return {
    supervision::handle<StoreBars>(self, on_store),
    supervision::handle<LoadBars>(self, on_load),
  };
}

} // namespace

supervision::Start history_actor(std::string url) {
  return [url = std::move(url)](supervision::StartContext& context) {
    return context.spawn(history_behavior, url);
  };
}

} // namespace troupe::storage
