#pragma once

#include "core/decimal.hpp"
#include "core/json.hpp"
#include "core/time.hpp"

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::venues::exchange_server {

/// A decimal with a fixed number of fractional digits, as venues print it; further ones are cut.
template <class Tag, int Digits>
[[nodiscard]] std::string fixed(core::Decimal<Tag, Digits> value, int digits) {
  const bool negative = value.raw() < 0;
  core::int128 raw = negative ? -value.raw() : value.raw();
  raw = digits <= Digits ? raw / core::decimal::pow10(Digits - digits)
                         : raw * core::decimal::pow10(digits - Digits);
  std::string text; // backwards
  for (int n = 0; raw != 0 || n <= digits; ++n) {
    if (n == digits && digits > 0) {
      text += '.';
    }
    text += static_cast<char>('0' + static_cast<int>(raw % 10));
    raw /= 10;
  }
  if (negative) {
    text += '-';
  }
  return {text.rbegin(), text.rend()};
}

/// Units in which times are counted from the epoch.
enum class TimeUnit : std::uint8_t { MILLISECOND, MICROSECOND };

/// JSON text, written member by member; commas are its own business.
class JsonWriter {
public:
  /// @param unit  of times
  explicit JsonWriter(TimeUnit unit = TimeUnit::MILLISECOND)
    : ns_per_unit_(unit == TimeUnit::MILLISECOND ? 1'000'000 : 1'000) {}

  JsonWriter& open(char bracket) {
    separate();
    out_ += bracket;
    fresh_ = true;
    return *this;
  }
  JsonWriter& close(char bracket) {
    out_ += bracket;
    fresh_ = false;
    return *this;
  }
  JsonWriter& key(std::string_view name) {
    separate();
    core::json::append_string(out_, name);
    out_ += ':';
    fresh_ = true;
    return *this;
  }
  JsonWriter& raw(std::string_view json) {
    separate();
    out_ += json;
    fresh_ = false;
    return *this;
  }
  JsonWriter& value(std::string_view text) {
    separate();
    core::json::append_string(out_, text);
    fresh_ = false;
    return *this;
  }
  JsonWriter& value(const char* text) { return value(std::string_view{text}); }
  JsonWriter& value(const std::string& text) { return value(std::string_view{text}); }
  JsonWriter& value(bool truth) { return raw(truth ? "true" : "false"); }
  template <std::integral T>
  JsonWriter& value(T number) {
    separate();
    core::json::append(out_, number);
    fresh_ = false;
    return *this;
  }
  JsonWriter& value(core::Timestamp time) { return value(units(time)); }
  /// The last moment before `time`.
  JsonWriter& before(core::Timestamp time) { return value(units(time) - 1); }
  JsonWriter& null() { return raw("null"); }

  /// One member.
  template <class T>
  JsonWriter& operator()(std::string_view name, const T& member) {
    return key(name).value(member);
  }

  [[nodiscard]] const std::string& text() const { return out_; }
  [[nodiscard]] std::string take() { return std::move(out_); }

private:
  [[nodiscard]] std::int64_t units(core::Timestamp time) const {
    return core::floor(time, std::chrono::nanoseconds{ns_per_unit_}).ns / ns_per_unit_;
  }
  void separate() {
    if (!fresh_) {
      out_ += ',';
    }
    fresh_ = false;
  }
  std::string out_;
  std::int64_t ns_per_unit_;
  bool fresh_ = true; ///< nothing to separate from
};

} // namespace troupe::venues::exchange_server
