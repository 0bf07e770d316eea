#include "scripted.hpp"
#include "supervision/messages.hpp"

#include <algorithm>
#include <iterator>
#include <set>

using namespace test;

namespace {

/// What the test says where everything belongs.
class Movable final : public sup::Placement {
public:
  explicit Movable(bool here) : here_(here) {}
  std::optional<sup::Owner> owner(std::string_view, std::string_view) const override {
    return sup::Owner{here_ ? "test" : "other", here_, epoch_};
  }
  std::vector<std::string> carriers(std::string_view) const override { return {"other", "test"}; }
  std::uint64_t epoch() const override { return epoch_; }
  caf::actor gateway(std::string_view) const override { return {}; }
  void watch(const caf::actor& watcher) override { watchers_.push_back(watcher); }

  void move(World& world, bool here) {
    here_ = here;
    ++epoch_;
    for (const auto& watcher : watchers_) {
      caf::anon_send(watcher, sup::ViewChanged{epoch_, {}});
    }
    world.scheduler.run();
  }

  /// Whom it knows keeps its node, which keeps this.
  void forget() { watchers_.clear(); }

private:
  bool here_;
  std::uint64_t epoch_ = 1;
  std::vector<caf::actor> watchers_;
};

/// A node of two that follow the same simulated venue at the same time.
struct Side {
  explicit Side(bool here) : placement(std::make_shared<Movable>(here)), world(placement) {
    md::Settings settings;
    settings.intervals = {"1s", "1m", "5m"};
    world.start(
      world.make(
        {R"({"name":"SIM-A","kind":"sim","seed":7,"instruments":[{"symbol":"BTC-USD","price":64000}]})"}),
      "sqlite:" + folder.file("h.db"), settings);
  }
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;
  ~Side() { placement->forget(); }

  Folder folder;
  std::shared_ptr<Movable> placement;
  World world;
};

template <class Item, class Key>
auto all_of_both(const std::vector<Item>& one, const std::vector<Item>& other, Key key) {
  std::set<decltype(key(one.front()))> all;
  for (const auto* const items : {&one, &other}) {
    std::transform(items->begin(), items->end(), std::inserter(all, all.end()), key);
  }
  return all;
}

} // namespace

TEST_CASE("moves: between two owners no bar and no trade is lost, however long nobody owned it") {
  for (const auto nobody : {0ms, 30ms, 700ms, 2500ms}) {
    CAPTURE(nobody.count());
    Side calm{true};
    Side from{true};
    Side to{false};
    const auto advance = [&](std::chrono::nanoseconds d) {
      for (auto* const side : {&calm, &from, &to}) {
        side->world.advance(d);
      }
    };
    // So long after a minute's end that the seconds before it are owed, too.
    advance(51'500ms);
    from.placement->move(from.world, false);
    advance(nobody);
    to.placement->move(to.world, true);
    advance(20s);
    const auto key = std::string{"BTC-USD.SIM-A"};
    for (const auto* const interval : {" 1s", " 1m"}) {
      const auto open = [](const trading::Bar& bar) { return bar.ts_open; };
      const auto& whole = calm.world.heard->bars.at(key + interval);
      CHECK(all_of_both(whole, {}, open)
            == all_of_both(from.world.heard->bars[key + interval],
                           to.world.heard->bars[key + interval], open));
    }
    const auto same = [](std::uint64_t number) { return number; };
    const auto& ids = calm.world.heard->trades.at(key);
    CHECK(all_of_both(ids, {}, same)
          == all_of_both(from.world.heard->trades.at(key), to.world.heard->trades.at(key), same));
    CHECK(strictly_ascending(to.world.heard->trades.at(key), same));
  }
}

TEST_CASE("moves: a symbol that belongs to another node leaves its feeds, and is taken up again") {
  const Folder folder;
  const auto placement = std::make_shared<Movable>(true);
  World world{placement};
  const auto script = std::make_shared<Script>();
  world.start({scripted(script)}, "sqlite:" + folder.file("h.db"));
  world.advance(1s);
  REQUIRE(script->subscriptions.size() == 1);
  CHECK(script->left.empty());
  placement->move(world, false);
  world.advance(1s);
  CHECK(script->left == std::vector{id("BTC-USD.X")});
  CHECK(!world.rt.registry.find("market_data/instruments/BTC-USD").actor);
  const auto first = script->subscriptions.at(id("BTC-USD.X")).receiver;
  placement->move(world, true);
  world.advance(1s);
  CHECK(script->subscriptions.at(id("BTC-USD.X")).receiver != first);
  CHECK(script->left.size() == 1);
  placement->forget();
  script->subscriptions.clear(); // likewise
}
