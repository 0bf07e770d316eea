#pragma once

#include "quant/expected.hpp"
#include "quant/portfolio/quadratic_program.hpp"

#include <Eigen/Core>

#include <optional>
#include <string>
#include <vector>

namespace troupe::quant {

/// Sum of the members' weights within bounds.
struct GroupLimit {
  std::string name; ///< for messages; may be empty
  std::vector<Eigen::Index> members;
  double lower = -no_bound;
  double upper = no_bound;
};

/// sum |w - previous| <= turnover_max: buys and sells both count.
struct TurnoverLimit {
  Eigen::VectorXd previous;
  double turnover_max = 0.0;
};

/// What a portfolio must satisfy. Weights are shares of capital; 1 is all of it.
struct PortfolioConstraints {
  double budget = 1.0; ///< sum of the weights
  Eigen::VectorXd lower;
  Eigen::VectorXd upper;
  std::vector<GroupLimit> groups;
  std::optional<TurnoverLimit> turnover;

  /// No limit but the budget: shorts are allowed.
  [[nodiscard]] static PortfolioConstraints budget_only(Eigen::Index instruments);
  /// 0 <= w <= cap.
  [[nodiscard]] static PortfolioConstraints long_only(Eigen::Index instruments,
                                                      double cap = no_bound);
  [[nodiscard]] bool only_budget() const;
};

/// A limit that had to give way, because no portfolio satisfies all of them.
struct Relaxation {
  std::string
    limit; ///< such as "upper bounds", "group energy, at most", "turnover", "target return"
  double asked;
  double granted; ///< the nearest value that can be met
};

/// The constraints with what cannot be met relaxed by the least, in this order of precedence: the
/// budget always holds, then bounds, groups, turnover.
struct FeasibleConstraints {
  PortfolioConstraints constraints;
  std::vector<Relaxation> relaxed; ///< empty where a portfolio satisfies all
};

/// @returns  BAD_SHAPE (sizes, members out of range), BAD_PARAMETER (lower above upper, a limit
/// that
///           is not a number, a negative turnover), NOT_CONVERGED
/// @cost     a linear programme for groups and one for turnover, where there are any
[[nodiscard]] Expected<FeasibleConstraints> feasible(const PortfolioConstraints& constraints,
                                                     Eigen::Index instruments);

/// The constraints as rows and bounds over (w) or, with a turnover limit, (w, |w - previous|); the
/// objective is left at zero.
[[nodiscard]] QuadraticProgram program_of(const PortfolioConstraints& constraints);

/// Smallest attainable c'w. @pre the constraints can be met
[[nodiscard]] Expected<double> smallest_attainable(const PortfolioConstraints& constraints,
                                                   const Eigen::VectorXd& c);

/// Largest violation of any of the constraints by a portfolio.
[[nodiscard]] double violation(const PortfolioConstraints& constraints,
                               const Eigen::VectorXd& weights);

} // namespace troupe::quant
