#include "quant/portfolio/constraints.hpp"

#include "quant/linear_algebra/select.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace troupe::quant {

namespace constraints_detail {

using Eigen::Index;
using Eigen::VectorXd;

/// Violations below this are rounding of the solver.
constexpr double violation_negligible = 1e-8;
/// Room left around a relaxed limit, so that what remains is more than one point.
constexpr double room = 1e-9;

bool usable(const GroupLimit& group, Index instruments) {
  return !group.members.empty()
         && std::all_of(group.members.begin(), group.members.end(),
                        [&](Index i) { return i >= 0 && i < instruments; });
}

Expected<bool> check_constraints(const PortfolioConstraints& c, Index n) {
  if (n < 1 || c.lower.size() != n || c.upper.size() != n
      || !std::all_of(c.groups.begin(), c.groups.end(),
                      [&](const GroupLimit& group) { return usable(group, n); })
      || (c.turnover && c.turnover->previous.size() != n)) {
    return Reason::BAD_SHAPE;
  }
  const bool groups_fine =
    std::all_of(c.groups.begin(), c.groups.end(), [](const GroupLimit& group) {
      return group.lower <= group.upper && group.lower < no_bound && group.upper > -no_bound;
    });
  if (!std::isfinite(c.budget) || !(c.lower.array() <= c.upper.array()).all()
      || (c.lower.array() == no_bound).any() || (c.upper.array() == -no_bound).any() || !groups_fine
      || (c.turnover
          && (!(c.turnover->turnover_max >= 0.0) || !c.turnover->previous.allFinite()))) {
    return Reason::BAD_PARAMETER;
  }
  return true;
}

/// The bounds moved equally (the least squares of all moves) until they leave room for the budget.
void relax_bounds(PortfolioConstraints& c, std::vector<Relaxation>& relaxed) {
  const auto n = static_cast<double>(c.lower.size());
  if (const double most = c.upper.sum(); most < c.budget - violation_negligible) {
    c.upper.array() += (c.budget - most) / n + room;
    relaxed.push_back({"upper bounds, their sum", most, c.budget});
  }
  if (const double least = c.lower.sum(); least > c.budget + violation_negligible) {
    c.lower.array() -= (least - c.budget) / n + room;
    relaxed.push_back({"lower bounds, their sum", least, c.budget});
  }
}

LinearRow group_row(const GroupLimit& group, double sign, double limit) {
  return {group.members, std::vector<double>(group.members.size(), sign), limit};
}

std::string name_of(const PortfolioConstraints& c, std::size_t group, const char* side) {
  const auto& name = c.groups[group].name;
  return "group " + (name.empty() ? std::to_string(group) : name) + side;
}

/// Least total excess over the groups' limits: one more variable per limit, which may exceed it.
Expected<bool> relax_groups(PortfolioConstraints& c, std::vector<Relaxation>& relaxed) {
  PortfolioConstraints others = c;
  others.groups.clear();
  others.turnover.reset();
  QuadraticProgram program = program_of(others);
  const Index n = c.lower.size();
  struct Side {
    std::size_t group;
    bool upper;
  };
  std::vector<Side> sides;
  for (std::size_t g = 0; g < c.groups.size(); ++g) {
    for (const bool upper : {true, false}) {
      const double limit = upper ? c.groups[g].upper : -c.groups[g].lower;
      if (std::isfinite(limit)) {
        LinearRow row = group_row(c.groups[g], upper ? 1.0 : -1.0, limit);
        row.index.push_back(n + static_cast<Index>(sides.size()));
        row.value.push_back(-1.0);
        program.inequalities.push_back(std::move(row));
        sides.push_back({g, upper});
      }
    }
  }
  if (sides.empty()) {
    return true;
  }
  const Index size = n + static_cast<Index>(sides.size());
  program.p = Eigen::MatrixXd::Zero(size, size);
  program.q = VectorXd::Zero(size);
  program.q.tail(size - n).setOnes();
  program.lower.conservativeResize(size);
  program.upper.conservativeResize(size);
  program.lower.tail(size - n).setZero();
  program.upper.tail(size - n).setConstant(no_bound);
  const auto solution = solve(program);
  if (!solution) {
    return solution.reason();
  }
  for (std::size_t k = 0; k < sides.size(); ++k) {
    const double excess = solution->x[n + static_cast<Index>(k)];
    if (excess <= violation_negligible) {
      continue;
    }
    auto& group = c.groups[sides[k].group];
    double& limit = sides[k].upper ? group.upper : group.lower;
    const double granted = sides[k].upper ? limit + excess : limit - excess;
    relaxed.push_back(
      {name_of(c, sides[k].group, sides[k].upper ? ", at most" : ", at least"), limit, granted});
    limit = sides[k].upper ? granted + room : granted - room;
  }
  return true;
}

Expected<bool> relax_turnover(PortfolioConstraints& c, std::vector<Relaxation>& relaxed) {
  PortfolioConstraints open = c;
  open.turnover->turnover_max = no_bound;
  QuadraticProgram program = program_of(open);
  program.q.tail(c.lower.size()).setOnes();
  const auto solution = solve(program);
  if (!solution) {
    return solution.reason();
  }
  const double least = (solution->x.head(c.lower.size()) - c.turnover->previous).cwiseAbs().sum();
  double& limit = c.turnover->turnover_max;
  if (least > limit + violation_negligible) {
    relaxed.push_back({"turnover", limit, least});
    limit = least;
  }
  limit += room;
  return true;
}

/// Smallest c'w where bounds are all there is: what the budget leaves above the lower bounds goes
/// to the cheapest first. @pre the lower bounds are finite
double cheapest_fill(const PortfolioConstraints& constraints, const VectorXd& c) {
  std::vector<Index> order(static_cast<std::size_t>(c.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index i, Index j) { return c[i] < c[j]; });
  double rest = constraints.budget - constraints.lower.sum();
  double sum = c.dot(constraints.lower);
  for (const Index i : order) {
    const double add = std::min(rest, constraints.upper[i] - constraints.lower[i]);
    sum += c[i] * add;
    rest -= add;
  }
  return sum;
}

} // namespace constraints_detail

PortfolioConstraints PortfolioConstraints::budget_only(Eigen::Index instruments) {
  return {1.0,
          Eigen::VectorXd::Constant(instruments, -no_bound),
          Eigen::VectorXd::Constant(instruments, no_bound),
          {},
          std::nullopt};
}

PortfolioConstraints PortfolioConstraints::long_only(Eigen::Index instruments, double cap) {
  return {1.0,
          Eigen::VectorXd::Zero(instruments),
          Eigen::VectorXd::Constant(instruments, cap),
          {},
          std::nullopt};
}

bool PortfolioConstraints::only_budget() const {
  return (lower.array() == -no_bound).all() && (upper.array() == no_bound).all() && groups.empty()
         && !turnover;
}

Expected<FeasibleConstraints> feasible(const PortfolioConstraints& constraints,
                                       Eigen::Index instruments) {
  using namespace constraints_detail;
  if (const auto fine = check_constraints(constraints, instruments); !fine) {
    return fine.reason();
  }
  FeasibleConstraints out{constraints, {}};
  relax_bounds(out.constraints, out.relaxed);
  if (!out.constraints.groups.empty()) {
    if (const auto done = relax_groups(out.constraints, out.relaxed); !done) {
      return done.reason();
    }
  }
  if (out.constraints.turnover) {
    if (const auto done = relax_turnover(out.constraints, out.relaxed); !done) {
      return done.reason();
    }
  }
  return out;
}

QuadraticProgram program_of(const PortfolioConstraints& constraints) {
  using namespace constraints_detail;
  const Index n = constraints.lower.size();
  const Index size = constraints.turnover ? 2 * n : n;
  QuadraticProgram out;
  out.p = Eigen::MatrixXd::Zero(size, size);
  out.q = VectorXd::Zero(size);
  out.lower = VectorXd::Zero(size);
  out.upper = VectorXd::Constant(size, no_bound);
  out.lower.head(n) = constraints.lower;
  out.upper.head(n) = constraints.upper;
  LinearRow budget{{}, std::vector<double>(static_cast<std::size_t>(n), 1.0), constraints.budget};
  for (Index i = 0; i < n; ++i) {
    budget.index.push_back(i);
  }
  out.equalities.push_back(std::move(budget));
  for (const auto& group : constraints.groups) {
    if (std::isfinite(group.upper)) {
      out.inequalities.push_back(group_row(group, 1.0, group.upper));
    }
    if (std::isfinite(group.lower)) {
      out.inequalities.push_back(group_row(group, -1.0, -group.lower));
    }
  }
  if (constraints.turnover) {
    const auto& [previous, turnover_max] = *constraints.turnover;
    LinearRow total{{}, std::vector<double>(static_cast<std::size_t>(n), 1.0), turnover_max};
    for (Index i = 0; i < n; ++i) {
      out.inequalities.push_back({{i, n + i}, {1.0, -1.0}, previous[i]});
      out.inequalities.push_back({{i, n + i}, {-1.0, -1.0}, -previous[i]});
      total.index.push_back(n + i);
    }
    if (std::isfinite(turnover_max)) {
      out.inequalities.push_back(std::move(total));
    }
  }
  return out;
}

Expected<double> smallest_attainable(const PortfolioConstraints& constraints,
                                     const Eigen::VectorXd& c) {
  if (constraints.groups.empty() && !constraints.turnover && constraints.lower.allFinite()) {
    return constraints_detail::cheapest_fill(constraints, c);
  }
  QuadraticProgram program = program_of(constraints);
  program.q.head(c.size()) = c;
  const auto solution = solve(program);
  if (!solution) {
    return solution.reason();
  }
  return c.dot(solution->x.head(c.size()));
}

double violation(const PortfolioConstraints& constraints, const Eigen::VectorXd& weights) {
  double worst = std::abs(weights.sum() - constraints.budget);
  worst = std::max(worst, (constraints.lower - weights).maxCoeff());
  worst = std::max(worst, (weights - constraints.upper).maxCoeff());
  for (const auto& group : constraints.groups) {
    const double sum = selected(weights, group.members).sum();
    worst = std::max({worst, group.lower - sum, sum - group.upper});
  }
  if (constraints.turnover) {
    worst = std::max(worst, (weights - constraints.turnover->previous).cwiseAbs().sum()
                              - constraints.turnover->turnover_max);
  }
  return worst;
}

} // namespace troupe::quant
