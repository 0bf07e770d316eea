#include "quant/covariance/missing.hpp"
#include "quant/covariance/sample.hpp"
#include "quant/dependence/rank.hpp"
#include "quant/dependence/t_copula.hpp"
#include "quant/dependence/tail.hpp"
#include "quant/distributions/student_t.hpp"
#include "random_matrices.hpp"

#include <doctest/doctest.h>

#include <array>
#include <limits>
#include <numbers>

using namespace troupe::quant;
using namespace troupe::quant::testing;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

/// tau-b by looking at every pair.
double kendall_by_pairs(const VectorXd& x, const VectorXd& y) {
  double score = 0.0;
  double untied_x = 0.0;
  double untied_y = 0.0;
  for (Index i = 0; i < x.size(); ++i) {
    for (Index j = 0; j < i; ++j) {
      const double dx = x[i] < x[j] ? -1.0 : (x[i] > x[j] ? 1.0 : 0.0);
      const double dy = y[i] < y[j] ? -1.0 : (y[i] > y[j] ? 1.0 : 0.0);
      score += dx * dy;
      untied_x += std::abs(dx);
      untied_y += std::abs(dy);
    }
  }
  return score / std::sqrt(untied_x * untied_y);
}

/// Student-t vectors: normal ones over a common chi-square factor.
MatrixXd t_sample(Index bars, const MatrixXd& lower, double nu, unsigned seed) {
  std::mt19937 generator{seed};
  std::chi_squared_distribution<double> chi{nu};
  MatrixXd out = normal_matrix(bars, lower.rows(), seed + 1) * lower.transpose();
  for (Index t = 0; t < bars; ++t) {
    out.row(t) *= std::sqrt(nu / chi(generator));
  }
  return out;
}

} // namespace

TEST_CASE("distributions: published quantiles, and there and back") {
  // Student, Biometrika 6 (1908) and every table since: two-sided 5 % and one-sided 1 %
  CHECK(*student_t_quantile(0.975, 1.0) == doctest::Approx(12.706).epsilon(1e-4));
  CHECK(*student_t_quantile(0.975, 10.0) == doctest::Approx(2.228).epsilon(1e-3));
  CHECK(*student_t_quantile(0.99, 5.0) == doctest::Approx(3.365).epsilon(1e-3));
  CHECK(*normal_quantile(0.975) == doctest::Approx(1.959963984540054).epsilon(1e-14));
  CHECK(*normal_cdf(-1.0) == doctest::Approx(0.15865525393145707).epsilon(1e-14));
  for (const double nu : {0.7, 2.0, 4.5, 30.0, 1e6}) {
    for (const double p : {1e-8, 0.01, 0.3, 0.5, 0.9, 0.9999}) {
      CHECK(*student_t_cdf(*student_t_quantile(p, nu), nu) == doctest::Approx(p).epsilon(1e-9));
    }
  }
  CHECK(*student_t_cdf(1.0, 1.0) == doctest::Approx(0.75).epsilon(1e-14)); // Cauchy
  CHECK(*student_t_cdf(-std::numeric_limits<double>::infinity(), 3.0) == 0.0);
  CHECK(*student_t_log_density(0.0, 1.0)
        == doctest::Approx(-std::log(std::numbers::pi)).epsilon(1e-13));
}

TEST_CASE("distributions: refusals") {
  CHECK(normal_quantile(0.0).reason() == Reason::BAD_PARAMETER);
  CHECK(normal_cdf(missing).reason() == Reason::BAD_SAMPLE);
  CHECK(student_t_quantile(1.0, 3.0).reason() == Reason::BAD_PARAMETER);
  CHECK(student_t_quantile(0.5, 0.0).reason() == Reason::BAD_PARAMETER);
  CHECK(student_t_cdf(missing, 3.0).reason() == Reason::BAD_SAMPLE);
  CHECK(student_t_cdf(0.0, missing).reason() == Reason::BAD_PARAMETER);
  CHECK(student_t_log_density(missing, 3.0).reason() == Reason::BAD_SAMPLE);
  CHECK(student_t_log_density(0.0, -1.0).reason() == Reason::BAD_PARAMETER);
}

TEST_CASE("ranks: ties share, Spearman sees order only") {
  Eigen::Vector4d x{3.0, 1.0, 3.0, 7.0};
  CHECK(*ranks(x) == Eigen::Vector4d{2.5, 1.0, 2.5, 4.0});
  MatrixXd pair(5, 2);
  pair << 1, 1, 2, 4, 3, 9, 4, 16, 5, 125;
  CHECK((*spearman_correlation(pair))(0, 1) == doctest::Approx(1.0).epsilon(1e-14));
  CHECK((*pseudo_observations(pair))(4, 1) == doctest::Approx(5.0 / 6.0));
  CHECK(ranks(VectorXd{}).reason() == Reason::TOO_SHORT);
  CHECK(ranks(Eigen::Vector2d{1.0, missing}).reason() == Reason::BAD_SAMPLE);
  CHECK(pseudo_observations(MatrixXd(3, 0)).reason() == Reason::BAD_SHAPE);
  CHECK(spearman_correlation(MatrixXd::Ones(3, 2)).reason() == Reason::DEGENERATE);
}

TEST_CASE("Kendall: as by looking at every pair, ties or none") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<Index>(2, 40);
    const auto seed = *seeds();
    const double grid = *rc::gen::element(2.0, 1000.0); // few distinct values, or many
    MatrixXd pair = normal_matrix(n, 2, seed);
    pair = (pair.array() * grid).round();
    const auto found = kendall_tau(pair.col(0), pair.col(1));
    const bool constant =
      (pair.col(0).array() == pair(0, 0)).all() || (pair.col(1).array() == pair(0, 1)).all();
    RC_ASSERT(found.has_value() != constant);
    if (found) {
      RC_ASSERT(std::abs(*found - kendall_by_pairs(pair.col(0), pair.col(1))) < 1e-12);
    }
  }));
  CHECK(kendall_tau(VectorXd::Ones(3), VectorXd::Ones(4)).reason() == Reason::BAD_SHAPE);
  CHECK(kendall_tau(VectorXd::Ones(1), VectorXd::Ones(1)).reason() == Reason::TOO_SHORT);
  CHECK(kendall_tau(VectorXd::Ones(3), VectorXd::Ones(3)).reason() == Reason::DEGENERATE);
  CHECK(kendall_correlation(MatrixXd(3, 0)).reason() == Reason::BAD_SHAPE);
  const MatrixXd tau = *kendall_correlation(factor_returns(30, 4, 3));
  CHECK(tau == tau.transpose());
  CHECK(tau.diagonal() == VectorXd::Ones(4));
}

TEST_CASE("tail dependence: McNeil, Frey & Embrechts (2005), table 5.1") {
  CHECK(std::abs(*t_tail_dependence(-0.5, 2.0) - 0.06) < 0.006);
  CHECK(std::abs(*t_tail_dependence(0.0, 2.0) - 0.18) < 0.006);
  CHECK(std::abs(*t_tail_dependence(0.5, 4.0) - 0.25) < 0.006);
  CHECK(std::abs(*t_tail_dependence(0.9, 10.0) - 0.46) < 0.006);
  CHECK(*t_tail_dependence(1.0, 4.0) == 1.0);
  CHECK(*t_tail_dependence(-1.0, 4.0) == 0.0);
  CHECK(t_tail_dependence(1.1, 4.0).reason() == Reason::BAD_PARAMETER);
  CHECK(t_tail_dependence(0.5, 0.0).reason() == Reason::BAD_PARAMETER);
  CHECK(t_tail_dependence(MatrixXd::Ones(2, 3), 4.0).reason() == Reason::BAD_SHAPE);
  CHECK((*t_tail_dependence(MatrixXd::Identity(2, 2), 4.0))(0, 1) == *t_tail_dependence(0.0, 4.0));
}

TEST_CASE("tail dependence: empirical counts") {
  MatrixXd same(40, 2);
  same.col(0) = normal_matrix(40, 1, 5);
  same.col(1) = same.col(0).array().exp(); // the same order
  const auto all = empirical_tail_dependence(same, 0.1);
  REQUIRE(all.has_value());
  CHECK(all->joint_lower(0, 1) == 4.0);
  CHECK(all->lower(0, 1) == doctest::Approx(1.0));
  CHECK(all->upper(0, 1) == doctest::Approx(1.0));
  same.col(1) = -same.col(0);
  CHECK((*empirical_tail_dependence(same, 0.1)).lower(0, 1) == 0.0);
  CHECK(empirical_tail_dependence(same, 0.5).reason() == Reason::BAD_PARAMETER);
  CHECK(empirical_tail_dependence(same, 0.001).reason() == Reason::TOO_SHORT);
}

TEST_CASE("exceedance correlation: both beyond the threshold, and refusals") {
  const MatrixXd pair = t_sample(4000, MatrixXd{{1.0, 0.0}, {0.6, 0.8}}, 3.0, 11);
  const auto lower = exceedance_correlation(pair.col(0), pair.col(1), 0.5, Tail::LOWER);
  const auto upper = exceedance_correlation(pair.col(0), pair.col(1), 0.5, Tail::UPPER);
  REQUIRE(lower.has_value());
  REQUIRE(upper.has_value());
  CHECK(lower->observations > 100);
  CHECK(lower->correlation > 0.2);
  CHECK(upper->correlation > 0.2);
  const auto x = pair.col(0);
  CHECK(exceedance_correlation(x, x, 0.0, Tail::LOWER)->correlation == doctest::Approx(1.0));
  CHECK(exceedance_correlation(x, x.head(5), 0.0, Tail::LOWER).reason() == Reason::BAD_SHAPE);
  CHECK(exceedance_correlation(x, x, -1.0, Tail::LOWER).reason() == Reason::BAD_PARAMETER);
  CHECK(exceedance_correlation(x, x, 0.0, Tail::LOWER, 2).reason() == Reason::BAD_PARAMETER);
  CHECK(exceedance_correlation(x, x, 50.0, Tail::UPPER).reason() == Reason::TOO_SHORT);
  CHECK(exceedance_correlation(x, VectorXd::Ones(4000), 0.0, Tail::UPPER).reason()
        == Reason::DEGENERATE);
}

TEST_CASE("t copula: the fit finds what the sample was drawn from") {
  MatrixXd lower = MatrixXd::Identity(3, 3);
  lower.row(1) << 0.6, 0.8, 0.0;
  lower.row(2) << 0.3, 0.4, std::sqrt(1.0 - 0.25);
  const MatrixXd truth = lower * lower.transpose();
  const MatrixXd sample = t_sample(3000, lower, 4.0, 21).array().cube(); // margins do not matter
  const auto fit = fit_t_copula(sample);
  REQUIRE(fit.has_value());
  CHECK(fit->copula.degrees_of_freedom == doctest::Approx(4.0).epsilon(0.2));
  CHECK(largest_difference(fit->copula.correlation, truth) < 0.06);
  CHECK_FALSE(fit->at_bound);
  // a maximum: the likelihood falls in every direction
  const MatrixXd pseudo = *pseudo_observations(sample);
  const double best = *t_copula_log_likelihood(pseudo, fit->copula);
  CHECK(best == doctest::Approx(fit->log_likelihood).epsilon(1e-10));
  for (const double move : {-0.02, 0.02}) {
    auto other = fit->copula;
    other.degrees_of_freedom *= 1.0 + move;
    CHECK(*t_copula_log_likelihood(pseudo, other) < best);
    for (Index i = 0; i < 3; ++i) {
      other = fit->copula;
      const Index j = (i + 1) % 3;
      other.correlation(i, j) += move;
      other.correlation(j, i) += move;
      CHECK(*t_copula_log_likelihood(pseudo, other) < best);
    }
  }
}

TEST_CASE("t copula: normal data end at the upper bound; refusals") {
  const auto normal = fit_t_copula(normal_matrix(1500, 2, 31), {.degrees_of_freedom_max = 20.0});
  REQUIRE(normal.has_value());
  CHECK(normal->copula.degrees_of_freedom > 10.0);
  const MatrixXd some = normal_matrix(50, 2, 1);
  CHECK(fit_t_copula(some.leftCols(1)).reason() == Reason::BAD_SHAPE);
  CHECK(fit_t_copula(some.topRows(3)).reason() == Reason::TOO_SHORT);
  CHECK(fit_t_copula(some, {.degrees_of_freedom_min = 0.0}).reason() == Reason::BAD_PARAMETER);
  CHECK(fit_t_copula(MatrixXd::Ones(50, 2)).reason() == Reason::DEGENERATE);
  const MatrixXd pseudo = *pseudo_observations(some);
  const MatrixXd one = MatrixXd::Identity(2, 2);
  CHECK(t_copula_log_likelihood(pseudo, {MatrixXd::Identity(3, 3), 4.0}).reason()
        == Reason::BAD_SHAPE);
  CHECK(t_copula_log_likelihood(pseudo, {one, 0.0}).reason() == Reason::BAD_PARAMETER);
  CHECK(t_copula_log_likelihood(some, {one, 4.0}).reason() == Reason::BAD_SAMPLE);
  CHECK(t_copula_log_likelihood(pseudo, {MatrixXd::Ones(2, 2), 4.0}).reason()
        == Reason::NOT_POSITIVE_DEFINITE);
}

TEST_CASE("previous tick: the last value at or before each moment, not older than allowed") {
  const std::array<std::int64_t, 3> times{10, 20, 20};
  const std::array<double, 3> values{1.0, 2.0, 3.0};
  const std::array<std::int64_t, 5> grid{5, 10, 19, 20, 100};
  const auto sampled = previous_tick({times, values}, grid, 50);
  REQUIRE(sampled.has_value());
  CHECK(std::isnan((*sampled)[0]));
  CHECK((*sampled)[1] == 1.0);
  CHECK((*sampled)[2] == 1.0);
  CHECK((*sampled)[3] == 3.0);
  CHECK(std::isnan((*sampled)[4]));
  CHECK((*previous_tick({times, values}, grid))[4] == 3.0);
  const std::array<std::int64_t, 2> back{20, 10};
  CHECK(previous_tick({times, values}, back).reason() == Reason::BAD_SAMPLE);
  CHECK(previous_tick({back, values}, grid).reason() == Reason::BAD_SHAPE);
  const std::array<double, 3> bad{1.0, missing, 3.0};
  CHECK(previous_tick({times, bad}, grid).reason() == Reason::BAD_SAMPLE);
}

TEST_CASE("log returns: a gap on either side is a gap") {
  MatrixXd prices(4, 1);
  prices << 1.0, std::exp(1.0), missing, 5.0;
  const auto out = log_returns(prices);
  REQUIRE(out.has_value());
  CHECK((*out)(0, 0) == doctest::Approx(1.0));
  CHECK(std::isnan((*out)(1, 0)));
  CHECK(std::isnan((*out)(2, 0)));
  prices(0, 0) = 0.0;
  CHECK(log_returns(prices).reason() == Reason::BAD_SAMPLE);
  CHECK(log_returns(prices.topRows(1)).reason() == Reason::TOO_SHORT);
}

TEST_CASE("pairwise covariance: without gaps it is the sample's") {
  const MatrixXd returns = factor_returns(60, 5, 17);
  const auto out = pairwise_covariance(returns, 30);
  REQUIRE(out.has_value());
  CHECK(out->excluded.empty());
  CHECK(out->positive_semidefinite);
  CHECK((out->counts.array() == 60).all());
  CHECK(largest_difference(out->covariance, *sample_covariance(returns)) < 1e-15);
  CHECK(largest_difference(out->correlation, *sample_correlation(returns)) < 1e-12);
}

TEST_CASE("pairwise covariance: every pair over its own overlap, counted") {
  MatrixXd returns = factor_returns(60, 3, 18);
  returns.col(1).head(20).setConstant(missing);
  returns.col(2).tail(15).setConstant(missing);
  const auto out = pairwise_covariance(returns, 20);
  REQUIRE(out.has_value());
  CHECK(out->counts(0, 1) == 40);
  CHECK(out->counts(1, 2) == 25);
  CHECK(out->counts(2, 2) == 45);
  const MatrixXd overlap = returns.block(20, 1, 25, 2);
  CHECK(out->covariance(1, 2)
        == doctest::Approx((*sample_covariance(overlap))(0, 1)).epsilon(1e-10));
  CHECK(out->correlation(1, 2)
        == doctest::Approx((*sample_correlation(overlap))(0, 1)).epsilon(1e-10));
}

TEST_CASE("pairwise covariance: too little overlap excludes a column, by name") {
  MatrixXd returns = factor_returns(60, 3, 19);
  returns.col(1).head(50).setConstant(missing);
  const auto out = pairwise_covariance(returns, 20);
  REQUIRE(out.has_value());
  CHECK(out->kept == std::vector<Index>{0, 2});
  CHECK(out->excluded == std::vector<Index>{1});
  CHECK(out->covariance.rows() == 2);
  CHECK(out->counts(1, 1) == 10);
  CHECK(pairwise_covariance(returns, 61).reason() == Reason::TOO_SHORT);
  CHECK(pairwise_covariance(returns, 1).reason() == Reason::BAD_PARAMETER);
  CHECK(pairwise_covariance(MatrixXd(5, 0), 2).reason() == Reason::BAD_SHAPE);
  CHECK(pairwise_covariance(MatrixXd::Ones(9, 2), 2).reason() == Reason::DEGENERATE);
  returns(0, 0) = std::numeric_limits<double>::infinity();
  CHECK(pairwise_covariance(returns, 2).reason() == Reason::BAD_SAMPLE);
}
