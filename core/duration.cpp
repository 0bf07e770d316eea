#include "core/duration.hpp"

#include <array>
#include <charconv>

namespace troupe::core {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t ns;
};

constexpr std::array<Unit, 7> units{{{"d", 86'400'000'000'000},
                                     {"h", 3'600'000'000'000},
                                     {"m", 60'000'000'000},
                                     {"s", 1'000'000'000},
                                     {"ms", 1'000'000},
                                     {"us", 1'000},
                                     {"ns", 1}}};

} // namespace

void Duration::append_text(std::string& out) const {
  if (ns == 0) {
    out += "0s";
    return;
  }
  for (const auto& unit : units) {
    if (ns % unit.ns == 0) {
      out += std::to_string(ns / unit.ns);
      out += unit.name;
      return;
    }
  }
}

std::string Duration::to_text() const {
  std::string out;
  append_text(out);
  return out;
}

Result<Duration> Duration::from_text(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& unit : units) {
    Duration value;
    if (ec == std::errc{} && count >= 0 && suffix == unit.name
        && !__builtin_mul_overflow(count, unit.ns, &value.ns)) {
      return value;
    }
  }
  return Error{Errc::INVALID_ARGUMENT,
               "expected a duration such as \"250ms\", \"60s\" or \"5m\", found \""
                 + std::string(text.substr(0, 64)) + "\""};
}

} // namespace troupe::core
