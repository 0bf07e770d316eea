#include "quant/optimise/bfgs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace troupe::quant {

namespace bfgs_detail {

constexpr double decrease = 1e-4;
constexpr double curvature = 0.9;
constexpr int line_evaluations_max = 40;
constexpr double small_gradient = 1e3; ///< tolerances, where rounding ends a search
constexpr double unresolved = 10.0 * std::numeric_limits<double>::epsilon();

struct Point {
  Eigen::VectorXd x;
  Eigen::VectorXd gradient;
  double value = std::numeric_limits<double>::infinity();
};

class Search {
public:
  Search(const Objective& objective, const BfgsSettings& settings)
    : objective_(objective), settings_(settings) {}

  void evaluate(Point& point) {
    ++evaluations_;
    point.value = objective_(point.x, point.gradient);
    if (!std::isfinite(point.value) || !point.gradient.allFinite()) {
      point.value = std::numeric_limits<double>::infinity();
    }
  }

  /// From `from` along `direction`; false where no lower point was found.
  bool line(const Point& from, const Eigen::VectorXd& direction, double step, Point& to);

  [[nodiscard]] int evaluations() const { return evaluations_; }

private:
  const Objective& objective_;
  const BfgsSettings& settings_;
  int evaluations_ = 0;
};

/// Minimiser of the cubic through two values and slopes, kept away from the ends of the bracket.
double cubic_step(double a, double fa, double sa, double b, double fb, double sb) {
  const double width = b - a;
  const double theta = 3.0 * (fa - fb) / width + sa + sb;
  const double square = theta * theta - sa * sb;
  double step = a + 0.5 * width;
  if (std::isfinite(fb) && std::isfinite(sb) && square >= 0.0) {
    const double root = std::copysign(std::sqrt(square), width);
    const double trial = b - width * (sb + root - theta) / (sb - sa + 2.0 * root);
    if (std::isfinite(trial)) {
      step = trial;
    }
  }
  const double margin = 0.1 * width;
  return std::clamp(step, a + margin, b - margin);
}

bool Search::line(const Point& from, const Eigen::VectorXd& direction, double step, Point& to) {
  const double slope = from.gradient.dot(direction);
  double low = 0.0;
  double low_value = from.value;
  double low_slope = slope;
  double high = std::numeric_limits<double>::infinity();
  double high_value = high;
  double high_slope = high;
  Point best;
  for (int i = 0; i < line_evaluations_max; ++i) {
    to.x = from.x + step * direction;
    evaluate(to);
    const double slope_here = std::isfinite(to.value) ? to.gradient.dot(direction)
                                                      : std::numeric_limits<double>::infinity();
    if (!(to.value <= from.value + decrease * step * slope)) {
      high = step;
      high_value = to.value;
      high_slope = slope_here;
    } else if (slope_here < curvature * slope) {
      low = step;
      low_value = to.value;
      low_slope = slope_here;
      best = to;
    } else {
      return true;
    }
    if (high - low <= 1e-14 * std::max(1.0, high)) {
      break;
    }
    step = std::isfinite(high) ? cubic_step(low, low_value, low_slope, high, high_value, high_slope)
                               : 2.0 * step;
  }
  if (best.value < from.value) {
    to = std::move(best);
    return true;
  }
  return false;
}

} // namespace bfgs_detail

Minimum minimise_bfgs(const Objective& objective,
                      const Eigen::VectorXd& start,
                      const BfgsSettings& settings,
                      const std::optional<Eigen::MatrixXd>& inverse_hessian) {
  using namespace bfgs_detail;
  const Eigen::Index n = start.size();
  Search search{objective, settings};
  Point here{start, Eigen::VectorXd::Zero(n)};
  search.evaluate(here);
  Point next{start, Eigen::VectorXd::Zero(n)};
  Minimum out;
  bool scaled = inverse_hessian.has_value();
  Eigen::MatrixXd metric = scaled ? *inverse_hessian : Eigen::MatrixXd::Identity(n, n);
  int stalled = 0;
  while (std::isfinite(here.value) && out.iterations < settings.iterations_max) {
    if (here.gradient.cwiseAbs().maxCoeff() <= settings.gradient_tolerance) {
      out.converged = true;
      break;
    }
    ++out.iterations;
    Eigen::VectorXd direction = -metric * here.gradient;
    if (!(direction.dot(here.gradient) < 0.0) || !direction.allFinite()) {
      metric.setIdentity();
      scaled = false;
      direction = -here.gradient;
    }
    // half of it is what the step may gain: less than the value's own rounding is not to be found
    // (a small gradient beside it: a metric that has shrunk says nothing)
    if (scaled && -direction.dot(here.gradient) <= unresolved * std::abs(here.value)
        && here.gradient.cwiseAbs().maxCoeff() <= small_gradient * settings.gradient_tolerance) {
      break;
    }
    const double first = scaled ? 1.0 : std::min(1.0, 1.0 / here.gradient.norm());
    if (!search.line(here, direction, first, next)) {
      if (stalled == 0) { // once more along the gradient before giving up
        stalled = 1;
        metric.setIdentity();
        scaled = false;
        continue;
      }
      break;
    }
    const Eigen::VectorXd s = next.x - here.x;
    const Eigen::VectorXd y = next.gradient - here.gradient;
    const double sy = s.dot(y);
    const double fall = here.value - next.value;
    std::swap(here, next);
    if (fall <= settings.value_tolerance * (std::abs(here.value) + settings.value_tolerance)) {
      if (++stalled >= 2) {
        out.converged = true;
        break;
      }
    } else {
      stalled = 0;
    }
    if (sy > 1e-14 * s.norm() * y.norm()) {
      if (!scaled) {
        metric *= sy / y.squaredNorm();
        scaled = true;
      }
      const Eigen::VectorXd my = metric * y;
      metric += ((1.0 + y.dot(my) / sy) / sy) * (s * s.transpose());
      metric -= (my * s.transpose() + s * my.transpose()) / sy;
    }
  }
  // rounding ends a search before the gradient's last digits vanish: a small one is convergence
  out.converged =
    out.converged
    || (std::isfinite(here.value)
        && here.gradient.cwiseAbs().maxCoeff() <= small_gradient * settings.gradient_tolerance);
  out.x = std::move(here.x);
  out.value = here.value;
  out.gradient = std::move(here.gradient);
  out.evaluations = search.evaluations();
  return out;
}

Eigen::MatrixXd hessian_by_differences(const Objective& objective,
                                       const Eigen::VectorXd& x,
                                       const Eigen::VectorXd& steps) {
  const Eigen::Index n = x.size();
  Eigen::MatrixXd hessian(n, n);
  Eigen::VectorXd point = x;
  Eigen::VectorXd up(n);
  Eigen::VectorXd down(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    point[i] = x[i] + steps[i];
    const double above = point[i];
    static_cast<void>(objective(point, up));
    point[i] = x[i] - steps[i];
    static_cast<void>(objective(point, down));
    hessian.col(i) = (up - down) / (above - point[i]);
    point[i] = x[i];
  }
  return 0.5 * (hessian + hessian.transpose());
}

} // namespace troupe::quant
