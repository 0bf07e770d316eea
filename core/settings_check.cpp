#include "core/settings_check.hpp"

#include <utility>

namespace troupe::core {

namespace {

/// Of a checked value; JSON has no word for what is not finite.
std::string checked_text(double value) {
  std::string text;
  json::append_number(text, value);
  return text == "null" ? "a number that is not finite" : text;
}

} // namespace

void SettingsCheck::count(std::string_view key,
                          std::uint64_t value,
                          std::uint64_t least,
                          std::uint64_t most) {
  if (value < least || value > most) {
    add(key, "a whole number from " + std::to_string(least) + " to " + std::to_string(most),
        std::to_string(value));
  }
}

void SettingsCheck::between(std::string_view key, double value, double above, double below) {
  if (!(value > above && value < below)) {
    add(key, "a number above " + checked_text(above) + " and below " + checked_text(below),
        checked_text(value));
  }
}

void SettingsCheck::within(std::string_view key, double value, double least, double most) {
  if (!(value >= least && value <= most)) {
    add(key, "a number from " + checked_text(least) + " to " + checked_text(most),
        checked_text(value));
  }
}

void SettingsCheck::positive(std::string_view key, Duration value) {
  if (value.ns <= 0) {
    add(key, "a duration above 0", value.to_text());
  }
}

void SettingsCheck::at_least(std::string_view key,
                             Duration value,
                             Duration least,
                             std::string_view of) {
  if (value < least) {
    const auto name = of.empty() ? std::string{} : std::string(of) + ", ";
    add(key, "at least " + name + least.to_text(), value.to_text());
  }
}

void SettingsCheck::at_most(std::string_view key,
                            Duration value,
                            Duration most,
                            std::string_view why) {
  if (value > most) {
    add(key, "at most " + most.to_text() + ": " + std::string(why), value.to_text());
  }
}

void SettingsCheck::add(std::string_view key, std::string expected, std::string found) {
  const auto path = section_.empty() ? std::string(key) : section_ + '.' + std::string(key);
  problems_.push_back({path, std::move(expected), std::move(found)});
}

} // namespace troupe::core
