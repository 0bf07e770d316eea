#include "net/detail/rate_limit.hpp"
#include "net/server.hpp"
#include "raw_client.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <rapidcheck.h>

using namespace troupe;
using namespace troupe::net;
using namespace troupe::net::test;
using namespace std::chrono_literals;
using detail::Caller;
using detail::RateBucket;
using detail::RateLimiter;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

Response fine() {
  return {.content_type = "text/plain", .body = "fine"};
}

/// Reads for all, commands for whoever says "Authorization: Bearer NAME".
struct LimitedServer {
  explicit LimitedServer(RateLimits limits) : server(settings(limits), routes(), options()) {
    const auto bound = server.start();
    REQUIRE(bound.has_value());
    port = bound->port;
  }
  static ServerSettings settings(const RateLimits& limits) {
    ServerSettings out;
    out.listen = "127.0.0.1:0";
    out.rate_limits = limits;
    return out;
  }
  static Router routes() {
    return Router{{
      {.path = "/read", .handler = [](const Request&, const Params&) { return fine(); }},
      {.method = Method::POST,
       .path = "/command",
       .handler = [](const Request&, const Params&) { return fine(); },
       .scope = "trade",
       .accepts = ""},
    }};
  }
  static ServerOptions options() {
    ServerOptions out;
    out.authorise = [](const Request& request, std::string_view) -> core::Result<std::string> {
      const auto token = request.header("Authorization").value_or("");
      if (token == "Bearer wrong") {
        return core::Error{core::Errc::UNAUTHENTICATED, "expected a known token"};
      }
      return std::string(token.substr(std::min<std::size_t>(token.size(), 7)));
    };
    return out;
  }
  Server server;
  std::uint16_t port = 0;
};

unsigned ask(RawClient& client, const std::string& token = "", bool command = false) {
  client.send(std::string(command ? "POST /command" : "GET /read")
              + " HTTP/1.1\r\nHost: localhost\r\n"
              + (token.empty() ? "" : "Authorization: Bearer " + token + "\r\n")
              + (command ? "Content-Length: 2\r\n\r\n{}" : "\r\n"));
  return client.reply().status;
}

} // namespace

TEST_CASE("rate bucket: so many at once, then one per share of the period") {
  RateBucket bucket;
  const RateLimit limit{3, 3s};
  const std::int64_t start = 5 * second_ns;
  CHECK(bucket.is_full(start));
  for (int i = 0; i < 3; ++i) {
    CHECK(bucket.take(start, limit) == 0);
  }
  CHECK(bucket.take(start, limit) == second_ns);
  CHECK(bucket.take(start + second_ns - 1, limit) == 1);
  CHECK(bucket.take(start + second_ns, limit) == 0);
  CHECK(bucket.take(start + second_ns, limit) == second_ns);
  CHECK_FALSE(bucket.is_full(start + second_ns));
  CHECK(bucket.is_full(start + 4 * second_ns));
  CHECK(bucket.take(start, RateLimit{0, 1s}) == 0); // no limit
}

TEST_CASE("rate bucket: no window of a period takes more than twice the limit, none starves") {
  CHECK(rc::check([](const std::vector<std::uint16_t>& steps_ms) {
    RateBucket bucket;
    const RateLimit limit{10, 1s};
    std::vector<std::int64_t> taken;
    std::int64_t now_ns = second_ns;
    for (const auto step : steps_ms) {
      now_ns += (step % 50) * std::int64_t{1'000'000};
      const auto wait_ns = bucket.take(now_ns, limit);
      RC_ASSERT(wait_ns >= 0);
      RC_ASSERT(wait_ns <= second_ns / 10);
      if (wait_ns == 0) {
        taken.push_back(now_ns);
      }
    }
    for (std::size_t first = 0; first < taken.size(); ++first) {
      const auto in_window = std::count_if(taken.begin(), taken.end(), [&](std::int64_t at) {
        return at >= taken[first] && at < taken[first] + second_ns;
      });
      RC_ASSERT(in_window <= 20);
    }
  }));
}

TEST_CASE("rate limiter: tokens, addresses and networks are callers, too many share one") {
  RateLimits limits;
  limits.callers_max = 4;
  limits.read = {1, 1000s};
  RateLimiter limiter{limits};
  const auto one = limiter.caller("", "10.0.0.1", 0);
  CHECK(limiter.caller("", "10.0.0.1", 0) == one);
  CHECK(limiter.caller("", "10.0.0.2", 0) != one);
  CHECK(limiter.caller("desk", "10.0.0.1", 0) != one);
  CHECK(limiter.caller("desk", "10.0.0.1", 0) == limiter.caller("desk", "10.0.0.9", 0));
  const auto network = limiter.caller("", "2001:db8:0:1::1", 0);
  CHECK(limiter.caller("", "2001:db8:0:1:ffff::2", 0) == network);
  CHECK(limiter.size() == 4);
  // Full: the idle are forgotten, those that are held or owe time are not.
  CHECK(limiter.take(*limiter.caller("desk", "", 0), "read", 0) == 0);
  const auto next = limiter.caller("", "10.0.0.3", 0);
  CHECK(limiter.size() == 4); // 10.0.0.2 went, 10.0.0.3 came
  const auto shared = limiter.caller("", "10.0.0.4", 0);
  CHECK(shared == limiter.caller("", "10.0.0.5", 0));
  CHECK(shared != next);
  CHECK(limiter.size() == 4);
}

TEST_CASE("rate limit: 429 with Retry-After and the error's shape, per address and per token") {
  RateLimits limits;
  limits.read = {2, 1000s};
  limits.command = {1, 1000s};
  LimitedServer f{limits};
  RawClient client{f.port};
  CHECK(ask(client) == 200);
  CHECK(ask(client) == 200);
  client.send(get("/read"));
  const auto refused = client.reply();
  CHECK(refused.status == 429);
  const auto error = nlohmann::json::parse(refused.body).at("error");
  CHECK(error.at("code") == "RATE_LIMITED");
  CHECK(error.at("retryable") == true);
  CHECK(error.at("message") == "expected at most 2 requests in 1000s from one address");
  const auto retry_ms = error.at("retry_after_ms").get<std::int64_t>();
  CHECK(retry_ms > 300'000);
  CHECK(retry_ms <= 500'000);
  const auto retry_s = std::stoll(refused.header("retry-after")); // rounded up
  CHECK(retry_s * 1000 >= retry_ms);
  CHECK(retry_s * 1000 <= retry_ms + 1001);
  RawClient same_address{f.port};
  CHECK(ask(same_address) == 429);
  // A token has an allowance of its own, wherever it comes from, and one for commands.
  CHECK(ask(same_address, "desk") == 200);
  CHECK(ask(client, "desk") == 200);
  CHECK(ask(same_address, "desk") == 429);
  CHECK(ask(same_address, "other") == 200);
  CHECK(ask(client, "desk", true) == 200);
  CHECK(ask(client, "desk", true) == 429);
  // Guessing tokens draws on the address.
  CHECK(ask(client, "wrong") == 429);
  CHECK(f.server.counters().rate_limited == 5);
}

TEST_CASE("rate limit: what is served nowhere counts, no limit is none") {
  RateLimits limits;
  limits.read = {1, 1000s};
  limits.command = {0, 1s};
  LimitedServer f{limits};
  RawClient client{f.port};
  client.send(get("/nowhere"));
  CHECK(client.reply().status == 404);
  client.send(get("/nowhere"));
  CHECK(client.reply().status == 429);
  for (int i = 0; i < 20; ++i) {
    CHECK(ask(client, "", true) == 200);
  }
}
