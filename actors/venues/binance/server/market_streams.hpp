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
  /// @param unit      of the times in them
  void open(const net::SessionPtr& session,
            bool combined,
            TimeUnit unit,
            const std::vector<std::string>& names);
  /// A control message.
  void message(const net::SessionPtr& session, std::string_view text, core::Timestamp now);
  void close(std::uint64_t session);
  /// Tells the session that its connection ends soon.
  void announce_end(std::uint64_t session) const;

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
    TimeUnit unit = TimeUnit::MILLISECOND;
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
  /// A frame for a session of that form and unit. @param write  takes a JsonWriter
  template <class Write>
  static net::SharedFrame
  frame_of(const Session& session, const std::string& name, const Write& write) {
    JsonWriter json{session.unit};
    if (session.combined) {
      json.open('{')("stream", name).key("data");
    }
    write(json);
    if (session.combined) {
      json.close('}');
    }
    return net::make_frame(json.text());
  }
  /// To all who listen; written once for each form and unit.
  template <class Write>
  void publish(const Stream& stream, const Write& write) {
    std::array<std::array<net::SharedFrame, 2>, 2> frames;
    for (const auto id : stream.sessions) {
      const auto& session = sessions_.at(id);
      auto& frame = frames[session.combined ? 1 : 0][session.unit == TimeUnit::MICROSECOND ? 1 : 0];
      if (!frame) {
        frame = frame_of(session, stream.name.text, write);
      }
      gate_.send(session.session, stream.name.text, frame);
    }
  }
  [[nodiscard]] Stream* find(const std::string& name);
  void flush_best(std::size_t index);
  void flush_depth(std::size_t batch);
  void flush_candles(core::Timestamp now);
  void close_candles(Stream& stream, std::int64_t until_ns);
  void flush_tickers(core::Timestamp now);
  void send_candle(Stream& stream, bool final);
  void write_batch(JsonWriter& json, std::size_t market, const DepthBatch& batch) const;
  void write_candle(JsonWriter& json, const Stream& stream, bool final) const;
  void write_ticker(JsonWriter& json, std::size_t market, const StreamName& name) const;
  void write_all_tickers(JsonWriter& json, const StreamName& name) const;

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
