#pragma once

#include "actors/venues/coinbase/book_audit.hpp"
#include "actors/venues/coinbase/book_builder.hpp"
#include "actors/venues/coinbase/feed_protocol.hpp"
#include "actors/venues/coinbase/rest.hpp"

#include <map>
#include <string>
#include <vector>

/// What both feeds of Coinbase have in common. Not for users of the folder.
namespace troupe::venues::coinbase {

class FeedBase : public FeedProtocol {
public:
  explicit FeedBase(FeedSettings settings) : settings_(std::move(settings)) {}

  std::string socket_target() const override { return "/"; }
  void follow(const trading::Instrument& instrument) override;
  void unfollow(const std::string& symbol) override;
  bool follows_any() const override { return !tracks_.empty(); }
  void opened(core::Timestamp now) override;
  void closed() override;
  void answered(std::uint64_t query,
                const core::Result<std::string>& body,
                core::Timestamp now,
                MarketSink& sink) override;
  void tick(core::Timestamp now, MarketSink& sink) override;
  void ask_listing() override;
  void poll(const std::string& symbol) override;
  const trading::L2Book* book(const std::string& symbol) const override;

protected:
  /// One product on this connection. Products are named as our symbols are.
  struct Track {
    trading::Instrument instrument;
    BookBuilder book;
    BookAudit audit;
    TradeNumbers numbers;
    bool subscribed = false;
    bool acknowledged = false;
    bool live = false;
    unsigned lost_in_a_row = 0;
    core::Timestamp subscribed_at;     ///< our clock
    core::Timestamp book_since;        ///< likewise: it was lost, or asked for, then
    core::Timestamp stream_time;       ///< the venue's clock, as the newest message tells it
    core::Timestamp heartbeat;         ///< local time of the last one
    std::uint64_t told_last_trade = 0; ///< by a heartbeat, and not seen by us then
  };

  [[nodiscard]] Track* find(std::string_view product);
  /// Everything of this product is complete from this message on.
  static void go_live(Track& track, core::Timestamp time, MarketSink& sink);
  /// @returns whether trades before this one were lost
  bool take_trade(Track& track, const TradePrint& trade, MarketSink& sink);
  void note_book(Track& track,
                 BookStep step,
                 core::Timestamp now,
                 MarketSink& sink,
                 const std::string& reason = "the stream has a gap");
  /// What is known to be wrong is not read any more: another snapshot is asked for.
  void lose_book(Track& track, core::Timestamp now, MarketSink& sink, const std::string& reason);
  /// Asks for the whole book, for its audit.
  void ask_audit(const Track& track, std::string target);
  void log_refused(std::string_view message, std::string_view reason) const;
  void log_unknown(const core::Error& error, const std::string& text) const;

  // ---- what differs
  virtual void send_subscribe(const std::vector<std::string>& products) = 0;
  virtual void send_unsubscribe(const std::vector<std::string>& products) = 0;
  /// Gets another snapshot of a book.
  virtual void renew_book(Track& track) = 0;
  virtual void check(core::Timestamp /*now*/, MarketSink& /*sink*/) {}
  [[nodiscard]] virtual std::string listing_target() const = 0;
  [[nodiscard]] virtual std::string book_target(const std::string& product) const = 0;
  [[nodiscard]] virtual core::Result<std::vector<trading::Instrument>>
  read_listing(const std::string& body) const = 0;
  [[nodiscard]] virtual core::Result<RestBook> read_polled(const std::string& body) const = 0;

  FeedSettings settings_;
  std::map<std::string, Track, std::less<>> tracks_;
  core::Timestamp heard_;
  bool open_ = false;

private:
  enum class Purpose : std::uint8_t { LISTING, POLL, AUDIT };
  struct Asked {
    Purpose purpose = Purpose::LISTING;
    std::string symbol;
  };
  void ask(std::string target, Asked asked);
  void take_listing(const core::Result<std::string>& body, MarketSink& sink);
  void check_answers(core::Timestamp now, MarketSink& sink);

  std::map<std::uint64_t, Asked> asked_;
  std::uint64_t last_query_ = 0;
};

/// ["BTC-USD","ETH-USD"]
[[nodiscard]] std::string json_array(const std::vector<std::string>& texts);

} // namespace troupe::venues::coinbase
