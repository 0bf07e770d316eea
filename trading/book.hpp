#pragma once

#include "core/json.hpp"
#include "trading/instrument.hpp"

#include <vector>

namespace troupe::trading {

/// Quantity at a price; in JSON ["price", "quantity"].
struct Level {
  Price price;
  Quantity quantity;

  friend bool operator==(const Level&, const Level&) = default;

  void append_json(std::string& out) const;
  void read_json(core::json::View in, core::json::Decoder& decoder);
  static constexpr const char* json_schema =
    R"({"type":"array","prefixItems":[{"type":"string","format":"decimal"},)"
    R"({"type":"string","format":"decimal"}],"minItems":2,"maxItems":2})";
};
BOOST_DESCRIBE_STRUCT(Level, (), (price, quantity))

/// A book as it was at one time, best first.
struct BookSnapshot {
  InstrumentId instrument;
  std::vector<Level> bids; ///< highest first
  std::vector<Level> asks; ///< lowest first
  std::uint64_t sequence = 0;
  core::Timestamp ts_event;

  friend bool operator==(const BookSnapshot&, const BookSnapshot&) = default;
};
BOOST_DESCRIBE_STRUCT(BookSnapshot, (), (instrument, bids, asks, sequence, ts_event))

/// Levels that changed: their new quantities, zero for a level that is gone.
struct BookDelta {
  InstrumentId instrument;
  std::vector<Level> bids;
  std::vector<Level> asks;
  std::uint64_t sequence = 0; ///< of the book after it
  core::Timestamp ts_event;

  friend bool operator==(const BookDelta&, const BookDelta&) = default;
};
BOOST_DESCRIBE_STRUCT(BookDelta, (), (instrument, bids, asks, sequence, ts_event))

} // namespace troupe::trading
