#include "actors/venues/exchange_sim/service.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using namespace troupe::venues::exchange_sim;

namespace {

/// The paths that a section of settings is refused for.
std::vector<std::string> problems_of(std::string_view json) {
  const auto settings = core::json::decode<Settings>(json, core::json::Missing::DEFAULT);
  if (!settings) {
    return {settings.error().message};
  }
  std::vector<core::json::Problem> problems;
  check(*settings, problems);
  std::vector<std::string> paths;
  for (const auto& problem : problems) {
    CHECK_FALSE(problem.expected.empty());
    CHECK_FALSE(problem.found.empty());
    paths.push_back(problem.path);
  }
  return paths;
}

using Paths = std::vector<std::string>;

template <class Change>
troupe::venues::exchange_server::Faults faults_with(const Change& change) {
  troupe::venues::exchange_server::Faults faults;
  change(faults);
  return faults;
}

} // namespace

TEST_CASE("exchange_sim settings: defaults are sound") {
  CHECK(problems_of("{}").empty());
  CHECK(problems_of(R"({"accounts":[{"key":"k","secret":"s","balances":{"USD":"1"}}]})").empty());
}

TEST_CASE("exchange_sim settings: each refusal names its path") {
  CHECK(problems_of(R"({"binance":{"listen":"nowhere","venue":"SIM-A"}})")
        == Paths{"exchange_sim.binance.listen"});
  CHECK(problems_of(R"({"binance":{"venue":"SIM-C"}})") == Paths{"exchange_sim.binance.venue"});
  CHECK(problems_of(R"({"coinbase":{"listen":"0.0.0.0:0","venue":"SIM-B"}})")
        == Paths{"exchange_sim.coinbase.listen"});
  CHECK(problems_of(R"({"coinbase":{"listen":"0.0.0.0:0"},"allow_plain":true})").empty());
  CHECK(problems_of(R"({"tls":{"certificate":"c.pem"}})") == Paths{"exchange_sim.tls"});
  CHECK(problems_of(R"({"accounts":[{"key":"k","secret":"s"},{"key":"k","secret":""}]})")
        == Paths{"exchange_sim.accounts[1].key", "exchange_sim.accounts[1].secret"});
  CHECK(problems_of(R"({"accounts":[{"key":"k","secret":"s","balances":{"USD":"-1"}}]})")
        == Paths{"exchange_sim.accounts[0].balances.USD"});
  CHECK(problems_of(R"({"limits":{"coinbase_public_burst":0}})")
        == Paths{"exchange_sim.limits.coinbase_public_burst"});
  CHECK(problems_of(R"({"limits":{"ping_interval":"0s"}})")
        == Paths{"exchange_sim.limits.ping_interval"});
  CHECK(problems_of(R"({"faults":{"error_status":404}})") == Paths{"exchange_sim.faults"});
  CHECK(problems_of(R"({"history":"1h"})") == Paths{"exchange_sim.history"});
  CHECK(problems_of(R"({"binance":{"listen":""},"coinbase":{"listen":""}})")
        == Paths{"exchange_sim"});
}

TEST_CASE("exchange_sim: faults are ordered for one side or both, and refused by name") {
  ExchangeSim sim{Settings{}};
  REQUIRE(sim.order_faults(R"({"venue":"binance","error_status":503,"error_count":2})"));
  CHECK(sim.faults_json().find(R"("binance":{"error_status":503,"error_count":2)")
        != std::string::npos);
  CHECK(sim.faults_json().find(R"("coinbase":{"error_status":0)") != std::string::npos);
  REQUIRE(sim.order_faults(R"({"stall_streams":true})"));
  CHECK(sim.faults_json().find(R"("error_status":503)") == std::string::npos);
  CHECK_FALSE(sim.order_faults(R"({"venue":"kraken"})"));
  CHECK_FALSE(sim.order_faults(R"({"error_status":200})"));
  CHECK_FALSE(sim.order_faults(R"({"unknown":1})"));
}

TEST_CASE("fault plan: counts what falls due") {
  using namespace troupe::venues::exchange_server;
  const auto box = std::make_shared<FaultBox>();
  FaultPlan plan{box};
  CHECK(plan.next_error() == 0);
  CHECK(plan.next_frame() == FrameFate::SENT);
  box->set(faults_with([](auto& faults) {
    faults.error_status = 502;
    faults.error_count = 2;
    faults.drop_frames = 1;
    faults.disconnect = 7;
  }));
  CHECK(plan.next_error() == 502);
  CHECK(plan.next_error() == 502);
  CHECK(plan.next_error() == 0);
  CHECK(plan.next_frame() == FrameFate::LOST);
  CHECK(plan.next_frame() == FrameFate::SENT);
  CHECK(plan.wants_disconnect());
  CHECK_FALSE(plan.wants_disconnect());
  box->set(faults_with([](auto& faults) { faults.drop_every = 3; }));
  int lost = 0;
  for (int i = 0; i < 9; ++i) {
    lost += plan.next_frame() == FrameFate::LOST ? 1 : 0;
  }
  CHECK(lost == 3);
  box->set(faults_with([](auto& faults) {
    faults.repeat_every = 2;
    faults.reorder_every = 3;
  }));
  CHECK(plan.next_frame() == FrameFate::SENT);
  CHECK(plan.next_frame() == FrameFate::REPEATED);
  CHECK(plan.next_frame() == FrameFate::OVERTAKEN);
}
