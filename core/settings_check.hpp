#pragma once

#include "core/duration.hpp"
#include "core/json.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::core {

/// Checks the values of one section of settings; each that does not hold becomes a problem with its
/// path, what was expected and what was found.
class SettingsCheck {
public:
  /// @param section  such as "regime"; empty: keys are paths
  SettingsCheck(std::string section, std::vector<json::Problem>& problems)
    : section_(std::move(section)), problems_(problems) {}

  /// @param least, most  both included
  void count(std::string_view key, std::uint64_t value, std::uint64_t least, std::uint64_t most);
  /// @param above, below  both excluded; NaN is refused
  void between(std::string_view key, double value, double above, double below);
  /// @param least, most  both included; NaN is refused
  void within(std::string_view key, double value, double least, double most);
  void positive(std::string_view key, Duration value);
  /// @param of  how the least value is called where it is another setting, else empty
  void at_least(std::string_view key, Duration value, Duration least, std::string_view of = {});
  void at_most(std::string_view key, Duration value, Duration most, std::string_view why);
  void add(std::string_view key, std::string expected, std::string found);

private:
  std::string section_;
  std::vector<json::Problem>& problems_;
};

} // namespace troupe::core
