#include "supervision/solver_pool.hpp"
#include "support.hpp"

#include <functional>
#include <optional>

using namespace test;
using core::Errc;
using sup::SolverPool;
using sup::Work;

namespace {

struct PoolJob {
  std::shared_ptr<std::function<void(sup::Actor*)>> run;
};

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(PoolJob)

namespace {

using Outcome = std::optional<core::Result<caf::message>>;

struct OwnerState {
  static inline const char* name = "owner";
};
using Owner = sup::StatefulActor<OwnerState>;

caf::behavior owner(Owner* self) {
  return {[self](const PoolJob& job) { (*job.run)(self); }};
}

/// Takes work and never answers.
struct HangingState {
  static inline const char* name = "hanging";
  std::vector<caf::response_promise> held;
};
using Hanging = sup::StatefulActor<HangingState>;

caf::behavior hanging(Hanging* self) {
  return {[self](const Work&) -> caf::result<sup::WorkDone> {
    auto promise = self->make_response_promise<sup::WorkDone>();
    self->state.held.emplace_back(promise);
    return promise;
  }};
}

/// The owner of a pool, two solvers, and one that hangs.
struct Pools {
  Pools() {
    world.tree(
      {.name = "pools",
       .children = {{.name = "owner", .start = [](auto& context) { return context.spawn(owner); }},
                    sup::solver("one", 40s),
                    sup::solver("two", 40s),
                    {.name = "hangs",
                     .start = [](auto& context) { return context.spawn(hanging); },
                     .backoff = sup::quick_backoff}}});
  }
  void on_owner(std::function<void(sup::Actor*)> use) {
    world.send("pools/owner",
               PoolJob{std::make_shared<std::function<void(sup::Actor*)>>(std::move(use))});
    world.run();
  }
  void tick(SolverPool& pool) {
    on_owner([&](sup::Actor* self) { pool.tick(self); });
  }
  World world;
};

const std::vector<std::string> solvers{"pools/one", "pools/two"};

Work work_of(std::function<core::Result<caf::message>()> run) {
  return {std::make_shared<const std::function<core::Result<caf::message>()>>(std::move(run))};
}

Work answering(int value) {
  return work_of([value]() -> core::Result<caf::message> { return caf::make_message(value); });
}

} // namespace

TEST_CASE("solvers: work is done, refusals and crashes come back to their asker alone") {
  std::vector<Outcome> outcomes(4); // outlive the actors that write to them
  SolverPool pool{solvers, 10, 40s};
  Pools pools;
  pools.on_owner([&](sup::Actor* self) {
    const auto into = [&](std::size_t i) {
      return [&outcomes, i](const core::Result<caf::message>& result) { outcomes[i] = result; };
    };
    pool.submit(self, answering(1), 10s, into(0));
    pool.submit(self, work_of([]() -> core::Result<caf::message> {
                  return core::Error{Errc::NOT_READY, "too early"};
                }),
                10s, into(1));
    pool.submit(self, work_of([]() -> core::Result<caf::message> {
                  throw std::runtime_error("a poisoned matrix");
                }),
                10s, into(2));
    pool.submit(self, answering(4), 10s, into(3));
  });
  for (int i = 0; i < 50; ++i) {
    pools.world.advance(100ms);
    pools.tick(pool);
  }
  REQUIRE(outcomes[0].has_value());
  CHECK((*outcomes[0])->get_as<int>(0) == 1);
  CHECK(outcomes[1]->error().code == Errc::NOT_READY);
  REQUIRE(outcomes[2].has_value());
  CHECK_FALSE(outcomes[2]->has_value());
  REQUIRE(outcomes[3].has_value());
  CHECK((*outcomes[3])->get_as<int>(0) == 4);
}

TEST_CASE("solvers: while none is there work waits, is bounded, and ends at its deadline") {
  std::vector<Outcome> outcomes(3); // outlive the actors that write to them
  SolverPool pool{{"pools/nobody"}, 2, 40s};
  Pools pools;
  pools.on_owner([&](sup::Actor* self) {
    for (std::size_t i = 0; i < 3; ++i) {
      pool.submit(self, answering(0), 5s,
                  [&outcomes, i](const core::Result<caf::message>& r) { outcomes[i] = r; });
    }
  });
  REQUIRE(outcomes[2].has_value());
  CHECK(outcomes[2]->error().code == Errc::OVERLOADED);
  CHECK_FALSE(outcomes[0].has_value());
  pools.world.advance(6s);
  pools.tick(pool);
  CHECK(outcomes[0]->error().code == Errc::TIMEOUT);
  CHECK(outcomes[1]->error().code == Errc::TIMEOUT);
  CHECK(pool.waiting() == 0);
}

TEST_CASE("solvers: work that hangs ends for its asker after work_max, long before the deadline") {
  std::vector<Outcome> outcomes(2); // outlive the actors that write to them
  SolverPool pool{{"pools/hangs"}, 10, 2s};
  Pools pools;
  pools.on_owner([&](sup::Actor* self) {
    for (std::size_t i = 0; i < 2; ++i) {
      pool.submit(self, answering(0), 600s,
                  [&outcomes, i](const core::Result<caf::message>& r) { outcomes[i] = r; });
    }
  });
  pools.world.advance(1s);
  pools.tick(pool);
  CHECK_FALSE(outcomes[0].has_value());
  CHECK(pool.waiting() == 1); // one piece at a time
  pools.world.advance(2s);
  REQUIRE(outcomes[0].has_value());
  CHECK(outcomes[0]->error().code == Errc::TIMEOUT);
  REQUIRE(sup::kill_child(pools.world.rt, "pools/hangs").has_value());
  pools.world.advance(100ms);
  pools.tick(pool); // its replacement gets the next piece
  CHECK(pool.waiting() == 0);
  CHECK_FALSE(outcomes[1].has_value());
}
