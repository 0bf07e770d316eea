#include "quant/covariance/pca.hpp"

#include "quant/linear_algebra/dense.hpp"

#include <cmath>
#include <utility>

namespace troupe::quant {

namespace {

/// Below this share of the matrix dsyevr for a few is cheaper than dsyevd for all.
constexpr Eigen::Index few_of_many = 8;
constexpr double negative_max = 1e-8;

void orient(Eigen::Ref<Eigen::VectorXd> component) {
  Eigen::Index largest = 0;
  component.cwiseAbs().maxCoeff(&largest);
  if (component[largest] < 0.0) {
    component = -component;
  }
}

} // namespace

Expected<PrincipalComponents> principal_components(const Eigen::Ref<const Eigen::MatrixXd>& matrix,
                                                   Eigen::Index count) {
  if (const auto usable = check_symmetric(matrix); !usable) {
    return usable.reason();
  }
  const Eigen::Index n = matrix.rows();
  if (count < 0 || count > n) {
    return Reason::BAD_PARAMETER;
  }
  const double total = matrix.trace();
  if (total <= 0.0) {
    return Reason::DEGENERATE;
  }
  const Eigen::Index kept = count == 0 ? n : count;
  auto eigen = kept * few_of_many <= n ? largest_eigen(matrix, kept) : symmetric_eigen(matrix);
  if (!eigen) {
    return eigen.reason();
  }
  const Eigen::Index found = eigen->values.size();
  if (eigen->values[0] < -negative_max * eigen->values[found - 1]) {
    return Reason::NOT_POSITIVE_DEFINITE;
  }
  PrincipalComponents out{Eigen::VectorXd(kept), std::move(eigen->vectors), {}, total};
  out.components.rowwise().reverseInPlace(); // largest first
  out.components.conservativeResize(n, kept);
  for (Eigen::Index k = 0; k < kept; ++k) {
    out.eigenvalues[k] = std::max(eigen->values[found - 1 - k], 0.0);
    orient(out.components.col(k));
  }
  out.explained_ratio = out.eigenvalues / total;
  return out;
}

Expected<FactorDecomposition>
decompose_portfolio(const PrincipalComponents& pca,
                    const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                    const Eigen::Ref<const Eigen::VectorXd>& weights) {
  if (const auto usable = check_symmetric(covariance); !usable) {
    return usable.reason();
  }
  if (weights.size() != covariance.rows() || pca.components.rows() != weights.size()) {
    return Reason::BAD_SHAPE;
  }
  if (!weights.allFinite()) {
    return Reason::BAD_SAMPLE;
  }
  const double variance = weights.dot(covariance * weights);
  if (!(variance > 0.0)) {
    return Reason::DEGENERATE;
  }
  FactorDecomposition out{pca.components.transpose() * weights, {}, std::sqrt(variance), 0.0};
  out.variance_shares = pca.eigenvalues.cwiseProduct(out.exposures.cwiseAbs2()) / variance;
  out.unexplained = std::max(0.0, 1.0 - out.variance_shares.sum());
  return out;
}

Expected<EigenvalueRange>
marchenko_pastur(Eigen::Index instruments, Eigen::Index bars, double variance) {
  if (instruments < 1 || bars < 1 || !(variance > 0.0) || !std::isfinite(variance)) {
    return Reason::BAD_PARAMETER;
  }
  const double root = std::sqrt(static_cast<double>(instruments) / static_cast<double>(bars));
  return EigenvalueRange{variance * (1.0 - root) * (1.0 - root),
                         variance * (1.0 + root) * (1.0 + root)};
}

Expected<double> effective_rank(const Eigen::Ref<const Eigen::VectorXd>& eigenvalues) {
  if (eigenvalues.size() == 0 || !eigenvalues.allFinite() || eigenvalues.minCoeff() < 0.0
      || eigenvalues.sum() <= 0.0) {
    return Reason::BAD_SAMPLE;
  }
  const double total = eigenvalues.sum();
  double entropy = 0.0;
  for (const double value : eigenvalues) {
    if (value > 0.0) {
      entropy -= value / total * std::log(value / total);
    }
  }
  return std::exp(entropy);
}

} // namespace troupe::quant
