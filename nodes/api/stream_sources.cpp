#include "nodes/api/stream_sources.hpp"

#include <chrono>

namespace troupe::api {

trading::Quality quality_of(trading::Freshness freshness) {
  switch (freshness) {
    case trading::Freshness::LIVE: return trading::Quality::live;
    case trading::Freshness::STALE:
    case trading::Freshness::RESYNC: return trading::Quality::stale;
    case trading::Freshness::DOWN: break;
  }
  return trading::Quality::degraded;
}

void StreamSources::heard(const messages::InstrumentStatusBeat& beat, std::int64_t now_ns) {
  const Word word{
    .freshness = beat.freshness, .channels = beat.channels, .now = beat.now, .heard_ns = now_ns};
  words_[beat.instrument.to_text()] = word;
  if (beat.primary) {
    words_[beat.instrument.symbol] = word;
  }
}

std::optional<core::Timestamp> StreamSources::time_of(const std::string& symbol,
                                                      std::int64_t now_ns) const {
  const auto found = words_.find(symbol);
  if (found == words_.end()) {
    return std::nullopt;
  }
  return found->second.now + std::chrono::nanoseconds{now_ns - found->second.heard_ns};
}

trading::Quality StreamSources::quality(const std::string& symbol,
                                        std::string_view channel,
                                        std::int64_t told_ns,
                                        std::int64_t now_ns) const {
  const auto found = words_.find(symbol);
  if (found == words_.end()) {
    return trading::Quality::live;
  }
  const auto& word = found->second;
  auto quality = trading::Quality::live;
  if (word.heard_ns >= told_ns) {
    if (channel == "trades") {
      quality = quality_of(word.channels.trades);
    } else if (channel == "book") {
      quality = quality_of(word.channels.book);
    } else if (channel == "bars") {
      quality = quality_of(word.channels.bars);
    } else {
      quality = quality_of(word.freshness);
    }
  }
  const bool silent = now_ns - word.heard_ns > silent_after_ns;
  return silent ? trading::worse(quality, trading::Quality::stale) : quality;
}

} // namespace troupe::api
