#pragma once

#include "actors/venues/exchange_sim/settings.hpp"
#include "supervision/supervisor.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace troupe::venues::exchange_sim {

/// The exchange simulator of a node: the simulated market served as Binance spot and as Coinbase
/// Exchange, each side an exchange of its own with a port of its own.
class ExchangeSim {
public:
  /// @pre check(settings) found nothing
  explicit ExchangeSim(Settings settings);
  ~ExchangeSim();
  ExchangeSim(const ExchangeSim&) = delete;
  ExchangeSim& operator=(const ExchangeSim&) = delete;

  /// The supervised actors: exchange_sim/binance, exchange_sim/binance_history, and so on.
  [[nodiscard]] supervision::SupervisorSpec supervisor() const;

  /// Takes the ports. @returns CONFIG_INVALID or IO_ERROR as net::Server::bind
  [[nodiscard]] core::Result<void> bind();
  /// To be called before the actors start: the node is not ready before they are.
  void declare(supervision::Runtime& runtime) const;
  /// Starts to answer. @param runtime  outlives stop()
  [[nodiscard]] core::Result<void> serve(supervision::Runtime& runtime);
  void stop(core::Duration deadline);

  /// " binance=http://127.0.0.1:9081 coinbase=http://127.0.0.1:9082", for the ready line
  [[nodiscard]] std::string ready_words() const;

  /// The faults in force, JSON by side.
  [[nodiscard]] std::string faults_json() const;
  /// What each side has answered so far, JSON by side.
  [[nodiscard]] std::string traffic_json() const;
  /// Orders faults: `{"venue": "binance", "error_status": 503, ...}`, without a venue for both
  /// sides; what is not named is switched off. @returns INVALID_ARGUMENT with expected and found
  [[nodiscard]] core::Result<void> order_faults(std::string_view json);

private:
  struct SideState;
  Settings settings_;
  std::vector<std::unique_ptr<SideState>> sides_;
};

} // namespace troupe::venues::exchange_sim
