#include "actors/venues/exchange_sim/settings.hpp"

#include "actors/venues/common/signing.hpp"
#include "net/uri.hpp"

#include <algorithm>
#include <set>

namespace troupe::venues::exchange_sim {

namespace {

using Problems = std::vector<core::json::Problem>;

void check_side(const Settings& settings,
                const std::string& name,
                const Side& side,
                Problems& problems) {
  const auto path = "exchange_sim." + name;
  const auto market = market_of(settings);
  const auto known =
    std::any_of(market.venues.begin(), market.venues.end(),
                [&](const sim::SimVenue& venue) { return venue.name == side.venue; });
  if (!known) {
    problems.push_back({path + ".venue", "SIM-A or SIM-B", '"' + side.venue + '"'});
  }
  if (side.listen.empty()) {
    return;
  }
  const auto place = net::parse_host_port(side.listen);
  if (!place || side.listen.find(':') == std::string::npos) {
    problems.push_back(
      {path + ".listen", "HOST:PORT such as 127.0.0.1:9081", '"' + side.listen + '"'});
  } else if (!net::is_loopback_host(place->host) && settings.tls.certificate.empty()
             && !settings.allow_plain) {
    problems.push_back({path + ".listen",
                        "exchange_sim.tls.certificate and key (or exchange_sim.allow_plain=true) "
                        "when bound off loopback",
                        '"' + side.listen + "\" without TLS"});
  }
}

void check_accounts(const Settings& settings, Problems& problems) {
  std::set<std::string> keys;
  for (std::size_t i = 0; i < settings.accounts.size(); ++i) {
    const auto& account = settings.accounts[i];
    const auto path = "exchange_sim.accounts[" + std::to_string(i) + "]";
    if (account.key.empty()) {
      problems.push_back({path + ".key", "an API key", "nothing"});
    } else if (!keys.insert(account.key).second) {
      problems.push_back({path + ".key", "a key of its own", "one that stands above"});
    }
    if (account.secret.empty() && account.public_key.empty()) {
      problems.push_back({path + ".secret", "the key's secret, or its public_key", "nothing"});
    }
    if (!account.public_key.empty()
        && signing::public_key_kind(account.public_key) == signing::PublicKeyKind::NONE) {
      problems.push_back({path + ".public_key", "an RSA or Ed25519 public key in PEM", "another"});
    }
    for (const auto& [asset, amount] : account.balances) {
      if (amount.sign() < 0 || amount > trading::Money::from_integer(1'000'000'000'000'000)) {
        problems.push_back(
          {path + ".balances." + asset, "0 to 1e15", '"' + amount.to_text() + '"'});
      }
    }
  }
}

void check_limits(const LimitSettings& limits, Problems& problems) {
  core::for_each_member(limits, [&](std::string_view name, const auto& value) {
    using Value = std::remove_cvref_t<decltype(value)>;
    const auto path = "exchange_sim.limits." + std::string(name);
    if constexpr (std::is_same_v<Value, core::Duration>) {
      if (value.ns <= 0) {
        problems.push_back({path, "more than 0s", '"' + value.to_text() + '"'});
      }
    } else {
      if (value < Value{1}) {
        problems.push_back({path, "at least 1", core::json::encode(value)});
      }
    }
  });
}

} // namespace

sim::SimSettings market_of(const Settings& settings) {
  sim::SimSettings market;
  market.seed = settings.seed;
  market.trades_per_second = settings.trades_per_second;
  if (settings.instruments) {
    market.instruments = *settings.instruments;
  }
  return market;
}

void check(const Settings& settings, std::vector<core::json::Problem>& problems) {
  check_side(settings, "binance", settings.binance, problems);
  check_side(settings, "coinbase", settings.coinbase, problems);
  if (settings.binance.listen.empty() && settings.coinbase.listen.empty()) {
    problems.push_back({"exchange_sim", "binance.listen or coinbase.listen", "neither"});
  }
  if (settings.tls.certificate.empty() != settings.tls.key.empty()) {
    problems.push_back({"exchange_sim.tls", "both certificate and key, or neither", "one of them"});
  }
  check_accounts(settings, problems);
  check_limits(settings.limits, problems);
  constexpr std::chrono::seconds window_max{60};
  const auto window = settings.limits.binance_weight_window;
  if (window.ns % 1'000'000'000 != 0 || window > core::Duration{window_max}) {
    problems.push_back({"exchange_sim.limits.binance_weight_window", "whole seconds, 1s to 1m",
                        '"' + window.to_text() + '"'});
  }
  if (const auto sound = sim::check(market_of(settings)); !sound) {
    problems.push_back({"exchange_sim", "settings of a market", sound.error().message});
  }
  if (const auto sound = exchange_server::check(settings.faults); !sound) {
    problems.push_back({"exchange_sim.faults", "faults that exist", sound.error().message});
  }
  constexpr std::chrono::hours day{24};
  constexpr int days_max = 3'650;
  if (settings.history < core::Duration{day} || settings.history > core::Duration{day * days_max}) {
    problems.push_back(
      {"exchange_sim.history", "1d to 3650d", '"' + settings.history.to_text() + '"'});
  }
}

} // namespace troupe::venues::exchange_sim
