#include "actors/market_data/child_ask.hpp"
#include "actors/market_data/instrument_state.hpp"
#include "actors/market_data/older_bars.hpp"
#include "actors/storage/history_actor.hpp"
#include "core/log.hpp"

#include <utility>

namespace troupe::market_data {

namespace {

constexpr std::size_t trades_per_write_max = 20'000;
constexpr std::chrono::seconds trades_store_deadline{10};
/// How often old trades are looked for, and how many are taken away at once.
constexpr std::chrono::minutes prune_every{5};
constexpr std::uint32_t pruned_at_once_max = 10'000;
constexpr std::chrono::seconds prune_again{1};

void tell_trades_dropped(InstrumentSelf* self) {
  auto& state = self->state;
  const auto dropped = state.unstored_trades->dropped();
  if (dropped > state.trades_dropped_told) {
    core::log::warn("trades not recorded, the store is away",
                    {{"symbol", state.symbol}, {"trades", dropped - state.trades_dropped_told}});
    state.trades_dropped_told = dropped;
  }
}

/// One instrument after another; the rest of one that has many is taken away a little later.
void prune_next(InstrumentSelf* self, const PruneDue& due, std::size_t index, bool more) {
  auto& state = self->state;
  const auto& settings = state.plan->settings;
  while (index < state.subscriptions.size() && !state.subscriptions[index].records) {
    ++index;
  }
  if (index == state.subscriptions.size()) {
    const std::chrono::nanoseconds wait =
      more ? prune_again : std::chrono::nanoseconds{prune_every};
    self->delayed_send(self, wait, due);
    return;
  }
  const auto before = self->runtime().clock.now() - settings.trades_retention.chrono();
  ask_child(self, state.paths.store(),
            storage::PruneTrades{state.subscriptions[index].instrument, before, pruned_at_once_max},
            trades_store_deadline, store_breaker(self->runtime()),
            [self, due, index, more](const core::Result<storage::TradesPruned>& pruned) {
              const bool rest = pruned && pruned->removed == pruned_at_once_max;
              prune_next(self, due, index + 1, more || rest);
            });
}

} // namespace

void record_trades(InstrumentSelf* self, std::vector<trading::Trade> trades) {
  for (auto& trade : trades) {
    self->state.unstored_trades->add(std::move(trade));
  }
  tell_trades_dropped(self);
}

void store_trades(InstrumentSelf* self) {
  auto& state = self->state;
  storage::StoreTrades request{state.unstored_trades->take(trades_per_write_max)};
  if (request.trades.empty()) {
    return;
  }
  ask_child(
    self, state.paths.store(), std::move(request), trades_store_deadline,
    store_breaker(self->runtime()), [self](const core::Result<storage::TradesStored>& stored) {
      auto& unstored = *self->state.unstored_trades;
      if (!stored) {
        if (!unstored.store_away()) {
          core::log::warn("trades not stored, kept", {{"symbol", self->state.symbol},
                                                      {"trades", unstored.size()},
                                                      {"error", core::to_string(stored.error())}});
        }
        unstored.failed();
        return;
      }
      unstored.stored();
      if (unstored.size() >= trades_per_write_max) {
        store_trades(self);
      }
    });
}

void on_prune_due(InstrumentSelf* self, const PruneDue& due) {
  if (due.epoch == self->epoch() && self->state.plan->settings.trades_retention.ns > 0) {
    prune_next(self, due, 0, false);
  }
}

} // namespace troupe::market_data
