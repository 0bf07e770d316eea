#pragma once

#include "actors/venues/binance/frames.hpp"
#include "actors/venues/common/feed_protocol.hpp"

#include <chrono>
#include <map>
#include <memory>

namespace troupe::venues::binance {

struct FeedSettings {
  std::string venue;
  std::uint32_t depth_limit = 1'000; ///< levels a side of a snapshot; 5000 is the venue's most
  std::uint32_t snapshot_tries_max = 5;
  std::chrono::nanoseconds verify_books_every = std::chrono::seconds{30};
};

/// Units of GET /api/v3/depth.
[[nodiscard]] std::uint64_t depth_weight(std::uint32_t limit);

/// Binance's market streams: @depth@100ms and @trade of each instrument over one combined
/// connection, books as BookBuilder says. A book that no message changed for `verify_books_every`
/// is compared with the venue's number over REST: the last message before a quiet time may be lost
/// too.
[[nodiscard]] std::unique_ptr<FeedProtocol> make_feed_protocol(FeedSettings settings);

} // namespace troupe::venues::binance
