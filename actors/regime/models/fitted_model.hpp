#pragma once

#include "actors/regime/models/mapping.hpp"
#include "core/errc.hpp"
#include "messages/regime_models.hpp"
#include "quant/markov/gaussian_hmm.hpp"
#include "quant/markov/markov_switching.hpp"

#include <boost/describe/enum.hpp>

#include <cstdint>
#include <string>
#include <vector>

/// Fitted models as they are stored: plain numbers with names.
namespace troupe::regime {

BOOST_DEFINE_FIXED_ENUM_CLASS(ModelKind, std::uint8_t, hmm, markov_switching)

[[nodiscard]] std::string name_of(ModelKind kind);

/// A fitted model of either kind, K states over d dimensions.
///
///     hmm               d = 2: ln of the volatility ratio (at least 0.01), choppiness / 100
///     markov_switching  d = 1: log return / `scale`
struct FittedModel {
  ModelKind kind = ModelKind::hmm;
  double scale = 1.0;                                        ///< root mean square return
  std::vector<std::vector<double>> transition;               ///< K rows that sum to 1
  std::vector<std::vector<double>> means;                    ///< K of d
  std::vector<std::vector<std::vector<double>>> covariances; ///< K of d x d
  std::vector<StateStatistics> states;
  std::vector<trading::Regime> regimes; ///< what each state stands for
  double log_likelihood = 0.0;
  double bic = 0.0;
  std::uint32_t iterations = 0;
  bool converged = false;
};
BOOST_DESCRIBE_STRUCT(FittedModel,
                      (),
                      (kind,
                       scale,
                       transition,
                       means,
                       covariances,
                       states,
                       regimes,
                       log_likelihood,
                       bic,
                       iterations,
                       converged))

/// Models that were fitted together, on the same bars.
struct ModelSet {
  std::uint64_t version = 0; ///< counts the fits of an instrument and interval
  std::uint64_t era = 0;     ///< counts its promotions and rollbacks
  messages::RegimeModelSpec spec;
  core::Timestamp fitted_at;
  core::Timestamp fitted_from;  ///< close of the first bar
  core::Timestamp fitted_until; ///< close of the last bar
  std::uint64_t n_obs = 0;
  std::vector<FittedModel> models; ///< at least one, each kind at most once
  std::string note;                ///< which model could not be fitted, and why
};
BOOST_DESCRIBE_STRUCT(
  ModelSet, (), (version, era, spec, fitted_at, fitted_from, fitted_until, n_obs, models, note))

/// What the hidden Markov model sees of a bar, shape (2).
[[nodiscard]] Eigen::Vector2d hmm_point(const Observation& observation);
inline constexpr double volatility_ratio_min = 0.01;

/// The kernels' models. The chain of the hidden Markov model begins with its stationary
/// distribution, where there is a unique one, else in all states alike.
/// @pre check_model(model)
[[nodiscard]] quant::GaussianHmm hmm_of(const FittedModel& model);
[[nodiscard]] quant::MarkovSwitchingModel switching_of(const FittedModel& model);

/// Shapes, and whether the kernels take it. @returns IO_ERROR that says what is wrong
[[nodiscard]] core::Result<void> check_model(const FittedModel& model);
/// Of each model, and that there is one, each kind once.
[[nodiscard]] core::Result<void> check_set(const ModelSet& set);

/// P(state) in the long run, shape (K); all alike where it is not unique.
[[nodiscard]] Eigen::VectorXd stationary_of(const FittedModel& model);
[[nodiscard]] Eigen::MatrixXd transition_of(const FittedModel& model);

} // namespace troupe::regime
