#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

/// Structured logs, one line each on standard error: time, level, message (verb first), key=value.
namespace troupe::core::log {

enum class Level : std::uint8_t { DEBUG, INFO, WARN, ERROR, OFF };

/// A key and its value, rendered as key=value (quoted where it holds a space or a quote).
struct Field {
  std::string_view key;
  std::string value;

  Field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
  template <class T>
  requires std::integral<T> || std::floating_point<T> Field(std::string_view k, T v)
    : key(k), value(std::to_string(v)) {}
};

using Fields = std::initializer_list<Field>;

/// @param name  debug, info, warn, error or off
/// @returns false where the name is none of these
[[nodiscard]] bool set_level(std::string_view name);
[[nodiscard]] bool enabled(Level level) noexcept;

void write(Level level, std::string_view message, Fields fields);

inline void debug(std::string_view message, Fields fields = {}) {
  if (enabled(Level::DEBUG)) {
    write(Level::DEBUG, message, fields);
  }
}
inline void info(std::string_view message, Fields fields = {}) {
  write(Level::INFO, message, fields);
}
inline void warn(std::string_view message, Fields fields = {}) {
  write(Level::WARN, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
  write(Level::ERROR, message, fields);
}

} // namespace troupe::core::log
