#include "actors/storage/history_actor.hpp"

#include "actors/storage/open_history.hpp"
#include "core/log.hpp"
#include "supervision/ask.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

namespace troupe::storage {

namespace {

struct HistoryState {
  static inline const char* name = "history_store";
  std::string url;
  std::unique_ptr<HistoryStore> store; ///< empty until it could be opened
  /// Since when an instrument's trades are recorded: copies of what the store has.
  std::map<std::string, core::Timestamp> recorded_since;
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

std::string since_name(const std::string& instrument) {
  return "trades-recorded-since/" + instrument;
}

/// @returns nothing where the instrument was never recorded
core::Result<std::optional<core::Timestamp>>
recorded_since(HistorySelf* self, HistoryStore& store, const std::string& instrument) {
  auto& known = self->state.recorded_since;
  if (const auto at = known.find(instrument); at != known.end()) {
    return std::optional{at->second};
  }
  const auto noted = store.blob(since_name(instrument));
  if (!noted) {
    return noted.error();
  }
  if (!*noted) {
    return std::optional<core::Timestamp>{};
  }
  const auto since = core::Timestamp::from_text(**noted);
  if (!since) {
    return core::Error{core::Errc::IO_ERROR, since_name(instrument) + ": " + since.error().message};
  }
  known[instrument] = *since;
  return std::optional{*since};
}

core::Result<void>
note_recorded(HistorySelf* self, HistoryStore& store, std::span<const trading::Trade> trades) {
  std::map<std::string, core::Timestamp> first;
  for (const auto& trade : trades) {
    const auto at = first.try_emplace(trade.instrument.to_text(), trade.ts_event).first;
    at->second = std::min(at->second, trade.ts_event);
  }
  for (const auto& [instrument, time] : first) {
    const auto since = recorded_since(self, store, instrument);
    if (!since) {
      return since.error();
    }
    if (!*since) {
      if (auto put = store.put_blob(since_name(instrument), time.to_text()); !put) {
        return put;
      }
      self->state.recorded_since[instrument] = time;
    }
  }
  return {};
}

caf::result<TradesStored> on_store_trades(HistorySelf* self, const StoreTrades& request) {
  const auto store = opened(self);
  if (!store) {
    return core::to_caf(store.error());
  }
  // First, so that nothing recorded is ever taken for imported.
  if (auto noted = note_recorded(self, **store, request.trades); !noted) {
    return core::to_caf(noted.error());
  }
  const auto added = (*store)->add_trades(request.trades);
  if (!added) {
    return core::to_caf(added.error());
  }
  return TradesStored{*added};
}

caf::result<TradesLoaded> on_load_trades(HistorySelf* self, const LoadTrades& request) {
  const auto store = opened(self);
  if (!store) {
    return core::to_caf(store.error());
  }
  auto trades = (*store)->trades(request.instrument, {request.start, request.end}, request.limit,
                                 request.start ? Pick::OLDEST : Pick::NEWEST);
  if (!trades) {
    return core::to_caf(trades.error());
  }
  return TradesLoaded{std::move(*trades)};
}

caf::result<TradesPruned> on_prune_trades(HistorySelf* self, const PruneTrades& request) {
  const auto store = opened(self);
  if (!store) {
    return core::to_caf(store.error());
  }
  const auto since = recorded_since(self, **store, request.instrument.to_text());
  if (!since) {
    return core::to_caf(since.error());
  }
  if (!*since || **since >= request.before) {
    return TradesPruned{};
  }
  const auto removed =
    (*store)->remove_trades(request.instrument, {**since, request.before}, request.limit);
  if (!removed) {
    return core::to_caf(removed.error());
  }
  return TradesPruned{*removed};
}

caf::behavior history_behavior(HistorySelf* self, std::string url) {
  self->state.url = std::move(url);
  return {
    supervision::handle<StoreBars>(self, on_store),
    supervision::handle<LoadBars>(self, on_load),
    supervision::handle<StoreTrades>(self, on_store_trades),
    supervision::handle<LoadTrades>(self, on_load_trades),
    supervision::handle<PruneTrades>(self, on_prune_trades),
  };
}

} // namespace

supervision::Start history_actor(std::string url) {
  return [url = std::move(url)](supervision::StartContext& context) {
    return context.spawn(history_behavior, url);
  };
}

} // namespace troupe::storage
