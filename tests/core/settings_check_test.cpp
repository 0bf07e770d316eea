#include "core/settings_check.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <limits>

namespace {

using namespace troupe::core;
using namespace std::chrono_literals;

/// The one problem that a check of section "a.b" finds, or "".
template <class Check>
std::string told(Check check) {
  std::vector<json::Problem> problems;
  SettingsCheck section{"a.b", problems};
  check(section);
  REQUIRE(problems.size() <= 1);
  return problems.empty() ? "" : problems[0].text();
}

TEST_CASE("settings check: bounds of counts belong to what is allowed") {
  const auto of = [](std::uint64_t value) {
    return told([&](SettingsCheck& check) { check.count("n", value, 2, 5); });
  };
  CHECK(of(2).empty());
  CHECK(of(5).empty());
  CHECK(of(1) == "a.b.n: expected a whole number from 2 to 5, found 1");
  CHECK_FALSE(of(6).empty());
}

TEST_CASE("settings check: numbers within and between, and what is no number") {
  const auto between = [](double value) {
    return told([&](SettingsCheck& check) { check.between("x", value, 0.0, 1.0); });
  };
  const auto within = [](double value) {
    return told([&](SettingsCheck& check) { check.within("x", value, 0.0, 1.0); });
  };
  constexpr auto nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(between(0.5).empty());
  CHECK(between(0.0) == "a.b.x: expected a number above 0 and below 1, found 0");
  CHECK_FALSE(between(1.0).empty());
  CHECK(within(0.0).empty());
  CHECK(within(1.0).empty());
  CHECK(within(1.5) == "a.b.x: expected a number from 0 to 1, found 1.5");
  CHECK(within(nan) == "a.b.x: expected a number from 0 to 1, found a number that is not finite");
  CHECK_FALSE(between(nan).empty());
}

TEST_CASE("settings check: durations") {
  const auto positive = [](Duration value) {
    return told([&](SettingsCheck& check) { check.positive("d", value); });
  };
  CHECK(positive(1ns).empty());
  CHECK(positive(0ns) == "a.b.d: expected a duration above 0, found 0s");
  CHECK(told([](SettingsCheck& check) { check.at_least("d", 2s, 2s); }).empty());
  CHECK(told([](SettingsCheck& check) { check.at_least("d", 1s, 2s); })
        == "a.b.d: expected at least 2s, found 1s");
  CHECK(told([](SettingsCheck& check) { check.at_least("d", 1s, 2s, "c"); })
        == "a.b.d: expected at least c, 2s, found 1s");
  CHECK(told([](SettingsCheck& check) { check.at_most("d", 2s, 2s, "no"); }).empty());
  CHECK(told([](SettingsCheck& check) { check.at_most("d", 3s, 2s, "nobody waits longer"); })
        == "a.b.d: expected at most 2s: nobody waits longer, found 3s");
}

TEST_CASE("settings check: without a section keys are paths") {
  std::vector<json::Problem> problems;
  SettingsCheck{"", problems}.add("key", "this", "that");
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].path == "key");
}

} // namespace
