#include "actors/regime/models/fit.hpp"

#include "quant/markov/hmm_fit.hpp"
#include "quant/markov/markov_switching_fit.hpp"

#include <cmath>

namespace troupe::regime {

namespace model_fit_detail {

using Observations = std::span<const Observation>;

std::vector<std::vector<double>> rows_of(const Eigen::Ref<const Eigen::MatrixXd>& matrix) {
  std::vector<std::vector<double>> out(static_cast<std::size_t>(matrix.rows()));
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    for (Eigen::Index j = 0; j < matrix.cols(); ++j) {
      out[static_cast<std::size_t>(i)].push_back(matrix(i, j));
    }
  }
  return out;
}

/// What states are like and stand for, and the criterion.
/// @param parameters  that were free
void finish(FittedModel& model,
            Observations observations,
            const Eigen::Ref<const Eigen::MatrixXd>& filtered,
            double parameters) {
  model.states = state_statistics(observations, filtered);
  const auto count = static_cast<double>(observations.size());
  double mean = 0.0;
  for (const auto& seen : observations) {
    mean += seen.choppiness / count;
  }
  double variance = 0.0;
  for (const auto& seen : observations) {
    variance += (seen.choppiness - mean) * (seen.choppiness - mean) / count;
  }
  model.regimes = map_states(model.states, mean, std::sqrt(variance));
  model.bic = parameters * std::log(count) - 2.0 * model.log_likelihood;
}

quant::Expected<FittedModel> fit_hidden(Observations observations, const FitPlan& plan) {
  Eigen::MatrixXd x(static_cast<Eigen::Index>(observations.size()), 2);
  for (std::size_t t = 0; t < observations.size(); ++t) {
    x.row(static_cast<Eigen::Index>(t)) = hmm_point(observations[t]).transpose();
  }
  quant::HmmSettings settings;
  settings.starts = static_cast<int>(plan.starts);
  settings.seed = plan.seed;
  settings.variance_floor = 1e-3; // a state must not collapse onto a stretch where nothing moved
  const auto fit = quant::fit_hmm(x, static_cast<Eigen::Index>(plan.spec.hmm_states), settings);
  if (!fit) {
    return fit.reason();
  }
  const auto inference = quant::infer(fit->model, x);
  if (!inference) {
    return inference.reason();
  }
  FittedModel out;
  out.kind = ModelKind::hmm;
  out.transition = rows_of(fit->model.transition);
  out.means = rows_of(fit->model.states.means);
  for (const auto& covariance : fit->model.states.covariances) {
    out.covariances.push_back(rows_of(covariance));
  }
  out.log_likelihood = fit->log_likelihood;
  out.iterations = static_cast<std::uint32_t>(fit->iterations);
  out.converged = fit->converged;
  const auto states = fit->model.states.states();
  const auto free =
    states - 1 + states * (states - 1) + fit->model.states.parameter_count(settings.covariance);
  finish(out, observations, inference->filtered, static_cast<double>(free));
  return out;
}

quant::Expected<FittedModel> fit_switching(Observations observations, const FitPlan& plan) {
  Eigen::VectorXd y(static_cast<Eigen::Index>(observations.size()));
  for (std::size_t t = 0; t < observations.size(); ++t) {
    y[static_cast<Eigen::Index>(t)] = observations[t].log_return;
  }
  const double scale = std::sqrt(y.squaredNorm() / static_cast<double>(y.size()));
  if (!(scale > 0.0)) {
    return quant::Reason::DEGENERATE;
  }
  y /= scale;
  quant::SwitchingSettings settings;
  settings.starts = static_cast<int>(plan.starts);
  settings.seed = plan.seed;
  settings.variance_floor = 1e-3; // likewise
  const auto fit = quant::fit_markov_switching(
    y, static_cast<Eigen::Index>(plan.spec.switching_states), 0, settings);
  if (!fit) {
    return fit.reason();
  }
  const auto inference = quant::infer(fit->model, y);
  if (!inference) {
    return inference.reason();
  }
  FittedModel out;
  out.kind = ModelKind::markov_switching;
  out.scale = scale;
  out.transition = rows_of(fit->model.transition);
  for (Eigen::Index k = 0; k < fit->model.regimes(); ++k) {
    out.means.push_back({fit->model.means[k]});
    out.covariances.push_back({{fit->model.variances[k]}});
  }
  // of the returns themselves, not of the scaled ones
  out.log_likelihood = fit->log_likelihood - static_cast<double>(y.size()) * std::log(scale);
  out.iterations = static_cast<std::uint32_t>(fit->iterations);
  out.converged = fit->converged;
  const auto states = fit->model.regimes();
  finish(out, observations, inference->filtered,
         static_cast<double>(states * (states - 1) + 2 * states));
  return out;
}

/// Takes a model that was fitted, or notes why there is none.
void take(ModelSet& set, ModelKind kind, quant::Expected<FittedModel> fit) {
  std::string reason = fit ? std::string{} : std::string{quant::name(fit.reason())};
  if (fit) {
    if (const auto checked = check_model(*fit); checked) {
      set.models.push_back(std::move(*fit));
      return;
    } else {
      reason = checked.error().message;
    }
  }
  set.note += (set.note.empty() ? "" : "; ") + name_of(kind) + " not fitted: " + reason;
}

} // namespace model_fit_detail

core::Result<ModelSet> fit_models(std::span<const Observation> observations, const FitPlan& plan) {
  using namespace model_fit_detail;
  const auto least = std::max<std::size_t>(plan.bars_min, 1);
  if (observations.size() < least) {
    return core::Error{core::Errc::NOT_READY, "insufficient data: expected at least "
                                                + std::to_string(least) + " closed bars, found "
                                                + std::to_string(observations.size())};
  }
  if (observations.size() > plan.spec.fit_bars) {
    observations = observations.last(plan.spec.fit_bars);
  }
  ModelSet set;
  set.spec = plan.spec;
  set.fitted_from = observations.front().at;
  set.fitted_until = observations.back().at;
  set.n_obs = observations.size();
  take(set, ModelKind::hmm, fit_hidden(observations, plan));
  take(set, ModelKind::markov_switching, fit_switching(observations, plan));
  if (set.models.empty()) {
    return core::Error{core::Errc::NOT_READY, set.note};
  }
  return set;
}

} // namespace troupe::regime
