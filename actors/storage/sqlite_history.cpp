#include "actors/storage/sqlite_history.hpp"

#include "actors/storage/sqlite_database.hpp"

#include <algorithm>
#include <limits>

namespace troupe::storage {

namespace sqlite_history_detail {

/// The shortest text of a value, bound without an allocation of its own per column.
template <class Value>
void bind_text(sqlite::Use& statement, int index, const Value& value, std::string& scratch) {
  scratch.clear();
  value.append_text(scratch);
  statement->bind(index, scratch);
}

/// Reads a column back; what this project did not write there is a damaged database.
template <class Value>
Value read_text(const SQLite::Column& column) {
  auto value = Value::from_text(column.getText());
  if (!value) {
    throw core::ErrorException({core::Errc::IO_ERROR, "damaged row: " + value.error().message});
  }
  return *value;
}

constexpr auto time_min = std::numeric_limits<std::int64_t>::min();
constexpr auto time_max = std::numeric_limits<std::int64_t>::max();

constexpr const char* put_bar_sql = R"sql(
  INSERT INTO bars (instrument, interval, ts_open, open, high, low, close, volume, trades)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
  ON CONFLICT DO UPDATE SET open = excluded.open, high = excluded.high, low = excluded.low,
    close = excluded.close, volume = excluded.volume, trades = excluded.trades
  WHERE (bars.open, bars.high, bars.low, bars.close, bars.volume, bars.trades)
    IS NOT (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume,
            excluded.trades))sql";

constexpr const char* put_trade_sql = R"sql(
  INSERT INTO trades (instrument, trade_id, ts_event, ts_recv, price, quantity, aggressor)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING)sql";

constexpr const char* remove_trades_sql = R"sql(
  DELETE FROM trades WHERE instrument = ?1 AND trade_id IN (
    SELECT trade_id FROM trades WHERE instrument = ?1 AND ts_event >= ?2 AND ts_event < ?3
    ORDER BY ts_event LIMIT ?4))sql";

std::string bars_sql(Pick pick) {
  return std::string{"SELECT ts_open, open, high, low, close, volume, trades FROM bars "
                     "WHERE instrument = ?1 AND interval = ?2 AND ts_open >= ?3 AND ts_open < ?4 "
                     "ORDER BY ts_open "}
         + (pick == Pick::NEWEST ? "DESC" : "ASC") + " LIMIT ?5";
}

std::string trades_sql(Pick pick) {
  const std::string order = pick == Pick::NEWEST ? " DESC" : " ASC";
  return "SELECT trade_id, ts_event, ts_recv, price, quantity, aggressor FROM trades "
         "WHERE instrument = ?1 AND ts_event >= ?2 AND ts_event < ?3 ORDER BY ts_event"
         + order + ", trade_id" + order + " LIMIT ?4";
}

class SqliteHistory final : public HistoryStore {
public:
  SqliteHistory(std::string file, SQLite::Database database)
    : file_(std::move(file)), database_(std::move(database)) {}

  core::Result<std::size_t> upsert_bars(const trading::InstrumentId& instrument,
                                        trading::Interval interval,
                                        std::span<const trading::Bar> bars) override {
    if (auto checked = check_bars(interval, bars); !checked) {
      return checked.error();
    }
    return guarded("write bars", [&] { return write_bars(instrument, interval, bars); });
  }

  core::Result<std::vector<trading::Bar>> bars(const trading::InstrumentId& instrument,
                                               trading::Interval interval,
                                               TimeRange range,
                                               std::size_t limit,
                                               Pick pick) override {
    if (auto checked = check_limit(limit); !checked) {
      return checked.error();
    }
    return guarded("read bars",
                   [&] { return read_bars(instrument, interval, range, limit, pick); });
  }

  core::Result<std::optional<Extent>> bars_extent(const trading::InstrumentId& instrument,
                                                  trading::Interval interval) override {
    return guarded("read bars", [&] {
      sqlite::Use select{bars_extent_};
      select->bind(1, instrument.to_text());
      select->bind(2, interval.to_text());
      return read_extent(select);
    });
  }

  core::Result<std::size_t> add_trades(std::span<const trading::Trade> trades) override {
    if (auto checked = check_trades(trades); !checked) {
      return checked.error();
    }
    return guarded("write trades", [&] { return write_trades(trades); });
  }

  core::Result<std::vector<trading::Trade>> trades(const trading::InstrumentId& instrument,
                                                   TimeRange range,
                                                   std::size_t limit,
                                                   Pick pick) override {
    if (auto checked = check_limit(limit); !checked) {
      return checked.error();
    }
    return guarded("read trades", [&] { return read_trades(instrument, range, limit, pick); });
  }

  core::Result<std::size_t> remove_trades(const trading::InstrumentId& instrument,
                                          TimeRange range,
                                          std::size_t limit) override {
    if (auto checked = check_limit(limit); !checked) {
      return checked.error();
    }
    return guarded("remove trades", [&] {
      sqlite::Use remove{remove_trades_};
      remove->bind(1, instrument.to_text());
      remove->bind(2, range.start ? range.start->ns : time_min);
      remove->bind(3, range.end ? range.end->ns : time_max);
      remove->bind(4, static_cast<std::int64_t>(limit));
      return static_cast<std::size_t>(remove->exec());
    });
  }

  core::Result<std::optional<Extent>>
  trades_extent(const trading::InstrumentId& instrument) override {
    return guarded("read trades", [&] {
      sqlite::Use select{trades_extent_};
      select->bind(1, instrument.to_text());
      return read_extent(select);
    });
  }

  core::Result<void> put_blob(std::string_view name, std::string_view bytes) override {
    if (auto checked = check_blob(name, bytes); !checked) {
      return checked.error();
    }
    auto done = guarded("write a blob", [&] {
      sqlite::Use put{put_blob_};
      put->bind(1, std::string{name});
      // never null, also where the view is empty
      put->bind(2, bytes.empty() ? "" : bytes.data(), static_cast<int>(bytes.size()));
      return put->exec();
    });
    if (!done) {
      return done.error();
    }
    return {};
  }

  core::Result<std::optional<std::string>> blob(std::string_view name) override {
    return guarded("read a blob", [&]() -> std::optional<std::string> {
      sqlite::Use select{get_blob_};
      select->bind(1, std::string{name});
      if (!select->executeStep()) {
        return std::nullopt;
      }
      return select->getColumn(0).getString();
    });
  }

private:
  /// Turns the exceptions of SQLite's and of a damaged row into errors.
  template <class Action>
  auto guarded(std::string_view what, Action&& action) -> core::Result<decltype(action())> {
    try {
      return action();
    } catch (const std::exception& failure) {
      return sqlite::to_error(&database_, file_, what, failure);
    }
  }

  std::size_t write_bars(const trading::InstrumentId& instrument,
                         trading::Interval interval,
                         std::span<const trading::Bar> bars) {
    sqlite::WriteTransaction transaction{database_};
    const auto name = instrument.to_text();
    const auto length = interval.to_text();
    std::string scratch;
    std::size_t changed = 0;
    for (const auto& bar : bars) {
      sqlite::Use put{put_bar_};
      put->bind(1, name);
      put->bind(2, length);
      put->bind(3, bar.ts_open.ns);
      bind_text(put, 4, bar.open, scratch);
      bind_text(put, 5, bar.high, scratch);
      bind_text(put, 6, bar.low, scratch);
      bind_text(put, 7, bar.close, scratch);
      bind_text(put, 8, bar.volume, scratch);
      put->bind(9, static_cast<std::int64_t>(bar.trades));
      changed += static_cast<std::size_t>(put->exec());
    }
    transaction.commit();
    return changed;
  }

  std::vector<trading::Bar> read_bars(const trading::InstrumentId& instrument,
                                      trading::Interval interval,
                                      TimeRange range,
                                      std::size_t limit,
                                      Pick pick) {
    sqlite::Use select{pick == Pick::NEWEST ? newest_bars_ : oldest_bars_};
    select->bind(1, instrument.to_text());
    select->bind(2, interval.to_text());
    select->bind(3, range.start ? range.start->ns : time_min);
    select->bind(4, range.end ? range.end->ns : time_max);
    select->bind(5, static_cast<std::int64_t>(limit));
    std::vector<trading::Bar> out;
    while (select->executeStep()) {
      trading::Bar bar;
      bar.ts_open.ns = select->getColumn(0).getInt64();
      bar.ts_close = bar.ts_open + interval.duration();
      bar.open = read_text<trading::Price>(select->getColumn(1));
      bar.high = read_text<trading::Price>(select->getColumn(2));
      bar.low = read_text<trading::Price>(select->getColumn(3));
      bar.close = read_text<trading::Price>(select->getColumn(4));
      bar.volume = read_text<trading::Quantity>(select->getColumn(5));
      bar.trades = static_cast<std::uint64_t>(select->getColumn(6).getInt64());
      bar.final = true;
      out.push_back(bar);
    }
    if (pick == Pick::NEWEST) {
      std::reverse(out.begin(), out.end());
    }
    return out;
  }

  std::size_t write_trades(std::span<const trading::Trade> trades) {
    sqlite::WriteTransaction transaction{database_};
    std::string scratch;
    std::size_t added = 0;
    for (const auto& trade : trades) {
      sqlite::Use put{put_trade_};
      bind_text(put, 1, trade.instrument, scratch);
      put->bind(2, static_cast<std::int64_t>(trade.trade_id));
      put->bind(3, trade.ts_event.ns);
      put->bind(4, trade.ts_recv.ns);
      bind_text(put, 5, trade.price, scratch);
      bind_text(put, 6, trade.quantity, scratch);
      put->bind(7, static_cast<int>(trade.aggressor));
      added += static_cast<std::size_t>(put->exec());
    }
    transaction.commit();
    return added;
  }

  std::vector<trading::Trade> read_trades(const trading::InstrumentId& instrument,
                                          TimeRange range,
                                          std::size_t limit,
                                          Pick pick) {
    sqlite::Use select{pick == Pick::NEWEST ? newest_trades_ : oldest_trades_};
    select->bind(1, instrument.to_text());
    select->bind(2, range.start ? range.start->ns : time_min);
    select->bind(3, range.end ? range.end->ns : time_max);
    select->bind(4, static_cast<std::int64_t>(limit));
    std::vector<trading::Trade> out;
    while (select->executeStep()) {
      trading::Trade trade;
      trade.instrument = instrument;
      trade.trade_id = static_cast<std::uint64_t>(select->getColumn(0).getInt64());
      trade.ts_event.ns = select->getColumn(1).getInt64();
      trade.ts_recv.ns = select->getColumn(2).getInt64();
      trade.price = read_text<trading::Price>(select->getColumn(3));
      trade.quantity = read_text<trading::Quantity>(select->getColumn(4));
      trade.aggressor = static_cast<trading::Side>(select->getColumn(5).getInt());
      out.push_back(std::move(trade));
    }
    if (pick == Pick::NEWEST) {
      std::reverse(out.begin(), out.end());
    }
    return out;
  }

  static std::optional<Extent> read_extent(sqlite::Use& select) {
    if (!select->executeStep() || select->getColumn(0).isNull()) {
      return std::nullopt;
    }
    return Extent{{select->getColumn(0).getInt64()}, {select->getColumn(1).getInt64()}};
  }

  std::string file_;
  SQLite::Database database_;
  SQLite::Statement put_bar_{database_, put_bar_sql};
  SQLite::Statement oldest_bars_{database_, bars_sql(Pick::OLDEST)};
  SQLite::Statement newest_bars_{database_, bars_sql(Pick::NEWEST)};
  // two subqueries, each one step into the index: min and max in one query would scan
  SQLite::Statement bars_extent_{
    database_, "SELECT (SELECT min(ts_open) FROM bars WHERE instrument = ?1 AND interval = ?2), "
               "(SELECT max(ts_open) FROM bars WHERE instrument = ?1 AND interval = ?2)"};
  SQLite::Statement put_trade_{database_, put_trade_sql};
  SQLite::Statement remove_trades_{database_, remove_trades_sql};
  SQLite::Statement oldest_trades_{database_, trades_sql(Pick::OLDEST)};
  SQLite::Statement newest_trades_{database_, trades_sql(Pick::NEWEST)};
  SQLite::Statement trades_extent_{
    database_, "SELECT (SELECT min(ts_event) FROM trades WHERE instrument = ?1), "
               "(SELECT max(ts_event) FROM trades WHERE instrument = ?1)"};
  SQLite::Statement put_blob_{database_, "INSERT INTO blobs (name, bytes) VALUES (?1, ?2) "
                                         "ON CONFLICT DO UPDATE SET bytes = excluded.bytes"};
  SQLite::Statement get_blob_{database_, "SELECT bytes FROM blobs WHERE name = ?1"};
};

} // namespace sqlite_history_detail

core::Result<std::unique_ptr<HistoryStore>> open_sqlite_history(const std::string& file,
                                                                const SqliteSettings& settings) {
  try {
    auto database = sqlite::open(file, settings);
    return std::unique_ptr<HistoryStore>{
      std::make_unique<sqlite_history_detail::SqliteHistory>(file, std::move(database))};
  } catch (const std::exception& failure) {
    return sqlite::to_error(nullptr, file, "open the history", failure);
  }
}

} // namespace troupe::storage
