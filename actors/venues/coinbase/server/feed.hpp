#pragma once

#include "actors/venues/coinbase/server/render.hpp"
#include "actors/venues/exchange_server/frame_gate.hpp"
#include "net/websocket.hpp"

#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace troupe::venues::coinbase::server {

/// The channels of the feed, by the names they are subscribed to with.
enum class Channel : std::uint8_t {
  HEARTBEAT,
  STATUS,
  TICKER,
  TICKER_BATCH,
  LEVEL2,
  LEVEL2_BATCH,
  LEVEL3,
  MATCHES,
  FULL,
  USER,
  BALANCE,
};
inline constexpr std::size_t channel_count = 11;

/// Where a session's subscriptions stand.
struct FeedSession {
  net::SessionPtr session;
  core::Timestamp opened;
  bool subscribed = false;            ///< ever
  std::optional<std::size_t> account; ///< of the last subscribe that was signed
  std::array<std::set<std::size_t>, channel_count> markets; ///< by channel
  bool has(Channel channel, std::size_t market) const {
    return markets[static_cast<std::size_t>(channel)].contains(market);
  }
};

/// One subscribe or unsubscribe message, read.
struct FeedRequest {
  bool subscribe = true;
  /// Channel and its markets; all of them for channels without products.
  std::vector<std::pair<Channel, std::vector<std::size_t>>> channels;
};

/// What the feed sends, and to whom.
class Feed {
public:
  explicit Feed(exchange_server::FaultPlan& faults) : faults_(&faults), gate_(faults) {}
  /// Nothing is told before. @param exchange  outlives this
  void start(engine::Exchange& exchange) { exchange_ = &exchange; }

  FeedSession& open(const net::SessionPtr& session, core::Timestamp now);
  void close(std::uint64_t session) {
    sessions_.erase(session);
    gate_.close(session);
  }
  [[nodiscard]] FeedSession* find(std::uint64_t session);
  [[nodiscard]] std::map<std::uint64_t, FeedSession>& sessions() { return sessions_; }

  /// Applies a request: acknowledges it and sends what subscribers get first.
  void apply(FeedSession& session, const FeedRequest& request);

  void on_level(std::size_t market, const engine::LevelChange& change);
  void on_book_order(std::size_t market, const engine::BookOrderEvent& event);
  void on_balances(std::size_t account, const std::vector<std::string>& currencies);
  /// Sends what is due. @param time  the venue's clock
  void
  flush(core::Timestamp now, core::Timestamp time, const std::vector<std::int64_t>& month_lots);

private:
  struct Changes {
    std::map<std::pair<trading::Side, std::int64_t>, std::int64_t> now;   ///< since the last flush
    std::map<std::pair<trading::Side, std::int64_t>, std::int64_t> batch; ///< of 50 ms
    std::optional<engine::PublicTrade> ticker; ///< the newest that no ticker told
    std::optional<engine::PublicTrade> last;
    std::uint64_t sequence = 0; ///< of that
  };
  void publish(Channel channel, std::size_t market, const std::string& text);
  void send_first(FeedSession& session, Channel channel, std::size_t market);
  void send_subscriptions(const FeedSession& session);
  void send(const FeedSession& session, const std::string& text) const;
  [[nodiscard]] Changes& changes(std::size_t market);
  [[nodiscard]] std::string snapshot(std::size_t market) const;
  [[nodiscard]] std::string ticker(std::size_t market, const engine::PublicTrade& trade) const;
  [[nodiscard]] std::string match(std::size_t market,
                                  const engine::PublicTrade& trade,
                                  std::uint64_t sequence,
                                  const char* type) const;
  [[nodiscard]] std::string status() const;
  [[nodiscard]] std::string balance(std::size_t account, const std::string& currency) const;
  void flush_level2(std::size_t market, bool batch_due);
  void publish_order(std::size_t market, const engine::BookOrderEvent& event);
  void publish_level3(std::size_t market, const engine::BookOrderEvent& event);
  [[nodiscard]] std::string order_event(std::size_t market,
                                        const engine::BookOrderEvent& event,
                                        std::optional<std::size_t> reader) const;

  exchange_server::FaultPlan* faults_;
  exchange_server::FrameGate gate_;
  engine::Exchange* exchange_ = nullptr;
  std::map<std::uint64_t, FeedSession> sessions_;
  std::vector<Changes> changes_;
  std::vector<std::int64_t> month_lots_;
  core::Timestamp time_;
  core::Timestamp batch_due_;
  core::Timestamp second_due_;
  core::Timestamp five_due_;
};

/// @returns the channel; nullopt for a name that is none
[[nodiscard]] std::optional<Channel> channel_named(std::string_view name);
[[nodiscard]] bool needs_key(Channel channel);
[[nodiscard]] bool has_products(Channel channel);

} // namespace troupe::venues::coinbase::server
