#include "nodes/inspector/rates.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

namespace troupe::inspector {

using Json = nlohmann::json;

namespace rates {

constexpr double ms_per_s = 1e3;
constexpr double long_handler_ms = 1e3;

std::string key_of(const Json& row) {
  return row.value("node", "") + '\n' + row.value("path", "") + '\n'
         + std::to_string(row.value("epoch", std::uint64_t{0}));
}

/// Time in handlers, the one that runs included.
double busy_s(const Json& row) {
  return row.value("busy_s", 0.0) + row.value("current_ms", 0.0) / ms_per_s;
}

std::string short_time(double ms) {
  std::array<char, 32> text{};
  if (ms <= 0) {
    return "-";
  }
  if (ms < ms_per_s) {
    std::snprintf(text.data(), text.size(), "%.0fms", std::ceil(ms));
  } else {
    std::snprintf(text.data(), text.size(), "%.1fs", ms / ms_per_s);
  }
  return text.data();
}

double rounded(double value) {
  constexpr double tenths = 10.0;
  return std::round(value * tenths) / tenths;
}

} // namespace rates

std::vector<Json>
with_rates(const std::vector<Json>& before, std::vector<Json> after, double seconds) {
  std::map<std::string, const Json*> old;
  for (const auto& row : before) {
    old[rates::key_of(row)] = &row;
  }
  static const Json none = Json::object();
  for (auto& row : after) {
    const auto found = old.find(rates::key_of(row));
    const auto& was = found == old.end() ? none : *found->second;
    const auto rate = [&](const char* key) {
      return rates::rounded(std::max(row.value(key, 0.0) - was.value(key, 0.0), 0.0) / seconds);
    };
    row["in_per_s"] = rate("received");
    row["out_per_s"] = rate("sent");
    row["rejected_per_s"] = rate("rejected");
    constexpr double percent = 100.0;
    const double busy = (rates::busy_s(row) - rates::busy_s(was)) / seconds * percent;
    row["busy_percent"] = rates::rounded(std::clamp(busy, 0.0, percent));
    row["mailbox_text"] = std::to_string(row.value("mailbox", std::uint64_t{0})) + '('
                          + std::to_string(row.value("mailbox_cap", std::uint64_t{0})) + ')';
    row["max_ms"] = row.value("max_us", 0.0) / rates::ms_per_s;
    row["oldest_text"] = rates::short_time(row.value("oldest_waiting_ms", 0.0));
    row["state_text"] = row.value("state", "?");
    if (const auto ms = row.value("current_ms", 0.0); ms > rates::long_handler_ms) {
      row["state_text"] = row.value("state", "?") + " " + rates::short_time(ms) + " in "
                          + row.value("current_message", "?");
    }
  }
  return after;
}

std::string sort_key(const std::string& word) {
  static const std::map<std::string, std::string> keys{
    {"mailbox", "mailbox"},   {"rate", "in_per_s"}, {"busy", "busy_percent"},
    {"restarts", "restarts"}, {"p99", "p99_us"},    {"handled", "handled"}};
  const auto found = keys.find(word);
  return found == keys.end() ? std::string{} : found->second;
}

void sort_rows(std::vector<Json>& rows, const std::string& key) {
  std::stable_sort(rows.begin(), rows.end(), [&](const Json& a, const Json& b) {
    return a.value(key, 0.0) > b.value(key, 0.0);
  });
}

} // namespace troupe::inspector
