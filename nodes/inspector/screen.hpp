#pragma once

#include <string>

namespace troupe::inspector {

/// Where repeated output goes: a terminal is redrawn in place and cut to its size, anything else
/// gets one text after the other.
class Screen {
public:
  Screen();
  [[nodiscard]] bool is_terminal() const { return terminal_; }
  void show(const std::string& text) const;

  /// Lines and columns cut, each line erased behind its end.
  [[nodiscard]] static std::string
  fitted(const std::string& text, std::size_t lines, std::size_t columns);

private:
  bool terminal_;
};

/// Ends sleep() early from now on when SIGINT or SIGTERM comes.
void watch_signals();
/// @returns false where a signal came
bool sleep_for(double seconds);

} // namespace troupe::inspector
