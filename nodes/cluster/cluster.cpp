#include "nodes/cluster/cluster.hpp"

#include "core/log.hpp"
#include "nodes/cluster/certificates.hpp"

#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/multiplexer.hpp>
#include <caf/io/scribe.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <mutex>

namespace troupe::cluster {

/// Who gets established links and watchers; nobody before join() and after leave().
struct Cluster::Gate {
  std::mutex mutex;
  caf::actor gateway;
  std::vector<caf::actor> watchers;                              ///< that came before the gateway
  std::map<std::string, std::shared_ptr<LinkCounters>> counters; ///< of the newest link, by node

  [[nodiscard]] caf::actor get() {
    const std::lock_guard hold{mutex};
    return gateway;
  }
};

namespace {

core::Result<void> check(const Cluster::Options& options) {
  const auto invalid = [](const std::string& what) {
    return core::Error{core::Errc::CONFIG_INVALID, what};
  };
  if (!valid_node_name(options.self.node)) {
    return invalid("node.name: expected 1 to 63 of letters, digits, '.', '_' and '-', found \""
                   + options.self.node + '"');
  }
  for (const auto& seed : options.settings.seeds) {
    if (auto address = Address::from_text(seed); !address) {
      return invalid("cluster.seeds: " + address.error().message);
    }
  }
  return {};
}

std::shared_ptr<const View> lone_view(const Hello& self, core::Timestamp now) {
  auto view = std::make_shared<View>();
  view->members.push_back({self, MemberState::UP, true, true, 0, 0, now});
  view->place();
  return view;
}

/// BASP monitors the gateway for the other nodes. What BASP has not read when CAF ends its broker
/// stays in the broker's mailbox, and with it the sender, for whose thread ~actor_system waits for
/// ever (CAF 0.17.6: abstract_broker::cleanup does not close the mailbox).
void empty_basp_mailbox(caf::actor_system& system) {
  const auto basp = system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
  caf::scoped_actor asker{system};
  // Answered in turn, after all that was sent before.
  asker->request(basp, std::chrono::seconds{5}, caf::get_atom_v, system.node())
    .receive([](const caf::node_id&, const std::string&, std::uint16_t) {},
             [](const caf::error& error) {
               core::log::warn("node links did not come to rest, the stop may hang",
                               {{"reason", caf::to_string(error)}});
             });
}

} // namespace

Cluster::Cluster(caf::actor_system& system, Options options)
  : system_(system), options_(std::move(options)), gate_(std::make_shared<Gate>()) {}

core::Result<std::unique_ptr<Cluster>> Cluster::make(caf::actor_system& system, Options options) {
  if (auto fine = check(options); !fine) {
    return fine.error();
  }
  auto listen = Address::from_text(options.settings.listen);
  if (!listen) {
    return core::Error{core::Errc::CONFIG_INVALID, "cluster.listen: " + listen.error().message};
  }
  const auto directory = options.authority_directory.empty() ? default_authority_directory()
                                                             : options.authority_directory;
  auto credentials = node_credentials(options.settings.tls, options.self.node, listen->loopback(),
                                      directory, options.clock->now());
  if (!credentials) {
    return credentials.error();
  }
  auto tls = TlsContext::make(*credentials, options.self.node);
  if (!tls) {
    return tls.error();
  }
  std::unique_ptr<Cluster> out{new Cluster(system, std::move(options))};
  auto& self = *out;
  Links::Options link_options;
  link_options.settings = self.options_.settings.link;
  link_options.listen = *listen;
  link_options.tls = *tls;
  link_options.self = self.options_.self;
  link_options.established = [gate = self.gate_](Established link) {
    {
      const std::lock_guard hold{gate->mutex};
      gate->counters[link.peer.node] = link.counters;
    }
    if (const auto gateway = gate->get()) {
      caf::anon_send(gateway, caf::open_atom_v, std::move(link.scribe),
                     hello_frame::encode_body(link.peer), link.dialled);
    }
  };
  auto links = Links::start(system, std::move(link_options));
  if (!links) {
    return links.error();
  }
  self.links_ = std::move(*links);
  self.listening_ = self.links_->listening();
  self.options_.self = self.links_->self();
  self.placement_ = std::make_shared<ClusterPlacement>(
    self.options_.self.node, lone_view(self.options_.self, self.options_.clock->now()),
    !self.options_.settings.seeds.empty());
  self.placement_->set_watch([gate = self.gate_](const caf::actor& watcher) {
    const std::lock_guard hold{gate->mutex};
    if (gate->gateway) {
      caf::anon_send(gate->gateway, caf::sub_atom_v, watcher);
    } else {
      gate->watchers.push_back(watcher);
    }
  });
  self.hub_ = std::make_shared<Hub>(system, self.options_.self.node, self.options_.self.incarnation,
                                    self.options_.settings.hub);
  return out;
}

void Cluster::join(Front front) {
  GatewayParts parts{options_.settings, options_.self, options_.seed,    links_,
                     placement_,        hub_->actor(), std::move(front), options_.clock};
  gateway_ = spawn_gateway(system_, std::move(parts));
  // The first to attach is the last to be called: CAF keeps what is attached as a stack.
  auto ended = std::make_shared<std::promise<void>>();
  gateway_ended_ = ended->get_future();
  gateway_->attach_functor([ended = std::move(ended)] { ended->set_value(); });
  // BASP finds the receiver of a peer's message in the registry.
  system_.registry().put(gateway_.id(), caf::actor_cast<caf::strong_actor_ptr>(gateway_));
  caf::anon_send(gateway_, caf::join_atom_v);
  join_ns_ = core::monotonic_ns();
  const std::lock_guard hold{gate_->mutex};
  gate_->gateway = gateway_;
  for (const auto& watcher : gate_->watchers) {
    caf::anon_send(gateway_, caf::sub_atom_v, watcher);
  }
  gate_->watchers.clear();
}

void Cluster::leave() {
  {
    const std::lock_guard hold{gate_->mutex};
    gate_->gateway = nullptr;
    gate_->watchers.clear();
  }
  if (links_) {
    const auto members_view = placement_->view();
    for (const auto& member : members_view->members) {
      if (!member.self) {
        links_->cut(member.hello.node);
      }
    }
  }
  if (gateway_) {
    caf::anon_send_exit(gateway_, caf::exit_reason::user_shutdown);
    gateway_ended_.wait();
    empty_basp_mailbox(system_);
    system_.registry().erase(gateway_.id());
    system_.registry().erase(hub_->actor().id());
    gateway_ = nullptr;
  }
  hub_->stop();
  placement_->publish(placement_->view(), std::make_shared<const ClusterPlacement::Gateways>());
  links_.reset();
}

Cluster::~Cluster() {
  leave();
}

const LinkStats* Cluster::link_stats() const {
  return links_ ? &links_->stats() : nullptr;
}

void Cluster::set_roles(const std::vector<std::string>& roles) {
  if (const auto gateway = gate_->get()) {
    caf::anon_send(gateway, caf::update_atom_v, roles);
  }
}

void Cluster::cut(const std::string& node) {
  if (links_) {
    links_->cut(node);
  }
}

std::map<std::string, Cluster::Traffic> Cluster::traffic() const {
  std::map<std::string, Traffic> all;
  const std::lock_guard hold{gate_->mutex};
  for (const auto& [node, counters] : gate_->counters) {
    all[node] = {counters->bytes_in.load(), counters->bytes_out.load()};
  }
  return all;
}

bool Cluster::joined() const {
  const auto since = join_ns_.load();
  if (since == 0) {
    return false;
  }
  const auto seen = view();
  const auto& members = seen->members;
  const bool met = std::any_of(members.begin(), members.end(), [](const Member& member) {
    return !member.self && member.state == MemberState::UP;
  });
  return met || options_.settings.seeds.empty()
         || core::monotonic_ns() - since > std::chrono::nanoseconds{join_patience}.count();
}

void Cluster::post_to_network(std::function<void()> function) const {
  system_.middleman().backend().post(std::move(function));
}

} // namespace troupe::cluster
