#pragma once

#include "core/duration.hpp"
#include "messages/market_data.hpp"

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What a venue's feed actor and the instrument actors of the same node say to each other. These
/// never leave the node: feeds run where the instruments they feed run.
namespace troupe::venues {

using core::inspect;

/// A receiver without a predecessor here may follow one on another node, whose last events nobody
/// here knows: what ended within this time before it began is published again. More than it takes
/// to find a node dead and to start its work elsewhere; readers drop what they have.
inline constexpr std::chrono::seconds takeover_overlap{10};

/// A bar that a venue delivers as such (recorded bars), rather than the trades it is made of.
struct RecordedBar {
  trading::Interval interval;
  trading::Bar bar;
};
BOOST_DESCRIBE_STRUCT(RecordedBar, (), (interval, bar))

/// News of one instrument, in event-time order.
struct FeedBatch {
  trading::InstrumentId instrument; ///< qualified
  std::uint64_t subscription = 0;   ///< the FeedSubscribe that this answers
  std::uint64_t sequence = 0;       ///< 1, 2, ... within the subscription; echoed in FeedAck
  std::vector<trading::Trade> trades;
  std::vector<RecordedBar> bars;
  std::optional<trading::BookSnapshot> book; ///< the book after these trades, where it changed
  core::Timestamp watermark;                 ///< nothing older than this will come any more
  /// Trades up to this id are known to others already (a predecessor of the receiver published
  /// them, or they are from before the first subscription): they rebuild state and are not
  /// published again.
  std::uint64_t handled_through = 0;
  /// Bars that ended by this time likewise.
  core::Timestamp handled_until{INT64_MIN};
  /// The trades of this subscription are complete from here on: what came before is in the venue's
  /// history. INT64_MIN where there is nothing before the first trade (recorded data).
  core::Timestamp complete_from{INT64_MIN};
  /// False: the stream is down, and this only says so, with sequence 0; or brings a book that was
  /// polled meanwhile. With sequence 1 the stream begins anew: trades were missed before
  /// `complete_from`.
  bool connected = true;
  /// The book lost touch with the venue and is fetched anew, and this only says so, with sequence
  /// 0; the stream goes on.
  bool book_lost = false;
  std::string reason; ///< where it is not connected or the book is lost: what was found
  std::uint32_t resync_attempts = 0; ///< snapshots asked for since the book was lost
  std::uint32_t book_updates = 0;    ///< the venue's messages that the book is made of
  /// When the first of these trades, and the first of these changes of the book, reached us.
  std::optional<core::Timestamp> trades_received;
  std::optional<core::Timestamp> book_received;
};
BOOST_DESCRIBE_STRUCT(FeedBatch,
                      (),
                      (instrument,
                       subscription,
                       sequence,
                       trades,
                       bars,
                       book,
                       watermark,
                       handled_through,
                       handled_until,
                       complete_from,
                       connected,
                       book_lost,
                       reason,
                       resync_attempts,
                       book_updates,
                       trades_received,
                       book_received))

/// The receiver has taken a batch: credit for the next.
struct FeedAck {
  trading::InstrumentId instrument;
  std::uint64_t subscription = 0;
  std::uint64_t sequence = 0;
  /// Trades up to this id, and bars that ended by this time, are published: what a successor's
  /// batches call handled.
  std::uint64_t trades_through = 0;
  core::Timestamp bars_until{INT64_MIN};
};
BOOST_DESCRIBE_STRUCT(FeedAck, (), (instrument, subscription, sequence, trades_through, bars_until))

/// Asks a feed for an instrument from now on; a second one for the same instrument replaces the
/// first (the receiver was restarted, or lost touch) and gets what rebuilds the bars that are open.
struct FeedSubscribe {
  trading::InstrumentId instrument; ///< qualified
  std::uint64_t subscription = 0;   ///< of the receiver's choice, not used before
  caf::actor receiver;
  /// What the receiver itself published already: a feed that was restarted does not know.
  std::uint64_t trades_through = 0;
  core::Timestamp bars_until{INT64_MIN};
};

struct FeedUnsubscribe {
  trading::InstrumentId instrument;
};
BOOST_DESCRIBE_STRUCT(FeedUnsubscribe, (), (instrument))

struct BarsFetched {
  std::vector<trading::Bar> bars; ///< ascending, final ones only
};
BOOST_DESCRIBE_STRUCT(BarsFetched, (), (bars))

/// Closed bars of [start, end) from the venue's own history; without a start the newest `limit`.
struct FetchBars {
  using Reply = BarsFetched;
  trading::InstrumentId instrument;
  trading::Interval interval;
  std::optional<core::Timestamp> start;
  core::Timestamp end;
  std::uint32_t limit = 0;
  /// Answered by then, with RATE_LIMITED where the venue's limit left no room; 0: no such bound.
  core::Duration within{};
};
BOOST_DESCRIBE_STRUCT(FetchBars, (), (instrument, interval, start, end, limit, within))

} // namespace troupe::venues

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::FeedBatch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::FeedAck)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::FeedSubscribe)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::FeedUnsubscribe)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::FetchBars)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::BarsFetched)
