#include "quant/covariance/shrinkage.hpp"

#include "quant/covariance/sample.hpp"
#include "quant/linear_algebra/dense.hpp"

#include <algorithm>

namespace troupe::quant {

namespace {

using Eigen::ArrayXXd;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::Ref;
using Eigen::VectorXd;

struct Moments {
  MatrixXd x; ///< about the mean
  MatrixXd s; ///< covariance, divisor T
  double bars;
};

Expected<Moments> moments_of(const Ref<const MatrixXd>& returns,
                             SampleMean mean = SampleMean::REMOVED) {
  if (returns.cols() == 0) {
    return Reason::BAD_SHAPE;
  }
  if (returns.rows() < 2) {
    return Reason::TOO_SHORT;
  }
  if (!returns.allFinite()) {
    return Reason::BAD_SAMPLE;
  }
  Moments out{mean == SampleMean::ZERO ? MatrixXd{returns} : centred(returns),
              {},
              static_cast<double>(returns.rows())};
  out.s = gram(out.x, 1.0 / out.bars);
  if (!out.s.allFinite()) {
    return Reason::BAD_SAMPLE;
  }
  if (out.s.diagonal().maxCoeff() <= 0.0) {
    return Reason::DEGENERATE;
  }
  return out;
}

/// sum over i, j of the estimated asymptotic variance of sqrt(T) s_ij: mean (x x')^2 - S^2.
/// The double sum of products is the square of a sum, so no N x N product is needed.
double sum_of_variances(const Moments& m) {
  return m.x.rowwise().squaredNorm().squaredNorm() / m.bars - m.s.squaredNorm();
}

Expected<Shrunk> towards(MatrixXd s, const MatrixXd& target, double shrinkage) {
  s = (1.0 - shrinkage) * s + shrinkage * target;
  if (!s.allFinite()) {
    return Reason::BAD_SAMPLE;
  }
  return Shrunk{std::move(s), shrinkage};
}

Expected<Shrunk> towards_identity(MatrixXd s, double mu, double shrinkage) {
  s *= 1.0 - shrinkage;
  s.diagonal().array() += shrinkage * mu;
  if (!s.allFinite()) {
    return Reason::BAD_SAMPLE;
  }
  return Shrunk{std::move(s), shrinkage};
}

/// The intensity of both structured targets: (pi - rho) / gamma / T within 0 and 1.
/// @param gamma  squared distance of the sample from its target; where it is rounding error the
///               sample is its own target (two series always are) and nothing need be shrunk
double intensity(double pi, double rho, double gamma, const Moments& m) {
  constexpr double rounding = 1e-28;
  if (gamma <= rounding * m.s.squaredNorm()) {
    return 0.0;
  }
  return std::clamp((pi - rho) / gamma / m.bars, 0.0, 1.0);
}

} // namespace

Expected<Shrunk> ledoit_wolf(const Ref<const MatrixXd>& returns, SampleMean mean) {
  auto m = moments_of(returns, mean);
  if (!m) {
    return m.reason();
  }
  const auto n = static_cast<double>(returns.cols());
  const double mu = m->s.trace() / n;
  const double distance = (m->s.squaredNorm() - n * mu * mu) / n;
  const double variance = sum_of_variances(*m) / (n * m->bars);
  // N = 1, or all variances equal and no covariance: S is its target
  const double shrinkage =
    distance > 0.0 && variance > 0.0 ? std::min(variance, distance) / distance : 0.0;
  return towards_identity(std::move(m->s), mu, shrinkage);
}

Expected<Shrunk> oracle_approximating_shrinkage(const Ref<const MatrixXd>& returns,
                                                SampleMean mean) {
  auto m = moments_of(returns, mean);
  if (!m) {
    return m.reason();
  }
  const auto n = static_cast<double>(returns.cols());
  const double mu = m->s.trace() / n;
  const double mean_square = m->s.squaredNorm() / (n * n);
  const double numerator = mean_square + mu * mu;
  const double denominator = (m->bars + 1.0) * (mean_square - mu * mu / n);
  const double shrinkage = returns.cols() == 1 ? 0.0 // the sample is its target
                           : denominator > 0.0 ? std::min(numerator / denominator, 1.0)
                                               : 1.0;
  return towards_identity(std::move(m->s), mu, shrinkage);
}

Expected<Shrunk> ledoit_wolf_constant_correlation(const Ref<const MatrixXd>& returns) {
  auto m = moments_of(returns);
  if (!m) {
    return m.reason();
  }
  const Index n = returns.cols();
  if (n < 2) {
    return Shrunk{std::move(m->s), 0.0};
  }
  const VectorXd variance = m->s.diagonal();
  if (variance.minCoeff() <= 0.0) {
    return Reason::DEGENERATE;
  }
  const VectorXd sd = variance.cwiseSqrt();
  const VectorXd inverse = sd.cwiseInverse();
  const double pairs = static_cast<double>(n) * static_cast<double>(n - 1);
  const double mean_correlation = (inverse.dot(m->s * inverse) - static_cast<double>(n)) / pairs;
  MatrixXd target = mean_correlation * sd * sd.transpose();
  target.diagonal() = variance;

  // rho: sum of pi_ii, and of r_bar/2 (sd_j/sd_i theta_ii,ij + sd_i/sd_j theta_jj,ij) off the
  // diagonal with theta_ii,ij = mean x_i^3 x_j - s_ii s_ij; both halves are equal by symmetry
  const VectorXd pi_diagonal =
    m->x.array().square().square().colwise().sum().transpose().matrix() / m->bars
    - variance.cwiseAbs2();
  const VectorXd cubes = (m->x.array().cube().matrix() * inverse);
  const VectorXd scaled = m->x * sd;
  const double theta_all = cubes.dot(scaled) / m->bars - sd.dot(m->s * sd);
  const double rho = pi_diagonal.sum() + mean_correlation * (theta_all - pi_diagonal.sum());
  const double shrinkage = intensity(sum_of_variances(*m), rho, (m->s - target).squaredNorm(), *m);
  return towards(std::move(m->s), target, shrinkage);
}

Expected<Shrunk> ledoit_wolf_single_factor(const Ref<const MatrixXd>& returns) {
  auto m = moments_of(returns);
  if (!m) {
    return m.reason();
  }
  const VectorXd market = m->x.rowwise().mean();
  const VectorXd beta_part = m->x.transpose() * market / m->bars; // covariances with the market
  const double variance = market.squaredNorm() / m->bars;
  if (variance <= 0.0) {
    return Reason::DEGENERATE;
  }
  MatrixXd target = beta_part * beta_part.transpose() / variance;
  target.diagonal() = m->s.diagonal();

  const double rho_diagonal =
    m->x.array().square().square().sum() / m->bars - m->s.diagonal().squaredNorm();
  const MatrixXd z = market.asDiagonal() * m->x;
  const MatrixXd v1 =
    product_of_transpose(m->x.cwiseAbs2(), z) / m->bars - MatrixXd{beta_part.asDiagonal() * m->s};
  const double rho_1 = ((v1 * beta_part).sum() - v1.diagonal().dot(beta_part)) / variance;
  const MatrixXd v3 = gram(z, 1.0 / m->bars) - variance * m->s;
  const double rho_3 = (beta_part.dot(v3 * beta_part) - v3.diagonal().dot(beta_part.cwiseAbs2()))
                       / (variance * variance);
  const double rho = rho_diagonal + 2.0 * rho_1 - rho_3;
  const double shrinkage = intensity(sum_of_variances(*m), rho, (m->s - target).squaredNorm(), *m);
  return towards(std::move(m->s), target, shrinkage);
}

Expected<Shrunk>
shrunk_covariance(const Ref<const MatrixXd>& returns, ShrinkageTarget target, SampleMean mean) {
  const bool about_zero = mean == SampleMean::ZERO;
  switch (target) {
    case ShrinkageTarget::IDENTITY: return ledoit_wolf(returns, mean);
    case ShrinkageTarget::IDENTITY_OAS: return oracle_approximating_shrinkage(returns, mean);
    case ShrinkageTarget::CONSTANT_CORRELATION:
      return about_zero ? Reason::BAD_PARAMETER : ledoit_wolf_constant_correlation(returns);
    case ShrinkageTarget::SINGLE_FACTOR:
      return about_zero ? Reason::BAD_PARAMETER : ledoit_wolf_single_factor(returns);
  }
  return Reason::BAD_PARAMETER;
}

} // namespace troupe::quant
