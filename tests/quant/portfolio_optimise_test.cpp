#include "quant/covariance/sample.hpp"
#include "quant/portfolio/optimise.hpp"
#include "random_matrices.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace troupe::quant;
using namespace troupe::quant::testing;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

MatrixXd market(Index n, unsigned seed) {
  return *sample_covariance(factor_returns(3 * n + 10, n, seed, 0.5));
}

double variance(const MatrixXd& covariance, const VectorXd& weights) {
  return weights.dot(covariance * weights);
}

/// A long-only portfolio at random, sum 1.
VectorXd any_portfolio(Index n, unsigned seed) {
  const VectorXd x = normal_matrix(n, 1, seed).cwiseAbs().array() + 1e-3;
  return x / x.sum();
}

QuadraticProgram simple_program() {
  QuadraticProgram out;
  out.p = MatrixXd::Identity(2, 2);
  out.q = Eigen::Vector2d{-3.0, -1.0};
  out.lower = VectorXd::Constant(2, -no_bound);
  out.upper = VectorXd::Constant(2, no_bound);
  return out;
}

} // namespace

TEST_CASE("quadratic programme: hand computed, with and without constraints") {
  auto program = simple_program();
  CHECK(largest_difference(solve(program)->x, Eigen::Vector2d{3.0, 1.0}) < 1e-10);
  program.equalities.push_back({{0, 1}, {1.0, 1.0}, 2.0});
  CHECK(largest_difference(solve(program)->x, Eigen::Vector2d{2.0, 0.0}) < 1e-10);
  program.upper[0] = 1.5;
  const auto bounded = solve(program);
  REQUIRE(bounded.has_value());
  CHECK(bounded->x[0] == 1.5);
  CHECK(bounded->x[1] == doctest::Approx(0.5).epsilon(1e-12));
  CHECK(bounded->exact);
  CHECK(bounded->kkt_residual < 1e-12);
  CHECK(bounded->objective == doctest::Approx(0.5 * (2.25 + 0.25) - 4.5 - 0.5));
  program.inequalities.push_back({{0}, {1.0}, 1.0});
  CHECK(solve(program)->x[0] == doctest::Approx(1.0).epsilon(1e-9));
  program.lower[1] = program.upper[1] = 2.0; // a variable without a choice
  CHECK(solve(program)->x[0] == doctest::Approx(0.0).epsilon(1e-9));
}

TEST_CASE("quadratic programme: slacks near 0 cost neither digits nor iterations") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<Index>(2, 30);
    const auto seed = *seeds();
    QuadraticProgram program;
    program.p = market(n, seed);
    program.q = 0.01 * normal_matrix(n, 1, seed + 3); // far more than the risk: most bounds bind
    program.lower = VectorXd::Zero(n);
    program.upper = VectorXd::Constant(n, 2.0 / static_cast<double>(n));
    LinearRow budget{{}, std::vector<double>(static_cast<std::size_t>(n), 1.0), 1.0};
    for (Index i = 0; i < n; ++i) {
      budget.index.push_back(i);
    }
    program.equalities.push_back(budget);
    const auto out = solve(program);
    RC_ASSERT(out.has_value());
    RC_ASSERT(out->kkt_residual < 1e-13);
    RC_ASSERT(out->iterations < 40);
  }));
}

TEST_CASE("quadratic programme: refusals") {
  auto program = simple_program();
  program.q.resize(3);
  CHECK(solve(program).reason() == Reason::BAD_SHAPE);
  program = simple_program();
  program.q[0] = nan_value;
  CHECK(solve(program).reason() == Reason::BAD_SAMPLE);
  program = simple_program();
  program.lower[0] = 2.0;
  program.upper[0] = 1.0;
  CHECK(solve(program).reason() == Reason::BAD_SAMPLE);
  program = simple_program();
  program.inequalities.push_back({{7}, {1.0}, 1.0});
  CHECK(solve(program).reason() == Reason::BAD_SAMPLE);
  program = simple_program();
  CHECK(solve(program, {.tolerance = 0.0}).reason() == Reason::BAD_PARAMETER);
  program.inequalities = {{{0}, {1.0}, -1.0}, {{0}, {-1.0}, -1.0}}; // x <= -1 and x >= 1
  CHECK(solve(program).reason() == Reason::NOT_CONVERGED);
}

TEST_CASE("minimum variance: unlimited, the closed form") {
  const MatrixXd covariance = market(6, 1);
  const auto out = minimum_variance(covariance, PortfolioConstraints::budget_only(6));
  REQUIRE(out.has_value());
  CHECK(out->as_asked());
  // every instrument has the same covariance with the minimum-variance portfolio
  const VectorXd slope = covariance * out->weights;
  CHECK(slope.maxCoeff() - slope.minCoeff() < 1e-12);
  CHECK(out->weights.sum() == doctest::Approx(1.0).epsilon(1e-12));
}

TEST_CASE("minimum variance: Maillard, Roncalli & Teiletche (2010), table 1") {
  MatrixXd correlation(4, 4);
  correlation << 1.0, 0.8, 0.0, 0.0, 0.8, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, -0.5, 0.0, 0.0, -0.5, 1.0;
  const MatrixXd covariance = *covariance_of(correlation, Eigen::Vector4d{0.1, 0.2, 0.3, 0.4});
  const auto out = minimum_variance(covariance, PortfolioConstraints::long_only(4));
  REQUIRE(out.has_value());
  CHECK(largest_difference(out->weights, Eigen::Vector4d{0.745, 0.0, 0.152, 0.103}) < 6e-4);
  CHECK(out->weights[1] == 0.0);
}

TEST_CASE("minimum variance: within limits, KKT met, and nobody does better") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<Index>(2, 25);
    const auto seed = *seeds();
    const double cap = *rc::gen::element(no_bound, 0.6, 2.5 / static_cast<double>(n));
    const MatrixXd covariance = market(n, seed);
    const auto limits = PortfolioConstraints::long_only(n, cap);
    const auto out = minimum_variance(covariance, limits);
    RC_ASSERT(out.has_value());
    RC_ASSERT(out->as_asked());
    RC_ASSERT(violation(limits, out->weights) < 1e-9);
    RC_ASSERT(out->kkt_residual < 1e-8);
    const VectorXd other = any_portfolio(n, seed + 9);
    if (violation(limits, other) <= 0.0) {
      RC_ASSERT(variance(covariance, other) >= variance(covariance, out->weights) * (1.0 - 1e-7));
    }
  }));
}

TEST_CASE("efficient return: the target is met; out of reach, the nearest") {
  const MatrixXd covariance = market(5, 3);
  const VectorXd mean = Eigen::Vector<double, 5>{0.02, 0.05, 0.03, 0.08, 0.01};
  const auto limits = PortfolioConstraints::long_only(5);
  const auto out = efficient_return(covariance, mean, 0.04, limits);
  REQUIRE(out.has_value());
  CHECK(out->as_asked());
  CHECK(mean.dot(out->weights) == doctest::Approx(0.04).epsilon(1e-8));
  CHECK(violation(limits, out->weights) < 1e-9);
  const auto high = efficient_return(covariance, mean, 0.2, limits);
  REQUIRE(high.has_value());
  CHECK_FALSE(high->as_asked());
  REQUIRE(high->relaxed.size() == 1);
  CHECK(high->relaxed[0].limit == "target return");
  CHECK(high->relaxed[0].granted == doctest::Approx(0.08).epsilon(1e-6));
  CHECK(high->weights[3] == doctest::Approx(1.0).epsilon(1e-6));
  const auto shorts = efficient_return(covariance, mean, 0.2, PortfolioConstraints::budget_only(5));
  REQUIRE(shorts.has_value());
  CHECK(shorts->as_asked());
  CHECK(mean.dot(shorts->weights) == doctest::Approx(0.2).epsilon(1e-8));
  CHECK(efficient_return(covariance, mean, nan_value, limits).reason() == Reason::BAD_PARAMETER);
  CHECK(efficient_return(covariance, mean.head(4), 0.1, limits).reason() == Reason::BAD_SHAPE);
}

TEST_CASE("quadratic utility: no admissible portfolio has more") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<Index>(2, 15);
    const auto seed = *seeds();
    const double aversion = *rc::gen::element(1.0, 4.0, 50.0);
    const MatrixXd covariance = market(n, seed);
    const VectorXd mean = 0.001 * normal_matrix(n, 1, seed + 2);
    const auto utility = [&](const VectorXd& w) {
      return mean.dot(w) - 0.5 * aversion * variance(covariance, w);
    };
    const auto out =
      quadratic_utility(covariance, mean, aversion, PortfolioConstraints::long_only(n));
    RC_ASSERT(out.has_value());
    RC_ASSERT(utility(any_portfolio(n, seed + 9)) <= utility(out->weights) + 1e-9);
  }));
  const MatrixXd covariance = market(2, 1);
  CHECK(quadratic_utility(covariance, VectorXd::Ones(2), 0.0, PortfolioConstraints::long_only(2))
          .reason()
        == Reason::BAD_PARAMETER);
}

TEST_CASE("maximum Sharpe: closed form and limits agree where none binds") {
  const MatrixXd identity = MatrixXd::Identity(3, 3);
  const VectorXd mean = Eigen::Vector3d{0.1, 0.2, 0.3};
  const auto open = maximum_sharpe(identity, mean, 0.0, PortfolioConstraints::budget_only(3));
  const auto closed = maximum_sharpe(identity, mean, 0.0, PortfolioConstraints::long_only(3));
  CHECK(largest_difference(open->weights, mean / 0.6) < 1e-12);
  CHECK(largest_difference(closed->weights, mean / 0.6) < 1e-9);
}

TEST_CASE("maximum Sharpe: none above the riskless rate says so, and is not empty") {
  const MatrixXd covariance = market(3, 5);
  const VectorXd mean = VectorXd::Constant(3, 0.01);
  const auto limits = PortfolioConstraints::long_only(3);
  const auto out = maximum_sharpe(covariance, mean, 0.05, limits);
  REQUIRE(out.has_value());
  CHECK_FALSE(out->as_asked());
  CHECK(largest_difference(out->weights, minimum_variance(covariance, limits)->weights) < 1e-9);
}

TEST_CASE("tangency: the closed form on both sides of the minimum-variance return") {
  const MatrixXd covariance = Eigen::Vector2d(0.04, 0.16).asDiagonal();
  const Eigen::Vector2d mean{0.06, 0.10}; // of least variance: 0.8 and 0.2, earning 0.068
  const auto below = tangency_weights(covariance, mean, 0.02);
  REQUIRE(below.has_value()); // excess over variance 1.0 and 0.5
  CHECK((*below - Eigen::Vector2d{2.0 / 3.0, 1.0 / 3.0}).norm() < 1e-14);
  const auto above = tangency_weights(covariance, mean, 0.08);
  REQUIRE(above.has_value()); // -0.5 and 0.125
  CHECK((*above - Eigen::Vector2d{4.0 / 3.0, -1.0 / 3.0}).norm() < 1e-14);
  CHECK(tangency_weights(covariance, Eigen::Vector2d{0.02, 0.02}, 0.02).reason()
        == Reason::DEGENERATE);
  CHECK(tangency_weights(covariance, VectorXd::Ones(3), 0.0).reason() == Reason::BAD_SHAPE);
  CHECK(tangency_weights(MatrixXd::Ones(2, 2), mean, 0.0).reason()
        == Reason::NOT_POSITIVE_DEFINITE);
}

TEST_CASE("maximum diversification: Choueifaty, Froidure & Reynier's two assets") {
  // volatilities 20 % and 10 %, any correlation below 1: weights 1/3 and 2/3
  MatrixXd covariance(2, 2);
  covariance << 0.04, 0.01, 0.01, 0.01;
  const auto out = maximum_diversification(covariance, PortfolioConstraints::long_only(2));
  REQUIRE(out.has_value());
  CHECK(largest_difference(out->weights, Eigen::Vector2d{1.0 / 3.0, 2.0 / 3.0}) < 1e-9);
  const auto capped = maximum_diversification(covariance, PortfolioConstraints::long_only(2, 0.6));
  CHECK(largest_difference(capped->weights, Eigen::Vector2d{0.4, 0.6}) < 1e-7);
  CHECK(maximum_diversification(MatrixXd::Zero(2, 2), PortfolioConstraints::long_only(2)).reason()
        == Reason::NOT_POSITIVE_DEFINITE);
}

TEST_CASE("limits: groups and turnover are kept") {
  const MatrixXd covariance = market(6, 7);
  auto limits = PortfolioConstraints::long_only(6);
  limits.groups = {{"majors", {0, 1}, 0.1, 0.3}, {"others", {2, 3, 4, 5}, 0.0, 0.8}};
  const auto grouped = minimum_variance(covariance, limits);
  REQUIRE(grouped.has_value());
  CHECK(grouped->as_asked());
  CHECK(violation(limits, grouped->weights) < 1e-8);
  limits.turnover = {VectorXd::Constant(6, 1.0 / 6.0), 0.3};
  const auto slow = minimum_variance(covariance, limits);
  REQUIRE(slow.has_value());
  CHECK(slow->as_asked());
  CHECK(violation(limits, slow->weights) < 1e-7);
  CHECK(variance(covariance, slow->weights) >= variance(covariance, grouped->weights) - 1e-12);
}

TEST_CASE("limits: what contradicts itself gives a reason and the nearest answer") {
  const MatrixXd covariance = market(4, 8);
  const auto capped = minimum_variance(covariance, PortfolioConstraints::long_only(4, 0.2));
  REQUIRE(capped.has_value());
  CHECK_FALSE(capped->as_asked());
  CHECK(capped->relaxed[0].limit == "upper bounds, their sum");
  CHECK(largest_difference(capped->weights, VectorXd::Constant(4, 0.25)) < 1e-6);

  auto floored = PortfolioConstraints::long_only(4);
  floored.lower.setConstant(0.3);
  const auto low = minimum_variance(covariance, floored);
  REQUIRE(low.has_value());
  CHECK(largest_difference(low->weights, VectorXd::Constant(4, 0.25)) < 1e-6);

  auto grouped = PortfolioConstraints::long_only(4, 0.4);
  grouped.groups = {{"first", {0}, 0.6, no_bound}};
  const auto group = minimum_variance(covariance, grouped);
  REQUIRE(group.has_value());
  CHECK(group->relaxed[0].limit == "group first, at least");
  CHECK(group->relaxed[0].granted == doctest::Approx(0.4).epsilon(1e-6));
  CHECK(group->weights[0] == doctest::Approx(0.4).epsilon(1e-6));

  auto slow = PortfolioConstraints::long_only(4, 0.5);
  slow.turnover = {Eigen::Vector4d{1.0, 0.0, 0.0, 0.0}, 0.1};
  const auto turned = minimum_variance(covariance, slow);
  REQUIRE(turned.has_value());
  CHECK(turned->relaxed[0].limit == "turnover");
  CHECK(turned->relaxed[0].granted == doctest::Approx(1.0).epsilon(1e-6));
  CHECK(turned->weights.sum() == doctest::Approx(1.0).epsilon(1e-8));
}

TEST_CASE("limits: refusals") {
  const MatrixXd covariance = market(3, 9);
  auto limits = PortfolioConstraints::long_only(3);
  limits.lower[0] = 2.0;
  limits.upper[0] = 1.0;
  CHECK(minimum_variance(covariance, limits).reason() == Reason::BAD_PARAMETER);
  limits = PortfolioConstraints::long_only(3);
  limits.groups = {{"", {5}, 0.0, 1.0}};
  CHECK(minimum_variance(covariance, limits).reason() == Reason::BAD_SHAPE);
  limits = PortfolioConstraints::long_only(3);
  limits.turnover = {VectorXd::Ones(2), 0.1};
  CHECK(minimum_variance(covariance, limits).reason() == Reason::BAD_SHAPE);
  limits.turnover = {VectorXd::Ones(3), -0.1};
  CHECK(minimum_variance(covariance, limits).reason() == Reason::BAD_PARAMETER);
  CHECK(minimum_variance(covariance, PortfolioConstraints::long_only(2)).reason()
        == Reason::BAD_SHAPE);
  CHECK(minimum_variance(-covariance, PortfolioConstraints::long_only(3)).reason()
        == Reason::NOT_POSITIVE_DEFINITE);
  CHECK(minimum_variance(MatrixXd::Ones(3, 3), PortfolioConstraints::budget_only(3)).reason()
        == Reason::NOT_POSITIVE_DEFINITE);
}

TEST_CASE("nearest portfolio: an admissible one stays, another moves and says so") {
  const MatrixXd covariance = market(3, 10);
  const VectorXd even = VectorXd::Constant(3, 1.0 / 3.0);
  CHECK(nearest_portfolio(covariance, even, PortfolioConstraints::long_only(3))->weights == even);
  const auto limits = PortfolioConstraints::long_only(3, 0.5);
  const auto moved = nearest_portfolio(covariance, Eigen::Vector3d{0.8, 0.1, 0.1}, limits);
  REQUIRE(moved.has_value());
  CHECK_FALSE(moved->as_asked());
  CHECK(violation(limits, moved->weights) < 1e-9);
  CHECK(moved->weights[0] == doctest::Approx(0.5).epsilon(1e-8));
}
