#include "quant/portfolio/interior_point.hpp"

#include "quant/linear_algebra/dense.hpp"
#include "quant/linear_algebra/select.hpp"

#include <Eigen/QR>

#include <algorithm>
#include <cmath>

namespace troupe::quant {

namespace interior_point_detail {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double step_share = 0.995;     ///< of the way to the nearest bound
constexpr double equality_weight = 1.0;  ///< of A'A added to the system, which leaves its solution
constexpr double regularisation = 1e-13; ///< added to the diagonal, grown where that is not enough
constexpr double regularisation_max = 1e-6;
constexpr int refinements = 2;
constexpr int unrefined = 1;         ///< passes for a step that only tells how far one could go
constexpr double progress_min = 0.9; ///< of the gap of one iteration to that of the one before
constexpr double recentring = 0.5;   ///< of the gap that a step back to the central path leaves
constexpr Index active_rows_max = 300;
constexpr int active_set_steps_max = 8; ///< choices of the binding constraints to try
constexpr double crossover_gap = 1e-2;  ///< from where the binding constraints may be told already
constexpr double crossover_again = 0.1; ///< of the gap at which they were told wrongly

double largest(const VectorXd& x) {
  return x.size() == 0 ? 0.0 : x.cwiseAbs().maxCoeff();
}

/// Longest step that keeps x + step * dx positive, at most 1.
double longest_step(const VectorXd& x, const VectorXd& dx) {
  double step = 1.0;
  for (Index i = 0; i < x.size(); ++i) {
    if (dx[i] < 0.0) {
      step = std::min(step, -x[i] / dx[i]);
    }
  }
  return step;
}

void add_at(VectorXd& x, const std::vector<Index>& index, const VectorXd& step) {
  for (std::size_t k = 0; k < index.size(); ++k) {
    x[index[k]] += step[static_cast<Index>(k)];
  }
}

} // namespace interior_point_detail

using namespace interior_point_detail; // NOLINT(google-build-using-namespace): of this file

/// H = P + weight A'A + C' diag(z / s) C, factorised, with the Schur complement of the equalities.
class InteriorPoint::Newton {
public:
  /// @param weights  z / s of the inequalities and bounds
  /// @returns        none where H cannot be made positive definite
  static std::optional<Newton> of(const InteriorPoint& method, VectorXd weights) {
    for (double add = regularisation; add <= regularisation_max; add *= 100.0) {
      MatrixXd h = method.base_;
      h.diagonal().array() += add;
      method.add_weighted_rows(weights, h);
      if (auto factor = Cholesky::of(std::move(h))) {
        return Newton{method, std::move(weights), std::move(*factor)};
      }
    }
    return std::nullopt;
  }

  /// H dx + A'dy = g,  A dx = e, refined against the system without its regularisation.
  [[nodiscard]] std::pair<VectorXd, VectorXd>
  solve(const VectorXd& g, const VectorXd& e, int passes) const {
    const auto& a = method_.a_;
    VectorXd dx = VectorXd::Zero(g.size());
    VectorXd dy = VectorXd::Zero(e.size());
    VectorXd rest = g;
    VectorXd rest_e = e;
    for (int pass = 0; pass < passes; ++pass) {
      if (pass > 0) {
        rest = g - symmetric_product(method_.base_, dx)
               - method_.gather(weights_.cwiseProduct(method_.inequality_sides(dx)))
               - a.transpose() * dy;
        rest_e = e - a * dx;
      }
      const VectorXd direct = factor_.solve(rest);
      if (e.size() == 0) {
        dx += direct;
        continue;
      }
      const VectorXd add_y = schur_.solve(a * direct - rest_e);
      dy += add_y;
      dx += direct - solved_a_ * add_y;
    }
    return {dx, dy};
  }

private:
  Newton(const InteriorPoint& method, VectorXd weights, Cholesky factor)
    : method_(method), weights_(std::move(weights)), factor_(std::move(factor)) {
    if (method.a_.rows() > 0) {
      solved_a_ = factor_.solve(MatrixXd{method.a_.transpose()});
      schur_.compute(method.a_ * solved_a_);
    }
  }

  const InteriorPoint& method_;
  VectorXd weights_;
  Cholesky factor_;
  MatrixXd solved_a_; ///< H^-1 A'
  Eigen::CompleteOrthogonalDecomposition<MatrixXd> schur_;
};

InteriorPoint::InteriorPoint(const QuadraticProgram& program) : program_(program) {
  const Index n = program.q.size();
  for (Index i = 0; i < n; ++i) {
    if (std::isfinite(program.lower[i])) {
      bounds_.push_back({i, -1.0, -program.lower[i]});
    }
    if (std::isfinite(program.upper[i])) {
      bounds_.push_back({i, 1.0, program.upper[i]});
    }
  }
  rows_ = static_cast<Index>(program.inequalities.size() + bounds_.size());
  limits_ = VectorXd(rows_);
  curvature_ = VectorXd::Zero(rows_);
  Index at = 0;
  for (const auto& row : program.inequalities) {
    for (std::size_t k = 0; k < row.index.size(); ++k) {
      curvature_[at] += row.value[k] * row.value[k] * program.p(row.index[k], row.index[k]);
    }
    limits_[at++] = row.limit;
  }
  for (const auto& bound : bounds_) {
    curvature_[at] = program.p(bound.variable, bound.variable);
    limits_[at++] = bound.limit;
  }
  a_ = MatrixXd::Zero(static_cast<Index>(program.equalities.size()), n);
  b_ = VectorXd(a_.rows());
  for (Index r = 0; r < a_.rows(); ++r) {
    const auto& row = program.equalities[static_cast<std::size_t>(r)];
    for (std::size_t k = 0; k < row.index.size(); ++k) {
      a_(r, row.index[k]) += row.value[k];
    }
    b_[r] = row.limit;
  }
  base_ = program.p;
  if (a_.rows() > 0) {
    base_ += equality_weight * gram(a_);
  }
}

void InteriorPoint::add_weighted_rows(const VectorXd& weights, MatrixXd& h) const {
  const auto general = static_cast<Index>(program_.inequalities.size());
  for (Index r = 0; r < general; ++r) {
    const auto& row = program_.inequalities[static_cast<std::size_t>(r)];
    for (std::size_t i = 0; i < row.index.size(); ++i) {
      for (std::size_t j = 0; j < row.index.size(); ++j) {
        h(row.index[i], row.index[j]) += weights[r] * row.value[i] * row.value[j];
      }
    }
  }
  for (std::size_t k = 0; k < bounds_.size(); ++k) {
    const Index i = bounds_[k].variable;
    h(i, i) += weights[general + static_cast<Index>(k)];
  }
}

VectorXd InteriorPoint::inequality_values(const VectorXd& x) const {
  return inequality_sides(x) - limits_;
}

VectorXd InteriorPoint::inequality_sides(const VectorXd& x) const {
  VectorXd out(rows_);
  Index r = 0;
  for (const auto& row : program_.inequalities) {
    out[r++] = row.at(x);
  }
  for (const auto& bound : bounds_) {
    out[r++] = bound.sign * x[bound.variable];
  }
  return out;
}

VectorXd InteriorPoint::gather(const VectorXd& z) const {
  VectorXd out = VectorXd::Zero(program_.q.size());
  Index r = 0;
  for (const auto& row : program_.inequalities) {
    for (std::size_t k = 0; k < row.index.size(); ++k) {
      out[row.index[k]] += row.value[k] * z[r];
    }
    ++r;
  }
  for (const auto& bound : bounds_) {
    out[bound.variable] += bound.sign * z[r++];
  }
  return out;
}

VectorXd InteriorPoint::equality_values(const VectorXd& x) const {
  return a_ * x - b_;
}

double InteriorPoint::Residuals::worst() const {
  return std::max({largest(dual), largest(equality), largest(inequality), gap});
}

InteriorPoint::Residuals InteriorPoint::residuals(const Point& p) const {
  Residuals out;
  out.dual = symmetric_product(program_.p, p.x) + program_.q + gather(p.z);
  if (a_.rows() > 0) {
    out.dual += a_.transpose() * p.y;
  }
  out.equality = equality_values(p.x);
  out.inequality = inequality_values(p.x) + p.s;
  out.gap = rows_ == 0 ? 0.0 : p.s.dot(p.z) / static_cast<double>(rows_);
  return out;
}

double InteriorPoint::kkt_residual(const Point& p) const {
  const auto r = residuals(p);
  const VectorXd values = inequality_values(p.x);
  double worst = std::max(largest(r.dual), largest(r.equality));
  for (Index i = 0; i < rows_; ++i) {
    worst = std::max({worst, values[i], -p.z[i], std::abs(values[i] * p.z[i])});
  }
  return worst;
}

InteriorPoint::Point InteriorPoint::start() const {
  const Index n = program_.q.size();
  Point p{VectorXd::Zero(n), VectorXd::Zero(a_.rows()), VectorXd::Ones(rows_), {}, 0};
  for (Index i = 0; i < n; ++i) {
    const double low = program_.lower[i];
    const double high = program_.upper[i];
    if (std::isfinite(low) && std::isfinite(high)) {
      p.x[i] = 0.5 * (low + high);
    } else {
      p.x[i] = std::clamp(0.0, low, high);
    }
  }
  p.s = (-inequality_values(p.x)).cwiseMax(0.1);
  return p;
}

InteriorPoint::Point InteriorPoint::run(const QuadraticSettings& settings) const {
  Point p = start();
  Point best = p;
  auto r = residuals(p);
  double best_worst = r.worst();
  double gap_before = no_bound;
  double gap_tried = crossover_gap / crossover_again;
  for (int i = 0; i < settings.iterations_max; ++i) {
    const auto newton = Newton::of(*this, p.z.cwiseQuotient(p.s));
    if (!newton) {
      break;
    }
    // C' of what the complementarity equations leave once dz is eliminated
    const auto direction = [&](const VectorXd& complementarity, int passes) {
      const VectorXd left = (p.z.cwiseProduct(r.inequality) - complementarity).cwiseQuotient(p.s);
      // rows of A'A that H carries are taken back on the right
      VectorXd g = -r.dual - gather(left);
      if (a_.rows() > 0) {
        g -= equality_weight * (a_.transpose() * r.equality);
      }
      Point d;
      std::tie(d.x, d.y) = newton->solve(g, -r.equality, passes);
      // not as a difference of values: what that rounds is divided by the slacks below
      d.s = -r.inequality - inequality_sides(d.x);
      d.z = -(complementarity + p.z.cwiseProduct(d.s)).cwiseQuotient(p.s);
      return d;
    };
    const VectorXd products = p.s.cwiseProduct(p.z);
    // the corrector, far from the central path, may run in circles: then a step back towards it
    const bool circling = r.gap > progress_min * gap_before;
    gap_before = r.gap;
    const bool corrects = rows_ > 0 && !circling;
    Point d = direction(circling ? VectorXd{products.array() - recentring * r.gap} : products,
                        corrects ? unrefined : 1 + refinements);
    if (corrects) {
      const double reach = std::min(longest_step(p.s, d.s), longest_step(p.z, d.z));
      const double gap = (p.s + reach * d.s).dot(p.z + reach * d.z) / static_cast<double>(rows_);
      const double centring = std::pow(std::max(gap, 0.0) / r.gap, 3.0) * r.gap;
      d = direction((products + d.s.cwiseProduct(d.z)).array() - centring, 1 + refinements);
    }
    const double step =
      rows_ == 0
        ? 1.0
        : std::min(1.0, step_share * std::min(longest_step(p.s, d.s), longest_step(p.z, d.z)));
    p.x += step * d.x;
    p.y += step * d.y;
    p.s += step * d.s;
    p.z += step * d.z;
    p.iterations = i + 1;
    r = residuals(p);
    const double worst = r.worst();
    if (!std::isfinite(worst)) {
      break;
    }
    if (worst < best_worst) {
      best = p;
      best_worst = worst;
    }
    if (r.gap <= crossover_again * gap_tried) {
      gap_tried = r.gap;
      if (auto sharp = crossover(p, settings.tolerance)) {
        return *std::move(sharp);
      }
    }
    constexpr double hopeless = 1e6; // nothing gets better from so far beyond the best
    if (worst <= settings.tolerance || worst > hopeless * (1.0 + best_worst) || step < 1e-12) {
      break;
    }
  }
  return best;
}

std::optional<InteriorPoint::Point> InteriorPoint::crossover(const Point& point,
                                                             double residual) const {
  double before = no_bound;
  auto sharp = active_set_step(point);
  for (int i = 0; i < active_set_steps_max && sharp; ++i) {
    const double now = kkt_residual(*sharp);
    if (now <= residual) {
      sharp->exact = true;
      return sharp;
    }
    if (!(now < before)) {
      break; // the choices run in circles
    }
    before = now;
    sharp = active_set_step(*sharp);
  }
  return std::nullopt;
}

bool InteriorPoint::binds(const Point& point, Index row) const {
  // the slope that the slack is worth, so that units do not matter
  return point.z[row] > (curvature_[row] > 0.0 ? curvature_[row] : 1.0) * point.s[row];
}

std::optional<InteriorPoint::Point> InteriorPoint::active_set_step(const Point& point) const {
  const Index n = program_.q.size();
  const auto general = static_cast<Index>(program_.inequalities.size());
  std::vector<Index> active;
  for (Index r = 0; r < general; ++r) {
    if (binds(point, r)) {
      active.push_back(r);
    }
  }
  const Index equations = a_.rows() + static_cast<Index>(active.size());
  Point out{point.x, VectorXd::Zero(a_.rows()), VectorXd::Zero(rows_), {}, point.iterations};
  std::vector<bool> at_bound(static_cast<std::size_t>(n), false);
  for (std::size_t k = 0; k < bounds_.size(); ++k) {
    const Index r = general + static_cast<Index>(k);
    const auto& bound = bounds_[k];
    if (binds(point, r)) {
      at_bound[static_cast<std::size_t>(bound.variable)] = true;
      out.x[bound.variable] = bound.sign * bound.limit;
    }
  }
  std::vector<Index> free;
  for (Index i = 0; i < n; ++i) {
    if (!at_bound[static_cast<std::size_t>(i)]) {
      free.push_back(i);
    }
  }
  if (equations > active_rows_max) {
    return std::nullopt;
  }
  MatrixXd rows = MatrixXd::Zero(equations, n);
  VectorXd limits(equations);
  rows.topRows(a_.rows()) = a_;
  limits.head(a_.rows()) = b_;
  for (std::size_t k = 0; k < active.size(); ++k) {
    const Index r = a_.rows() + static_cast<Index>(k);
    const auto& row = program_.inequalities[static_cast<std::size_t>(active[k])];
    for (std::size_t e = 0; e < row.index.size(); ++e) {
      rows(r, row.index[e]) += row.value[e];
    }
    limits[r] = row.limit;
  }
  // the point's own to begin with: where bounds fix all variables, nothing below decides them
  VectorXd multipliers(equations);
  multipliers.head(a_.rows()) = point.y;
  for (std::size_t k = 0; k < active.size(); ++k) {
    multipliers[a_.rows() + static_cast<Index>(k)] = point.z[active[k]];
  }
  if (!free.empty()) {
    const auto factor = Cholesky::of(selected(program_.p, free, free));
    if (!factor) {
      return std::nullopt;
    }
    const MatrixXd free_rows = selected_columns(rows, free);
    const MatrixXd solved = factor->solve(MatrixXd{free_rows.transpose()});
    Eigen::CompleteOrthogonalDecomposition<MatrixXd> schur;
    if (equations > 0) {
      schur.compute(free_rows * solved);
    }
    for (int pass = 0; pass <= refinements; ++pass) {
      const VectorXd stationarity =
        selected(-(program_.p * out.x + program_.q + rows.transpose() * multipliers), free);
      const VectorXd direct = factor->solve(stationarity);
      if (equations == 0) {
        add_at(out.x, free, direct);
        continue;
      }
      const VectorXd add = schur.solve(free_rows * direct - (limits - rows * out.x));
      multipliers += add;
      add_at(out.x, free, direct - solved * add);
    }
  }
  out.y = multipliers.head(a_.rows());
  for (std::size_t k = 0; k < active.size(); ++k) {
    out.z[active[k]] = multipliers[a_.rows() + static_cast<Index>(k)];
  }
  const VectorXd slope = program_.p * out.x + program_.q + rows.transpose() * multipliers;
  for (std::size_t k = 0; k < bounds_.size(); ++k) {
    const Index r = general + static_cast<Index>(k);
    if (binds(point, r)) {
      out.z[r] = -bounds_[k].sign * slope[bounds_[k].variable];
    }
  }
  out.s = -inequality_values(out.x);
  return out;
}

} // namespace troupe::quant
