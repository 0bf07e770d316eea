#include "supervision/ask.hpp"

#include "supervision/ask_book.hpp"
#include "supervision/messages.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>

namespace troupe::supervision {

void ask_message(Actor* self,
                 Runtime& runtime,
                 std::string_view service,
                 std::string key,
                 caf::message request,
                 const AskOptions& options,
                 MessageReply done) {
  self->asks().start(runtime, service, std::move(key), std::move(request), options,
                     std::move(done));
}

void ask_path_message(Actor* self,
                      Runtime& runtime,
                      std::string path,
                      caf::message request,
                      const AskOptions& options,
                      MessageReply done) {
  self->asks().start_local(runtime, std::move(path), std::move(request), options, std::move(done));
}

bool tell(Runtime& runtime,
          std::string_view service,
          std::string key,
          caf::message message,
          const caf::actor& from) {
  const auto sender = caf::actor_cast<caf::strong_actor_ptr>(from);
  const auto lost = [&](std::string_view reason) {
    runtime.dead_letters.add(path_of(sender), service, reason, message);
    return false;
  };
  const auto owner = runtime.placement.owner(service, key);
  if (!owner) {
    return lost("no node carries the service");
  }
  if (owner->local) {
    const auto path = runtime.registry.front_path(service);
    return path.empty() ? lost("no front") : runtime.registry.send(path, std::move(message), from);
  }
  const auto gateway = runtime.placement.gateway(owner->node);
  if (!gateway) {
    return lost("node down");
  }
  gateway->enqueue(sender, caf::make_message_id(),
                   caf::make_message(Routed{std::string{service}, std::move(key), owner->epoch,
                                            std::move(message), TraceBook::causal_id()}),
                   nullptr);
  return true;
}

namespace {

/// An ask on its way to a bridge's actor.
struct BridgeJob {
  std::string service;
  std::string key;
  caf::message request;
  AskOptions options;
  MessageReply done;
};

caf::behavior bridge(Actor* self, std::shared_ptr<std::atomic<std::size_t>> in_flight) {
  return {[self, in_flight](const std::shared_ptr<BridgeJob>& job) {
    ask_message(self, self->runtime(), job->service, std::move(job->key), std::move(job->request),
                job->options,
                [in_flight, done = std::move(job->done)](core::Result<caf::message> reply) {
                  in_flight->fetch_sub(1);
                  done(std::move(reply));
                });
  }};
}

} // namespace

} // namespace troupe::supervision

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<troupe::supervision::BridgeJob>)

namespace troupe::supervision {

AskBridge::AskBridge(Runtime& runtime, std::string name, AskBridgeSettings settings)
  : runtime_(runtime), settings_(settings) {
  for (std::size_t i = 0; i < settings_.actors; ++i) {
    Identity identity;
    identity.runtime = std::shared_ptr<Runtime>(runtime.keep_alive.lock(), &runtime);
    identity.path = name + "/bridge-" + std::to_string(i);
    auto in_flight = std::make_shared<std::atomic<std::size_t>>(0);
    const SpawnScope scope{std::move(identity)};
    lanes_.push_back({runtime.system.spawn(bridge, in_flight), in_flight});
  }
}

AskBridge::~AskBridge() {
  for (const auto& lane : lanes_) {
    caf::anon_send_exit(lane.actor, caf::exit_reason::user_shutdown);
  }
}

void AskBridge::ask(std::string_view service,
                    std::string key,
                    caf::message request,
                    const AskOptions& options,
                    MessageReply done) {
  const auto first = next_.fetch_add(1);
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    auto& lane = lanes_[(first + i) % lanes_.size()];
    if (lane.in_flight->fetch_add(1) < settings_.in_flight_max) {
      caf::anon_send(lane.actor, std::make_shared<BridgeJob>(
                                   BridgeJob{std::string{service}, std::move(key),
                                             std::move(request), options, std::move(done)}));
      return;
    }
    lane.in_flight->fetch_sub(1);
  }
  done(core::Error{core::Errc::OVERLOADED, std::to_string(lanes_.size() * settings_.in_flight_max)
                                             + " requests are pending here already"});
}

std::size_t AskBridge::in_flight() const {
  std::size_t sum = 0;
  for (const auto& lane : lanes_) {
    sum += lane.in_flight->load();
  }
  return sum;
}

} // namespace troupe::supervision
