#include "quant/markov/gaussian_mixture.hpp"

#include "quant/random.hpp"

#include <cmath>
#include <limits>

namespace troupe::quant {

namespace mixture_detail {

constexpr Eigen::Index components_max = 8;
constexpr Eigen::Index observations_per_component = 10;

/// Log-likelihood; `responsibilities` (T, K) in place of the log densities it starts from.
double expectation(const GaussianMixture& model, const RowMatrix& x, RowMatrix& responsibilities) {
  GaussianDensities{model.states}.log_densities(x, responsibilities);
  const Eigen::Index k = model.weights.size();
  const Eigen::VectorXd log_weights = model.weights.array().log();
  double total = 0.0;
  for (Eigen::Index t = 0; t < x.rows(); ++t) {
    double* row = responsibilities.data() + t * k;
    double largest = -std::numeric_limits<double>::infinity();
    for (Eigen::Index j = 0; j < k; ++j) {
      row[j] += log_weights[j];
      largest = std::max(largest, row[j]);
    }
    double sum = 0.0;
    for (Eigen::Index j = 0; j < k; ++j) {
      row[j] = std::exp(row[j] - largest);
      sum += row[j];
    }
    for (Eigen::Index j = 0; j < k; ++j) {
      row[j] /= sum;
    }
    total += largest + std::log(sum);
  }
  return total;
}

/// Centres drawn one by one with probability proportional to the squared distance (in standard
/// deviations) from the nearest so far; the observations belong to the nearest.
RowMatrix first_responsibilities(const RowMatrix& x,
                                 const Eigen::VectorXd& variances,
                                 Eigen::Index components,
                                 Random& random) {
  const Eigen::RowVectorXd scale = variances.cwiseSqrt().cwiseInverse().transpose();
  const RowMatrix scaled = x.array().rowwise() * scale.array();
  Eigen::VectorXd distance = Eigen::VectorXd::Constant(x.rows(), 1e300);
  Eigen::VectorXi nearest = Eigen::VectorXi::Zero(x.rows());
  Eigen::Index centre = random.below(x.rows());
  for (Eigen::Index j = 0; j < components; ++j) {
    const Eigen::VectorXd to_centre =
      (scaled.rowwise() - scaled.row(centre)).rowwise().squaredNorm();
    for (Eigen::Index t = 0; t < x.rows(); ++t) {
      if (to_centre[t] < distance[t]) {
        distance[t] = to_centre[t];
        nearest[t] = static_cast<int>(j);
      }
    }
    double left = random.uniform() * distance.sum();
    for (centre = 0; centre + 1 < x.rows() && left > distance[centre]; ++centre) {
      left -= distance[centre];
    }
  }
  RowMatrix out = RowMatrix::Constant(x.rows(), components, 0.05);
  for (Eigen::Index t = 0; t < x.rows(); ++t) {
    out(t, nearest[t]) += 1.0;
  }
  return out;
}

void maximisation(const RowMatrix& x,
                  const RowMatrix& responsibilities,
                  CovarianceType type,
                  const Eigen::VectorXd& floor,
                  GaussianMixture& model) {
  model.weights = responsibilities.colwise().sum().transpose();
  model.weights /= model.weights.sum();
  reestimate(x, responsibilities, type, floor, model.states);
}

} // namespace mixture_detail

bool GaussianMixture::usable() const {
  return states.usable() && usable_distribution(weights) && weights.size() == states.states();
}

Expected<MixtureInference> infer(const GaussianMixture& model,
                                 const Eigen::Ref<const Eigen::MatrixXd>& x) {
  if (!model.usable()) {
    return Reason::BAD_PARAMETER;
  }
  if (x.cols() != model.states.dimension()) {
    return Reason::BAD_SHAPE;
  }
  if (x.rows() < 1) {
    return Reason::TOO_SHORT;
  }
  if (!x.allFinite() || x.cwiseAbs().maxCoeff() > 1e100) {
    return Reason::BAD_SAMPLE;
  }
  MixtureInference out;
  out.log_likelihood = mixture_detail::expectation(model, RowMatrix(x), out.responsibilities);
  return out;
}

Expected<MixtureFit> fit_mixture(const Eigen::Ref<const Eigen::MatrixXd>& x,
                                 Eigen::Index components,
                                 const MixtureSettings& settings) {
  using namespace mixture_detail;
  if (components < 1 || components > components_max || settings.starts < 1
      || settings.iterations_max < 1 || !(settings.tolerance >= 0.0)
      || !(settings.variance_floor > 0.0 && settings.variance_floor < 1.0)) {
    return Reason::BAD_PARAMETER;
  }
  const auto variances = checked_variances(x, observations_per_component * components);
  if (!variances) {
    return variances.reason();
  }
  const RowMatrix rows = x;
  const Eigen::VectorXd floor = settings.variance_floor * *variances;
  const auto size = static_cast<double>(x.rows());
  Random random{settings.seed};
  MixtureFit best;
  best.log_likelihood = -std::numeric_limits<double>::infinity();
  for (int start = 0; start < settings.starts; ++start) {
    RowMatrix responsibilities = first_responsibilities(rows, *variances, components, random);
    MixtureFit fit;
    fit.model.states.means = rows.colwise().mean().replicate(components, 1);
    fit.model.states.covariances.assign(static_cast<std::size_t>(components),
                                        Eigen::MatrixXd(variances->asDiagonal()));
    double before = -std::numeric_limits<double>::infinity();
    while (fit.iterations < settings.iterations_max && !fit.converged) {
      maximisation(rows, responsibilities, settings.covariance, floor, fit.model);
      if (!fit.model.usable()) {
        break;
      }
      fit.log_likelihood = expectation(fit.model, rows, responsibilities);
      fit.converged = (fit.log_likelihood - before) / size < settings.tolerance;
      before = fit.log_likelihood;
      ++fit.iterations;
    }
    if (fit.model.usable() && fit.log_likelihood > best.log_likelihood) {
      best = std::move(fit);
    }
  }
  if (!std::isfinite(best.log_likelihood)) {
    return Reason::DEGENERATE;
  }
  const auto order = best.model.states.by_variance();
  const Eigen::VectorXd weights = best.model.weights;
  best.model.states = best.model.states.permuted(order);
  for (std::size_t i = 0; i < order.size(); ++i) {
    best.model.weights[static_cast<Eigen::Index>(i)] = weights[order[i]];
  }
  const auto parameters =
    static_cast<double>(best.model.states.parameter_count(settings.covariance) + components - 1);
  best.aic = 2.0 * parameters - 2.0 * best.log_likelihood;
  best.bic = parameters * std::log(size) - 2.0 * best.log_likelihood;
  return best;
}

} // namespace troupe::quant
