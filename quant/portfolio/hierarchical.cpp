#include "quant/portfolio/hierarchical.hpp"

#include "quant/covariance/sample.hpp"
#include "quant/linear_algebra/dense.hpp"
#include "quant/linear_algebra/select.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace troupe::quant {

namespace hierarchical_detail {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

struct Edge {
  Index a;
  Index b;
  double distance;
};

std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

/// Minimum spanning tree grown from leaf 0. An edge starts at the leaf added last, not at the
/// nearest one: both lie in the same cluster by the time the edge is used.
std::vector<Edge> spanning_tree(const Eigen::Ref<const MatrixXd>& distances) {
  const Index n = distances.rows();
  std::vector<Index> outside(at(n - 1)); // in order, so that the first of equals is taken
  std::iota(outside.begin(), outside.end(), Index{1});
  std::vector<double> nearest(outside.size(), std::numeric_limits<double>::infinity());
  std::vector<Edge> edges;
  Index last = 0;
  while (!outside.empty()) {
    const double* const to_last = distances.data() + last * distances.outerStride();
    std::size_t best = 0;
    for (std::size_t k = 0; k < outside.size(); ++k) {
      nearest[k] = std::min(nearest[k], to_last[outside[k]]);
      best = nearest[k] < nearest[best] ? k : best;
    }
    edges.push_back({last, outside[best], nearest[best]});
    last = outside[best];
    outside.erase(outside.begin() + static_cast<std::ptrdiff_t>(best));
    nearest.erase(nearest.begin() + static_cast<std::ptrdiff_t>(best));
  }
  return edges;
}

/// Distance of a third cluster to the union of two (Lance & Williams).
double united(Linkage linkage,
              double to_a,
              double to_b,
              double between,
              double size_a,
              double size_b,
              double size) {
  switch (linkage) {
    case Linkage::COMPLETE: return std::max(to_a, to_b);
    case Linkage::AVERAGE: return (size_a * to_a + size_b * to_b) / (size_a + size_b);
    case Linkage::WARD: {
      const double total = size_a + size_b + size;
      const double square =
        (size_a + size) * to_a * to_a + (size_b + size) * to_b * to_b - size * between * between;
      return std::sqrt(std::max(square / total, 0.0));
    }
    case Linkage::SINGLE: break;
  }
  return std::min(to_a, to_b);
}

std::vector<Edge> neighbour_chains(MatrixXd distances, Linkage linkage) {
  const Index n = distances.rows();
  std::vector<double> sizes(at(n), 1.0);
  std::vector<Index> chain;
  std::vector<Edge> edges;
  while (static_cast<Index>(edges.size()) + 1 < n) {
    if (chain.empty()) {
      const auto first = std::find_if(sizes.begin(), sizes.end(), [](double s) { return s > 0.0; });
      chain.push_back(static_cast<Index>(first - sizes.begin()));
    }
    Index x = 0;
    Index y = 0;
    double nearest = 0.0;
    for (;;) {
      x = chain.back();
      // of equals the one before in the chain, so that a chain ends
      y = chain.size() > 1 ? chain[chain.size() - 2] : -1;
      nearest = y >= 0 ? distances(x, y) : std::numeric_limits<double>::infinity();
      for (Index i = 0; i < n; ++i) {
        if (sizes[at(i)] > 0.0 && i != x && distances(x, i) < nearest) {
          nearest = distances(x, i);
          y = i;
        }
      }
      if (chain.size() > 1 && y == chain[chain.size() - 2]) {
        break;
      }
      chain.push_back(y);
    }
    chain.resize(chain.size() - 2);
    const Index gone = std::min(x, y);
    const Index stays = std::max(x, y);
    edges.push_back({gone, stays, nearest});
    const double size_gone = sizes[at(gone)];
    const double size_stays = sizes[at(stays)];
    for (Index i = 0; i < n; ++i) {
      if (sizes[at(i)] > 0.0 && i != gone && i != stays) {
        distances(i, stays) = distances(stays, i) =
          united(linkage, distances(i, gone), distances(i, stays), nearest, size_gone, size_stays,
                 sizes[at(i)]);
      }
    }
    sizes[at(stays)] += size_gone;
    sizes[at(gone)] = 0.0;
  }
  return edges;
}

/// Edges by ascending distance, their ends named by the clusters they lie in by then.
std::vector<Merge> labelled(std::vector<Edge> edges, Index n) {
  std::stable_sort(edges.begin(), edges.end(),
                   [](const Edge& x, const Edge& y) { return x.distance < y.distance; });
  std::vector<Index> parent(at(2 * n - 1));
  std::vector<Index> size(at(2 * n - 1), 1);
  std::iota(parent.begin(), parent.end(), Index{0});
  const auto root = [&](Index i) {
    while (parent[at(i)] != i) {
      parent[at(i)] = parent[at(parent[at(i)])];
      i = parent[at(i)];
    }
    return i;
  };
  std::vector<Merge> out;
  for (const auto& edge : edges) {
    const Index a = root(edge.a);
    const Index b = root(edge.b);
    const Index made = n + static_cast<Index>(out.size());
    size[at(made)] = size[at(a)] + size[at(b)];
    parent[at(a)] = parent[at(b)] = made;
    out.push_back({std::min(a, b), std::max(a, b), edge.distance, size[at(made)]});
  }
  return out;
}

/// @pre symmetric, no distance below 0
std::vector<Merge> merged(const Eigen::Ref<const MatrixXd>& distances, Linkage linkage) {
  return labelled(linkage == Linkage::SINGLE ? spanning_tree(distances)
                                             : neighbour_chains(distances, linkage),
                  distances.rows());
}

/// Variance of the inverse-variance portfolio of instruments that stand side by side.
double cluster_variance(const MatrixXd& covariance, Index from, Index count) {
  const auto block = covariance.block(from, from, count, count);
  const VectorXd inverse = block.diagonal().cwiseInverse();
  const VectorXd weights = inverse / inverse.sum();
  return weights.dot(block * weights);
}

/// Shares the weight of a stretch of instruments between its halves by their variances, and so on.
/// @returns the weights in the order of the covariance
Expected<VectorXd> bisected(const MatrixXd& covariance) {
  VectorXd weights = VectorXd::Ones(covariance.rows());
  std::vector<std::pair<Index, Index>> open{{0, covariance.rows()}}; // first and count
  while (!open.empty()) {
    const auto [first, count] = open.back();
    open.pop_back();
    if (count < 2) {
      continue;
    }
    const Index half = count / 2;
    const double left = cluster_variance(covariance, first, half);
    const double right = cluster_variance(covariance, first + half, count - half);
    if (!(left >= 0.0) || !(right >= 0.0) || !(left + right > 0.0)) {
      return Reason::NOT_POSITIVE_DEFINITE;
    }
    const double share = 1.0 - left / (left + right);
    weights.segment(first, half) *= share;
    weights.segment(first + half, count - half) *= 1.0 - share;
    open.emplace_back(first, half);
    open.emplace_back(first + half, count - half);
  }
  return weights;
}

} // namespace hierarchical_detail

Expected<std::vector<Merge>> cluster(const Eigen::Ref<const Eigen::MatrixXd>& distances,
                                     Linkage linkage) {
  using namespace hierarchical_detail;
  if (const auto usable = check_symmetric(distances); !usable) {
    return usable.reason();
  }
  if (distances.minCoeff() < 0.0) {
    return Reason::BAD_SAMPLE;
  }
  return merged(distances, linkage);
}

std::vector<Eigen::Index> leaf_order(const std::vector<Merge>& merges) {
  const auto leaves = static_cast<Eigen::Index>(merges.size()) + 1;
  std::vector<Eigen::Index> order;
  std::vector<Eigen::Index> open{2 * leaves - 2};
  while (!open.empty()) {
    const Eigen::Index node = open.back();
    open.pop_back();
    if (node < leaves) {
      order.push_back(node);
    } else {
      const auto& merge = merges[static_cast<std::size_t>(node - leaves)];
      open.push_back(merge.right);
      open.push_back(merge.left);
    }
  }
  return order;
}

Expected<HierarchicalPortfolio>
hierarchical_risk_parity(const Eigen::Ref<const Eigen::MatrixXd>& covariance, Linkage linkage) {
  using namespace hierarchical_detail;
  auto parts = correlation_of(covariance);
  if (!parts) {
    return parts.reason();
  }
  MatrixXd& distances = parts->matrix;
  distances = (0.5 * (1.0 - distances.array())).max(0.0).min(1.0).matrix();
  // nearest stays nearest under a root: single linkage needs those of its merges only
  const bool squares = linkage == Linkage::SINGLE;
  if (!squares) {
    distances = distances.cwiseSqrt();
  }
  HierarchicalPortfolio out{VectorXd::Ones(covariance.rows()), merged(distances, linkage), {}};
  for (auto& merge : out.merges) {
    merge.distance = squares ? std::sqrt(merge.distance) : merge.distance;
  }
  out.order = leaf_order(out.merges);
  // a cluster's part of the matrix in one piece
  const auto weights = bisected(selected(covariance, out.order, out.order));
  if (!weights) {
    return weights.reason();
  }
  for (std::size_t i = 0; i < out.order.size(); ++i) {
    out.weights[out.order[i]] = (*weights)[static_cast<Index>(i)];
  }
  return out;
}

} // namespace troupe::quant
