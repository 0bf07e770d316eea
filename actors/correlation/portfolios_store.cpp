#include "actors/correlation/local_ask.hpp"
#include "actors/correlation/portfolios_state.hpp"
#include "actors/storage/documents_actor.hpp"
#include "core/json.hpp"
#include "core/log.hpp"

#include <utility>

namespace troupe::correlation {

using namespace std::chrono_literals;
using core::Errc;
using messages::Portfolio;

namespace {

constexpr const char* portfolio_kind = "portfolio";
constexpr auto store_deadline = 10s;
constexpr auto load_again_after = 500ms;
/// Writes that wait for the store.
constexpr std::size_t writes_max = 1'000;
constexpr std::size_t portfolios_max = 10'000;

storage::StoreDocument document_of(const Portfolio& portfolio) {
  return {{.kind = portfolio_kind,
           .id = portfolio.id,
           .version = portfolio.version,
           .body = core::json::encode(portfolio),
           .written_at = portfolio.updated_at}};
}

} // namespace

void mark(messages::Meta& meta, const PortfoliosState& state) {
  if (state.loaded && !state.store_error) {
    return;
  }
  meta.quality = trading::Quality::stale;
  const auto why = state.store_error ? core::to_string(*state.store_error)
                                     : std::string{"it is being read for the first time"};
  meta.inputs = {{"portfolios store, without an answer (" + why + ")", state.store_answered,
                  trading::Quality::degraded}};
}

messages::PortfolioReply reply_of(const Portfolio& portfolio, const PortfoliosState& state) {
  messages::PortfolioReply reply;
  reply.meta.as_of = portfolio.updated_at;
  reply.meta.source = state.store_error || !state.loaded ? "copy" : "store";
  mark(reply.meta, state);
  reply.data = portfolio;
  return reply;
}

caf::error without_store(const PortfoliosState& state, const std::string& what) {
  if (!state.store_error) {
    return core::to_caf(Errc::NOT_READY, what + ": the portfolios are being read from the store");
  }
  return core::to_caf(Errc::UNAVAILABLE, what + ": the store of the portfolios does not answer ("
                                           + core::to_string(*state.store_error) + ')');
}

const Portfolio* find_stored(const PortfoliosState& state, const std::string& id) {
  const auto found = state.portfolios.find(id);
  const bool there = found != state.portfolios.end() && !found->second.deleted.value_or(false);
  return there ? &found->second : nullptr;
}

void publish_portfolio(PortfoliosSelf* self, const Portfolio& portfolio) {
  self->runtime().bus.publish(messages::topics::portfolio_changes, portfolio.id,
                              caf::make_message(messages::PortfolioChanged{portfolio}));
}

void copy_to_store(PortfoliosSelf* self, const Portfolio& portfolio) {
  ask_part<storage::StoreDocument>(
    self, self->state.documents_path, document_of(portfolio), store_deadline,
    [id = portfolio.id](const core::Result<storage::DocumentStored>& stored) {
      // a copy that is there already is as good
      if (!stored && stored.error().code != Errc::CONFLICT) {
        core::log::warn("portfolio not copied",
                        {{"id", id}, {"error", core::to_string(stored.error())}});
      }
    });
}

namespace {

/// Takes what the store has, and gives it what it lacks.
void take_stored(PortfoliosSelf* self, const storage::DocumentsLoaded& loaded) {
  auto& state = self->state;
  std::map<std::string, std::uint64_t> stored;
  for (const auto& document : loaded.documents) {
    stored[document.id] = document.version;
    auto portfolio = core::json::decode<Portfolio>(document.body);
    if (!portfolio) {
      core::log::error("portfolio unreadable", {{"id", document.id},
                                                {"version", document.version},
                                                {"error", core::to_string(portfolio.error())}});
      continue;
    }
    auto& mine = state.portfolios[document.id];
    if (mine.version < portfolio->version) {
      mine = std::move(*portfolio);
    }
    publish_portfolio(self, mine);
  }
  for (const auto& [id, portfolio] : state.portfolios) {
    if (stored[id] < portfolio.version) {
      copy_to_store(self, portfolio); // written elsewhere while this store was away
    }
  }
}

} // namespace

void load_portfolios(PortfoliosSelf* self) {
  self->state.loading = true;
  ask_part<storage::LoadDocuments>(
    self, self->state.documents_path, {portfolio_kind}, store_deadline,
    [self](const core::Result<storage::DocumentsLoaded>& loaded) {
      auto& state = self->state;
      if (!loaded) {
        if (!state.store_error) {
          core::log::warn("portfolios not loaded", {{"error", core::to_string(loaded.error())}});
        }
        state.store_error = loaded.error();
        self->delayed_send(self, load_again_after, LoadPortfoliosDue{});
        return;
      }
      if (state.store_error) {
        core::log::info("portfolios loaded", {{"documents", loaded->documents.size()}});
      }
      take_stored(self, *loaded);
      state.loaded = true;
      state.loading = false;
      state.store_error.reset();
      state.store_answered = self->runtime().clock.now();
    });
}

namespace {

/// What a write would store. @returns CONFLICT where another version is expected
core::Result<Portfolio> next_version(PortfoliosSelf* self, const Write& write) {
  const auto& portfolios = self->state.portfolios;
  const auto found = portfolios.find(write.id);
  const auto version = found == portfolios.end() ? 0 : found->second.version;
  const auto* const stored = find_stored(self->state, write.id);
  const auto seen = stored == nullptr ? 0 : version;
  if (write.expected_version && *write.expected_version != seen) {
    return core::Error{Errc::CONFLICT, "expected_version: version " + std::to_string(seen)
                                         + " of portfolio " + write.id + " is stored, found "
                                         + std::to_string(*write.expected_version)};
  }
  if (!write.put) {
    if (stored == nullptr) {
      return core::Error{Errc::NOT_FOUND, "no portfolio " + write.id + " is stored"};
    }
    auto gone = *stored;
    gone.version = version + 1;
    gone.updated_at = self->runtime().clock.now();
    gone.deleted = true;
    return gone;
  }
  if (found == portfolios.end() && portfolios.size() >= portfolios_max) {
    return core::Error{Errc::OVERLOADED,
                       std::to_string(portfolios_max) + " portfolios are stored already"};
  }
  return Portfolio{.id = write.id,
                   .version = version + 1,
                   .base_currency = write.put->base_currency.value_or("USD"),
                   .benchmark = write.put->benchmark,
                   .positions = write.put->positions,
                   .updated_at = self->runtime().clock.now(),
                   .deleted = {}};
}

void write_next(PortfoliosSelf* self);

/// The store said nothing in time: this write may come to be, those behind it were never sent.
void outcome_unknown(PortfoliosSelf* self, const Portfolio& portfolio, WritePromise& promise) {
  auto& state = self->state;
  const auto before = std::to_string(portfolio.version - 1);
  promise.deliver(core::to_caf(
    Errc::OUTCOME_UNKNOWN,
    "the store did not answer in time: version " + std::to_string(portfolio.version)
      + " of portfolio " + portfolio.id
      + " may be stored, or may be yet. Read the portfolio again when the store answers, and write "
        "with expected_version "
      + before + " where it is not there"));
  for (auto& waiting : std::exchange(state.writes, {})) {
    waiting.promise.deliver(without_store(state, "portfolio " + waiting.id + " was not written"));
  }
  if (!state.loading) {
    load_portfolios(self); // tells what became of it, and when the store is there again
  }
}

void written(PortfoliosSelf* self,
             const Portfolio& portfolio,
             const core::Result<storage::DocumentStored>& stored) {
  auto& state = self->state;
  auto promise = std::move(state.writes.front().promise);
  state.writes.pop_front();
  if (stored) {
    state.portfolios[portfolio.id] = portfolio;
    state.store_answered = portfolio.updated_at;
    publish_portfolio(self, portfolio);
    promise.deliver(reply_of(portfolio, state));
  } else if (stored.error().code == Errc::TIMEOUT) {
    state.store_error = stored.error();
    outcome_unknown(self, portfolio, promise);
  } else {
    promise.deliver(core::to_caf(stored.error()));
  }
  write_next(self);
}

void write_next(PortfoliosSelf* self) {
  auto& writes = self->state.writes;
  while (!writes.empty()) {
    const auto portfolio = next_version(self, writes.front());
    if (portfolio) {
      ask_part<storage::StoreDocument>(
        self, self->state.documents_path, document_of(*portfolio), store_deadline,
        [self, portfolio = *portfolio](const core::Result<storage::DocumentStored>& stored) {
          written(self, portfolio, stored);
        });
      return;
    }
    writes.front().promise.deliver(core::to_caf(portfolio.error()));
    writes.pop_front();
  }
}

} // namespace

void enqueue(PortfoliosSelf* self, Write write) {
  auto& state = self->state;
  if (!state.loaded || state.store_error) {
    write.promise.deliver(without_store(state, "portfolio " + write.id + " was not written"));
    return;
  }
  if (state.writes.size() >= writes_max) {
    write.promise.deliver(core::to_caf(Errc::OVERLOADED, std::to_string(writes_max)
                                                           + " writes wait for the store already"));
    return;
  }
  state.writes.push_back(std::move(write));
  if (state.writes.size() == 1) {
    write_next(self);
  }
}

} // namespace troupe::correlation
