#include "quant/covariance/sample.hpp"

#include "quant/linear_algebra/dense.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace troupe::quant {

Eigen::MatrixXd centred(const Eigen::Ref<const Eigen::MatrixXd>& returns) {
  Eigen::MatrixXd out(returns.rows(), returns.cols());
  for (Eigen::Index j = 0; j < returns.cols(); ++j) {
    const double first = returns(0, j);
    if ((returns.col(j).array() == first).all()) {
      out.col(j).setZero(); // the mean of equal numbers need not be that number
    } else {
      out.col(j) = returns.col(j).array() - returns.col(j).mean();
    }
  }
  return out;
}

namespace {

Expected<bool> check_sample(const Eigen::Ref<const Eigen::MatrixXd>& returns) {
  if (returns.cols() == 0) {
    return Reason::BAD_SHAPE;
  }
  if (returns.rows() < 2) {
    return Reason::TOO_SHORT;
  }
  if (!returns.allFinite()) {
    return Reason::BAD_SAMPLE;
  }
  return true;
}

double freedom(const Eigen::Ref<const Eigen::MatrixXd>& returns) {
  return static_cast<double>(returns.rows() - 1);
}

} // namespace

Expected<Eigen::MatrixXd> sample_covariance(const Eigen::Ref<const Eigen::MatrixXd>& returns) {
  if (const auto usable = check_sample(returns); !usable) {
    return usable.reason();
  }
  Eigen::MatrixXd out = gram(centred(returns), 1.0 / freedom(returns));
  if (!out.allFinite()) {
    return Reason::BAD_SAMPLE;
  }
  return out;
}

Expected<Eigen::MatrixXd> sample_correlation(const Eigen::Ref<const Eigen::MatrixXd>& returns) {
  if (const auto usable = check_sample(returns); !usable) {
    return usable.reason();
  }
  Eigen::MatrixXd out = gram_lower(centred(returns), 1.0 / freedom(returns));
  const Eigen::VectorXd variances = out.diagonal();
  if (!variances.allFinite()) {
    return Reason::BAD_SAMPLE; // nor is a covariance larger than its variances
  }
  if (variances.minCoeff() <= 0.0) {
    return Reason::DEGENERATE;
  }
  const Eigen::VectorXd inverse = variances.cwiseSqrt().cwiseInverse();
  if (!inverse.allFinite()) {
    return Reason::DEGENERATE;
  }
  correlation_of_lower(out, inverse, out);
  return out;
}

Expected<Correlation> correlation_of(const Eigen::Ref<const Eigen::MatrixXd>& covariance) {
  if (const auto usable = check_symmetric(covariance); !usable) {
    return usable.reason();
  }
  if (covariance.diagonal().minCoeff() <= 0.0) {
    return Reason::DEGENERATE;
  }
  const Eigen::Index n = covariance.rows();
  Correlation out{Eigen::MatrixXd(n, n), covariance.diagonal().cwiseSqrt()};
  const Eigen::VectorXd inverse = out.volatility.cwiseInverse();
  if (!inverse.allFinite()) {
    return Reason::DEGENERATE; // a variance so small that its inverse overflows
  }
  correlation_of_lower(covariance, inverse, out.matrix);
  return out;
}

Expected<Eigen::MatrixXd> covariance_of(const Eigen::Ref<const Eigen::MatrixXd>& correlation,
                                        const Eigen::Ref<const Eigen::VectorXd>& volatility) {
  if (const auto usable = check_symmetric(correlation); !usable) {
    return usable.reason();
  }
  if (correlation.rows() != volatility.size()) {
    return Reason::BAD_SHAPE;
  }
  if (!volatility.allFinite() || volatility.minCoeff() < 0.0) {
    return Reason::BAD_SAMPLE;
  }
  Eigen::MatrixXd out = volatility.asDiagonal() * correlation * volatility.asDiagonal();
  mirror_lower(out);
  if (!out.allFinite()) {
    return Reason::BAD_SAMPLE;
  }
  return out;
}

Expected<double> condition_number(const Eigen::Ref<const Eigen::MatrixXd>& matrix) {
  if (const auto usable = check_symmetric(matrix); !usable) {
    return usable.reason();
  }
  const auto values = symmetric_eigenvalues(matrix);
  if (!values) {
    return values.reason();
  }
  const double smallest = (*values)[0];
  const double largest = (*values)[values->size() - 1];
  const double rounding =
    static_cast<double>(matrix.rows()) * std::numeric_limits<double>::epsilon() * largest;
  if (smallest <= rounding) {
    return Reason::NOT_POSITIVE_DEFINITE;
  }
  return largest / smallest;
}

Expected<double> mean_pairwise(const Eigen::Ref<const Eigen::MatrixXd>& correlation) {
  if (const auto usable = check_symmetric(correlation); !usable) {
    return usable.reason();
  }
  const auto n = static_cast<double>(correlation.rows());
  if (correlation.rows() < 2) {
    return Reason::TOO_SHORT;
  }
  return (correlation.sum() - correlation.diagonal().sum()) / (n * (n - 1.0));
}

} // namespace troupe::quant
