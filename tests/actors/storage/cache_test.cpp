#include "actors/storage/cache.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <rapidcheck.h>
#include <vector>

using namespace std::chrono_literals;
using troupe::core::ManualClock;
using troupe::storage::CacheSettings;
using troupe::storage::MemoryCache;

TEST_CASE("memory cache: returns what was put until its lifetime ends") {
  ManualClock clock;
  MemoryCache<std::string> cache{clock};
  cache.put("a", "one");
  REQUIRE(cache.get("a") != nullptr);
  CHECK(*cache.get("a") == "one");
  clock.advance(60s - 1ns);
  CHECK(cache.get("a") != nullptr);
  clock.advance(1ns);
  CHECK(cache.get("a") == nullptr);
  CHECK(cache.size() == 0);
  CHECK(cache.counters().hits == 3);
  CHECK(cache.counters().misses == 1);
  CHECK(cache.counters().expired == 1);
}

TEST_CASE("memory cache: a put renews value and lifetime and an own lifetime is kept") {
  ManualClock clock;
  MemoryCache<int> cache{clock, {.ttl = 10s, .entries_max = 4}};
  cache.put("a", 1);
  clock.advance(9s);
  cache.put("a", 2);
  clock.advance(9s);
  REQUIRE(cache.get("a") != nullptr);
  CHECK(*cache.get("a") == 2);
  cache.put("b", 3, 1s);
  clock.advance(1s);
  CHECK(cache.get("b") == nullptr);
  cache.put("a", 4, 0s);
  CHECK(cache.get("a") == nullptr);
}

TEST_CASE("memory cache: erase says whether it was there") {
  ManualClock clock;
  MemoryCache<int> cache{clock};
  cache.put("a", 1);
  CHECK(cache.erase("a"));
  CHECK_FALSE(cache.erase("a"));
  CHECK(cache.get("a") == nullptr);
}

TEST_CASE("memory cache: the least recently used goes first") {
  ManualClock clock;
  MemoryCache<int> cache{clock, {.ttl = 60s, .entries_max = 2}};
  cache.put("a", 1);
  cache.put("b", 2);
  CHECK(cache.get("a") != nullptr);
  cache.put("c", 3);
  CHECK(cache.get("b") == nullptr);
  CHECK(cache.get("a") != nullptr);
  CHECK(cache.get("c") != nullptr);
  CHECK(cache.counters().evicted == 1);
  CHECK(cache.size() == 2);
}

TEST_CASE("memory cache: behaves like a list searched from the front") {
  struct Item {
    std::string key;
    int value;
    std::int64_t expires;
  };
  CHECK(rc::check([] {
    ManualClock clock;
    MemoryCache<int> cache{clock, {.ttl = 5ns, .entries_max = 3}};
    std::vector<Item> model; // most recently used first
    const auto steps = *rc::gen::container<std::vector<int>>(200, rc::gen::inRange(0, 1000));
    for (const int step : steps) {
      const std::string key(1, static_cast<char>('a' + step % 6));
      const auto now = clock.now().ns;
      const auto it =
        std::find_if(model.begin(), model.end(), [&](const Item& item) { return item.key == key; });
      switch (step % 4) {
        case 0: clock.advance(1ns); break;
        case 1: {
          if (it != model.end()) {
            model.erase(it);
          } else if (model.size() == 3) {
            model.pop_back();
          }
          model.insert(model.begin(), {key, step, now + 5});
          cache.put(key, step);
          break;
        }
        default: {
          std::optional<int> expected;
          if (it != model.end()) {
            const Item item = *it;
            model.erase(it);
            if (now < item.expires) {
              expected = item.value;
              model.insert(model.begin(), item);
            }
          }
          const int* found = cache.get(key);
          RC_ASSERT((found == nullptr ? std::nullopt : std::optional<int>{*found}) == expected);
        }
      }
      RC_ASSERT(cache.size() == model.size());
    }
  }));
}
