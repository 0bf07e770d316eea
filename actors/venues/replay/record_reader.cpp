#include "actors/venues/replay/record_reader.hpp"

#include "actors/venues/replay/infer.hpp"

#include <algorithm>
#include <charconv>
#include <map>

namespace troupe::venues::replay {

namespace record_reader_detail {

core::Error invalid(std::string message) {
  return {core::Errc::INVALID_ARGUMENT, std::move(message)};
}

core::Error cell_error(std::string_view name, std::string_view expected, std::string_view found) {
  return invalid(std::string{name} + ": expected " + std::string{expected} + ", found \""
                 + std::string{found.substr(0, 64)} + "\"");
}

bool later(const Record& a, const Record& b) {
  return a.at != b.at ? a.at > b.at : a.line > b.line;
}

template <class Value>
core::Result<Value> read_decimal(std::string_view name, std::string_view text) {
  auto value = Value::from_text(text);
  if (!value) {
    return invalid(std::string{name} + ": " + value.error().message);
  }
  return *value;
}

core::Result<std::uint64_t> read_count(std::string_view name, std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return cell_error(name, "a whole number, not negative", text);
  }
  return value;
}

core::Result<trading::Side> read_side(std::string_view text, bool maker_flag) {
  if (maker_flag) {
    if (text == "1" || text == "true" || text == "True") {
      return trading::Side::SELL; // the buyer's order was resting
    }
    if (text == "0" || text == "false" || text == "False") {
      return trading::Side::BUY;
    }
    return cell_error("buyer_is_maker", "0, 1, true or false", text);
  }
  if (text == "BUY" || text == "buy") {
    return trading::Side::BUY;
  }
  if (text == "SELL" || text == "sell") {
    return trading::Side::SELL;
  }
  return cell_error("side", "BUY or SELL", text);
}

core::Result<void> check_bar(const trading::Bar& bar) {
  if (bar.low.sign() <= 0) {
    return invalid("expected prices above 0, found a low of " + bar.low.to_text());
  }
  if (bar.high < bar.low || bar.open < bar.low || bar.open > bar.high || bar.close < bar.low
      || bar.close > bar.high) {
    return invalid("expected open and close between low and high, found open " + bar.open.to_text()
                   + ", high " + bar.high.to_text() + ", low " + bar.low.to_text() + ", close "
                   + bar.close.to_text());
  }
  if (bar.volume.sign() < 0) {
    return invalid("expected a volume of at least 0, found " + bar.volume.to_text());
  }
  return {};
}

/// The most frequent distance between neighbouring bars at the head of a file, the smaller of two
/// as frequent. Not the smallest, which a single misplaced line would decide.
core::Result<std::optional<std::chrono::nanoseconds>> measure_spacing(const std::string& path,
                                                                      const Columns& columns) {
  auto lines = LineReader::open(path);
  if (!lines) {
    return lines.error();
  }
  std::map<std::chrono::nanoseconds, std::size_t> distances;
  std::optional<core::Timestamp> previous;
  std::vector<std::string_view> cells;
  for (std::size_t i = 0; i <= probe_lines; ++i) {
    const auto line = lines->next();
    if (!line) {
      return line.error();
    }
    if (!*line) {
      break;
    }
    split_cells(**line, cells);
    if (i == 0 || cells.size() != columns.count) {
      continue;
    }
    const auto& column = columns.bars->open_time;
    const auto time = read_time(cells[column.index], column.unit);
    if (!time) {
      continue; // refused with its reason when it is read
    }
    if (previous && *time > *previous) {
      ++distances[*time - *previous];
    }
    previous = *time;
  }
  const auto most = std::max_element(distances.begin(), distances.end(),
                                     [](auto& a, auto& b) { return a.second < b.second; });
  return most == distances.end() ? std::nullopt : std::optional{most->first};
}

core::Result<ReplayFile>
fill_in(ReplayFile file, const Columns& columns, const std::string& venue) {
  const auto held = columns.trades ? RecordType::trades : RecordType::bars;
  if (file.type && *file.type != held) {
    return invalid(file.path + ":1: expected columns of "
                   + (held == RecordType::trades ? "bars, found trades" : "trades, found bars"));
  }
  file.type = held;
  if (!file.instrument) {
    auto inferred = infer_instrument(file.path);
    if (!inferred) {
      return inferred.error();
    }
    file.instrument = std::move(*inferred);
  }
  if (file.instrument->venue.empty()) {
    file.instrument->venue = venue;
  }
  if (held == RecordType::trades) {
    file.interval.reset();
    return file;
  }
  const auto spacing = measure_spacing(file.path, columns);
  if (!spacing) {
    return spacing.error();
  }
  const auto stated = file.interval ? file.interval : interval_in_name(file.path);
  const auto interval = settle_interval(stated, *spacing);
  if (!interval) {
    return invalid(file.path + ": " + interval.error().message);
  }
  file.interval = *interval;
  return file;
}

} // namespace record_reader_detail

RecordReader::RecordReader(ReplayFile file, LineReader lines, Columns columns)
  : file_(std::move(file)), lines_(std::move(lines)), columns_(columns) {}

core::Result<RecordReader> RecordReader::open(const ReplayFile& file, const std::string& venue) {
  auto lines = LineReader::open(file.path);
  if (!lines) {
    return lines.error();
  }
  const auto header = lines->next();
  if (!header) {
    return header.error();
  }
  const auto columns = infer_columns(header->value_or(""));
  if (!columns) {
    return record_reader_detail::invalid(file.path + ":1: " + columns.error().message);
  }
  auto filled = record_reader_detail::fill_in(file, *columns, venue);
  if (!filled) {
    return filled.error();
  }
  return RecordReader{std::move(*filled), std::move(*lines), *columns};
}

core::Result<std::optional<Record>> RecordReader::next() {
  using record_reader_detail::later;
  while (!failed_ && !at_end_ && ahead_.size() < lookahead_lines) {
    const auto more = read_one();
    if (!more) {
      failed_ = more.error();
    } else {
      at_end_ = !*more;
    }
  }
  if (failed_) {
    return *failed_;
  }
  if (ahead_.empty()) {
    return std::optional<Record>{};
  }
  std::pop_heap(ahead_.begin(), ahead_.end(), later);
  Record record = std::move(ahead_.back());
  ahead_.pop_back();
  const bool same_bar = returned_ == record.at && file_.type == RecordType::bars;
  if ((returned_ && record.at < *returned_) || same_bar) {
    const auto refused = refuse(record.line, "expected a time after " + returned_->to_text()
                                               + ", found " + record.at.to_text());
    if (!refused) {
      failed_ = refused.error();
    }
    return next();
  }
  returned_ = record.at;
  return std::optional{std::move(record)};
}

core::Result<bool> RecordReader::read_one() {
  const auto line = lines_.next();
  if (!line) {
    return line.error();
  }
  if (!*line) {
    return false;
  }
  if ((*line)->empty()) {
    return true;
  }
  auto record = parse(**line);
  if (!record) {
    if (auto refused = refuse(lines_.line(), record.error().message); !refused) {
      return refused.error();
    }
    return true;
  }
  ahead_.push_back(std::move(*record));
  std::push_heap(ahead_.begin(), ahead_.end(), record_reader_detail::later);
  return true;
}

core::Result<void> RecordReader::refuse(std::uint64_t line, const std::string& reason) {
  ++refused_;
  const std::string text = file_.path + ":" + std::to_string(line) + ": " + reason;
  if (errors_.size() < errors_kept) {
    errors_.push_back(text);
  }
  if (refused_ > refused_lines_max) {
    return record_reader_detail::invalid("more than " + std::to_string(refused_lines_max)
                                         + " lines refused, the last: " + text);
  }
  return {};
}

core::Result<Record> RecordReader::parse(std::string_view line) {
  split_cells(line, cells_);
  if (cells_.size() != columns_.count) {
    return record_reader_detail::invalid("expected " + std::to_string(columns_.count)
                                         + " cells, found " + std::to_string(cells_.size()));
  }
  return columns_.trades ? parse_trade(*columns_.trades) : parse_bar(*columns_.bars);
}

core::Result<Record> RecordReader::parse_trade(const TradeColumns& columns) {
  using namespace record_reader_detail;
  const auto event = read_time(cells_[columns.event.index], columns.event.unit);
  if (!event) {
    return event.error();
  }
  const auto recv =
    columns.recv ? read_time(cells_[columns.recv->index], columns.recv->unit) : event;
  if (!recv) {
    return recv.error();
  }
  const auto price = read_decimal<trading::Price>("price", cells_[columns.price]);
  if (!price) {
    return price.error();
  }
  const auto quantity = read_decimal<trading::Quantity>("quantity", cells_[columns.quantity]);
  if (!quantity) {
    return quantity.error();
  }
  if (price->sign() <= 0 || quantity->sign() <= 0) {
    return invalid("expected price and quantity above 0, found " + price->to_text() + " and "
                   + quantity->to_text());
  }
  const auto side = read_side(cells_[columns.side], columns.side_is_maker_flag);
  if (!side) {
    return side.error();
  }
  const auto id = columns.id ? read_count("trade_id", cells_[*columns.id])
                             : core::Result<std::uint64_t>{trades_numbered_ + 1};
  if (!id) {
    return id.error();
  }
  ++trades_numbered_;
  return Record{*event, lines_.line(),
                trading::Trade{*file_.instrument, *price, *quantity, *side, *id, *event, *recv}};
}

core::Result<Record> RecordReader::parse_bar(const BarColumns& columns) {
  using namespace record_reader_detail;
  const auto open_time = read_time(cells_[columns.open_time.index], columns.open_time.unit);
  if (!open_time) {
    return open_time.error();
  }
  trading::Bar bar;
  bar.ts_open = *open_time;
  bar.ts_close = bar.ts_open + file_.interval->duration();
  bar.final = true;
  if (file_.interval->open_of(bar.ts_open) != bar.ts_open) {
    return invalid("expected a time on the grid of " + file_.interval->to_text() + ", found "
                   + bar.ts_open.to_text());
  }
  struct PriceCell {
    std::string_view name;
    std::size_t index;
    trading::Price* out;
  };
  for (const auto& cell :
       {PriceCell{"open", columns.open, &bar.open}, PriceCell{"high", columns.high, &bar.high},
        PriceCell{"low", columns.low, &bar.low}, PriceCell{"close", columns.close, &bar.close}}) {
    const auto price = read_decimal<trading::Price>(cell.name, cells_[cell.index]);
    if (!price) {
      return price.error();
    }
    *cell.out = *price;
  }
  const auto volume = read_decimal<trading::Quantity>("volume", cells_[columns.volume]);
  if (!volume) {
    return volume.error();
  }
  bar.volume = *volume;
  if (columns.trades) {
    const auto trades = read_count("trades", cells_[*columns.trades]);
    if (!trades) {
      return trades.error();
    }
    bar.trades = *trades;
  }
  if (auto checked = check_bar(bar); !checked) {
    return checked.error();
  }
  return Record{bar.ts_close, lines_.line(), RecordedBar{*file_.instrument, *file_.interval, bar}};
}

double RecordReader::progress() const {
  if (at_end_ || lines_.bytes_total() == 0) {
    return 1.0;
  }
  return static_cast<double>(lines_.bytes_read()) / static_cast<double>(lines_.bytes_total());
}

} // namespace troupe::venues::replay
