#pragma once

#include "actors/market_data/catalogue.hpp"
#include "actors/market_data/settings.hpp"
#include "actors/market_data/venue_track.hpp"
#include "messages/ticker_board.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::market_data {

/// What others are to be told after a batch.
struct Publications {
  std::optional<messages::PriceUpdate> price;
  std::optional<messages::BookChanged> book;
  std::optional<messages::TradesPrinted> trades;
  std::optional<messages::BookResync> resync;
  std::vector<messages::BarClosed> bars;
  std::vector<messages::ActivityBarClosed> activity;
  std::vector<trading::IntervalBar> to_store; ///< every bar that closed
  std::vector<trading::Trade> to_record;      ///< every trade
};

/// One symbol over all venues that list it: what an instrument actor knows, without the actor.
class SymbolState {
public:
  SymbolState(const std::string& symbol, const Catalogue& catalogue, const Settings& settings);

  /// @returns what to publish; nothing for an instrument that is not of this symbol
  [[nodiscard]] Publications apply(const venues::FeedBatch& batch, core::Timestamp now);
  /// The bars that a late seed closed, likewise; @pre the instrument is one of these
  [[nodiscard]] Publications
  publish_bars(const trading::InstrumentId& id, ClosedBars bars, core::Timestamp now) const;
  /// Likewise of trades that were held back.
  [[nodiscard]] Publications publish_activity(const trading::InstrumentId& id,
                                              std::vector<SpecBar> bars,
                                              core::Timestamp now) const;

  /// @pre id is qualified. @returns NOT_READY before the first price
  [[nodiscard]] core::Result<messages::TickerReply> ticker(const trading::InstrumentId& id,
                                                           core::Timestamp now) const;
  /// Tells the publisher of every instrument what ticker() says and for how long that stays so.
  void publish_tickers(messages::TickerPublisher& to, core::Timestamp now) const;
  /// @pre id is qualified. @returns NOT_READY before the first book
  [[nodiscard]] core::Result<messages::OrderBookReply>
  order_book(const trading::InstrumentId& id, std::uint32_t depth, core::Timestamp now) const;

  /// Freshness of every venue's instrument.
  [[nodiscard]] std::vector<messages::InstrumentStatusBeat> beats(core::Timestamp now);
  /// Of those alone whose freshness changed since it was last told.
  [[nodiscard]] std::vector<messages::InstrumentStatusBeat> changes(core::Timestamp now);

  /// What was measured of every venue's feed, and what is to be told of its targets.
  struct Measured {
    std::vector<messages::FeedSlaMeasured> feeds;
    std::vector<messages::SlaBreach> breaches;
  };
  [[nodiscard]] Measured measure(const std::string& node, core::Timestamp now);

  /// Whether every instrument had its first batch.
  [[nodiscard]] bool all_answered() const;

  [[nodiscard]] std::vector<VenueTrack>& tracks() { return tracks_; }
  [[nodiscard]] VenueTrack* find(const trading::InstrumentId& id);
  [[nodiscard]] const VenueTrack* find(const trading::InstrumentId& id) const;
  [[nodiscard]] const std::vector<trading::Interval>& intervals() const { return intervals_; }
  /// Everything that bars are built of: the intervals, then the others.
  [[nodiscard]] const std::vector<trading::BarSpec>& specs() const { return specs_; }

private:
  [[nodiscard]] static messages::Meta
  meta_of(trading::Freshness freshness, core::Timestamp as_of, core::Timestamp now);
  [[nodiscard]] messages::ConsolidatedQuote consolidated(core::Timestamp now) const;
  [[nodiscard]] messages::InstrumentStatusBeat beat_of(std::size_t i, core::Timestamp now);
  [[nodiscard]] bool is_primary(const VenueTrack& track) const { return &track == tracks_.data(); }

  std::vector<trading::Interval> intervals_;
  std::vector<trading::BarSpec> specs_;
  std::size_t book_levels_;
  std::vector<VenueTrack> tracks_; ///< in order of priority
  std::vector<std::optional<messages::ChannelFreshness>> told_;
};

/// Ascending and distinct; @pre check(settings) finds nothing wrong
[[nodiscard]] std::vector<trading::Interval> configured_intervals(const Settings& settings);

/// Those, and tick, volume and value bars behind them; likewise.
[[nodiscard]] std::vector<trading::BarSpec> configured_specs(const Settings& settings);

/// The best levels of a book.
[[nodiscard]] trading::BookSnapshot top_of(const trading::BookSnapshot& book, std::size_t depth);

/// How a page of bars came about.
struct HistoryOrigin {
  bool from_store = false; ///< older bars were asked of the store or the venue
  bool incomplete = false; ///< and could not be had in full
  trading::Freshness freshness = trading::Freshness::DOWN; ///< of the bars
};

/// @param page  of the query, cut
[[nodiscard]] messages::HistoricalReply historical_reply(const HistoryQuery& query,
                                                         HistoryPage page,
                                                         const HistoryOrigin& origin,
                                                         core::Timestamp now);

} // namespace troupe::market_data
