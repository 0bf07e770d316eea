#pragma once

#include "core/json.hpp"

#include <map>
#include <string>
#include <vector>

namespace troupe::core {

/// Settings as they are gathered: files merged in order, then environment variables, then --set;
/// each value remembers where it came from.
class SettingsSource {
public:
  SettingsSource();
  ~SettingsSource();
  SettingsSource(SettingsSource&&) noexcept;
  SettingsSource& operator=(SettingsSource&&) noexcept;

  /// Merges a JSON file: objects key by key, everything else replaced.
  [[nodiscard]] Result<void> add_file(const std::string& path);

  /// Merges JSON text; @param origin  what error messages call it
  [[nodiscard]] Result<void> add_text(std::string_view text, const std::string& origin);

  /// Takes PREFIX__SECTION__KEY=value of an environment block ("NAME=value" entries, null-ended);
  /// names are lowered, values read as --set reads them.
  [[nodiscard]] Result<void> add_environment(const char* const* environment,
                                             std::string_view prefix);

  /// Takes "a.b=value"; the value is JSON if it parses as such, else a string.
  [[nodiscard]] Result<void> set(std::string_view assignment);

  /// Reads the whole as T, defaults for what is absent.
  /// @returns CONFIG_INVALID that lists each problem: origin, path, expected, found
  template <class T>
  [[nodiscard]] Result<T> read() const {
    json::Decoder decoder{json::Missing::DEFAULT};
    T value{};
    decoder.read(view(), value);
    if (!decoder.problems().empty()) {
      return error(decoder.problems());
    }
    return value;
  }

  [[nodiscard]] json::View view() const;

  /// The error for problems found later, by checks of meaning rather than form.
  [[nodiscard]] Error error(const std::vector<json::Problem>& problems) const;

private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The JSON text of settings with every secret's value replaced by "<redacted>": any key that
/// ends in secret, passphrase, password, token or key, and passwords inside URLs.
[[nodiscard]] std::string redacted(std::string_view json_text);

} // namespace troupe::core
