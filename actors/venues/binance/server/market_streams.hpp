#pragma once

#include "actors/venues/binance/server/render.hpp"
#include "actors/venues/binance/server/settings.hpp"
#include "actors/venues/binance/server/stream_name.hpp"
#include "actors/venues/binance/server/user_streams.hpp"
#include "actors/venues/exchange_server/frame_gate.hpp"

#include <array>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace troupe::venues::binance::server {

/// The market streams: who listens to what, and what is due to them.
class MarketStreams {
public:
  MarketStreams(exchange_server::FaultPlan& faults, UserStreams& users, const Limits& limits)
    : gate_(faults), users_(&users), limits_(limits) {}

  /// @param exchange  outlives this; nothing is told before
  void start(engine::Exchange& exchange);

  /// @param combined  frames carry their stream's name
  void open(const net::SessionPtr& session,
            bool combined,
            const std::vector<std::string>& names,
            core::Timestamp now);
  /// A control message.
  void message(const net::SessionPtr& session, std::string_view text, core::Timestamp now);
  void close(std::uint64_t session);

  void on_level(std::size_t market, const engine::LevelChange& change);
  void on_trade(std::size_t market, const engine::PublicTrade& trade);
  /// The venue's clock, for event times.
  void set_time(core::Timestamp time) { time_ = time; }
  /// Sends what is due by `now`.
  void flush(core::Timestamp now);

private:
  struct Session {
    net::SessionPtr session;
    bool combined = false;
    std::set<std::string> names;
    std::deque<core::Timestamp> messages; ///< of the last second
  };
  struct Stream {
    StreamName name;
    std::set<std::uint64_t> sessions;
    engine::Candle candle{}; ///< of klines: the one in the making
    bool changed = false;    ///< since it was last sent
    core::Timestamp sent{};
  };
  /// Changes of a market since the last event of a speed.
  struct DepthBatch {
    std::uint64_t first_id = 0; ///< 0: none
    std::uint64_t last_id = 0;
    std::map<std::pair<trading::Side, std::int64_t>, std::int64_t> levels;
  };
  struct Best {
    std::int64_t bid = 0, bid_lots = 0, ask = 0, ask_lots = 0;
    friend bool operator==(const Best&, const Best&) = default;
  };
  struct MarketState {
    std::array<DepthBatch, 2> batches; ///< 100 ms, 1 s
    Best best;
  };

  void subscribe(Session& session, const std::string& name);
  void unsubscribe(Session& session, const std::string& name);
  [[nodiscard]] bool too_many_messages(Session& session, core::Timestamp now);
  void publish(const Stream& stream, const std::string& payload);
  [[nodiscard]] Stream* find(const std::string& name);
  void flush_best(std::size_t index);
  void flush_depth(std::size_t batch);
  void flush_candles(core::Timestamp now);
  void close_candles(Stream& stream, std::int64_t until_ns);
  void flush_tickers(core::Timestamp now);
  void send_candle(Stream& stream, bool final);
  [[nodiscard]] std::string ticker(std::size_t market, std::int64_t minutes, bool mini) const;
  [[nodiscard]] std::string all_tickers(const StreamName& name) const;

  exchange_server::FrameGate gate_;
  UserStreams* users_;
  Limits limits_;
  engine::Exchange* exchange_ = nullptr;
  std::map<std::uint64_t, Session> sessions_;
  std::map<std::string, Stream> streams_;
  std::vector<MarketState> markets_;
  std::vector<std::string> symbols_; ///< lower case
  core::Timestamp time_;
  core::Timestamp fast_due_; ///< next of the 100 ms events
  core::Timestamp slow_due_; ///< next of those each second
};

} // namespace troupe::venues::binance::server
