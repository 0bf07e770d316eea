// A node for the tests: joins a cluster and does what is asked of it over messages.
#include "core/log.hpp"
#include "nodes/cluster/caf_settings.hpp"
#include "nodes/cluster/cluster.hpp"
#include "nodes/cluster/process_id.hpp"
#include "peer/peer_messages.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <string_view>

using namespace troupe;
using namespace troupe::cluster;
using namespace troupe::cluster::test;

namespace {

/// Keeps what it is asked: the front of the service "patient".
caf::behavior patient_front(caf::event_based_actor* self) {
  return {[self](const Wait&) { return self->make_response_promise<std::uint64_t>(); }};
}

/// The fronts of this node; one of them can be replaced.
struct Fronts {
  explicit Fronts(caf::actor_system& its) : system(its), patient(system.spawn(patient_front)) {}

  caf::actor find(std::string_view service) {
    const std::lock_guard hold{mutex};
    return service == "echo" ? echo : service == "patient" ? patient : caf::actor{};
  }
  void replace_patient() {
    const std::lock_guard hold{mutex};
    caf::anon_send_exit(std::exchange(patient, system.spawn(patient_front)),
                        caf::exit_reason::kill);
  }

  caf::actor_system& system;
  std::mutex mutex;
  caf::actor echo;
  caf::actor patient;
};

std::uint64_t publish(Cluster& cluster, const PublishMany& what) {
  for (std::uint64_t i = 1; i <= what.count; ++i) {
    Echo event;
    event.number = i;
    cluster.bus()->publish({what.topic, what.lossless ? supervision::Delivery::LOSSLESS
                                                      : supervision::Delivery::CONFLATED},
                           "key-" + std::to_string(i % 8), caf::make_message(event));
  }
  return what.count;
}

struct CounterState {
  Seen seen;
};

caf::behavior counter(caf::stateful_actor<CounterState>* self) {
  return {
    [self](const Echo& event) {
      auto& seen = self->state.seen;
      seen.in_order = seen.in_order && event.number > seen.last;
      seen.last = event.number;
      ++seen.count;
    },
    [self](const supervision::TopicGap& gap) { self->state.seen.lost += gap.lost; },
    [self](const GetSeen&) { return self->state.seen; },
  };
}

caf::behavior echo(caf::event_based_actor* self, Cluster* cluster, Fronts* fronts) {
  const auto counting = self->spawn(counter);
  return {
    [](const Echo& message) { return message; },
    [cluster, counting](const Subscribe& what) {
      cluster->bus()->subscribe({what.topic, what.lossless ? supervision::Delivery::LOSSLESS
                                                           : supervision::Delivery::CONFLATED},
                                counting);
      return std::uint64_t{1};
    },
    [self, counting](const GetSeen& get) { return self->delegate(counting, get); },
    [cluster](const PublishMany& what) { return publish(*cluster, what); },
    [cluster](const GetBacklog&) { return std::uint64_t{cluster->bus()->backlog()}; },
    [fronts](const EndFront& end) {
      fronts->replace_patient();
      return end.number;
    },
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
  options.self.roles = {"echo", "patient"};
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
  Fronts fronts{system};
  fronts.echo = system.spawn(echo, &cluster, &fronts);
  cluster.join([&](std::string_view service) { return fronts.find(service); });
  std::cout << cluster.listening().to_text() << std::endl;
  while (std::getchar() != EOF) {
  }
  cluster.leave();
  std::cout.flush();
  std::_Exit(0); // what the tests look at happens before
}
