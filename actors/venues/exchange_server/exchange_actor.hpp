#pragma once

#include "actors/venues/exchange_server/endpoint.hpp"
#include "actors/venues/exchange_server/traffic.hpp"
#include "net/responder.hpp"
#include "supervision/supervisor.hpp"

#include <memory>
#include <string>

namespace troupe::venues::exchange_server {

/// A request on its way to its exchange; never leaves the node.
struct HttpCall {
  std::shared_ptr<const net::Request> request;
  net::Responder respond;
};
struct SessionOpened {
  net::SessionPtr session;
  std::shared_ptr<const net::Request> request;
};
struct SessionText {
  net::SessionPtr session;
  std::string text;
};
struct SessionClosed {
  net::SessionPtr session;
};

/// What of an exchange outlives the actor that runs it: accounts, orders, balances. A crash in the
/// midst of a change would leave a doubtful state behind, so that of a crashed actor is dropped
/// only when its replacement crashes too (see exchange_actor.cpp).
struct ExchangeHome;

struct ExchangeActorSettings {
  std::string history_path; ///< of the child that computes candles of the past
  std::shared_ptr<FaultBox> faults;
  std::shared_ptr<Traffic> traffic;
  bool warm_history = true; ///< compute the past's hours in the background after the start
};

/// Starts the actor that owns an exchange and speaks its protocol: takes HttpCall, SessionOpened,
/// SessionText and SessionClosed. State: the exchange, which is handed on to its replacement.
[[nodiscard]] supervision::Start exchange_actor(MakeEndpoint make, ExchangeActorSettings settings);

/// Starts the actor that computes candles of the past. Declare it detached: it computes for
/// seconds. State: hours it has computed, a memory of a function.
[[nodiscard]] supervision::Start history_actor();

/// A computation of years of candles is not stuck.
inline constexpr std::chrono::seconds candle_health_deadline{120};

} // namespace troupe::venues::exchange_server

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::exchange_server::HttpCall)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::exchange_server::SessionOpened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::exchange_server::SessionText)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::exchange_server::SessionClosed)
