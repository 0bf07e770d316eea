#include "quant/portfolio/optimise.hpp"

#include "quant/linear_algebra/dense.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace troupe::quant {

namespace optimise_detail {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::Ref;
using Eigen::VectorXd;

/// Eigenvalues below this share of the largest are rounding.
constexpr double negative_eigenvalue_max = 1e-10;
/// Limits that no portfolio exceeds by more than this count as met.
constexpr double admissible = 1e-9;
/// What is smaller than this share of what it was computed from is rounding.
constexpr double ratio_rounding = 1e-14;
constexpr int ratio_steps_max = 200;
/// Weights beyond this, times the budget, say that a ratio is approached only as positions grow
/// without end.
constexpr double weight_max = 1e7;

Expected<bool> check_covariance(const Ref<const MatrixXd>& covariance) {
  if (const auto usable = check_symmetric(covariance); !usable) {
    return usable.reason();
  }
  if (covariance.diagonal().minCoeff() < 0.0 || covariance.diagonal().maxCoeff() <= 0.0) {
    return Reason::NOT_POSITIVE_DEFINITE;
  }
  // a Cholesky factor of the matrix with a negligible diagonal added is cheaper than its
  // eigenvalues
  MatrixXd shifted = covariance;
  shifted.diagonal().array() += negative_eigenvalue_max * covariance.trace();
  const auto factor = Cholesky::of(std::move(shifted));
  if (!factor) {
    return factor.reason();
  }
  return true;
}

std::string reason_of(const std::vector<Relaxation>& relaxed) {
  std::string text;
  for (const auto& one : relaxed) {
    text += (text.empty() ? "no portfolio satisfies all limits: " : "; ") + one.limit + " asked "
            + std::to_string(one.asked) + ", nearest " + std::to_string(one.granted);
  }
  return text;
}

Portfolio answer(VectorXd weights, std::vector<Relaxation> relaxed, double residual) {
  auto reason = reason_of(relaxed);
  return {std::move(weights), std::move(relaxed), std::move(reason), residual};
}

/// The answer with one more remark, that it is not what was asked for.
Expected<Portfolio> with_remark(Expected<Portfolio> out, const char* remark) {
  if (out) {
    out->reason += (out->reason.empty() ? "" : "; ") + std::string{remark};
  }
  return out;
}

/// Puts the objective 1/2 w'Sw - mean'w on a programme and solves it.
Expected<Portfolio> solved(QuadraticProgram program,
                           const Ref<const MatrixXd>& covariance,
                           const VectorXd& mean,
                           std::vector<Relaxation> relaxed) {
  const Index n = covariance.rows();
  program.p.topLeftCorner(n, n) = covariance;
  // the budget makes what all means have in common a constant: it would only cost digits
  program.q.head(n) = mean.mean() - mean.array();
  const auto solution = solve(program);
  if (!solution) {
    return solution.reason();
  }
  return answer(solution->x.head(n), std::move(relaxed), solution->kkt_residual);
}

/// The admissible portfolio of smallest 1/2 w'Sw - mean'w.
Expected<Portfolio> best(const Ref<const MatrixXd>& covariance,
                         const VectorXd& mean,
                         const FeasibleConstraints& limits) {
  return solved(program_of(limits.constraints), covariance, mean, limits.relaxed);
}

/// Checks what all of them are given and makes the constraints feasible.
Expected<FeasibleConstraints> prepared(const Ref<const MatrixXd>& covariance,
                                       const PortfolioConstraints& constraints) {
  if (const auto usable = check_covariance(covariance); !usable) {
    return usable.reason();
  }
  return feasible(constraints, covariance.rows());
}

/// The same with one number per instrument, which must be finite.
Expected<FeasibleConstraints> prepared(const Ref<const MatrixXd>& covariance,
                                       const PortfolioConstraints& constraints,
                                       const Ref<const VectorXd>& mean) {
  auto out = prepared(covariance, constraints);
  if (out && mean.size() != covariance.rows()) {
    return Reason::BAD_SHAPE;
  }
  if (out && !mean.allFinite()) {
    return Reason::BAD_SAMPLE;
  }
  return out;
}

/// The best portfolio at one tolerance of risk: it minimises 1/2 w'Sw - tolerance scale'w.
struct Priced {
  double tolerance;
  double excess; ///< w'Sw - tolerance scale'w: above 0 below the tolerance sought, 0 at it
  bool settled;
  Portfolio portfolio;
};

Expected<Priced> priced(const Ref<const MatrixXd>& covariance,
                        const VectorXd& scale,
                        double tolerance,
                        const FeasibleConstraints& limits) {
  auto portfolio = best(covariance, tolerance * scale, limits);
  if (!portfolio) {
    return portfolio.reason();
  }
  const VectorXd& w = portfolio->weights;
  if (w.cwiseAbs().maxCoeff() > weight_max * limits.constraints.budget) {
    return Reason::DEGENERATE;
  }
  const double negligible = ratio_rounding * covariance.diagonal().maxCoeff();
  const double variance = std::max(w.dot(covariance * w), negligible);
  const double reward = scale.dot(w);
  const double excess = variance - tolerance * reward;
  const double size = variance + tolerance * scale.cwiseAbs().dot(w.cwiseAbs());
  // no portfolio has a larger ratio than one that earns something at no risk
  const bool settled =
    (reward > 0.0 && variance <= negligible) || std::abs(excess) <= ratio_rounding * size;
  return Priced{tolerance, excess, settled, *std::move(portfolio)};
}

/// Where the line through two of them has no excess; not a number where it is level.
double secant(const Priced& a, const Priced& b) {
  return a.tolerance + a.excess * ((b.tolerance - a.tolerance) / (a.excess - b.excess));
}

/// The tolerance to look at next: the secant's while it is between the ends and not to be hastened,
/// as it must be now and then for a secant not to creep.
double next_tolerance(const Priced& before,
                      const Priced& now,
                      const Priced& low,
                      const std::optional<Priced>& high,
                      bool hasten) {
  const double guess = secant(before, now);
  if (!high) {
    constexpr double stride = 4.0;
    constexpr double stride_max = 100.0;
    return guess > low.tolerance && !hasten ? std::min(guess, stride_max * low.tolerance)
                                            : stride * low.tolerance;
  }
  const auto inside = [&](double x) { return x > low.tolerance && x < high->tolerance; };
  if (hasten) {
    return 0.5 * (low.tolerance + high->tolerance);
  }
  return inside(guess) ? guess : std::clamp(secant(low, *high), low.tolerance, high->tolerance);
}

/// Largest scale'w / sqrt(w'Sw) over the constraints, by the tolerance of risk at which the best
/// portfolio has it. While the same limits bind, the weights are linear in the tolerance and so is
/// the excess (Markowitz's critical lines): the secant through two points of one line ends the
/// search. Where the ratio is approached only as positions grow without end, the portfolio of
/// smallest variance.
/// @pre  scale'w > 0 somewhere
Expected<Portfolio> largest_ratio(const Ref<const MatrixXd>& covariance,
                                  const VectorXd& scale,
                                  const FeasibleConstraints& limits) {
  auto before = priced(covariance, scale, 0.0, limits);
  if (!before) {
    return before.reason();
  }
  if (before->settled) {
    return std::move(before->portfolio);
  }
  const Portfolio least = before->portfolio;
  Priced low = *before;
  std::optional<Priced> high;
  const double reward = scale.dot(least.weights);
  double tolerance = low.excess / (reward > 0.0 ? reward : scale.cwiseAbs().maxCoeff());
  for (int i = 0; i < ratio_steps_max; ++i) {
    auto now = priced(covariance, scale, tolerance, limits);
    if (!now && now.reason() == Reason::DEGENERATE) {
      return with_remark(least,
                         "no portfolio has the largest ratio: it is approached only as "
                         "positions grow without end; this is the minimum-variance portfolio");
    }
    if (!now) {
      return now.reason();
    }
    if (now->excess > 0.0) {
      low = *now;
    } else {
      high = *now;
    }
    const bool narrow = high && high->tolerance - low.tolerance <= ratio_rounding * high->tolerance;
    if (now->settled || narrow) {
      return std::move(now->portfolio);
    }
    tolerance = next_tolerance(*before, *now, low, high, i % 4 == 3);
    before = std::move(now);
  }
  return Reason::NOT_CONVERGED;
}

/// S^-1 v scaled to the budget; none where S is singular or the sum of the weights is not above 0.
std::optional<VectorXd>
closed_form(const Ref<const MatrixXd>& covariance, const VectorXd& v, double budget) {
  const auto factor = Cholesky::of(covariance);
  if (!factor) {
    return std::nullopt;
  }
  const VectorXd x = factor->solve(v);
  const double sum = x.sum();
  if (!(sum > 0.0) || !x.allFinite()) {
    return std::nullopt;
  }
  return x * (budget / sum);
}

} // namespace optimise_detail

using namespace optimise_detail; // NOLINT(google-build-using-namespace): of this file

Expected<Portfolio> minimum_variance(const Ref<const MatrixXd>& covariance,
                                     const PortfolioConstraints& constraints) {
  const auto limits = prepared(covariance, constraints);
  if (!limits) {
    return limits.reason();
  }
  const Index n = covariance.rows();
  if (!limits->constraints.only_budget()) {
    return best(covariance, VectorXd::Zero(n), *limits);
  }
  auto weights = closed_form(covariance, VectorXd::Ones(n), constraints.budget);
  if (!weights) {
    return Reason::NOT_POSITIVE_DEFINITE;
  }
  return answer(std::move(*weights), {}, 0.0);
}

Expected<Portfolio> efficient_return(const Ref<const MatrixXd>& covariance,
                                     const Ref<const VectorXd>& mean,
                                     double target,
                                     const PortfolioConstraints& constraints) {
  auto limits = prepared(covariance, constraints, mean);
  if (!limits) {
    return limits.reason();
  }
  const Index n = covariance.rows();
  if (!std::isfinite(target)) {
    return Reason::BAD_PARAMETER;
  }
  const double unit = std::max(mean.cwiseAbs().maxCoeff(), 1e-300);
  const VectorXd scaled = mean / unit;
  double wanted = target / unit;
  if (!limits->constraints.only_budget()) {
    const auto least = smallest_attainable(limits->constraints, scaled);
    const auto most = smallest_attainable(limits->constraints, -scaled);
    // without a bound on either side the return has none: whatever is asked can be had
    const double low = least ? *least : -no_bound;
    const double high = most ? -*most : no_bound;
    const double margin = std::min(1e-9, 1e-6 * (high - low));
    const double reachable = std::clamp(wanted, std::min(low + margin, high), high - margin);
    if (std::abs(reachable - wanted) > 1e-7) {
      limits->relaxed.push_back({"target return", target, reachable * unit});
    }
    wanted = reachable;
  }
  QuadraticProgram program = program_of(limits->constraints);
  LinearRow row{{}, {}, wanted};
  for (Index i = 0; i < n; ++i) {
    row.index.push_back(i);
    row.value.push_back(scaled[i]);
  }
  program.equalities.push_back(std::move(row));
  return solved(std::move(program), covariance, VectorXd::Zero(n), std::move(limits->relaxed));
}

Expected<Portfolio> quadratic_utility(const Ref<const MatrixXd>& covariance,
                                      const Ref<const VectorXd>& mean,
                                      double risk_aversion,
                                      const PortfolioConstraints& constraints) {
  const auto limits = prepared(covariance, constraints, mean);
  if (!limits) {
    return limits.reason();
  }
  if (!(risk_aversion > 0.0) || !std::isfinite(risk_aversion)) {
    return Reason::BAD_PARAMETER;
  }
  return best(covariance, mean / risk_aversion, *limits);
}

Expected<Portfolio> maximum_sharpe(const Ref<const MatrixXd>& covariance,
                                   const Ref<const VectorXd>& mean,
                                   double risk_free,
                                   const PortfolioConstraints& constraints) {
  const auto limits = prepared(covariance, constraints, mean);
  if (!limits) {
    return limits.reason();
  }
  if (!std::isfinite(risk_free) || !(constraints.budget > 0.0)) {
    return Reason::BAD_PARAMETER;
  }
  const VectorXd excess = mean.array() - risk_free;
  if (limits->constraints.only_budget()) {
    if (auto weights = closed_form(covariance, excess, constraints.budget)) {
      return answer(std::move(*weights), {}, 0.0);
    }
  } else if (const auto least = smallest_attainable(limits->constraints, -excess);
             !least || -*least > admissible * excess.cwiseAbs().maxCoeff()) {
    return largest_ratio(covariance, excess, *limits);
  }
  return with_remark(minimum_variance(covariance, constraints),
                     "no tangency portfolio: none earns more than the riskless rate efficiently; "
                     "this is the minimum-variance portfolio");
}

Expected<VectorXd> tangency_weights(const Ref<const MatrixXd>& covariance,
                                    const Ref<const VectorXd>& mean,
                                    double risk_free) {
  if (const auto usable = check_symmetric(covariance); !usable) {
    return usable.reason();
  }
  if (mean.size() != covariance.rows()) {
    return Reason::BAD_SHAPE;
  }
  if (!mean.allFinite() || !std::isfinite(risk_free)) {
    return Reason::BAD_SAMPLE;
  }
  const auto factor = Cholesky::of(covariance);
  if (!factor) {
    return factor.reason();
  }
  const VectorXd x = factor->solve(VectorXd{mean.array() - risk_free});
  const VectorXd weights = x / x.sum();
  if (!weights.allFinite()) {
    return Reason::DEGENERATE;
  }
  return weights;
}

Expected<Portfolio> maximum_diversification(const Ref<const MatrixXd>& covariance,
                                            const PortfolioConstraints& constraints) {
  const auto limits = prepared(covariance, constraints);
  if (!limits) {
    return limits.reason();
  }
  if (!(constraints.budget > 0.0)) {
    return Reason::BAD_PARAMETER;
  }
  const VectorXd volatility = covariance.diagonal().cwiseSqrt();
  if (volatility.minCoeff() <= 0.0) {
    return Reason::DEGENERATE;
  }
  if (limits->constraints.only_budget()) {
    if (auto weights = closed_form(covariance, volatility, constraints.budget)) {
      return answer(std::move(*weights), {}, 0.0);
    }
    return Reason::NOT_POSITIVE_DEFINITE;
  }
  return largest_ratio(covariance, volatility, *limits);
}

Expected<Portfolio> nearest_portfolio(const Ref<const MatrixXd>& covariance,
                                      const Ref<const VectorXd>& wanted,
                                      const PortfolioConstraints& constraints) {
  const auto limits = prepared(covariance, constraints, wanted);
  if (!limits) {
    return limits.reason();
  }
  if (violation(constraints, wanted) <= admissible) {
    return answer(wanted, {}, 0.0);
  }
  return with_remark(best(covariance, covariance * wanted, *limits),
                     "the portfolio wanted breaks limits; this is the admissible one with the "
                     "least tracking error to it");
}

} // namespace troupe::quant
