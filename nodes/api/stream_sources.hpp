#pragma once

#include "messages/market_data.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace troupe::api {

/// How fresh a source says it is, as a quality.
[[nodiscard]] trading::Quality quality_of(trading::Freshness freshness);

/// What the sources of streams said of themselves last, and whether they have fallen silent: beats
/// come at every change and once a second.
class StreamSources {
public:
  /// @param now_ns  of a clock that never jumps, likewise below
  void heard(const messages::InstrumentStatusBeat& beat, std::int64_t now_ns);

  /// What a source's data are worth now.
  /// @param symbol   as it is subscribed to
  /// @param channel  what is told of it; any other than those of /data/stream: what is made of it
  /// @param told_ns  when the newest data came: what the source said before does not count
  /// @returns live where nothing is known of it
  [[nodiscard]] trading::Quality quality(const std::string& symbol,
                                         std::string_view channel,
                                         std::int64_t told_ns,
                                         std::int64_t now_ns) const;

  /// A source's time now: what it said last, and what has passed since. @returns nothing where
  /// nothing is known of it
  [[nodiscard]] std::optional<core::Timestamp> time_of(const std::string& symbol,
                                                       std::int64_t now_ns) const;

  static constexpr std::int64_t silent_after_ns = 5'000'000'000;

private:
  struct Word {
    trading::Freshness freshness = trading::Freshness::DOWN;
    messages::ChannelFreshness channels;
    core::Timestamp now; ///< the source's clock
    std::int64_t heard_ns = 0;
  };
  std::unordered_map<std::string, Word> words_;
};

} // namespace troupe::api
