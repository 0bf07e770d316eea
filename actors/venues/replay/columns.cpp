#include "actors/venues/replay/columns.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>

namespace troupe::venues::replay {

namespace columns_detail {

core::Error invalid(std::string message) {
  return {core::Errc::INVALID_ARGUMENT, std::move(message)};
}

class Header {
public:
  explicit Header(std::string_view line) {
    if (line.starts_with("\xEF\xBB\xBF")) { // a byte order mark, as spreadsheets write it
      line.remove_prefix(3);
    }
    std::vector<std::string_view> cells;
    split_cells(line, cells);
    for (const auto cell : cells) {
      std::string name{cell};
      std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      });
      names_.push_back(std::move(name));
    }
  }

  /// The first of several names that is there.
  [[nodiscard]] std::optional<std::size_t>
  find(std::initializer_list<std::string_view> names) const {
    for (const auto name : names) {
      const auto it = std::find(names_.begin(), names_.end(), name);
      if (it != names_.end()) {
        return static_cast<std::size_t>(it - names_.begin());
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<TimeColumn>
  find_time(std::initializer_list<std::string_view> names) const {
    const auto index = find(names);
    if (!index) {
      return std::nullopt;
    }
    const std::string_view name = names_[*index];
    if (name.ends_with("_ms")) {
      return TimeColumn{*index, TimeUnit::MILLISECONDS};
    }
    return TimeColumn{*index, name.ends_with("_ns") ? TimeUnit::NANOSECONDS : TimeUnit::BY_DIGITS};
  }

  [[nodiscard]] std::optional<std::string> repeated() const {
    auto sorted = names_;
    std::sort(sorted.begin(), sorted.end());
    const auto it = std::adjacent_find(sorted.begin(), sorted.end());
    return it == sorted.end() ? std::nullopt : std::optional{*it};
  }
  [[nodiscard]] std::size_t size() const { return names_.size(); }

private:
  std::vector<std::string> names_;
};

std::optional<BarColumns> bar_columns(const Header& header) {
  const auto time = header.find_time({"ts_open", "open_time", "timestamp", "time", "date"});
  const auto open = header.find({"open"});
  const auto high = header.find({"high"});
  const auto low = header.find({"low"});
  const auto close = header.find({"close"});
  const auto volume = header.find({"volume"});
  if (!time || !open || !high || !low || !close || !volume) {
    return std::nullopt;
  }
  return BarColumns{*time, *open, *high, *low, *close, *volume, header.find({"trades", "count"})};
}

std::optional<TradeColumns> trade_columns(const Header& header) {
  const auto time =
    header.find_time({"trade_ms", "ts_event", "timestamp", "time", "event_ms", "event_ns"});
  const auto price = header.find({"price"});
  const auto quantity = header.find({"qty", "quantity", "size", "amount"});
  const auto maker = header.find({"buyer_is_maker", "is_buyer_maker"});
  const auto side = maker ? maker : header.find({"side", "aggressor"});
  if (!time || !price || !quantity || !side) {
    return std::nullopt;
  }
  return TradeColumns{*time,
                      header.find_time({"local_ns", "ts_recv"}),
                      *price,
                      *quantity,
                      header.find({"trade_id", "id"}),
                      *side,
                      maker.has_value()};
}

/// Nanoseconds per unit of a count with so many digits; 0 where it is none of the known ones.
std::int64_t scale_of(std::size_t digits, TimeUnit unit) {
  if (unit == TimeUnit::MILLISECONDS) {
    return 1'000'000;
  }
  if (unit == TimeUnit::NANOSECONDS) {
    return 1;
  }
  switch (digits) {
    case 10: return 1'000'000'000;
    case 13: return 1'000'000;
    case 16: return 1'000;
    case 19: return 1;
    default: return 0;
  }
}

} // namespace columns_detail

core::Result<Columns> infer_columns(std::string_view line) {
  const columns_detail::Header header{line};
  const std::string excerpt{line.substr(0, 160)};
  if (const auto name = header.repeated()) {
    return columns_detail::invalid("expected each column once, found \"" + *name + "\" twice");
  }
  Columns columns{header.size(), columns_detail::trade_columns(header),
                  columns_detail::bar_columns(header)};
  if (columns.trades && columns.bars) {
    return columns_detail::invalid("expected columns of trades or of bars, found both: " + excerpt);
  }
  if (columns.trades || columns.bars) {
    return columns;
  }
  if (header.find({"bid", "bid_open", "bid_close"})
      && header.find({"ask", "ask_open", "ask_close"})) {
    return columns_detail::invalid("expected trades or bars, found quotes: " + excerpt);
  }
  return columns_detail::invalid(
    "expected a header with the columns of bars (timestamp, open, high, low, close, volume) or of "
    "trades (trade_ms or timestamp, price, qty, buyer_is_maker or side), found "
    + (excerpt.empty() ? std::string{"nothing"} : excerpt));
}

void split_cells(std::string_view line, std::vector<std::string_view>& out) {
  out.clear();
  for (;;) {
    const auto comma = line.find(',');
    out.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) {
      return;
    }
    line.remove_prefix(comma + 1);
  }
}

core::Result<core::Timestamp> read_time(std::string_view text, TimeUnit unit) {
  constexpr std::size_t date_size = 10; // YYYY-MM-DD
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc{} && end == text.data() + text.size() && count >= 0) {
    const auto scale = columns_detail::scale_of(text.size(), unit);
    std::int64_t ns = 0;
    if (scale == 0 || __builtin_mul_overflow(count, scale, &ns)) {
      return columns_detail::invalid("expected a time since the epoch of 10, 13, 16 or 19 digits, "
                                     "found \""
                                     + std::string{text.substr(0, 40)} + "\"");
    }
    return core::Timestamp{ns};
  }
  if (text.size() == date_size && text[4] == '-') {
    std::array<char, 20> full{};
    std::copy(text.begin(), text.end(), full.begin());
    constexpr std::string_view midnight = "T00:00:00Z";
    std::copy(midnight.begin(), midnight.end(), full.begin() + date_size);
    return core::Timestamp::from_text({full.data(), full.size()});
  }
  return core::Timestamp::from_text(text);
}

} // namespace troupe::venues::replay
