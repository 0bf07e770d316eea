#include "trading/interval.hpp"

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

} // namespace troupe::trading
