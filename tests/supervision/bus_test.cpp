#include "support.hpp"

using namespace test;
using Lines = std::vector<std::string>;

namespace {

const sup::Topic quotes{"quotes", sup::Delivery::CONFLATED};
const sup::Topic trades{"trades", sup::Delivery::LOSSLESS};

caf::behavior listener(sup::Actor* self, Log log, sup::Topic topic) {
  self->runtime().bus.subscribe(topic, caf::actor_cast<caf::actor>(self));
  return {
    [log](const Note& note) { log->push_back(std::to_string(note.value)); },
    [log](const sup::TopicGap& gap) {
      log->push_back("gap " + gap.topic + " " + std::to_string(gap.lost));
    },
    [](const Crash& crash) { throw std::runtime_error(crash.text); },
  };
}

void publish(World& world, const sup::Topic& topic, const std::string& key, int value) {
  world.rt.bus.publish(topic, key, caf::make_message(Note{value}));
}

} // namespace

TEST_CASE("bus: the newest per key wins and keeps its place") {
  World world;
  const auto log = make_log();
  world.spawn({.path = "x/l"}, listener, log, quotes);
  publish(world, quotes, "a", 1);
  publish(world, quotes, "b", 2);
  publish(world, quotes, "a", 3);
  publish(world, quotes, "a", 4);
  world.run();
  CHECK(*log == Lines{"4", "2"});
  publish(world, quotes, "a", 5);
  world.run();
  CHECK(log->back() == "5");
}

TEST_CASE("bus: a burst over many keys is delivered over several turns") {
  World world;
  const auto log = make_log();
  world.spawn({.path = "x/l"}, listener, log, quotes);
  for (int i = 0; i < 1000; ++i) {
    publish(world, quotes, std::to_string(i % 300), i);
  }
  CHECK(world.rt.actors.actor("x/l")->mailbox == 1);
  world.run();
  REQUIRE(log->size() == 300);
  CHECK(log->front() == "900");
  CHECK(log->back() == "899");
}

TEST_CASE("bus: a late subscriber gets the retained events") {
  World world;
  const auto log = make_log();
  publish(world, quotes, "a", 1);
  publish(world, quotes, "a", 2);
  publish(world, quotes, "b", 3);
  publish(world, trades, "a", 9);
  world.spawn({.path = "x/l"}, listener, log, quotes);
  CHECK(*log == Lines{"2", "3"});
  world.spawn({.path = "x/t"}, listener, log, trades);
  CHECK(log->size() == 2);
}

TEST_CASE("bus: lossless topics keep every event in order") {
  World world;
  const auto log = make_log();
  world.spawn({.path = "x/l"}, listener, log, trades);
  for (int i = 0; i < 5; ++i) {
    publish(world, trades, "a", i);
  }
  CHECK(world.rt.bus.backlog() == 5);
  world.run();
  CHECK(*log == Lines{"0", "1", "2", "3", "4"});
  CHECK(world.rt.bus.backlog() == 0);
}

TEST_CASE("bus: a full subscriber of a lossless topic gets a gap in the place of what was lost") {
  World world;
  const auto log = make_log();
  world.spawn({.path = "x/l", .mailbox_cap = 2}, listener, log, trades);
  for (int i = 0; i < 6; ++i) {
    publish(world, trades, "a", i);
  }
  world.run();
  CHECK(*log == Lines{"0", "1", "gap trades 1"});
  publish(world, trades, "a", 6);
  world.run();
  CHECK(*log == Lines{"0", "1", "gap trades 1", "gap trades 3", "6"});
}

TEST_CASE("bus: many lossless events at once are delivered as one after the other would be") {
  World world;
  const auto log = make_log();
  const auto other = make_log();
  world.spawn({.path = "x/l", .mailbox_cap = 3}, listener, log, trades);
  world.spawn({.path = "x/m"}, listener, other, trades);
  std::vector<caf::message> events;
  for (int i = 1; i <= 5; ++i) {
    events.push_back(caf::make_message(Note{i}));
  }
  dynamic_cast<sup::LocalBus&>(world.rt.bus).publish_all(trades, events);
  world.run();
  CHECK(*log == Lines{"1", "2", "3", "gap trades 1"});
  CHECK(*other == Lines{"1", "2", "3", "4", "5"});
  publish(world, trades, "a", 6);
  world.run();
  CHECK(*log == Lines{"1", "2", "3", "gap trades 1", "gap trades 1", "6"});
}

TEST_CASE("bus: dead subscribers are dropped and a replacement subscribes anew") {
  World world;
  const auto log = make_log();
  sup::ChildSpec spec;
  spec.name = "l";
  spec.start = [log](sup::StartContext& context) { return context.spawn(listener, log, quotes); };
  spec.backoff.min = 0ns;
  world.tree({.name = "s", .children = {spec}});
  auto& bus = dynamic_cast<sup::LocalBus&>(world.rt.bus);
  publish(world, quotes, "a", 1);
  world.run();
  world.send("s/l", Crash{"x"});
  world.run();
  CHECK(*log == Lines{"1", "1"}); // the second is the retained one
  publish(world, quotes, "a", 2);
  world.run();
  CHECK(log->size() == 3);
  CHECK(bus.has_subscribers("quotes"));
  world.rt.bus.unsubscribe(quotes, world.rt.registry.find("s/l").actor);
  CHECK_FALSE(bus.has_subscribers("quotes"));
  CHECK(bus.retained("quotes").size() == 1);
}

TEST_CASE("bus: subscribing twice delivers once") {
  World world;
  const auto log = make_log();
  const auto actor = world.spawn({.path = "x/l"}, listener, log, trades);
  world.rt.bus.subscribe(trades, actor);
  publish(world, trades, "a", 1);
  world.run();
  CHECK(log->size() == 1);
}
