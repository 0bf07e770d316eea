#pragma once

#include "quant/expected.hpp"

#include <Eigen/Core>

#include <cstdint>
#include <vector>

namespace troupe::quant {

enum class Linkage : std::uint8_t { SINGLE, COMPLETE, AVERAGE, WARD };

/// One merge of a clustering. Leaves are clusters 0 .. N-1, merge i makes cluster N + i.
struct Merge {
  Eigen::Index left; ///< the smaller number of the two
  Eigen::Index right;
  double distance;
  Eigen::Index size; ///< leaves below
};

/// Agglomerative clustering of a distance matrix, merges by ascending distance.
/// Single linkage by Prim's tree, the others by chains of nearest neighbours.
/// @param distances  shape (N, N), symmetric, none below 0; N >= 1
/// @returns          N - 1 merges; BAD_SHAPE, BAD_SAMPLE
/// @cost             O(N^2)
/// @source           Gower & Ross, Applied Statistics 18 (1969); Muellner, Modern hierarchical,
///                   agglomerative clustering algorithms (2011), whose order of ties this keeps
[[nodiscard]] Expected<std::vector<Merge>>
cluster(const Eigen::Ref<const Eigen::MatrixXd>& distances, Linkage linkage);

/// Leaves from left to right of the tree that the merges make.
[[nodiscard]] std::vector<Eigen::Index> leaf_order(const std::vector<Merge>& merges);

struct HierarchicalPortfolio {
  Eigen::VectorXd weights; ///< all above 0, sum 1
  std::vector<Merge> merges;
  std::vector<Eigen::Index> order;
};

/// Hierarchical risk parity: instruments in the leaf order of their clustering by
/// sqrt((1 - rho) / 2), then weights split in halves of that order, each half by the inverse of the
/// variance of its inverse-variance portfolio.
/// @param covariance  shape (N, N), variances above 0; need not be invertible
/// @returns           BAD_SHAPE, BAD_SAMPLE, DEGENERATE (a variance of 0), NOT_POSITIVE_DEFINITE (a
///                    cluster of negative variance)
/// @cost              O(N^2)
/// @source            Lopez de Prado, Building diversified portfolios that outperform out of
/// sample,
///                    J. Portfolio Management 42 (2016)
[[nodiscard]] Expected<HierarchicalPortfolio>
hierarchical_risk_parity(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                         Linkage linkage = Linkage::SINGLE);

} // namespace troupe::quant
