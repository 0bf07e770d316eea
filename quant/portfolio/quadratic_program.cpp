#include "quant/portfolio/quadratic_program.hpp"

#include "quant/linear_algebra/dense.hpp"
#include "quant/linear_algebra/select.hpp"
#include "quant/portfolio/interior_point.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::quant {

namespace quadratic_program_detail {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Bounds nearer to each other than this leave a variable no choice.
constexpr double fixed_width = 1e-14;
/// Residual above which the interior-point method is said to have failed.
constexpr double acceptable_residual = 1e-7;

bool usable_rows(const std::vector<LinearRow>& rows, Index size) {
  return std::all_of(rows.begin(), rows.end(), [&](const LinearRow& row) {
    return row.index.size() == row.value.size() && std::isfinite(row.limit)
           && std::all_of(row.index.begin(), row.index.end(),
                          [&](Index i) { return i >= 0 && i < size; })
           && std::all_of(row.value.begin(), row.value.end(),
                          [](double v) { return std::isfinite(v); });
  });
}

Expected<bool> check(const QuadraticProgram& program) {
  const Index n = program.q.size();
  if (const auto usable = check_symmetric(program.p); !usable) {
    return usable.reason();
  }
  if (program.p.rows() != n || program.lower.size() != n || program.upper.size() != n) {
    return Reason::BAD_SHAPE;
  }
  if (!program.q.allFinite() || !usable_rows(program.equalities, n)
      || !usable_rows(program.inequalities, n)
      || !(program.lower.array() <= program.upper.array()).all()
      || (program.lower.array() == no_bound).any() || (program.upper.array() == -no_bound).any()) {
    return Reason::BAD_SAMPLE;
  }
  return true;
}

/// Variables that are free to move, and the programme over them alone.
struct Reduced {
  std::vector<Index> free;
  VectorXd fixed; ///< values of the others, zero for the free
  QuadraticProgram program;
};

std::vector<LinearRow> without_fixed(const std::vector<LinearRow>& rows,
                                     const std::vector<Index>& place,
                                     const VectorXd& fixed) {
  std::vector<LinearRow> out;
  for (const auto& row : rows) {
    LinearRow kept{{}, {}, row.limit};
    for (std::size_t k = 0; k < row.index.size(); ++k) {
      const auto to = place[static_cast<std::size_t>(row.index[k])];
      if (to >= 0) {
        kept.index.push_back(to);
        kept.value.push_back(row.value[k]);
      } else {
        kept.limit -= row.value[k] * fixed[row.index[k]];
      }
    }
    out.push_back(std::move(kept));
  }
  return out;
}

Reduced reduce(const QuadraticProgram& program) {
  const Index n = program.q.size();
  Reduced out;
  out.fixed = VectorXd::Zero(n);
  std::vector<Index> place(static_cast<std::size_t>(n), -1);
  for (Index i = 0; i < n; ++i) {
    if (program.upper[i] - program.lower[i] <= fixed_width) {
      out.fixed[i] = 0.5 * (program.lower[i] + program.upper[i]);
    } else {
      place[static_cast<std::size_t>(i)] = static_cast<Index>(out.free.size());
      out.free.push_back(i);
    }
  }
  out.program.p = selected(program.p, out.free, out.free);
  out.program.q = selected(program.q + program.p * out.fixed, out.free);
  out.program.lower = selected(program.lower, out.free);
  out.program.upper = selected(program.upper, out.free);
  out.program.equalities = without_fixed(program.equalities, place, out.fixed);
  out.program.inequalities = without_fixed(program.inequalities, place, out.fixed);
  // a row that only fixed variables enter says nothing about the free ones: it holds or it does not
  std::erase_if(out.program.equalities, [](const LinearRow& row) {
    return row.index.empty() && std::abs(row.limit) <= acceptable_residual;
  });
  std::erase_if(out.program.inequalities, [](const LinearRow& row) {
    return row.index.empty() && row.limit >= -acceptable_residual;
  });
  return out;
}

bool has_empty_row(const QuadraticProgram& program) {
  const auto empty = [](const LinearRow& row) { return row.index.empty(); };
  return std::any_of(program.equalities.begin(), program.equalities.end(), empty)
         || std::any_of(program.inequalities.begin(), program.inequalities.end(), empty);
}

} // namespace quadratic_program_detail

double LinearRow::at(const Eigen::VectorXd& x) const {
  double sum = 0.0;
  for (std::size_t k = 0; k < index.size(); ++k) {
    sum += value[k] * x[index[k]];
  }
  return sum;
}

Expected<QuadraticSolution> solve(const QuadraticProgram& program,
                                  const QuadraticSettings& settings) {
  using namespace quadratic_program_detail;
  if (const auto usable = check(program); !usable) {
    return usable.reason();
  }
  if (!(settings.tolerance > 0.0) || settings.iterations_max < 1) {
    return Reason::BAD_PARAMETER;
  }
  auto reduced = reduce(program);
  if (has_empty_row(reduced.program)) {
    return Reason::NOT_CONVERGED;
  }
  QuadraticSolution out{reduced.fixed, 0.0, 0.0, 0, true};
  if (!reduced.free.empty()) {
    // an objective of order 1, so that one tolerance serves all residuals
    const double size = std::max(reduced.program.p.diagonal().cwiseAbs().maxCoeff(),
                                 reduced.program.q.cwiseAbs().maxCoeff());
    if (size > 0.0) {
      reduced.program.p /= size;
      reduced.program.q /= size;
    }
    const InteriorPoint method{reduced.program};
    auto point = method.run(settings);
    out.iterations = point.iterations;
    out.kkt_residual = method.kkt_residual(point);
    out.exact = point.exact;
    if (!(out.kkt_residual <= acceptable_residual)) {
      return Reason::NOT_CONVERGED;
    }
    if (!out.exact) {
      if (auto sharp = method.crossover(point, out.kkt_residual)) {
        point = *std::move(sharp);
        out.kkt_residual = method.kkt_residual(point);
        out.exact = true;
      }
    }
    for (std::size_t k = 0; k < reduced.free.size(); ++k) {
      out.x[reduced.free[k]] = point.x[static_cast<Index>(k)];
    }
  }
  out.objective = 0.5 * out.x.dot(program.p * out.x) + program.q.dot(out.x);
  return out;
}

} // namespace troupe::quant
