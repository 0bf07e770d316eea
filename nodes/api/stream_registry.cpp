#include "nodes/api/stream_registry.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe::api {

namespace {

std::string
stream_key(std::string_view channel, std::string_view symbol, std::string_view interval) {
  std::string key{channel};
  key += '|';
  key += symbol;
  key += '|';
  key += interval;
  return key;
}

template <class Known>
core::Error unknown_interval(const Known& known, const trading::BarSpec& found) {
  std::string names;
  for (const auto& spec : known) {
    names += (names.empty() ? "one of " : ", ") + spec.to_text();
  }
  return {core::Errc::INVALID_ARGUMENT,
          core::json::Problem{"interval", names, found.to_text()}.text()};
}

std::string interval_text(const StreamRequest& request) {
  return request.interval ? request.interval->to_text() : std::string{};
}

} // namespace

StreamRegistry::StreamRegistry(std::vector<Channel> channels, std::function<std::int64_t()> now_ns)
  : channels_(std::move(channels)), now_ns_(std::move(now_ns)) {}

const Channel* StreamRegistry::channel(std::string_view name) const {
  const auto at = std::ranges::find(channels_, name, &Channel::name);
  return at == channels_.end() ? nullptr : &*at;
}

StreamRegistry::Stream* StreamRegistry::stream(std::string_view name,
                                               const std::string& symbol,
                                               const std::string& interval) {
  auto key = stream_key(name, symbol, interval);
  if (const auto at = streams_.find(key); at != streams_.end()) {
    return &at->second;
  }
  const auto* const of = channel(name);
  if (of == nullptr || streams_.size() >= streams_max) {
    return nullptr;
  }
  auto& made = streams_[std::move(key)];
  made.channel = of->name;
  made.symbol = symbol;
  made.interval = interval;
  return &made;
}

void StreamRegistry::learn(const trading::InstrumentId& instrument,
                           bool primary,
                           const std::vector<trading::BarSpec>& bars) {
  const std::lock_guard lock{mutex_};
  built_.insert(bars.begin(), bars.end());
  known_.insert(instrument.to_text());
  if (primary) {
    known_.insert(instrument.symbol);
  }
}

core::Result<void> StreamRegistry::subscribe(const net::SessionPtr& session,
                                             const StreamRequest& request) {
  const std::lock_guard lock{mutex_};
  const auto member = members_.find(session->id());
  if (member == members_.end()) {
    return core::Error{core::Errc::UNAVAILABLE, "the session is closing"};
  }
  if (auto checked = check(request); !checked) {
    return checked;
  }
  const auto symbols = request.symbol_texts();
  if (member->second.streams.size() + symbols.size() > subscriptions_max) {
    return core::Error{core::Errc::OVERLOADED,
                       "at most " + std::to_string(subscriptions_max) + " subscriptions"};
  }
  session->send(net::make_frame(stream_ack(request)));
  for (const auto& symbol : symbols) {
    const auto key = stream_key(request.channel, symbol, interval_text(request));
    auto* const found = stream(request.channel, symbol, interval_text(request));
    if (found == nullptr) {
      return core::Error{core::Errc::OVERLOADED, "too many different streams"};
    }
    member->second.streams.insert(key);
    found->sessions.emplace(session->id(), session);
    send_snapshot(*found, session);
  }
  return {};
}

core::Result<void> StreamRegistry::check(const StreamRequest& request) const {
  if (known_.empty() && !request.symbols.empty()) {
    return core::Error{core::Errc::NOT_READY,
                       "no instrument is known yet: the market-data service was not heard of"};
  }
  for (const auto& symbol : request.symbols) {
    if (!known_.contains(symbol.to_text())) {
      return core::Error{core::Errc::UNKNOWN_SYMBOL, "no venue lists " + symbol.to_text()};
    }
  }
  const auto* const to = channel(request.channel);
  const auto kept = kept_intervals_.find(request.channel);
  if (kept != kept_intervals_.end() && request.interval
      && std::ranges::find(kept->second, *request.interval) == kept->second.end()) {
    return unknown_interval(kept->second, *request.interval);
  }
  if (to != nullptr && to->activity && request.interval && !built_.empty()
      && !built_.contains(*request.interval)) {
    return unknown_interval(built_, *request.interval);
  }
  return {};
}

void StreamRegistry::heard(const messages::InstrumentStatusBeat& beat) {
  const std::lock_guard lock{mutex_};
  sources_.heard(beat, now_ns_());
}

void StreamRegistry::learn_intervals(std::string_view name,
                                     std::vector<trading::BarSpec> intervals) {
  const std::lock_guard lock{mutex_};
  if (const auto* const of = channel(name); of != nullptr && !intervals.empty()) {
    kept_intervals_[of->name] = std::move(intervals);
  }
}

void StreamRegistry::learn_carried(std::string_view name, bool carried) {
  const std::lock_guard lock{mutex_};
  if (const auto* const of = channel(name); of != nullptr) {
    if (carried) {
      orphaned_.erase(of->name);
    } else {
      orphaned_.insert(of->name);
    }
  }
}

trading::Quality StreamRegistry::quality_now(const Stream& stream, std::int64_t now_ns) const {
  auto quality = stream.newest_quality;
  if (orphaned_.contains(stream.channel)) {
    quality = trading::worse(quality, trading::Quality::stale);
  }
  const auto with = [&](const std::string& symbol) {
    quality =
      trading::worse(quality, sources_.quality(symbol, stream.channel, stream.told_ns, now_ns));
  };
  if (!stream.sources) {
    with(stream.symbol);
    return quality;
  }
  for (const auto& symbol : *stream.sources) {
    with(symbol);
  }
  return quality;
}

std::int64_t StreamRegistry::age_now_ms(const Stream& stream, std::int64_t now_ns) const {
  using std::chrono_literals::operator""ms;
  std::optional<core::Timestamp> newest;
  const auto with = [&](const std::string& symbol) {
    if (const auto time = sources_.time_of(symbol, now_ns)) {
      newest = std::max(newest.value_or(*time), *time);
    }
  };
  if (!stream.sources) {
    with(stream.symbol);
  } else {
    std::ranges::for_each(*stream.sources, with);
  }
  if (newest) {
    return std::max<std::int64_t>((*newest - stream.newest_as_of) / 1ms, 0);
  }
  return stream.told_age_ms + std::chrono::nanoseconds{now_ns - stream.told_ns} / 1ms;
}

void StreamRegistry::tell_quality(Stream& stream, std::int64_t now_ns) {
  const auto quality = quality_now(stream, now_ns);
  if (quality == stream.told) {
    return;
  }
  const auto previous = std::exchange(stream.told, quality);
  const auto frame = net::make_frame(stream_quality({.channel = stream.channel,
                                                     .symbol = stream.symbol,
                                                     .interval = stream.interval,
                                                     .seq = ++stream.seq,
                                                     .as_of = stream.newest_as_of,
                                                     .quality = quality,
                                                     .previous = previous,
                                                     .age_ms = age_now_ms(stream, now_ns)}));
  const auto slot = stream_key(stream.channel, stream.symbol, stream.interval) + "|quality";
  for (const auto& [id, session] : stream.sessions) {
    session->send_conflated(slot, frame);
  }
}

void StreamRegistry::tell_qualities() {
  const std::lock_guard lock{mutex_};
  const auto now_ns = now_ns_();
  for (auto& [key, stream] : streams_) {
    if (stream.told_ns != 0 && !stream.sessions.empty()) {
      tell_quality(stream, now_ns);
    }
  }
}

void StreamRegistry::send_snapshot(const Stream& stream, const net::SessionPtr& session) {
  if (stream.newest_data.empty()) {
    return;
  }
  const auto now_ns = now_ns_();
  const auto quality = quality_now(stream, now_ns);
  const auto age_ms = age_now_ms(stream, now_ns);
  session->send(net::make_frame(
    stream_event({.channel = stream.channel,
                  .symbol = stream.symbol,
                  .seq = stream.seq,
                  .snapshot = true,
                  .as_of = stream.newest_as_of,
                  .quality = quality,
                  .event = stream.newest_event,
                  .data = stream.retell ? stream.retell(quality, age_ms) : stream.newest_data,
                  .age_ms = age_ms})));
}

void StreamRegistry::unsubscribe(const net::SessionPtr& session, const StreamRequest& request) {
  const std::lock_guard lock{mutex_};
  const auto member = members_.find(session->id());
  for (const auto& symbol : request.symbol_texts()) {
    const auto key = stream_key(request.channel, symbol, interval_text(request));
    if (const auto at = streams_.find(key); at != streams_.end()) {
      at->second.sessions.erase(session->id());
    }
    if (member != members_.end()) {
      member->second.streams.erase(key);
    }
  }
  session->send(net::make_frame(stream_ack(request)));
}

void StreamRegistry::add(const net::SessionPtr& session) {
  const std::lock_guard lock{mutex_};
  members_.emplace(session->id(), Member{session, {}});
}

void StreamRegistry::remove(const net::SessionPtr& session) {
  const std::lock_guard lock{mutex_};
  const auto member = members_.find(session->id());
  if (member == members_.end()) {
    return;
  }
  for (const auto& key : member->second.streams) {
    streams_[key].sessions.erase(session->id());
  }
  members_.erase(member);
}

void StreamRegistry::publish(const StreamNews& news) {
  const auto* const to = channel(news.channel);
  if (to == nullptr) {
    return;
  }
  const std::lock_guard lock{mutex_};
  if (news.whole) {
    publish_as(news, *to, std::string{whole_symbol});
    return;
  }
  publish_as(news, *to, news.instrument.to_text());
  if (news.primary && news.instrument.qualified()) {
    publish_as(news, *to, news.instrument.symbol);
  }
}

void StreamRegistry::keep(Stream& stream,
                          const StreamNews& news,
                          const Channel& to,
                          std::int64_t now_ns) {
  if (news.once) {
    return; // it says nothing of how things stand
  }
  if (to.conflated) {
    stream.newest_event = news.event;
    stream.newest_data = news.data;
    stream.retell = news.retell;
  }
  stream.newest_as_of = news.as_of;
  stream.newest_quality = news.quality;
  stream.told_ns = now_ns;
  stream.told_age_ms = news.age_ms;
  stream.sources = news.sources;
  if (!news.standing) {
    stream.told = news.quality;
  }
}

void StreamRegistry::publish_as(const StreamNews& news,
                                const Channel& to,
                                const std::string& symbol) {
  auto* const found = stream(news.channel, symbol, news.interval);
  if (found == nullptr) {
    return;
  }
  const auto now_ns = now_ns_();
  const bool first = found->told_ns == 0;
  keep(*found, news, to, now_ns);
  if (news.standing && first) {
    for (const auto& [id, session] : found->sessions) {
      send_snapshot(*found, session);
    }
    found->told = quality_now(*found, now_ns);
  }
  if (news.standing) {
    tell_quality(*found, now_ns);
    return;
  }
  ++found->seq;
  const bool conflated = to.conflated && !news.once;
  if (found->sessions.empty()) {
    return;
  }
  const auto frame = net::make_frame(stream_event({.channel = news.channel,
                                                   .symbol = symbol,
                                                   .seq = found->seq,
                                                   .snapshot = false,
                                                   .as_of = news.as_of,
                                                   .quality = news.quality,
                                                   .event = news.event,
                                                   .data = news.data}));
  const auto slot = conflated ? stream_key(news.channel, symbol, news.interval) : std::string{};
  for (const auto& [id, session] : found->sessions) {
    conflated ? session->send_conflated(slot, frame) : session->send(frame);
  }
}

void StreamRegistry::publish_gap(std::string_view name, std::uint64_t lost) {
  const auto frame = net::make_frame(stream_gap(name, lost));
  const auto prefix = std::string(name) + '|';
  const std::lock_guard lock{mutex_};
  for (const auto& [id, member] : members_) {
    const auto first = member.streams.lower_bound(prefix);
    if (first != member.streams.end() && first->starts_with(prefix)) {
      member.session->send(frame);
    }
  }
}

void StreamRegistry::heartbeat(core::Timestamp now) {
  const auto frame = net::make_frame(stream_heartbeat(now));
  const std::lock_guard lock{mutex_};
  for (const auto& [id, member] : members_) {
    member.session->send_conflated("heartbeat", frame);
  }
}

std::size_t StreamRegistry::sessions() const {
  const std::lock_guard lock{mutex_};
  return members_.size();
}

} // namespace troupe::api
