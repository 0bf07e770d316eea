#include "actors/venues/replay/merge.hpp"
#include "actors/venues/replay/pacing.hpp"
#include "scratch.hpp"

#include <limits>
#include <rapidcheck.h>

using namespace troupe;
using namespace troupe::venues::replay;

namespace {

std::string trades(std::initializer_list<std::int64_t> seconds) {
  std::string text = "trade_ms,trade_id,price,qty,buyer_is_maker\n";
  std::int64_t id = 0;
  for (const auto s : seconds) {
    text += std::to_string((1704067200 + s) * 1000) + "," + std::to_string(++id) + ",1,1,0\n";
  }
  return text;
}

const std::string minute_bars = "timestamp,open,high,low,close,volume\n"
                                "2024-01-01T00:00:00Z,1,2,0.5,1.5,10\n"
                                "2024-01-01T00:01:00Z,1,2,0.5,1.5,10\n";

struct Files {
  Scratch scratch;
  ReplaySettings settings;

  Files() {
    settings.files = {{.path = scratch.write("BTCUSDT.csv.gz", trades({1, 60, 61, 200}))},
                      {.path = scratch.write("ETHUSDT_1m.csv", minute_bars)},
                      {.path = scratch.write("LTCUSDT.csv", trades({0, 60, 120}))}};
  }
};

ReplayMerge open(const ReplaySettings& settings) {
  auto merge = ReplayMerge::open(settings);
  if (!merge) {
    FAIL(merge.error().message);
  }
  return std::move(*merge);
}

std::vector<ReplayEvent> drain(ReplayMerge& merge, std::size_t batch) {
  std::vector<ReplayEvent> out;
  for (;;) {
    const auto before = out.size();
    REQUIRE(merge.next(batch, out).has_value());
    REQUIRE(out.size() - before <= batch);
    if (out.size() == before) {
      return out;
    }
  }
}

} // namespace

TEST_CASE("replay merge: all files in the order of time and ties in the order of the files") {
  const Files files;
  auto merge = open(files.settings);
  CHECK(merge.next_at()->ns == 1704067200'000'000'000);
  const auto events = drain(merge, 4);
  std::vector<std::pair<std::int64_t, std::size_t>> found;
  for (const auto& event : events) {
    found.emplace_back(event.record.at.ns / 1'000'000'000 - 1704067200, event.file);
  }
  const std::vector<std::pair<std::int64_t, std::size_t>> expected{
    {0, 2}, {1, 0}, {60, 0}, {60, 1}, {60, 2}, {61, 0}, {120, 1}, {120, 2}, {200, 0}};
  CHECK(found == expected);
  CHECK_FALSE(merge.next_at().has_value());
  CHECK(merge.fraction() == 1.0);
  const auto progress = merge.progress();
  REQUIRE(progress.size() == 3);
  CHECK(progress[0].events == 4);
  CHECK(progress[0].fraction == 1.0);
  CHECK(progress[1].refused == 0);
}

TEST_CASE("replay merge: restarts from the beginning and repeats itself at any batch size") {
  const Files files;
  auto merge = open(files.settings);
  const auto first = drain(merge, 1);
  for (const std::size_t batch : {std::size_t{2}, std::size_t{1000}}) {
    REQUIRE(merge.restart().has_value());
    CHECK(drain(merge, batch) == first);
  }
}

TEST_CASE("replay merge: progress grows with what is read") {
  const Scratch scratch;
  std::string text = "trade_ms,trade_id,price,qty,buyer_is_maker\n";
  for (int i = 0; i < 50'000; ++i) {
    text += std::to_string(1704067200000 + i) + "," + std::to_string(i) + ",1,1,0\n";
  }
  ReplaySettings settings;
  settings.files = {{.path = scratch.write("BTCUSDT.csv", text)}};
  auto merge = open(settings);
  double before = merge.fraction();
  CHECK(before < 0.3);
  std::vector<ReplayEvent> events;
  for (int i = 0; i < 5; ++i) {
    REQUIRE(merge.next(10'000, events).has_value());
    CHECK(merge.fraction() > before);
    before = merge.fraction();
  }
  CHECK(events.size() == 50'000);
}

TEST_CASE("replay merge: a damaged file ends the replay with its error") {
  const Scratch scratch;
  ReplaySettings settings;
  std::string text = trades({1, 2, 3});
  for (std::uint64_t i = 0; i <= refused_lines_max; ++i) {
    text += "junk\n";
  }
  settings.files = {{.path = scratch.write("BTCUSDT.csv", text)}};
  const auto refused = ReplayMerge::open(settings);
  REQUIRE(refused.has_error());
  CHECK(refused.error().message.find("lines refused") != std::string::npos);
  text = "trade_ms,trade_id,price,qty,buyer_is_maker\n";
  for (int i = 0; i < 500; ++i) {
    text += std::to_string(1704067200000 + i) + ",1,1,1,0\n";
  }
  for (std::uint64_t i = 0; i <= refused_lines_max; ++i) {
    text += "junk\n";
  }
  settings.files = {{.path = scratch.write("BTCUSDT.csv", text)}};
  auto merge = open(settings);
  std::vector<ReplayEvent> events;
  CHECK(merge.next(1000, events).has_error());
  CHECK(events.size() > 400);
  CHECK(merge.next(1000, events).has_error());
  CHECK_FALSE(merge.next_at().has_value());
}

TEST_CASE("replay settings: read from JSON and checked") {
  const auto settings = core::json::decode<ReplaySettings>(
    R"({"name":"REPLAY","kind":"replay","speed":2.5,"files":[{"path":"a.csv",)"
    R"("instrument":"BTC-USDT","type":"bars","interval":"1h"},{"path":"b.csv"}]})");
  REQUIRE(settings.has_value());
  CHECK(settings->files[0].type == RecordType::bars);
  CHECK(settings->files[0].interval == trading::intervals::h1);
  CHECK_FALSE(settings->files[1].instrument.has_value());
  CHECK(check(*settings).empty());
  CHECK(
    core::json::decode<ReplaySettings>(R"({"files":[{"path":"a","type":"quotes"}]})").has_error());
  ReplaySettings bad{"replay venue", "live", -1.0, {{.path = ""}}};
  bad.files.push_back(
    {.path = "a", .type = RecordType::trades, .interval = trading::intervals::m1});
  const auto problems = check(bad);
  REQUIRE(problems.size() == 5);
  CHECK(problems[0].path == "name");
  CHECK(problems[1].path == "kind");
  CHECK(problems[2].path == "speed");
  CHECK(problems[3].path == "files[0].path");
  CHECK(problems[4].path == "files[1].interval");
  bad.speed = std::numeric_limits<double>::quiet_NaN();
  CHECK(check(bad).size() == 5);
  CHECK(check(ReplaySettings{}).size() == 1);
  CHECK(ReplayMerge::open({}).has_error());
}

TEST_CASE("replay pacing: as fast as possible makes everything due") {
  const Pacer pacer{0.0, {1000}, {5000}};
  CHECK(pacer.due({std::numeric_limits<std::int64_t>::max()}, {5000}));
  CHECK(pacer.due_at({123456}) == core::Timestamp{5000});
}

TEST_CASE("replay pacing: real time and multiples of it") {
  const core::Timestamp data{1704067200'000'000'000};
  const core::Timestamp wall{1800000000'000'000'000};
  const Pacer real{1.0, data, wall};
  CHECK(real.due(data, wall));
  CHECK_FALSE(real.due(data + std::chrono::nanoseconds{1}, wall));
  CHECK(real.due_until(wall + std::chrono::seconds{3}) == data + std::chrono::seconds{3});
  const Pacer fast{10.0, data, wall};
  CHECK(fast.due_until(wall + std::chrono::seconds{1}) == data + std::chrono::seconds{10});
  CHECK(fast.due_at(data + std::chrono::seconds{10}) == wall + std::chrono::seconds{1});
  const Pacer slow{0.5, data, wall};
  CHECK(slow.due_at(data + std::chrono::seconds{1}) == wall + std::chrono::seconds{2});
  CHECK(Pacer{1e6, data, wall}.due_until({std::numeric_limits<std::int64_t>::max()})
        == core::Timestamp{std::numeric_limits<std::int64_t>::max()});
}

TEST_CASE("replay pacing: an event is due at due_at and not before") {
  CHECK(rc::check([] {
    const auto speed = static_cast<double>(*rc::gen::inRange(1, 100'000)) / 1000.0;
    const Pacer pacer{speed, {1704067200'000'000'000}, {1800000000'000'000'000}};
    const core::Timestamp event{1704067200'000'000'000
                                + *rc::gen::inRange<std::int64_t>(1, 1LL << 50)};
    const auto at = pacer.due_at(event);
    RC_ASSERT(pacer.due(event, at));
    RC_ASSERT(!pacer.due(event, at - std::chrono::nanoseconds{2}));
  }));
}
