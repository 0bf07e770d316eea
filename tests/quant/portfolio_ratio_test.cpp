#include "quant/covariance/sample.hpp"
#include "quant/portfolio/optimise.hpp"
#include "random_matrices.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>

/// Largest ratios within limits, over thousands of small markets: each answer is judged by the
/// optimality conditions of the ratio itself, by a greedy solution of the linear programme and by
/// grids, none of which the optimiser uses.
using namespace troupe::quant;
using namespace troupe::quant::testing;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

struct Market {
  MatrixXd covariance;
  VectorXd mean;
  double risk_free = 0.0;
  PortfolioConstraints limits;

  [[nodiscard]] Index size() const { return mean.size(); }
  [[nodiscard]] VectorXd excess() const { return mean.array() - risk_free; }
};

/// Largest excess'w under bounds and the budget: from the lower bounds filled up from the best on.
double most_excess(const Market& market) {
  const VectorXd excess = market.excess();
  std::vector<Index> order(static_cast<std::size_t>(market.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index a, Index b) { return excess[a] > excess[b]; });
  double left = market.limits.budget - market.limits.lower.sum();
  double sum = excess.dot(market.limits.lower);
  for (const Index i : order) {
    const double room = market.limits.upper[i] - market.limits.lower[i];
    sum += excess[i] * std::min(left, room);
    left -= std::min(left, room);
  }
  return sum;
}

/// Volatilities of 0.5 % to 8 %, means of either sign, caps from loose to those that leave no
/// choice; the riskless rate often leaves next to no excess return.
Market any_market(unsigned seed) {
  std::mt19937 generator{seed};
  const auto uniform = [&] { return std::uniform_real_distribution{}(generator); };
  const auto pick = [&](const std::vector<double>& of) {
    return of[static_cast<std::size_t>(uniform() * static_cast<double>(of.size()))];
  };
  Market out;
  const auto n = static_cast<Index>(2 + 7 * uniform());
  const MatrixXd returns = factor_returns(3 * n + 10, n, seed, 0.9 * uniform());
  VectorXd size(n);
  for (double& x : size) {
    x = 0.5 + 1.5 * uniform();
  }
  out.covariance = *sample_covariance(returns * size.asDiagonal());
  out.mean = pick({1e-4, 1e-3, 1e-2}) * normal_matrix(n, 1, seed + 7);
  const double equal = 1.0 / static_cast<double>(n);
  out.limits = PortfolioConstraints::long_only(n, pick({no_bound, 0.6, 2.5 * equal, 1.2 * equal}));
  if (out.limits.upper.sum() < 1.0) {
    out.limits.upper.setConstant(1.0);
  }
  if (uniform() < 0.3) {
    out.limits.lower.setConstant(-pick({0.1, 0.5}));
  }
  if (uniform() < 0.5) {
    const double unit = out.mean.cwiseAbs().maxCoeff();
    out.risk_free = most_excess(out) - unit * pick({0.5, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, -0.1});
  }
  return out;
}

double ratio(const Market& market, const VectorXd& w) {
  return market.excess().dot(w) / std::sqrt(w.dot(market.covariance * w));
}

/// Largest violation, relative, of the conditions under which no admissible portfolio has a larger
/// ratio: with g the gradient of its logarithm there is a level that g is at where a weight is
/// free, not above where it is at its lower bound, not below where it is at its upper bound. The
/// ratio is pseudo-concave where it is positive, so that these conditions suffice.
double optimality_violation(const Market& market, const VectorXd& w) {
  const VectorXd excess = market.excess();
  const VectorXd slope = market.covariance * w;
  const VectorXd g = excess / excess.dot(w) - slope / w.dot(slope);
  double above_at_least = -infinite; // what the level must not be below
  double below_at_most = infinite;   // what it must not be above
  constexpr double at_bound = 1e-6;
  for (Index i = 0; i < w.size(); ++i) {
    if (w[i] < market.limits.upper[i] - at_bound) {
      above_at_least = std::max(above_at_least, g[i]); // more of it must not pay
    }
    if (w[i] > market.limits.lower[i] + at_bound) {
      below_at_most = std::min(below_at_most, g[i]); // nor less of it
    }
  }
  const double size = (excess / excess.dot(w)).cwiseAbs().maxCoeff();
  return std::max(above_at_least - below_at_most, 0.0) / size;
}

} // namespace

TEST_CASE("maximum Sharpe: within limits every market has its answer, and none is better") {
  int tangent = 0;
  int none = 0;
  for (unsigned seed = 0; seed < 5'000; ++seed) {
    const auto market = any_market(seed);
    CAPTURE(seed);
    CAPTURE(market.size());
    const auto out =
      maximum_sharpe(market.covariance, market.mean, market.risk_free, market.limits);
    REQUIRE_MESSAGE(out.has_value(), name(out.reason()));
    REQUIRE(violation(market.limits, out->weights) < 1e-9);
    const double unit = market.excess().cwiseAbs().maxCoeff();
    if (most_excess(market) < 1e-8 * unit) {
      ++none;
      CHECK_FALSE(out->as_asked());
      continue;
    }
    ++tangent;
    CHECK(out->as_asked());
    REQUIRE(market.excess().dot(out->weights) > 0.0);
    CHECK(optimality_violation(market, out->weights) < 1e-5);
  }
  CHECK(tangent > 4'000);
  CHECK(none > 100);
}

TEST_CASE("maximum Sharpe: no point of a grid over two and three instruments is better") {
  constexpr int steps = 60;
  for (unsigned seed = 0; seed < 3'000; ++seed) {
    const auto market = any_market(seed);
    if (market.size() > 3 || most_excess(market) <= 0.0) {
      continue;
    }
    CAPTURE(seed);
    const auto out =
      maximum_sharpe(market.covariance, market.mean, market.risk_free, market.limits);
    REQUIRE(out.has_value());
    const double best = ratio(market, out->weights);
    const VectorXd& low = market.limits.lower;
    const VectorXd high = market.limits.upper.cwiseMin(2.0);
    for (int i = 0; i <= steps; ++i) {
      for (int j = 0; j <= (market.size() == 2 ? 0 : steps); ++j) {
        VectorXd w(market.size());
        w[0] = low[0] + (high[0] - low[0]) * i / steps;
        if (market.size() == 3) {
          w[1] = low[1] + (high[1] - low[1]) * j / steps;
        }
        w[w.size() - 1] = 1.0 - w.head(w.size() - 1).sum();
        if (violation(market.limits, w) <= 1e-12) {
          CHECK(ratio(market, w) <= best * (1.0 + 1e-7));
        }
      }
    }
  }
}

TEST_CASE(
  "maximum diversification: within limits every market has its answer, and none is better") {
  for (unsigned seed = 0; seed < 2'000; ++seed) {
    auto market = any_market(seed);
    market.mean = market.covariance.diagonal().cwiseSqrt(); // the ratio of volatilities
    market.risk_free = 0.0;
    CAPTURE(seed);
    const auto out = maximum_diversification(market.covariance, market.limits);
    REQUIRE_MESSAGE(out.has_value(), name(out.reason()));
    REQUIRE(out->as_asked());
    REQUIRE(violation(market.limits, out->weights) < 1e-9);
    CHECK(optimality_violation(market, out->weights) < 1e-5);
  }
}

TEST_CASE("largest ratios: groups and turnover are kept, and mixtures of answers are no better") {
  for (unsigned seed = 0; seed < 500; ++seed) {
    auto market = any_market(seed);
    const Index n = market.size();
    if (n < 4) {
      continue;
    }
    market.limits = PortfolioConstraints::long_only(n, 0.7);
    market.limits.groups = {{"first", {0, 1}, 0.1, 0.5}};
    market.limits.turnover = {VectorXd::Constant(n, 1.0 / static_cast<double>(n)), 0.8};
    market.risk_free = market.mean.minCoeff() - 1e-4;
    CAPTURE(seed);
    const auto out =
      maximum_sharpe(market.covariance, market.mean, market.risk_free, market.limits);
    REQUIRE_MESSAGE(out.has_value(), name(out.reason()));
    REQUIRE(out->as_asked());
    REQUIRE(violation(market.limits, out->weights) < 1e-7);
    const double best = ratio(market, out->weights);
    const auto calm = minimum_variance(market.covariance, market.limits);
    REQUIRE(calm.has_value());
    const auto bold = quadratic_utility(market.covariance, market.mean, 0.1, market.limits);
    REQUIRE(bold.has_value());
    for (const double share : {0.001, 0.1, 0.5, 1.0}) {
      for (const auto* other : {&calm->weights, &bold->weights}) {
        CHECK(ratio(market, (1.0 - share) * out->weights + share * *other) <= best * (1.0 + 1e-7));
      }
    }
  }
}

TEST_CASE("maximum Sharpe: a return without variance has no largest ratio, and shorts no bound") {
  MatrixXd covariance = MatrixXd::Zero(2, 2);
  covariance(1, 1) = 0.01;
  const auto riskless = maximum_sharpe(covariance, Eigen::Vector2d{0.02, 0.05}, 0.01,
                                       PortfolioConstraints::long_only(2));
  REQUIRE_FALSE(riskless.has_value());
  CHECK(riskless.reason() == Reason::DEGENERATE);

  // a group limit that does not bind, and no bounds: the closed form's answer
  const MatrixXd identity = MatrixXd::Identity(3, 3);
  auto limits = PortfolioConstraints::budget_only(3);
  limits.groups = {{"first", {0}, -5.0, 5.0}};
  const auto open = maximum_sharpe(identity, Eigen::Vector3d{0.1, 0.2, 0.3}, 0.0, limits);
  REQUIRE_MESSAGE(open.has_value(), name(open.reason()));
  CHECK(largest_difference(open->weights, Eigen::Vector3d{1.0, 2.0, 3.0} / 6.0) < 1e-8);
}
