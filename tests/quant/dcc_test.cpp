#include "quant/random.hpp"
#include "quant/volatility/dcc_fit.hpp"

#include <Eigen/Dense>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <rapidcheck.h>

using namespace troupe::quant;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr DccParameters usual{0.05, 0.9};

MatrixXd equicorrelated(Index n, double rho) {
  MatrixXd out = MatrixXd::Constant(n, n, rho);
  out.diagonal().setOnes();
  return out;
}

/// Residuals of a DCC with the given target.
MatrixXd simulated(const MatrixXd& target, const DccParameters& p, Index size, std::uint64_t seed) {
  Random random{seed};
  MatrixXd out(size, target.rows());
  DccFilter filter{p, target};
  VectorXd draw(target.rows());
  for (Index t = 0; t < size; ++t) {
    for (double& x : draw) {
      x = random.normal();
    }
    const VectorXd z = filter.correlation_next().llt().matrixL() * draw;
    out.row(t) = z.transpose();
    REQUIRE(filter.update(z));
  }
  return out;
}

MatrixXd returns_of(const MatrixXd& z) {
  MatrixXd out(z.rows(), z.cols());
  for (Index i = 0; i < z.cols(); ++i) {
    double h = 1.0;
    for (Index t = 0; t < z.rows(); ++t) {
      const double e = std::sqrt(h) * z(t, i);
      out(t, i) = 0.01 * static_cast<double>(i) + e;
      h = 0.05 + 0.08 * e * e + 0.87 * h;
    }
  }
  return out;
}

/// The likelihood written out.
double naive(const MatrixXd& z, const MatrixXd& target, const DccParameters& p) {
  MatrixXd q = target;
  double sum = 0.0;
  for (Index t = 0; t < z.rows(); ++t) {
    const VectorXd d = q.diagonal().cwiseSqrt().cwiseInverse();
    const MatrixXd r = d.asDiagonal() * q * d.asDiagonal();
    const VectorXd x = z.row(t).transpose();
    sum -= 0.5 * (std::log(r.determinant()) + x.dot(r.inverse() * x) - x.squaredNorm());
    q = (1 - p.a - p.b) * target + p.a * x * x.transpose() + p.b * q;
  }
  return sum;
}

} // namespace

TEST_CASE("dcc: the likelihood, its gradient and its scores") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<Index>(2, 7);
    const auto z =
      simulated(equicorrelated(n, 0.4), usual, 40, *rc::gen::arbitrary<std::uint32_t>());
    const auto target = dcc_target(z);
    RC_ASSERT(target.has_value());
    VectorXd gradient;
    MatrixXd scores;
    const auto value = dcc_log_likelihood(z, *target, usual, &gradient, &scores);
    RC_ASSERT(value.has_value());
    RC_ASSERT(std::abs(*value - naive(z, *target, usual)) < 1e-8);
    RC_ASSERT(*dcc_log_likelihood(z, *target, usual) == *value);
    RC_ASSERT((scores.colwise().sum().transpose() - gradient).norm()
              < 1e-9 * (1 + gradient.norm()));
    const double by_a =
      (naive(z, *target, {usual.a + 1e-6, usual.b}) - naive(z, *target, {usual.a - 1e-6, usual.b}))
      / 2e-6;
    const double by_b =
      (naive(z, *target, {usual.a, usual.b + 1e-6}) - naive(z, *target, {usual.a, usual.b - 1e-6}))
      / 2e-6;
    RC_ASSERT(std::abs(gradient[0] - by_a) < 1e-4 * (1 + std::abs(by_a)));
    RC_ASSERT(std::abs(gradient[1] - by_b) < 1e-4 * (1 + std::abs(by_b)));
  }));
}

TEST_CASE("dcc: slopes by the residuals, with every kind of target") {
  const auto z = simulated(equicorrelated(3, 0.5), usual, 25, 2);
  for (const auto targeting : {DccTargeting::SECOND_MOMENT, DccTargeting::COVARIANCE}) {
    for (const double shrinkage : {0.0, 0.3}) {
      const auto slopes = dcc_residual_slopes(z, targeting, shrinkage, usual);
      REQUIRE(slopes.has_value());
      const auto value = [&](const MatrixXd& at) {
        return naive(at, *dcc_target(at, targeting, shrinkage), usual);
      };
      for (const auto& [t, i] : {std::pair<Index, Index>{0, 0}, {7, 1}, {24, 2}, {12, 0}}) {
        MatrixXd up = z;
        MatrixXd down = z;
        up(t, i) += 1e-6;
        down(t, i) -= 1e-6;
        const double expected = (value(up) - value(down)) / 2e-6;
        CHECK(std::abs((*slopes)(t, i) - expected) < 1e-5 * (1 + std::abs(expected)));
      }
    }
  }
}

TEST_CASE("dcc: with two series the pairs are everything; with more, the sum of neighbours") {
  const auto z = simulated(equicorrelated(4, 0.3), usual, 200, 3);
  const auto target = dcc_target(z);
  REQUIRE(target.has_value());
  double sum = 0.0;
  VectorXd slopes = VectorXd::Zero(2);
  for (Index i = 0; i < 3; ++i) {
    VectorXd gradient;
    sum += *dcc_log_likelihood(z.middleCols(i, 2), target->block(i, i, 2, 2), usual, &gradient);
    slopes += gradient;
  }
  VectorXd gradient;
  MatrixXd scores;
  CHECK(*dcc_pair_log_likelihood(z, *target, usual, &gradient, &scores)
        == doctest::Approx(sum).epsilon(1e-11));
  CHECK((gradient - slopes).norm() < 1e-8 * slopes.norm());
  CHECK((scores.colwise().sum().transpose() - gradient).norm() < 1e-8 * gradient.norm());
}

TEST_CASE("dcc: both likelihoods find the parameters of a simulated series") {
  const auto z = simulated(equicorrelated(4, 0.5), usual, 3000, 4);
  for (const auto likelihood : {DccLikelihood::FULL, DccLikelihood::PAIRS}) {
    DccSettings settings;
    settings.likelihood = likelihood;
    const auto fit = fit_dcc_correlations(z, settings);
    REQUIRE(fit.has_value());
    CHECK(fit->converged);
    CHECK_FALSE(fit->at_bound);
    REQUIRE(fit->standard_errors.has_value());
    CHECK(std::abs(fit->parameters.a - usual.a) < 4 * (*fit->standard_errors)[0]);
    CHECK(std::abs(fit->parameters.b - usual.b) < 4 * (*fit->standard_errors)[1]);
    CHECK((*fit->standard_errors)[0] < 0.02);
  }
}

TEST_CASE("dcc: constant correlations make a weak reaction") {
  Random random{5};
  MatrixXd z(1500, 3);
  for (Index t = 0; t < z.rows(); ++t) {
    const double common = random.normal();
    for (Index i = 0; i < 3; ++i) {
      z(t, i) = 0.6 * common + 0.8 * random.normal();
    }
  }
  const auto fit = fit_dcc_correlations(z);
  REQUIRE(fit.has_value());
  CHECK(fit->parameters.a < 0.03);
  const auto r = fit->filter().correlation_next();
  CHECK(std::abs(r(0, 1) - 0.36) < 0.12);
}

TEST_CASE("dcc: the filter is the recursion; its correlations are correlations; forecasts return") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<Index>(2, 6);
    const auto target = equicorrelated(n, 0.35);
    const auto z = simulated(target, usual, 30, *rc::gen::arbitrary<std::uint32_t>());
    DccFilter filter{usual, target};
    MatrixXd q = target;
    for (Index t = 0; t < z.rows(); ++t) {
      RC_ASSERT(filter.update(z.row(t).transpose()));
      q =
        (1 - usual.a - usual.b) * target + usual.a * z.row(t).transpose() * z.row(t) + usual.b * q;
      RC_ASSERT((filter.q_next() - q).norm() < 1e-12 * q.norm());
      const auto r = filter.correlation_next();
      RC_ASSERT((r - r.transpose()).cwiseAbs().maxCoeff() < 1e-14);
      RC_ASSERT(r.diagonal().isOnes(0.0));
      RC_ASSERT(r.llt().info() == Eigen::Success);
      RC_ASSERT(std::abs(filter.correlation_next(0, 1) - r(0, 1)) < 1e-14);
    }
    RC_ASSERT((filter.correlation_ahead(1) - filter.correlation_next()).norm() < 1e-12);
    RC_ASSERT((filter.correlation_ahead(2000) - target).norm() < 1e-12);
  }));
}

TEST_CASE("dcc: two steps, total likelihood, standard errors, and the state goes on as the batch") {
  const auto z = simulated(equicorrelated(3, 0.5), usual, 1200, 6);
  const auto all = returns_of(z);
  const auto fit = fit_dcc(all.topRows(1150));
  REQUIRE(fit.has_value());
  CHECK(fit->margins.size() == 3);

  double margins = 0.0;
  for (const auto& margin : fit->margins) {
    margins += margin.log_likelihood;
  }
  CHECK(*fit->log_likelihood
        == doctest::Approx(margins + fit->correlations.log_likelihood).epsilon(1e-10));

  REQUIRE(fit->two_step_standard_errors.has_value());
  REQUIRE(fit->correlations.standard_errors.has_value());
  for (Index i = 0; i < 2; ++i) {
    const double ratio =
      (*fit->two_step_standard_errors)[i] / (*fit->correlations.standard_errors)[i];
    CHECK((ratio > 0.5 && ratio < 2.0));
  }

  DccState state{*fit};
  CHECK((state.covariance_next() - fit->covariance_next()).norm() < 1e-12);
  MatrixXd q = fit->correlations.q_next;
  VectorXd h(3);
  for (Index i = 0; i < 3; ++i) {
    h[i] = fit->margins[static_cast<std::size_t>(i)].variance_next;
  }
  const auto& p = fit->correlations.parameters;
  for (Index t = 1150; t < 1200; ++t) {
    VectorXd residual(3);
    for (Index i = 0; i < 3; ++i) {
      const auto& g = fit->margins[static_cast<std::size_t>(i)].parameters;
      const double e = all(t, i) - g.mean;
      residual[i] = e / std::sqrt(h[i]);
      h[i] = g.omega + g.alpha * e * e + g.beta * h[i];
    }
    q =
      (1 - p.a - p.b) * fit->correlations.target + p.a * residual * residual.transpose() + p.b * q;
    REQUIRE(state.update(all.row(t).transpose()));
    CHECK((state.correlations().q_next() - q).norm() < 1e-12);
    CHECK((state.volatility_next() - h.cwiseSqrt()).norm() < 1e-12);
  }
  const auto before = state.covariance_next();
  CHECK_FALSE(state.update(VectorXd::Constant(3, std::numeric_limits<double>::quiet_NaN())));
  CHECK_FALSE(state.update(VectorXd::Zero(2)));
  CHECK(state.covariance_next() == before);
}

TEST_CASE("ccc: a = b = 0, its likelihood no better than the dynamic one's") {
  const auto returns = returns_of(simulated(equicorrelated(3, 0.5), usual, 800, 7));
  const auto constant = fit_ccc(returns);
  const auto dynamic = fit_dcc(returns);
  REQUIRE((constant.has_value() && dynamic.has_value()));
  CHECK(constant->log_likelihood <= *dynamic->log_likelihood + 1e-9);
  const auto target = dcc_target(constant->residuals);
  CHECK((constant->correlation - correlations_of(*target)).norm() < 1e-14);
  DccFilter filter{{0.0, 0.0}, *target};
  CHECK(filter.update(VectorXd::Constant(3, 2.0)));
  CHECK((filter.correlation_next() - constant->correlation).norm() < 1e-12);
}

TEST_CASE("dcc: many series, shrunk target, composite likelihood") {
  const auto z = simulated(equicorrelated(60, 0.3), usual, 50, 8); // fewer bars than series
  CHECK(dcc_target(z).reason() == Reason::DEGENERATE);
  const auto target = dcc_target(z, DccTargeting::SECOND_MOMENT, 0.2);
  REQUIRE(target.has_value());
  CHECK((target->diagonal() - (z.transpose() * z / 50.0).diagonal()).norm() < 1e-12);
  DccSettings settings;
  settings.likelihood = DccLikelihood::PAIRS;
  settings.shrinkage = 0.2;
  const auto fit = fit_dcc_correlations(z, settings);
  REQUIRE(fit.has_value());
  CHECK(fit->filter().correlation_next().llt().info() == Eigen::Success);
}

TEST_CASE("dcc: refusals") {
  const auto z = simulated(equicorrelated(3, 0.4), usual, 60, 9);
  const auto target = *dcc_target(z);
  CHECK(dcc_log_likelihood(z, target, {0.5, 0.5}).reason() == Reason::BAD_PARAMETER);
  CHECK(dcc_log_likelihood(z, target, {-0.1, 0.5}).reason() == Reason::BAD_PARAMETER);
  CHECK(dcc_log_likelihood(z, target.topLeftCorner(2, 2), usual).reason() == Reason::BAD_SHAPE);
  CHECK(dcc_log_likelihood(z.topRows(1), target, usual).reason() == Reason::TOO_SHORT);
  CHECK(dcc_log_likelihood(z, MatrixXd::Ones(3, 3), usual).reason() == Reason::DEGENERATE);
  CHECK(dcc_pair_log_likelihood(z, MatrixXd::Ones(3, 3), usual).reason() == Reason::DEGENERATE);
  CHECK(fit_dcc_correlations(z.topRows(20)).reason() == Reason::TOO_SHORT);
  MatrixXd twins = z;
  twins.col(1) = twins.col(0);
  CHECK(fit_dcc_correlations(twins).reason() == Reason::DEGENERATE);
  twins(3, 1) = std::numeric_limits<double>::infinity();
  CHECK(fit_dcc_correlations(twins).reason() == Reason::BAD_SAMPLE);
  CHECK(dcc_target(z, DccTargeting::COVARIANCE, 1.5).reason() == Reason::BAD_PARAMETER);
  CHECK(fit_dcc(z.leftCols(1)).reason() == Reason::BAD_SHAPE);
  DccSettings settings;
  settings.persistence_max = 1.0;
  CHECK(fit_dcc_correlations(z, settings).reason() == Reason::BAD_PARAMETER);
  CHECK_THROWS_AS(DccFilter({0.6, 0.5}, target), std::invalid_argument);
  CHECK_THROWS_AS(DccFilter(usual, target, MatrixXd::Ones(2, 2)), std::invalid_argument);
}
