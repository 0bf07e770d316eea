#pragma once

#include "quant/expected.hpp"

#include <Eigen/Core>

#include <limits>
#include <vector>

namespace troupe::quant {

/// sum of value[k] x[index[k]], against a limit: one row of sparse constraints.
struct LinearRow {
  std::vector<Eigen::Index> index;
  std::vector<double> value;
  double limit = 0.0;

  [[nodiscard]] double at(const Eigen::VectorXd& x) const;
};

inline constexpr double no_bound = std::numeric_limits<double>::infinity();

/// minimise 1/2 x'Px + q'x  subject to  equalities = limit,  inequalities <= limit,
///                                      lower <= x <= upper.
struct QuadraticProgram {
  Eigen::MatrixXd p; ///< shape (N, N), symmetric positive semidefinite
  Eigen::VectorXd q; ///< shape (N)
  std::vector<LinearRow> equalities;
  std::vector<LinearRow> inequalities;
  Eigen::VectorXd lower; ///< shape (N), -no_bound where there is none
  Eigen::VectorXd upper;
};

struct QuadraticSettings {
  double tolerance = 1e-11; ///< on the residuals, relative to the programme's scale
  int iterations_max = 100;
};

struct QuadraticSolution {
  Eigen::VectorXd x;
  double objective;
  double kkt_residual; ///< largest violation of the optimality conditions, relative: stationarity,
                       ///< feasibility, complementarity, signs of the multipliers
  int iterations;
  bool exact; ///< the active constraints were identified and their equations solved directly
};

/// Convex quadratic programme by Mehrotra's predictor-corrector interior-point method, followed by
/// an active-set step: the constraints that bind are taken as equations and solved for directly,
/// which gives bounds met to the bit; it is kept where its KKT residual is the smaller one.
/// @returns  BAD_SHAPE, BAD_SAMPLE (not finite, lower above upper),
///           NOT_CONVERGED where the iteration stalls: there is no point that satisfies the
///           constraints, or the objective falls without end
/// @cost     a Cholesky factorisation, N^3 / 3 flops, per iteration (10 to 30 of them)
/// @source   Mehrotra (1992); Nocedal & Wright, Numerical Optimization (2006), algorithm 16.4
[[nodiscard]] Expected<QuadraticSolution> solve(const QuadraticProgram& program,
                                                const QuadraticSettings& settings = {});

} // namespace troupe::quant
