#include "quant/portfolio/diversification.hpp"

#include "quant/covariance/pca.hpp"
#include "quant/covariance/sample.hpp"
#include "quant/linear_algebra/dense.hpp"

#include <cmath>

namespace troupe::quant {

namespace {

Expected<double> portfolio_variance(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                                    const Eigen::Ref<const Eigen::VectorXd>& weights) {
  if (const auto usable = check_symmetric(covariance); !usable) {
    return usable.reason();
  }
  if (weights.size() != covariance.rows()) {
    return Reason::BAD_SHAPE;
  }
  if (!weights.allFinite()) {
    return Reason::BAD_SAMPLE;
  }
  return weights.dot(covariance * weights);
}

} // namespace

Expected<Diversification> diversification(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                                          const Eigen::Ref<const Eigen::VectorXd>& weights) {
  const auto variance = portfolio_variance(covariance, weights);
  if (!variance) {
    return variance.reason();
  }
  if (!(*variance > 0.0)) {
    return Reason::DEGENERATE;
  }
  if (covariance.diagonal().minCoeff() < 0.0) {
    return Reason::NOT_POSITIVE_DEFINITE;
  }
  const auto pca = principal_components(covariance);
  if (!pca) {
    return pca.reason();
  }
  const auto factors = decompose_portfolio(*pca, covariance, weights);
  if (!factors) {
    return factors.reason();
  }
  const auto bets = effective_rank(factors->variance_shares);
  if (!bets) {
    return bets.reason();
  }
  Diversification out{};
  out.volatility = std::sqrt(*variance);
  out.marginal = covariance * weights / out.volatility;
  out.contributions = weights.cwiseProduct(out.marginal) / out.volatility;
  out.diversification_ratio = weights.dot(covariance.diagonal().cwiseSqrt()) / out.volatility;
  const double gross = weights.cwiseAbs().sum();
  out.herfindahl = weights.squaredNorm() / (gross * gross);
  out.effective_positions = 1.0 / out.herfindahl;
  out.effective_bets = *bets;
  return out;
}

Expected<ScaledPortfolio> scale_to_volatility(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                                              const Eigen::Ref<const Eigen::VectorXd>& weights,
                                              double target,
                                              double gross_max) {
  if (!(target > 0.0) || !std::isfinite(target) || !(gross_max > 0.0)) {
    return Reason::BAD_PARAMETER;
  }
  const auto variance = portfolio_variance(covariance, weights);
  if (!variance) {
    return variance.reason();
  }
  if (!(*variance > 0.0)) {
    return Reason::DEGENERATE;
  }
  const double volatility = std::sqrt(*variance);
  const double wanted = target / volatility;
  const double allowed = gross_max / weights.cwiseAbs().sum();
  ScaledPortfolio out{};
  out.capped = wanted > allowed;
  out.leverage = out.capped ? allowed : wanted;
  out.weights = out.leverage * weights;
  out.cash = 1.0 - out.weights.sum();
  out.volatility = out.leverage * volatility;
  return out;
}

Expected<Eigen::MatrixXd>
correlations_towards_one(const Eigen::Ref<const Eigen::MatrixXd>& correlation, double factor) {
  if (!(factor >= -1.0 && factor <= 1.0)) {
    return Reason::BAD_PARAMETER;
  }
  if (const auto usable = check_symmetric(correlation); !usable) {
    return usable.reason();
  }
  Eigen::MatrixXd out =
    (correlation.array() + factor * (1.0 - correlation.array())).max(-1.0).min(1.0).matrix();
  out.diagonal().setOnes();
  return out;
}

Expected<CorrelationStress> stress_correlation(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                                               const Eigen::Ref<const Eigen::MatrixXd>& correlation,
                                               const Eigen::Ref<const Eigen::VectorXd>& weights,
                                               double volatility_multiplier) {
  if (!(volatility_multiplier > 0.0) || !std::isfinite(volatility_multiplier)) {
    return Reason::BAD_PARAMETER;
  }
  const auto before = portfolio_variance(covariance, weights);
  if (!before) {
    return before.reason();
  }
  const auto parts = correlation_of(covariance);
  if (!parts) {
    return parts.reason();
  }
  if (correlation.rows() != covariance.rows()) {
    return Reason::BAD_SHAPE;
  }
  auto repaired = nearest_correlation(correlation);
  if (!repaired) {
    return repaired.reason();
  }
  auto stressed = covariance_of(repaired->matrix, volatility_multiplier * parts->volatility);
  if (!stressed) {
    return stressed.reason();
  }
  const double after = weights.dot(*stressed * weights);
  return CorrelationStress{std::move(*repaired), std::move(*stressed),
                           std::sqrt(std::max(*before, 0.0)), std::sqrt(std::max(after, 0.0))};
}

} // namespace troupe::quant
