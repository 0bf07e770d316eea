#pragma once

#include "actors/venues/common/book_track.hpp"
#include "actors/venues/common/rate_budget.hpp"
#include "core/errc.hpp"
#include "trading/instrument.hpp"
#include "trading/l2_book.hpp"

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What a venue's stream speaks, as a machine without an actor, a socket or a clock: it is told
/// what came and what time it is, and says what to send. Tests drive it by hand.
namespace troupe::venues {

/// What a protocol makes of the venue's messages. Instruments are named by their symbol; calls come
/// in the order of the messages.
class MarketSink {
public:
  virtual ~MarketSink() = default;
  /// Trades of the instrument are complete from `from` on (the venue's clock).
  virtual void on_live(const std::string& symbol, core::Timestamp from) = 0;
  virtual void on_trade(const std::string& symbol, const TradePrint& trade) = 0;
  /// Trades were missed: on_live follows when they are complete again.
  virtual void on_trades_lost(const std::string& symbol, std::uint64_t missed) = 0;
  /// The book changed and can be read (FeedProtocol::book).
  virtual void on_book(const std::string& symbol) = 0;
  /// The book lost touch with the venue; on_book follows when there is one again.
  virtual void on_book_lost(const std::string& symbol, const std::string& reason) = 0;
  /// A snapshot of the book was asked for.
  virtual void on_book_asked(const std::string&) {}
  /// The venue's clock stood there when the message was sent.
  virtual void on_time(core::Timestamp venue_time) = 0;
  /// What the venue lists.
  virtual void on_listing(std::vector<trading::Instrument> instruments) = 0;
  /// The venue's own limits.
  virtual void on_limits(std::vector<BudgetLimit> limits) = 0;
  /// The top of a book that was asked for over REST while there is no stream.
  virtual void on_polled(const std::string& symbol, trading::BookSnapshot book) = 0;
};

/// A GET to the venue's REST API.
struct RestQuery {
  std::uint64_t id = 0; ///< told with the answer
  std::string target;   ///< path and query
  CallCost cost;
};

/// One connection's conversation with a venue. After closed() it knows what was subscribed, and
/// subscribes again when it is opened().
class FeedProtocol {
public:
  virtual ~FeedProtocol() = default;

  /// What follows the configured address of the stream.
  [[nodiscard]] virtual std::string socket_target() const = 0;

  /// Follows an instrument from now on; again with other steps: from anew.
  virtual void follow(const trading::Instrument& instrument) = 0;
  virtual void unfollow(const std::string& symbol) = 0;
  [[nodiscard]] virtual bool follows_any() const = 0;

  virtual void opened(core::Timestamp now) = 0;
  virtual void closed() = 0;
  /// @param text  one message, padded (wire::padded)
  virtual void received(const std::string& text, core::Timestamp now, MarketSink& sink) = 0;
  /// @param body  padded, of a reply with status 200; else why there is none
  virtual void answered(std::uint64_t query,
                        const core::Result<std::string>& body,
                        core::Timestamp now,
                        MarketSink& sink) = 0;
  /// Every 100 ms or so.
  virtual void tick(core::Timestamp now, MarketSink& sink) = 0;

  /// Asks for what the venue lists.
  virtual void ask_listing() = 0;
  /// Asks for the top of a book, while there is no stream.
  virtual void poll(const std::string& symbol) = 0;

  /// @returns null where there is none, or it must not be read
  [[nodiscard]] virtual const trading::L2Book* book(const std::string& symbol) const = 0;

  // ---- what is to be done
  [[nodiscard]] std::deque<std::string>& messages() { return messages_; }
  [[nodiscard]] std::deque<RestQuery>& queries() { return queries_; }
  /// Why the connection is to be given up; empty: it is not.
  [[nodiscard]] std::string take_reconnect() { return std::exchange(reconnect_, {}); }

protected:
  std::deque<std::string> messages_;
  std::deque<RestQuery> queries_;
  std::string reconnect_;
};

} // namespace troupe::venues
