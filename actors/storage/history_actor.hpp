#pragma once

#include "actors/storage/history.hpp"
#include "supervision/supervisor.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <string>
#include <vector>

/// The actor that owns a HistoryStore, and what it is asked. Local to the node.
namespace troupe::storage {

using core::inspect;

/// Bars of one instrument and interval.
struct BarsOf {
  trading::InstrumentId instrument;
  trading::Interval interval;
  std::vector<trading::Bar> bars;
};
BOOST_DESCRIBE_STRUCT(BarsOf, (), (instrument, interval, bars))

struct BarsStored {
  std::uint64_t changed = 0; ///< new or different ones
};
BOOST_DESCRIBE_STRUCT(BarsStored, (), (changed))

/// Writes closed bars; any may be there already.
struct StoreBars {
  using Reply = BarsStored;
  std::vector<BarsOf> parts;
};
BOOST_DESCRIBE_STRUCT(StoreBars, (), (parts))

struct BarsLoaded {
  std::vector<trading::Bar> bars; ///< ascending
};
BOOST_DESCRIBE_STRUCT(BarsLoaded, (), (bars))

/// Bars that open in [start, end): the first `limit`, or without a start the last.
struct LoadBars {
  using Reply = BarsLoaded;
  trading::InstrumentId instrument;
  trading::Interval interval;
  std::optional<core::Timestamp> start;
  core::Timestamp end{INT64_MAX};
  std::uint32_t limit = 0; ///< 1 .. rows_max
};
BOOST_DESCRIBE_STRUCT(LoadBars, (), (instrument, interval, start, end, limit))

struct TradesStored {
  std::uint64_t added = 0; ///< those that were not there already, by their ids
};
BOOST_DESCRIBE_STRUCT(TradesStored, (), (added))

/// Writes trades that happened just now; any may be there already. Since when an instrument is
/// recorded so is noted, once: see PruneTrades.
struct StoreTrades {
  using Reply = TradesStored;
  std::vector<trading::Trade> trades; ///< at most rows_max
};
BOOST_DESCRIBE_STRUCT(StoreTrades, (), (trades))

struct TradesLoaded {
  std::vector<trading::Trade> trades; ///< ascending by time, then id
};
BOOST_DESCRIBE_STRUCT(TradesLoaded, (), (trades))

/// Trades of [start, end): the first `limit`, or without a start the last.
struct LoadTrades {
  using Reply = TradesLoaded;
  trading::InstrumentId instrument;
  std::optional<core::Timestamp> start;
  core::Timestamp end{INT64_MAX};
  std::uint32_t limit = 0; ///< 1 .. rows_max
};
BOOST_DESCRIBE_STRUCT(LoadTrades, (), (instrument, start, end, limit))

struct TradesPruned {
  std::uint64_t removed = 0;
};
BOOST_DESCRIBE_STRUCT(TradesPruned, (), (removed))

/// Takes recorded trades from before a time away, at most `limit`, the oldest first. Those from
/// before the instrument was first recorded (imported ones) stay.
struct PruneTrades {
  using Reply = TradesPruned;
  trading::InstrumentId instrument;
  core::Timestamp before;
  std::uint32_t limit = 0; ///< 1 .. rows_max
};
BOOST_DESCRIBE_STRUCT(PruneTrades, (), (instrument, before, limit))

/// Starts the store of a `storage.url`. The database is opened at the first request, and anew as
/// long as that fails: a request to a store that does not open is answered with why.
/// State: the connection; what it holds is on disk. Declare the child detached: it blocks.
[[nodiscard]] supervision::Start history_actor(std::string url);

} // namespace troupe::storage

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::StoreBars)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::BarsStored)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::LoadBars)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::BarsLoaded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::StoreTrades)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::TradesStored)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::LoadTrades)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::TradesLoaded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::PruneTrades)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::TradesPruned)
