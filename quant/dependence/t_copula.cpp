#include "quant/dependence/t_copula.hpp"

#include "quant/covariance/nearest.hpp"
#include "quant/dependence/rank.hpp"
#include "quant/dependence/tail.hpp"
#include "quant/distributions/gamma.hpp"
#include "quant/distributions/student_t.hpp"
#include "quant/linear_algebra/dense.hpp"
#include "quant/optimise/bfgs.hpp"

#include <boost/math/tools/minima.hpp>

#include <cmath>
#include <limits>
#include <map>
#include <numbers>

namespace troupe::quant {

namespace t_copula_detail {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::Ref;
using Eigen::VectorXd;

/// Quantiles of every entry. Pseudo-observations repeat (the same ranks in every column) and are
/// symmetric about one half, so few of them are distinct.
Expected<MatrixXd> t_quantiles(const Ref<const MatrixXd>& pseudo, double nu) {
  std::map<double, double> known;
  MatrixXd out(pseudo.rows(), pseudo.cols());
  for (Index j = 0; j < pseudo.cols(); ++j) {
    for (Index t = 0; t < pseudo.rows(); ++t) {
      const double u = pseudo(t, j);
      const bool upper = u > 0.5;
      const auto [entry, fresh] = known.try_emplace(upper ? 1.0 - u : u, 0.0);
      if (fresh) {
        const auto quantile = student_t_quantile(entry->first, nu);
        if (!quantile) {
          return quantile.reason();
        }
        entry->second = *quantile;
      }
      out(t, j) = upper ? -entry->second : entry->second;
    }
  }
  return out;
}

/// What does not depend on the correlations: constants and the margins' densities.
double constant_part(const MatrixXd& q, double nu) {
  const auto n = static_cast<double>(q.cols());
  const auto bars = static_cast<double>(q.rows());
  const double half = log_gamma(0.5 * nu);
  const double joint = log_gamma(0.5 * (nu + n)) - half - 0.5 * n * std::log(nu * std::numbers::pi);
  const double margin = log_gamma(0.5 * (nu + 1.0)) - half - 0.5 * std::log(nu * std::numbers::pi);
  const double margins =
    bars * n * margin - 0.5 * (nu + 1.0) * (q.array().square() / nu).log1p().sum();
  return bars * joint - margins;
}

/// Lower factor with rows of unit length, so that L L' has a unit diagonal, from free numbers: row
/// i is (x_i1 .. x_i,i-1, 1) over its length.
struct UnitRows {
  MatrixXd lower;
  VectorXd lengths;

  UnitRows(const VectorXd& x, Index n) : lower(MatrixXd::Zero(n, n)), lengths(n) {
    Index k = 0;
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < i; ++j) {
        lower(i, j) = x[k++];
      }
      lower(i, i) = 1.0;
      lengths[i] = lower.row(i).head(i + 1).norm();
      lower.row(i) /= lengths[i];
    }
  }
  /// Chain rule from d/dL to d/dx.
  [[nodiscard]] VectorXd gradient(const MatrixXd& by_lower) const {
    const Index n = lower.rows();
    VectorXd out(n * (n - 1) / 2);
    Index k = 0;
    for (Index i = 0; i < n; ++i) {
      const double along = by_lower.row(i).head(i + 1).dot(lower.row(i).head(i + 1));
      for (Index j = 0; j < i; ++j) {
        out[k++] = (by_lower(i, j) - along * lower(i, j)) / lengths[i];
      }
    }
    return out;
  }
};

VectorXd free_numbers(const MatrixXd& lower) {
  const Index n = lower.rows();
  VectorXd out(n * (n - 1) / 2);
  Index k = 0;
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < i; ++j) {
      out[k++] = lower(i, j) / lower(i, i);
    }
  }
  return out;
}

/// Part of the log-likelihood that depends on the correlations, and its gradient by L:
///     f = -T log det L - (nu + N)/2 sum log(1 + |L^-1 q|^2 / nu)
double correlation_part(const MatrixXd& q, double nu, const MatrixXd& lower, MatrixXd* by_lower) {
  const auto n = static_cast<double>(q.cols());
  const auto factor = lower.triangularView<Eigen::Lower>();
  const MatrixXd z = factor.solve(q.transpose()); // shape (N, T)
  const Eigen::ArrayXd distance = z.colwise().squaredNorm().transpose().array() / nu;
  const double value = -static_cast<double>(q.rows()) * lower.diagonal().array().log().sum()
                       - 0.5 * (nu + n) * distance.log1p().sum();
  if (by_lower != nullptr) {
    const VectorXd weights = ((nu + n) / nu / (1.0 + distance)).matrix();
    // d/dL = L^-T (sum w z z') - T diag(1 / L_ii), lower triangle
    const MatrixXd roots = z * weights.cwiseSqrt().asDiagonal();
    *by_lower = lower.transpose().triangularView<Eigen::Upper>().solve(gram(roots.transpose()));
    by_lower->diagonal() -= static_cast<double>(q.rows()) * lower.diagonal().cwiseInverse();
  }
  return value;
}

/// Profile of the likelihood over the degrees of freedom; remembers the best correlations as the
/// start of the next search.
class Profile {
public:
  Profile(MatrixXd pseudo, const MatrixXd& start_lower)
    : pseudo_(std::move(pseudo)), x_(free_numbers(start_lower)) {}

  /// Log-likelihood per bar with the best correlations for these degrees of freedom; minus infinity
  /// where there is none.
  double operator()(double nu) {
    const auto q = t_quantiles(pseudo_, nu);
    if (!q) {
      return -std::numeric_limits<double>::infinity();
    }
    const auto bars = static_cast<double>(q->rows());
    const Index n = q->cols();
    const auto objective = [&](const VectorXd& x, VectorXd& gradient) {
      const UnitRows rows{x, n};
      MatrixXd by_lower;
      const double value = correlation_part(*q, nu, rows.lower, &by_lower);
      gradient = -rows.gradient(by_lower) / bars;
      return -value / bars;
    };
    const auto best =
      minimise_bfgs(objective, x_, {.iterations_max = 500, .gradient_tolerance = 1e-9});
    converged_ = best.converged;
    if (std::isfinite(best.value)) {
      x_ = best.x;
    }
    return constant_part(*q, nu) / bars - best.value;
  }

  [[nodiscard]] MatrixXd correlation() const {
    MatrixXd out = gram(UnitRows{x_, pseudo_.cols()}.lower.transpose());
    out.diagonal().setOnes();
    return out;
  }
  [[nodiscard]] bool converged() const { return converged_; }

private:
  MatrixXd pseudo_;
  VectorXd x_;
  bool converged_ = false;
};

} // namespace t_copula_detail

Expected<double> t_copula_log_likelihood(const Eigen::Ref<const Eigen::MatrixXd>& pseudo,
                                         const TCopula& copula) {
  using namespace t_copula_detail;
  if (pseudo.rows() == 0 || pseudo.cols() != copula.correlation.rows()) {
    return Reason::BAD_SHAPE;
  }
  if (!(copula.degrees_of_freedom > 0.0)) {
    return Reason::BAD_PARAMETER;
  }
  if (!pseudo.allFinite() || pseudo.minCoeff() <= 0.0 || pseudo.maxCoeff() >= 1.0) {
    return Reason::BAD_SAMPLE;
  }
  if (const auto usable = check_symmetric(copula.correlation); !usable) {
    return usable.reason();
  }
  const auto factor = Cholesky::of(copula.correlation);
  if (!factor) {
    return factor.reason();
  }
  const double nu = copula.degrees_of_freedom;
  const auto q = t_quantiles(pseudo, nu);
  if (!q) {
    return q.reason();
  }
  return constant_part(*q, nu) + correlation_part(*q, nu, factor->lower(), nullptr);
}

Expected<TCopulaFit> fit_t_copula(const Eigen::Ref<const Eigen::MatrixXd>& returns,
                                  const TCopulaSettings& settings) {
  using namespace t_copula_detail;
  if (returns.cols() < 2 || returns.cols() > t_copula_series_max) {
    return Reason::BAD_SHAPE;
  }
  if (!(settings.degrees_of_freedom_min > 0.0)
      || !(settings.degrees_of_freedom_max > settings.degrees_of_freedom_min)
      || !std::isfinite(settings.degrees_of_freedom_max)) {
    return Reason::BAD_PARAMETER;
  }
  if (returns.rows() <= returns.cols() + 1) {
    return Reason::TOO_SHORT;
  }
  auto kendall = kendall_correlation(returns);
  if (!kendall) {
    return kendall.reason();
  }
  auto pseudo = pseudo_observations(returns);
  if (!pseudo) {
    return pseudo.reason();
  }
  constexpr double eigenvalue_min = 1e-4; // a start, not an estimate
  const MatrixXd rough = (0.5 * std::numbers::pi * kendall->array()).sin();
  const auto start =
    nearest_correlation(rough, {.eigenvalue_min = eigenvalue_min, .tolerance = 1e-6});
  if (!start) {
    return start.reason();
  }
  const auto factor = Cholesky::of(start->matrix);
  if (!factor) {
    return factor.reason();
  }
  Profile profile{std::move(*pseudo), factor->lower()};
  const double low = std::log(settings.degrees_of_freedom_min);
  const double high = std::log(settings.degrees_of_freedom_max);
  constexpr int bits = 24; // half of a double's: what a flat maximum can resolve
  const auto [log_nu, negative] = boost::math::tools::brent_find_minima(
    [&](double x) { return -profile(std::exp(x)); }, low, high, bits);
  const double nu = std::exp(log_nu);
  const double log_likelihood = profile(nu) * static_cast<double>(returns.rows());
  if (!profile.converged() || !std::isfinite(log_likelihood) || !std::isfinite(negative)) {
    return Reason::NOT_CONVERGED;
  }
  TCopulaFit out{{profile.correlation(), nu}, log_likelihood, std::move(*kendall), {}, false};
  if (!Cholesky::of(out.copula.correlation)) {
    return Reason::NOT_POSITIVE_DEFINITE;
  }
  auto tail = t_tail_dependence(out.copula.correlation, nu);
  if (!tail) {
    return tail.reason();
  }
  out.tail_dependence = std::move(*tail);
  constexpr double margin = 1e-3;
  out.at_bound = log_nu < low + margin || log_nu > high - margin;
  return out;
}

} // namespace troupe::quant
