#include "actors/venues/replay/infer.hpp"

#include "core/duration.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <vector>

namespace troupe::venues::replay {

namespace infer_detail {

/// Quote currencies that end a symbol written without a dash, the longer of two that fit first.
constexpr std::array<std::string_view, 17> quotes{"FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USD",
                                                  "EUR",   "GBP",  "JPY",  "BRL",  "TRY",  "AUD",
                                                  "CHF",   "BTC",  "ETH",  "BNB",  "DAI"};
constexpr std::size_t base_bytes_min = 2;

core::Error invalid(std::string message) {
  return {core::Errc::INVALID_ARGUMENT, std::move(message)};
}

std::vector<std::string> words(std::string_view name) {
  std::vector<std::string> out{""};
  for (const char c : name) {
    if (c == '_' || c == ' ' || c == '.') {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

/// The file's name without folders and without .csv, .gz.
std::string stem(const std::string& path) {
  std::string name = std::filesystem::path{path}.filename().string();
  for (const std::string_view ending : {".gz", ".csv"}) {
    if (name.ends_with(ending)) {
      name.resize(name.size() - ending.size());
    }
  }
  return name;
}

/// BTCUSDT -> BTC-USDT
std::optional<std::string> split_symbol(const std::string& word) {
  for (const auto quote : quotes) {
    if (word.ends_with(quote) && word.size() >= quote.size() + base_bytes_min) {
      return word.substr(0, word.size() - quote.size()) + '-' + std::string{quote};
    }
  }
  return std::nullopt;
}

std::optional<trading::InstrumentId> instrument_of(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  const auto dash = word.find('-');
  if (const auto symbol = split_symbol(word.substr(0, dash))) {
    word = *symbol + (dash == std::string::npos ? "" : word.substr(dash));
  } else if (dash == std::string::npos) {
    return std::nullopt;
  }
  const auto id = trading::InstrumentId::from_text(word);
  return id ? std::optional{*id} : std::nullopt;
}

std::optional<trading::Interval> interval_word(std::string_view name) {
  for (const auto& word : words(name)) {
    if (const auto interval = trading::Interval::from_text(word)) {
      return *interval;
    }
  }
  return std::nullopt;
}

} // namespace infer_detail

core::Result<trading::InstrumentId> infer_instrument(const std::string& path) {
  const auto name = infer_detail::stem(path);
  std::optional<trading::InstrumentId> found;
  for (const auto& word : infer_detail::words(name)) {
    const auto id = infer_detail::instrument_of(word);
    if (!id || id == found) {
      continue;
    }
    if (found) {
      return infer_detail::invalid(path + ": expected one instrument in the file name, found "
                                   + found->to_text() + " and " + id->to_text()
                                   + "; state \"instrument\"");
    }
    found = id;
  }
  if (!found) {
    return infer_detail::invalid(path
                                 + ": expected an instrument in the file name (BTC-USD, BTCUSDT), "
                                   "found \""
                                 + name + "\"; state \"instrument\"");
  }
  return *found;
}

std::optional<trading::Interval> interval_in_name(const std::string& path) {
  if (const auto interval = infer_detail::interval_word(infer_detail::stem(path))) {
    return interval;
  }
  return infer_detail::interval_word(std::filesystem::path{path}.parent_path().filename().string());
}

core::Result<trading::Interval> settle_interval(std::optional<trading::Interval> stated,
                                                std::optional<std::chrono::nanoseconds> spacing) {
  if (stated) {
    if (spacing && *spacing % stated->duration() != std::chrono::nanoseconds::zero()) {
      return infer_detail::invalid("expected bars of " + stated->to_text() + ", found bars "
                                   + core::Duration{*spacing}.to_text() + " apart");
    }
    return *stated;
  }
  if (!spacing) {
    return infer_detail::invalid("expected an interval in the name of the file or its folder, or "
                                 "two bars to measure it, found neither; state \"interval\"");
  }
  const auto& all = trading::Interval::all;
  const auto it =
    std::find_if(all.begin(), all.end(), [&](const auto& e) { return e.duration == *spacing; });
  if (it == all.end()) {
    return infer_detail::invalid("expected bars " + trading::Interval::expected()
                                 + " apart, found bars " + core::Duration{*spacing}.to_text()
                                 + " apart; state \"interval\"");
  }
  return trading::Interval::at(static_cast<std::size_t>(it - all.begin()));
}

} // namespace troupe::venues::replay
