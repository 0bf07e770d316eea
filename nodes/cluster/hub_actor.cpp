#include "core/log.hpp"
#include "nodes/cluster/hub_core.hpp"
#include "supervision/after_handler.hpp"
#include "supervision/messages.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <set>

namespace troupe::cluster {

namespace hub_actor_detail {

using supervision::Delivery;
using supervision::Topic;

constexpr auto housekeeping_every = std::chrono::seconds{1};

constexpr auto backlog_again_after = std::chrono::milliseconds{5};

/// What was taken over is acknowledged once it is so much, or so old.
constexpr std::uint64_t acknowledge_bytes = 64 * 1024;
constexpr auto acknowledge_within = std::chrono::milliseconds{1};

struct Incoming {
  std::uint64_t next_seq = 0;       ///< 0: nothing seen yet
  std::uint64_t told_backlog = 0;   ///< with the last acknowledgement
  std::uint64_t unacknowledged = 0; ///< bytes
};

struct Peer {
  std::uint64_t incarnation = 0;
  caf::actor hub; ///< empty while the link is down
  std::map<std::string, Incoming> topics;
};

struct State {
  static inline const char* name = "cluster_hub";
  std::shared_ptr<HubCore> core;
  std::map<std::string, Peer> peers;
  std::map<std::string, Delivery> wanted; ///< topics with subscribers here
  std::unique_ptr<EventDecoder> decoder;
  bool telling_backlog = false; ///< a look at what was told comes soon
  bool acknowledging = false;   ///< a look at what is not acknowledged comes soon
};

/// What a handler sends goes out on the handler's thread.
class Base : public caf::event_based_actor {
public:
  using event_based_actor::consume;
  using event_based_actor::event_based_actor;
  caf::invoke_message_result consume(caf::mailbox_element& element) override {
    const supervision::AfterHandler span;
    return event_based_actor::consume(element);
  }
};
using Self = caf::stateful_actor<State, Base>;

Delivery delivery_of(std::uint8_t number) {
  return number == 0 ? Delivery::CONFLATED : Delivery::LOSSLESS;
}

void ask_for(Self* self, Peer& peer, const std::string& topic, Delivery delivery) {
  if (peer.hub) {
    const auto& core = *self->state.core;
    auto& incoming = peer.topics[topic];
    incoming.unacknowledged = 0; // its stream begins anew
    self->send(peer.hub, caf::subscribe_atom_v, core.node, core.incarnation, topic,
               static_cast<std::uint8_t>(delivery), incoming.next_seq);
  }
}

void on_open(Self* self, const std::string& node, std::uint64_t incarnation, caf::actor hub) {
  auto& peer = self->state.peers[node];
  if (peer.incarnation != incarnation) {
    peer = Peer{incarnation, nullptr, {}};
  }
  peer.hub = std::move(hub);
  for (const auto& [topic, delivery] : self->state.wanted) {
    ask_for(self, peer, topic, delivery);
  }
}

void on_delete(Self* self, const std::string& node) {
  // What the peer has seen is remembered with its incarnation: if it was only cut off, it will see
  // by the sequence numbers what it missed.
  if (const auto peer = self->state.peers.find(node); peer != self->state.peers.end()) {
    peer->second.hub = nullptr;
  }
  for (const auto& out : self->state.core->topics()) {
    const std::lock_guard hold{out->mutex};
    out->streams.erase(node);
  }
}

void flush_topic(Self* self, TopicOut& out) {
  auto& core = *self->state.core;
  for (bool more = true; more;) {
    more = false;
    std::vector<std::pair<caf::actor, std::string>> batches;
    {
      const std::lock_guard hold{out.mutex};
      for (auto& [node, stream] : out.streams) {
        const auto peer = self->state.peers.find(node);
        if (peer == self->state.peers.end() || !peer->second.hub) {
          continue;
        }
        const auto before = stream.waiting();
        if (auto batch = stream.take()) {
          core.counters.events_out += before - stream.waiting();
          batches.emplace_back(peer->second.hub, std::move(*batch));
          more = more || stream.waiting() > 0;
        } // else nothing waits, or what waits is without credit: an acknowledgement goes on
      }
    }
    core.counters.batches_out += batches.size();
    for (auto& [hub, batch] : batches) {
      self->send(hub, caf::put_atom_v, core.node, core.incarnation, out.topic.name,
                 static_cast<std::uint8_t>(out.topic.delivery), std::move(batch));
    }
  }
}

void flush(Self* self) {
  auto& core = *self->state.core;
  core.armed = false;
  core.urgent = false;
  for (const auto& out : core.topics()) {
    if (out->dirty.exchange(false)) {
      flush_topic(self, *out);
    }
  }
}

/// @param next_seq  the subscriber waits for; 0: whatever comes
void on_subscribe(Self* self,
                  const std::string& node,
                  std::uint64_t incarnation,
                  const std::string& topic,
                  std::uint8_t delivery,
                  std::uint64_t next_seq) {
  auto& core = *self->state.core;
  auto& peer = self->state.peers[node];
  if (peer.incarnation != incarnation || !peer.hub) { // its hub was quicker than the gateways
    on_open(self, node, incarnation, caf::actor_cast<caf::actor>(self->current_sender()));
  }
  const auto out = core.topic_out({topic, delivery_of(delivery)});
  if (!peer.hub || !out) {
    return;
  }
  auto announcement = core.open_stream(*out, node, next_seq);
  if (!announcement.empty()) {
    self->send(peer.hub, caf::put_atom_v, core.node, core.incarnation, topic,
               static_cast<std::uint8_t>(out->topic.delivery), std::move(announcement));
  }
  flush_topic(self, *out);
}

void on_unsubscribe(Self* self, const std::string& node, const std::string& topic) {
  for (const auto& out : self->state.core->topics()) {
    if (out->topic.name == topic) {
      const std::lock_guard hold{out->mutex};
      out->streams.erase(node);
    }
  }
}

void gap(Self* self, const Topic& topic, const std::string& node, std::uint64_t lost) {
  core::log::warn("topic gap", {{"topic", topic.name}, {"node", node}, {"lost", lost}});
  self->state.core->local.publish(topic, node,
                                  caf::make_message(supervision::TopicGap{topic.name, node, lost}));
}

void deliver(Self* self, const Topic& topic, const std::string& node, const Batch& batch) {
  auto& core = *self->state.core;
  core.counters.events_in += batch.events.size();
  ++core.counters.batches_in;
  std::vector<caf::message> events; // of a lossless topic, up to the next gap
  events.reserve(topic.delivery == Delivery::LOSSLESS ? batch.events.size() : 0);
  for (const auto& view : batch.events) {
    auto event = self->state.decoder->decode(view);
    if (!event) {
      core::log::error("event not readable",
                       {{"topic", topic.name}, {"node", node}, {"reason", event.error().message}});
      if (topic.delivery == Delivery::LOSSLESS) {
        core.local.publish_all(topic, std::exchange(events, {}));
        gap(self, topic, node, 1);
      }
    } else if (topic.delivery == Delivery::LOSSLESS) {
      events.push_back(std::move(*event));
    } else {
      core.local.publish(topic, std::string(view.key), std::move(*event));
    }
  }
  if (!events.empty()) {
    core.local.publish_all(topic, events);
  }
}

/// Room for what was taken over since the last one, and how far the subscribers here are behind.
void acknowledge(Self* self, Peer& peer, const std::string& topic) {
  auto& state = self->state;
  if (!peer.hub) {
    return;
  }
  auto& incoming = peer.topics[topic];
  incoming.told_backlog = state.core->local.backlog();
  self->send(peer.hub, caf::ok_atom_v, state.core->node, topic,
             std::exchange(incoming.unacknowledged, 0), incoming.next_seq, incoming.told_backlog);
  if (incoming.told_backlog > 0 && !std::exchange(state.telling_backlog, true)) {
    self->delayed_send(self, backlog_again_after, caf::update_atom_v);
  }
}

void on_batch(Self* self,
              const std::string& node,
              std::uint64_t incarnation,
              const std::string& name,
              std::uint8_t delivery,
              const std::string& bytes) {
  const auto found = self->state.peers.find(node);
  if (found == self->state.peers.end() || found->second.incarnation != incarnation) {
    return; // of a life that is over
  }
  auto& peer = found->second;
  auto batch = decode_batch(bytes);
  if (!batch) {
    core::log::error("batch not readable", {{"topic", name}, {"node", node}});
    return;
  }
  const bool announcement = batch->events.empty();
  const Topic topic{name, delivery_of(delivery)};
  auto& incoming = peer.topics[name];
  if (topic.delivery == Delivery::LOSSLESS) {
    auto& events = batch->events;
    if (incoming.next_seq != 0 && batch->first_seq > incoming.next_seq) {
      gap(self, topic, node, batch->first_seq - incoming.next_seq);
    } else if (incoming.next_seq > batch->first_seq) { // seen before the link was new
      const auto seen =
        std::min<std::uint64_t>(incoming.next_seq - batch->first_seq, events.size());
      events.erase(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(seen));
      batch->first_seq += seen;
    }
    incoming.next_seq = std::max(incoming.next_seq, batch->first_seq + events.size());
  }
  deliver(self, topic, node, *batch);
  if (announcement) {
    return;
  }
  incoming.unacknowledged += bytes.size();
  if (incoming.unacknowledged >= acknowledge_bytes) {
    acknowledge(self, peer, name);
  } else if (!std::exchange(self->state.acknowledging, true)) {
    self->delayed_send(self, acknowledge_within, caf::ok_atom_v);
  }
}

void acknowledge_all(Self* self) {
  self->state.acknowledging = false;
  for (auto& [node, peer] : self->state.peers) {
    for (auto& [topic, incoming] : peer.topics) {
      if (incoming.unacknowledged > 0) {
        acknowledge(self, peer, topic);
      }
    }
  }
}

/// Sources that wait for a backlog to go down hear of it also when nothing is on its way to them.
void tell_backlog_again(Self* self) {
  auto& state = self->state;
  state.telling_backlog = false;
  for (auto& [node, peer] : state.peers) {
    for (auto& [topic, incoming] : peer.topics) {
      if (incoming.told_backlog > 0) {
        acknowledge(self, peer, topic);
      }
    }
  }
}

void on_acknowledged(Self* self,
                     const std::string& node,
                     const std::string& topic,
                     std::uint64_t bytes,
                     std::uint64_t next_seq,
                     std::uint64_t backlog) {
  for (const auto& out : self->state.core->topics()) {
    if (out->topic.name != topic) {
      continue;
    }
    bool more = false;
    {
      const std::lock_guard hold{out->mutex};
      if (const auto stream = out->streams.find(node); stream != out->streams.end()) {
        stream->second.acknowledge(bytes, next_seq == 0 ? 0 : next_seq - 1);
        stream->second.peer_backlog = backlog;
        more = stream->second.waiting() > 0;
      }
    }
    if (more) {
      flush_topic(self, *out);
    }
    return;
  }
}

void on_wanted(Self* self, const std::string& topic, std::uint8_t delivery) {
  if (!self->state.wanted.emplace(topic, delivery_of(delivery)).second) {
    return;
  }
  for (auto& [node, peer] : self->state.peers) {
    ask_for(self, peer, topic, delivery_of(delivery));
  }
}

/// Subscribers end without a word: topics nobody here listens to any more are given up.
void housekeeping(Self* self) {
  auto& state = self->state;
  for (auto it = state.wanted.begin(); it != state.wanted.end();) {
    if (state.core->local.has_subscribers(it->first)) {
      ++it;
      continue;
    }
    for (auto& [node, peer] : state.peers) {
      peer.topics.erase(it->first);
      if (peer.hub) {
        self->send(peer.hub, caf::unsubscribe_atom_v, state.core->node, it->first);
      }
    }
    it = state.wanted.erase(it);
  }
  self->delayed_send(self, housekeeping_every, caf::tick_atom_v);
}

caf::behavior behavior(Self* self, std::shared_ptr<HubCore> core) {
  self->state.core = std::move(core);
  self->state.decoder = std::make_unique<EventDecoder>(self->system());
  self->delayed_send(self, housekeeping_every, caf::tick_atom_v);
  using caf::actor;
  using std::string;
  using std::uint64_t;
  using std::uint8_t;
  return {
    [self](caf::put_atom, const string& node, uint64_t life, const string& topic, uint8_t delivery,
           const string& batch) { on_batch(self, node, life, topic, delivery, batch); },
    [self](caf::ok_atom, const string& node, const string& topic, uint64_t bytes, uint64_t next,
           uint64_t backlog) { on_acknowledged(self, node, topic, bytes, next, backlog); },
    [self](caf::flush_atom) { flush(self); },
    [self](caf::wait_for_atom) {
      self->delayed_send(self, self->state.core->settings.batch_every.chrono(), caf::flush_atom_v);
    },
    [self](caf::sub_atom, const string& topic, uint8_t delivery) {
      on_wanted(self, topic, delivery);
    },
    [self](caf::subscribe_atom, const string& node, uint64_t life, const string& topic,
           uint8_t delivery,
           uint64_t next) { on_subscribe(self, node, life, topic, delivery, next); },
    [self](caf::unsubscribe_atom, const string& node, const string& topic) {
      on_unsubscribe(self, node, topic);
    },
    [self](caf::open_atom, const string& node, uint64_t life, actor& hub) {
      on_open(self, node, life, std::move(hub));
    },
    [self](caf::close_atom, const string& node) { self->state.peers[node].hub = nullptr; },
    [self](caf::delete_atom, const string& node) { on_delete(self, node); },
    [self](caf::update_atom) { tell_backlog_again(self); },
    [self](caf::ok_atom) { acknowledge_all(self); },
    [self](caf::tick_atom) { housekeeping(self); },
  };
}

} // namespace hub_actor_detail

caf::actor spawn_hub_actor(caf::actor_system& system, std::shared_ptr<HubCore> core) {
  return system.spawn<caf::hidden>(hub_actor_detail::behavior, std::move(core));
}

} // namespace troupe::cluster
