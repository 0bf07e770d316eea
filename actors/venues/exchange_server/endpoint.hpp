#pragma once

#include "actors/venues/exchange_server/faults.hpp"
#include "actors/venues/sim/exchange/exchange.hpp"
#include "net/http.hpp"
#include "net/websocket.hpp"

#include <functional>
#include <memory>
#include <string_view>

/// What is common to exchanges that are served over a venue's wire protocol.
namespace troupe::venues::exchange_server {

/// A venue's protocol over a simulated exchange: takes requests and sessions, in the order in which
/// they come, on one thread. Has no actors in it and no clock of its own.
class Endpoint {
public:
  /// Called once, perhaps later.
  using Respond = std::function<void(net::Response)>;

  virtual ~Endpoint() = default;
  /// Lets time go on to `now` and sends what became due.
  virtual void advance(core::Timestamp now) = 0;
  virtual void on_request(const net::Request& request, Respond respond) = 0;
  virtual void on_open(const net::SessionPtr& session, const net::Request& request) = 0;
  virtual void on_message(const net::SessionPtr& session, std::string_view text) = 0;
  virtual void on_close(const net::SessionPtr& session) = 0;
  /// The reply of a server that is out of order.
  [[nodiscard]] virtual net::Response error_reply(unsigned status) const = 0;
  [[nodiscard]] virtual sim::exchange::Exchange& exchange() = 0;
};

/// What an endpoint is made with.
struct EndpointContext {
  core::Timestamp now;
  sim::exchange::CandleSource* candles = nullptr; ///< of the past, where they take long
  FaultPlan* faults = nullptr;
};
using MakeEndpoint = std::function<std::unique_ptr<Endpoint>(const EndpointContext&)>;

} // namespace troupe::venues::exchange_server
