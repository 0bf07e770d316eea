#include "actors/venues/common/usage.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::venues {

namespace usage_text {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional{value}
                                                                  : std::nullopt;
}

/// "1M" is a minute.
std::optional<core::Duration> window(std::string_view text) {
  if (text.size() < 2) {
    return std::nullopt;
  }
  const auto count = number(text.substr(0, text.size() - 1));
  if (!count || *count > 1'000) {
    return std::nullopt;
  }
  const auto n = static_cast<std::int64_t>(*count);
  switch (text.back()) {
    case 'S':
    case 's': return core::Duration{std::chrono::seconds{n}};
    case 'M':
    case 'm': return core::Duration{std::chrono::minutes{n}};
    case 'H':
    case 'h': return core::Duration{std::chrono::hours{n}};
    case 'D':
    case 'd': return core::Duration{std::chrono::hours{24 * n}};
    default: return std::nullopt;
  }
}

void read_count(std::string_view name,
                std::string_view value,
                std::string_view prefix,
                const char* limit,
                std::vector<messages::UsageNote>& notes) {
  if (name.size() <= prefix.size()
      || !net::equals_ignoring_case(name.substr(0, prefix.size()), prefix)) {
    return;
  }
  const auto length = window(name.substr(prefix.size()));
  const auto used = number(value);
  if (length && used) {
    notes.push_back(
      {.limit = limit, .window = *length, .used = used, .remaining = {}, .reset = {}});
  }
}

} // namespace usage_text

messages::ReportUsage read_usage(const std::string& venue,
                                 const messages::CallCost& cost,
                                 const net::ClientResponse& response,
                                 const std::string& ratelimit_name,
                                 core::Timestamp now) {
  messages::ReportUsage report;
  report.venue = venue;
  report.cost = cost;
  constexpr unsigned too_many = 429;
  constexpr unsigned banned = 418;
  report.refused = response.status == too_many || response.status == banned;
  const auto& headers = response.headers;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    usage_text::read_count(headers.name(i), headers.value(i), "x-mbx-used-weight-",
                           "REQUEST_WEIGHT", report.notes);
    usage_text::read_count(headers.name(i), headers.value(i), "x-mbx-order-count-", "ORDERS",
                           report.notes);
  }
  const auto header = [&](const char* name) {
    const auto text = headers.find(name);
    return text ? usage_text::number(*text) : std::nullopt;
  };
  if (const auto seconds = header("retry-after")) {
    constexpr std::uint64_t longest_s = 3 * 24 * 3600; // the venues' longest ban
    report.retry_after = core::Duration{
      std::chrono::seconds{static_cast<std::int64_t>(std::min(*seconds, longest_s))}};
  }
  if (const auto remaining = header("x-ratelimit-remaining");
      remaining && !ratelimit_name.empty()) {
    // Seconds until then, or since 1970: the venue has printed both.
    const auto reset = header("x-ratelimit-reset").value_or(1);
    constexpr std::uint64_t epoch_if_above = 1'000'000'000;
    const auto at =
      reset > epoch_if_above
        ? core::Timestamp{static_cast<std::int64_t>(reset) * 1'000'000'000}
        : now + std::chrono::seconds{static_cast<std::int64_t>(std::max<std::uint64_t>(reset, 1))};
    report.notes.push_back(
      {.limit = ratelimit_name, .window = {}, .used = {}, .remaining = remaining, .reset = at});
  }
  return report;
}

} // namespace troupe::venues
