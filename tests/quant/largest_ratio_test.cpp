#include "quant/covariance/sample.hpp"
#include "quant/portfolio/optimise.hpp"
#include "random_matrices.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

using namespace troupe::quant;
using namespace troupe::quant::testing;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// A small market at random: volatilities a factor of 10 apart and more, excess returns from far
/// below to far above 0, bounds from none to hardly any room.
struct Market {
  MatrixXd covariance;
  VectorXd excess;
  PortfolioConstraints limits;
};

PortfolioConstraints random_limits(Index n, std::mt19937& generator) {
  std::uniform_real_distribution<double> uniform;
  const double even = 1.0 / static_cast<double>(n);
  auto out = PortfolioConstraints::long_only(n);
  switch (generator() % 5) {
    case 0: out.upper.setConstant(even + uniform(generator) * (1.0 - even)); break;
    case 1:
      out.upper.setConstant(even + uniform(generator) * (1.0 - even));
      out.lower.setConstant(uniform(generator) * even);
      break;
    case 2:
      for (Index i = 0; i < n; ++i) {
        out.lower[i] = uniform(generator) * even - (generator() % 3 == 0 ? 0.3 : 0.0);
        out.upper[i] = even + 0.5 * uniform(generator);
      }
      break;
    case 3: // the budget is a whole number of caps: the best is often a corner
      out.upper.setConstant(1.0 / static_cast<double>(1 + generator() % static_cast<unsigned>(n)));
      break;
    default: break;
  }
  return out;
}

Market random_market(Index n, unsigned seed) {
  std::mt19937 generator{seed};
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  const Index bars = n + (generator() % 3 == 0 ? 2 : 3 * n + 10);
  MatrixXd returns = factor_returns(bars, n, seed + 1, 0.99 * uniform(generator));
  for (Index j = 0; j < n; ++j) {
    returns.col(j) *= std::exp(normal(generator));
  }
  const double spread = std::pow(10.0, -1.0 - 4.0 * uniform(generator));
  const double level = (2.0 * uniform(generator) - 1.2) * spread;
  VectorXd excess(n);
  for (double& x : excess) {
    x = level + spread * normal(generator);
  }
  return {*sample_covariance(returns), excess, random_limits(n, generator)};
}

/// The largest attainable return, filling up the best first.
double most_attainable(const Market& market) {
  std::vector<Index> order(static_cast<std::size_t>(market.excess.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(),
            [&](Index i, Index j) { return market.excess[i] > market.excess[j]; });
  VectorXd w = market.limits.lower;
  for (const Index i : order) {
    w[i] += std::min(1.0 - w.sum(), market.limits.upper[i] - w[i]);
  }
  return market.excess.dot(w);
}

double ratio(const MatrixXd& covariance, const VectorXd& scale, const VectorXd& w) {
  return scale.dot(w) / std::sqrt(w.dot(covariance * w));
}

/// By how much weight could be moved from one instrument to another with gain: the largest slope of
/// log ratio among those that have room above less the smallest among those with room below,
/// relative. At most 0 at the maximum, and, the ratio being pseudoconcave, only there.
double gain_left(const Market& market, const VectorXd& scale, const VectorXd& w) {
  const VectorXd risk = market.covariance * w;
  const VectorXd reward = scale / scale.dot(w);
  const VectorXd slope = reward - risk / w.dot(risk);
  double rise = -no_bound;
  double fall = no_bound;
  for (Index i = 0; i < w.size(); ++i) {
    if (w[i] < market.limits.upper[i] - 1e-10) {
      rise = std::max(rise, slope[i]);
    }
    if (w[i] > market.limits.lower[i] + 1e-10) {
      fall = std::min(fall, slope[i]);
    }
  }
  return (rise - fall) / reward.cwiseAbs().maxCoeff();
}

} // namespace

TEST_CASE("largest ratio: found in every one of 1000 small markets, first-order conditions met") {
  CHECK(rc::check([] {
    const auto seed = *seeds();
    for (unsigned k = 0; k < 10; ++k) {
      const Index n = 2 + (seed + k) % 11;
      const auto market = random_market(n, 31 * seed + k);
      const auto out = maximum_sharpe(market.covariance, market.excess, 0.0, market.limits);
      RC_ASSERT(out.has_value());
      RC_ASSERT(violation(market.limits, out->weights) < 1e-9);
      RC_ASSERT(out->as_asked() == (most_attainable(market) > 0.0));
      RC_ASSERT((!out->as_asked() || gain_left(market, market.excess, out->weights) < 1e-8));
      const VectorXd volatility = market.covariance.diagonal().cwiseSqrt();
      const auto spread = maximum_diversification(market.covariance, market.limits);
      RC_ASSERT(spread.has_value());
      RC_ASSERT(violation(market.limits, spread->weights) < 1e-9);
      RC_ASSERT(gain_left(market, volatility, spread->weights) < 1e-8);
    }
  }));
}

TEST_CASE("largest ratio: no portfolio of a fine grid over three instruments has more") {
  CHECK(rc::check([] {
    const auto market = random_market(3, *seeds());
    const auto out = maximum_sharpe(market.covariance, market.excess, 0.0, market.limits);
    RC_ASSERT(out.has_value());
    if (!out->as_asked()) {
      return;
    }
    const double found = ratio(market.covariance, market.excess, out->weights);
    for (int i = -20; i <= 60; ++i) {
      for (int j = -20; j <= 60; ++j) {
        const double a = i / 50.0;
        const double b = j / 50.0;
        const Eigen::Vector3d w{a, b, 1.0 - a - b};
        if (violation(market.limits, w) <= 1e-12) {
          RC_ASSERT(ratio(market.covariance, market.excess, w) <= found * (1.0 + 1e-12));
        }
      }
    }
  }));
}

TEST_CASE("largest ratio: group and turnover limits are kept, and others do worse") {
  CHECK(rc::check([] {
    const auto seed = *seeds();
    auto market = random_market(6, seed);
    market.excess.array() += 0.1 - market.excess.minCoeff();
    market.limits = PortfolioConstraints::long_only(6, 0.5);
    market.limits.groups = {{"even", {0, 2, 4}, 0.3, 0.6}};
    market.limits.turnover = {VectorXd::Constant(6, 1.0 / 6.0), 0.4};
    const auto out = maximum_sharpe(market.covariance, market.excess, 0.0, market.limits);
    RC_ASSERT(out.has_value());
    RC_ASSERT(out->as_asked());
    RC_ASSERT(violation(market.limits, out->weights) < 1e-7);
    const double found = ratio(market.covariance, market.excess, out->weights);
    for (unsigned k = 0; k < 50; ++k) { // towards others that keep the limits
      VectorXd other = normal_matrix(6, 1, seed + k).cwiseAbs();
      other /= other.sum();
      for (const double step : {1.0, 0.1, 0.001}) {
        const VectorXd w = out->weights + step * (other - out->weights);
        if (violation(market.limits, w) <= 0.0) {
          RC_ASSERT(ratio(market.covariance, market.excess, w) <= found * (1.0 + 1e-9));
        }
      }
    }
  }));
}

TEST_CASE("largest ratio: a set of one portfolio is that portfolio") {
  const auto market = random_market(4, 3);
  const VectorXd excess = market.excess.cwiseAbs();
  const auto out =
    maximum_sharpe(market.covariance, excess, 0.0, PortfolioConstraints::long_only(4, 0.25));
  REQUIRE(out.has_value());
  CHECK(largest_difference(out->weights, VectorXd::Constant(4, 0.25)) < 1e-12);
}

TEST_CASE("largest ratio: bounds that bind are met to the bit") {
  const Eigen::Vector3d mean{0.3, 0.1, 0.05};
  const auto out =
    maximum_sharpe(MatrixXd::Identity(3, 3), mean, 0.0, PortfolioConstraints::long_only(3, 0.5));
  REQUIRE(out.has_value());
  CHECK(out->weights[0] == 0.5);
  CHECK(out->weights[1] == doctest::Approx(0.3).epsilon(1e-12));
}

TEST_CASE("largest ratio: what is riskless and earns something has no better") {
  MatrixXd covariance = MatrixXd::Identity(3, 3);
  covariance(1, 1) = 0.0;
  const Eigen::Vector3d mean{0.3, 0.1, 0.05};
  const auto out = maximum_sharpe(covariance, mean, 0.0, PortfolioConstraints::long_only(3));
  REQUIRE(out.has_value());
  CHECK(out->as_asked());
  CHECK(out->weights[1] == doctest::Approx(1.0).epsilon(1e-4));
}

TEST_CASE("largest ratio: one that is only approached by ever larger positions says so") {
  // 1 + t in the first, -t in the second: (1 + 3 t) / sqrt(1 + 2 t + 2 t^2) rises to 3 / sqrt 2
  auto limits = PortfolioConstraints::budget_only(3);
  limits.lower[2] = 0.0;
  limits.upper[2] = 0.1;
  const Eigen::Vector3d mean{1.0, -2.0, 0.0};
  const MatrixXd covariance = MatrixXd::Identity(3, 3);
  const auto out = maximum_sharpe(covariance, mean, 0.0, limits);
  REQUIRE(out.has_value());
  CHECK(out->reason.find("without end") != std::string::npos);
  CHECK(largest_difference(out->weights, minimum_variance(covariance, limits)->weights) < 1e-12);
}
