#include "core/time.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace troupe::core {

namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;

void put(char* to, int width, std::int64_t value) {
  for (int i = width - 1; i >= 0; --i) {
    to[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

Error malformed(std::string_view text) {
  return {Errc::INVALID_ARGUMENT, "expected an RFC 3339 time such as 2024-08-08T23:54:14Z, found \""
                                    + std::string(text) + "\""};
}

/// Reads exactly `width` digits at `at`, advances; -1 where there are none.
int digits(std::string_view text, std::size_t& at, std::size_t width) {
  if (at + width > text.size()) {
    return -1;
  }
  int value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    const char c = text[at + i];
    if (c < '0' || c > '9') {
      return -1;
    }
    value = value * 10 + (c - '0');
  }
  at += width;
  return value;
}

bool literal(std::string_view text, std::size_t& at, char lower, char upper) {
  if (at < text.size() && (text[at] == lower || text[at] == upper)) {
    ++at;
    return true;
  }
  return false;
}

bool literal(std::string_view text, std::size_t& at, char c) {
  return literal(text, at, c, c);
}

/// Fraction of a second in ns; -1 where it is malformed or finer than a nanosecond.
std::int64_t fraction_ns(std::string_view text, std::size_t& at) {
  std::int64_t value = 0;
  int count = 0;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
    if (++count > 9) {
      return -1;
    }
    value = value * 10 + (text[at++] - '0');
  }
  if (count == 0) {
    return -1;
  }
  for (; count < 9; ++count) {
    value *= 10;
  }
  return value;
}

/// Offset from UTC in seconds; false where it is malformed.
bool offset_seconds(std::string_view text, std::size_t& at, std::int64_t& out) {
  out = 0;
  if (literal(text, at, 'z', 'Z')) {
    return true;
  }
  if (at >= text.size() || (text[at] != '+' && text[at] != '-')) {
    return false;
  }
  const int sign = text[at++] == '-' ? -1 : 1;
  const int hours = digits(text, at, 2);
  if (hours < 0 || hours > 23 || !literal(text, at, ':')) {
    return false;
  }
  const int minutes = digits(text, at, 2);
  if (minutes < 0 || minutes > 59) {
    return false;
  }
  out = sign * (hours * 3600 + minutes * 60);
  return true;
}

} // namespace

void Timestamp::append_text(std::string& out) const {
  using namespace std::chrono;
  const auto rest = ns % ns_per_second;
  const auto nanoseconds_of_second = rest < 0 ? rest + ns_per_second : rest;
  const sys_seconds point{seconds{ns / ns_per_second - (rest < 0 ? 1 : 0)}};
  const auto day = std::chrono::floor<days>(point);
  const year_month_day date{day};
  const hh_mm_ss clock{point - day};
  std::array<char, 30> text{};
  put(text.data(), 4, int{date.year()});
  text[4] = '-';
  put(&text[5], 2, unsigned{date.month()});
  text[7] = '-';
  put(&text[8], 2, unsigned{date.day()});
  text[10] = 'T';
  put(&text[11], 2, clock.hours().count());
  text[13] = ':';
  put(&text[14], 2, clock.minutes().count());
  text[16] = ':';
  put(&text[17], 2, clock.seconds().count());
  text[19] = '.';
  put(&text[20], 9, nanoseconds_of_second);
  text[29] = 'Z';
  out.append(text.data(), text.size());
}

std::string Timestamp::to_text() const {
  std::string out;
  append_text(out);
  return out;
}

Result<Timestamp> Timestamp::from_text(std::string_view text) {
  using namespace std::chrono;
  std::size_t at = 0;
  const int y = digits(text, at, 4);
  const bool dash1 = literal(text, at, '-');
  const int m = digits(text, at, 2);
  const bool dash2 = literal(text, at, '-');
  const int d = digits(text, at, 2);
  const bool t = literal(text, at, 't', 'T');
  const int hh = digits(text, at, 2);
  const bool colon1 = literal(text, at, ':');
  const int mm = digits(text, at, 2);
  const bool colon2 = literal(text, at, ':');
  const int ss = digits(text, at, 2);
  if (y < 0 || m < 0 || d < 0 || hh < 0 || mm < 0 || ss < 0 || !dash1 || !dash2 || !t || !colon1
      || !colon2) {
    return malformed(text);
  }
  std::int64_t fraction = 0;
  if (literal(text, at, '.')) {
    fraction = fraction_ns(text, at);
  }
  std::int64_t offset = 0;
  const bool zone = offset_seconds(text, at, offset);
  const year_month_day date{year{y}, month{static_cast<unsigned>(m)},
                            day{static_cast<unsigned>(d)}};
  if (!zone || at != text.size() || fraction < 0 || !date.ok() || hh > 23 || mm > 59 || ss > 59
      || y < 1678 || y > 2261) {
    return malformed(text);
  }
  const auto since = sys_days{date}.time_since_epoch();
  const std::int64_t s = seconds{since}.count() + hh * 3600 + mm * 60 + ss - offset;
  return Timestamp{s * ns_per_second + fraction};
}

} // namespace troupe::core
