#include "actors/regime/track.hpp"
#include "synthetic.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using regime::Settings;
using regime::Track;
using regime::synthetic::Path;
using regime::synthetic::said_by;

namespace {

const auto hourly = trading::intervals::h1;

std::span<const trading::Bar>
part(const std::vector<trading::Bar>& bars, std::size_t from, std::size_t to) {
  return std::span{bars}.subspan(from, to - from);
}

/// A track that has the first `count` bars from history.
Track warm(const Settings& settings, const std::vector<trading::Bar>& bars, std::size_t count) {
  Track track{settings, hourly};
  const auto need = track.rebuild();
  CHECK_FALSE(need.start.has_value());
  CHECK(need.limit == settings.warm_up_bars);
  CHECK_FALSE(track.on_history(part(bars, 0, count)).has_value());
  CHECK_FALSE(track.wants_history());
  return track;
}

regime::synthetic::Said whole(const Settings& settings, const std::vector<trading::Bar>& bars) {
  return regime::synthetic::run(settings, bars).back();
}

} // namespace

TEST_CASE("track: history then live bars are one run, each bar once") {
  const Settings settings;
  const auto bars = Path{}.walk(200, 0.01).bars();
  auto track = warm(settings, bars, 150);
  for (std::size_t i = 140; i < 200; ++i) {
    CHECK_FALSE(track.on_bar(bars[i]).has_value());
  }
  CHECK(said_by(track.classifier()) == whole(settings, bars));
  CHECK(track.classifier().bars() == 200);
}

TEST_CASE("track: live bars that come while history is asked are not lost") {
  const Settings settings;
  const auto bars = Path{}.walk(200, 0.01).bars();
  Track track{settings, hourly};
  static_cast<void>(track.rebuild());
  for (std::size_t i = 180; i < 200; ++i) {
    CHECK_FALSE(track.on_bar(bars[i]).has_value());
  }
  CHECK(track.wants_history());
  CHECK_FALSE(track.on_history(part(bars, 0, 185)).has_value());
  CHECK(said_by(track.classifier()) == whole(settings, bars));
  CHECK(track.waiting() == 0);
}

TEST_CASE("track: a hole is asked for and later bars wait for the answer") {
  const Settings settings;
  const auto bars = Path{}.walk(200, 0.01).bars();
  auto track = warm(settings, bars, 150);
  const auto need = track.on_bar(bars[160]);
  REQUIRE(need.has_value());
  CHECK(need->start == bars[149].ts_close);
  CHECK(need->end == bars[160].ts_open);
  for (std::size_t i = 161; i < 200; ++i) {
    CHECK_FALSE(track.on_bar(bars[i]).has_value());
  }
  CHECK(track.classifier().bars() == 150);
  CHECK_FALSE(track.on_history(part(bars, 150, 160)).has_value());
  CHECK(said_by(track.classifier()) == whole(settings, bars));
  CHECK_FALSE(track.incomplete());
}

TEST_CASE("track: a hole that history has no bars for is filled and not asked for again") {
  const Settings settings;
  const auto bars = Path{}.walk(150, 0.01).skip(5).walk(50, 0.01).bars();
  auto track = warm(settings, bars, 150);
  REQUIRE(track.on_bar(bars[150]).has_value());
  CHECK_FALSE(track.on_history({}).has_value());
  for (std::size_t i = 151; i < bars.size(); ++i) {
    CHECK_FALSE(track.on_bar(bars[i]).has_value());
  }
  CHECK(said_by(track.classifier()) == whole(settings, bars));
}

TEST_CASE("track: a second hole behind the first is asked for in turn") {
  const Settings settings;
  const auto bars = Path{}.walk(200, 0.01).bars();
  auto track = warm(settings, bars, 150);
  REQUIRE(track.on_bar(bars[155]).has_value());
  CHECK_FALSE(track.on_bar(bars[170]).has_value());
  CHECK_FALSE(track.on_bar(bars[171]).has_value());
  const auto second = track.on_history(part(bars, 150, 155));
  REQUIRE(second.has_value());
  CHECK(second->start == bars[155].ts_close);
  CHECK(second->end == bars[170].ts_open);
  CHECK_FALSE(track.on_history(part(bars, 156, 170)).has_value());
  CHECK(track.classifier().bars() == 172);
}

TEST_CASE("track: a failure goes on with what is there and says that it is incomplete") {
  const Settings settings;
  const auto bars = Path{}.walk(200, 0.01).bars();
  auto track = warm(settings, bars, 150);
  REQUIRE(track.on_bar(bars[160]).has_value());
  track.on_history_failed();
  CHECK(track.incomplete());
  CHECK(track.wants_history());
  CHECK(track.classifier().as_of() == bars[160].ts_close);
  CHECK_FALSE(track.on_bar(bars[161]).has_value());
  CHECK(track.classifier().as_of() == bars[161].ts_close);
  static_cast<void>(track.rebuild());
  CHECK_FALSE(track.on_history(part(bars, 0, 161)).has_value());
  CHECK_FALSE(track.incomplete());
  CHECK(said_by(track.classifier()) == whole(settings, {bars.begin(), bars.begin() + 162}));
}

TEST_CASE("track: a hole longer than one answer of history starts over") {
  const Settings settings;
  const auto bars = Path{}.walk(100, 0.01).walk(2'000, 0.01).bars();
  auto track = warm(settings, bars, 100);
  const auto need = track.on_bar(bars.back());
  REQUIRE(need.has_value());
  CHECK_FALSE(need->start.has_value());
  CHECK(need->limit == settings.warm_up_bars);
}

TEST_CASE("track: what waits is bounded and what was dropped is asked for") {
  Settings settings;
  settings.waiting_bars_max = 10;
  const auto bars = Path{}.walk(200, 0.01).bars();
  auto track = warm(settings, bars, 150);
  REQUIRE(track.on_bar(bars[152]).has_value());
  for (std::size_t i = 153; i < 180; ++i) {
    CHECK_FALSE(track.on_bar(bars[i]).has_value());
    CHECK(track.waiting() <= 10);
  }
  const auto need = track.on_history(part(bars, 150, 152));
  REQUIRE(need.has_value());
  CHECK(need->start == bars[151].ts_close);
  CHECK(need->end == bars[170].ts_open);
  CHECK_FALSE(track.on_history(part(bars, 152, 170)).has_value());
  CHECK(track.classifier().bars() == 180);
}

TEST_CASE("track: a history that knows less than the live bars does not undo them") {
  const Settings settings;
  const auto bars = Path{}.walk(100, 0.01).bars();
  Track track{settings, hourly};
  static_cast<void>(track.rebuild());
  for (const auto& bar : bars) {
    static_cast<void>(track.on_bar(bar));
  }
  CHECK_FALSE(track.on_history(part(bars, 90, 100)).has_value());
  CHECK(track.classifier().ready());
  CHECK(track.classifier().bars() == 100);
}

TEST_CASE("track: history's current bar that is not closed is passed over") {
  const Settings settings;
  auto bars = Path{}.walk(100, 0.01).bars();
  bars.back().final = false;
  auto track = warm(settings, bars, 100);
  CHECK(track.classifier().bars() == 99);
  CHECK(track.classifier().refused() == 0);
}
