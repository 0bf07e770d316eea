#include "actors/storage/open_history.hpp"
#include "nodes/import/import.hpp"
#include "trading/bar_builder.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace troupe;
using namespace troupe::import;
using storage::Pick;
namespace intervals = trading::intervals;

namespace {

class Fixture {
public:
  Fixture() {
    std::string pattern =
      (std::filesystem::temp_directory_path() / "troupe_import_XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    auto opened = storage::open_history("sqlite:" + (folder_ / "history.db").string());
    REQUIRE(opened.has_value());
    store = std::move(*opened);
  }
  ~Fixture() { std::filesystem::remove_all(folder_); }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  ImportReport
  import(const std::string& name, const std::string& text, ImportOptions options = {}) {
    const auto path = (folder_ / name).string();
    std::ofstream{path} << text;
    options.venue = "BINANCE";
    calls = 0;
    return import_file(*store, {.path = path}, options, [this](double fraction, std::uint64_t) {
      ++calls;
      last_fraction = fraction;
    });
  }
  std::vector<trading::Bar> bars(trading::Interval interval) {
    return store->bars(btc, interval, {}, 1'000, Pick::OLDEST).value();
  }

  const trading::InstrumentId btc{"BTC-USDT", "BINANCE"};
  std::unique_ptr<storage::HistoryStore> store;
  int calls = 0;
  double last_fraction = 0;

private:
  std::filesystem::path folder_;
};

constexpr const char* bars_head = "timestamp,open,high,low,close,volume\n";
constexpr const char* trades_head = "trade_ms,trade_id,price,qty,buyer_is_maker\n";

/// One trade every 700 ms for ten minutes.
std::string ten_minutes_of_trades() {
  std::string text = trades_head;
  for (int i = 0; i < 857; ++i) {
    text += std::to_string(1'700'000'010'000 + i * 700LL) + ',' + std::to_string(i + 1) + ','
            + std::to_string(30'000 + i % 17) + ".5,0.0" + std::to_string(1 + i % 9) + ','
            + (i % 2 == 0 ? "1" : "0") + '\n';
  }
  return text;
}

} // namespace

TEST_CASE("import: bars are stored exactly and a second time changes nothing") {
  Fixture fixture;
  const std::string text = std::string(bars_head) + "2024-01-01T00:00:00Z,1,2,0.5,1.5,10\n"
                           + "2024-01-01T01:00:00Z,1.5,2,0.5,1.7,0.00000001\n";
  const auto report = fixture.import("BTCUSDT_1h.csv", text);
  CHECK(report.failure.empty());
  CHECK(report.instrument == "BTC-USDT.BINANCE");
  CHECK(report.content == "bars 1h");
  CHECK(report.rows == 2);
  CHECK(report.stored == 2);
  CHECK(fixture.calls > 0);
  CHECK(fixture.last_fraction == doctest::Approx(1.0));
  const auto stored = fixture.bars(intervals::h1);
  REQUIRE(stored.size() == 2);
  CHECK(stored[1].volume == *trading::Quantity::from_text("0.00000001"));
  CHECK(fixture.import("BTCUSDT_1h.csv", text).stored == 0);
}

TEST_CASE("import: a bad line is named with its number and the lines around it stand") {
  Fixture fixture;
  const auto report = fixture.import("BTCUSDT_1h.csv", std::string(bars_head)
                                                         + "2024-01-01T00:00:00Z,1,2,0.5,1.5,10\n"
                                                         + "2024-01-01T01:00:00Z,1,x,0.5,1.5,10\n"
                                                         + "2024-01-01T02:00:00Z,1,2,0.5,1.5,10\n");
  CHECK(report.rows == 2);
  CHECK(report.refused == 1);
  REQUIRE(report.errors.size() == 1);
  CHECK(report.errors.front().find("BTCUSDT_1h.csv:3: high: expected a decimal number, found \"x\"")
        != std::string::npos);
  CHECK(report.failure.empty());
  CHECK(fixture.bars(intervals::h1).size() == 2);
}

TEST_CASE("import: what cannot be taken for trades or bars fails by name and stores nothing") {
  Fixture fixture;
  CHECK(fixture.import("BTCUSDT_1h.csv", "").failure.find("expected") != std::string::npos);
  CHECK(fixture.import("BTCUSDT_1h.csv", "a,b\n1,2\n").failure.find("expected")
        != std::string::npos);
  CHECK(fixture.import("prices.csv", std::string(bars_head) + "2024-01-01,1,2,0.5,1.5,1\n")
          .failure.find("prices.csv")
        != std::string::npos);
  CHECK(fixture.bars(intervals::h1).empty());
}

TEST_CASE("import: trades are stored once and make the whole bars between the first and the last") {
  Fixture fixture;
  ImportOptions options;
  options.intervals = {intervals::m1, intervals::s1, intervals::m5};
  options.batch_rows = 100; // bars run over the borders of batches
  const auto report =
    fixture.import("binance_btcusdt_trades.csv", ten_minutes_of_trades(), options);
  CHECK(report.failure.empty());
  CHECK(report.content == "trades");
  CHECK(report.rows == 857);
  CHECK(report.stored == 857);
  const auto trades = fixture.store->trades(fixture.btc, {}, 1'000, Pick::OLDEST).value();
  REQUIRE(trades.size() == 857);
  for (const auto interval : options.intervals) {
    auto want = trading::bars_from_trades(trades, interval);
    REQUIRE(want.size() > 2);
    want.erase(want.begin());
    want.pop_back();
    CHECK(fixture.bars(interval) == want);
  }
  const auto again = fixture.import("binance_btcusdt_trades.csv", ten_minutes_of_trades(), options);
  CHECK(again.stored == 0);
  CHECK(again.bars_made == 0);
}
