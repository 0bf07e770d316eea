#include "quant/covariance/missing.hpp"

#include "quant/linear_algebra/dense.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace troupe::quant {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

/// Drops columns until every remaining pair overlaps enough.
std::vector<Index> columns_that_overlap(const Eigen::MatrixXi& counts, Index overlap_min) {
  std::vector<Index> kept;
  for (Index j = 0; j < counts.cols(); ++j) {
    kept.push_back(j);
  }
  for (;;) {
    Index worst = -1;
    Index worst_lacking = 0;
    for (const Index i : kept) {
      const auto lacking = std::count_if(kept.begin(), kept.end(),
                                         [&](Index j) { return counts(i, j) < overlap_min; });
      if (lacking > worst_lacking
          || (lacking == worst_lacking && lacking > 0 && counts(i, i) <= counts(worst, worst))) {
        worst = i;
        worst_lacking = lacking;
      }
    }
    if (worst < 0) {
      return kept;
    }
    std::erase(kept, worst);
  }
}

/// Centred values with zeros in the gaps, and indicators of what is there.
struct Gapped {
  MatrixXd values;
  MatrixXd there;
};

Gapped split_gaps(const Eigen::Ref<const MatrixXd>& returns) {
  Gapped out{returns, returns.array().isFinite().cast<double>()};
  for (Index j = 0; j < returns.cols(); ++j) {
    double sum = 0.0;
    double count = 0.0;
    for (Index t = 0; t < returns.rows(); ++t) {
      if (out.there(t, j) != 0.0) {
        sum += returns(t, j);
        count += 1.0;
      }
    }
    // the overall mean taken off first keeps the sums below from cancelling
    const double mean = count > 0.0 ? sum / count : 0.0;
    for (Index t = 0; t < returns.rows(); ++t) {
      out.values(t, j) = out.there(t, j) != 0.0 ? returns(t, j) - mean : 0.0;
    }
  }
  return out;
}

} // namespace

Expected<Eigen::VectorXd> previous_tick(const Observations& observations,
                                        std::span<const std::int64_t> grid,
                                        std::int64_t age_max_ns) {
  const auto& [times, values] = observations;
  if (times.size() != values.size()) {
    return Reason::BAD_SHAPE;
  }
  if (!std::is_sorted(times.begin(), times.end()) || !std::is_sorted(grid.begin(), grid.end())
      || !std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); })) {
    return Reason::BAD_SAMPLE;
  }
  Eigen::VectorXd out(static_cast<Index>(grid.size()));
  std::size_t next = 0;
  for (std::size_t g = 0; g < grid.size(); ++g) {
    while (next < times.size() && times[next] <= grid[g]) {
      ++next;
    }
    const bool fresh = next > 0 && (age_max_ns <= 0 || grid[g] - times[next - 1] <= age_max_ns);
    out[static_cast<Index>(g)] = fresh ? values[next - 1] : missing;
  }
  return out;
}

Expected<MatrixXd> log_returns(const Eigen::Ref<const MatrixXd>& prices) {
  if (prices.rows() < 2) {
    return Reason::TOO_SHORT;
  }
  if ((prices.array() <= 0.0).any() || prices.array().isInf().any()) {
    return Reason::BAD_SAMPLE;
  }
  const MatrixXd logs = prices.array().log();
  return MatrixXd{logs.bottomRows(logs.rows() - 1) - logs.topRows(logs.rows() - 1)};
}

Expected<PairwiseCovariance> pairwise_covariance(const Eigen::Ref<const MatrixXd>& returns,
                                                 Index overlap_min) {
  if (returns.cols() == 0) {
    return Reason::BAD_SHAPE;
  }
  if (overlap_min < 2) {
    return Reason::BAD_PARAMETER;
  }
  if (returns.array().isInf().any()) {
    return Reason::BAD_SAMPLE;
  }
  const auto [x, there] = split_gaps(returns);
  PairwiseCovariance out{};
  const MatrixXd counts = gram(there);
  out.counts = counts.array().round().cast<int>();
  out.kept = columns_that_overlap(out.counts, overlap_min);
  for (Index j = 0; j < returns.cols(); ++j) {
    if (!std::binary_search(out.kept.begin(), out.kept.end(), j)) {
      out.excluded.push_back(j);
    }
  }
  if (out.kept.empty()) {
    return Reason::TOO_SHORT;
  }
  const MatrixXd products = gram(x);
  const MatrixXd sums = product_of_transpose(x, there); // of i where j is there too
  const MatrixXd squares = product_of_transpose(x.cwiseAbs2(), there);
  const auto size = static_cast<Index>(out.kept.size());
  out.covariance.resize(size, size);
  out.correlation.resize(size, size);
  for (Index b = 0; b < size; ++b) {
    for (Index a = b; a < size; ++a) {
      const Index i = out.kept[static_cast<std::size_t>(a)];
      const Index j = out.kept[static_cast<std::size_t>(b)];
      const double n = counts(i, j);
      const double cross = products(i, j) - sums(i, j) * sums(j, i) / n;
      const double square_i = squares(i, j) - sums(i, j) * sums(i, j) / n;
      const double square_j = squares(j, i) - sums(j, i) * sums(j, i) / n;
      constexpr double rounding = 1e-14;
      if (!(square_i > rounding * squares(i, j)) || !(square_j > rounding * squares(j, i))) {
        return Reason::DEGENERATE;
      }
      const double correlation =
        std::clamp(cross / std::sqrt(square_i) / std::sqrt(square_j), -1.0, 1.0);
      out.covariance(a, b) = out.covariance(b, a) = cross / (n - 1.0);
      out.correlation(a, b) = out.correlation(b, a) = a == b ? 1.0 : correlation;
    }
  }
  const auto eigenvalues = symmetric_eigenvalues(out.correlation);
  if (!eigenvalues) {
    return eigenvalues.reason();
  }
  out.positive_semidefinite = (*eigenvalues)[0] >= -1e-12 * static_cast<double>(size);
  return out;
}

} // namespace troupe::quant
