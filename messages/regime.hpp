#pragma once

#include "messages/meta.hpp"
#include "supervision/bus.hpp"
#include "trading/instrument.hpp"
#include "trading/interval.hpp"

#include <boost/mp11/list.hpp>

#include <map>

/// The regime service. Role "regime"; keys are unqualified symbols.
namespace troupe::messages {

inline constexpr const char* regime_service = "regime";

/// The market regime of an instrument on one bar interval.
struct RegimeState {
  trading::InstrumentId instrument;
  trading::Interval interval;
  trading::Regime regime = trading::Regime::RANGING;
  double confidence = 0.0;                ///< 0 to 1: how far the features are past the thresholds
  core::Timestamp since;                  ///< close of the bar that brought this regime
  std::map<std::string, double> features; ///< adx, choppiness, bollinger_bandwidth, ...
  std::map<std::string, std::string> models; ///< what each model said
};
BOOST_DESCRIBE_STRUCT(RegimeState,
                      (),
                      (instrument, interval, regime, confidence, since, features, models))

struct RegimeReply {
  Meta meta;
  RegimeState data;
};
BOOST_DESCRIBE_STRUCT(RegimeReply, (), (meta, data))

struct GetRegime {
  using Reply = RegimeReply;
  trading::InstrumentId symbol;
  std::optional<trading::Interval> interval; ///< default 1h
};
BOOST_DESCRIBE_STRUCT(GetRegime, (), (symbol, interval))

using RegimeRequests = boost::mp11::mp_list<GetRegime>;

/// An instrument's regime changed, or is known for the first time (`previous` absent).
struct RegimeChanged {
  Meta meta;
  RegimeState state;
  std::optional<trading::Regime> previous;
  std::string cause; ///< market
};
BOOST_DESCRIBE_STRUCT(RegimeChanged, (), (meta, state, previous, cause))

namespace topics {
inline const supervision::Topic regime_changes{"regime_changes", supervision::Delivery::CONFLATED};
} // namespace topics

} // namespace troupe::messages
