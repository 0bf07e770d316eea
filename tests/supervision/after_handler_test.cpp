#include "supervision/after_handler.hpp"
#include "support.hpp"

using namespace test;

namespace {

struct Counted {
  int times = 0;
  static void work(void* of) noexcept { ++static_cast<Counted*>(of)->times; }
};

} // namespace

TEST_CASE("after handler: work is done once, at the end of the outermost span") {
  Counted one;
  Counted other;
  CHECK_FALSE(sup::AfterHandler::defer(Counted::work, &one)); // outside: the caller sees to it
  {
    const sup::AfterHandler outer;
    {
      const sup::AfterHandler inner;
      CHECK(sup::AfterHandler::defer(Counted::work, &one));
      CHECK(sup::AfterHandler::defer(Counted::work, &one));
      CHECK_FALSE(sup::AfterHandler::defer(Counted::work, &other));
    }
    CHECK(one.times == 0);
  }
  CHECK(one.times == 1);
  { const sup::AfterHandler span; }
  CHECK(one.times == 1);
  CHECK(other.times == 0);
}

TEST_CASE("after handler: each handler of an actor is a span, also one that crashes") {
  World world;
  Counted counted;
  bool inside = true;
  const auto actor = world.spawn({.path = "x/a"}, [&](sup::Actor*) -> caf::behavior {
    return {
      [&](const Note&) {
        inside = sup::AfterHandler::defer(Counted::work, &counted) && counted.times == 0;
      },
      [&](const Crash& crash) {
        static_cast<void>(sup::AfterHandler::defer(Counted::work, &counted));
        throw std::runtime_error(crash.text);
      },
    };
  });
  caf::anon_send(actor, Note{1});
  world.run();
  CHECK(inside);
  CHECK(counted.times == 1);
  caf::anon_send(actor, Crash{"x"});
  world.run();
  CHECK(counted.times == 2);
}
