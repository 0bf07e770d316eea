#include "quant/distributions/log_sum.hpp"
#include "quant/volatility/dcc_kernel.hpp"

namespace troupe::quant {

namespace dcc_pairs_detail {

/// An element of Q with its derivatives by a and b.
struct Element {
  double q = 0.0;
  double by_a = 0.0;
  double by_b = 0.0;

  void step(double product, double target, const DccParameters& p) {
    by_a = p.b * by_a + (product - target);
    by_b = p.b * by_b + (q - target);
    q = (1.0 - p.a - p.b) * target + p.a * product + p.b * q;
  }
};

struct Sums {
  double value = 0.0;
  double by_a = 0.0;
  double by_b = 0.0;
};

/// Bivariate log-likelihood of two columns; false where a correlation reaches 1.
bool add_pair(const double* x,
              const double* y,
              Eigen::Index size,
              const Eigen::Matrix2d& target,
              const DccParameters& p,
              Eigen::MatrixXd* scores,
              Sums& sums) {
  Element xx{target(0, 0), 0.0, 0.0};
  Element yy{target(1, 1), 0.0, 0.0};
  Element xy{target(0, 1), 0.0, 0.0};
  LogSum logs;
  double squares = 0.0;
  for (Eigen::Index t = 0; t < size; ++t) {
    const double x2 = x[t] * x[t];
    const double y2 = y[t] * y[t];
    const double product = x[t] * y[t];
    const double inverse = 1.0 / std::sqrt(xx.q * yy.q);
    const double rho = xy.q * inverse;
    const double rest = 1.0 - rho * rho;
    if (!(rest > 1e-15)) {
      return false;
    }
    logs.add(rest);
    const double share = 1.0 / rest;
    const double norm = x2 + y2;
    // (norm - 2 rho xy)/rest - norm
    squares += rho * share * (rho * norm - 2.0 * product);
    const double slope = share * (rho + share * (product * (1.0 + rho * rho) - rho * norm));
    const double half_x = 0.5 * rho / xx.q;
    const double half_y = 0.5 * rho / yy.q;
    const double by_a = slope * (xy.by_a * inverse - half_x * xx.by_a - half_y * yy.by_a);
    const double by_b = slope * (xy.by_b * inverse - half_x * xx.by_b - half_y * yy.by_b);
    sums.by_a += by_a;
    sums.by_b += by_b;
    if (scores != nullptr) {
      (*scores)(t, 0) += by_a;
      (*scores)(t, 1) += by_b;
    }
    xx.step(x2, target(0, 0), p);
    yy.step(y2, target(1, 1), p);
    xy.step(product, target(0, 1), p);
  }
  sums.value -= 0.5 * (logs.value() + squares);
  return true;
}

} // namespace dcc_pairs_detail

Expected<double> dcc_pair_log_likelihood(const Eigen::Ref<const Eigen::MatrixXd>& z,
                                         const Eigen::Ref<const Eigen::MatrixXd>& target,
                                         const DccParameters& parameters,
                                         Eigen::VectorXd* gradient,
                                         Eigen::MatrixXd* scores) {
  if (const auto reason = dcc_kernel::refusal(z, target, parameters)) {
    return *reason;
  }
  if (scores != nullptr) {
    scores->setZero(z.rows(), 2);
  }
  dcc_pairs_detail::Sums sums;
  for (Eigen::Index i = 0; i + 1 < z.cols(); ++i) {
    if (!dcc_pairs_detail::add_pair(z.col(i).data(), z.col(i + 1).data(), z.rows(),
                                    target.block<2, 2>(i, i), parameters, scores, sums)) {
      return Reason::DEGENERATE;
    }
  }
  if (!std::isfinite(sums.value) || !std::isfinite(sums.by_a) || !std::isfinite(sums.by_b)) {
    return Reason::DEGENERATE;
  }
  if (gradient != nullptr) {
    gradient->resize(2);
    *gradient << sums.by_a, sums.by_b;
  }
  return sums.value;
}

} // namespace troupe::quant
