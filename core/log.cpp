#include "core/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>

namespace troupe::core::log {

namespace {

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = std::make_shared<spdlog::logger>(
      "troupe", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-7l%$ %v", spdlog::pattern_time_type::utc);
    made->flush_on(spdlog::level::warn);
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum native(Level level) {
  switch (level) {
    case Level::DEBUG: return spdlog::level::debug;
    case Level::INFO: return spdlog::level::info;
    case Level::WARN: return spdlog::level::warn;
    case Level::ERROR: return spdlog::level::err;
    case Level::OFF: break;
  }
  return spdlog::level::off;
}

/// A value stays on its line: control characters are escaped, spaces lead to quotes.
void append_value(std::string& out, const std::string& value) {
  const auto special = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '"'; };
  if (!value.empty() && std::none_of(value.begin(), value.end(), special)) {
    out += value;
    return;
  }
  out += '"';
  for (const char c : value) {
    if (c == '\n' || c == '\r') {
      out += "\\n";
    } else {
      out += c == '"' ? '\'' : c;
    }
  }
  out += '"';
}

} // namespace

bool set_level(std::string_view name) {
  for (const auto& [text, level] : {std::pair{"debug", Level::DEBUG},
                                    {"info", Level::INFO},
                                    {"warn", Level::WARN},
                                    {"error", Level::ERROR},
                                    {"off", Level::OFF}}) {
    if (name == text) {
      logger().set_level(native(level));
      return true;
    }
  }
  return false;
}

bool enabled(Level level) noexcept {
  return logger().should_log(native(level));
}

void write(Level level, std::string_view message, Fields fields) {
  if (!enabled(level)) {
    return;
  }
  std::string line{message};
  for (const auto& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_value(line, field.value);
  }
  logger().log(native(level), "{}", line);
}

} // namespace troupe::core::log
