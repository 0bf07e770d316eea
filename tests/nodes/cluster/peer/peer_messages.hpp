#pragma once

#include "core/inspect.hpp"
#include "nodes/cluster/settings.hpp"
#include "supervision/messages.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/type_id.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::cluster::test {

using core::inspect;

struct Nested {
  double value = 0;
  std::vector<double> values;
};
BOOST_DESCRIBE_STRUCT(Nested, (), (value, values))

struct Echo {
  std::uint64_t number = 0;
  double value = 0;
  float single = 0;
  std::vector<double> values;
  std::vector<Nested> nested;
};
BOOST_DESCRIBE_STRUCT(Echo, (), (number, value, single, values, nested))

struct PublishMany {
  std::string topic;
  std::uint64_t count = 0;
  bool lossless = false;
};
BOOST_DESCRIBE_STRUCT(PublishMany, (), (topic, count, lossless))

struct GetBacklog {
  bool now = true;
};
BOOST_DESCRIBE_STRUCT(GetBacklog, (), (now))

} // namespace troupe::cluster::test

CAF_BEGIN_TYPE_ID_BLOCK(cluster_test, first_custom_type_id + 128)
  CAF_ADD_TYPE_ID(cluster_test, (troupe::cluster::test::Echo))
  CAF_ADD_TYPE_ID(cluster_test, (troupe::cluster::test::PublishMany))
  CAF_ADD_TYPE_ID(cluster_test, (troupe::cluster::test::GetBacklog))
CAF_END_TYPE_ID_BLOCK(cluster_test)

namespace troupe::cluster::test {

/// A live peer is not given up on a machine that does other things too.
inline void be_patient(Settings& settings) {
  settings.detector.pause_accepted = std::chrono::seconds{30};
  settings.detector.probe_deadline = std::chrono::seconds{10};
  settings.link.handshake_deadline = std::chrono::seconds{30};
}
inline void be_patient(caf::actor_system_config& config) {
  config.set("middleman.connection-timeout", caf::timespan{std::chrono::seconds{30}});
}

inline void add_test_types(caf::actor_system_config& config) {
  config.add_message_types<caf::id_block::troupe_supervision>();
  config.add_message_types<caf::id_block::cluster_test>();
}

} // namespace troupe::cluster::test
