#include "quant/covariance/ewma.hpp"
#include "quant/covariance/sample.hpp"
#include "quant/covariance/shrinkage.hpp"
#include "quant/linear_algebra/dense.hpp"
#include "random_matrices.hpp"

#include <Eigen/Eigenvalues>
#include <doctest/doctest.h>

#include <array>
#include <limits>
#include <stdexcept>

using namespace troupe::quant;
using namespace troupe::quant::testing;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

MatrixXd with(MatrixXd matrix, Index row, Index column, double value) {
  matrix(row, column) = value;
  return matrix;
}

bool is_covariance(const MatrixXd& matrix) {
  return is_symmetric(matrix, 0.0)
         && Eigen::SelfAdjointEigenSolver<MatrixXd>(matrix).eigenvalues().minCoeff()
              >= -1e-12 * matrix.trace();
}

/// Ledoit and Wolf's b^2 as the paper defines it: a mean over bars of squared Frobenius distances.
double ledoit_wolf_by_definition(const MatrixXd& returns) {
  const MatrixXd x = returns.rowwise() - returns.colwise().mean();
  const auto t = static_cast<double>(x.rows());
  const auto n = static_cast<double>(x.cols());
  const MatrixXd s = x.transpose() * x / t;
  const double mu = s.trace() / n;
  const double d2 = (s - mu * MatrixXd::Identity(x.cols(), x.cols())).squaredNorm() / n;
  double b2 = 0.0;
  for (Index k = 0; k < x.rows(); ++k) {
    b2 += (x.row(k).transpose() * x.row(k) - s).squaredNorm() / n / (t * t);
  }
  return std::min(b2, d2) / d2;
}

/// Ledoit and Wolf's constant-correlation intensity from the sums of the paper's appendix B.
double constant_correlation_by_definition(const MatrixXd& returns) {
  const MatrixXd x = returns.rowwise() - returns.colwise().mean();
  const auto bars = static_cast<double>(x.rows());
  const Index n = x.cols();
  const MatrixXd s = x.transpose() * x / bars;
  double mean = 0.0;
  for (Index i = 0; i < n; ++i) {
    for (Index j = i + 1; j < n; ++j) {
      mean += 2.0 * s(i, j) / std::sqrt(s(i, i) * s(j, j)) / static_cast<double>(n * (n - 1));
    }
  }
  double pi = 0.0;
  double rho = 0.0;
  double gamma = 0.0;
  const auto theta = [&](Index k, Index i, Index j) { // asymptotic covariance of s_kk and s_ij
    double sum = 0.0;
    for (Index t = 0; t < x.rows(); ++t) {
      sum += (x(t, k) * x(t, k) - s(k, k)) * (x(t, i) * x(t, j) - s(i, j));
    }
    return sum / bars;
  };
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) {
      double variance = 0.0;
      for (Index t = 0; t < x.rows(); ++t) {
        variance += std::pow(x(t, i) * x(t, j) - s(i, j), 2) / bars;
      }
      pi += variance;
      const double root = std::sqrt(s(j, j) / s(i, i));
      rho += i == j ? variance : mean / 2.0 * (root * theta(i, i, j) + theta(j, i, j) / root);
      const double target = i == j ? s(i, i) : mean * std::sqrt(s(i, i) * s(j, j));
      gamma += std::pow(target - s(i, j), 2);
    }
  }
  return std::clamp((pi - rho) / gamma / bars, 0.0, 1.0);
}

/// Sizes on and beside the edges of what is mirrored at a time.
rc::Gen<Index> around_mirrored_columns() {
  return rc::gen::element<Index>(mirrored_columns - 1, mirrored_columns, mirrored_columns + 1,
                                 2 * mirrored_columns, 2 * mirrored_columns + 1);
}

} // namespace

TEST_CASE("sample covariance: hand computed, divisor T - 1") {
  MatrixXd returns(3, 2);
  returns << 1, 2, 2, 4, 3, 9;
  const auto covariance = sample_covariance(returns);
  REQUIRE(covariance.has_value());
  MatrixXd expected(2, 2);
  expected << 1.0, 3.5, 3.5, 13.0;
  CHECK(largest_difference(*covariance, expected) < 1e-14);
  const auto correlation = sample_correlation(returns);
  REQUIRE(correlation.has_value());
  CHECK((*correlation)(0, 1) == doctest::Approx(3.5 / std::sqrt(13.0)).epsilon(1e-14));
  CHECK((*correlation)(1, 1) == 1.0);
}

TEST_CASE("sample covariance: refusals say why") {
  const MatrixXd returns = factor_returns(10, 3, 1);
  CHECK(sample_covariance(MatrixXd(5, 0)).reason() == Reason::BAD_SHAPE);
  CHECK(sample_covariance(returns.topRows(1)).reason() == Reason::TOO_SHORT);
  CHECK(sample_covariance(with(returns, 2, 1, nan_value)).reason() == Reason::BAD_SAMPLE);
  CHECK(sample_covariance(with(returns, 2, 1, 1e200)).reason() == Reason::BAD_SAMPLE);
  MatrixXd flat = returns;
  flat.col(1).setConstant(0.1); // whose mean rounds to something else
  CHECK(sample_correlation(flat).reason() == Reason::DEGENERATE);
  CHECK((*sample_covariance(flat))(1, 1) == 0.0);
}

TEST_CASE("sample covariance: positive semidefinite and as the definition, any shape") {
  CHECK(rc::check([] {
    const auto bars = *rc::gen::inRange<Index>(2, 60);
    const auto n = *rc::gen::inRange<Index>(1, 12);
    const MatrixXd returns = factor_returns(bars, n, *seeds());
    const auto found = sample_covariance(returns);
    RC_ASSERT(found.has_value());
    RC_ASSERT(is_covariance(*found));
    const MatrixXd x = returns.rowwise() - returns.colwise().mean();
    const MatrixXd expected = x.transpose() * x / static_cast<double>(bars - 1);
    RC_ASSERT(largest_difference(*found, expected) < 1e-14);
  }));
}

TEST_CASE("correlation: of any size, symmetric to the bit and as the definition") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::oneOf(rc::gen::inRange<Index>(1, 40), around_mirrored_columns());
    MatrixXd covariance = *sample_covariance(factor_returns(2 * n + 3, n, *seeds()));
    const VectorXd inverse = covariance.diagonal().cwiseSqrt().cwiseInverse();
    const MatrixXd expected = inverse.asDiagonal() * covariance * inverse.asDiagonal();
    MatrixXd mirrored = covariance;
    mirrored.triangularView<Eigen::StrictlyUpper>().setConstant(nan_value);
    MatrixXd found(n, n);
    correlation_of_lower(mirrored, inverse, found);
    mirror_lower(mirrored);
    RC_ASSERT(mirrored == covariance);
    RC_ASSERT(found == found.transpose());
    RC_ASSERT(found.diagonal() == VectorXd::Ones(n));
    RC_ASSERT(largest_difference(found, expected) < 1e-14);
    correlation_of_lower(covariance, inverse, covariance); // in place
    RC_ASSERT(covariance == found);
  }));
  MatrixXd rounded(2, 2);
  rounded << 1.0, 0.0, 1.0 + 1e-12, 1.0;
  MatrixXd out(2, 2);
  correlation_of_lower(rounded, Eigen::Vector2d::Ones(), out);
  CHECK(out == MatrixXd::Ones(2, 2));
}

TEST_CASE("correlation and covariance: there and back") {
  const MatrixXd covariance = *sample_covariance(factor_returns(100, 6, 5));
  const auto parts = correlation_of(covariance);
  REQUIRE(parts.has_value());
  CHECK(parts->matrix.diagonal() == VectorXd::Ones(6));
  const auto back = covariance_of(parts->matrix, parts->volatility);
  REQUIRE(back.has_value());
  CHECK(largest_difference(*back, covariance) < 1e-15);
  CHECK(correlation_of(MatrixXd::Zero(2, 2)).reason() == Reason::DEGENERATE);
  CHECK(correlation_of(MatrixXd::Ones(2, 3)).reason() == Reason::BAD_SHAPE);
  CHECK(correlation_of(with(covariance, 0, 1, 7.0)).reason() == Reason::BAD_SHAPE);
  CHECK(covariance_of(parts->matrix, VectorXd::Ones(5)).reason() == Reason::BAD_SHAPE);
  CHECK(covariance_of(parts->matrix, -VectorXd::Ones(6)).reason() == Reason::BAD_SAMPLE);
}

TEST_CASE("condition number: known, and none for what is singular") {
  MatrixXd matrix(2, 2);
  matrix << 1.0, 0.5, 0.5, 1.0;
  CHECK(*condition_number(matrix) == doctest::Approx(3.0).epsilon(1e-14));
  CHECK(condition_number(MatrixXd::Ones(3, 3)).reason() == Reason::NOT_POSITIVE_DEFINITE);
  CHECK(condition_number(-matrix).reason() == Reason::NOT_POSITIVE_DEFINITE);
  CHECK(condition_number(with(matrix, 0, 0, nan_value)).reason() == Reason::BAD_SAMPLE);
  CHECK(*mean_pairwise(matrix) == 0.5);
  CHECK(mean_pairwise(MatrixXd::Ones(1, 1)).reason() == Reason::TOO_SHORT);
}

TEST_CASE("EWMA covariance: batch equals one bar at a time equals the recursion") {
  CHECK(rc::check([] {
    const auto bars = *rc::gen::inRange<Index>(1, 80);
    const auto n = *rc::gen::inRange<Index>(1, 9);
    const double lambda = *rc::gen::element(0.5, 0.9, 0.94, 0.97);
    const MatrixXd returns = factor_returns(bars, n, *seeds());
    EwmaCovariance running{n, lambda};
    MatrixXd expected;
    for (Index t = 0; t < bars; ++t) {
      const VectorXd r = returns.row(t);
      expected = t == 0 ? MatrixXd{r * r.transpose()}
                        : MatrixXd{lambda * expected + (1.0 - lambda) * r * r.transpose()};
      RC_ASSERT(running.update(r));
    }
    RC_ASSERT(running.observations() == bars);
    const auto batch = ewma_covariance(returns, lambda);
    RC_ASSERT(batch.has_value());
    RC_ASSERT(largest_difference(*batch, expected) < 1e-14);
    RC_ASSERT(largest_difference(*running.covariance(), expected) < 1e-14);
    RC_ASSERT(running.covariance(0, n - 1) == running.covariance(n - 1, 0));
    const auto* const correlation = running.correlation();
    RC_ASSERT(correlation != nullptr);
    RC_ASSERT(largest_difference(*correlation, correlation_of(expected)->matrix) < 1e-10);
    RC_ASSERT(*correlation == correlation->transpose());
  }));
}

TEST_CASE("EWMA covariance: rounding does not pile up over a long and uneven life") {
  // calm, a storm, calm again, and an instrument that rests: in long double beside it
  constexpr Index n = 3;
  constexpr double lambda = 0.97;
  const MatrixXd returns = factor_returns(20'000, n, 5);
  EwmaCovariance running{n, lambda};
  std::array<std::array<long double, n>, n> exact{};
  for (Index t = 0; t < returns.rows(); ++t) {
    VectorXd r = returns.row(t);
    r *= t / 1000 % 7 == 3 ? 100.0 : 1.0;
    r[2] = t / 1000 % 5 == 4 ? 0.0 : r[2];
    REQUIRE(running.update(r));
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < n; ++j) {
        auto& value = exact[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
        const long double product = static_cast<long double>(r[i]) * r[j];
        value = t == 0 ? product : lambda * value + (1.0L - lambda) * product;
      }
    }
    double worst = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        const long double wanted = exact[i][j] / std::sqrt(exact[i][i] * exact[j][j]);
        const double found = (*running.correlation())(static_cast<Index>(i), static_cast<Index>(j));
        worst = std::max(worst, static_cast<double>(std::abs(found - wanted)));
      }
    }
    REQUIRE(worst < 1e-12);
  }
}

TEST_CASE("EWMA covariance: what has not moved yet has no correlations, and then those it has") {
  EwmaCovariance running{2, 0.94};
  CHECK(running.update(Eigen::Vector2d{0.01, 0.0}));
  CHECK(running.correlation() == nullptr);
  CHECK(*running.covariance() == Eigen::Vector2d(1e-4, 0.0).asDiagonal().toDenseMatrix());
  CHECK(running.update(Eigen::Vector2d{0.01, 0.02}));
  REQUIRE(running.correlation() != nullptr);
  // S = 0.94 diag(1e-4, 0) + 0.06 r r', by hand
  CHECK((*running.correlation())(0, 1)
        == doctest::Approx(0.06 * 2e-4 / std::sqrt(1e-4 * 0.06 * 4e-4)).epsilon(1e-14));
}

TEST_CASE("EWMA covariance: refuses and stays as it was; restored carries on") {
  CHECK_THROWS_AS((EwmaCovariance{0, 0.94}), std::invalid_argument);
  CHECK_THROWS_AS((EwmaCovariance{3, 1.0}), std::invalid_argument);
  EwmaCovariance running{2, 0.94};
  CHECK(running.covariance().reason() == Reason::TOO_SHORT);
  CHECK(running.correlation() == nullptr);
  CHECK(running.effective_observations() == 0.0);
  CHECK_FALSE(running.update(VectorXd::Ones(3)));
  CHECK_FALSE(running.update(VectorXd::Constant(2, nan_value)));
  CHECK_FALSE(running.update(VectorXd::Constant(2, 1e101)));
  CHECK(running.observations() == 0);
  CHECK(running.update(VectorXd::Zero(2)));
  CHECK(running.correlation() == nullptr);
  CHECK(running.update(Eigen::Vector2d{0.01, -0.02}));
  CHECK(running.effective_observations()
        == doctest::Approx(1.0 / (0.94 * 0.94 + 0.06 * 0.06)).epsilon(1e-14));
  auto again = EwmaCovariance::restored(*running.covariance(), 0.94, running.observations());
  REQUIRE(again.has_value());
  CHECK(running.update(Eigen::Vector2d{0.03, 0.01}));
  CHECK(again->update(Eigen::Vector2d{0.03, 0.01}));
  CHECK(largest_difference(*again->covariance(), *running.covariance()) < 1e-18);
  CHECK(EwmaCovariance::restored(MatrixXd::Ones(2, 2), 0.0, 5).reason() == Reason::BAD_PARAMETER);
  CHECK(EwmaCovariance::restored(MatrixXd::Ones(2, 3), 0.9, 5).reason() == Reason::BAD_SHAPE);
  CHECK(EwmaCovariance::restored(MatrixXd::Ones(2, 2), 0.9, 0).reason() == Reason::BAD_SAMPLE);
  CHECK(EwmaCovariance::restored(-MatrixXd::Ones(2, 2), 0.9, 5).reason() == Reason::BAD_SAMPLE);
  const MatrixXd beyond = Eigen::Matrix2d{{1.0, 1.1}, {1.1, 1.0}};
  CHECK(EwmaCovariance::restored(beyond, 0.9, 5).reason() == Reason::BAD_SAMPLE);
  const MatrixXd beside_none = Eigen::Matrix2d{{1.0, 0.1}, {0.1, 0.0}};
  CHECK(EwmaCovariance::restored(beside_none, 0.9, 5).reason() == Reason::BAD_SAMPLE);
}

TEST_CASE("EWMA covariance: normalised and centred forms as defined") {
  const MatrixXd returns = factor_returns(40, 3, 8);
  VectorXd weights(40);
  for (Index t = 0; t < 40; ++t) {
    weights[t] = std::pow(0.9, static_cast<double>(39 - t));
  }
  weights /= weights.sum();
  const MatrixXd normalised = returns.transpose() * weights.asDiagonal() * returns;
  CHECK(largest_difference(*ewma_covariance_normalised(returns, 0.9), normalised) < 1e-15);
  const MatrixXd x = returns.rowwise() - (weights.transpose() * returns).eval();
  const MatrixXd centred_form =
    x.transpose() * weights.asDiagonal() * x / (1.0 - weights.squaredNorm());
  CHECK(largest_difference(*ewm_covariance_centred(returns, 0.1), centred_form) < 1e-15);
  CHECK(ewma_covariance(returns, 1.5).reason() == Reason::BAD_PARAMETER);
  CHECK(ewma_covariance(MatrixXd(0, 2), 0.9).reason() == Reason::TOO_SHORT);
  CHECK(ewma_covariance(MatrixXd(2, 0), 0.9).reason() == Reason::BAD_SHAPE);
  CHECK(ewma_covariance(with(returns, 0, 0, nan_value), 0.9).reason() == Reason::BAD_SAMPLE);
  // m[t] = 0.9 m[t-1] + 0.1 r[t], of the returns and of their products
  VectorXd mean = returns.row(0);
  MatrixXd product = mean * mean.transpose();
  for (Index t = 1; t < 40; ++t) {
    const VectorXd r = returns.row(t);
    mean = 0.9 * mean + 0.1 * r;
    product = 0.9 * product + 0.1 * r * r.transpose();
  }
  CHECK(largest_difference(*ewm_covariance_centred(returns, 0.1, EwmWeights::RECURSIVE, false),
                           product - mean * mean.transpose())
        < 1e-15);
  CHECK(ewm_covariance_centred(returns.topRows(1), 0.1).reason() == Reason::TOO_SHORT);
  CHECK(ewm_covariance_centred(returns, 1.0).reason() == Reason::BAD_PARAMETER);
}

TEST_CASE("shrinkage: intensities as the papers define them") {
  CHECK(rc::check([] {
    const auto bars = *rc::gen::inRange<Index>(5, 40);
    const auto n = *rc::gen::inRange<Index>(3, 8);
    const MatrixXd returns = factor_returns(bars, n, *seeds());
    const auto identity = ledoit_wolf(returns);
    RC_ASSERT(identity.has_value());
    RC_ASSERT(std::abs(identity->shrinkage - ledoit_wolf_by_definition(returns)) < 1e-10);
    const auto constant = ledoit_wolf_constant_correlation(returns);
    RC_ASSERT(constant.has_value());
    RC_ASSERT(std::abs(constant->shrinkage - constant_correlation_by_definition(returns)) < 1e-8);
  }));
}

TEST_CASE("shrinkage: positive definite with fewer bars than instruments, trace kept") {
  const MatrixXd returns = factor_returns(20, 50, 3);
  const MatrixXd sample = *sample_covariance(returns) * 19.0 / 20.0;
  for (const auto target :
       {ShrinkageTarget::IDENTITY, ShrinkageTarget::IDENTITY_OAS,
        ShrinkageTarget::CONSTANT_CORRELATION, ShrinkageTarget::SINGLE_FACTOR}) {
    const auto shrunk = shrunk_covariance(returns, target);
    REQUIRE(shrunk.has_value());
    CHECK(shrunk->shrinkage > 0.0);
    CHECK(shrunk->shrinkage <= 1.0);
    CHECK(shrunk->covariance.trace() == doctest::Approx(sample.trace()).epsilon(1e-12));
    CHECK(is_symmetric(shrunk->covariance));
    CHECK(Cholesky::of(shrunk->covariance).has_value());
  }
}

TEST_CASE("shrinkage: nearer to the truth than the sample") {
  // equal variances, no correlation: the target is the truth
  const MatrixXd returns = normal_matrix(30, 20, 4);
  const MatrixXd truth = MatrixXd::Identity(20, 20);
  const double sample = (*sample_covariance(returns) - truth).norm();
  CHECK((ledoit_wolf(returns)->covariance - truth).norm() < 0.5 * sample);
  CHECK((oracle_approximating_shrinkage(returns)->covariance - truth).norm() < 0.5 * sample);
}

TEST_CASE("shrinkage: edges and refusals") {
  const MatrixXd one = factor_returns(10, 1, 2);
  CHECK(ledoit_wolf(one)->shrinkage == 0.0);
  CHECK(ledoit_wolf_constant_correlation(one)->shrinkage == 0.0);
  const double variance = (*sample_covariance(one))(0, 0) * 0.9;
  CHECK(oracle_approximating_shrinkage(one)->covariance(0, 0) == doctest::Approx(variance));
  CHECK(oracle_approximating_shrinkage(one)->shrinkage == 0.0);
  for (const auto target :
       {ShrinkageTarget::IDENTITY, ShrinkageTarget::IDENTITY_OAS,
        ShrinkageTarget::CONSTANT_CORRELATION, ShrinkageTarget::SINGLE_FACTOR}) {
    CHECK(shrunk_covariance(MatrixXd(4, 0), target).reason() == Reason::BAD_SHAPE);
    CHECK(shrunk_covariance(MatrixXd::Ones(1, 2), target).reason() == Reason::TOO_SHORT);
    CHECK(shrunk_covariance(MatrixXd::Ones(4, 2), target).reason() == Reason::DEGENERATE);
    CHECK(shrunk_covariance(with(factor_returns(9, 2, 1), 0, 0, nan_value), target).reason()
          == Reason::BAD_SAMPLE);
  }
  const MatrixXd two = factor_returns(10, 2, 2); // whose mean correlation is their own
  CHECK(ledoit_wolf_constant_correlation(two)->shrinkage == 0.0);
  MatrixXd opposed(3, 2);
  opposed << 1, -1, 2, -2, 4, -4; // no market to load on
  CHECK(ledoit_wolf_single_factor(opposed).reason() == Reason::DEGENERATE);
}

TEST_CASE("shrinkage: about a mean of 0, which is nothing else where the means are 0") {
  const MatrixXd half = factor_returns(60, 4, 21);
  MatrixXd returns(120, 4);
  returns << half, -half;
  for (const auto target : {ShrinkageTarget::IDENTITY, ShrinkageTarget::IDENTITY_OAS}) {
    const auto removed = shrunk_covariance(returns, target);
    const auto zero = shrunk_covariance(returns, target, SampleMean::ZERO);
    CHECK(zero->shrinkage == doctest::Approx(removed->shrinkage).epsilon(1e-12));
    CHECK(largest_difference(zero->covariance, removed->covariance) < 1e-15);
  }
  const MatrixXd shifted = half.array() + 0.1;
  const MatrixXd second = shifted.transpose() * shifted / 60.0;
  const auto fit = ledoit_wolf(shifted, SampleMean::ZERO);
  CHECK(fit->covariance.trace() == doctest::Approx(second.trace()).epsilon(1e-12));
  CHECK(shrunk_covariance(half, ShrinkageTarget::SINGLE_FACTOR, SampleMean::ZERO).reason()
        == Reason::BAD_PARAMETER);
}
