#include "actors/regime/label.hpp"

#include <doctest/doctest.h>

#include <rapidcheck.h>
#include <vector>

using namespace troupe;
using regime::Hysteresis;
using regime::Label;
using regime::LabelState;
using trading::Regime;

namespace {

constexpr Hysteresis label_hysteresis{.confirm_bars = 3, .dwell_bars_min = 5};

core::Timestamp at(std::int64_t bar) {
  return {bar};
}

Label after(const std::vector<Regime>& candidates) {
  Label label;
  std::int64_t bar = 0;
  for (const auto candidate : candidates) {
    label.take(candidate, at(++bar), label_hysteresis);
  }
  return label;
}

std::vector<Regime> times(std::size_t count, Regime regime) {
  return std::vector<Regime>(count, regime);
}

} // namespace

TEST_CASE("label: a change is confirmed and waits for the dwell, a crisis does neither") {
  Label label = after(times(1, Regime::RANGING));
  std::int64_t bar = 1;
  for (int i = 0; i < 4; ++i) {
    label.take(Regime::CHOPPY, at(++bar), label_hysteresis);
    CHECK(label.state().label == Regime::RANGING);
  }
  label.take(Regime::CHOPPY, at(++bar), label_hysteresis);
  CHECK(label.state().label == Regime::CHOPPY);
  CHECK(label.state().since == at(6));
  CHECK(label.state().label_run == 0);
  label.take(Regime::CRISIS, at(++bar), label_hysteresis);
  CHECK(label.state().label == Regime::CRISIS);
}

TEST_CASE("label: goes on from what was said, whatever a replay of the bars before says") {
  const auto said = after({Regime::CHOPPY, Regime::CHOPPY, Regime::CHOPPY, Regime::TRENDING});
  LabelState kept = said.state();
  kept.label = Regime::TRENDING; // by another model, before a refit
  kept.since = at(2);
  kept.label_run = 2;
  SUBCASE("replaced at its bar") {
    Label replay;
    replay.resume(kept);
    CHECK(replay.waits());
    for (std::int64_t bar = 1; bar <= 4; ++bar) {
      replay.take(Regime::RANGING, at(bar), label_hysteresis);
    }
    CHECK_FALSE(replay.waits());
    CHECK(replay.state() == kept);
    replay.mark_replayed();
    CHECK_FALSE(replay.state().since_replayed);
    replay.take(Regime::TRENDING, at(5), label_hysteresis);
    CHECK(replay.state().since == at(2));
    CHECK(replay.state().label_run == 3);
  }
  SUBCASE("where its own bar is missing, before the next one") {
    Label replay;
    replay.resume(kept);
    replay.take(Regime::RANGING, at(3), label_hysteresis);
    replay.approach(at(5));
    CHECK(replay.state() == kept);
  }
  SUBCASE("not where the bars begin after it: then the label is a replay's") {
    Label replay;
    replay.resume(kept);
    replay.take(Regime::RANGING, at(9), label_hysteresis);
    replay.mark_replayed();
    CHECK(replay.state().label == Regime::RANGING);
    CHECK(replay.state().since_replayed);
    CHECK_FALSE(replay.waits());
  }
}

TEST_CASE("label: a change that is said is no replay's any more") {
  Label label = after(times(6, Regime::RANGING));
  label.mark_replayed();
  CHECK(label.state().since_replayed);
  label.take(Regime::CRISIS, at(7), label_hysteresis);
  CHECK_FALSE(label.state().since_replayed);
}

TEST_CASE("label: a successor waits until the dwell of its predecessor is served") {
  const auto other = after(times(20, Regime::RANGING)).state();
  auto before = after(times(20, Regime::CHOPPY)).state();
  before.label_run = 3;
  before.since = at(17);
  SUBCASE("too early") {
    Label next = after(times(20, Regime::RANGING));
    next.succeed(before, at(20), label_hysteresis);
    CHECK(next.state().label == Regime::CHOPPY);
    CHECK(next.state().since == at(17));
    next.take(Regime::RANGING, at(21), label_hysteresis);
    CHECK(next.state().label == Regime::CHOPPY);
    next.take(Regime::RANGING, at(22), label_hysteresis); // the fifth bar
    CHECK(next.state().label == Regime::RANGING);
    CHECK(next.state().since == at(22));
  }
  SUBCASE("served") {
    before.label_run = 5;
    Label next = after(times(20, Regime::RANGING));
    next.succeed(before, at(20), label_hysteresis);
    CHECK(next.state().label == Regime::RANGING);
    CHECK(next.state().since == at(20));
    CHECK(next.state().label_run == 0);
  }
  SUBCASE("a crisis comes at once") {
    Label next = after(times(20, Regime::CRISIS));
    next.succeed(before, at(20), label_hysteresis);
    CHECK(next.state().label == Regime::CRISIS);
  }
  SUBCASE("one label goes on") {
    Label next = after(times(20, Regime::CHOPPY));
    next.succeed(before, at(20), label_hysteresis);
    CHECK(next.state().since == at(17));
    CHECK(next.state().label_run == 3);
  }
  CHECK(other.label == Regime::RANGING);
}

TEST_CASE("label: no change but to CRISIS before the dwell is served, refits at any bar included") {
  CHECK(rc::check([](const std::vector<std::pair<unsigned, bool>>& bars) {
    Label label;
    std::int64_t bar = 0;
    std::int64_t since = 1;
    std::optional<Regime> stands;
    for (const auto& [draw, refit] : bars) {
      ++bar;
      const auto candidate = static_cast<Regime>(draw % 4);
      label.take(candidate, at(bar), label_hysteresis);
      if (refit) {
        Label next;
        for (std::int64_t i = 1; i <= bar; ++i) {
          next.take(static_cast<Regime>((draw / 4) % 4), at(i), label_hysteresis);
        }
        next.succeed(label.state(), at(bar), label_hysteresis);
        label = next;
      }
      const auto now = label.state().label;
      if (stands && now != *stands) {
        RC_ASSERT(now == Regime::CRISIS || bar - since >= 5);
        since = bar;
      }
      stands = now;
    }
  }));
}
