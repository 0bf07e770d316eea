#include "nodes/api/stream_registry.hpp"

#include <algorithm>

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

std::string interval_text(const StreamRequest& request) {
  return request.interval ? request.interval->to_text() : std::string{};
}

} // namespace

StreamRegistry::StreamRegistry(std::vector<Channel> channels) : channels_(std::move(channels)) {}

const Channel* StreamRegistry::channel(std::string_view name) const {
  const auto at = std::ranges::find(channels_, name, &Channel::name);
  return at == channels_.end() ? nullptr : &*at;
}

StreamRegistry::Stream* StreamRegistry::stream(const std::string& key) {
  if (const auto at = streams_.find(key); at != streams_.end()) {
    return &at->second;
  }
  return streams_.size() < streams_max ? &streams_[key] : nullptr;
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
    auto* const found = stream(key);
    if (found == nullptr) {
      return core::Error{core::Errc::OVERLOADED, "too many different streams"};
    }
    member->second.streams.insert(key);
    found->sessions.emplace(session->id(), session);
    send_snapshot(*found, request, symbol, session);
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
  if (to != nullptr && to->activity && request.interval && !built_.empty()
      && !built_.contains(*request.interval)) {
    std::string names;
    for (const auto& spec : built_) {
      names += (names.empty() ? "one of " : ", ") + spec.to_text();
    }
    return core::Error{core::Errc::INVALID_ARGUMENT,
                       core::json::Problem{"interval", names, request.interval->to_text()}.text()};
  }
  return {};
}

void StreamRegistry::send_snapshot(const Stream& stream,
                                   const StreamRequest& request,
                                   const std::string& symbol,
                                   const net::SessionPtr& session) {
  if (stream.newest_data.empty()) {
    return;
  }
  session->send(net::make_frame(stream_event({.channel = request.channel,
                                              .symbol = symbol,
                                              .seq = stream.seq,
                                              .snapshot = true,
                                              .as_of = stream.newest_as_of,
                                              .quality = stream.newest_quality,
                                              .event = stream.newest_event,
                                              .data = stream.newest_data})));
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

void StreamRegistry::publish_as(const StreamNews& news,
                                const Channel& to,
                                const std::string& symbol) {
  auto* const found = stream(stream_key(news.channel, symbol, news.interval));
  if (found == nullptr) {
    return;
  }
  ++found->seq;
  const bool conflated = to.conflated && !news.once;
  if (conflated) {
    found->newest_event = news.event;
    found->newest_data = news.data;
    found->newest_as_of = news.as_of;
    found->newest_quality = news.quality;
  }
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
