#include "actors/venues/replay/infer.hpp"
#include "actors/venues/replay/record_reader.hpp"
#include "scratch.hpp"

#include <iterator>

using namespace troupe;
using namespace troupe::venues::replay;
using trading::InstrumentId;
using trading::Trade;
namespace intervals = trading::intervals;

namespace {

const std::string trades_header = "local_ns,event_ms,trade_ms,trade_id,price,qty,buyer_is_maker\n";
const std::string bars_header = "timestamp,open,high,low,close,volume\n";

RecordReader open(const ReplayFile& file) {
  auto reader = RecordReader::open(file, "REPLAY");
  if (!reader) {
    FAIL(reader.error().message);
  }
  return std::move(*reader);
}

std::vector<Record> read_all(RecordReader& reader) {
  std::vector<Record> out;
  for (;;) {
    auto record = reader.next();
    if (!record) {
      FAIL(record.error().message);
    }
    if (!*record) {
      return out;
    }
    out.push_back(std::move(**record));
  }
}

std::string open_error(const ReplayFile& file) {
  const auto reader = RecordReader::open(file, "REPLAY");
  REQUIRE(reader.has_error());
  return reader.error().message;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string hour_bar(int hour, const std::string& rest = "1,2,0.5,1.5,10") {
  return "2024-01-01T" + std::string(hour < 10 ? "0" : "") + std::to_string(hour) + ":00:00Z,"
         + rest + "\n";
}

} // namespace

TEST_CASE("replay reader: a trade is read exactly") {
  const Scratch scratch;
  const auto path = scratch.write("binance_btcusdt_trades.csv.gz",
                                  trades_header
                                    + "1723161254087896568,1723161255343,1723161255342,3735683259,"
                                      "61837.63000000,0.02000000,1\n");
  auto reader = open({.path = path});
  CHECK(reader.file().type == RecordType::trades);
  CHECK_FALSE(reader.file().interval.has_value());
  const auto records = read_all(reader);
  REQUIRE(records.size() == 1);
  const Trade expected{{"BTC-USDT", "REPLAY"},
                       *trading::Price::from_text("61837.63"),
                       *trading::Quantity::from_text("0.02"),
                       trading::Side::SELL,
                       3735683259,
                       {1723161255342000000},
                       {1723161254087896568}};
  CHECK(std::get<Trade>(records[0].content) == expected);
  CHECK(records[0].at == expected.ts_event);
  CHECK(records[0].line == 2);
  CHECK(reader.progress() == 1.0);
}

TEST_CASE("replay reader: a side column and missing ids serve too") {
  const Scratch scratch;
  const auto path = scratch.write("ETH-USD.csv", "Time,Price,Size,Side\r\n"
                                                 "1723161255,2683.8,0.5,sell\r\n"
                                                 "1723161256000000,2683.9,0.25,BUY");
  auto reader = open({.path = path});
  const auto records = read_all(reader);
  REQUIRE(records.size() == 2);
  const auto& first = std::get<Trade>(records[0].content);
  const auto& second = std::get<Trade>(records[1].content);
  CHECK(first.aggressor == trading::Side::SELL);
  CHECK(first.trade_id == 1);
  CHECK(first.ts_recv == first.ts_event);
  CHECK(second.aggressor == trading::Side::BUY);
  CHECK(second.trade_id == 2);
  CHECK(second.ts_event - first.ts_event == std::chrono::seconds{1});
}

TEST_CASE("replay reader: a bar is read exactly and stands at its close") {
  const Scratch scratch;
  const auto path =
    scratch.write("freqtrade_5m_pairs/ADABTC.csv.gz",
                  "timestamp,open,high,low,close,volume,quote_volume,trades\n"
                  "2018-01-10T04:55:00Z,5.33e-05,5.33e-05,5.288e-05,5.29e-05,431401.9787,1,42\n");
  auto reader = open({.path = path});
  CHECK(reader.file().instrument == InstrumentId{"ADA-BTC", "REPLAY"});
  CHECK(reader.file().interval == intervals::m5);
  const auto records = read_all(reader);
  REQUIRE(records.size() == 1);
  const auto& recorded = std::get<RecordedBar>(records[0].content);
  CHECK(recorded.bar.low.to_text() == "0.00005288");
  CHECK(recorded.bar.volume.to_text() == "431401.9787");
  CHECK(recorded.bar.trades == 42);
  CHECK(recorded.bar.final);
  CHECK(recorded.bar.ts_open.to_text() == "2018-01-10T04:55:00.000000000Z");
  CHECK(records[0].at == recorded.bar.ts_close);
  CHECK(records[0].at.to_text() == "2018-01-10T05:00:00.000000000Z");
}

TEST_CASE("replay reader: dates are days and the spacing says so") {
  const Scratch scratch;
  const auto path = scratch.write("BTC-USD_lean.csv", bars_header
                                                        + "2014-12-01,300,370,300,370,1\n"
                                                          "2014-12-03,370,378,370,378,2\n"
                                                          "2014-12-04,370,378,370,378,2\n");
  auto reader = open({.path = path});
  CHECK(reader.file().interval == intervals::d1);
  CHECK(read_all(reader).size() == 3);
}

TEST_CASE("replay reader: what contradicts or cannot be inferred is said") {
  const Scratch scratch;
  const auto hours = bars_header + hour_bar(0) + hour_bar(1);
  const auto in_minutes = scratch.write("spot_1d/BTCUSDT.csv", hours);
  CHECK(contains(open_error({.path = in_minutes}), "expected bars of 1d, found bars 1h apart"));
  const auto plain = scratch.write("BTCUSDT.csv", hours);
  CHECK(open({.path = plain}).file().interval == intervals::h1);
  CHECK(contains(open_error({.path = plain, .interval = intervals::h4}), "expected bars of 4h"));
  CHECK(open({.path = plain, .interval = intervals::m1}).file().interval == intervals::m1);
  CHECK(
    contains(open_error({.path = plain, .type = RecordType::trades}), ":1: expected columns of"));
  const auto nameless = scratch.write("spot_1h/AAPL.csv", hours);
  CHECK(contains(open_error({.path = nameless}), "state \"instrument\""));
  const auto named = open({.path = nameless, .instrument = InstrumentId{"AAPL-USD", "X"}});
  CHECK(named.file().instrument == InstrumentId{"AAPL-USD", "X"});
  const auto one = scratch.write("LTC-USD.csv", bars_header + hour_bar(0));
  CHECK(contains(open_error({.path = one}), "state \"interval\""));
  const auto odd = scratch.write("SOL-USD.csv", bars_header + hour_bar(0) + hour_bar(7));
  CHECK(contains(open_error({.path = odd}), "found bars 7h apart"));
}

TEST_CASE("replay reader: unknown columns are named") {
  const Scratch scratch;
  const auto quotes = scratch.write("BTC-USD_quotes.csv", "timestamp,bid_open,ask_open\n");
  CHECK(contains(open_error({.path = quotes}), "found quotes"));
  const auto other = scratch.write("BTC-USD_other.csv", "date,vix\n");
  CHECK(contains(open_error({.path = other}), "expected a header with the columns"));
  const auto twice = scratch.write("BTC-USD_twice.csv", "timestamp,open,open\n");
  CHECK(contains(open_error({.path = twice}), "\"open\" twice"));
  const auto both =
    scratch.write("BTC-USD_both.csv", "timestamp,open,high,low,close,volume,price,qty,side\n");
  CHECK(contains(open_error({.path = both}), "found both"));
  CHECK(contains(open_error({.path = scratch.write("BTC-USD.csv", "")}), "found nothing"));
  CHECK(contains(open_error({.path = "/nonexistent/BTC-USD.csv"}), "cannot open"));
}

TEST_CASE("replay reader: a malformed line is refused with its number and the rest stands") {
  const Scratch scratch;
  const std::vector<std::pair<std::string, std::string>> bad{
    {"2024-01-01T01:00:00Z,1,2,0.5,1.5\n", "expected 6 cells, found 5"},
    {"yesterday,1,2,0.5,1.5,10\n", "yesterday"},
    {hour_bar(1, "1,2,0.5,one,10"), "close: expected a decimal number, found \"one\""},
    {hour_bar(1, "1,2,0.5,nan,10"), "nan"},
    {hour_bar(1, "1,2,0.5,0.00000000001,10"), "fractional digits"},
    {hour_bar(1, "1,2,0.5,3,10"), "between low and high"},
    {hour_bar(1, "1,2,0,1,10"), "prices above 0"},
    {hour_bar(1, "1,2,0.5,1,-1"), "volume of at least 0"},
    {"2024-01-01T01:00:01Z,1,2,0.5,1.5,10\n", "on the grid of 1h"},
    {hour_bar(0), "expected a time after"},
  };
  for (const auto& [line, reason] : bad) {
    CAPTURE(line);
    const auto path =
      scratch.write("spot_1h/BTCUSDT.csv",
                    bars_header + hour_bar(0) + line + hour_bar(2) + hour_bar(3) + hour_bar(4));
    auto reader = open({.path = path, .interval = intervals::h1});
    CHECK(read_all(reader).size() == 4);
    CHECK(reader.refused() == 1);
    REQUIRE(reader.errors().size() == 1);
    CHECK(contains(reader.errors()[0], path + ":3: "));
    CHECK(contains(reader.errors()[0], reason));
  }
}

TEST_CASE("replay reader: a malformed trade is refused with its reason") {
  const Scratch scratch;
  const std::vector<std::pair<std::string, std::string>> bad{
    {"1,2,1723161255342,7,1,0,1\n", "above 0"},
    {"1,2,1723161255342,x,1,1,1\n", "trade_id: expected a whole number"},
    {"1,2,1723161255342,7,1,1,maybe\n", "buyer_is_maker: expected 0, 1"},
    {"x,2,1723161255342,7,1,1,0\n", "x"},
    {"1,2,9223372036854775807,7,1,1,0\n", "a time since the epoch"},
  };
  for (const auto& [line, reason] : bad) {
    CAPTURE(line);
    auto reader = open({.path = scratch.write("BTC-USDT.csv", trades_header + line)});
    CHECK(read_all(reader).empty());
    REQUIRE(reader.refused() == 1);
    CHECK(contains(reader.errors()[0], reason));
  }
}

TEST_CASE("replay reader: too many refused lines end the file") {
  const Scratch scratch;
  std::string text = bars_header + hour_bar(0) + hour_bar(1);
  for (std::uint64_t i = 0; i <= refused_lines_max; ++i) {
    text += "junk\n";
  }
  auto reader = open({.path = scratch.write("BTC-USDT.csv", text)});
  auto record = reader.next();
  while (record && *record) {
    record = reader.next();
  }
  REQUIRE(record.has_error());
  CHECK(contains(record.error().message, "more than 100 lines refused"));
  CHECK(reader.errors().size() == errors_kept);
  CHECK(reader.next().has_error());
}

TEST_CASE("replay reader: disorder inside the look-ahead is repaired and beyond it refused") {
  const Scratch scratch;
  const auto line = [](int ms) {
    return "1,2," + std::to_string(1723161250000 + ms) + "," + std::to_string(ms) + ",1,1,0\n";
  };
  std::string text = trades_header + line(2) + line(1);
  for (int i = 3; i < 200; ++i) {
    text += line(i);
  }
  text += line(0);
  auto reader = open({.path = scratch.write("BTC-USDT.csv", text)});
  const auto records = read_all(reader);
  REQUIRE(records.size() == 199);
  CHECK(std::get<Trade>(records[0].content).trade_id == 1);
  CHECK(std::get<Trade>(records[1].content).trade_id == 2);
  CHECK(reader.refused() == 1);
  CHECK(contains(reader.errors()[0], ":201: expected a time after"));
}

TEST_CASE("replay reader: trades of one time keep their order") {
  const Scratch scratch;
  std::string text = trades_header;
  for (int i = 0; i < 200; ++i) {
    text += "1,2,1723161255342," + std::to_string(500 - i) + ",1,1,0\n";
  }
  auto reader = open({.path = scratch.write("BTC-USDT.csv", text)});
  const auto records = read_all(reader);
  REQUIRE(records.size() == 200);
  for (std::size_t i = 0; i < 200; ++i) {
    CHECK(std::get<Trade>(records[i].content).trade_id == 500 - i);
  }
}

TEST_CASE("replay reader: damaged and overlong files are errors with a line") {
  const Scratch scratch;
  std::string text = trades_header;
  for (int i = 0; i < 20'000; ++i) {
    text += "1,2," + std::to_string(1723161250000 + i * 7919 % 99991 + i * 100000LL) + ","
            + std::to_string(i) + ",1." + std::to_string(i * 7919 % 99991) + ",1,0\n";
  }
  const auto path = scratch.write("BTC-USDT.csv.gz", text);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  auto reader = open({.path = path});
  auto record = reader.next();
  while (record && *record) {
    record = reader.next();
  }
  REQUIRE(record.has_error());
  CHECK(record.error().code == core::Errc::IO_ERROR);
  CHECK(contains(record.error().message, path + ":"));
  const auto wide =
    scratch.write("ETH-USDT.csv", trades_header + std::string(3 * line_bytes_max, 'x') + "\n");
  auto wide_reader = open({.path = wide});
  CHECK(contains(wide_reader.next().error().message, ":2: expected a line of at most"));
}

TEST_CASE("replay names: instruments") {
  const auto inferred = [](const std::string& path) {
    const auto id = infer_instrument(path);
    return id ? id->to_text() : id.error().message;
  };
  CHECK(inferred("ticks/binance_btcusdt_trades.csv.gz") == "BTC-USDT");
  CHECK(inferred("BTCUSDT.csv.gz") == "BTC-USDT");
  CHECK(inferred("/data/BTC-USD.csv.gz") == "BTC-USD");
  CHECK(inferred("BTC-USD_cdd.csv") == "BTC-USD");
  CHECK(inferred("BTC-PERP.csv.gz") == "BTC-PERP");
  CHECK(inferred("BTCUSDT-PERP.csv") == "BTC-USDT-PERP");
  CHECK(inferred("btc-eur_1m.csv") == "BTC-EUR");
  CHECK(inferred("ETHBTC.csv") == "ETH-BTC");
  CHECK(contains(inferred("spy.csv"), "found \"spy\""));
  CHECK(contains(inferred("BTCUSDT_ETHUSDT.csv"), "found BTC-USDT and ETH-USDT"));
}

TEST_CASE("replay names: intervals") {
  CHECK(interval_in_name("binance_spot_1h/BTCUSDT.csv") == intervals::h1);
  CHECK(interval_in_name("binance_spot_1h/BTCUSDT_5m.csv") == intervals::m5);
  CHECK(interval_in_name("1d/x/BTCUSDT.csv") == std::nullopt);
}

TEST_CASE("replay times: counts are read by their digits") {
  for (const char* text : {"1723161255", "1723161255000", "1723161255000000", "1723161255000000000",
                           "2024-08-08T23:54:15Z"}) {
    CAPTURE(text);
    CHECK(read_time(text, TimeUnit::BY_DIGITS)->ns == 1723161255000000000);
  }
  CHECK(read_time("1970-01-02", TimeUnit::BY_DIGITS)->ns == 86'400'000'000'000);
  CHECK(read_time("5", TimeUnit::NANOSECONDS)->ns == 5);
  CHECK(read_time("5", TimeUnit::MILLISECONDS)->ns == 5'000'000);
  for (const char* text : {"", "17231612", "-1723161255", "2024-13-01", "99999999999999999999"}) {
    CAPTURE(text);
    CHECK(read_time(text, TimeUnit::BY_DIGITS).has_error());
  }
}

TEST_CASE("replay reader: the recorded data that is at hand reads without a refused line") {
  const std::filesystem::path folder{TROUPE_SOURCE_DIR "/../shared/data"};
  if (!std::filesystem::exists(folder / "ohlcv") || !std::filesystem::exists(folder / "ticks")) {
    MESSAGE("skipped: no recorded data in " << folder.string());
    return;
  }
  std::size_t files = 0;
  for (const char* part : {"ohlcv", "ticks"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / part)) {
      const auto path = entry.path().string();
      CAPTURE(path);
      if (!entry.is_regular_file()) {
        continue;
      }
      if (contains(path, "_quotes.") || contains(path, "_bbo.")) {
        CHECK(contains(open_error({.path = path}), "found quotes"));
        continue;
      }
      ReplayFile file{.path = path};
      if (!infer_instrument(path)) { // shares and indices: their symbol names no currency
        file.instrument = InstrumentId{"SHARE-USD", ""};
      }
      auto reader = open(file);
      const auto records = read_all(reader);
      CHECK(records.size() > 100);
      CAPTURE(reader.errors().empty() ? "" : reader.errors().front());
      CHECK(reader.refused() == 0);
      ++files;
    }
  }
  MESSAGE("read " << files << " files");
  CHECK(files > 0);
}
