#include "quant/dependence/rank.hpp"

#include "quant/covariance/sample.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

namespace troupe::quant {

namespace {

using Order = std::vector<Eigen::Index>;

Order ascending(const Eigen::Ref<const Eigen::VectorXd>& x) {
  Order order(static_cast<std::size_t>(x.size()));
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  std::sort(order.begin(), order.end(),
            [&](Eigen::Index a, Eigen::Index b) { return x[a] < x[b] || (x[a] == x[b] && a < b); });
  return order;
}

/// Pairs within runs of equal neighbours.
template <class Equal>
std::int64_t tied_pairs(std::size_t size, Equal equal) {
  std::int64_t pairs = 0;
  std::int64_t run = 1;
  for (std::size_t i = 1; i <= size; ++i) {
    if (i < size && equal(i - 1, i)) {
      ++run;
    } else {
      pairs += run * (run - 1) / 2;
      run = 1;
    }
  }
  return pairs;
}

/// Sorts `values` bottom up and counts the exchanges of neighbours that would have taken.
std::int64_t merge_sort_exchanges(std::vector<double>& values) {
  std::vector<double> scratch(values.size());
  std::int64_t exchanges = 0;
  const std::size_t n = values.size();
  for (std::size_t width = 1; width < n; width *= 2) {
    for (std::size_t from = 0; from < n; from += 2 * width) {
      const std::size_t middle = std::min(from + width, n);
      const std::size_t to = std::min(from + 2 * width, n);
      std::size_t left = from;
      std::size_t right = middle;
      for (std::size_t out = from; out < to; ++out) {
        if (left < middle && (right >= to || values[left] <= values[right])) {
          scratch[out] = values[left++];
        } else {
          exchanges += static_cast<std::int64_t>(middle - left);
          scratch[out] = values[right++];
        }
      }
    }
    values.swap(scratch);
  }
  return exchanges;
}

} // namespace

Expected<Eigen::VectorXd> ranks(const Eigen::Ref<const Eigen::VectorXd>& x) {
  if (x.size() == 0) {
    return Reason::TOO_SHORT;
  }
  if (!x.allFinite()) {
    return Reason::BAD_SAMPLE;
  }
  const Order order = ascending(x);
  Eigen::VectorXd out(x.size());
  for (std::size_t from = 0; from < order.size();) {
    std::size_t to = from + 1;
    while (to < order.size() && x[order[to]] == x[order[from]]) {
      ++to;
    }
    const double rank = 0.5 * static_cast<double>(from + 1 + to);
    for (; from < to; ++from) {
      out[order[from]] = rank;
    }
  }
  return out;
}

Expected<Eigen::MatrixXd> pseudo_observations(const Eigen::Ref<const Eigen::MatrixXd>& returns) {
  if (returns.cols() == 0) {
    return Reason::BAD_SHAPE;
  }
  Eigen::MatrixXd out(returns.rows(), returns.cols());
  for (Eigen::Index j = 0; j < returns.cols(); ++j) {
    const auto column = ranks(returns.col(j));
    if (!column) {
      return column.reason();
    }
    out.col(j) = *column / static_cast<double>(returns.rows() + 1);
  }
  return out;
}

Expected<Eigen::MatrixXd> spearman_correlation(const Eigen::Ref<const Eigen::MatrixXd>& returns) {
  const auto ranked = pseudo_observations(returns);
  if (!ranked) {
    return ranked.reason();
  }
  return sample_correlation(*ranked);
}

Expected<double> kendall_tau(const Eigen::Ref<const Eigen::VectorXd>& x,
                             const Eigen::Ref<const Eigen::VectorXd>& y) {
  if (x.size() != y.size()) {
    return Reason::BAD_SHAPE;
  }
  if (x.size() < 2) {
    return Reason::TOO_SHORT;
  }
  if (!x.allFinite() || !y.allFinite()) {
    return Reason::BAD_SAMPLE;
  }
  const auto size = static_cast<std::size_t>(x.size());
  Order order(size);
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  std::sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) {
    return x[a] < x[b] || (x[a] == x[b] && y[a] < y[b]);
  });
  std::vector<double> ordered(size);
  for (std::size_t i = 0; i < size; ++i) {
    ordered[i] = y[order[i]];
  }
  const auto same_x = [&](std::size_t a, std::size_t b) { return x[order[a]] == x[order[b]]; };
  const std::int64_t ties_x = tied_pairs(size, same_x);
  const std::int64_t ties_both = tied_pairs(
    size, [&](std::size_t a, std::size_t b) { return same_x(a, b) && y[order[a]] == y[order[b]]; });
  const std::int64_t exchanges = merge_sort_exchanges(ordered);
  const std::int64_t ties_y =
    tied_pairs(size, [&](std::size_t a, std::size_t b) { return ordered[a] == ordered[b]; });
  const auto n = static_cast<std::int64_t>(size);
  const std::int64_t pairs = n * (n - 1) / 2;
  if (ties_x == pairs || ties_y == pairs) {
    return Reason::DEGENERATE;
  }
  const auto difference = static_cast<double>(pairs - ties_x - ties_y + ties_both - 2 * exchanges);
  return std::clamp(difference / std::sqrt(static_cast<double>(pairs - ties_x))
                      / std::sqrt(static_cast<double>(pairs - ties_y)),
                    -1.0, 1.0);
}

Expected<Eigen::MatrixXd> kendall_correlation(const Eigen::Ref<const Eigen::MatrixXd>& returns) {
  const Eigen::Index n = returns.cols();
  if (n == 0) {
    return Reason::BAD_SHAPE;
  }
  Eigen::MatrixXd out = Eigen::MatrixXd::Identity(n, n);
  for (Eigen::Index j = 0; j < n; ++j) {
    // a column with itself too: a constant or unusable one is refused even when it is alone
    for (Eigen::Index i = j; i < n; ++i) {
      const auto tau = kendall_tau(returns.col(i), returns.col(j));
      if (!tau) {
        return tau.reason();
      }
      out(i, j) = out(j, i) = i == j ? 1.0 : *tau;
    }
  }
  return out;
}

} // namespace troupe::quant
