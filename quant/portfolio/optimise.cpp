#include "quant/portfolio/optimise.hpp"

#include "quant/linear_algebra/dense.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
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

/// Puts the objective 1/2 risk w'Sw - mean'w on a programme and solves it.
Expected<Portfolio> solved(QuadraticProgram program,
                           const Ref<const MatrixXd>& covariance,
                           double risk,
                           const VectorXd& mean,
                           std::vector<Relaxation> relaxed) {
  const Index n = covariance.rows();
  program.p.topLeftCorner(n, n) = risk * covariance;
  program.q.head(n) = -mean;
  const auto solution = solve(program);
  if (!solution) {
    return solution.reason();
  }
  return answer(solution->x.head(n), std::move(relaxed), solution->kkt_residual);
}

/// Checks what all of them are given and makes the constraints feasible.
Expected<FeasibleConstraints> prepared(const Ref<const MatrixXd>& covariance,
                                       const PortfolioConstraints& constraints) {
  if (const auto usable = check_covariance(covariance); !usable) {
    return usable.reason();
  }
  return feasible(constraints, covariance.rows());
}

/// The same of those that are given a number per instrument too: means, or weights.
Expected<FeasibleConstraints> prepared(const Ref<const MatrixXd>& covariance,
                                       const PortfolioConstraints& constraints,
                                       const Ref<const VectorXd>& vector) {
  auto limits = prepared(covariance, constraints);
  if (limits && vector.size() != covariance.rows()) {
    return Reason::BAD_SHAPE;
  }
  if (limits && !vector.allFinite()) {
    return Reason::BAD_SAMPLE;
  }
  return limits;
}

/// Says what an answer is where it is not what was asked for.
Expected<Portfolio> noted(Expected<Portfolio> found, const char* note) {
  if (found) {
    found->reason += (found->reason.empty() ? "" : "; ") + std::string{note};
  }
  return found;
}

/// S^-1 v scaled to the budget, where nothing else limits; NOT_POSITIVE_DEFINITE where S is
/// singular or the sum of the weights is not above 0.
Expected<Portfolio>
closed_form(const Ref<const MatrixXd>& covariance, const VectorXd& v, double budget) {
  const auto factor = Cholesky::of(covariance);
  if (!factor) {
    return Reason::NOT_POSITIVE_DEFINITE;
  }
  const VectorXd x = factor->solve(v);
  const double sum = x.sum();
  if (!(sum > 0.0) || !x.allFinite()) {
    return Reason::NOT_POSITIVE_DEFINITE;
  }
  return answer(x * (budget / sum), {}, 0.0);
}

/// Finds the portfolio of the frontier w(g) = argmax scale'w - g/2 w'Sw, g > 0, with the largest
/// ratio scale'w / sqrt(w'Sw): the one where
///     h(g) = scale'w(g) - g w(g)'Sw(g) = 0.
/// h falls, from the largest attainable scale'w at g = 0, and is linear as long as the same limits
/// bind, so that a bracketed secant ends after some 5 to 10 programmes. Each is over portfolios, of
/// size 1 however small scale'w is.
class LargestRatio {
public:
  /// @param scale  largest magnitude of order 1
  LargestRatio(const Ref<const MatrixXd>& covariance,
               const VectorXd& scale,
               QuadraticProgram limits)
    : covariance_(covariance / covariance.diagonal().maxCoeff()), scale_(scale),
      program_(std::move(limits)) {
    program_.q.head(scale.size()) = -scale;
  }

  /// @param most  largest attainable scale'w, above 0; none where it has no bound
  /// @returns     NOT_CONVERGED; DEGENERATE where scale'w > 0 can be had without variance
  Expected<QuadraticSolution> run(std::optional<double> most) {
    End low{0.0, most.value_or(0.0)};
    std::optional<End> high;
    double g = 1.0;
    for (int i = 0; i < programmes_max; ++i) {
      auto solution = at(g);
      if (!solution) {
        return solution.reason();
      }
      const VectorXd w = solution->x.head(scale_.size());
      const double gain = scale_.dot(w);
      const double h = gain - g * w.dot(covariance_ * w);
      // a small gain is what is left of larger terms: their rounding is in h
      const double noise = rounding * scale_.cwiseAbs().dot(w.cwiseAbs());
      if (std::abs(h) <= tolerance * std::max(gain, 0.0) + noise
          || (high && high->g - low.g <= tolerance * high->g)) {
        return solution;
      }
      move_end(low, high, {g, h});
      if (!high && g >= risk_aversion_max) {
        return Reason::DEGENERATE;
      }
      g = next(low, high);
    }
    return Reason::NOT_CONVERGED;
  }

private:
  static constexpr int programmes_max = 100;
  static constexpr double tolerance = 1e-12;
  static constexpr double rounding = 8.0 * std::numeric_limits<double>::epsilon();
  static constexpr double risk_aversion_max = 1e9;
  static constexpr double stride = 16.0; ///< while there is no end with h below 0

  struct End {
    double g;
    double h;
    bool moved_last = false;
  };

  Expected<QuadraticSolution> at(double g) {
    const Index n = scale_.size();
    program_.p.topLeftCorner(n, n) = g * covariance_;
    return solve(program_);
  }

  /// Illinois: an end that stays while the other moves twice counts half.
  static void move_end(End& low, std::optional<End>& high, End found) {
    found.moved_last = true;
    if (found.h > 0.0) {
      if (low.moved_last && high) {
        high->h *= 0.5;
      }
      low = found;
      if (high) {
        high->moved_last = false;
      }
      return;
    }
    if (high && high->moved_last) {
      low.h *= 0.5;
    }
    high = found;
    low.moved_last = false;
  }

  /// @pre h of `low` is above 0 or unknown (then 0), of `high` not above
  static double next(const End& low, const std::optional<End>& high) {
    if (!high) {
      return low.g * stride;
    }
    if (!(low.h > 0.0)) {
      return high->g / stride;
    }
    const double secant = low.g + (high->g - low.g) * (low.h / (low.h - high->h));
    return secant > low.g && secant < high->g ? secant : 0.5 * (low.g + high->g);
  }

  MatrixXd covariance_;
  const VectorXd& scale_;
  QuadraticProgram program_;
};

/// Excess returns below this share of the largest one are rounding.
constexpr double negligible_gain = 1e-9;

/// Largest scale'w / sqrt(w'Sw) over the constraints; none where scale'w is above 0 nowhere.
std::optional<Expected<Portfolio>> largest_ratio(const Ref<const MatrixXd>& covariance,
                                                 const VectorXd& scale,
                                                 const FeasibleConstraints& limits) {
  const VectorXd unit = scale / std::max(scale.cwiseAbs().maxCoeff(), 1e-300);
  const auto least = smallest_attainable(limits.constraints, -unit);
  if (least && -*least <= negligible_gain) {
    return std::nullopt;
  }
  const auto solution = LargestRatio{covariance, unit, program_of(limits.constraints)}.run(
    least ? std::optional{-*least} : std::nullopt);
  if (!solution) {
    return solution.reason();
  }
  return answer(solution->x.head(scale.size()), limits.relaxed, solution->kkt_residual);
}

} // namespace optimise_detail

using namespace optimise_detail; // NOLINT(google-build-using-namespace): of this file

Expected<Portfolio> minimum_variance(const Ref<const MatrixXd>& covariance,
                                     const PortfolioConstraints& constraints) {
  auto limits = prepared(covariance, constraints);
  if (!limits) {
    return limits.reason();
  }
  const Index n = covariance.rows();
  if (limits->constraints.only_budget()) {
    return closed_form(covariance, VectorXd::Ones(n), constraints.budget);
  }
  return solved(program_of(limits->constraints), covariance, 1.0, VectorXd::Zero(n),
                std::move(limits->relaxed));
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
  return solved(std::move(program), covariance, 1.0, VectorXd::Zero(n), std::move(limits->relaxed));
}

Expected<Portfolio> quadratic_utility(const Ref<const MatrixXd>& covariance,
                                      const Ref<const VectorXd>& mean,
                                      double risk_aversion,
                                      const PortfolioConstraints& constraints) {
  auto limits = prepared(covariance, constraints, mean);
  if (!limits) {
    return limits.reason();
  }
  if (!(risk_aversion > 0.0) || !std::isfinite(risk_aversion)) {
    return Reason::BAD_PARAMETER;
  }
  return solved(program_of(limits->constraints), covariance, risk_aversion, mean,
                std::move(limits->relaxed));
}

Expected<Portfolio> maximum_sharpe(const Ref<const MatrixXd>& covariance,
                                   const Ref<const VectorXd>& mean,
                                   double risk_free,
                                   const PortfolioConstraints& constraints) {
  auto limits = prepared(covariance, constraints, mean);
  if (!limits) {
    return limits.reason();
  }
  if (!std::isfinite(risk_free) || !(constraints.budget > 0.0)) {
    return Reason::BAD_PARAMETER;
  }
  const VectorXd excess = mean.array() - risk_free;
  if (limits->constraints.only_budget()) {
    if (auto tangent = closed_form(covariance, excess, constraints.budget)) {
      return tangent;
    }
  } else if (auto found = largest_ratio(covariance, excess, *limits)) {
    return std::move(*found);
  }
  return noted(minimum_variance(covariance, constraints),
               "no tangency portfolio: none earns more than the riskless rate efficiently; this is "
               "the minimum-variance portfolio");
}

Expected<Portfolio> maximum_diversification(const Ref<const MatrixXd>& covariance,
                                            const PortfolioConstraints& constraints) {
  auto limits = prepared(covariance, constraints);
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
    return closed_form(covariance, volatility, constraints.budget);
  }
  auto found = largest_ratio(covariance, volatility, *limits);
  return found ? std::move(*found) : Expected<Portfolio>{Reason::DEGENERATE};
}

Expected<Portfolio> nearest_portfolio(const Ref<const MatrixXd>& covariance,
                                      const Ref<const VectorXd>& wanted,
                                      const PortfolioConstraints& constraints) {
  auto limits = prepared(covariance, constraints, wanted);
  if (!limits) {
    return limits.reason();
  }
  if (violation(constraints, wanted) <= admissible) {
    return answer(wanted, {}, 0.0);
  }
  return noted(solved(program_of(limits->constraints), covariance, 1.0, covariance * wanted,
                      std::move(limits->relaxed)),
               "the portfolio wanted breaks limits; this is the admissible one with the least "
               "tracking error to it");
}

} // namespace troupe::quant
