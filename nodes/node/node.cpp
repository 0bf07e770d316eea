#include "nodes/node/node.hpp"

#include "actors/correlation/service.hpp"
#include "actors/market_data/service.hpp"
#include "actors/regime/service.hpp"
#include "actors/venues/exchange_sim/service.hpp"
#include "actors/venues/registry.hpp"
#include "core/log.hpp"
#include "messages/message_types.hpp"
#include "nodes/api/api_server.hpp"
#include "nodes/cluster/caf_settings.hpp"
#include "nodes/cluster/cluster.hpp"
#include "nodes/cluster/process_id.hpp"
#include "nodes/node/data_dir.hpp"
#include "nodes/node/views.hpp"
#include "supervision/root_supervisor.hpp"
#include "supervision/runtime.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <memory>

namespace troupe::node {

namespace {

/// "sqlite:history.db" -> "sqlite:DATA_DIR/history.db"; other addresses as they are
std::string storage_in(const std::string& data_dir, const std::string& url) {
  constexpr std::string_view scheme = "sqlite:";
  if (!url.starts_with(scheme)) {
    return url;
  }
  const auto file = url.substr(scheme.size());
  return file.starts_with('/') || file == ":memory:" ? url
                                                     : std::string(scheme) + data_dir + "/" + file;
}

/// Nodes of another layout must not read what this one puts into a shared cache.
std::string cache_prefix() {
  return "troupe:" + std::to_string(messages::wire_fingerprint()) + ':';
}

} // namespace

struct Node::State {
  struct SystemConfig : caf::actor_system_config {
    explicit SystemConfig(const config::NodeSettings& settings) {
      cluster::apply_caf_settings(*this);
      if (settings.node.scheduler_threads != 0) {
        set("scheduler.max-threads", settings.node.scheduler_threads);
      }
      messages::register_types(*this);
    }
  };

  State(config::NodeSettings given, DataDir directory)
    : settings(std::move(given)), data_dir(std::move(directory)), config(settings), system(config),
      api(api_config()) {
    system.await_actors_before_shutdown(false);
  }

  [[nodiscard]] api::ApiConfig api_config() const;
  [[nodiscard]] core::Result<supervision::SupervisorSpec> tree();
  [[nodiscard]] api::NodeViews views() const;
  [[nodiscard]] core::Result<void>
  start(const std::function<void(const std::string&)>& on_escalation);
  [[nodiscard]] core::Result<void> make_cluster(const std::string& api_url);
  void set_fronts(supervision::Runtime& runtime) const;

  config::NodeSettings settings;
  DataDir data_dir;
  core::SystemClock system_clock;
  std::shared_ptr<messages::TickerBoard> board = std::make_shared<messages::TickerBoard>();
  std::shared_ptr<messages::FeedBoard> feeds = std::make_shared<messages::FeedBoard>();
  std::shared_ptr<core::ManualClock> replay_clock; ///< where time is that of recorded data
  SystemConfig config;
  caf::actor_system system;
  api::ApiServer api;
  net::Bound bound;
  std::unique_ptr<venues::exchange_sim::ExchangeSim> exchange_sim; ///< where the role is carried
  std::unique_ptr<cluster::Cluster> cluster;
  std::unique_ptr<RoleDrain> drain;
  std::unique_ptr<supervision::LocalRuntime> local;
  std::unique_ptr<supervision::RootSupervisor> root;
};

api::ApiConfig Node::State::api_config() const {
  const auto& section = settings.api;
  return {.node = settings.node.name,
          .server = section,
          .tokens = section.tokens,
          .open_reads = section.open_reads,
          .public_routes = settings.has(config::Role::API),
          .data_dir = settings.node.data_dir,
          .version = TROUPE_VERSION,
          .ask_deadline = section.ask_deadline,
          .last_good_ttl = section.last_good_ttl,
          .tickers = board};
}

api::NodeViews Node::State::views() const {
  auto out = make_views(*cluster, *drain);
  out.feeds = [feeds = feeds] { return feeds->newest(); };
  if (exchange_sim) {
    out.exchange_faults = [this] { return exchange_sim->faults_json(); };
    out.exchange_traffic = [this] { return exchange_sim->traffic_json(); };
    out.order_exchange_faults = [this](std::string_view json) {
      return exchange_sim->order_faults(json);
    };
  }
  return out;
}

core::Result<supervision::SupervisorSpec> Node::State::tree() {
  supervision::SupervisorSpec spec{.name = "node"};
  if (settings.has(config::Role::MARKET_DATA)) {
    std::vector<core::json::Problem> problems;
    auto made = venues::make_venues(settings.venues, {.replay_clock = replay_clock}, problems);
    if (!made) {
      return made.error();
    }
    spec.children.push_back(supervision::supervise(
      market_data::service({.settings = settings.market_data,
                            .venues = std::move(*made),
                            .storage_url = storage_in(settings.node.data_dir, settings.storage.url),
                            .cache = {.url = settings.cache.url,
                                      .ttl = settings.cache.ttl,
                                      .entries_max = settings.cache.entries_max,
                                      .prefix = cache_prefix()},
                            .board = board,
                            .feeds = feeds})));
  }
  if (settings.has(config::Role::REGIME)) {
    spec.children.push_back(supervision::supervise(
      regime::service({.settings = settings.regime,
                       .storage_url = storage_in(settings.node.data_dir, settings.storage.url)})));
  }
  if (settings.has(config::Role::CORRELATION)) {
    spec.children.push_back(supervision::supervise(correlation::service(
      {.settings = settings.correlation,
       .storage_url = storage_in(settings.node.data_dir, settings.storage.url)})));
  }
  if (exchange_sim) {
    spec.children.push_back(supervision::supervise(exchange_sim->supervisor()));
  }
  if (auto children = api.children(); !children.empty()) {
    spec.children.push_back(
      supervision::supervise({.name = "api", .children = std::move(children)}));
  }
  return spec;
}

core::Result<void> Node::State::make_cluster(const std::string& api_url) {
  cluster::Cluster::Options options;
  options.settings = settings.cluster;
  options.self.node = settings.node.name;
  options.self.incarnation = cluster::random_incarnation();
  const auto drain_file = settings.node.data_dir + "/drained";
  auto drained = RoleDrain::kept(drain_file, settings.node.roles);
  for (const auto& role : settings.node.roles) {
    if (!drained.contains(role)) {
      options.self.roles.push_back(role);
    }
  }
  options.self.build = TROUPE_VERSION;
  options.self.fingerprint = messages::wire_fingerprint();
  options.self.api = api_url;
  options.seed = options.self.incarnation;
  options.clock = &system_clock;
  auto made = cluster::Cluster::make(system, std::move(options));
  if (!made) {
    return made.error();
  }
  cluster = std::move(*made);
  drain =
    std::make_unique<RoleDrain>(settings.node.roles, drain_file, std::move(drained), *cluster);
  return {};
}

core::Result<void>
Node::State::start(const std::function<void(const std::string&)>& on_escalation) {
  if (venues::replays(settings.venues)) {
    replay_clock = std::make_shared<core::ManualClock>();
  }
  if (settings.has(config::Role::EXCHANGE_SIM)) {
    exchange_sim = std::make_unique<venues::exchange_sim::ExchangeSim>(settings.exchange_sim);
  }
  auto spec = tree();
  if (!spec) {
    return spec.error();
  }
  auto listening = api.bind();
  if (!listening) {
    return listening.error();
  }
  bound = *listening;
  if (auto taken = exchange_sim ? exchange_sim->bind() : core::Result<void>{}; !taken) {
    return taken;
  }
  if (auto made = make_cluster(bound.url()); !made) {
    return made;
  }
  const core::Clock& clock =
    replay_clock ? static_cast<const core::Clock&>(*replay_clock) : system_clock;
  local = std::make_unique<supervision::LocalRuntime>(
    system, clock,
    supervision::LocalRuntimeSettings{.node = settings.node.name,
                                      .seed = cluster::random_incarnation()},
    cluster->bus(), cluster->placement());
  auto& runtime = local->runtime();
  runtime.health.set("services", false, "starting");
  runtime.dead_letters.set_replayable(messages::is_replayable);
  set_fronts(runtime);
  if (auto started = api.start(runtime, views()); !started) {
    return started;
  }
  cluster->join(
    [&runtime](std::string_view service) { return runtime.registry.front(service).actor; });
  if (exchange_sim) {
    exchange_sim->declare(runtime);
  }
  root = std::make_unique<supervision::RootSupervisor>(runtime, std::move(*spec), on_escalation);
  if (auto served = exchange_sim ? exchange_sim->serve(runtime) : core::Result<void>{}; !served) {
    return served;
  }
  runtime.health.set("services", true);
  return {};
}

/// A service's front answers in its name, whichever incarnation of it runs.
void Node::State::set_fronts(supervision::Runtime& runtime) const {
  if (settings.has(config::Role::MARKET_DATA)) {
    runtime.registry.set_front(messages::market_data_service, "market_data/front");
  }
  if (settings.has(config::Role::REGIME)) {
    runtime.registry.set_front(messages::regime_service, "regime/front");
  }
  if (settings.has(config::Role::CORRELATION)) {
    runtime.registry.set_front(messages::correlation_service, "correlation/front");
  }
}

Node::Node(std::unique_ptr<State> state) : state_(std::move(state)) {}
Node::~Node() = default;

core::Result<std::unique_ptr<Node>>
Node::start(config::NodeSettings settings, std::function<void(const std::string&)> on_escalation) {
  auto data_dir = DataDir::open(settings.node.data_dir);
  if (!data_dir) {
    return data_dir.error();
  }
  auto state = std::make_unique<State>(std::move(settings), std::move(*data_dir));
  if (auto started = state->start(on_escalation); !started) {
    return started.error();
  }
  return std::unique_ptr<Node>{new Node(std::move(state))};
}

bool Node::ready() const {
  return state_->local->runtime().health.ready();
}

std::string Node::ready_line() const {
  return "ready node=" + state_->settings.node.name + " api=" + state_->bound.url()
         + " cluster=" + state_->cluster->listening().to_text()
         + (state_->exchange_sim ? state_->exchange_sim->ready_words() : std::string{});
}

std::string Node::api_url() const {
  return state_->bound.url();
}

const config::NodeSettings& Node::settings() const {
  return state_->settings;
}

std::vector<std::string> Node::stop() {
  auto& state = *state_;
  auto& runtime = state.local->runtime();
  runtime.health.set("services", false, "stopping");
  state.root->begin_stop();
  state.cluster->leave();
  if (state.exchange_sim) {
    state.exchange_sim->stop(std::chrono::milliseconds{500});
  }
  state.api.stop(std::chrono::seconds{1});
  auto left = state.root->stop(state.settings.node.stop_deadline.chrono());
  runtime.registry.clear();
  return left;
}

} // namespace troupe::node
