#include "quant/covariance/sample.hpp"
#include "quant/portfolio/diversification.hpp"
#include "quant/portfolio/hierarchical.hpp"
#include "quant/portfolio/risk_budget.hpp"
#include "random_matrices.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <numeric>

using namespace troupe::quant;
using namespace troupe::quant::testing;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Four assets of Maillard, Roncalli & Teiletche (2010), section 4.
MatrixXd maillard_roncalli_teiletche() {
  MatrixXd correlation(4, 4);
  correlation << 1.0, 0.8, 0.0, 0.0, 0.8, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, -0.5, 0.0, 0.0, -0.5, 1.0;
  return *covariance_of(correlation, Eigen::Vector4d{0.1, 0.2, 0.3, 0.4});
}

MatrixXd random_covariance(Index n, unsigned seed) {
  return *sample_covariance(factor_returns(3 * n + 10, n, seed, 0.4));
}

/// Merge distances by cutting at every distance: leaves joined through pairs not farther than d.
std::vector<double> single_linkage_by_definition(const MatrixXd& distances) {
  const Index n = distances.rows();
  std::vector<Index> group(static_cast<std::size_t>(n));
  std::iota(group.begin(), group.end(), Index{0});
  std::vector<double> merges;
  while (static_cast<Index>(merges.size()) + 1 < n) {
    double nearest = std::numeric_limits<double>::infinity();
    Index from = 0;
    Index to = 0;
    for (Index j = 0; j < n; ++j) {
      for (Index i = 0; i < j; ++i) {
        const Index a = group[static_cast<std::size_t>(i)];
        const Index b = group[static_cast<std::size_t>(j)];
        if (a != b && distances(i, j) < nearest) {
          nearest = distances(i, j);
          from = a;
          to = b;
        }
      }
    }
    std::replace(group.begin(), group.end(), from, to);
    merges.push_back(nearest);
  }
  return merges;
}

} // namespace

TEST_CASE("equal risk contribution: Maillard, Roncalli & Teiletche (2010), table 1") {
  const auto erc = equal_risk_contribution(maillard_roncalli_teiletche());
  REQUIRE(erc.has_value());
  const Eigen::Vector4d published{0.384, 0.192, 0.243, 0.182};
  CHECK(largest_difference(erc->weights, published) < 6e-4);
  CHECK(erc->error <= 1e-10);
}

TEST_CASE("risk budgets: contributions are the budgets, whatever the market") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<Index>(1, 30);
    const auto seed = *seeds();
    const MatrixXd covariance = random_covariance(n, seed);
    const VectorXd budgets = normal_matrix(n, 1, seed + 5).cwiseAbs().array() + 0.01;
    const auto out = risk_budget_portfolio(covariance, budgets);
    RC_ASSERT(out.has_value());
    RC_ASSERT(out->weights.minCoeff() > 0.0);
    RC_ASSERT(std::abs(out->weights.sum() - 1.0) < 1e-12);
    const VectorXd parts = out->weights.cwiseProduct(covariance * out->weights);
    RC_ASSERT(largest_difference(parts / parts.sum(), budgets / budgets.sum()) < 2e-10);
  }));
}

TEST_CASE("risk budgets: markets on which coordinate descent is slow are left to Newton's method") {
  // a few strong factors of either sign: the sweeps follow a long valley
  constexpr Index n = 50;
  const MatrixXd loads = normal_matrix(n, 3, 4);
  MatrixXd covariance = loads * loads.transpose();
  covariance.diagonal().array() += 1e-3;
  const auto out = equal_risk_contribution(covariance);
  REQUIRE(out.has_value());
  CHECK(out->error <= 1e-10);
  const VectorXd parts = out->weights.cwiseProduct(covariance * out->weights);
  CHECK(largest_difference(parts / parts.sum(), VectorXd::Constant(n, 1.0 / n)) < 2e-10);
  // and where it is fast its answer is that of Newton's method: scales do not matter to either
  const MatrixXd calm = random_covariance(40, 9);
  const VectorXd scale = normal_matrix(40, 1, 10).cwiseAbs().array() * 1e3 + 1e-3;
  const MatrixXd scaled = scale.asDiagonal() * calm * scale.asDiagonal();
  const auto plain = equal_risk_contribution(calm);
  const auto other = equal_risk_contribution(scaled);
  REQUIRE(plain.has_value());
  REQUIRE(other.has_value());
  VectorXd back = other->weights.cwiseProduct(scale);
  back /= back.sum();
  CHECK(largest_difference(back, plain->weights) < 1e-9);
}

TEST_CASE("risk budgets: two instruments in closed form, singular markets, refusals") {
  MatrixXd two(2, 2);
  two << 0.04, 0.01, 0.01, 0.01; // equal contributions of two are inverse volatility
  const auto erc = equal_risk_contribution(two);
  REQUIRE(erc.has_value());
  CHECK(erc->weights[0] == doctest::Approx(1.0 / 3.0).epsilon(1e-10));
  CHECK(largest_difference(erc->weights, *inverse_volatility(two)) < 1e-10);
  CHECK(equal_risk_contribution(MatrixXd::Ones(3, 3))->weights[1] == doctest::Approx(1.0 / 3.0));
  CHECK(risk_budget_portfolio(two, VectorXd::Ones(3)).reason() == Reason::BAD_SHAPE);
  CHECK(risk_budget_portfolio(two, Eigen::Vector2d{1.0, 0.0}).reason() == Reason::BAD_PARAMETER);
  CHECK(equal_risk_contribution(MatrixXd::Zero(2, 2)).reason() == Reason::DEGENERATE);
  CHECK(inverse_volatility(MatrixXd::Zero(2, 2)).reason() == Reason::DEGENERATE);
  CHECK(inverse_volatility(MatrixXd::Ones(2, 3)).reason() == Reason::BAD_SHAPE);
}

TEST_CASE("clustering: single linkage merges at the distances of its definition") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<Index>(1, 15);
    MatrixXd distances = normal_matrix(n, n, *seeds()).cwiseAbs();
    distances = (distances + distances.transpose()).eval();
    distances.diagonal().setZero();
    const auto merges = cluster(distances, Linkage::SINGLE);
    RC_ASSERT(merges.has_value());
    const auto expected = single_linkage_by_definition(distances);
    RC_ASSERT(merges->size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      RC_ASSERT((*merges)[i].distance == expected[i]);
    }
    for (const auto linkage :
         {Linkage::SINGLE, Linkage::COMPLETE, Linkage::AVERAGE, Linkage::WARD}) {
      const auto any = cluster(distances, linkage);
      auto order = leaf_order(*any);
      RC_ASSERT(static_cast<Index>(order.size()) == n);
      std::sort(order.begin(), order.end());
      for (Index i = 0; i < n; ++i) {
        RC_ASSERT(order[static_cast<std::size_t>(i)] == i);
      }
    }
  }));
}

TEST_CASE("clustering: the four linkages of points on a line") {
  MatrixXd distances(4, 4); // at 0, 1, 3, 7
  distances << 0, 1, 3, 7, 1, 0, 2, 6, 3, 2, 0, 4, 7, 6, 4, 0;
  const auto last = [&](Linkage linkage) { return cluster(distances, linkage)->back().distance; };
  CHECK(last(Linkage::SINGLE) == 4.0);
  CHECK(last(Linkage::COMPLETE) == 7.0);
  CHECK(last(Linkage::AVERAGE) == doctest::Approx(17.0 / 3.0));
  // Ward: sqrt(2 * 3 * 1 / 4) times the distance of the centres 4/3 and 7
  CHECK(last(Linkage::WARD) == doctest::Approx(std::sqrt(1.5) * (7.0 - 4.0 / 3.0)));
  CHECK(leaf_order(*cluster(distances, Linkage::SINGLE)) == std::vector<Index>{3, 2, 0, 1});
  CHECK(cluster(-distances, Linkage::SINGLE).reason() == Reason::BAD_SAMPLE);
  CHECK(cluster(MatrixXd::Ones(2, 3), Linkage::SINGLE).reason() == Reason::BAD_SHAPE);
}

TEST_CASE("hierarchical risk parity: independent instruments get inverse variance") {
  const VectorXd variances = Eigen::Vector4d{0.01, 0.04, 0.09, 0.16};
  const auto out = hierarchical_risk_parity(variances.asDiagonal().toDenseMatrix());
  REQUIRE(out.has_value());
  const VectorXd inverse = variances.cwiseInverse();
  CHECK(largest_difference(out->weights, inverse / inverse.sum()) < 1e-14);
  CHECK(hierarchical_risk_parity(MatrixXd::Zero(2, 2)).reason() == Reason::DEGENERATE);
}

TEST_CASE("hierarchical risk parity: positive, sums to one, order is a permutation") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<Index>(1, 25);
    const auto out = hierarchical_risk_parity(random_covariance(n, *seeds()));
    RC_ASSERT(out.has_value());
    RC_ASSERT(out->weights.minCoeff() > 0.0);
    RC_ASSERT(std::abs(out->weights.sum() - 1.0) < 1e-12);
    RC_ASSERT(static_cast<Index>(out->order.size()) == n);
  }));
}

TEST_CASE("diversification: measures of a known portfolio") {
  const MatrixXd covariance = 0.04 * MatrixXd::Identity(4, 4);
  const auto even = diversification(covariance, VectorXd::Constant(4, 0.25));
  REQUIRE(even.has_value());
  CHECK(even->volatility == doctest::Approx(0.1));
  CHECK(even->diversification_ratio == doctest::Approx(2.0));
  CHECK(even->herfindahl == doctest::Approx(0.25));
  CHECK(even->effective_positions == doctest::Approx(4.0));
  CHECK(even->effective_bets == doctest::Approx(4.0));
  const auto one = diversification(covariance, Eigen::Vector4d{1.0, 0.0, 0.0, 0.0});
  CHECK(one->diversification_ratio == doctest::Approx(1.0));
  CHECK(one->effective_bets == doctest::Approx(1.0));
  CHECK(diversification(covariance, VectorXd::Zero(4)).reason() == Reason::DEGENERATE);
  CHECK(diversification(covariance, VectorXd::Ones(3)).reason() == Reason::BAD_SHAPE);
}

TEST_CASE("diversification: contributions sum to one, volatility is homogeneous") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<Index>(1, 12);
    const auto seed = *seeds();
    const MatrixXd covariance = random_covariance(n, seed);
    const VectorXd weights = normal_matrix(n, 1, seed + 3);
    const auto out = diversification(covariance, weights);
    RC_ASSERT(out.has_value());
    RC_ASSERT(std::abs(out->contributions.sum() - 1.0) < 1e-9);
    RC_ASSERT(std::abs(out->marginal.dot(weights) / out->volatility - 1.0) < 1e-9);
    RC_ASSERT(out->effective_bets >= 1.0 - 1e-9);
    RC_ASSERT(out->effective_bets <= static_cast<double>(n) + 1e-9);
  }));
}

TEST_CASE("target volatility: reached, or capped by gross exposure and said so") {
  const MatrixXd covariance = 0.04 * MatrixXd::Identity(2, 2);
  const VectorXd weights = Eigen::Vector2d{0.5, 0.5};
  const auto scaled = scale_to_volatility(covariance, weights, 0.1, 3.0);
  REQUIRE(scaled.has_value());
  CHECK_FALSE(scaled->capped);
  CHECK(scaled->volatility == doctest::Approx(0.1));
  CHECK(scaled->cash == doctest::Approx(1.0 - scaled->weights.sum()));
  const auto capped = scale_to_volatility(covariance, weights, 0.5, 1.5);
  CHECK(capped->capped);
  CHECK(capped->weights.cwiseAbs().sum() == doctest::Approx(1.5));
  CHECK(scale_to_volatility(covariance, weights, 0.0, 1.0).reason() == Reason::BAD_PARAMETER);
  CHECK(scale_to_volatility(covariance, weights, 0.1, 0.0).reason() == Reason::BAD_PARAMETER);
  CHECK(scale_to_volatility(covariance, VectorXd::Zero(2), 0.1, 1.0).reason()
        == Reason::DEGENERATE);
}

TEST_CASE("stress: correlations at one make volatilities add up") {
  const MatrixXd covariance = random_covariance(5, 4);
  const auto today = correlation_of(covariance);
  const VectorXd weights = VectorXd::Constant(5, 0.2);
  const MatrixXd all = *correlations_towards_one(today->matrix, 1.0);
  const auto stress = stress_correlation(covariance, all, weights);
  REQUIRE(stress.has_value());
  CHECK(stress->volatility_after == doctest::Approx(weights.dot(today->volatility)).epsilon(1e-9));
  CHECK(stress->volatility_after > stress->volatility_before);
  const auto half =
    stress_correlation(covariance, *correlations_towards_one(today->matrix, 0.5), weights);
  CHECK(half->volatility_after > half->volatility_before);
  CHECK(half->volatility_after < stress->volatility_after);
  const auto same = stress_correlation(covariance, today->matrix, weights, 2.0);
  CHECK(same->volatility_after == doctest::Approx(2.0 * same->volatility_before).epsilon(1e-9));
}

TEST_CASE("stress: a user's matrix is repaired, and reported; refusals") {
  const MatrixXd covariance = 0.01 * MatrixXd::Identity(3, 3);
  const VectorXd weights = VectorXd::Constant(3, 1.0 / 3.0);
  MatrixXd wished(3, 3);
  wished << 1, 0.9, -0.9, 0.9, 1, 0.9, -0.9, 0.9, 1;
  const auto stress = stress_correlation(covariance, wished, weights);
  REQUIRE(stress.has_value());
  CHECK(stress->correlation.distance > 0.1);
  CHECK(is_correlation(stress->correlation.matrix, 1e-10));
  CHECK(correlations_towards_one(wished, 1.5).reason() == Reason::BAD_PARAMETER);
  CHECK((*correlations_towards_one(wished, -0.5))(0, 1) == doctest::Approx(0.85));
  CHECK(stress_correlation(covariance, MatrixXd::Identity(2, 2), weights).reason()
        == Reason::BAD_SHAPE);
  CHECK(stress_correlation(covariance, wished, VectorXd::Ones(2)).reason() == Reason::BAD_SHAPE);
  CHECK(stress_correlation(covariance, wished, weights, 0.0).reason() == Reason::BAD_PARAMETER);
}
