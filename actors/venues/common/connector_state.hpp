#pragma once

#include "actors/venues/common/connector_feed_actor.hpp"
#include "actors/venues/common/feed.hpp"
#include "core/random.hpp"
#include "net/websocket_client.hpp"
#include "supervision/actor.hpp"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

/// The parts of the connector's feed actor, one file each. Not for users of the folder.
namespace troupe::venues::connector {

inline constexpr core::Timestamp no_time{INT64_MIN};

/// What the receivers of an instrument, one after another, have published.
struct Published {
  std::uint64_t trades_through = 0;
  core::Timestamp bars_until = no_time;
};

/// One instrument on its way to its receiver.
struct Stream {
  FeedBatch head; ///< what every batch carries
  caf::actor receiver;
  bool live = false;         ///< trades are complete since head.complete_from
  bool restart = false;      ///< they were not: begin anew with the next batch
  core::Timestamp live_from; ///< of that beginning
  bool book_changed = false;
  bool told_down = false;            ///< the receiver knows that there is no stream
  std::uint32_t resync_attempts = 0; ///< snapshots asked for since the book was lost
  std::uint32_t book_updates = 0;    ///< since the last batch that carried the book
  core::Timestamp trades_received;   ///< when the first of `trades` came
  core::Timestamp book_received;     ///< when the first of book_updates did
  std::uint64_t sequence = 0;
  std::deque<std::uint64_t> unacked;
  std::vector<trading::Trade> trades; ///< not sent yet
  core::Timestamp watermark = no_time;
  core::Timestamp sent;
  core::Timestamp book_sent;
  core::Timestamp polled;
};

struct State {
  static inline const char* name = "venue_feed";
  RestPort port;
  std::unique_ptr<FeedProtocol> protocol;
  std::unique_ptr<net::WebSocketClient> socket;
  std::uint64_t connection = 0; ///< number of the socket; what others say is old
  bool open = false;
  unsigned attempts = 0;       ///< in a row that did not hold
  core::Timestamp opened;      ///< when the socket did
  core::Timestamp down_since;  ///< when there was no stream any more
  core::Timestamp connect_at;  ///< the next attempt
  double message_tokens = 0.0; ///< of messages_per_second
  core::Timestamp message_filled;
  std::map<std::string, trading::Instrument> listed; ///< configured ones, as the venue says
  core::Timestamp listing_at;                        ///< when to ask (again)
  core::Timestamp venue_time;                        ///< the newest its messages carried
  core::Timestamp venue_time_at;                     ///< and when that was, by our clock
  std::map<std::string, Stream> streams;             ///< by symbol
  std::map<std::string, Published> published;
  std::optional<std::vector<BudgetLimit>> limits; ///< as the venue says
  std::uint64_t limits_told_to = 0;               ///< epoch of the limiter that knows them
  core::Random random{1};
  bool flush_due = false;
};
using Self = supervision::StatefulActor<State>;

/// Timers and what the network's thread says.
struct Tick {
  std::uint64_t epoch = 0;
};
struct Flush {
  std::uint64_t epoch = 0;
};
struct SocketOpened {
  std::uint64_t epoch = 0;
  std::uint64_t connection = 0;
};
struct SocketText {
  std::uint64_t epoch = 0;
  std::uint64_t connection = 0;
  std::string text; ///< padded
};
struct SocketClosed {
  std::uint64_t epoch = 0;
  std::uint64_t connection = 0;
  std::string reason;
};

// ---- connector_streams.cpp: from the protocol to the receivers
void on_subscribe(Self* self, const FeedSubscribe& request);
void on_unsubscribe(Self* self, const FeedUnsubscribe& request);
void on_ack(Self* self, const FeedAck& ack);
/// Runs `step` with the sink that fills the streams, and sees to what it led to.
void with_sink(Self* self, const std::function<void(MarketSink&)>& step);
void flush(Self* self);
/// There is no stream: receivers are told. @param reason  what was found
void tell_down(Self* self, Stream& stream, const std::string& reason);
void beat(Self* self, core::Timestamp now);
/// A limiter that was restarted knows the documented limits alone.
void tell_limits(Self* self);

// ---- connector_socket.cpp: the connection, and what the protocol wants done
void drive(Self* self);
void maintain_connection(Self* self, core::Timestamp now);
void drop_connection(Self* self, const std::string& reason);
void on_opened(Self* self, const SocketOpened& event);
void on_text(Self* self, const SocketText& event);
void on_closed(Self* self, const SocketClosed& event);
void maintain_listing(Self* self, core::Timestamp now);
void poll_streams(Self* self, core::Timestamp now);

} // namespace troupe::venues::connector

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::connector::Tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::connector::Flush)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::connector::SocketOpened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::connector::SocketText)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::connector::SocketClosed)
