#pragma once

#include "core/duration.hpp"
#include "messages/meta.hpp"
#include "supervision/bus.hpp"
#include "trading/instrument.hpp"

#include <boost/mp11/list.hpp>

/// How well market data is delivered, against targets, and what is told when it is not.
namespace troupe::messages {

/// What a feed is held to.
struct SlaTargets {
  double uptime = 0.0;        ///< share of the window in which it is LIVE, 0 to 1
  core::Duration latency_p99; ///< from receipt to publication
  core::Duration heal_within; ///< a gap that is older is called unhealed
  core::Duration window;      ///< what figures are over
};
BOOST_DESCRIBE_STRUCT(SlaTargets, (), (uptime, latency_p99, heal_within, window))

/// What a feed did within the window.
struct SlaFigures {
  double uptime = 1.0;          ///< LIVE time / observed time
  std::int64_t observed_ms = 0; ///< of the window; less while the node is young
  std::int64_t down_ms = 0;     ///< observed and not LIVE
  double error_budget_used =
    0.0;                      ///< down / what the target allows in a whole window; above 1: breach
  std::uint64_t messages = 0; ///< since the owner of the feed started
  double messages_per_second = 0.0;     ///< in the window
  std::uint64_t latency_samples = 0;    ///< publications in the window
  std::optional<double> latency_p50_ms; ///< from receipt to publication; absent: nothing published
  std::optional<double> latency_p99_ms; ///< likewise; at most an eighth too large
  std::uint64_t gaps = 0;            ///< losses that the venue's numbers or a broken stream showed
  std::uint64_t unhealed_gaps = 0;   ///< now: older than heal_within, or never to be healed
  std::uint64_t resyncs = 0;         ///< books fetched anew, and back
  std::int64_t staleness_ms = 0;     ///< age of the newest data
  std::int64_t staleness_max_ms = 0; ///< longest silence in the window
};
BOOST_DESCRIBE_STRUCT(SlaFigures,
                      (),
                      (uptime,
                       observed_ms,
                       down_ms,
                       error_budget_used,
                       messages,
                       messages_per_second,
                       latency_samples,
                       latency_p50_ms,
                       latency_p99_ms,
                       gaps,
                       unhealed_gaps,
                       resyncs,
                       staleness_ms,
                       staleness_max_ms))

/// One channel of one instrument at one venue.
struct FeedSla {
  trading::InstrumentId instrument;
  std::string channel; ///< trades, book
  trading::Freshness freshness = trading::Freshness::DOWN;
  std::string reason; ///< why it is not LIVE
  SlaFigures figures;
  std::vector<std::string> breached; ///< targets that are not met now: uptime, latency_p99, gaps
  core::Timestamp as_of;
  std::string node; ///< who measured
};
BOOST_DESCRIBE_STRUCT(FeedSla,
                      (),
                      (instrument, channel, freshness, reason, figures, breached, as_of, node))

/// All feeds of a venue, or those of one of its channels.
struct VenueSla {
  std::string venue;
  std::string channel; ///< trades, book, or all
  std::uint32_t feeds = 0;
  std::uint32_t live = 0; ///< of them, now
  SlaFigures figures;     ///< sums and worst ages; latencies over all publications
  std::vector<std::string> breached;
  std::uint32_t feeds_breached = 0; ///< feeds that miss a target of their own
};
BOOST_DESCRIBE_STRUCT(VenueSla,
                      (),
                      (venue, channel, feeds, live, figures, breached, feeds_breached))

struct SlaReport {
  SlaTargets targets;
  std::vector<VenueSla> venues;
  std::vector<FeedSla> feeds; ///< by instrument
};
BOOST_DESCRIBE_STRUCT(SlaReport, (), (targets, venues, feeds))

struct SlaReply {
  Meta meta;
  SlaReport data;
};
BOOST_DESCRIBE_STRUCT(SlaReply, (), (meta, data))

/// Any node that carries market data answers for all feeds of the cluster.
struct GetSla {
  using Reply = SlaReply;
  std::optional<trading::InstrumentId> symbol; ///< default: all
  std::optional<std::string> venue;
  std::optional<std::string> channel; ///< trades, book
};
BOOST_DESCRIBE_STRUCT(GetSla, (), (symbol, venue, channel))

using FeedSlaRequests = boost::mp11::mp_list<GetSla>;

// ---- events --------------------------------------------------------------------------------

/// What the owner of an instrument measured of one channel, every second or so.
struct FeedSlaMeasured {
  FeedSla feed;
  std::vector<std::uint32_t> latencies; ///< publications by bucket: latency_bucket_us
};
BOOST_DESCRIBE_STRUCT(FeedSlaMeasured, (), (feed, latencies))

/// A target is missed, or met again.
struct SlaBreach {
  std::string venue;
  std::optional<trading::InstrumentId> instrument; ///< absent: the venue as a whole
  std::string channel;                             ///< trades, book, all
  std::string target;                              ///< uptime, latency_p99, gaps
  bool breached = true;                            ///< false: met again
  double value = 0.0;                              ///< share, milliseconds, number of unhealed gaps
  double limit = 0.0;                              ///< the target, in the same unit
  core::Timestamp as_of;
  std::string node;
  bool primary = false;
};
BOOST_DESCRIBE_STRUCT(
  SlaBreach, (), (venue, instrument, channel, target, breached, value, limit, as_of, node, primary))

BOOST_DEFINE_FIXED_ENUM_CLASS(ResyncPhase, std::uint8_t, STARTED, HEALED)

/// A book lost touch with its venue and is fetched anew, or is whole again. Meanwhile everything
/// that says something about the book says `stale` or worse.
struct BookResync {
  trading::InstrumentId instrument;
  ResyncPhase phase = ResyncPhase::STARTED;
  std::string reason;                      ///< what was found
  core::Timestamp since;                   ///< when the book was lost
  std::optional<std::int64_t> duration_ms; ///< where it is healed
  std::uint32_t attempts = 0;              ///< snapshots that were asked for
  core::Timestamp as_of;
  bool primary = false;
};
BOOST_DESCRIBE_STRUCT(BookResync,
                      (),
                      (instrument, phase, reason, since, duration_ms, attempts, as_of, primary))

// ---- latencies -----------------------------------------------------------------------------

/// Buckets of latencies: exact below 8 microseconds, then eight to each power of two, so that a
/// bound is at most an eighth above what it stands for; the last holds all of 9.4 seconds and more.
inline constexpr std::size_t latency_buckets = 170;
/// @returns which one holds it; a negative one is 0
[[nodiscard]] std::size_t latency_bucket(std::chrono::nanoseconds latency);
/// Upper bound of a bucket, microseconds.
[[nodiscard]] double latency_bucket_us(std::size_t bucket);
/// @param counts  by bucket  @param q  0 to 1
/// @returns milliseconds; nothing where nothing was counted. Cost: O(buckets)
[[nodiscard]] std::optional<double> latency_quantile_ms(const std::vector<std::uint32_t>& counts,
                                                        double q);

namespace topics {
inline const supervision::Topic feed_sla{"feed_sla", supervision::Delivery::CONFLATED};
inline const supervision::Topic sla_breaches{"sla_breaches", supervision::Delivery::LOSSLESS};
inline const supervision::Topic book_resync{"book_resync", supervision::Delivery::LOSSLESS};
} // namespace topics

} // namespace troupe::messages
