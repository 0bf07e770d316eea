#include "nodes/api/last_good.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("last good: a reply stands in, marked and aged, until its time to live is over") {
  api::LastGood store{60s, 10};
  api::EncodedReply reply;
  reply.data = "1";
  reply.meta.age_ms = 5;
  store.store("a", reply, 0);
  const auto found = store.find("a", std::chrono::nanoseconds{2s}.count());
  REQUIRE(found);
  CHECK(found->data == "1");
  CHECK(found->meta.quality == trading::Quality::degraded);
  CHECK(*found->meta.source == "cache");
  CHECK(*found->meta.age_ms == 2'005);
  CHECK_FALSE(store.find("a", std::chrono::nanoseconds{61s}.count()));
  CHECK_FALSE(store.find("b", 0));
}

TEST_CASE("last good: bounded, the least recently stored goes first") {
  api::LastGood store{60s, 2};
  for (const char* key : {"a", "b", "a", "c"}) {
    store.store(key, {}, 0);
  }
  CHECK(store.size() == 2);
  CHECK(store.find("a", 0));
  CHECK_FALSE(store.find("b", 0));
  CHECK(store.find("c", 0));
}
