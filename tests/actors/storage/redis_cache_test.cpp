#include "actors/storage/cache_actor.hpp"
#include "actors/storage/redis_client.hpp"
#include "eventually.hpp"
#include "servers.hpp"
#include "supervision/ask.hpp"
#include "supervision/messages.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>
#include <doctest/doctest.h>

#include <optional>

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::storage;
using namespace troupe::storage::tests;

namespace {

/// A cache actor of one node in virtual time; several share one Redis.
class CacheNode {
public:
  explicit CacheNode(const CacheActorSettings& settings) {
    system_.await_actors_before_shutdown(false);
    supervisor_ = supervision::start_supervisor(
      local_.runtime(),
      {.name = "stores", .children = {{.name = "cache", .start = cache_actor(settings)}}});
    scheduler().run();
  }
  CacheNode(const CacheNode&) = delete;
  CacheNode& operator=(const CacheNode&) = delete;
  ~CacheNode() {
    caf::anon_send_exit(supervisor_, caf::exit_reason::user_shutdown);
    advance(20s);
  }

  void put(const std::string& key, const std::string& value) {
    caf::anon_send(cache(), CachePut{key, value});
    scheduler().run();
  }
  std::optional<std::string> get(const std::string& key) {
    std::optional<core::Result<CacheAnswer>> outcome;
    system_.spawn([&outcome, to = cache(), key](caf::event_based_actor* self) {
      self->request(to, 60s, CacheGet{key})
        .then([&outcome](CacheAnswer& answer) { outcome.emplace(std::move(answer)); },
              [&outcome](const caf::error& error) { outcome.emplace(core::from_caf(error)); });
    });
    scheduler().run();
    REQUIRE(outcome.has_value());
    REQUIRE(outcome->has_value()); // no reply is ever lost
    return (*outcome)->value;
  }
  void advance(std::chrono::nanoseconds time) {
    for (auto left = time; left > 0ns; left -= 100ms) {
      clock_.advance(100ms);
      scheduler().advance_time(std::chrono::duration_cast<caf::timespan>(100ms));
      scheduler().run();
    }
  }
  supervision::BreakerState breaker() {
    return local_.runtime().breakers.find("stores>redis")->info().state;
  }

private:
  struct Config : caf::actor_system_config {
    Config() { set("scheduler.policy", caf::atom("testing")); }
  };
  caf::actor cache() { return local_.runtime().registry.find("stores/cache").actor; }
  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler());
  }

  core::ManualClock clock_;
  Config config_;
  caf::actor_system system_{config_};
  supervision::LocalRuntime local_{system_, clock_, {.node = "test", .allow_detached = false}};
  caf::actor supervisor_;
};

bool have_redis() {
  if (!RedisServer::installed()) {
    MESSAGE("skipped: no Redis server here (package redis-server)");
    return false;
  }
  return true;
}

} // namespace

TEST_CASE("redis url: parts are read and mistakes are explained without credentials") {
  CHECK(parse_redis_url("redis://h").value() == RedisAddress{"h", 6379, "", "", 0});
  CHECK(parse_redis_url("redis://u:p%s@h:7/3").value() == RedisAddress{"h", 7, "u", "p%s", 3});
  CHECK(parse_redis_url("redis://:p@h/").value() == RedisAddress{"h", 6379, "", "p", 0});
  for (const char* text :
       {"", "redis:", "redis://", "redis://h:0", "redis://h:x", "redis://h:70000", "redis://h/x",
        "redis://hunter2@h", "rediss://h", "http://h"}) {
    CAPTURE(text);
    const auto parsed = parse_redis_url(text);
    REQUIRE(parsed.has_error());
    CHECK(parsed.error().code == core::Errc::CONFIG_INVALID);
    CHECK(parsed.error().message.find("expected redis://") != std::string::npos);
    CHECK(parsed.error().message.find("hunter2") == std::string::npos);
  }
}

TEST_CASE("cache settings: what is wrong is named") {
  CHECK(check(CacheActorSettings{}).has_value());
  CHECK(check(CacheActorSettings{.url = "redis://127.0.0.1:6379/0"}).has_value());
  CHECK(check(CacheActorSettings{.url = "memcached://x"}).has_error());
  CHECK(check(CacheActorSettings{.url = "redis://"}).has_error());
  CHECK(check(CacheActorSettings{.ttl = core::Duration{0ns}}).has_error());
  CHECK(check(CacheActorSettings{.entries_max = 0}).has_error());
}

TEST_CASE("redis client: a pipeline is answered in order, values are bytes and have a lifetime") {
  if (!have_redis()) {
    return;
  }
  const RedisServer redis;
  RedisClient client{parse_redis_url(redis.url("/2")).value()};
  const std::string bytes{"\0\r\n$5\xff", 6};
  client.set("a", bytes, 60s);
  client.get("a");
  client.get("absent");
  client.set("gone", "x", 1ms);
  CHECK(client.waiting() == 4);
  const auto replies = client.flush();
  REQUIRE(replies.has_value());
  REQUIRE(replies->size() == 4);
  CHECK(replies->at(1) == bytes);
  CHECK_FALSE(replies->at(2).has_value());
  CHECK(test::eventually([&] {
    client.get("gone");
    const auto again = client.flush();
    return again && !again->front();
  }));
  RedisClient other_database{parse_redis_url(redis.url("/3")).value()};
  other_database.get("a");
  CHECK_FALSE(other_database.flush()->front().has_value());
}

TEST_CASE("redis client: a refused login, a dead and a frozen server are told apart") {
  if (!have_redis()) {
    return;
  }
  RedisServer redis;
  const auto port = std::to_string(redis.port());
  RedisClient wrong{parse_redis_url("redis://:no@127.0.0.1:" + port).value()};
  wrong.get("a");
  CHECK(wrong.flush().error().code == core::Errc::IO_ERROR);
  RedisClient client{parse_redis_url(redis.url()).value()};
  client.get("a");
  REQUIRE(client.flush().has_value());
  redis.signal(SIGSTOP);
  client.get("a");
  CHECK(client.flush().error().code == core::Errc::TIMEOUT);
  redis.signal(SIGCONT);
  client.get("a");
  CHECK(client.flush().has_value());
  redis.kill();
  client.get("a");
  CHECK(client.flush().error().code == core::Errc::UNAVAILABLE);
}

TEST_CASE("cache actor: nodes share what they put through Redis") {
  if (!have_redis()) {
    return;
  }
  const RedisServer redis;
  CacheNode one{{.url = redis.url(), .prefix = "x:"}};
  CacheNode other{{.url = redis.url(), .prefix = "x:"}};
  CacheNode another_layout{{.url = redis.url(), .prefix = "y:"}};
  one.put("k", "v1");
  one.put("k", "v2");
  CHECK(other.get("k") == "v2");
  CHECK_FALSE(other.get("absent").has_value());
  CHECK_FALSE(another_layout.get("k").has_value());
}

TEST_CASE("cache actor: Redis killed and restarted loses no reply") {
  if (!have_redis()) {
    return;
  }
  RedisServer redis;
  CacheNode node{{.url = redis.url()}};
  node.put("k", "v");
  redis.kill();
  for (int i = 0; i < 10; ++i) {
    CHECK(node.get("k") == "v"); // memory carries on
    CHECK_FALSE(node.get("elsewhere").has_value());
    node.put("new", std::to_string(i));
    CHECK(node.get("new") == std::to_string(i));
  }
  CHECK(node.breaker() == supervision::BreakerState::OPEN);
  redis.start();
  // half open after its time, closed after the probes
  for (int i = 0; i < 100 && node.breaker() != supervision::BreakerState::CLOSED; ++i) {
    node.advance(1s);
    node.put("again", "v");
  }
  CHECK(node.breaker() == supervision::BreakerState::CLOSED);
  node.put("after", "back");
  CacheNode other{{.url = redis.url()}};
  CHECK(other.get("after") == "back");
}
