#pragma once

#include "actors/venues/sim/tape.hpp"
#include "core/random.hpp"
#include "trading/book.hpp"
#include "trading/matching.hpp"
#include "trading/trade.hpp"

#include <optional>

namespace troupe::venues::sim {

/// Who listens to a feed; calls come in order of event time.
class FeedSink {
public:
  virtual ~FeedSink() = default;
  /// Prints are summed per taking order and price, as aggregate trade feeds do.
  virtual void on_trade(const trading::Trade& trade) = 0;
  /// The whole book, at the start and with each epoch.
  virtual void on_snapshot(const trading::BookSnapshot& snapshot) = 0;
  virtual void on_delta(const trading::BookDelta& delta) = 0;
  /// The market's flow traded with a resting order of someone's (any owner but anonymous). Comes
  /// before the print that holds it.
  virtual void on_fill(const trading::matching::Fill& /*fill*/, core::Timestamp /*ts_event*/) {}

  // Order by order, for venues that show them singly; all of the market's own flow.
  virtual void on_order_accepted(const trading::matching::NewOrder& /*order*/,
                                 core::Timestamp /*ts_event*/) {}
  virtual void on_order_matched(const trading::matching::Fill& /*fill*/,
                                core::Timestamp /*ts_event*/) {}
  virtual void on_order_rested(const trading::matching::NewOrder& /*order*/,
                               trading::matching::OrderRef /*ref*/,
                               std::int64_t /*lots*/,
                               core::Timestamp /*ts_event*/) {}
  /// @param order  as it rested; none for the rest of an order that never did
  virtual void on_order_canceled(trading::matching::OrderRef /*ref*/,
                                 const std::optional<trading::matching::RestingOrder>& /*order*/,
                                 std::int64_t /*lots*/,
                                 core::Timestamp /*ts_event*/) {}
};

/// The market data of one instrument on one venue: a real book (trading/matching.hpp) with the
/// market's own orders in it, which quote and trade as the tape says.
///
/// With each epoch the market takes its orders out and puts in new ones around the tape's first
/// quote; from there on everything is drawn from (seed, venue, instrument, epoch). So the state at
/// a time is a function of that time: a feed started within an epoch goes through it from its
/// start in silence. Orders of others in the book stay over epochs, are traded with, and may bend
/// what follows within the epoch.
///
/// Sequence numbers: epoch * 2^20 + number of the change in the epoch; the snapshot at an epoch's
/// start has number 0. Trade ids: epoch * 2^16 + number of the print in the epoch.
/// @cost  about 0.25 ms per minute of time (bench_sim)
class SimFeed {
public:
  /// @param start  the state is that after all events up to and including this time
  SimFeed(const SimMarket& market,
          std::size_t venue,
          std::size_t instrument,
          core::Timestamp start);

  /// Lets the market go on to `to`, inclusive; earlier times do nothing.
  void advance(core::Timestamp to, FeedSink& sink);

  /// The book as it is now; best `levels` of each side.
  [[nodiscard]] trading::BookSnapshot snapshot(std::size_t levels = 1000) const;
  [[nodiscard]] const trading::InstrumentId& instrument() const { return id_; }
  [[nodiscard]] core::Timestamp now() const { return now_; }

  /// Where others' orders go in; whoever changes it tells the listeners.
  [[nodiscard]] trading::matching::Book& book() { return book_; }
  [[nodiscard]] const trading::matching::Book& book() const { return book_; }

private:
  /// An order of the market's.
  struct Placed {
    trading::matching::OrderRef ref;
    std::int64_t tick;
    trading::Side side;
  };
  struct Touched {
    trading::Side side;
    std::int64_t tick;
  };
  class Events;

  void run(core::Timestamp to, FeedSink* sink);
  void start_epoch(std::int64_t epoch, FeedSink* sink);
  void run_quote(const Quote& quote, FeedSink* sink);
  void run_print(const Print& print, FeedSink* sink);
  void run_flow(std::int64_t ts_ns, FeedSink* sink);
  void place(trading::Side side, std::int64_t tick, std::int64_t lots, Events& events);
  void take_back(std::size_t index, Events& events);
  [[nodiscard]] std::int64_t draw_lots();
  [[nodiscard]] std::int64_t draw_distance();
  void tell(std::int64_t ts_ns, FeedSink* sink);

  const SimMarket* market_;
  trading::InstrumentId id_;
  trading::Price tick_;
  trading::Quantity lot_;
  std::chrono::nanoseconds latency_;
  TapeMaker maker_;
  std::uint64_t flow_stream_;
  EpochTape tape_;
  trading::matching::Book book_;
  std::vector<Placed> placed_;
  core::Random random_{0};
  core::Timestamp now_;
  Quote quote_; ///< in force
  std::size_t next_quote_ = 0;
  std::size_t next_print_ = 0;
  std::size_t next_flow_ = 0;
  std::size_t flow_count_ = 0;   ///< book events of this epoch
  std::int64_t flow_ts_ns_ = 0;  ///< time of the next
  std::uint64_t changes_ = 0;    ///< of the book in this epoch
  std::uint64_t trades_ = 0;     ///< of this epoch
  std::vector<Touched> touched_; ///< levels changed since the last tell()
};

} // namespace troupe::venues::sim
