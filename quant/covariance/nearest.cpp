#include "quant/covariance/nearest.hpp"

#include "quant/linear_algebra/dense.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::quant {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::Ref;
using Eigen::VectorXd;

/// Asymmetry up to this is rounding of whoever wrote the matrix down.
constexpr double asymmetry_max = 1e-6;

double norm_infinity(const MatrixXd& matrix) {
  return matrix.cwiseAbs().rowwise().sum().maxCoeff();
}

/// Nearest matrix whose eigenvalues are at least `smallest`. Only the part that is cut off is
/// built, or only the part that stays, whichever has fewer eigenvectors.
Expected<MatrixXd> raise_eigenvalues(const MatrixXd& matrix, double smallest) {
  const auto eigen = symmetric_eigen(matrix);
  if (!eigen) {
    return eigen.reason();
  }
  const VectorXd& values = eigen->values;
  const Index low = (values.array() < smallest).count();
  if (low == 0) {
    return matrix;
  }
  const Index n = matrix.rows();
  MatrixXd out;
  if (low <= n / 2) {
    const VectorXd missing = (smallest - values.head(low).array()).sqrt();
    const MatrixXd part = missing.asDiagonal() * eigen->vectors.leftCols(low).transpose();
    out = matrix + gram(part);
  } else {
    const VectorXd above = (values.tail(n - low).array() - smallest).max(0.0).sqrt();
    const MatrixXd part = above.asDiagonal() * eigen->vectors.rightCols(n - low).transpose();
    out = gram(part);
    out.diagonal().array() += smallest;
  }
  return out;
}

/// Mixes in the identity until no eigenvalue lies below `smallest`; the diagonal stays 1.
Expected<bool> make_valid(MatrixXd& matrix, double smallest) {
  matrix.diagonal().setOnes();
  mirror_lower(matrix);
  for (int i = 0; i < 8; ++i) {
    const auto values = symmetric_eigenvalues(matrix);
    if (!values) {
      return values.reason();
    }
    const double lowest = (*values)[0];
    if (lowest >= smallest) {
      return true;
    }
    // a little more than needed, so that rounding does not ask for another turn
    const double mix =
      std::min(1.0, (smallest - lowest) / (1.0 - lowest) + 1e-15 * static_cast<double>(1 << i));
    matrix *= 1.0 - mix;
    matrix.diagonal().setOnes();
  }
  return true; // within rounding of the bound
}

} // namespace

bool is_correlation(const Ref<const MatrixXd>& matrix, double tolerance) {
  if (!check_symmetric(matrix, tolerance)
      || (matrix.diagonal().array() - 1.0).abs().maxCoeff() > tolerance) {
    return false;
  }
  const auto values = symmetric_eigenvalues(matrix);
  return values.has_value() && (*values)[0] >= -tolerance;
}

Expected<NearestCorrelation> nearest_correlation(const Ref<const MatrixXd>& matrix,
                                                 const NearestCorrelationSettings& settings) {
  if (!(settings.eigenvalue_min >= 0.0 && settings.eigenvalue_min < 1.0)
      || !(settings.tolerance > 0.0) || settings.iterations_max < 1) {
    return Reason::BAD_PARAMETER;
  }
  if (const auto usable = check_symmetric(matrix, asymmetry_max); !usable) {
    return usable.reason();
  }
  const MatrixXd question = 0.5 * (matrix + matrix.transpose());
  NearestCorrelation out{question, 0.0, 0, true};
  if ((question.diagonal().array() == 1.0).all()) {
    const auto values = symmetric_eigenvalues(question);
    if (!values) {
      return values.reason();
    }
    if ((*values)[0] >= settings.eigenvalue_min) {
      return out;
    }
  }
  out.converged = false;
  MatrixXd correction = MatrixXd::Zero(question.rows(), question.cols());
  MatrixXd& y = out.matrix;
  while (!out.converged && out.iterations < settings.iterations_max) {
    ++out.iterations;
    const MatrixXd r = y - correction;
    auto x = raise_eigenvalues(r, settings.eigenvalue_min);
    if (!x) {
      return x.reason();
    }
    correction = *x - r;
    const MatrixXd previous = y;
    y = *x;
    y.diagonal().setOnes();
    const double scale = norm_infinity(y);
    out.converged = norm_infinity(y - previous) <= settings.tolerance * scale
                    && norm_infinity(y - *x) <= settings.tolerance * scale;
  }
  if (const auto valid = make_valid(y, settings.eigenvalue_min); !valid) {
    return valid.reason();
  }
  out.distance = (y - question).norm();
  return out;
}

} // namespace troupe::quant
