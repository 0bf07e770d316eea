#include "actors/correlation/portfolios_actor.hpp"

#include "actors/correlation/holdings.hpp"
#include "actors/correlation/local_ask.hpp"
#include "actors/correlation/selection.hpp"
#include "actors/correlation/series_actor.hpp"
#include "actors/storage/documents_actor.hpp"
#include "core/log.hpp"
#include "supervision/messages.hpp"

#include <array>
#include <deque>
#include <map>
#include <utility>

namespace troupe::correlation {

/// Time to ask the store for the portfolios again.
struct LoadPortfoliosDue {};

/// Time to tell nodes that joined of all portfolios.
struct TellPortfoliosDue {};

} // namespace troupe::correlation

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::correlation::LoadPortfoliosDue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::correlation::TellPortfoliosDue)

namespace troupe::correlation {
namespace {

using namespace std::chrono_literals;
using core::Errc;
using messages::Portfolio;

constexpr const char* portfolio_kind = "portfolio";
constexpr auto store_deadline = 10s;
constexpr auto load_again_after = 500ms;
constexpr auto hear_deadline = 2s;
/// After a change of the view: a node that joined subscribes first; the second is for a slow one.
constexpr std::array tell_after{1s, 5s};
/// Writes that wait for the store.
constexpr std::size_t writes_max = 1'000;
constexpr std::size_t portfolios_max = 10'000;
constexpr std::uint32_t list_limit_default = 100;
constexpr std::uint32_t list_limit_max = 1'000;

using PutPromise = caf::typed_response_promise<messages::PortfolioReply>;

struct PortfoliosState {
  static inline const char* name = "portfolios";
  std::string documents_path;
  std::string series_path;
  bool loaded = false;
  std::map<std::string, Portfolio> portfolios;
  std::deque<std::pair<messages::PutPortfolio, PutPromise>> writes; ///< the first is being written
};
using PortfoliosSelf = supervision::StatefulActor<PortfoliosState>;

messages::PortfolioReply reply_of(const Portfolio& portfolio, const char* source) {
  messages::PortfolioReply reply;
  reply.meta.as_of = portfolio.updated_at;
  reply.meta.source = source;
  reply.data = portfolio;
  return reply;
}

void publish_portfolio(PortfoliosSelf* self, const Portfolio& portfolio) {
  self->runtime().bus.publish(messages::topics::portfolio_changes, portfolio.id,
                              caf::make_message(messages::PortfolioChanged{portfolio}));
}

storage::StoreDocument document_of(const Portfolio& portfolio) {
  return {{.kind = portfolio_kind,
           .id = portfolio.id,
           .version = portfolio.version,
           .body = core::json::encode(portfolio),
           .written_at = portfolio.updated_at}};
}

void load_portfolios(PortfoliosSelf* self) {
  ask_part<storage::LoadDocuments>(
    self, self->state.documents_path, {portfolio_kind}, store_deadline,
    [self](const core::Result<storage::DocumentsLoaded>& loaded) {
      if (!loaded) {
        core::log::debug("portfolios not loaded", {{"error", core::to_string(loaded.error())}});
        self->delayed_send(self, load_again_after, LoadPortfoliosDue{});
        return;
      }
      for (const auto& document : loaded->documents) {
        auto portfolio = core::json::decode<Portfolio>(document.body);
        if (!portfolio) {
          core::log::error("portfolio unreadable", {{"id", document.id},
                                                    {"version", document.version},
                                                    {"error", core::to_string(portfolio.error())}});
          continue;
        }
        auto& mine = self->state.portfolios[document.id];
        if (mine.version < portfolio->version) {
          mine = std::move(*portfolio);
        }
        publish_portfolio(self, mine);
      }
      self->state.loaded = true;
    });
}

caf::error not_loaded() {
  return core::to_caf(Errc::NOT_READY, "the portfolios are being read from the store");
}

caf::result<messages::PortfolioReply> on_get_portfolio(PortfoliosSelf* self,
                                                       const messages::GetPortfolio& request) {
  auto& state = self->state;
  if (const auto checked = check_portfolio_id(request.id); !checked) {
    return core::to_caf(checked.error());
  }
  if (!state.loaded) {
    return not_loaded();
  }
  if (const auto found = state.portfolios.find(request.id); found != state.portfolios.end()) {
    return reply_of(found->second, "store");
  }
  if (request.id != messages::default_portfolio) {
    return core::to_caf(Errc::NOT_FOUND, "no portfolio " + request.id + " is stored");
  }
  auto promise = self->make_response_promise<messages::PortfolioReply>();
  ask_part<HearInstruments>(
    self, state.series_path, {}, hear_deadline,
    [promise](const core::Result<Heard>& heard) mutable {
      if (!heard) {
        promise.deliver(core::to_caf(heard.error()));
      } else if (heard->symbols.empty()) {
        promise.deliver(
          core::to_caf(Errc::NOT_READY,
                       "no instrument was heard of yet, which the default portfolio is made of"));
      } else {
        auto made = equal_weights(heard->symbols);
        made.updated_at = heard->now;
        promise.deliver(reply_of(made, "default"));
      }
    });
  return promise;
}

/// What a write would store. @returns CONFLICT where another version is expected
core::Result<Portfolio> next_version(PortfoliosSelf* self, const messages::PutPortfolio& request) {
  const auto& portfolios = self->state.portfolios;
  const auto found = portfolios.find(request.id);
  const auto version = found == portfolios.end() ? 0 : found->second.version;
  if (request.expected_version && *request.expected_version != version) {
    return core::Error{Errc::CONFLICT, "expected_version: version " + std::to_string(version)
                                         + " of portfolio " + request.id + " is stored, found "
                                         + std::to_string(*request.expected_version)};
  }
  if (found == portfolios.end() && portfolios.size() >= portfolios_max) {
    return core::Error{Errc::OVERLOADED,
                       std::to_string(portfolios_max) + " portfolios are stored already"};
  }
  return Portfolio{.id = request.id,
                   .version = version + 1,
                   .base_currency = request.base_currency.value_or("USD"),
                   .benchmark = request.benchmark,
                   .positions = request.positions,
                   .updated_at = self->runtime().clock.now()};
}

void write_next(PortfoliosSelf* self);

void written(PortfoliosSelf* self,
             const Portfolio& portfolio,
             const core::Result<storage::DocumentStored>& stored) {
  auto& state = self->state;
  auto promise = std::move(state.writes.front().second);
  state.writes.pop_front();
  if (stored) {
    state.portfolios[portfolio.id] = portfolio;
    publish_portfolio(self, portfolio);
    promise.deliver(reply_of(portfolio, "store"));
  } else {
    // after a deadline it may be stored all the same: read again before the next write
    state.loaded = stored.error().code != Errc::TIMEOUT && state.loaded;
    promise.deliver(core::to_caf(stored.error()));
    if (!state.loaded) {
      load_portfolios(self);
    }
  }
  write_next(self);
}

void write_next(PortfoliosSelf* self) {
  auto& writes = self->state.writes;
  while (!writes.empty()) {
    const auto portfolio = next_version(self, writes.front().first);
    if (portfolio) {
      ask_part<storage::StoreDocument>(
        self, self->state.documents_path, document_of(*portfolio), store_deadline,
        [self, portfolio = *portfolio](const core::Result<storage::DocumentStored>& stored) {
          written(self, portfolio, stored);
        });
      return;
    }
    writes.front().second.deliver(core::to_caf(portfolio.error()));
    writes.pop_front();
  }
}

core::Result<void> check_put(const messages::PutPortfolio& request) {
  if (auto id = check_portfolio_id(request.id); !id) {
    return id;
  }
  if (request.base_currency) {
    if (auto currency = check_currency("base_currency", *request.base_currency); !currency) {
      return currency;
    }
  }
  return check_positions(request.positions, positions_max);
}

caf::result<messages::PortfolioReply> on_put_portfolio(PortfoliosSelf* self,
                                                       const messages::PutPortfolio& request) {
  auto& state = self->state;
  if (const auto checked = check_put(request); !checked) {
    return core::to_caf(checked.error());
  }
  if (!state.loaded) {
    return not_loaded();
  }
  if (state.writes.size() >= writes_max) {
    return core::to_caf(Errc::OVERLOADED,
                        std::to_string(writes_max) + " writes wait for the store already");
  }
  auto promise = self->make_response_promise<messages::PortfolioReply>();
  state.writes.emplace_back(request, promise);
  if (state.writes.size() == 1) {
    write_next(self);
  }
  return promise;
}

caf::result<messages::PortfoliosReply> on_list_portfolios(PortfoliosSelf* self,
                                                          const messages::ListPortfolios& request) {
  const auto& state = self->state;
  const auto limit = request.limit.value_or(list_limit_default);
  if (limit < 1 || limit > list_limit_max) {
    return core::to_caf(
      invalid("limit", "1 to " + std::to_string(list_limit_max), std::to_string(limit)));
  }
  if (request.cursor && !check_portfolio_id(*request.cursor)) {
    return core::to_caf(invalid("cursor", "the next_cursor of a page of portfolios",
                                '"' + request.cursor->substr(0, 80) + '"'));
  }
  if (!state.loaded) {
    return not_loaded();
  }
  messages::PortfoliosReply reply;
  auto at =
    request.cursor ? state.portfolios.upper_bound(*request.cursor) : state.portfolios.begin();
  for (; at != state.portfolios.end() && reply.data.size() < limit; ++at) {
    reply.data.push_back(at->second);
  }
  reply.meta.as_of = self->runtime().clock.now();
  reply.meta.source = "store";
  reply.meta.has_more = at != state.portfolios.end();
  if (*reply.meta.has_more) {
    reply.meta.next_cursor = reply.data.back().id;
  }
  return reply;
}

/// A write on this or another node.
void on_portfolio_changed(PortfoliosSelf* self, const messages::PortfolioChanged& event) {
  const auto& portfolio = event.portfolio;
  auto& mine = self->state.portfolios[portfolio.id];
  if (mine.version >= portfolio.version) {
    return;
  }
  mine = portfolio;
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

caf::behavior
portfolios_behavior(PortfoliosSelf* self, std::string documents_path, std::string series_path) {
  auto& state = self->state;
  state.documents_path = std::move(documents_path);
  state.series_path = std::move(series_path);
  self->runtime().bus.subscribe(messages::topics::portfolio_changes,
                                caf::actor_cast<caf::actor>(self));
  self->runtime().placement.watch(caf::actor_cast<caf::actor>(self));
  self->send(self, LoadPortfoliosDue{});
  return {
    supervision::handle<messages::GetPortfolio>(self, on_get_portfolio),
    supervision::handle<messages::PutPortfolio>(self, on_put_portfolio),
    supervision::handle<messages::ListPortfolios>(self, on_list_portfolios),
    [self](const messages::PortfolioChanged& event) { on_portfolio_changed(self, event); },
    [self](LoadPortfoliosDue) { load_portfolios(self); },
    [self](const supervision::ViewChanged&) {
      for (const auto delay : tell_after) {
        self->delayed_send(self, delay, TellPortfoliosDue{});
      }
    },
    [self](TellPortfoliosDue) {
      for (const auto& [id, portfolio] : self->state.portfolios) {
        publish_portfolio(self, portfolio);
      }
    },
  };
}

} // namespace

supervision::ChildSpec portfolios(std::string documents_path, std::string series_path) {
  return {
    .name = "portfolios",
    .start =
      [documents = std::move(documents_path),
       series = std::move(series_path)](supervision::StartContext& context) {
        return context.spawn(portfolios_behavior, documents, series);
      },
    .backoff = supervision::quick_backoff,
  };
}

} // namespace troupe::correlation
