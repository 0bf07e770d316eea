#pragma once

#include "messages/meta.hpp"
#include "supervision/bus.hpp"
#include "trading/instrument.hpp"
#include "trading/interval.hpp"

#include <map>
#include <string>
#include <vector>

/// The regime service. Role "regime"; keys are unqualified symbols.
namespace troupe::messages {

inline constexpr const char* regime_service = "regime";

/// What one model says of an instrument.
struct RegimeVerdict {
  std::string model;                                 ///< rules, hmm, markov_switching
  trading::Regime regime = trading::Regime::RANGING; ///< its most probable
  double probability = 0.0;                          ///< of that regime
  double weight = 0.0;                               ///< in the ensemble, of a sum of 1
  std::optional<std::uint64_t> version;              ///< absent for the rules, which are not fitted
  std::optional<core::Timestamp> fitted_until;
};
BOOST_DESCRIBE_STRUCT(RegimeVerdict,
                      (),
                      (model, regime, probability, weight, version, fitted_until))

/// The market regime of an instrument on one bar interval.
struct RegimeState {
  trading::InstrumentId instrument;
  trading::Interval interval;
  trading::Regime regime = trading::Regime::RANGING;
  /// 0 to 1. By the rules alone: how far the features are past the thresholds; of the ensemble: its
  /// probability of this regime.
  double confidence = 0.0;
  core::Timestamp since; ///< close of the bar that brought this regime
  /// `since` is of a replay over the newest bars: nothing is kept of what was said before them.
  bool since_replayed = false;
  std::map<std::string, double> features;      ///< adx, choppiness, bollinger_bandwidth, ...
  std::map<std::string, std::string> models;   ///< what each model said, and the ensemble
  std::map<std::string, double> probabilities; ///< of the four regimes, by the ensemble
  std::vector<RegimeVerdict> explanation;      ///< what the ensemble is made of
};
BOOST_DESCRIBE_STRUCT(RegimeState,
                      (),
                      (instrument,
                       interval,
                       regime,
                       confidence,
                       since,
                       since_replayed,
                       features,
                       models,
                       probabilities,
                       explanation))

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

/// An instrument's regime changed, or is known for the first time (`previous` absent).
struct RegimeChanged {
  Meta meta;
  RegimeState state;
  std::optional<trading::Regime> previous;
  /// market: a bar closed; refit: another model came into use; standing: no change, but the quality
  /// is another one or the label was carried on from before (on the topic regime_states alone)
  std::string cause;
};
BOOST_DESCRIBE_STRUCT(RegimeChanged, (), (meta, state, previous, cause))

/// Which intervals a node keeps regimes on; told every few seconds, so that others know what can be
/// subscribed to.
struct RegimeIntervals {
  std::string node;
  std::vector<trading::Interval> intervals;
};
BOOST_DESCRIBE_STRUCT(RegimeIntervals, (), (node, intervals))

namespace topics {
/// Changes alone, each once: none is told again when a process starts or an instrument moves.
inline const supervision::Topic regime_changes{"regime_changes", supervision::Delivery::CONFLATED};
/// Changes, and how a regime stands where there was none: the newest event is what stands.
inline const supervision::Topic regime_states{"regime_states", supervision::Delivery::CONFLATED};
inline const supervision::Topic regime_intervals{"regime_intervals",
                                                 supervision::Delivery::CONFLATED};
} // namespace topics

} // namespace troupe::messages
