#include "actors/venues/binance/server/parameters.hpp"

#include "core/json.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::venues::binance::server {

std::optional<std::string_view> Parameters::find(std::string_view name) const {
  const auto at = std::find_if(entries_.begin(), entries_.end(),
                               [&](const Entry& entry) { return entry.first == name; });
  return at == entries_.end() ? std::nullopt : std::optional<std::string_view>{at->second};
}

std::string_view Parameters::need(const std::string& name) const {
  const auto value = find(name);
  if (!value) {
    throw mandatory_parameter(name);
  }
  if (value->empty()) {
    throw ApiError{400, -1105, "Parameter '" + name + "' was empty."};
  }
  return *value;
}

std::optional<std::int64_t> Parameters::integer(const std::string& name) const {
  const auto text = find(name);
  if (!text || text->empty()) {
    return std::nullopt;
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  // Some clients send whole numbers with a fraction of zeros.
  const std::string_view rest{end, static_cast<std::size_t>(text->data() + text->size() - end)};
  const bool zeros = rest.size() > 1 && rest.front() == '.'
                     && rest.find_first_not_of('0', 1) == std::string_view::npos;
  if (error != std::errc{} || !(rest.empty() || zeros)) {
    throw illegal_parameter(name);
  }
  return value;
}

std::int64_t Parameters::need_integer(const std::string& name) const {
  (void)need(name);
  return *integer(name);
}

namespace {

/// The first nanosecond of a time as clients send it, and how many it has.
std::pair<core::Timestamp, std::chrono::nanoseconds> moment(std::int64_t count) {
  constexpr std::int64_t microseconds_from = 10'000'000'000'000; // milliseconds of the year 2286
  constexpr std::int64_t latest_us = INT64_MAX / 1'000 - 1;
  const bool in_us = count >= microseconds_from;
  const auto us = std::min(in_us ? count : std::max<std::int64_t>(count, 0) * 1'000, latest_us);
  return {{us * 1'000}, std::chrono::microseconds{in_us ? 1 : 1'000}};
}

} // namespace

std::optional<core::Timestamp> Parameters::time(const std::string& name) const {
  const auto count = integer(name);
  return count ? std::optional{moment(*count).first} : std::nullopt;
}

std::optional<core::Timestamp> Parameters::end_time(const std::string& name) const {
  const auto count = integer(name);
  if (!count) {
    return std::nullopt;
  }
  const auto [first, length] = moment(*count);
  return first + (length - std::chrono::nanoseconds{1});
}

std::size_t Parameters::limit(std::int64_t preset, std::int64_t most) const {
  const auto value = integer("limit").value_or(preset);
  if (value < 1) {
    throw ApiError{400, -1130, "Data sent for parameter 'limit' is not valid."};
  }
  return static_cast<std::size_t>(std::min(value, most));
}

std::string Parameters::decimal_text(const std::string& name, std::string_view text, int places) {
  const auto plain = [](char c) { return (c >= '0' && c <= '9') || c == '.'; };
  std::string out{text};
  const auto exponent = out.find_first_of("eE");
  if (out.find_first_not_of("0123456789.eE+-") != std::string::npos
      || (exponent == std::string::npos && !std::all_of(out.begin(), out.end(), plain))) {
    throw illegal_parameter(name);
  }
  if (const auto dot = out.find('.'); dot != std::string::npos && exponent == std::string::npos) {
    while (out.size() > dot + 1 && out.back() == '0') {
      out.pop_back();
    }
    if (out.size() - dot - 1 > static_cast<std::size_t>(places)) {
      throw ApiError{400, -1111, "Parameter '" + name + "' has too much precision."};
    }
    if (out.back() == '.') {
      out.pop_back();
    }
    if (out.front() == '.') {
      out.insert(out.begin(), '0');
    }
  }
  return out;
}

std::optional<bool> Parameters::boolean(const std::string& name) const {
  const auto text = find(name);
  if (!text || text->empty()) {
    return std::nullopt;
  }
  if (*text == "true" || *text == "TRUE" || *text == "True" || *text == "1") {
    return true;
  }
  if (*text == "false" || *text == "FALSE" || *text == "False" || *text == "0") {
    return false;
  }
  throw illegal_parameter(name);
}

std::vector<std::string> Parameters::list(const std::string& name) const {
  std::vector<std::string> out;
  const auto text = find(name);
  if (!text || text->empty()) {
    return out;
  }
  if (text->front() != '[') {
    out.emplace_back(*text);
    return out;
  }
  const auto document = core::json::Document::parse(*text);
  if (!document || !document->view().is_array()) {
    throw illegal_parameter(name);
  }
  for (std::size_t i = 0; i < document->view().size(); ++i) {
    const auto item = document->view().at(i).string();
    if (!item) {
      throw illegal_parameter(name);
    }
    out.emplace_back(*item);
  }
  if (out.empty()) {
    throw mandatory_parameter(name);
  }
  return out;
}

} // namespace troupe::venues::binance::server
