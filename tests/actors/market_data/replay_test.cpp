#include "actors/venues/replay/record_reader.hpp"
#include "support.hpp"
#include "trading/bar_builder.hpp"

#include <chrono>

using namespace test;
using trading::Freshness;

namespace {

struct Recording {
  std::vector<trading::Trade> trades;
  std::string csv = "ts_event,trade_id,price,qty,side\n";
};

/// Trades of some minutes, several in a millisecond now and then.
Recording recording(std::size_t count) {
  Recording made;
  std::int64_t ms = 1'700'000'030'500;
  for (std::size_t i = 1; i <= count; ++i) {
    ms += static_cast<std::int64_t>(i * 7919 % 400);
    trading::Trade trade;
    trade.trade_id = i;
    trade.price = *trading::Price::round_from(100.0 + static_cast<double>(i * 31 % 17) / 10.0);
    trade.quantity = *trading::Quantity::round_from(static_cast<double>(1 + i % 9) / 100.0);
    trade.ts_event = core::Timestamp::from_ms(ms);
    made.csv += trade.ts_event.to_text() + ',' + std::to_string(i) + ',' + trade.price.to_text()
                + ',' + trade.quantity.to_text() + (i % 2 == 0 ? ",buy\n" : ",sell\n");
    made.trades.push_back(trade);
  }
  return made;
}

void write(const std::string& path, const std::string& text) {
  std::ofstream{path} << text;
}

std::string replay(const std::string& files) {
  return R"({"name":"REPLAY","kind":"replay","speed":0,"files":[)" + files + "]}";
}

std::string trades_file(const std::string& path, const std::string& instrument) {
  return R"({"path":")" + path + R"(","instrument":")" + instrument + R"(","type":"trades"})";
}

/// Bars of complete intervals: the watermark ends at the last trade.
std::vector<trading::Bar> closed_bars(const std::vector<trading::Trade>& trades,
                                      trading::Interval interval) {
  auto bars = trading::bars_from_trades(trades, interval);
  while (!bars.empty() && bars.back().ts_close > trades.back().ts_event) {
    bars.pop_back();
  }
  return bars;
}

void play_to_end(World& world) {
  for (int i = 0; i < 2000 && !(world.heard->progress && world.heard->progress->finished); ++i) {
    world.advance(50ms, 50ms);
  }
  REQUIRE(world.heard->progress);
  CHECK(world.heard->progress->finished);
  CHECK(world.heard->progress->error.empty());
}

messages::GetHistorical newest(const char* symbol, trading::Interval interval) {
  messages::GetHistorical request;
  request.symbol = *trading::InstrumentId::from_text(symbol);
  request.interval = interval;
  request.limit = 1000;
  return request;
}

} // namespace

TEST_CASE("replay: bars equal those computed from the recording and the clock stands at its end") {
  const auto made = recording(4000);
  const Folder folder;
  write(folder.file("t.csv"), made.csv);
  World world{nullptr, core::Timestamp{}, true};
  world.start(world.make({replay(trades_file(folder.file("t.csv"), "BTC-USDT"))}),
              "sqlite:" + folder.file("h.db"));
  play_to_end(world);
  CHECK(world.clock->now() == made.trades.back().ts_event);
  for (const auto interval :
       {trading::intervals::s1, trading::intervals::m1, trading::intervals::m5}) {
    CHECK(world.heard->bars["BTC-USDT.REPLAY " + interval.to_text()]
          == closed_bars(made.trades, interval));
  }
  CHECK(world.heard->trades["BTC-USDT.REPLAY"].size() == made.trades.size());
  world.advance(30s, 1s);
  CHECK(world.heard->beats.back().freshness == Freshness::LIVE);
  const auto reply = world.ask(newest("BTC-USDT", trading::intervals::m1));
  REQUIRE(reply.has_value());
  CHECK(reply->meta.quality == trading::Quality::live);
  auto expected = trading::bars_from_trades(made.trades, trading::intervals::m1);
  expected.back().final = false;
  CHECK(reply->data == expected);
}

TEST_CASE("replay: an instrument actor killed on the way publishes everything once") {
  const auto made = recording(20'000);
  const Folder folder;
  write(folder.file("t.csv"), made.csv);
  write(folder.file("u.csv"), recording(3000).csv);
  World world{nullptr, core::Timestamp{}, true};
  const auto files = trades_file(folder.file("t.csv"), "BTC-USDT") + ","
                     + trades_file(folder.file("u.csv"), "ETH-USDT");
  auto made_venues =
    world.make({R"({"name":"REPLAY","kind":"replay","speed":100,"files":[)" + files + "]}"});
  world.start(std::move(made_venues), "sqlite:" + folder.file("h.db"));
  for (int kill = 0; kill < 3; ++kill) {
    world.advance(3s, 50ms);
    CHECK(!world.heard->trades["BTC-USDT.REPLAY"].empty());
    REQUIRE(sup::kill_child(world.rt, "market_data/instruments/BTC-USDT").has_value());
  }
  REQUIRE(!(world.heard->progress && world.heard->progress->finished));
  play_to_end(world);
  const auto& ids = world.heard->trades["BTC-USDT.REPLAY"];
  CHECK(ids.size() == made.trades.size());
  CHECK(strictly_ascending(ids, [](auto id) { return id; }));
  for (const auto interval :
       {trading::intervals::s1, trading::intervals::m1, trading::intervals::m15}) {
    CHECK(world.heard->bars["BTC-USDT.REPLAY " + interval.to_text()]
          == closed_bars(made.trades, interval));
  }
}

TEST_CASE("replay: recorded hourly bars load with their longer ones and are found by range") {
  const Folder folder;
  std::string csv = "timestamp,open,high,low,close,volume\n";
  const core::Timestamp first{1'600'041'600'000'000'000}; // a midnight
  constexpr int hours = 5000;
  for (int i = 0; i < hours; ++i) {
    const auto open = std::to_string(100 + i % 50);
    csv += (first + std::chrono::hours{i}).to_text() + ',' + open + ",200,50," + open + ",1.5\n";
  }
  write(folder.file("BTCUSDT_1h.csv"), csv);
  write(folder.file("ETHUSDT_1h.csv"), csv);
  World world{nullptr, core::Timestamp{}, true};
  world.start(world.make({replay(R"({"path":")" + folder.file("BTCUSDT_1h.csv") + R"("},{"path":")"
                                 + folder.file("ETHUSDT_1h.csv") + R"("})")}),
              "sqlite:" + folder.file("h.db"));
  play_to_end(world);
  world.advance(3s, 100ms);
  CHECK(world.heard->bars["BTC-USDT.REPLAY 1h"].size() == hours);
  CHECK(world.heard->bars["BTC-USDT.REPLAY 4h"].size() == hours / 4);
  CHECK(world.heard->bars["ETH-USDT.REPLAY 1d"].size() == hours / 24);
  auto request = newest("ETH-USDT", trading::intervals::h1); // long gone from memory
  request.start = first + std::chrono::hours{100};
  request.end = first + std::chrono::hours{160};
  const auto reply = world.ask(request);
  REQUIRE(reply.has_value());
  REQUIRE(reply->data.size() == 60);
  CHECK(reply->data.front().ts_open == *request.start);
  CHECK(*reply->meta.source == "history");
  CHECK(!*reply->meta.has_more);
}

TEST_CASE("registry: what is wrong with venues is named with its path") {
  const auto problems_of = [](std::vector<std::string> settings) {
    std::vector<core::json::Raw> raw;
    for (auto& text : settings) {
      raw.push_back({std::move(text)});
    }
    std::vector<core::json::Problem> problems;
    const auto made = venues::make_venues(raw, {std::make_shared<core::ManualClock>()}, problems);
    CHECK(static_cast<bool>(made) == problems.empty());
    return problems;
  };
  const std::string sim = R"({"name":"A","kind":"sim"})";
  CHECK(problems_of({sim}).empty());
  auto problems = problems_of({sim, sim});
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].path == "venues[1].name");
  problems = problems_of({R"({"name":"A","kind":"nyse"})"});
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].path == "venues[0].kind");
  CHECK(problems[0].expected == "one of sim, replay, binance, coinbase");
  problems = problems_of({sim, R"({"name":"B","kind":"sim","sped":1})"});
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].path.find("venues[1]") == 0);
  CHECK(!problems_of({R"({"name":"A","kind":"sim","trades_per_second":1000})"}).empty());
  CHECK(!problems_of({R"({"name":"R","kind":"replay","files":[{"path":"/none.csv"}]})"}).empty());
  CHECK(problems_of({sim, R"({"name":"R","kind":"replay","files":[]})"}).size() >= 2);
}

TEST_CASE("replay: real trades make the bars that their file says") {
  const std::string path =
    std::string(TROUPE_SOURCE_DIR) + "/../shared/data/ticks/binance_btcusdt_trades.csv.gz";
  if (!std::filesystem::exists(path)) {
    MESSAGE("skipped: no recorded trades at " << path);
    return;
  }
  const Folder folder;
  World world{nullptr, core::Timestamp{}, true};
  const auto begin = std::chrono::steady_clock::now();
  world.start(world.make({replay(trades_file(path, "BTC-USDT"))}), "sqlite:" + folder.file("h.db"));
  play_to_end(world);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const auto events = static_cast<double>(world.heard->progress->events);
  MESSAGE(
    "trades per second, from the file to the bus: " << static_cast<long>(events / took.count()));
  CHECK(world.heard->progress->refused == 0);
  namespace replay_files = venues::replay;
  const replay_files::ReplayFile file{.path = path,
                                      .instrument = trading::InstrumentId{"BTC-USDT", ""},
                                      .type = replay_files::RecordType::trades,
                                      .interval = {}};
  auto reader = replay_files::RecordReader::open(file, "REPLAY");
  REQUIRE(reader.has_value());
  std::vector<trading::Trade> trades;
  for (auto record = reader->next(); record && *record; record = reader->next()) {
    trades.push_back(std::get<trading::Trade>((*record)->content));
  }
  REQUIRE(trades.size() > 10'000);
  for (const auto interval : {trading::intervals::s1, trading::intervals::m1}) {
    CHECK(world.heard->bars["BTC-USDT.REPLAY " + interval.to_text()]
          == closed_bars(trades, interval));
  }
}
