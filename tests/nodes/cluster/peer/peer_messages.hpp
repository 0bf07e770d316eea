#pragma once

#include "core/inspect.hpp"
#include "nodes/cluster/settings.hpp"
#include "supervision/messages.hpp"
#include "supervision/wire_types.hpp"

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

/// Asks without ever being answered, or waits so long before it answers.
struct Wait {
  using Reply = std::uint64_t;
  std::uint64_t ms = 0; ///< 0: for ever
};
BOOST_DESCRIBE_STRUCT(Wait, (), (ms))

/// Ends the front of "patient"; another one takes its place.
struct EndFront {
  std::uint64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(EndFront, (), (number))

/// From now on a subscriber of the peer's counts what comes; GetSeen tells.
struct Subscribe {
  std::string topic;
  bool lossless = false;
};
BOOST_DESCRIBE_STRUCT(Subscribe, (), (topic, lossless))

struct GetSeen {
  std::uint64_t now = 0;
};
BOOST_DESCRIBE_STRUCT(GetSeen, (), (now))

struct Seen {
  std::uint64_t last = 0; ///< number of the newest event
  std::uint64_t count = 0;
  std::uint64_t lost = 0; ///< as gaps said
  bool in_order = true;
};
BOOST_DESCRIBE_STRUCT(Seen, (), (last, count, lost, in_order))

struct GetBacklog {
  bool now = true;
};
BOOST_DESCRIBE_STRUCT(GetBacklog, (), (now))

} // namespace troupe::cluster::test

CAF_BEGIN_TYPE_ID_BLOCK(cluster_test, first_custom_type_id + 128)
  CAF_ADD_TYPE_ID(cluster_test, (troupe::cluster::test::Echo))
  CAF_ADD_TYPE_ID(cluster_test, (troupe::cluster::test::PublishMany))
  CAF_ADD_TYPE_ID(cluster_test, (troupe::cluster::test::GetBacklog))
  CAF_ADD_TYPE_ID(cluster_test, (troupe::cluster::test::Wait))
  CAF_ADD_TYPE_ID(cluster_test, (troupe::cluster::test::EndFront))
  CAF_ADD_TYPE_ID(cluster_test, (troupe::cluster::test::Subscribe))
  CAF_ADD_TYPE_ID(cluster_test, (troupe::cluster::test::GetSeen))
  CAF_ADD_TYPE_ID(cluster_test, (troupe::cluster::test::Seen))
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
  supervision::declare_wire_types<caf::id_block::cluster_test>();
}

} // namespace troupe::cluster::test
