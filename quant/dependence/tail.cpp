#include "quant/dependence/tail.hpp"

#include "quant/covariance/sample.hpp"
#include "quant/dependence/rank.hpp"
#include "quant/distributions/student_t.hpp"
#include "quant/linear_algebra/dense.hpp"

#include <cmath>

namespace troupe::quant {

Expected<double> t_tail_dependence(double rho, double degrees_of_freedom) {
  if (!(rho >= -1.0 && rho <= 1.0)) {
    return Reason::BAD_PARAMETER;
  }
  const double nu = degrees_of_freedom + 1.0;
  const double x = rho == -1.0 ? -std::numeric_limits<double>::infinity()
                               : -std::sqrt(nu * (1.0 - rho) / (1.0 + rho));
  if (!(degrees_of_freedom > 0.0)) {
    return Reason::BAD_PARAMETER;
  }
  const auto tail = student_t_cdf(x, nu);
  if (!tail) {
    return tail.reason();
  }
  return 2.0 * *tail;
}

Expected<Eigen::MatrixXd> t_tail_dependence(const Eigen::Ref<const Eigen::MatrixXd>& correlation,
                                            double degrees_of_freedom) {
  if (const auto usable = check_symmetric(correlation); !usable) {
    return usable.reason();
  }
  const Eigen::Index n = correlation.rows();
  Eigen::MatrixXd out = Eigen::MatrixXd::Identity(n, n);
  for (Eigen::Index j = 0; j < n; ++j) {
    for (Eigen::Index i = j + 1; i < n; ++i) {
      const auto value = t_tail_dependence(correlation(i, j), degrees_of_freedom);
      if (!value) {
        return value.reason();
      }
      out(i, j) = out(j, i) = *value;
    }
  }
  return out;
}

Expected<TailDependence> empirical_tail_dependence(const Eigen::Ref<const Eigen::MatrixXd>& returns,
                                                   double alpha) {
  if (!(alpha > 0.0 && alpha < 0.5)) {
    return Reason::BAD_PARAMETER;
  }
  const auto u = pseudo_observations(returns);
  if (!u) {
    return u.reason();
  }
  const double expected = static_cast<double>(returns.rows()) * alpha;
  if (expected < 1.0) {
    return Reason::TOO_SHORT;
  }
  TailDependence out;
  // joint counts of all pairs at once: products of indicator columns, exact in doubles
  out.joint_lower = gram((u->array() <= alpha).cast<double>().matrix());
  out.joint_upper = gram((u->array() > 1.0 - alpha).cast<double>().matrix());
  out.lower = out.joint_lower / expected;
  out.upper = out.joint_upper / expected;
  out.lower.diagonal().setOnes();
  out.upper.diagonal().setOnes();
  return out;
}

Expected<ExceedanceCorrelation> exceedance_correlation(const Eigen::Ref<const Eigen::VectorXd>& x,
                                                       const Eigen::Ref<const Eigen::VectorXd>& y,
                                                       double threshold,
                                                       Tail tail,
                                                       Eigen::Index observations_min) {
  if (x.size() != y.size()) {
    return Reason::BAD_SHAPE;
  }
  if (!(threshold >= 0.0) || !std::isfinite(threshold) || observations_min < 3) {
    return Reason::BAD_PARAMETER;
  }
  Eigen::MatrixXd both(x.size(), 2);
  both << x, y;
  const auto covariance = sample_covariance(both);
  if (!covariance) {
    return covariance.reason();
  }
  const Eigen::RowVector2d sd = covariance->diagonal().cwiseSqrt().transpose();
  if (sd.minCoeff() <= 0.0) {
    return Reason::DEGENERATE;
  }
  const Eigen::RowVector2d mean = both.colwise().mean();
  const double sign = tail == Tail::UPPER ? 1.0 : -1.0;
  Eigen::Index count = 0;
  for (Eigen::Index t = 0; t < x.size(); ++t) {
    const Eigen::RowVector2d z = sign * (both.row(t) - mean).cwiseQuotient(sd);
    if (z.minCoeff() > threshold) {
      both.row(count++) = both.row(t);
    }
  }
  if (count < observations_min) {
    return Reason::TOO_SHORT;
  }
  const auto correlation = sample_correlation(both.topRows(count));
  if (!correlation) {
    return correlation.reason();
  }
  return ExceedanceCorrelation{(*correlation)(0, 1), count};
}

} // namespace troupe::quant
