#include "actors/regime/front_state.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

namespace troupe::regime {

namespace front_bulk_detail {

using core::Errc;
using core::Error;

/// Answers of a bulk request on their way.
struct Bulk {
  messages::RegimeBulkReply reply;
  std::size_t missing = 0;
  caf::typed_response_promise<messages::RegimeBulkReply> promise;
};

core::Result<std::vector<trading::InstrumentId>>
bulk_symbols(FrontSelf* self, const messages::ClassifyMany& request) {
  const auto most = self->state.settings->bulk_symbols_max;
  const auto wrong_number = [&](std::size_t found) {
    return Error{Errc::INVALID_ARGUMENT, "symbols: expected 1 to " + std::to_string(most)
                                           + " instruments, found " + std::to_string(found)};
  };
  if (!request.symbols) {
    std::vector<trading::InstrumentId> all;
    for (const auto& [symbol, listing] : self->state.listings) {
      all.push_back({symbol, {}});
    }
    if (all.empty()) {
      return nobody(self, {});
    }
    return all.size() > most
             ? core::Result<std::vector<trading::InstrumentId>>{wrong_number(all.size())}
             : all;
  }
  if (request.symbols->empty() || request.symbols->size() > most) {
    return wrong_number(request.symbols->size());
  }
  std::set<std::string> seen;
  for (const auto& id : *request.symbols) {
    if (!seen.insert(id.to_text()).second) {
      return Error{Errc::INVALID_ARGUMENT,
                   "symbols: expected each instrument once, found " + id.to_text() + " again"};
    }
  }
  return *request.symbols;
}

core::Result<trading::Interval> bulk_interval(FrontSelf* self,
                                              std::optional<trading::Interval> asked) {
  const auto interval = asked.value_or(trading::intervals::h1);
  const auto& known = self->state.intervals;
  if (std::find(known.begin(), known.end(), interval) != known.end()) {
    return interval;
  }
  std::string list;
  for (const auto one : known) {
    list += (list.empty() ? "" : ", ") + one.to_text();
  }
  return Error{Errc::INVALID_ARGUMENT,
               "interval: expected one of " + list + ", found " + interval.to_text()};
}

void take_answer(messages::RegimeBulkItem& item,
                 const core::Result<messages::RegimeReply>& answer) {
  if (answer) {
    item.state = answer->data;
    item.meta = answer->meta;
    return;
  }
  const auto& error = answer.error();
  item.error = messages::RegimeBulkError{.code = std::string(core::name(error.code)),
                                         .message = error.message,
                                         .retryable = core::traits(error.code).retryable};
}

/// The whole is as of its newest answer, as old as that one, and no better than the worst of them.
void finish(Bulk& bulk) {
  auto& data = bulk.reply.data;
  auto& meta = bulk.reply.meta;
  meta.method = "per instrument";
  meta.inputs.emplace();
  for (const auto& item : data.items) {
    if (!item.meta) {
      ++data.failed;
      continue;
    }
    ++data.answered;
    if (!meta.age_ms || item.meta->as_of > meta.as_of) {
      meta.as_of = item.meta->as_of;
      meta.age_ms = item.meta->age_ms;
    }
    meta.n_obs = std::min(meta.n_obs.value_or(std::numeric_limits<std::uint64_t>::max()),
                          item.meta->n_obs.value_or(0));
    meta.quality = trading::worse(meta.quality, item.meta->quality);
    if (item.meta->inputs) {
      meta.inputs->insert(meta.inputs->end(), item.meta->inputs->begin(), item.meta->inputs->end());
    }
  }
  if (data.failed > 0) {
    meta.quality = trading::worse(meta.quality, trading::Quality::degraded);
  }
  bulk.promise.deliver(std::move(bulk.reply));
}

} // namespace front_bulk_detail

caf::result<messages::RegimeBulkReply> on_classify_many(FrontSelf* self,
                                                        const messages::ClassifyMany& request) {
  using namespace front_bulk_detail;
  const auto interval = bulk_interval(self, request.interval);
  if (!interval) {
    return core::to_caf(interval.error());
  }
  const auto symbols = bulk_symbols(self, request);
  if (!symbols) {
    return core::to_caf(symbols.error());
  }
  const auto bulk = std::make_shared<Bulk>();
  bulk->promise = self->make_response_promise<messages::RegimeBulkReply>();
  bulk->missing = symbols->size();
  bulk->reply.data.interval = *interval;
  bulk->reply.data.items.resize(symbols->size());
  const supervision::AskOptions options{.deadline = self->state.settings->bulk_deadline.chrono()};
  const auto promise = bulk->promise;
  for (std::size_t i = 0; i < symbols->size(); ++i) {
    const auto& id = (*symbols)[i];
    bulk->reply.data.items[i].symbol = id;
    supervision::ask<messages::GetRegime>(
      self, self->runtime(), messages::regime_service, id.symbol, {id, *interval}, options,
      [bulk, i](const core::Result<messages::RegimeReply>& answer) {
        take_answer(bulk->reply.data.items[i], answer);
        if (--bulk->missing == 0) {
          finish(*bulk);
        }
      });
  }
  return promise;
}

} // namespace troupe::regime
