#include "quant/markov/chain.hpp"

#include <Eigen/LU>

#include <cmath>
#include <limits>

namespace troupe::quant {

bool usable_distribution(const Eigen::Ref<const Eigen::VectorXd>& probabilities) {
  return probabilities.size() > 0 && probabilities.allFinite() && probabilities.minCoeff() >= 0.0
         && std::abs(probabilities.sum() - 1.0) <= 1e-8;
}

bool usable_transition(const Eigen::Ref<const Eigen::MatrixXd>& transition) {
  if (transition.rows() < 1 || transition.rows() > states_max
      || transition.rows() != transition.cols()) {
    return false;
  }
  for (Eigen::Index i = 0; i < transition.rows(); ++i) {
    if (!usable_distribution(transition.row(i).transpose())) {
      return false;
    }
  }
  return true;
}

Expected<Eigen::VectorXd>
stationary_distribution(const Eigen::Ref<const Eigen::MatrixXd>& transition) {
  if (!usable_transition(transition)) {
    return Reason::BAD_PARAMETER;
  }
  const Eigen::Index k = transition.rows();
  // (I - A' + 1 1') pi = 1: regular exactly where the distribution is unique
  const Eigen::MatrixXd system =
    Eigen::MatrixXd::Identity(k, k) - transition.transpose() + Eigen::MatrixXd::Ones(k, k);
  const Eigen::PartialPivLU<Eigen::MatrixXd> factors{system};
  if (!(factors.rcond() > 1e-14)) {
    return Reason::DEGENERATE;
  }
  Eigen::VectorXd out = factors.solve(Eigen::VectorXd::Ones(k)).cwiseMax(0.0);
  if (!out.allFinite() || !(out.sum() > 0.0)) {
    return Reason::DEGENERATE;
  }
  out /= out.sum();
  return out;
}

Eigen::VectorXd expected_durations(const Eigen::Ref<const Eigen::MatrixXd>& transition) {
  Eigen::VectorXd out(transition.rows());
  for (Eigen::Index i = 0; i < out.size(); ++i) {
    // the chance to leave, summed: 1 - a[i][i] would lose digits
    const double leaves = transition.row(i).sum() - transition(i, i);
    out[i] = leaves > 0.0 ? 1.0 / leaves : std::numeric_limits<double>::infinity();
  }
  return out;
}

} // namespace troupe::quant
