#include "actors/correlation/portfolios_actor.hpp"

#include "actors/correlation/holdings.hpp"
#include "actors/correlation/local_ask.hpp"
#include "actors/correlation/portfolios_state.hpp"
#include "actors/correlation/selection.hpp"
#include "actors/correlation/series_actor.hpp"
#include "supervision/messages.hpp"

#include <array>
#include <utility>

namespace troupe::correlation {

/// Time to tell nodes that joined of all portfolios.
struct TellPortfoliosDue {};

} // namespace troupe::correlation

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::correlation::TellPortfoliosDue)

namespace troupe::correlation {
namespace {

using namespace std::chrono_literals;
using core::Errc;
using messages::Portfolio;

constexpr auto hear_deadline = 2s;
/// After a change of the view: a node that joined subscribes first; the second is for a slow one.
constexpr std::array tell_after{1s, 5s};
constexpr std::uint32_t list_limit_default = 100;
constexpr std::uint32_t list_limit_max = 1'000;

/// The default portfolio while none is stored under its name.
caf::result<messages::PortfolioReply> made_up_default(PortfoliosSelf* self) {
  auto promise = self->make_response_promise<messages::PortfolioReply>();
  ask_part<HearInstruments>(
    self, self->state.series_path, {}, hear_deadline,
    [self, promise](const core::Result<Heard>& heard) mutable {
      if (!heard) {
        promise.deliver(core::to_caf(heard.error()));
      } else if (heard->symbols.empty()) {
        promise.deliver(
          core::to_caf(Errc::NOT_READY,
                       "no instrument was heard of yet, which the default portfolio is made of"));
      } else {
        messages::PortfolioReply reply;
        reply.data = equal_weights(heard->symbols);
        reply.data.updated_at = heard->now;
        reply.meta.as_of = heard->now;
        reply.meta.source = "default";
        mark(reply.meta, self->state);
        promise.deliver(std::move(reply));
      }
    });
  return promise;
}

caf::result<messages::PortfolioReply> on_get_portfolio(PortfoliosSelf* self,
                                                       const messages::GetPortfolio& request) {
  const auto& state = self->state;
  if (const auto checked = check_portfolio_id(request.id); !checked) {
    return core::to_caf(checked.error());
  }
  if (const auto* const found = find_stored(state, request.id)) {
    return reply_of(*found, state);
  }
  if (request.id == messages::default_portfolio) {
    return made_up_default(self);
  }
  if (!state.loaded && state.portfolios.count(request.id) == 0) {
    return without_store(state, "portfolio " + request.id + " is not in memory");
  }
  return core::to_caf(Errc::NOT_FOUND, "no portfolio " + request.id + " is stored");
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
  const auto& state = self->state;
  if (const auto checked = check_put(request); !checked) {
    return core::to_caf(checked.error());
  }
  auto promise = self->make_response_promise<messages::PortfolioReply>();
  ask_part<HearInstruments>(
    self, state.series_path, {}, hear_deadline,
    [self, request, promise](const core::Result<Heard>& heard) mutable {
      const auto known = heard ? check_known(request, {heard->symbols, heard->listed})
                               : core::Result<void>{heard.error()};
      if (!known) {
        promise.deliver(core::to_caf(known.error()));
        return;
      }
      enqueue(self, {request.id, request.expected_version, request, promise});
    });
  return promise;
}

caf::result<messages::PortfolioReply>
on_delete_portfolio(PortfoliosSelf* self, const messages::DeletePortfolio& request) {
  if (const auto checked = check_portfolio_id(request.id); !checked) {
    return core::to_caf(checked.error());
  }
  auto promise = self->make_response_promise<messages::PortfolioReply>();
  enqueue(self, {request.id, request.expected_version, {}, promise});
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
  if (!state.loaded && state.portfolios.empty()) {
    return without_store(state, "no portfolio is in memory");
  }
  messages::PortfoliosReply reply;
  auto at =
    request.cursor ? state.portfolios.upper_bound(*request.cursor) : state.portfolios.begin();
  const auto skip_deleted = [&] {
    while (at != state.portfolios.end() && at->second.deleted.value_or(false)) {
      ++at;
    }
  };
  for (skip_deleted(); at != state.portfolios.end() && reply.data.size() < limit;
       ++at, skip_deleted()) {
    reply.data.push_back(at->second);
  }
  reply.meta.as_of = self->runtime().clock.now();
  reply.meta.source = state.store_error || !state.loaded ? "copy" : "store";
  mark(reply.meta, state);
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
  copy_to_store(self, portfolio);
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
    supervision::handle<messages::DeletePortfolio>(self, on_delete_portfolio),
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
