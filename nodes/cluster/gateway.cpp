#include "nodes/cluster/gateway.hpp"

#include "core/binary.hpp"
#include "core/clock.hpp"
#include "core/log.hpp"
#include "supervision/messages.hpp"

#include <caf/actor_system.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <set>

namespace troupe::cluster {

namespace gateway_detail {

constexpr std::uint16_t basp_port = 1; // a name within BASP only: nothing listens
constexpr auto tick_every = std::chrono::milliseconds{10};
constexpr auto join_deadline = std::chrono::seconds{5};

/// How a node tells another of its members.
struct Contact {
  std::string node;
  std::string address;
};
BOOST_DESCRIBE_STRUCT(Contact, (), (node, address))
struct Contacts {
  std::vector<Contact> members;
};
BOOST_DESCRIBE_STRUCT(Contacts, (), (members))

struct Peer {
  caf::actor gateway;
  std::uint64_t incarnation = 0;
  std::uint64_t ping = 0; ///< number of the last
  std::int64_t ping_sent_ns = 0;
};

struct State;
using Self = caf::stateful_actor<State, Router>;

struct State : Membership::Effects {
  static inline const char* name = "cluster_gateway";

  explicit State(Self* actor) : self(actor) {}

  void dial(const Address& address,
            const std::string& expected,
            std::chrono::nanoseconds deadline) override;
  void cut(const std::string& node) override;
  void ping(const std::string& node) override;
  void changed(const std::vector<std::string>& down) override;

  [[nodiscard]] Membership::Times now() const { return {core::monotonic_ns(), parts.clock->now()}; }
  void publish();
  void tell_contacts(const caf::actor& to) const;

  Self* self;
  GatewayParts parts;
  std::unique_ptr<Membership> membership;
  caf::actor basp;
  std::map<std::string, Peer> peers;
  std::set<caf::actor> watchers;
  std::map<std::string, caf::actor_addr> fronts; ///< of this node, as last seen
  std::uint64_t told_epoch = 0;
  std::int64_t published_ns = 0;
};

void State::dial(const Address& address,
                 const std::string& expected,
                 std::chrono::nanoseconds deadline) {
  const auto links = parts.links.lock();
  if (!links) {
    return;
  }
  const auto to = caf::actor_cast<caf::actor>(self);
  links->dial(address, expected, deadline, [to, address](const DialResult& result) {
    using Kind = DialResult::Kind;
    using Outcome = Membership::DialOutcome;
    const auto outcome = result.kind == Kind::LINKED || result.kind == Kind::ALREADY_LINKED
                           ? Outcome::LINKED
                         : result.kind == Kind::SELF    ? Outcome::SELF
                         : result.kind == Kind::REFUSED ? Outcome::REFUSED
                                                        : Outcome::FAILED;
    caf::anon_send(to, caf::connect_atom_v, address.to_text(), static_cast<std::uint8_t>(outcome),
                   result.node, result.text);
  });
}

void State::cut(const std::string& node) {
  if (const auto links = parts.links.lock()) {
    links->cut(node);
  }
}

void State::ping(const std::string& node) {
  const auto found = peers.find(node);
  if (found == peers.end() || !found->second.gateway) {
    return;
  }
  auto& peer = found->second;
  // One number at a time is timed: the answer to an older one counts as a sign of life only.
  ++peer.ping;
  peer.ping_sent_ns = core::monotonic_ns();
  self->send<caf::message_priority::high>(peer.gateway, caf::ping_atom_v, parts.self.node,
                                          peer.ping, membership->epoch(),
                                          membership->fingerprint());
}

void State::publish() {
  auto view = std::make_shared<View>(membership->view(now()));
  const auto old = parts.placement->view();
  if (old->fingerprint() == view->fingerprint()) {
    view->owners = old->owners;
    view->carriers = old->carriers;
  } else {
    view->place();
  }
  auto gateways = std::make_shared<ClusterPlacement::Gateways>();
  for (const auto& member : view->members) {
    const auto peer = peers.find(member.hello.node);
    const bool up = member.state == MemberState::UP || member.state == MemberState::SUSPECT;
    if (up && member.linked && peer != peers.end() && peer->second.gateway) {
      gateways->emplace(member.hello.node, peer->second.gateway);
    }
  }
  published_ns = core::monotonic_ns();
  parts.placement->publish(std::move(view), std::move(gateways));
}

void State::changed(const std::vector<std::string>& down) {
  if (!membership) {
    return; // it is being made
  }
  publish();
  for (const auto& node : down) {
    self->send(parts.hub, caf::delete_atom_v, node);
  }
  if (down.empty() && told_epoch == membership->epoch()) {
    return;
  }
  told_epoch = membership->epoch();
  for (const auto& watcher : watchers) {
    self->send(watcher, supervision::ViewChanged{told_epoch, down});
  }
}

void State::tell_contacts(const caf::actor& to) const {
  Contacts contacts;
  const auto view = parts.placement->view();
  for (const auto& member : view->members) {
    if (member.state != MemberState::DOWN && !member.hello.cluster.empty()) {
      contacts.members.push_back({member.hello.node, member.hello.cluster});
    }
  }
  self->send(to, caf::contact_atom_v, core::binary::encode(contacts));
}

void send_join(Self* self, const caf::actor& to) {
  const auto& state = self->state;
  self->send(to, caf::join_atom_v, core::binary::encode(state.membership->self()), state.parts.hub);
}

void on_link(Self* self, caf::io::scribe_ptr& scribe, const std::string& bytes, bool dialled) {
  auto& state = self->state;
  const auto hello = hello_frame::decode_body(bytes);
  if (!hello || !state.membership) {
    return; // the scribe closes with its last owner
  }
  const auto node = hello->node;
  state.peers[node] = {nullptr, hello->incarnation, 0, 0};
  state.membership->link_up(*hello, state.now());
  if (!dialled) {
    self->send(state.basp, caf::publish_atom_v, std::move(scribe), basp_port,
               caf::actor_cast<caf::strong_actor_ptr>(self), std::set<std::string>{});
    return;
  }
  const auto life = hello->incarnation;
  self->request(state.basp, join_deadline, caf::connect_atom_v, std::move(scribe), basp_port)
    .then(
      [self, node, life](const caf::node_id&, const caf::strong_actor_ptr& gateway,
                         const std::set<std::string>&) {
        const auto peer = self->state.peers.find(node);
        if (gateway && peer != self->state.peers.end() && peer->second.incarnation == life) {
          peer->second.gateway = caf::actor_cast<caf::actor>(gateway);
          self->monitor(gateway);
          send_join(self, peer->second.gateway);
        }
      },
      // A heartbeat's tick may cut a handshake that is under way: the next attempt mends it.
      [self, node](const caf::error& failed) {
        core::log::warn("link lost at handshake",
                        {{"node", node}, {"reason", self->system().render(failed)}});
        self->state.cut(node);
        self->state.membership->link_down(node, self->state.now());
      });
}

void on_join(Self* self, const std::string& bytes, caf::actor& hub) {
  auto& state = self->state;
  const auto hello = hello_frame::decode_body(bytes);
  const auto sender = caf::actor_cast<caf::actor>(self->current_sender());
  if (!hello || !sender || !state.membership) {
    return;
  }
  const auto peer = state.peers.find(hello->node);
  if (peer == state.peers.end() || peer->second.incarnation != hello->incarnation) {
    return; // says who it is not
  }
  if (!peer->second.gateway) {
    peer->second.gateway = sender;
    self->monitor(sender);
    send_join(self, sender);
  }
  self->send(state.parts.hub, caf::open_atom_v, hello->node, hello->incarnation, hub);
  state.membership->joined(*hello, state.now());
  for (const auto& [node, other] : state.peers) {
    if (other.gateway) {
      state.tell_contacts(other.gateway);
    }
  }
}

void on_contacts(Self* self, const std::string& bytes) {
  auto& state = self->state;
  const auto contacts = core::binary::decode<Contacts>(bytes);
  if (!contacts || !state.membership) {
    return;
  }
  for (const auto& contact : contacts->members) {
    if (auto address = Address::from_text(contact.address); address && address->port != 0) {
      state.membership->heard_of(contact.node, *address, state.now());
    }
  }
}

void on_down(Self* self, const caf::down_msg& down) {
  auto& state = self->state;
  for (auto& [node, peer] : state.peers) {
    if (peer.gateway && peer.gateway.address() == down.source) {
      peer.gateway = nullptr;
      self->send(state.parts.hub, caf::close_atom_v, node);
      state.membership->link_down(node, state.now());
      return;
    }
  }
  for (auto watcher = state.watchers.begin(); watcher != state.watchers.end(); ++watcher) {
    if (watcher->address() == down.source) {
      state.watchers.erase(watcher);
      return;
    }
  }
}

void on_ping(Self* self,
             const std::string& node,
             std::uint64_t number,
             std::uint64_t epoch,
             std::uint64_t fingerprint,
             bool answer) {
  auto& state = self->state;
  const auto peer = state.peers.find(node);
  if (peer == state.peers.end() || !peer->second.gateway || !state.membership) {
    return;
  }
  std::optional<double> rtt_us;
  if (answer && number == peer->second.ping) {
    rtt_us = static_cast<double>(core::monotonic_ns() - peer->second.ping_sent_ns) * 1e-3;
  }
  state.membership->heard(node, epoch, fingerprint, rtt_us, state.now());
  if (!answer) {
    self->send<caf::message_priority::high>(
      peer->second.gateway, caf::pong_atom_v, state.parts.self.node, number,
      state.membership->epoch(), state.membership->fingerprint());
  }
}

/// Requests that a front has taken and not answered are lost with it, wherever they came from: the
/// other nodes are told, so that nobody waits for a deadline.
void tell_front_down(Self* self, const std::string& service) {
  auto& state = self->state;
  for (const auto& [node, peer] : state.peers) {
    if (peer.gateway) {
      self->send<caf::message_priority::high>(peer.gateway, caf::delete_atom_v,
                                              state.parts.self.node, service);
    }
  }
}

void on_front_end(Self* self, const std::string& service, const caf::actor_addr& ended) {
  if (auto& known = self->state.fronts[service]; known == ended) {
    known = nullptr;
  }
  tell_front_down(self, service);
}

/// A front that was replaced without an end, because its handler did not return, shows here only.
void watch_fronts(Self* self) {
  auto& state = self->state;
  for (const auto& service : state.membership->self().roles) {
    const auto now = state.parts.front ? state.parts.front(service).address() : caf::actor_addr{};
    auto& known = state.fronts[service];
    if (now && known && now != known) {
      tell_front_down(self, service);
    }
    if (now) {
      known = now;
    }
  }
}

void on_start(Self* self) {
  auto& state = self->state;
  auto& parts = state.parts;
  for (const auto& seed : parts.settings.seeds) {
    if (auto address = Address::from_text(seed)) {
      state.membership->add_seed(*address);
    }
  }
  self->delayed_send(self, tick_every, caf::tick_atom_v);
}

void on_tick(Self* self) {
  auto& state = self->state;
  watch_fronts(self);
  state.membership->tick(state.now());
  // Snapshots show phi and round trips too, which change without an event.
  if (core::monotonic_ns() - state.published_ns > state.parts.settings.detector.ping_every.ns) {
    state.publish();
  }
  self->delayed_send(self, tick_every, caf::tick_atom_v);
}

caf::behavior behavior(Self* self, GatewayParts parts) {
  auto& state = self->state;
  state.parts = std::move(parts);
  state.basp = self->system().middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
  state.membership = std::make_unique<Membership>(state.parts.settings, state.parts.self,
                                                  state.parts.seed, state, state.now());
  state.publish();
  self->route_with(state.parts.placement, state.parts.self.node, state.parts.front);
  self->set_down_handler([self](const caf::down_msg& down) { on_down(self, down); });
  using std::string;
  using std::uint64_t;
  using std::uint8_t;
  return {
    [self](caf::open_atom, caf::io::scribe_ptr& scribe, const string& hello, bool dialled) {
      on_link(self, scribe, hello, dialled);
    },
    [self](caf::connect_atom, const string& address, uint8_t outcome, const string& node,
           const string& text) {
      self->state.membership->dialled(Address::from_text(address).value(),
                                      static_cast<Membership::DialOutcome>(outcome), node, text,
                                      self->state.now());
    },
    [self](caf::join_atom, const string& hello, caf::actor& hub) { on_join(self, hello, hub); },
    [self](caf::contact_atom, const string& contacts) { on_contacts(self, contacts); },
    [self](caf::ping_atom, const string& node, uint64_t number, uint64_t epoch, uint64_t view) {
      on_ping(self, node, number, epoch, view, false);
    },
    [self](caf::pong_atom, const string& node, uint64_t number, uint64_t epoch, uint64_t view) {
      on_ping(self, node, number, epoch, view, true);
    },
    [self](caf::delete_atom, const string& service, const caf::actor_addr& ended) {
      on_front_end(self, service, ended);
    },
    [self](caf::delete_atom, const string& node, const string& service) {
      for (const auto& watcher : self->state.watchers) {
        self->send<caf::message_priority::high>(watcher, supervision::FrontDown{node, service});
      }
    },
    [self](caf::tick_atom) { on_tick(self); },
    [self](caf::join_atom) { on_start(self); },
    [self](caf::sub_atom, const caf::actor& watcher) {
      if (self->state.watchers.insert(watcher).second) {
        self->monitor(watcher);
      }
      self->send(watcher, supervision::ViewChanged{self->state.membership->epoch(), {}});
    },
    [self](caf::update_atom, const std::vector<string>& roles) {
      self->state.membership->set_roles(roles, self->state.now());
      for (const auto& [node, peer] : self->state.peers) {
        if (peer.gateway) {
          send_join(self, peer.gateway);
        }
      }
    },
  };
}

} // namespace gateway_detail

caf::actor spawn_gateway(caf::actor_system& system, GatewayParts parts) {
  return system.spawn<caf::hidden + caf::detached>(gateway_detail::behavior, std::move(parts));
}

} // namespace troupe::cluster
