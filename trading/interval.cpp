#include "trading/interval.hpp"

#include "core/settings_check.hpp"

#include <algorithm>

namespace troupe::trading {

std::string Interval::expected() {
  std::string text = "one of ";
  for (const auto& entry : all) {
    text += (&entry == all.data() ? "" : ", ") + std::string(entry.text);
  }
  return text;
}

core::Result<Interval> Interval::from_text(std::string_view text) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].text == text) {
      return at(i);
    }
  }
  return core::Error{core::Errc::INVALID_ARGUMENT, "expected " + expected() + ", found \""
                                                     + std::string(text.substr(0, 64)) + "\""};
}

void check_intervals(const std::vector<std::string>& intervals, core::SettingsCheck& check) {
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    const auto& text = intervals[i];
    const auto key = "intervals[" + std::to_string(i) + "]";
    if (!Interval::from_text(text)) {
      check.add(key, Interval::expected(), '"' + text + '"');
    } else if (std::count(intervals.begin(), intervals.end(), text) > 1) {
      check.add(key, "each interval once", '"' + text + "\" again");
    }
  }
}

} // namespace troupe::trading
