#include "link_fixture.hpp"
#include "nodes/cluster/link_loop.hpp"
#include "supervision/after_handler.hpp"

#include <caf/actor_system.hpp>
#include <caf/io/middleman.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

using namespace troupe;
using namespace troupe::cluster;
using namespace troupe::cluster::test;
using namespace std::chrono_literals;

TEST_CASE("link loop: opens no socket and takes none, so BASP has no door") {
  System s;
  auto& middleman = s.system.middleman();
  auto& backend = middleman.backend();
  REQUIRE(dynamic_cast<LinkLoop*>(&backend) != nullptr);
  CHECK(backend.new_scribe(0) == nullptr);
  CHECK(backend.new_doorman(0) == nullptr);
  CHECK(backend.new_datagram_servant(0) == nullptr);
  CHECK_FALSE(backend.new_tcp_scribe("127.0.0.1", 1).engaged());
  CHECK_FALSE(backend.new_tcp_doorman(0, "127.0.0.1", true).engaged());
  CHECK_FALSE(backend.new_remote_udp_endpoint("127.0.0.1", 1).engaged());
  CHECK_FALSE(backend.new_local_udp_endpoint(0, "127.0.0.1", true).engaged());
  CHECK_FALSE(middleman.open(0, "127.0.0.1").engaged());
}

TEST_CASE("link loop: what many threads post is done once each, one at a time and in order") {
  System s;
  auto& loop = s.system.middleman().backend();
  constexpr int threads = 4;
  constexpr int jobs = 2'000;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::vector<int>> done(threads);
  int all = 0;
  std::atomic<int> inside{0};
  std::atomic<int> together{0};
  std::vector<std::thread> posting;
  for (int t = 0; t < threads; ++t) {
    posting.emplace_back([&, t] {
      for (int i = 0; i < jobs; ++i) {
        // Every other job as from an actor's handler: its own thread does the work at the end.
        std::optional<supervision::AfterHandler> span;
        if (i % 2 == 0) {
          span.emplace();
        }
        loop.post([&, t, i] {
          together += inside.fetch_add(1);
          const std::lock_guard hold{mutex};
          done[static_cast<std::size_t>(t)].push_back(i);
          --inside;
          if (++all == threads * jobs) {
            changed.notify_all();
          }
        });
      }
    });
  }
  for (auto& thread : posting) {
    thread.join();
  }
  std::unique_lock hold{mutex};
  CHECK(changed.wait_for(hold, 60s, [&] { return all == threads * jobs; }));
  CHECK(together == 0);
  for (const auto& mine : done) {
    CHECK(std::is_sorted(mine.begin(), mine.end()));
    CHECK(mine.size() == jobs);
  }
}
