#pragma once

#include "core/json.hpp"
#include "messages/meta.hpp"
#include "trading/bar_spec.hpp"
#include "trading/instrument.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What clients say on a stream and what they are answered:
///   {"op":"subscribe","channel":"ticker","symbols":["BTC-USD"],"id":1}
///   {"op":"unsubscribe", ...}   {"op":"ping","id":2}
/// A channel that tells of all instruments together takes a subscription without symbols as one to
/// that, and spells it "*".
///   -> {"type":"subscribed","channel":...,"symbols":[...],"id":1}   {"type":"pong","id":2}
///   -> {"type":"error","error":{"code","message","retryable"},"id":1}
///   -> {"channel","symbol","seq","type":"snapshot"|"delta","as_of","quality","data"}
///      and, on channels that carry events of several kinds, "event" before "data"
///      a snapshot says with "age_ms" how old it is, and its quality is that of the moment it is
///      sent
///   ->
///   {"channel","symbol","interval","seq","type":"quality","as_of","quality","previous","age_ms"}
///      where the quality of what was told last became another without news
///   -> {"type":"heartbeat","as_of":...}
namespace troupe::api {

/// One kind of news on a stream.
struct Channel {
  std::string_view name;
  bool conflated = false; ///< a slow client gets the newest per symbol; else it is cut off
  std::string_view default_interval; ///< empty: the channel has no intervals
  bool whole = false;                ///< without symbols: one stream of all instruments together
  bool activity = false;             ///< intervals may be tick:N, volume:N, value:N, too
  std::string_view service{};        ///< that it tells of
};

enum class StreamOp : std::uint8_t { SUBSCRIBE, UNSUBSCRIBE, PING };

struct StreamRequest {
  StreamOp op = StreamOp::PING;
  std::string channel;
  std::vector<trading::InstrumentId> symbols; ///< empty: all instruments together
  std::optional<trading::BarSpec> interval;   ///< where the channel has them
  std::string id = "null";                    ///< encoded JSON, given back as it came

  /// The symbols as text, or "*" alone.
  [[nodiscard]] std::vector<std::string> symbol_texts() const;
};

/// Stands for all instruments together.
inline constexpr std::string_view whole_symbol = "*";

constexpr std::size_t stream_symbols_max = 1'000;

/// @param channels  those of the stream that was asked
/// @returns MALFORMED_REQUEST or INVALID_ARGUMENT naming what was expected and found
[[nodiscard]] core::Result<StreamRequest>
parse_stream_request(std::string_view text, const std::vector<Channel>& channels);

/// The id of a request that may be malformed otherwise: "null" where there is none.
[[nodiscard]] std::string stream_request_id(std::string_view text);

[[nodiscard]] std::string stream_ack(const StreamRequest& request);
[[nodiscard]] std::string stream_error(const core::Error& error, std::string_view id);
[[nodiscard]] std::string stream_heartbeat(core::Timestamp now);

struct StreamEvent {
  std::string_view channel;
  std::string symbol;
  std::uint64_t seq = 0;
  bool snapshot = false;
  core::Timestamp as_of;
  trading::Quality quality = trading::Quality::live;
  std::string_view event;  ///< its kind; empty where the channel has one
  std::string_view data;   ///< encoded JSON
  std::int64_t age_ms = 0; ///< of a snapshot
};
[[nodiscard]] std::string stream_event(const StreamEvent& event);

/// Nothing new, but what was told last is worth more or less now.
struct StreamQuality {
  std::string_view channel;
  std::string_view symbol;
  std::string_view interval; ///< empty where the channel has none
  std::uint64_t seq = 0;
  core::Timestamp as_of;
  trading::Quality quality = trading::Quality::live;
  trading::Quality previous = trading::Quality::live;
  std::int64_t age_ms = 0;
};
[[nodiscard]] std::string stream_quality(const StreamQuality& event);

/// Tells that events of a channel were lost between the source and this node.
[[nodiscard]] std::string stream_gap(std::string_view channel, std::uint64_t lost);

} // namespace troupe::api
