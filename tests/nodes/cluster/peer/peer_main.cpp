// A node for the tests: joins a cluster and does what is asked of it over messages.
#include "core/log.hpp"
#include "nodes/cluster/caf_settings.hpp"
#include "nodes/cluster/cluster.hpp"
#include "nodes/cluster/process_id.hpp"
#include "peer/peer_messages.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string_view>

using namespace troupe;
using namespace troupe::cluster;
using namespace troupe::cluster::test;

namespace {

caf::behavior echo(caf::event_based_actor*, Cluster* cluster) {
  return {
    [](const Echo& message) { return message; },
    [cluster](const PublishMany& what) {
      for (std::uint64_t i = 1; i <= what.count; ++i) {
        Echo event;
        event.number = i;
        cluster->bus()->publish({what.topic, what.lossless ? supervision::Delivery::LOSSLESS
                                                           : supervision::Delivery::CONFLATED},
                                "key-" + std::to_string(i % 8), caf::make_message(event));
      }
      return what.count;
    },
    [cluster](const GetBacklog&) { return std::uint64_t{cluster->bus()->backlog()}; },
  };
}

} // namespace

/// peer long|shipped NAME AUTHORITY_DIRECTORY LISTEN SEED...: prints its address, ends with its
/// standard input.
int main(int argc, char** argv) {
  const bool patient = std::string_view{argv[1]} == "long"; // with silent peers
  static_cast<void>(core::log::set_level("error"));
  caf::actor_system_config config;
  apply_caf_settings(config);
  add_test_types(config);
  if (patient) {
    be_patient(config);
  }
  caf::actor_system system{config};
  const core::SystemClock clock;
  Cluster::Options options;
  options.self.node = argv[2];
  options.self.incarnation = random_incarnation();
  options.self.roles = {"echo"};
  options.self.fingerprint = 7;
  options.authority_directory = argv[3];
  options.settings.listen = argv[4];
  options.settings.seeds.assign(argv + 5, argv + argc);
  options.clock = &clock;
  if (patient) {
    be_patient(options.settings);
  }
  auto made = Cluster::make(system, std::move(options));
  if (!made) {
    std::cerr << made.error() << '\n';
    return 1;
  }
  auto& cluster = **made;
  const auto front = system.spawn(echo, &cluster);
  cluster.join(
    [front](std::string_view service) { return service == "echo" ? front : caf::actor{}; });
  std::cout << cluster.listening().to_text() << std::endl;
  while (std::getchar() != EOF) {
  }
  cluster.leave();
  caf::anon_send_exit(front, caf::exit_reason::user_shutdown);
  std::cout.flush();
  std::_Exit(0); // what the tests look at happens before
}
