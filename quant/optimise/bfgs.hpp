#pragma once

#include <Eigen/Core>

#include <functional>
#include <optional>

namespace troupe::quant {

/// A function to minimise: its value at `x`, its gradient written to `gradient` (same size as `x`).
/// A value that is not finite says "not here": the search steps back.
using Objective = std::function<double(const Eigen::VectorXd& x, Eigen::VectorXd& gradient)>;

struct BfgsSettings {
  int iterations_max = 200;
  double gradient_tolerance = 1e-8; ///< on max |g_i|; scale the objective to be of order 1
  double value_tolerance = 1e-13;   ///< relative decrease, twice in a row
};

struct Minimum {
  Eigen::VectorXd x;
  double value = 0.0;
  Eigen::VectorXd gradient;
  int iterations = 0;
  int evaluations = 0;
  bool converged = false; ///< by gradient or by value; otherwise `x` is only the best point seen
};

/// Smooth unconstrained minimisation: BFGS with a line search for the weak Wolfe conditions
/// (sufficient decrease 1e-4, curvature 0.9), by bracketing and safeguarded cubic interpolation.
/// Bounds: let the objective work on transformed variables, see SineBound.
/// @param start            a point where the objective is finite
/// @param inverse_hessian  first metric, symmetric positive definite, such as the inverse of a
///                         likelihood's outer product of gradients; default scaled identity
/// @returns  converged = false with value = NaN never: a start that is not finite comes back as it
///           is, with converged = false and value = +infinity
/// @cost     O(n^2) per iteration beside the objective
/// @source   Nocedal & Wright, Numerical Optimization (2006), algorithms 6.1 and 3.5;
///           bracketing of Lewis & Overton, Math. Programming 141 (2013)
[[nodiscard]] Minimum minimise_bfgs(const Objective& objective,
                                    const Eigen::VectorXd& start,
                                    const BfgsSettings& settings = {},
                                    const std::optional<Eigen::MatrixXd>& inverse_hessian = {});

/// Derivative of a gradient by central differences, made symmetric.
/// @param steps  shape (n), above 0: about 1e-5 of each variable's scale
/// @returns      shape (n, n); entries may be not finite where the objective is not
/// @cost         2 n evaluations
[[nodiscard]] Eigen::MatrixXd hessian_by_differences(const Objective& objective,
                                                     const Eigen::VectorXd& x,
                                                     const Eigen::VectorXd& steps);

} // namespace troupe::quant
