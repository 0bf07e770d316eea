#pragma once

#include "actors/venues/common/exact_decimal.hpp"
#include "core/errc.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <optional>
#include <simdjson.h>
#include <string>
#include <string_view>

/// What the codecs of all venues need of simdjson's on-demand parser. Its exceptions are caught
/// where a decoder begins (guarded); fields that are not named are never looked at.
namespace troupe::venues::wire {

using Object = simdjson::ondemand::object;
using Array = simdjson::ondemand::array;
using Value = simdjson::ondemand::value;

/// A copy that simdjson may read beyond the end of.
[[nodiscard]] inline std::string padded(std::string_view text) {
  std::string copy;
  copy.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  copy.assign(text);
  return copy;
}

/// A field that is not as the venue documents it.
struct Malformed {
  std::string what;
};

[[noreturn]] inline void malformed(std::string_view field, std::string_view expected) {
  throw Malformed{"field \"" + std::string{field} + "\": expected " + std::string{expected}};
}

/// Runs a decoder. @returns PROTOCOL_ERROR for what is not JSON, or not what the venue documents
template <class F>
[[nodiscard]] core::Result<void> guarded(F&& decode) {
  try {
    decode();
    return {};
  } catch (const simdjson::simdjson_error& error) {
    return core::Error{core::Errc::PROTOCOL_ERROR,
                       std::string{"expected a message of the venue, found: "} + error.what()};
  } catch (const Malformed& error) {
    return core::Error{core::Errc::PROTOCOL_ERROR, error.what};
  }
}

/// Parses a whole body; its exceptions become errors. @param decode  (document, T&)
template <class T, class F>
[[nodiscard]] core::Result<T> read_body(const std::string& body, F&& decode) {
  T out{};
  simdjson::ondemand::parser parser;
  const auto done = guarded([&] {
    auto document = parser.iterate(body).value();
    decode(document, out);
  });
  if (!done) {
    return done.error();
  }
  return out;
}

/// The value of a field; nullopt where it is absent or null.
[[nodiscard]] inline std::optional<Value> find(Object& object, std::string_view field) {
  auto found = object.find_field_unordered(field);
  if (found.error() == simdjson::NO_SUCH_FIELD) {
    return std::nullopt;
  }
  Value value = found.value();
  if (value.type() == simdjson::ondemand::json_type::null) {
    return std::nullopt;
  }
  return value;
}

/// Text between the quotes of a string without escapes, or a number as it stands.
[[nodiscard]] inline std::string_view trimmed(std::string_view token) {
  while (!token.empty()
         && (token.back() == ' ' || token.back() == '\n' || token.back() == '\r'
             || token.back() == '\t')) {
    token.remove_suffix(1);
  }
  if (token.size() >= 2 && token.front() == '"') {
    token = token.substr(1, token.size() - 2);
  }
  return token;
}
[[nodiscard]] inline std::string_view token_of(Value value) {
  return trimmed(value.raw_json_token());
}

[[nodiscard]] inline std::string_view text_at(Object& object, std::string_view field) {
  const auto value = find(object, field);
  if (!value) {
    malformed(field, "a string");
  }
  return token_of(*value);
}

/// "" where it is absent.
[[nodiscard]] inline std::string_view optional_text(Object& object, std::string_view field) {
  const auto value = find(object, field);
  return value ? token_of(*value) : std::string_view{};
}

/// A whole number out of a token.
[[nodiscard]] inline std::int64_t integer_in(std::string_view text, std::string_view field) {
  const bool negative = !text.empty() && text.front() == '-';
  const auto digits = negative ? text.substr(1) : text;
  std::int64_t number = 0;
  if (!exact::read_whole(digits, number)) {
    malformed(field, "a whole number");
  }
  return negative ? -number : number;
}
/// A whole number, or a string that spells one.
[[nodiscard]] inline std::int64_t integer_of(Value value, std::string_view field) {
  return integer_in(token_of(value), field);
}

[[nodiscard]] inline std::int64_t integer_at(Object& object, std::string_view field) {
  const auto value = find(object, field);
  if (!value) {
    malformed(field, "a whole number");
  }
  return integer_of(*value, field);
}

[[nodiscard]] inline std::uint64_t counted(std::int64_t number, std::string_view field) {
  if (number < 0) {
    malformed(field, "a number that is not negative");
  }
  return static_cast<std::uint64_t>(number);
}
[[nodiscard]] inline std::uint64_t count_at(Object& object, std::string_view field) {
  return counted(integer_at(object, field), field);
}

/// A time out of milliseconds since 1970.
[[nodiscard]] inline core::Timestamp milliseconds_in(std::int64_t ms, std::string_view field) {
  constexpr std::int64_t latest = INT64_MAX / 1'000'000 - 1; // and one that is added
  if (ms < -latest || ms > latest) {
    malformed(field, "milliseconds of the years 1678 to 2261");
  }
  return core::Timestamp::from_ms(ms);
}
[[nodiscard]] inline core::Timestamp milliseconds_at(Object& object, std::string_view field) {
  return milliseconds_in(integer_at(object, field), field);
}

/// RFC 3339 time.
[[nodiscard]] inline core::Timestamp time_of(std::string_view text, std::string_view field) {
  const auto time = core::Timestamp::from_text(text);
  if (!time) {
    malformed(field, "an RFC 3339 time");
  }
  return *time;
}
[[nodiscard]] inline core::Timestamp time_at(Object& object, std::string_view field) {
  return time_of(text_at(object, field), field);
}

/// An exact decimal out of a string or a number.
template <class D>
[[nodiscard]] D decimal_of(std::string_view token, std::string_view field) {
  D out;
  if (!read_decimal(token, out)) {
    malformed(field, "a decimal of at most " + std::to_string(D::digits) + " places, found \""
                       + std::string{token.substr(0, 64)} + "\"");
  }
  return out;
}
template <class D>
[[nodiscard]] D decimal_at(Object& object, std::string_view field) {
  return decimal_of<D>(text_at(object, field), field);
}
/// nullopt where it is absent or "".
template <class D>
[[nodiscard]] std::optional<D> optional_decimal(Object& object, std::string_view field) {
  const auto token = optional_text(object, field);
  return token.empty() ? std::nullopt : std::optional<D>{decimal_of<D>(token, field)};
}

/// Levels of a book side, in whichever white space they are printed: ["price", "quantity", ...].
inline void read_levels(Array array, std::vector<trading::Level>& levels) {
  const std::string_view raw = array.raw_json();
  const auto before = levels.size();
  if (scan_levels(raw, levels)) [[likely]] {
    return;
  }
  levels.resize(before);
  array.reset();
  for (Array level : array) {
    trading::Level read;
    std::size_t i = 0;
    for (Value item : level) {
      if (i == 0) {
        read.price = decimal_of<trading::Price>(token_of(item), "price");
      } else if (i == 1) {
        read.quantity = decimal_of<trading::Quantity>(token_of(item), "quantity");
      }
      ++i;
    }
    if (i < 2) {
      malformed("level", "a price and a quantity");
    }
    levels.push_back(read);
  }
}

/// Out of a text of its own, of which a copy is made.
inline void read_levels(std::string_view json, std::vector<trading::Level>& levels) {
  const auto copy = padded(json);
  simdjson::ondemand::parser parser;
  auto document = parser.iterate(copy).value();
  read_levels(document.get_array().value(), levels);
}

inline void
read_levels(Object& object, std::string_view field, std::vector<trading::Level>& levels) {
  const auto value = find(object, field);
  if (!value) {
    malformed(field, "an array of levels");
  }
  read_levels(Value{*value}.get_array(), levels);
}

} // namespace troupe::venues::wire
