#pragma once

#include "messages/regime.hpp"

#include <boost/mp11/list.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// The fitted models of the regime service: what they say, how they are kept and changed. Maps over
/// regimes have the regimes' names as keys.
namespace troupe::messages {

/// Weights of the ensemble; those of models that are there are scaled to a sum of 1.
struct RegimeWeights {
  double rules = 0.4;
  double hmm = 0.4;
  double markov_switching = 0.2;
  friend bool operator==(const RegimeWeights&, const RegimeWeights&) = default;
};
BOOST_DESCRIBE_STRUCT(RegimeWeights, (), (rules, hmm, markov_switching))

/// How a set of models is fitted and weighed.
struct RegimeModelSpec {
  std::uint32_t hmm_states = 4;       ///< 2 to 4
  std::uint32_t switching_states = 3; ///< 2 to 4
  std::uint32_t fit_bars = 2'000;     ///< newest closed bars that it is fitted on
  RegimeWeights weights{};
  friend bool operator==(const RegimeModelSpec&, const RegimeModelSpec&) = default;
};
BOOST_DESCRIBE_STRUCT(RegimeModelSpec, (), (hmm_states, switching_states, fit_bars, weights))

// ---- what models say -------------------------------------------------------------------------

/// One state of a fitted model: what it is like, which regime it stands for, how probable it is.
struct RegimeModelState {
  trading::Regime regime = trading::Regime::RANGING;
  /// Filtered: given the bars up to now. Absent, as `next`, in a set that is not in use.
  std::optional<double> probability;
  std::optional<double> next;                   ///< of the bar to come
  double stationary = 0.0;                      ///< in the long run
  std::optional<double> expected_duration_bars; ///< absent: it is never left
  // over the bars it was fitted on, weighted by the filtered probabilities
  double share = 0.0;             ///< of the bars
  double volatility_annual = 0.0; ///< root mean square return, over 365 days of 24 hours
  double volatility_ratio = 0.0;  ///< over that of all other bars
  double choppiness = 0.0;        ///< mean of the choppiness index, 0 to 100
  double mean_return_bps = 0.0;   ///< per bar
};
BOOST_DESCRIBE_STRUCT(RegimeModelState,
                      (),
                      (regime,
                       probability,
                       next,
                       stationary,
                       expected_duration_bars,
                       share,
                       volatility_annual,
                       volatility_ratio,
                       choppiness,
                       mean_return_bps))

/// How a model was fitted.
struct RegimeModelFit {
  std::uint64_t version = 0;
  core::Timestamp fitted_from;  ///< close of the first bar
  core::Timestamp fitted_until; ///< close of the last bar
  std::uint64_t n_obs = 0;
  double log_likelihood = 0.0;
  double bic = 0.0; ///< p ln T - 2 ln L
  std::uint32_t iterations = 0;
  bool converged = false;
};
BOOST_DESCRIBE_STRUCT(
  RegimeModelFit,
  (),
  (version, fitted_from, fitted_until, n_obs, log_likelihood, bic, iterations, converged))

/// What one model says: regimes first, its own states below.
struct RegimeModelProbabilities {
  std::string model; ///< rules, hmm, markov_switching
  double weight = 0.0;
  std::map<std::string, double> probabilities; ///< of the regimes now
  std::map<std::string, double> next;          ///< of the bar to come
  std::string mapping;                         ///< how states became regimes
  std::vector<RegimeModelState> states;        ///< none of the rules
  std::vector<std::vector<double>> transition; ///< of the states; of the regimes for the rules
  std::optional<RegimeModelFit> fit;           ///< absent for the rules
};
BOOST_DESCRIBE_STRUCT(RegimeModelProbabilities,
                      (),
                      (model, weight, probabilities, next, mapping, states, transition, fit))

/// Probabilities of the four regimes, by the ensemble and by each of its models.
struct RegimeProbabilities {
  trading::InstrumentId instrument;
  trading::Interval interval;
  trading::Regime regime = trading::Regime::RANGING; ///< that stands: with hysteresis and dwell
  core::Timestamp since;
  bool since_replayed = false; ///< as in RegimeState
  std::map<std::string, double> probabilities;
  std::map<std::string, double> next;                   ///< of the bar to come
  std::vector<trading::Regime> regimes;                 ///< rows and columns of `transition`
  std::vector<std::vector<double>> transition;          ///< P(column next | row now)
  std::map<std::string, double> expected_duration_bars; ///< without those that are never left
  std::vector<RegimeModelProbabilities> models;
  std::string note; ///< why an older model stands, or none; empty: nothing to say
};
BOOST_DESCRIBE_STRUCT(RegimeProbabilities,
                      (),
                      (instrument,
                       interval,
                       regime,
                       since,
                       since_replayed,
                       probabilities,
                       next,
                       regimes,
                       transition,
                       expected_duration_bars,
                       models,
                       note))

struct RegimeProbabilityReply {
  Meta meta;
  RegimeProbabilities data;
};
BOOST_DESCRIBE_STRUCT(RegimeProbabilityReply, (), (meta, data))

struct GetRegimeProbability {
  using Reply = RegimeProbabilityReply;
  trading::InstrumentId symbol;
  std::optional<trading::Interval> interval; ///< default 1h
};
BOOST_DESCRIBE_STRUCT(GetRegimeProbability, (), (symbol, interval))

// ---- many instruments at once ------------------------------------------------------------------

struct RegimeBulkError {
  std::string code;
  std::string message;
  bool retryable = false;
};
BOOST_DESCRIBE_STRUCT(RegimeBulkError, (), (code, message, retryable))

/// The answer for one instrument: state with meta, or an error.
struct RegimeBulkItem {
  trading::InstrumentId symbol;
  std::optional<RegimeState> state;
  std::optional<Meta> meta;
  std::optional<RegimeBulkError> error;
};
BOOST_DESCRIBE_STRUCT(RegimeBulkItem, (), (symbol, state, meta, error))

struct RegimeBulk {
  trading::Interval interval;
  std::uint32_t answered = 0;
  std::uint32_t failed = 0;
  std::vector<RegimeBulkItem> items; ///< in the order asked for
};
BOOST_DESCRIBE_STRUCT(RegimeBulk, (), (interval, answered, failed, items))

struct RegimeBulkReply {
  Meta meta;
  RegimeBulk data;
};
BOOST_DESCRIBE_STRUCT(RegimeBulkReply, (), (meta, data))

/// Regimes of many instruments, asked of the nodes that keep them. Any node may answer.
struct ClassifyMany {
  using Reply = RegimeBulkReply;
  std::optional<std::vector<trading::InstrumentId>> symbols; ///< absent: all that are known
  std::optional<trading::Interval> interval;                 ///< default 1h
};
BOOST_DESCRIBE_STRUCT(ClassifyMany, (), (symbols, interval))

// ---- models as a resource ----------------------------------------------------------------------

/// A fitted set of models.
struct RegimeModelSet {
  std::uint64_t version = 0; ///< counts the fits of this instrument and interval
  std::uint64_t era = 0;     ///< counts the promotions and rollbacks
  RegimeModelSpec spec;
  core::Timestamp fitted_at;
  core::Timestamp fitted_until;
  std::uint64_t n_obs = 0;
  std::vector<RegimeModelProbabilities> models; ///< without probabilities where it is not in use
  std::string note;                             ///< which model could not be fitted, and why
};
BOOST_DESCRIBE_STRUCT(RegimeModelSet,
                      (),
                      (version, era, spec, fitted_at, fitted_until, n_obs, models, note))

/// How one of two sets of models did on the bars that both have seen live, none of which it was
/// fitted on when it spoke.
struct RegimeModelScore {
  std::optional<trading::Regime> regime; ///< its label now
  std::uint64_t switches = 0;
  std::optional<double> dwell_bars_mean;        ///< bars over (switches + 1); absent: no bars
  std::optional<double> crisis_share;           ///< of the bars; absent: no bars
  std::map<std::string, double> log_score_mean; ///< by model: ln of the density of each bar before
                                                ///< it was seen; higher is better
};
BOOST_DESCRIBE_STRUCT(RegimeModelScore,
                      (),
                      (regime, switches, dwell_bars_mean, crisis_share, log_score_mean))

struct RegimeModelComparison {
  std::uint64_t n_bars = 0;
  std::optional<core::Timestamp> from; ///< close of the first bar compared
  std::optional<core::Timestamp> until;
  std::optional<double> agreement; ///< share of the bars on which both labels were the same
  RegimeModelScore live;
  RegimeModelScore shadow;
};
BOOST_DESCRIBE_STRUCT(RegimeModelComparison, (), (n_bars, from, until, agreement, live, shadow))

/// The models of one instrument on one interval.
struct RegimeModels {
  trading::InstrumentId instrument;
  trading::Interval interval;
  std::uint64_t stored_version = 0; ///< counts what was stored: fits, promotions, rollbacks
  std::optional<RegimeModelSet> live;
  std::optional<RegimeModelSpec> shadow_spec; ///< a shadow is kept, though not fitted yet perhaps
  std::optional<RegimeModelSet> shadow;
  std::optional<RegimeModelComparison> comparison; ///< where a shadow is fitted
  std::vector<RegimeModelSet> previous;            ///< that can be rolled back to, newest first
  bool pinned = false; ///< rolled back to: it is not refitted until a promotion
  bool fitting = false;
  std::string note; ///< why an older model stands, or none; empty: nothing to say
};
BOOST_DESCRIBE_STRUCT(RegimeModels,
                      (),
                      (instrument,
                       interval,
                       stored_version,
                       live,
                       shadow_spec,
                       shadow,
                       comparison,
                       previous,
                       pinned,
                       fitting,
                       note))

struct RegimeModelsReply {
  Meta meta;
  RegimeModels data;
};
BOOST_DESCRIBE_STRUCT(RegimeModelsReply, (), (meta, data))

struct GetRegimeModels {
  using Reply = RegimeModelsReply;
  trading::InstrumentId symbol;
  std::optional<trading::Interval> interval; ///< default 1h
};
BOOST_DESCRIBE_STRUCT(GetRegimeModels, (), (symbol, interval))

/// Has a second set of models fitted, which runs beside the live one on the same bars and decides
/// nothing. Replaces a shadow that is there. What is absent is as in the live set.
struct StartShadowModel {
  using Reply = RegimeModelsReply;
  trading::InstrumentId symbol;
  std::optional<trading::Interval> interval; ///< default 1h
  std::optional<std::uint32_t> hmm_states;
  std::optional<std::uint32_t> switching_states;
  std::optional<std::uint32_t> fit_bars;
  std::optional<RegimeWeights> weights;
};
BOOST_DESCRIBE_STRUCT(StartShadowModel,
                      (),
                      (symbol, interval, hmm_states, switching_states, fit_bars, weights))

/// Makes the shadow the live set; the one that was live can be rolled back to.
struct PromoteShadowModel {
  using Reply = RegimeModelsReply;
  trading::InstrumentId symbol;
  std::optional<trading::Interval> interval;     ///< default 1h
  std::optional<std::uint64_t> expected_version; ///< of the shadow; CONFLICT where it is another
};
BOOST_DESCRIBE_STRUCT(PromoteShadowModel, (), (symbol, interval, expected_version))

/// Makes a set live that was before.
struct RollbackModel {
  using Reply = RegimeModelsReply;
  trading::InstrumentId symbol;
  std::optional<trading::Interval> interval; ///< default 1h
  /// Of the previous sets. Default: what stood before the last promotion or rollback; where there
  /// was none, before the last fit.
  std::optional<std::uint64_t> version;
};
BOOST_DESCRIBE_STRUCT(RollbackModel, (), (symbol, interval, version))

/// Ends the shadow.
struct DiscardShadowModel {
  using Reply = RegimeModelsReply;
  trading::InstrumentId symbol;
  std::optional<trading::Interval> interval; ///< default 1h
};
BOOST_DESCRIBE_STRUCT(DiscardShadowModel, (), (symbol, interval))

using RegimeRequests = boost::mp11::mp_list<GetRegime,
                                            GetRegimeProbability,
                                            ClassifyMany,
                                            GetRegimeModels,
                                            StartShadowModel,
                                            PromoteShadowModel,
                                            RollbackModel,
                                            DiscardShadowModel>;

/// The models of one instrument and interval, or what was said by them, were stored; by it every
/// node of the role keeps a copy, so that whoever owns the instrument next goes on with them.
struct RegimeModelsStored {
  std::string node; ///< that stored them
  std::string kind; ///< of the document: regime_models or regime_paths
  trading::InstrumentId instrument;
  trading::Interval interval;
  std::uint64_t version = 0;
  std::string body; ///< as the store has it
  core::Timestamp written_at;
};
BOOST_DESCRIBE_STRUCT(RegimeModelsStored,
                      (),
                      (node, kind, instrument, interval, version, body, written_at))

namespace topics {
inline const supervision::Topic regime_models{"regime_models", supervision::Delivery::CONFLATED};
} // namespace topics

} // namespace troupe::messages
