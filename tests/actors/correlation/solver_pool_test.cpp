#include "supervision/solver_pool.hpp"
#include "world.hpp"

#include <stdexcept>

using namespace troupe;
using namespace troupe::correlation;
using namespace troupe::correlation::tests;
using core::Errc;
using supervision::SolverPool;
using supervision::Work;

namespace {

using Outcome = std::optional<core::Result<caf::message>>;

Work work_of(std::function<core::Result<caf::message>()> run) {
  Work work;
  work.run = std::make_shared<const std::function<core::Result<caf::message>()>>(std::move(run));
  return work;
}

Work answering(int value) {
  return work_of([value]() -> core::Result<caf::message> { return caf::make_message(value); });
}

/// Runs `use` on the thread of an actor that owns a pool over the service's solvers.
void on_actor(World& world, std::function<void(Asker*)> use) {
  caf::anon_send(world.runtime().registry.find("test/asker").actor,
                 AskJob{std::make_shared<std::function<void(Asker*)>>(std::move(use))});
  world.run();
}

const std::vector<std::string> solvers{"correlation/solvers/solver-1",
                                       "correlation/solvers/solver-2"};

} // namespace

TEST_CASE("solvers: work is done, refusals and crashes come back to their asker alone") {
  World world;
  SolverPool pool{solvers, 10, 40s};
  std::vector<Outcome> outcomes(4);
  on_actor(world, [&](Asker* self) {
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
    world.advance(100ms);
    on_actor(world, [&](Asker* self) { pool.tick(self); });
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
  World world;
  SolverPool pool{{"correlation/solvers/nobody"}, 2, 40s};
  std::vector<Outcome> outcomes(3);
  on_actor(world, [&](Asker* self) {
    for (std::size_t i = 0; i < 3; ++i) {
      pool.submit(self, answering(0), 5s,
                  [&outcomes, i](const core::Result<caf::message>& r) { outcomes[i] = r; });
    }
  });
  REQUIRE(outcomes[2].has_value());
  CHECK(outcomes[2]->error().code == Errc::OVERLOADED);
  CHECK_FALSE(outcomes[0].has_value());
  world.advance(6s);
  on_actor(world, [&](Asker* self) { pool.tick(self); });
  CHECK(outcomes[0]->error().code == Errc::TIMEOUT);
  CHECK(outcomes[1]->error().code == Errc::TIMEOUT);
  CHECK(pool.waiting() == 0);
}
