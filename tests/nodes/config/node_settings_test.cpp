#include "nodes/config/node_settings.hpp"

#include <doctest/doctest.h>

using namespace troupe;

namespace {

core::Result<config::NodeSettings> read(std::string_view extra) {
  core::SettingsSource source;
  REQUIRE(source.add_file(std::string(TROUPE_SOURCE_DIR) + "/configs/all-in-one.json").has_value());
  REQUIRE(source.set("node.data_dir=/tmp/troupe-test").has_value());
  if (!extra.empty()) {
    REQUIRE(source.set(extra).has_value());
  }
  return config::read_settings(source);
}

} // namespace

TEST_CASE("config: every config that is shipped is good") {
  for (const char* file :
       {"all-in-one", "roles/market-data", "roles/regime", "roles/correlation", "roles/api"}) {
    CAPTURE(file);
    core::SettingsSource source;
    REQUIRE(
      source.add_file(std::string(TROUPE_SOURCE_DIR) + "/configs/" + file + ".json").has_value());
    const auto settings = config::read_settings(source);
    REQUIRE(settings.has_value());
    CHECK_FALSE(settings->node.data_dir.empty());
  }
}

TEST_CASE("config: every kind of mistake is named with origin and path and what was expected") {
  for (const auto& [extra, expected] : {
         std::pair{"node.roles=[\"risky\"]", "--set: node.roles[0]: expected one of market-data"},
         {"node.roles=[]", "node.roles: expected at least"},
         {"node.roles=[\"api\",\"api\"]", "each role once"},
         {"node.name=\"a b\"", "node.name: expected 1 to 63"},
         {"node.nmae=x", "node.nmae: expected one of the keys name"},
         {"api.listen=8080", "api.listen: expected a string, found 8080"},
         {"api.listen=localhost", "api.listen: expected HOST:PORT"},
         {"api.listen=0.0.0.0:8080", "off loopback"},
         {"cluster.listen=0.0.0.0:7070", "cluster.listen: expected cluster.tls.ca"},
         {"cluster.seeds=[\"nowhere\"]", "cluster.seeds[0]: expected HOST:PORT"},
         {"cluster.tls.ca=/x.pem", "cluster.tls: expected ca, certificate and key"},
         {"api.tls.certificate=/x.pem", "api.tls: expected both"},
         {"storage.url=mysql://x", "storage.url: expected sqlite:FILE"},
         {"cache.url=memcached://x", "cache.url: expected memory: or redis://HOST:PORT"},
         {"cache.url=redis://h:0", "cache.url: expected redis://"},
         {"storage.url=postgresql://h", "storage.url: expected sqlite:FILE"},
         {"cache.ttl=\"-1s\"", "cache.ttl: expected a string (duration), found \"-1s\""},
         {"log.level=loud", "log.level: expected one of debug"},
         {"venues=[]", "venues: expected at least one venue"},
         {"venues=5", "venues: expected an array"},
         {"market_data.intervals=[\"7m\"]", "market_data.intervals"},
         {"regime.adx_period=0", "regime.adx_period"},
         {"regime.models.spec.hmm_states=5",
          "regime.models.spec.hmm_states: expected a whole number from 2 to 4, found 5"},
         {"regime.models.intervals=[\"4h\"]",
          "regime.models.intervals[0]: expected one of regime.intervals, 1s, 1m, 1h"},
         {"regime.models.colour=1", "regime.models.colour: expected one of the keys intervals"},
         {"correlation.intervals=[\"7m\"]", "correlation.intervals[0]: expected one of 1s"},
         {"correlation.intervals=[\"1h\",\"1h\"]",
          "correlation.intervals[0]: expected each interval"},
         {"correlation.window_default=0", "correlation.window_default: expected a whole number"},
         {"correlation.window_default=6000", "correlation.window_default"},
         {"correlation.window_max=19", "correlation.window_max: expected a whole number from 20"},
         {"correlation.ewma_lambda=1", "correlation.ewma_lambda: expected a number above 0"},
         {"correlation.overlap_min=0", "correlation.overlap_min"},
         {"correlation.solvers=0", "correlation.solvers: expected a whole number from 1"},
         {"correlation.queue_max=0", "correlation.queue_max"},
         {"correlation.series_max=10", "correlation.series_max"},
         {"correlation.fit_deadline=\"0s\"",
          "correlation.fit_deadline: expected a duration above 0"},
         {"correlation.retry_after_max=\"1ms\"", "correlation.retry_after_max: expected at least"},
         {"correlation.scenarios=[{\"name\":\"X\"}]", "correlation.scenarios[0].name"},
         {"correlation.scenarios=[{\"name\":\"x\",\"start\":\"2020-01-02T00:00:00Z\","
          "\"end\":\"2020-01-01T00:00:00Z\"}]",
          "correlation.scenarios[0].end: expected a time after the start"},
       }) {
    CAPTURE(extra);
    const auto settings = read(extra);
    REQUIRE_FALSE(settings.has_value());
    CAPTURE(settings.error().message);
    CHECK(settings.error().code == core::Errc::CONFIG_INVALID);
    CHECK(settings.error().message.find(expected) != std::string::npos);
  }
}
