#pragma once

#include "quant/volatility/dcc.hpp"

#include <Eigen/Cholesky>

#include <cmath>
#include <optional>

/// Workings of the DCC likelihoods; internal to this folder.
namespace troupe::quant::dcc_kernel {

using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// What must hold of the inputs of a likelihood; none where it does.
[[nodiscard]] std::optional<Reason> refusal(const Eigen::Ref<const Eigen::MatrixXd>& z,
                                            const Eigen::Ref<const Eigen::MatrixXd>& target,
                                            const DccParameters& parameters);

/// Inverse and log-determinant of small symmetric matrices, in place, from lower triangles only:
/// for the handful to dozens of series of a full likelihood a plain loop beats a call to LAPACK.
class SmallInverse {
public:
  explicit SmallInverse(Eigen::Index n)
    : n_(n), factor_(Rows::Zero(n, n)), inverse_(Rows::Zero(n, n)), reciprocal_(n) {}

  /// Cholesky factor of `q`; false where it is not positive definite.
  bool factorise(const Rows& q);
  /// Product of the squared diagonal of the factor: the determinant; may underflow for many series,
  /// so its logarithm is what there is.
  [[nodiscard]] double log_determinant() const;
  /// x = q^-1 y
  void solve(const double* y, double* x) const;
  /// Both triangles of q^-1.
  const Rows& invert();

private:
  Eigen::Index n_;
  Rows factor_;
  Rows inverse_;
  Eigen::VectorXd reciprocal_; ///< 1 / diagonal of the factor
};

inline bool SmallInverse::factorise(const Rows& q) {
  for (Eigen::Index i = 0; i < n_; ++i) {
    double* li = factor_.data() + i * n_;
    const double* qi = q.data() + i * n_;
    double rest = qi[i];
    for (Eigen::Index j = 0; j < i; ++j) {
      const double* lj = factor_.data() + j * n_;
      double sum = qi[j];
      for (Eigen::Index k = 0; k < j; ++k) {
        sum -= li[k] * lj[k];
      }
      li[j] = sum * reciprocal_[j];
      rest -= li[j] * li[j];
    }
    if (!(rest > 0.0)) {
      return false;
    }
    li[i] = std::sqrt(rest);
    reciprocal_[i] = 1.0 / li[i];
  }
  return true;
}

inline double SmallInverse::log_determinant() const {
  double sum = 0.0;
  double product = 1.0;
  for (Eigen::Index i = 0; i < n_; ++i) {
    product *= factor_(i, i);
    if (product < 1e-100 || product > 1e100) {
      sum += std::log(product);
      product = 1.0;
    }
  }
  return 2.0 * (sum + std::log(product));
}

inline void SmallInverse::solve(const double* y, double* x) const {
  for (Eigen::Index i = 0; i < n_; ++i) {
    const double* li = factor_.data() + i * n_;
    double sum = y[i];
    for (Eigen::Index k = 0; k < i; ++k) {
      sum -= li[k] * x[k];
    }
    x[i] = sum * reciprocal_[i];
  }
  for (Eigen::Index i = n_ - 1; i >= 0; --i) {
    const double* li = factor_.data() + i * n_;
    x[i] *= reciprocal_[i];
    for (Eigen::Index k = 0; k < i; ++k) {
      x[k] -= li[k] * x[i];
    }
  }
}

inline const Rows& SmallInverse::invert() {
  // rows of the factor's inverse, into the lower triangle
  for (Eigen::Index i = 0; i < n_; ++i) {
    double* mi = inverse_.data() + i * n_;
    const double* li = factor_.data() + i * n_;
    std::fill(mi, mi + i, 0.0);
    for (Eigen::Index k = 0; k < i; ++k) {
      const double* mk = inverse_.data() + k * n_;
      for (Eigen::Index j = 0; j <= k; ++j) {
        mi[j] -= li[k] * mk[j];
      }
    }
    for (Eigen::Index j = 0; j < i; ++j) {
      mi[j] *= reciprocal_[i];
    }
    mi[i] = reciprocal_[i];
  }
  // q^-1 = M' M, row by row from the top: row i needs rows i.. of M only
  for (Eigen::Index i = 0; i < n_; ++i) {
    double* out = inverse_.data() + i * n_;
    const double weight = out[i];
    for (Eigen::Index j = 0; j <= i; ++j) {
      out[j] *= weight;
    }
    for (Eigen::Index k = i + 1; k < n_; ++k) {
      const double* mk = inverse_.data() + k * n_;
      const double w = mk[i];
      for (Eigen::Index j = 0; j <= i; ++j) {
        out[j] += w * mk[j];
      }
    }
  }
  for (Eigen::Index i = 0; i < n_; ++i) {
    for (Eigen::Index j = 0; j < i; ++j) {
      inverse_(j, i) = inverse_(i, j);
    }
  }
  return inverse_;
}

} // namespace troupe::quant::dcc_kernel
