#pragma once

#include "quant/portfolio/quadratic_program.hpp"

#include <optional>

namespace troupe::quant {

/// The method behind solve(): a programme of order 1 whose variables all have room to move. Bounds
/// become rows; every inequality i has a slack s[i] > 0 and a multiplier z[i] > 0.
class InteriorPoint {
public:
  struct Point {
    Eigen::VectorXd x;
    Eigen::VectorXd y; ///< multipliers of the equalities
    Eigen::VectorXd z; ///< multipliers of inequalities, lower and upper bounds
    Eigen::VectorXd s; ///< their slacks
    int iterations = 0;
    bool exact = false; ///< the equations of the binding constraints hold
  };

  explicit InteriorPoint(const QuadraticProgram& program);

  /// The best point seen, whether or not it satisfies the tolerance; or, as soon as they are told
  /// rightly, the point where the binding constraints hold as equations.
  [[nodiscard]] Point run(const QuadraticSettings& settings) const;

  /// From a point near the solution to the one where the constraints that bind hold as equations:
  /// those whose multiplier outweighs their slack to begin with, then corrected.
  /// @returns  none where no choice gives a KKT residual of at most `residual`
  [[nodiscard]] std::optional<Point> crossover(const Point& point, double residual) const;

  /// Largest violation: stationarity, feasibility, signs of the multipliers, complementarity.
  [[nodiscard]] double kkt_residual(const Point& point) const;

private:
  struct Bound {
    Eigen::Index variable;
    double sign; ///< of the variable in sign * x <= limit
    double limit;
  };
  struct Residuals {
    Eigen::VectorXd dual;
    Eigen::VectorXd equality;
    Eigen::VectorXd inequality;
    double gap = 0.0; ///< s'z / m
    [[nodiscard]] double worst() const;
  };
  class Newton; // the factorised system of one iteration

  [[nodiscard]] Eigen::VectorXd inequality_values(const Eigen::VectorXd& x) const; ///< C x - d
  [[nodiscard]] Eigen::VectorXd inequality_sides(const Eigen::VectorXd& x) const;  ///< C x
  [[nodiscard]] Eigen::VectorXd gather(const Eigen::VectorXd& z) const;            ///< C' z
  [[nodiscard]] Eigen::VectorXd equality_values(const Eigen::VectorXd& x) const;   ///< A x - b
  /// H += C' diag(weights) C
  void add_weighted_rows(const Eigen::VectorXd& weights, Eigen::MatrixXd& h) const;
  /// Takes the inequalities whose multiplier outweighs their slack as equations and solves for the
  /// point where they hold; none where that system is singular or too large. Slacks of the point
  /// are below 0 where it breaks an inequality left out, multipliers where one should not have been
  /// taken: from there another step corrects the choice.
  [[nodiscard]] std::optional<Point> active_set_step(const Point& point) const;
  [[nodiscard]] Residuals residuals(const Point& point) const;
  [[nodiscard]] Point start() const;
  [[nodiscard]] bool binds(const Point& point, Eigen::Index row) const;

  const QuadraticProgram& program_;
  std::vector<Bound> bounds_;
  Eigen::MatrixXd a_; ///< equalities, dense, shape (equalities, N)
  Eigen::VectorXd b_;
  Eigen::MatrixXd base_;      ///< what no iteration changes of the system: P + weight A'A
  Eigen::VectorXd limits_;    ///< d of the inequalities and bounds
  Eigen::VectorXd curvature_; ///< of the objective along each of their normals
  Eigen::Index rows_;         ///< inequalities and bounds
};

} // namespace troupe::quant
