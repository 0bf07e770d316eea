#include "core/retry_after.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>

namespace troupe::core {

namespace {

constexpr std::string_view retry_after_mark = "retry_after_ms=";
constexpr std::int64_t retry_after_ms_max = 31LL * 24 * 3'600 * 1'000; ///< no text asks for more

} // namespace

std::string retry_after_text(std::chrono::nanoseconds wait) {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  return std::string{retry_after_mark} + std::to_string(std::max<std::int64_t>(1, ms));
}

std::optional<std::chrono::nanoseconds> retry_after(const Error& error) {
  const auto at = error.message.find(retry_after_mark);
  if (at == std::string::npos) {
    return std::nullopt;
  }
  const auto* const begin = error.message.data() + at + retry_after_mark.size();
  std::int64_t ms = 0;
  const auto read = std::from_chars(begin, error.message.data() + error.message.size(), ms);
  if (read.ec != std::errc{} || ms <= 0) {
    return std::nullopt;
  }
  return std::chrono::milliseconds{std::min(ms, retry_after_ms_max)};
}

} // namespace troupe::core
