#include "quant/volatility/dcc.hpp"

#include "quant/distributions/log_sum.hpp"
#include "quant/volatility/dcc_kernel.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace troupe::quant {

namespace dcc_kernel {

std::optional<Reason> refusal(const Eigen::Ref<const Eigen::MatrixXd>& z,
                              const Eigen::Ref<const Eigen::MatrixXd>& target,
                              const DccParameters& parameters) {
  if (!parameters.usable()) {
    return Reason::BAD_PARAMETER;
  }
  if (z.cols() < 2 || target.rows() != z.cols() || target.cols() != z.cols()) {
    return Reason::BAD_SHAPE;
  }
  if (z.rows() < 2) {
    return Reason::TOO_SHORT;
  }
  if (!z.allFinite() || !target.allFinite() || !(target.diagonal().minCoeff() > 0.0)) {
    return Reason::BAD_SAMPLE;
  }
  return std::nullopt;
}

} // namespace dcc_kernel

namespace dcc_detail {

using dcc_kernel::Rows;

/// Q and its derivatives by a and b; lower triangles only.
struct Paths {
  Rows q;
  Rows by_a;
  Rows by_b;

  explicit Paths(const Rows& target)
    : q(target), by_a(Rows::Zero(target.rows(), target.cols())), by_b(by_a) {}

  void step(const double* z, const Rows& target, const DccParameters& p, bool slopes) {
    const Eigen::Index n = q.rows();
    const double c = 1.0 - p.a - p.b;
    for (Eigen::Index i = 0; i < n; ++i) {
      double* qi = q.data() + i * n;
      double* ai = by_a.data() + i * n;
      double* bi = by_b.data() + i * n;
      const double* ti = target.data() + i * n;
      if (slopes) {
        for (Eigen::Index j = 0; j <= i; ++j) {
          ai[j] = p.b * ai[j] + (z[i] * z[j] - ti[j]);
          bi[j] = p.b * bi[j] + (qi[j] - ti[j]);
        }
      }
      const double az = p.a * z[i];
      for (Eigen::Index j = 0; j <= i; ++j) {
        qi[j] = c * ti[j] + az * z[j] + p.b * qi[j];
      }
    }
  }
};

/// One observation's solution: y = sqrt(diag q) z, x = q^-1 y.
struct Solution {
  Eigen::VectorXd root;
  Eigen::VectorXd y;
  Eigen::VectorXd x;

  explicit Solution(Eigen::Index n) : root(n), y(n), x(n) {}

  /// ln |R| + z' R^-1 z - z' z
  double find(const double* z, const Rows& q, const dcc_kernel::SmallInverse& solver) {
    const Eigen::Index n = q.rows();
    LogSum diagonal;
    for (Eigen::Index i = 0; i < n; ++i) {
      diagonal.add(q(i, i));
      root[i] = std::sqrt(q(i, i));
      y[i] = root[i] * z[i];
    }
    solver.solve(y.data(), x.data());
    double squares = 0.0;
    for (Eigen::Index i = 0; i < n; ++i) {
      squares += y[i] * x[i] - z[i] * z[i];
    }
    return solver.log_determinant() - diagonal.value() + squares;
  }

  /// d(ln |R| + z' R^-1 z)/dq, element (i, j), j <= i
  [[nodiscard]] double
  slope(Eigen::Index i, Eigen::Index j, const Rows& inverse, const double* z) const {
    const double off = inverse(i, j) - x[i] * x[j];
    return i == j ? off - 1.0 / (root[i] * root[i]) + x[i] * z[i] / root[i] : off;
  }
};

/// Two dot products over lower triangles, counting off-diagonal elements twice.
void add_score(const Solution& solution,
               const Rows& inverse,
               const double* z,
               const Paths& paths,
               double& by_a,
               double& by_b) {
  const Eigen::Index n = inverse.rows();
  double diagonal_a = 0.0;
  double diagonal_b = 0.0;
  double off_a = 0.0;
  double off_b = 0.0;
  for (Eigen::Index i = 0; i < n; ++i) {
    const double* vi = inverse.data() + i * n;
    const double* ai = paths.by_a.data() + i * n;
    const double* bi = paths.by_b.data() + i * n;
    const double xi = solution.x[i];
    for (Eigen::Index j = 0; j < i; ++j) {
      const double g = vi[j] - xi * solution.x[j];
      off_a += g * ai[j];
      off_b += g * bi[j];
    }
    const double g = solution.slope(i, i, inverse, z);
    diagonal_a += g * ai[i];
    diagonal_b += g * bi[i];
  }
  by_a = -0.5 * (diagonal_a + 2.0 * off_a);
  by_b = -0.5 * (diagonal_b + 2.0 * off_b);
}

/// Derivative of the log-likelihood by Q[t] and all that follows from it, backwards in time; gives
/// the derivative by the residuals.
class Adjoint {
public:
  Adjoint(const Rows& z, const Rows& target, const DccParameters& p)
    : z_(z), target_(target), p_(p), slopes_(z.rows(), z.cols() * z.cols()),
      direct_(z.rows(), z.cols()) {}

  /// False where a Q is not positive definite.
  bool forward();
  /// @param out             the derivative at a fixed target, shape (T, N)
  /// @returns               the derivative by the target, shape (N, N)
  Eigen::MatrixXd backward(Eigen::MatrixXd& out) const;

private:
  const Rows& z_;
  const Rows& target_;
  DccParameters p_;
  Rows slopes_; ///< d(log-likelihood)/dQ[t] alone, a row each
  Rows direct_; ///< d(log-likelihood)/dz[t] at fixed Q: z - R^-1 z
};

bool Adjoint::forward() {
  const Eigen::Index n = z_.cols();
  Paths paths{target_};
  dcc_kernel::SmallInverse solver{n};
  Solution solution{n};
  for (Eigen::Index t = 0; t < z_.rows(); ++t) {
    const double* z = z_.data() + t * n;
    if (!solver.factorise(paths.q)) {
      return false;
    }
    solution.find(z, paths.q, solver);
    const Rows& inverse = solver.invert();
    for (Eigen::Index i = 0; i < n; ++i) {
      direct_(t, i) = z[i] - solution.root[i] * solution.x[i];
      for (Eigen::Index j = 0; j <= i; ++j) {
        const double g = -0.5 * solution.slope(i, j, inverse, z);
        slopes_(t, i * n + j) = g;
        slopes_(t, j * n + i) = g;
      }
    }
    paths.step(z, target_, p_, false);
  }
  return true;
}

Eigen::MatrixXd Adjoint::backward(Eigen::MatrixXd& out) const {
  const Eigen::Index n = z_.cols();
  Rows carried = Rows::Zero(n, n); // d(all that follows)/dQ[t+1]
  Eigen::MatrixXd by_target = Eigen::MatrixXd::Zero(n, n);
  out.resize(z_.rows(), n);
  for (Eigen::Index t = z_.rows() - 1; t >= 0; --t) {
    out.row(t) = direct_.row(t) + 2.0 * p_.a * (z_.row(t) * carried);
    carried = p_.b * carried + Eigen::Map<const Rows>(slopes_.row(t).data(), n, n);
    // Q[1] is the target itself
    by_target += t == 0 ? carried : Rows((1.0 - p_.a - p_.b) * carried);
  }
  return by_target;
}

} // namespace dcc_detail

Expected<Eigen::MatrixXd>
dcc_target(const Eigen::Ref<const Eigen::MatrixXd>& z, DccTargeting targeting, double shrinkage) {
  if (!(shrinkage >= 0.0 && shrinkage <= 1.0)) {
    return Reason::BAD_PARAMETER;
  }
  if (z.rows() < 2 || z.cols() < 2) {
    return Reason::TOO_SHORT;
  }
  if (!z.allFinite()) {
    return Reason::BAD_SAMPLE;
  }
  const auto size = static_cast<double>(z.rows());
  Eigen::MatrixXd out;
  if (targeting == DccTargeting::COVARIANCE) {
    const Eigen::MatrixXd centred = z.rowwise() - z.colwise().mean();
    out = centred.transpose() * centred / (size - 1.0);
  } else {
    out = z.transpose() * z / size;
  }
  const Eigen::VectorXd diagonal = out.diagonal();
  out *= 1.0 - shrinkage;
  out.diagonal() = diagonal;
  const Eigen::LLT<Eigen::MatrixXd> cholesky{out};
  if (!out.allFinite() || cholesky.info() != Eigen::Success || !(cholesky.rcond() > 1e-14)) {
    return Reason::DEGENERATE;
  }
  return out;
}

Expected<double> dcc_log_likelihood(const Eigen::Ref<const Eigen::MatrixXd>& z,
                                    const Eigen::Ref<const Eigen::MatrixXd>& target,
                                    const DccParameters& parameters,
                                    Eigen::VectorXd* gradient,
                                    Eigen::MatrixXd* scores) {
  using namespace dcc_detail;
  if (const auto reason = dcc_kernel::refusal(z, target, parameters)) {
    return *reason;
  }
  const Rows rows = z;
  const Rows aim = target;
  const Eigen::Index n = rows.cols();
  const bool slopes = gradient != nullptr || scores != nullptr;
  if (scores != nullptr) {
    scores->resize(rows.rows(), 2);
  }
  Paths paths{aim};
  dcc_kernel::SmallInverse solver{n};
  Solution solution{n};
  double sum = 0.0;
  double sum_a = 0.0;
  double sum_b = 0.0;
  for (Eigen::Index t = 0; t < rows.rows(); ++t) {
    const double* row = rows.data() + t * n;
    if (!solver.factorise(paths.q)) {
      return Reason::DEGENERATE;
    }
    sum += solution.find(row, paths.q, solver);
    if (slopes) {
      double by_a = 0.0;
      double by_b = 0.0;
      add_score(solution, solver.invert(), row, paths, by_a, by_b);
      sum_a += by_a;
      sum_b += by_b;
      if (scores != nullptr) {
        (*scores)(t, 0) = by_a;
        (*scores)(t, 1) = by_b;
      }
    }
    paths.step(row, aim, parameters, slopes);
  }
  if (gradient != nullptr) {
    gradient->resize(2);
    *gradient << sum_a, sum_b;
  }
  if (!std::isfinite(sum) || !std::isfinite(sum_a) || !std::isfinite(sum_b)) {
    return Reason::DEGENERATE;
  }
  return -0.5 * sum;
}

Expected<Eigen::MatrixXd> dcc_residual_slopes(const Eigen::Ref<const Eigen::MatrixXd>& z,
                                              DccTargeting targeting,
                                              double shrinkage,
                                              const DccParameters& parameters) {
  using namespace dcc_detail;
  const auto target = dcc_target(z, targeting, shrinkage);
  if (!target) {
    return target.reason();
  }
  if (const auto reason = dcc_kernel::refusal(z, *target, parameters)) {
    return *reason;
  }
  const Rows rows = z;
  const Rows aim = *target;
  Adjoint adjoint{rows, aim, parameters};
  if (!adjoint.forward()) {
    return Reason::DEGENERATE;
  }
  Eigen::MatrixXd out;
  Eigen::MatrixXd by_target = adjoint.backward(out);
  const Eigen::VectorXd diagonal = by_target.diagonal();
  by_target *= 1.0 - shrinkage;
  by_target.diagonal() = diagonal;
  const auto size = static_cast<double>(z.rows());
  if (targeting == DccTargeting::COVARIANCE) {
    out += 2.0 / (size - 1.0) * (z.rowwise() - z.colwise().mean()) * by_target;
  } else {
    out += 2.0 / size * z * by_target;
  }
  if (!out.allFinite()) {
    return Reason::DEGENERATE;
  }
  return out;
}

Eigen::MatrixXd correlations_of(const Eigen::Ref<const Eigen::MatrixXd>& q) {
  const Eigen::VectorXd scale = q.diagonal().cwiseSqrt().cwiseInverse();
  Eigen::MatrixXd out = scale.asDiagonal() * q * scale.asDiagonal();
  out = out.cwiseMin(1.0).cwiseMax(-1.0);
  out.diagonal().setOnes();
  return out;
}

DccFilter::DccFilter(const DccParameters& parameters, Eigen::MatrixXd target)
  : DccFilter(parameters, target, target) {}

DccFilter::DccFilter(const DccParameters& parameters,
                     Eigen::MatrixXd target,
                     Eigen::MatrixXd q_next)
  : parameters_(parameters), target_(std::move(target)), q_(std::move(q_next)) {
  const auto usable = [](const Eigen::MatrixXd& m) {
    return m.rows() > 0 && m.rows() == m.cols() && m.allFinite() && m.diagonal().minCoeff() > 0.0;
  };
  if (!parameters_.usable() || !usable(target_) || !usable(q_) || q_.rows() != target_.rows()) {
    throw std::invalid_argument("DCC filter: parameters, target or Q out of bounds");
  }
}

bool DccFilter::update(const Eigen::Ref<const Eigen::VectorXd>& z) {
  // beyond 1e75 a later square of a square would overflow
  if (z.size() != q_.rows() || !z.allFinite() || z.cwiseAbs().maxCoeff() > 1e75) {
    return false;
  }
  const double c = 1.0 - parameters_.a - parameters_.b;
  const Eigen::Index n = q_.cols();
  for (Eigen::Index j = 0; j < n; ++j) {
    const Eigen::Index below = n - j;
    q_.col(j).tail(below) = c * target_.col(j).tail(below) + parameters_.b * q_.col(j).tail(below)
                            + parameters_.a * z[j] * z.tail(below);
  }
  return true;
}

Eigen::MatrixXd DccFilter::correlation_next() const {
  return correlations_of(q_next());
}

double DccFilter::correlation_next(Eigen::Index i, Eigen::Index j) const {
  if (i == j) {
    return 1.0;
  }
  const double q = q_(std::max(i, j), std::min(i, j));
  return std::clamp(q / std::sqrt(q_(i, i) * q_(j, j)), -1.0, 1.0);
}

Eigen::MatrixXd DccFilter::correlation_ahead(Eigen::Index k) const {
  const double weight =
    std::pow(parameters_.persistence(), static_cast<double>(std::max<Eigen::Index>(k, 1) - 1));
  const Eigen::MatrixXd far = correlations_of(target_);
  Eigen::MatrixXd out = far + weight * (correlation_next() - far);
  out.diagonal().setOnes();
  return out;
}

} // namespace troupe::quant
