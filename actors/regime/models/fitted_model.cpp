#include "actors/regime/models/fitted_model.hpp"

#include <boost/describe/enum_to_string.hpp>

#include <algorithm>
#include <cmath>

namespace troupe::regime {

namespace fitted_model_detail {

constexpr std::size_t hmm_dimension = 2;
constexpr std::size_t states_most = 8;

core::Error damaged(const FittedModel& model, const std::string& what) {
  return {core::Errc::IO_ERROR, name_of(model.kind) + ": " + what};
}

template <class Rows>
bool has_shape(const Rows& rows, std::size_t count, std::size_t width) {
  return rows.size() == count && std::all_of(rows.begin(), rows.end(), [&](const auto& row) {
           return row.size() == width;
         });
}

Eigen::MatrixXd matrix_of(const std::vector<std::vector<double>>& rows) {
  const auto width = rows.empty() ? std::size_t{0} : rows.front().size();
  Eigen::MatrixXd out(static_cast<Eigen::Index>(rows.size()), static_cast<Eigen::Index>(width));
  for (Eigen::Index i = 0; i < out.rows(); ++i) {
    for (Eigen::Index j = 0; j < out.cols(); ++j) {
      out(i, j) = rows[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
    }
  }
  return out;
}

} // namespace fitted_model_detail

using namespace fitted_model_detail;

std::string name_of(ModelKind kind) {
  return boost::describe::enum_to_string(kind, "?");
}

Eigen::Vector2d hmm_point(const Observation& observation) {
  return {std::log(std::max(observation.volatility_ratio, volatility_ratio_min)),
          observation.choppiness / 100.0};
}

Eigen::MatrixXd transition_of(const FittedModel& model) {
  return matrix_of(model.transition);
}

Eigen::VectorXd stationary_of(const FittedModel& model) {
  const auto found = quant::stationary_distribution(transition_of(model));
  const auto states = static_cast<Eigen::Index>(model.transition.size());
  return found ? *found : Eigen::VectorXd::Constant(states, 1.0 / static_cast<double>(states));
}

quant::GaussianHmm hmm_of(const FittedModel& model) {
  quant::GaussianHmm out;
  out.start = stationary_of(model);
  out.transition = transition_of(model);
  out.states.means = matrix_of(model.means);
  for (const auto& covariance : model.covariances) {
    out.states.covariances.push_back(matrix_of(covariance));
  }
  return out;
}

quant::MarkovSwitchingModel switching_of(const FittedModel& model) {
  quant::MarkovSwitchingModel out;
  const auto states = static_cast<Eigen::Index>(model.transition.size());
  out.transition = transition_of(model);
  out.means.resize(states);
  out.variances.resize(states);
  for (Eigen::Index k = 0; k < states; ++k) {
    out.means[k] = model.means[static_cast<std::size_t>(k)].front();
    out.variances[k] = model.covariances[static_cast<std::size_t>(k)].front().front();
  }
  return out;
}

core::Result<void> check_model(const FittedModel& model) {
  const auto states = model.transition.size();
  const auto dimension = model.kind == ModelKind::hmm ? hmm_dimension : std::size_t{1};
  if (states < 2 || states > states_most) {
    return damaged(model, "expected 2 to " + std::to_string(states_most) + " states, found "
                            + std::to_string(states));
  }
  const bool shapes =
    has_shape(model.transition, states, states) && has_shape(model.means, states, dimension)
    && has_shape(model.covariances, states, dimension)
    && std::all_of(model.covariances.begin(), model.covariances.end(),
                   [&](const auto& rows) { return has_shape(rows, dimension, dimension); })
    && model.states.size() == states && model.regimes.size() == states;
  if (!shapes) {
    return damaged(model, "expected numbers for each of " + std::to_string(states)
                            + " states, found other shapes");
  }
  if (!(model.scale > 0.0) || !std::isfinite(model.scale)) {
    return damaged(model, "scale: expected a number above 0");
  }
  if (model.kind == ModelKind::hmm ? !hmm_of(model).usable() : !switching_of(model).usable()) {
    return damaged(model, "expected transition rows that sum to 1 and positive variances");
  }
  if (model.kind == ModelKind::markov_switching
      && !quant::stationary_distribution(transition_of(model))) {
    return damaged(model, "expected a chain with one stationary distribution");
  }
  return {};
}

core::Result<void> check_set(const ModelSet& set) {
  if (set.models.empty() || set.models.size() > 2
      || (set.models.size() == 2 && set.models[0].kind == set.models[1].kind)) {
    return core::Error{core::Errc::IO_ERROR, "models: expected one or two, each kind once, found "
                                               + std::to_string(set.models.size())};
  }
  for (const auto& model : set.models) {
    if (auto checked = check_model(model); !checked) {
      return checked;
    }
  }
  return {};
}

} // namespace troupe::regime
