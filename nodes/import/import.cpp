#include "nodes/import/import.hpp"

#include "actors/venues/replay/record_reader.hpp"
#include "trading/bar_builder.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace troupe::import {

namespace {

using venues::replay::RecordedBar;
using venues::replay::RecordReader;

/// Bars of several intervals out of one file's trades, without the incomplete first and last ones.
class WholeBars {
public:
  explicit WholeBars(const std::vector<trading::Interval>& intervals) {
    if (!intervals.empty()) {
      series_.emplace(intervals);
    }
  }

  void add(const trading::Trade& trade) {
    if (!series_) {
      return;
    }
    first_ = first_.value_or(trade.ts_event);
    (void)series_->add(trade, closed_);
    for (auto& made : closed_) {
      // the bar that holds the first trade may have begun in another file
      if (made.bar.ts_open > *first_) {
        waiting_[made.interval].push_back(made.bar);
      }
    }
    closed_.clear();
  }
  [[nodiscard]] std::map<trading::Interval, std::vector<trading::Bar>> take() {
    return std::exchange(waiting_, {});
  }

private:
  std::optional<trading::BarSeries> series_;
  std::optional<core::Timestamp> first_;
  std::vector<trading::IntervalBar> closed_;
  std::map<trading::Interval, std::vector<trading::Bar>> waiting_;
};

/// One file on its way into the history.
class Import {
public:
  Import(storage::HistoryStore& store, const ImportOptions& options, RecordReader reader)
    : store_(store), options_(options), reader_(std::move(reader)), made_(options.intervals) {}

  ImportReport run(const Progress& progress) {
    const auto& file = reader_.file();
    instrument_ = *file.instrument;
    report_.path = file.path;
    report_.instrument = instrument_.to_text();
    report_.content = file.interval ? "bars " + file.interval->to_text() : "trades";
    bool more = true;
    while (more && report_.failure.empty()) {
      more = read_batch();
      write_batch();
      progress(reader_.progress(), report_.rows);
    }
    report_.refused = reader_.refused();
    report_.errors = reader_.errors();
    return std::move(report_);
  }

private:
  /// @returns whether there may be more
  bool read_batch() {
    while (trades_.size() + bars_.size() < options_.batch_rows) {
      auto record = reader_.next();
      if (!record) {
        report_.failure = record.error().message;
        return false;
      }
      if (!*record) {
        return false;
      }
      if (auto* const trade = std::get_if<trading::Trade>(&(*record)->content)) {
        made_.add(*trade);
        trades_.push_back(std::move(*trade));
      } else {
        bars_.push_back(std::get<RecordedBar>((*record)->content).bar);
      }
    }
    return true;
  }

  void write_batch() {
    report_.rows += trades_.size() + bars_.size();
    count(trades_.empty() ? 0 : store_.add_trades(trades_), report_.stored);
    if (!bars_.empty()) {
      count(store_.upsert_bars(instrument_, *reader_.file().interval, bars_), report_.stored);
    }
    for (const auto& [interval, bars] : made_.take()) {
      count(store_.upsert_bars(instrument_, interval, bars), report_.bars_made);
    }
    trades_.clear();
    bars_.clear();
  }

  void count(const core::Result<std::size_t>& written, std::uint64_t& total) {
    if (written) {
      total += *written;
    } else if (report_.failure.empty()) {
      report_.failure = written.error().message;
    }
  }

  storage::HistoryStore& store_;
  const ImportOptions& options_;
  RecordReader reader_;
  WholeBars made_;
  trading::InstrumentId instrument_;
  std::vector<trading::Trade> trades_;
  std::vector<trading::Bar> bars_;
  ImportReport report_;
};

} // namespace

ImportReport import_file(storage::HistoryStore& store,
                         const venues::replay::ReplayFile& file,
                         const ImportOptions& options,
                         const Progress& progress) {
  auto reader = RecordReader::open(file, options.venue);
  if (!reader) {
    ImportReport report;
    report.path = file.path;
    report.failure = reader.error().message;
    return report;
  }
  return Import{store, options, std::move(*reader)}.run(progress);
}

} // namespace troupe::import
