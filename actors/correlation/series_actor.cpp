#include "actors/correlation/series_actor.hpp"

#include "actors/correlation/listings.hpp"
#include "actors/correlation/series_track.hpp"
#include "core/log.hpp"
#include "supervision/ask.hpp"
#include "supervision/messages.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

namespace troupe::correlation {
namespace {

using core::Errc;
using core::Timestamp;
using trading::Quality;

/// Pages asked of market data at a time.
constexpr std::size_t page_asks_max = 32;
/// Requests that wait for pages.
constexpr std::size_t gathers_max = 256;
/// Kept beyond the largest window: the close before it, and bars that came since it was asked for.
constexpr std::size_t closes_slack = 64;

/// A request on its way to be answered.
struct Gather {
  GatherCloses request;
  caf::typed_response_promise<Gathered> promise;
  std::vector<trading::InstrumentId> symbols;
  std::vector<SeriesTrack> ranges; ///< one per symbol, where a range was asked for
  std::size_t pending = 0;         ///< conversations with history
};
using GatherPtr = std::shared_ptr<Gather>;

struct Entry {
  explicit Entry(SeriesTrack empty) : track(std::move(empty)) {}
  SeriesTrack track;
  std::vector<GatherPtr> waiting;
  std::uint64_t used = 0;
  unsigned failures = 0;                 ///< conversations in a row
  std::chrono::nanoseconds ask_after{0}; ///< actor clock: history is left alone until then
  std::chrono::nanoseconds ask_until{0}; ///< actor clock: what came in part is asked for again
};

struct PageAsk {
  trading::InstrumentId instrument;
  trading::Interval interval;
  PageNeed need;
  std::function<void(const core::Result<messages::HistoricalReply>&)> done;
};

using Key = std::pair<trading::InstrumentId, trading::Interval>;

struct SeriesState {
  static inline const char* name = "correlation-series";
  std::shared_ptr<const Settings> settings;
  std::unique_ptr<Listings> listings;
  std::map<Key, Entry> entries;
  std::deque<PageAsk> pages; ///< that wait to be asked
  std::size_t asking = 0;
  std::size_t gathers = 0;
  std::uint64_t uses = 0;
};
using SeriesSelf = supervision::StatefulActor<SeriesState>;

std::chrono::nanoseconds clock_of(SeriesSelf* self) {
  return self->clock().now().time_since_epoch();
}

Timestamp source_now(SeriesSelf* self) {
  return std::max(self->state.listings->now(), self->runtime().clock.now());
}

std::size_t closes_max(const Settings& settings) {
  return std::size_t{settings.window_max} + closes_slack;
}

// ---- pages ---------------------------------------------------------------------------------

void ask_pages(SeriesSelf* self) {
  auto& state = self->state;
  while (state.asking < page_asks_max && !state.pages.empty()) {
    auto page = std::move(state.pages.front());
    state.pages.pop_front();
    ++state.asking;
    messages::GetHistorical request;
    request.symbol = page.instrument;
    request.interval = page.interval;
    request.end = page.need.end;
    request.limit = page.need.limit;
    const auto deadline = state.settings->history_deadline.chrono();
    supervision::ask(
      self, self->runtime(), messages::market_data_service, page.instrument.symbol,
      std::move(request), {.deadline = deadline, .slow = deadline},
      [self, done = std::move(page.done)](const core::Result<messages::HistoricalReply>& reply) {
        --self->state.asking;
        done(reply);
        ask_pages(self);
      });
  }
}

void converse(SeriesSelf* self,
              const Key& key,
              const PageNeed& need,
              std::function<void(const core::Result<messages::HistoricalReply>&)> done) {
  self->state.pages.push_back({key.first, key.second, need, std::move(done)});
}

// ---- answers -------------------------------------------------------------------------------

SeriesInput input_from(SeriesSelf* self,
                       const trading::InstrumentId& id,
                       const SeriesTrack& track,
                       bool is_range) {
  SeriesInput input;
  input.instrument = id;
  input.closes = track.series().snapshot();
  input.problem = track.problem();
  if (!is_range) {
    input.quality =
      trading::worse(self->state.listings->quality(id, clock_of(self)), track.newest_quality());
  }
  if (!input.problem.empty()) {
    input.quality = trading::worse(input.quality, Quality::stale);
  }
  return input;
}

void deliver(SeriesSelf* self, const GatherPtr& gather) {
  auto& state = self->state;
  --state.gathers;
  auto inputs = std::make_shared<std::vector<SeriesInput>>();
  for (std::size_t i = 0; i < gather->symbols.size(); ++i) {
    const auto& id = gather->symbols[i];
    if (gather->request.range) {
      inputs->push_back(input_from(self, id, gather->ranges[i], true));
      continue;
    }
    const auto found = state.entries.find({id, gather->request.interval});
    if (found == state.entries.end()) {
      gather->promise.deliver(
        core::to_caf(Errc::OVERLOADED, "the closes of " + id.to_text() + " were evicted"));
      return;
    }
    inputs->push_back(input_from(self, id, found->second.track, false));
  }
  gather->promise.deliver(Gathered{std::move(inputs), source_now(self)});
}

void one_done(SeriesSelf* self, const GatherPtr& gather) {
  if (--gather->pending == 0) {
    deliver(self, gather);
  }
}

// ---- the newest closes ---------------------------------------------------------------------

void load(SeriesSelf* self, const Key& key, const PageNeed& need);

/// A conversation is over: whoever waited for it goes on, or wants still more.
void loaded(SeriesSelf* self, const Key& key) {
  auto& entry = self->state.entries.at(key);
  std::size_t closes = 0;
  std::vector<GatherPtr> still;
  for (auto& gather : std::exchange(entry.waiting, {})) {
    const std::size_t wanted = gather->request.closes;
    // asked for less than this one wants: a second, longer conversation
    if (entry.track.problem().empty() && wanted > closes && entry.track.wanted() < wanted) {
      closes = wanted;
      still.push_back(std::move(gather));
    } else {
      one_done(self, gather);
    }
  }
  if (!still.empty()) {
    entry.waiting = std::move(still);
    load(self, key, entry.track.begin(closes, source_now(self)));
  }
}

/// Leaves history alone for a while: a source that is late is not helped by more of the same.
void back_off(SeriesSelf* self, Entry& entry) {
  const auto& settings = *self->state.settings;
  const supervision::Backoff backoff{
    .min = settings.retry_after.chrono(), .max = settings.retry_after_max.chrono(), .jitter = 0.0};
  entry.ask_after = clock_of(self) + backoff.delay(entry.failures++, 0.5);
}

/// Whether a page says of itself that bars are missing which there may be.
bool is_partial(const messages::HistoricalReply& page, const PageNeed& need) {
  return page.meta.quality == Quality::degraded && page.data.size() < need.limit;
}

std::string partial_text(const messages::HistoricalReply& page, const PageNeed& need) {
  return "a page of history came in part: " + std::to_string(page.data.size()) + " of "
         + std::to_string(need.limit) + " bars in time";
}

/// A page that came in part: the rest is asked for while more comes and there is time.
/// @returns whether it was asked for again
bool take_partial(SeriesSelf* self,
                  const Key& key,
                  const PageNeed& need,
                  const messages::HistoricalReply& page) {
  auto& entry = self->state.entries.at(key);
  const auto before = entry.track.series().size();
  entry.track.on_partial(page.data, partial_text(page, need));
  if (entry.track.series().size() > before && clock_of(self) < entry.ask_until) {
    load(self, key, entry.track.begin(entry.track.wanted(), source_now(self)));
    return true;
  }
  back_off(self, entry);
  return false;
}

void load(SeriesSelf* self, const Key& key, const PageNeed& need) {
  converse(self, key, need,
           [self, key, need](const core::Result<messages::HistoricalReply>& reply) {
             auto& entry = self->state.entries.at(key); // never evicted while loading
             if (reply && is_partial(*reply, need)) {
               if (take_partial(self, key, need, *reply)) {
                 return;
               }
             } else if (!reply) {
               entry.track.on_failure(core::to_string(reply.error()));
               back_off(self, entry);
               core::log::debug("history unavailable", {{"symbol", key.first.to_text()},
                                                        {"interval", key.second.to_text()},
                                                        {"error", core::to_string(reply.error())}});
             } else if (const auto more = entry.track.on_page(reply->data)) {
               load(self, key, *more);
               return;
             } else {
               entry.failures = 0;
             }
             loaded(self, key);
           });
}

/// Makes room for one more entry. @returns false where all are in use
bool make_room(SeriesState& state) {
  if (state.entries.size() < state.settings->series_max) {
    return true;
  }
  auto oldest = state.entries.end();
  for (auto at = state.entries.begin(); at != state.entries.end(); ++at) {
    const bool idle = !at->second.track.loading() && at->second.waiting.empty();
    if (idle && (oldest == state.entries.end() || at->second.used < oldest->second.used)) {
      oldest = at;
    }
  }
  if (oldest == state.entries.end()) {
    return false;
  }
  state.entries.erase(oldest);
  return true;
}

/// @returns false where there is no room for the series
bool gather_newest(SeriesSelf* self, const GatherPtr& gather) {
  auto& state = self->state;
  const auto now = source_now(self);
  for (const auto& id : gather->symbols) {
    const Key key{id, gather->request.interval};
    auto found = state.entries.find(key);
    if (found == state.entries.end()) {
      if (!make_room(state)) {
        return false;
      }
      SeriesTrack empty{key.second, closes_max(*state.settings)};
      found = state.entries.emplace(key, Entry{std::move(empty)}).first;
    }
    auto& entry = found->second;
    entry.used = ++state.uses;
    const bool left_alone = !entry.track.loading() && clock_of(self) < entry.ask_after;
    if (left_alone || entry.track.satisfies(gather->request.closes, now)) {
      continue;
    }
    ++gather->pending;
    entry.waiting.push_back(gather);
    if (!entry.track.loading()) {
      entry.ask_until = clock_of(self) + state.settings->history_deadline.chrono();
      load(self, key, entry.track.begin(gather->request.closes, now));
    }
  }
  return true;
}

// ---- a range -------------------------------------------------------------------------------

void load_range(SeriesSelf* self,
                const GatherPtr& gather,
                std::size_t index,
                const PageNeed& need) {
  const Key key{gather->symbols[index], gather->request.interval};
  converse(self, key, need,
           [self, gather, index, need](const core::Result<messages::HistoricalReply>& reply) {
             auto& track = gather->ranges[index];
             if (!reply) {
               track.on_failure(core::to_string(reply.error()));
             } else if (is_partial(*reply, need)) {
               track.on_partial(reply->data, partial_text(*reply, need));
             } else if (auto more = track.on_page(reply->data);
                        more && *track.series().oldest() > gather->request.range->start) {
               load_range(self, gather, index, *more);
               return;
             }
             one_done(self, gather);
           });
}

void gather_range(SeriesSelf* self, const GatherPtr& gather) {
  const auto& range = *gather->request.range;
  const auto interval = gather->request.interval;
  const auto bars = static_cast<std::size_t>((range.end - range.start) / interval.duration()) + 2;
  gather->pending = gather->symbols.size();
  for (std::size_t i = 0; i < gather->symbols.size(); ++i) {
    auto& track = gather->ranges.emplace_back(interval, bars);
    auto need = track.begin(bars, range.end);
    need.end = range.end;
    load_range(self, gather, i, need);
  }
}

// ---- requests ------------------------------------------------------------------------------

core::Result<std::vector<trading::InstrumentId>> resolve(SeriesSelf* self,
                                                         const GatherCloses& request) {
  const auto& state = self->state;
  if (state.listings->empty()) {
    const auto carriers = self->runtime().placement.carriers(messages::market_data_service);
    if (carriers.empty()) {
      return core::Error{Errc::UNAVAILABLE,
                         "no live node carries market-data, which correlations are made of"};
    }
    return core::Error{Errc::NOT_READY, "market-data on " + carriers.front()
                                          + " has not told of any instrument yet"};
  }
  auto symbols = request.symbols.empty() ? state.listings->primaries() : request.symbols;
  for (const auto& id : symbols) {
    if (!state.listings->knows(id)) {
      return core::Error{Errc::UNKNOWN_SYMBOL,
                         "no market data of " + id.to_text() + " was heard of"};
    }
  }
  if (symbols.size() > state.settings->symbols_max) {
    return core::Error{Errc::INVALID_ARGUMENT,
                       "symbols: expected at most " + std::to_string(state.settings->symbols_max)
                         + " instruments, found " + std::to_string(symbols.size())};
  }
  return symbols;
}

caf::result<Gathered> on_gather(SeriesSelf* self, const GatherCloses& request) {
  auto& state = self->state;
  auto symbols = resolve(self, request);
  if (!symbols) {
    return core::to_caf(symbols.error());
  }
  if (state.gathers >= gathers_max) {
    return core::to_caf(Errc::OVERLOADED,
                        std::to_string(gathers_max) + " requests wait for history already");
  }
  ++state.gathers;
  auto gather = std::make_shared<Gather>();
  gather->request = request;
  gather->symbols = std::move(*symbols);
  gather->promise = self->make_response_promise<Gathered>();
  gather->pending = 1; // this call itself, so that nothing is delivered before all is asked
  if (request.range) {
    gather_range(self, gather);
    ++gather->pending;
  } else if (!gather_newest(self, gather)) {
    gather->promise.deliver(
      core::to_caf(Errc::OVERLOADED,
                   "all " + std::to_string(state.settings->series_max) + " series are in use"));
    // its conversations go on for others; the promise takes no second answer
  }
  ask_pages(self);
  one_done(self, gather);
  return gather->promise;
}

caf::result<Heard> on_hear(SeriesSelf* self, const HearInstruments&) {
  const auto& listings = *self->state.listings;
  Heard heard{.symbols = listings.primaries(),
              .listed = listings.listed(),
              .quality = Quality::live,
              .now = source_now(self)};
  for (const auto& id : heard.symbols) {
    heard.quality = trading::worse(heard.quality, listings.quality(id, clock_of(self)));
  }
  return heard;
}

void on_bar(SeriesSelf* self, const messages::BarClosed& event) {
  auto& entries = self->state.entries;
  const auto take = [&](const trading::InstrumentId& id) {
    if (const auto found = entries.find({id, event.interval}); found != entries.end()) {
      found->second.track.on_live(event.bar, event.quality);
    }
  };
  take(event.instrument);
  if (event.primary) {
    take({event.instrument.symbol, {}});
  }
}

caf::behavior series_behavior(SeriesSelf* self, std::shared_ptr<const Settings> settings) {
  auto& state = self->state;
  state.settings = std::move(settings);
  state.listings = std::make_unique<Listings>(state.settings->stale_after.chrono());
  auto& bus = self->runtime().bus;
  const auto me = caf::actor_cast<caf::actor>(self);
  bus.subscribe(messages::topics::venue_status, me);
  bus.subscribe(messages::topics::bars, me);
  return {
    supervision::handle<GatherCloses>(self, on_gather),
    supervision::handle<HearInstruments>(self, on_hear),
    [self](const messages::BarClosed& event) { on_bar(self, event); },
    [self](const messages::InstrumentStatusBeat& beat) {
      self->state.listings->on_beat(beat, clock_of(self));
    },
    // The next live bar or the next request finds the hole.
    [](const supervision::TopicGap&) {},
  };
}

} // namespace

supervision::ChildSpec series(std::shared_ptr<const Settings> settings) {
  return {
    .name = "series",
    .start =
      [settings = std::move(settings)](supervision::StartContext& context) {
        return context.spawn(series_behavior, settings);
      },
    .backoff = supervision::quick_backoff,
  };
}

} // namespace troupe::correlation
