#pragma once

#include "actors/storage/history.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>

/// What every HistoryStore must do, whatever stands behind it.
namespace troupe::storage::tests {

using trading::Bar;
using trading::Interval;
using trading::Trade;
namespace intervals = trading::intervals;

inline const trading::InstrumentId btc{"BTC-USD", "COINBASE"};
inline const trading::InstrumentId eth{"ETH-USD", ""};

inline trading::Price price(std::string_view text) {
  return *trading::Price::from_text(text);
}

inline trading::Quantity quantity(std::string_view text) {
  return *trading::Quantity::from_text(text);
}

/// The minute bar that opens `minute` minutes after the epoch.
inline Bar minute_bar(std::int64_t minute, std::string_view close = "61837.63") {
  Bar bar;
  bar.ts_open = core::Timestamp::from_ms(minute * 60'000);
  bar.ts_close = bar.ts_open + std::chrono::minutes{1};
  bar.open = price("61837.64");
  bar.high = price("61900");
  bar.low = price("0.0000000001");
  bar.close = price(close);
  bar.volume = quantity("1000000000000.00000001");
  bar.trades = 7;
  bar.final = true;
  return bar;
}

inline Trade print(std::uint64_t id, std::int64_t ms, const trading::InstrumentId& of = btc) {
  return {of,
          price("0.1"),
          quantity("0.002"),
          id % 2 == 0 ? trading::Side::SELL : trading::Side::BUY,
          id,
          core::Timestamp::from_ms(ms),
          core::Timestamp::from_ms(ms + 5)};
}

template <class Value>
Value value_of(core::Result<Value> result) {
  if (!result) {
    FAIL(result.error().message);
  }
  return *std::move(result);
}

inline void bars_suite(HistoryStore& store) {
  const std::vector<Bar> bars{minute_bar(2), minute_bar(0), minute_bar(1)};
  REQUIRE(value_of(store.upsert_bars(btc, intervals::m1, bars)) == 3);
  const std::vector<Bar> sorted{minute_bar(0), minute_bar(1), minute_bar(2)};

  SUBCASE("bars come back exactly and ascending") {
    CHECK(value_of(store.bars(btc, intervals::m1, {}, 10, Pick::OLDEST)) == sorted);
    CHECK(value_of(store.bars(btc, intervals::m1, {}, 10, Pick::NEWEST)) == sorted);
  }
  SUBCASE("the limit takes the newest or the oldest") {
    CHECK(value_of(store.bars(btc, intervals::m1, {}, 2, Pick::NEWEST))
          == std::vector{minute_bar(1), minute_bar(2)});
    CHECK(value_of(store.bars(btc, intervals::m1, {}, 1, Pick::OLDEST))
          == std::vector{minute_bar(0)});
  }
  SUBCASE("ranges are half-open") {
    const TimeRange range{minute_bar(1).ts_open, minute_bar(2).ts_open};
    CHECK(value_of(store.bars(btc, intervals::m1, range, 10, Pick::OLDEST))
          == std::vector{minute_bar(1)});
  }
  SUBCASE("the same bars again change nothing and a corrected one replaces the old") {
    CHECK(value_of(store.upsert_bars(btc, intervals::m1, bars)) == 0);
    const std::vector<Bar> corrected{minute_bar(0), minute_bar(1, "61838")};
    CHECK(value_of(store.upsert_bars(btc, intervals::m1, corrected)) == 1);
    const auto found = value_of(store.bars(btc, intervals::m1, {}, 10, Pick::OLDEST));
    REQUIRE(found.size() == 3);
    CHECK(found[1] == minute_bar(1, "61838"));
  }
  SUBCASE("instruments and intervals are apart") {
    CHECK(value_of(store.bars(eth, intervals::m1, {}, 10, Pick::OLDEST)).empty());
    CHECK(value_of(store.bars({"BTC-USD", ""}, intervals::m1, {}, 10, Pick::OLDEST)).empty());
    CHECK(value_of(store.bars(btc, intervals::m5, {}, 10, Pick::OLDEST)).empty());
  }
  SUBCASE("the extent is that of the opens") {
    CHECK(value_of(store.bars_extent(btc, intervals::m1))
          == Extent{minute_bar(0).ts_open, minute_bar(2).ts_open});
    CHECK_FALSE(value_of(store.bars_extent(btc, intervals::m5)).has_value());
  }
  SUBCASE("an open or misplaced bar refuses the whole write") {
    auto open_bar = minute_bar(9);
    open_bar.final = false;
    auto shifted = minute_bar(9);
    shifted.ts_open.ns += 1;
    auto long_bar = minute_bar(9);
    long_bar.ts_close = long_bar.ts_open + std::chrono::minutes{2};
    for (const auto& bad : {open_bar, shifted, long_bar}) {
      const std::vector<Bar> batch{minute_bar(8), bad};
      const auto result = store.upsert_bars(btc, intervals::m1, batch);
      REQUIRE_FALSE(result.has_value());
      CHECK(result.error().code == core::Errc::INVALID_ARGUMENT);
    }
    CHECK(value_of(store.bars(btc, intervals::m1, {}, 10, Pick::OLDEST)) == sorted);
  }
}

inline void trades_suite(HistoryStore& store) {
  const std::vector<Trade> trades{print(3, 300), print(1, 100), print(2, 100), print(2, 50, eth)};
  REQUIRE(value_of(store.add_trades(trades)) == 4);

  SUBCASE("trades come back exactly and by time then id") {
    CHECK(value_of(store.trades(btc, {}, 10, Pick::OLDEST))
          == std::vector{print(1, 100), print(2, 100), print(3, 300)});
    CHECK(value_of(store.trades(btc, {}, 2, Pick::NEWEST))
          == std::vector{print(2, 100), print(3, 300)});
    CHECK(value_of(store.trades(eth, {}, 10, Pick::NEWEST)) == std::vector{print(2, 50, eth)});
  }
  SUBCASE("a known id is left as it is") {
    const std::vector<Trade> again{print(2, 999), print(4, 400)};
    CHECK(value_of(store.add_trades(again)) == 1);
    CHECK(value_of(store.trades(btc, {}, 10, Pick::OLDEST)).size() == 4);
    CHECK(value_of(store.trades_extent(btc))
          == Extent{core::Timestamp::from_ms(100), core::Timestamp::from_ms(400)});
  }
  SUBCASE("ranges are half-open") {
    const TimeRange range{core::Timestamp::from_ms(100), core::Timestamp::from_ms(300)};
    CHECK(value_of(store.trades(btc, range, 10, Pick::OLDEST)).size() == 2);
  }
  SUBCASE("an id that does not fit refuses the whole write") {
    const std::vector<Trade> batch{print(5, 500), print(~std::uint64_t{0}, 600)};
    CHECK(store.add_trades(batch).error().code == core::Errc::INVALID_ARGUMENT);
    CHECK(value_of(store.trades(btc, {}, 10, Pick::OLDEST)).size() == 3);
  }
  SUBCASE("no trades have no extent") {
    CHECK_FALSE(value_of(store.trades_extent({"SOL-USD", ""})).has_value());
  }
}

inline void limits_suite(HistoryStore& store) {
  for (const std::size_t limit : {std::size_t{0}, rows_max + 1}) {
    CHECK(store.bars(btc, intervals::m1, {}, limit, Pick::NEWEST).error().code
          == core::Errc::INVALID_ARGUMENT);
    CHECK(store.trades(btc, {}, limit, Pick::NEWEST).error().code == core::Errc::INVALID_ARGUMENT);
  }
  const std::vector<Trade> many(rows_max + 1, print(1, 1));
  CHECK(store.add_trades(many).error().code == core::Errc::INVALID_ARGUMENT);
  CHECK(value_of(store.add_trades({})) == 0);
  CHECK(value_of(store.upsert_bars(btc, intervals::m1, {})) == 0);
}

inline void blobs_suite(HistoryStore& store) {
  CHECK_FALSE(value_of(store.blob("model")).has_value());
  const std::string bytes{"\0\xff model \0", 10};
  REQUIRE(store.put_blob("model", bytes).has_value());
  CHECK(value_of(store.blob("model")) == bytes);
  REQUIRE(store.put_blob("model", "").has_value());
  CHECK(value_of(store.blob("model")) == std::string{});
  CHECK(store.put_blob("", "x").error().code == core::Errc::INVALID_ARGUMENT);
  CHECK(store.put_blob(std::string(blob_name_bytes_max + 1, 'x'), "x").has_error());
  CHECK(store.put_blob("big", std::string(blob_bytes_max + 1, 'x')).has_error());
  CHECK_FALSE(value_of(store.blob("big")).has_value());
}

/// @param make  returns a new, empty store (std::unique_ptr<HistoryStore>) each time
template <class Factory>
void history_suite(Factory&& make) {
  const std::unique_ptr<HistoryStore> store = make();
  SUBCASE("bars") {
    bars_suite(*store);
  }
  SUBCASE("trades") {
    trades_suite(*store);
  }
  SUBCASE("limits") {
    limits_suite(*store);
  }
  SUBCASE("blobs") {
    blobs_suite(*store);
  }
}

} // namespace troupe::storage::tests
