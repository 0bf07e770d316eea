#include "actors/venues/exchange_sim/service.hpp"

#include "actors/venues/binance/server/binance_server.hpp"
#include "actors/venues/coinbase/server/coinbase_server.hpp"
#include "actors/venues/exchange_server/exchange_actor.hpp"
#include "actors/venues/exchange_server/listener.hpp"

#include <utility>

namespace troupe::venues::exchange_sim {

namespace engine = sim::exchange;
using exchange_server::EndpointContext;
using exchange_server::Faults;
using exchange_server::MakeEndpoint;

namespace {

struct FaultsOrder : Faults {
  std::optional<std::string> venue;
};
BOOST_DESCRIBE_STRUCT(FaultsOrder, (Faults), (venue))

engine::ExchangeSettings exchange_of(const Settings& settings, const Side& side) {
  engine::ExchangeSettings out;
  out.market = market_of(settings);
  for (std::size_t i = 0; i < out.market.venues.size(); ++i) {
    if (out.market.venues[i].name == side.venue) {
      out.venue = i;
    }
  }
  out.history = settings.history.chrono();
  for (const auto& account : settings.accounts) {
    out.accounts.push_back(
      {account.key, account.secret, account.passphrase, account.balances, account.public_key});
  }
  return out;
}

binance::server::Limits binance_limits(const LimitSettings& limits) {
  return {.weight_per_minute = limits.binance_weight_per_minute,
          .weight_window = limits.binance_weight_window,
          .raw_requests_per_5_minutes = limits.binance_raw_requests_per_5_minutes,
          .orders_per_10_seconds = limits.binance_orders_per_10_seconds,
          .orders_per_day = limits.binance_orders_per_day,
          .ban_after = limits.binance_ban_after,
          .ban = limits.binance_ban,
          .messages_per_second = limits.binance_messages_per_second,
          .connections_per_5_minutes = limits.binance_connections_per_5_minutes,
          .streams_per_connection = limits.binance_streams_per_connection,
          .connection_lifetime = limits.connection_lifetime,
          .listen_key_lifetime = limits.binance_listen_key_lifetime};
}

coinbase::server::Limits coinbase_limits(const LimitSettings& limits) {
  return {.public_per_second = limits.coinbase_public_per_second,
          .public_burst = limits.coinbase_public_burst,
          .private_per_second = limits.coinbase_private_per_second,
          .private_burst = limits.coinbase_private_burst,
          .fills_per_second = limits.coinbase_fills_per_second,
          .fills_burst = limits.coinbase_fills_burst,
          .messages_per_second = limits.coinbase_messages_per_second,
          .connections_per_second = limits.coinbase_connections_per_second,
          .connections_burst = limits.coinbase_connections_burst,
          .subscribe_within = limits.coinbase_subscribe_within,
          .connection_lifetime = limits.connection_lifetime};
}

MakeEndpoint make_binance(const Settings& settings) {
  auto exchange = exchange_of(settings, settings.binance);
  for (auto& account : exchange.accounts) { // dollars are USDT here
    if (const auto dollars = account.balances.find("USD"); dollars != account.balances.end()) {
      account.balances["USDT"] += dollars->second;
      account.balances.erase("USD");
    }
  }
  return [exchange, limits = binance_limits(settings.limits)](const EndpointContext& context) {
    return std::make_unique<binance::server::BinanceServer>(exchange, limits, context);
  };
}

MakeEndpoint make_coinbase(const Settings& settings) {
  return [exchange = exchange_of(settings, settings.coinbase),
          limits = coinbase_limits(settings.limits)](const EndpointContext& context) {
    return std::make_unique<coinbase::server::CoinbaseServer>(exchange, limits, context);
  };
}

net::ServerSettings server_of(const Settings& settings, const Side& side) {
  net::ServerSettings out;
  out.listen = side.listen;
  out.tls = settings.tls;
  out.hosts = settings.hosts;
  out.origins = {"*"};
  out.header_bytes_max = 131'072; // a thousand streams fit a path
  out.target_bytes_max = 65'536;
  out.websocket_message_bytes_max = 1'048'576;
  out.websocket_queue_frames_max = 16'384;
  out.websocket_queue_bytes_max = 33'554'432;
  out.websocket_ping_interval = settings.limits.ping_interval;
  out.websocket_idle_timeout = settings.limits.pong_within;
  return out;
}

} // namespace

struct ExchangeSim::SideState {
  SideState(std::string side_name, const Settings& settings, const Side& side, MakeEndpoint made)
    : name(std::move(side_name)), faults(std::make_shared<exchange_server::FaultBox>()),
      traffic(std::make_shared<exchange_server::Traffic>()), make(std::move(made)),
      listener(server_of(settings, side), "exchange_sim/" + name) {
    faults->set(settings.faults);
  }
  std::string name;
  std::shared_ptr<exchange_server::FaultBox> faults;
  std::shared_ptr<exchange_server::Traffic> traffic;
  MakeEndpoint make;
  exchange_server::Listener listener;
  net::Bound bound;
};

ExchangeSim::ExchangeSim(Settings settings) : settings_(std::move(settings)) {
  if (!settings_.binance.listen.empty()) {
    sides_.push_back(std::make_unique<SideState>("binance", settings_, settings_.binance,
                                                 make_binance(settings_)));
  }
  if (!settings_.coinbase.listen.empty()) {
    sides_.push_back(std::make_unique<SideState>("coinbase", settings_, settings_.coinbase,
                                                 make_coinbase(settings_)));
  }
}

ExchangeSim::~ExchangeSim() = default;

supervision::SupervisorSpec ExchangeSim::supervisor() const {
  supervision::SupervisorSpec spec{.name = "exchange_sim"};
  constexpr std::chrono::seconds start_deadline{30}; // the last day's candles come first
  for (const auto& side : sides_) {
    const auto history = side->name + "_history";
    spec.children.push_back({.name = history,
                             .start = exchange_server::history_actor(),
                             .detached = true,
                             .health_deadline = exchange_server::candle_health_deadline});
    spec.children.push_back({.name = side->name,
                             .start = exchange_server::exchange_actor(
                               side->make, {.history_path = "exchange_sim/" + history,
                                            .faults = side->faults,
                                            .traffic = side->traffic,
                                            .warm_history = settings_.warm_history}),
                             .backoff = supervision::quick_backoff,
                             .hold = 1'000,
                             .health_deadline = start_deadline});
  }
  return spec;
}

core::Result<void> ExchangeSim::bind() {
  for (const auto& side : sides_) {
    auto bound = side->listener.bind();
    if (!bound) {
      auto error = bound.error();
      error.message = "exchange_sim." + side->name + ".listen: " + error.message;
      return error;
    }
    side->bound = *bound;
  }
  return {};
}

void ExchangeSim::declare(supervision::Runtime& runtime) const {
  for (const auto& side : sides_) {
    runtime.health.set("exchange_sim/" + side->name, false, "starting");
  }
}

core::Result<void> ExchangeSim::serve(supervision::Runtime& runtime) {
  for (const auto& side : sides_) {
    if (auto served = side->listener.serve(runtime); !served) {
      return served;
    }
  }
  return {};
}

void ExchangeSim::stop(core::Duration deadline) {
  for (const auto& side : sides_) {
    side->listener.stop(deadline);
  }
}

std::string ExchangeSim::ready_words() const {
  std::string out;
  for (const auto& side : sides_) {
    out += ' ' + side->name + '=' + side->bound.url();
  }
  return out;
}

std::string ExchangeSim::faults_json() const {
  std::string out = "{";
  for (const auto& side : sides_) {
    out += (out.size() == 1 ? "\"" : ",\"") + side->name
           + "\":" + core::json::encode(side->faults->get()->faults);
  }
  return out + '}';
}

std::string ExchangeSim::traffic_json() const {
  std::map<std::string, exchange_server::TrafficCounts> counts;
  for (const auto& side : sides_) {
    counts[side->name] = side->traffic->counts();
  }
  return core::json::encode(counts);
}

core::Result<void> ExchangeSim::order_faults(std::string_view json) {
  const auto order = core::json::decode<FaultsOrder>(json, core::json::Missing::DEFAULT);
  if (!order) {
    return order.error();
  }
  if (const auto sound = check(static_cast<const Faults&>(*order)); !sound) {
    return sound;
  }
  bool any = false;
  for (const auto& side : sides_) {
    if (!order->venue || *order->venue == side->name) {
      side->faults->set(*order);
      any = true;
    }
  }
  if (!any) {
    return core::Error{core::Errc::INVALID_ARGUMENT,
                       "venue: expected binance or coinbase as served here, found \""
                         + order->venue->substr(0, 80) + '"'};
  }
  return {};
}

} // namespace troupe::venues::exchange_sim
