#include "actors/storage/postgres_history.hpp"

#include "actors/storage/postgres_database.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace troupe::storage {

namespace postgres_history_detail {

constexpr auto pg_time_min = std::numeric_limits<std::int64_t>::min();
constexpr auto pg_time_max = std::numeric_limits<std::int64_t>::max();

/// The text form of a one-dimensional array of numbers.
class ArrayText {
public:
  template <class Value>
  void add(const Value& value) {
    text_ += text_.size() > 1 ? "," : "";
    if constexpr (std::is_integral_v<Value>) {
      text_ += std::to_string(value);
    } else {
      value.append_text(text_);
    }
  }
  [[nodiscard]] std::string take() { return std::move(text_) + "}"; }

private:
  std::string text_ = "{";
};

template <class Value>
Value read_numeric(const pqxx::field& field) {
  auto value = Value::from_text(std::string_view{field.c_str(), field.size()});
  if (!value) {
    throw core::ErrorException({core::Errc::IO_ERROR, "damaged row: " + value.error().message});
  }
  return *value;
}

constexpr const char* put_bars_sql = R"sql(
  INSERT INTO bars (instrument, "interval", ts_open, open, high, low, close, volume, trades)
  SELECT $1, $2, * FROM unnest($3::bigint[], $4::numeric[], $5::numeric[], $6::numeric[],
                               $7::numeric[], $8::numeric[], $9::bigint[])
  ON CONFLICT (instrument, "interval", ts_open) DO UPDATE SET open = excluded.open,
    high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume,
    trades = excluded.trades
  WHERE (bars.open, bars.high, bars.low, bars.close, bars.volume, bars.trades)
    IS DISTINCT FROM (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume,
                      excluded.trades))sql";

constexpr const char* put_trades_sql = R"sql(
  INSERT INTO trades (instrument, trade_id, ts_event, ts_recv, price, quantity, aggressor)
  SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::numeric[],
                           $6::numeric[], $7::smallint[])
  ON CONFLICT DO NOTHING)sql";

constexpr const char* remove_trades_query = R"sql(
  DELETE FROM trades WHERE instrument = $1 AND trade_id IN (
    SELECT trade_id FROM trades WHERE instrument = $1 AND ts_event >= $2 AND ts_event < $3
    ORDER BY ts_event LIMIT $4))sql";

std::string bars_query(Pick pick) {
  return std::string{"SELECT ts_open, open, high, low, close, volume, trades FROM bars "
                     "WHERE instrument = $1 AND \"interval\" = $2 AND ts_open >= $3 "
                     "AND ts_open < $4 ORDER BY ts_open "}
         + (pick == Pick::NEWEST ? "DESC" : "ASC") + " LIMIT $5";
}

std::string trades_query(Pick pick) {
  const std::string order = pick == Pick::NEWEST ? " DESC" : " ASC";
  return "SELECT trade_id, ts_event, ts_recv, price, quantity, aggressor FROM trades "
         "WHERE instrument = $1 AND ts_event >= $2 AND ts_event < $3 ORDER BY ts_event"
         + order + ", trade_id" + order + " LIMIT $4";
}

class PostgresHistory final : public HistoryStore {
public:
  PostgresHistory(std::string url, PostgresSettings settings)
    : url_(std::move(url)), settings_(settings) {}

  /// Makes the connection where there is none. Throws pqxx's exceptions.
  void connect() {
    if (connection_ && connection_->is_open()) {
      return;
    }
    connection_ = postgres::open(url_, settings_);
    connection_->prepare("put_bars", put_bars_sql);
    connection_->prepare("oldest_bars", bars_query(Pick::OLDEST));
    connection_->prepare("newest_bars", bars_query(Pick::NEWEST));
    connection_->prepare("bars_extent", "SELECT min(ts_open), max(ts_open) FROM bars "
                                        "WHERE instrument = $1 AND \"interval\" = $2");
    connection_->prepare("put_trades", put_trades_sql);
    connection_->prepare("remove_trades", remove_trades_query);
    connection_->prepare("oldest_trades", trades_query(Pick::OLDEST));
    connection_->prepare("newest_trades", trades_query(Pick::NEWEST));
    connection_->prepare("trades_extent",
                         "SELECT min(ts_event), max(ts_event) FROM trades WHERE instrument = $1");
    connection_->prepare("put_blob", "INSERT INTO blobs (name, bytes) VALUES ($1, $2) "
                                     "ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes");
    connection_->prepare("get_blob", "SELECT bytes FROM blobs WHERE name = $1");
  }

  core::Result<std::size_t> upsert_bars(const trading::InstrumentId& instrument,
                                        trading::Interval interval,
                                        std::span<const trading::Bar> bars) override {
    if (auto checked = check_bars(interval, bars); !checked) {
      return checked.error();
    }
    return guarded("write bars",
                   [&](pqxx::work& work) { return write_bars(work, instrument, interval, bars); });
  }

  core::Result<std::vector<trading::Bar>> bars(const trading::InstrumentId& instrument,
                                               trading::Interval interval,
                                               TimeRange range,
                                               std::size_t limit,
                                               Pick pick) override {
    if (auto checked = check_limit(limit); !checked) {
      return checked.error();
    }
    return guarded("read bars", [&](pqxx::work& work) {
      return read_bars(work, instrument, interval, range, limit, pick);
    });
  }

  core::Result<std::optional<Extent>> bars_extent(const trading::InstrumentId& instrument,
                                                  trading::Interval interval) override {
    return guarded("read bars", [&](pqxx::work& work) {
      return read_extent(
        work.exec_prepared1("bars_extent", instrument.to_text(), interval.to_text()));
    });
  }

  core::Result<std::size_t> add_trades(std::span<const trading::Trade> trades) override {
    if (auto checked = check_trades(trades); !checked) {
      return checked.error();
    }
    return guarded("write trades", [&](pqxx::work& work) { return write_trades(work, trades); });
  }

  core::Result<std::vector<trading::Trade>> trades(const trading::InstrumentId& instrument,
                                                   TimeRange range,
                                                   std::size_t limit,
                                                   Pick pick) override {
    if (auto checked = check_limit(limit); !checked) {
      return checked.error();
    }
    return guarded("read trades", [&](pqxx::work& work) {
      return read_trades(work, instrument, range, limit, pick);
    });
  }

  core::Result<std::size_t> remove_trades(const trading::InstrumentId& instrument,
                                          TimeRange range,
                                          std::size_t limit) override {
    if (auto checked = check_limit(limit); !checked) {
      return checked.error();
    }
    return guarded("remove trades", [&](pqxx::work& work) -> std::size_t {
      return work
        .exec_prepared0("remove_trades", instrument.to_text(),
                        range.start ? range.start->ns : pg_time_min,
                        range.end ? range.end->ns : pg_time_max, static_cast<std::int64_t>(limit))
        .affected_rows();
    });
  }

  core::Result<std::optional<Extent>>
  trades_extent(const trading::InstrumentId& instrument) override {
    return guarded("read trades", [&](pqxx::work& work) {
      return read_extent(work.exec_prepared1("trades_extent", instrument.to_text()));
    });
  }

  core::Result<void> put_blob(std::string_view name, std::string_view bytes) override {
    if (auto checked = check_blob(name, bytes); !checked) {
      return checked.error();
    }
    auto done = guarded("write a blob", [&](pqxx::work& work) {
      const pqxx::binarystring binary{bytes.data(), bytes.size()};
      return work.exec_prepared0("put_blob", std::string{name}, binary).affected_rows();
    });
    if (!done) {
      return done.error();
    }
    return {};
  }

  core::Result<std::optional<std::string>> blob(std::string_view name) override {
    return guarded("read a blob", [&](pqxx::work& work) -> std::optional<std::string> {
      const auto rows = work.exec_prepared("get_blob", std::string{name});
      if (rows.empty()) {
        return std::nullopt;
      }
      return pqxx::binarystring{rows[0][0]}.str();
    });
  }

private:
  template <class Action>
  auto guarded(std::string_view what, Action&& action)
    -> core::Result<decltype(action(std::declval<pqxx::work&>()))> {
    return postgres::in_transaction(
      connection_, what, [this] { connect(); }, std::forward<Action>(action));
  }

  static std::size_t write_bars(pqxx::work& work,
                                const trading::InstrumentId& instrument,
                                trading::Interval interval,
                                std::span<const trading::Bar> bars) {
    // one statement may touch a row once: the last of equal keys wins, as it does one by one
    std::map<std::int64_t, const trading::Bar*> unique;
    for (const auto& bar : bars) {
      unique[bar.ts_open.ns] = &bar;
    }
    ArrayText opened, open, high, low, close, volume, trades;
    for (const auto& [at, bar] : unique) {
      opened.add(at);
      open.add(bar->open);
      high.add(bar->high);
      low.add(bar->low);
      close.add(bar->close);
      volume.add(bar->volume);
      trades.add(bar->trades);
    }
    return work
      .exec_prepared0("put_bars", instrument.to_text(), interval.to_text(), opened.take(),
                      open.take(), high.take(), low.take(), close.take(), volume.take(),
                      trades.take())
      .affected_rows();
  }

  static std::vector<trading::Bar> read_bars(pqxx::work& work,
                                             const trading::InstrumentId& instrument,
                                             trading::Interval interval,
                                             TimeRange range,
                                             std::size_t limit,
                                             Pick pick) {
    const auto rows =
      work.exec_prepared(pick == Pick::NEWEST ? "newest_bars" : "oldest_bars", instrument.to_text(),
                         interval.to_text(), range.start ? range.start->ns : pg_time_min,
                         range.end ? range.end->ns : pg_time_max, static_cast<std::int64_t>(limit));
    std::vector<trading::Bar> out;
    out.reserve(rows.size());
    for (const auto& row : rows) {
      trading::Bar bar;
      bar.ts_open.ns = row[0].as<std::int64_t>();
      bar.ts_close = bar.ts_open + interval.duration();
      bar.open = read_numeric<trading::Price>(row[1]);
      bar.high = read_numeric<trading::Price>(row[2]);
      bar.low = read_numeric<trading::Price>(row[3]);
      bar.close = read_numeric<trading::Price>(row[4]);
      bar.volume = read_numeric<trading::Quantity>(row[5]);
      bar.trades = row[6].as<std::uint64_t>();
      bar.final = true;
      out.push_back(bar);
    }
    if (pick == Pick::NEWEST) {
      std::reverse(out.begin(), out.end());
    }
    return out;
  }

  static std::size_t write_trades(pqxx::work& work, std::span<const trading::Trade> trades) {
    struct Columns {
      ArrayText id, event, recv, price, quantity, aggressor;
    };
    std::map<std::string, Columns> by_instrument;
    for (const auto& trade : trades) {
      auto& columns = by_instrument[trade.instrument.to_text()];
      columns.id.add(trade.trade_id);
      columns.event.add(trade.ts_event.ns);
      columns.recv.add(trade.ts_recv.ns);
      columns.price.add(trade.price);
      columns.quantity.add(trade.quantity);
      columns.aggressor.add(static_cast<int>(trade.aggressor));
    }
    std::size_t added = 0;
    for (auto& [instrument, columns] : by_instrument) {
      added += work
                 .exec_prepared0("put_trades", instrument, columns.id.take(), columns.event.take(),
                                 columns.recv.take(), columns.price.take(), columns.quantity.take(),
                                 columns.aggressor.take())
                 .affected_rows();
    }
    return added;
  }

  static std::vector<trading::Trade> read_trades(pqxx::work& work,
                                                 const trading::InstrumentId& instrument,
                                                 TimeRange range,
                                                 std::size_t limit,
                                                 Pick pick) {
    const auto rows =
      work.exec_prepared(pick == Pick::NEWEST ? "newest_trades" : "oldest_trades",
                         instrument.to_text(), range.start ? range.start->ns : pg_time_min,
                         range.end ? range.end->ns : pg_time_max, static_cast<std::int64_t>(limit));
    std::vector<trading::Trade> out;
    out.reserve(rows.size());
    for (const auto& row : rows) {
      trading::Trade trade;
      trade.instrument = instrument;
      trade.trade_id = row[0].as<std::uint64_t>();
      trade.ts_event.ns = row[1].as<std::int64_t>();
      trade.ts_recv.ns = row[2].as<std::int64_t>();
      trade.price = read_numeric<trading::Price>(row[3]);
      trade.quantity = read_numeric<trading::Quantity>(row[4]);
      trade.aggressor = static_cast<trading::Side>(row[5].as<int>());
      out.push_back(std::move(trade));
    }
    if (pick == Pick::NEWEST) {
      std::reverse(out.begin(), out.end());
    }
    return out;
  }

  static std::optional<Extent> read_extent(const pqxx::row& row) {
    if (row[0].is_null()) {
      return std::nullopt;
    }
    return Extent{{row[0].as<std::int64_t>()}, {row[1].as<std::int64_t>()}};
  }

  std::string url_;
  PostgresSettings settings_;
  std::unique_ptr<pqxx::connection> connection_; ///< empty after it was lost
};

} // namespace postgres_history_detail

core::Result<std::unique_ptr<HistoryStore>>
open_postgres_history(const std::string& url, const PostgresSettings& settings) {
  auto store = std::make_unique<postgres_history_detail::PostgresHistory>(url, settings);
  try {
    store->connect();
  } catch (const std::exception& failure) {
    return postgres::to_error("open the history", failure);
  }
  return std::unique_ptr<HistoryStore>{std::move(store)};
}

} // namespace troupe::storage
