#include "quant/covariance/nearest.hpp"
#include "quant/covariance/pca.hpp"
#include "quant/covariance/sample.hpp"
#include "quant/linear_algebra/dense.hpp"
#include "random_matrices.hpp"

#include <Eigen/Eigenvalues>
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

using namespace troupe::quant;
using namespace troupe::quant::testing;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

MatrixXd random_pseudo_correlation(Index n, unsigned seed) {
  MatrixXd out = normal_matrix(n, n, seed).array().tanh().matrix();
  out = (0.5 * (out + out.transpose())).eval();
  out.diagonal().setOnes();
  return out;
}

double smallest_eigenvalue(const MatrixXd& matrix) {
  return Eigen::SelfAdjointEigenSolver<MatrixXd>(matrix).eigenvalues().minCoeff();
}

} // namespace

TEST_CASE("dense: products and decompositions agree with Eigen's") {
  const MatrixXd a = normal_matrix(37, 11, 1);
  const MatrixXd b = normal_matrix(37, 5, 2);
  CHECK(largest_difference(gram(a, 0.5), 0.5 * a.transpose() * a) < 1e-13);
  CHECK(largest_difference(gram(a.middleRows(3, 20)),
                           a.middleRows(3, 20).transpose() * a.middleRows(3, 20))
        < 1e-13);
  CHECK(largest_difference(product_of_transpose(a, b), a.transpose() * b) < 1e-13);
  CHECK(largest_difference(product(a.transpose(), b), a.transpose() * b) < 1e-13);
  CHECK(gram(MatrixXd(0, 3)) == MatrixXd::Zero(3, 3));
  const MatrixXd s = gram(a);
  const auto eigen = symmetric_eigen(s);
  REQUIRE(eigen.has_value());
  CHECK(
    largest_difference(eigen->vectors * eigen->values.asDiagonal() * eigen->vectors.transpose(), s)
    < 1e-12);
  const auto largest = largest_eigen(s, 3);
  REQUIRE(largest.has_value());
  CHECK(largest_difference(largest->values, eigen->values.tail(3)) < 1e-12);
  CHECK(largest_difference(s * largest->vectors, largest->vectors * largest->values.asDiagonal())
        < 1e-12);
  CHECK(largest_difference(*symmetric_eigenvalues(s), eigen->values) < 1e-12);
  const auto factor = Cholesky::of(s);
  REQUIRE(factor.has_value());
  CHECK(largest_difference(factor->lower() * factor->lower().transpose(), s) < 1e-12);
  const VectorXd x = VectorXd::LinSpaced(11, 1.0, 2.0);
  CHECK(largest_difference(factor->solve(VectorXd{s * x}), x) < 1e-11);
  CHECK(factor->log_determinant() == doctest::Approx(std::log(s.determinant())).epsilon(1e-12));
  CHECK_FALSE(blas_kernels().empty());
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
      && std::getenv("OPENBLAS_CORETYPE") == nullptr) {
    CHECK(blas_kernels() != "Prescott"); // the fallback for processors the library does not know
  }
}

TEST_CASE("dense: refusals") {
  const MatrixXd nan = MatrixXd::Constant(2, 2, std::numeric_limits<double>::quiet_NaN());
  CHECK(symmetric_eigen(MatrixXd(2, 3)).reason() == Reason::BAD_SHAPE);
  CHECK(symmetric_eigen(MatrixXd(0, 0)).reason() == Reason::BAD_SHAPE);
  CHECK(symmetric_eigen(nan).reason() == Reason::BAD_SAMPLE);
  CHECK(symmetric_eigenvalues(nan).reason() == Reason::BAD_SAMPLE);
  CHECK(largest_eigen(MatrixXd::Identity(2, 2), 0).reason() == Reason::BAD_PARAMETER);
  CHECK(largest_eigen(MatrixXd::Identity(2, 2), 3).reason() == Reason::BAD_PARAMETER);
  CHECK(largest_eigen(nan, 1).reason() == Reason::BAD_SAMPLE);
  CHECK(Cholesky::of(MatrixXd::Ones(2, 2) - 2.0 * MatrixXd::Identity(2, 2)).reason()
        == Reason::NOT_POSITIVE_DEFINITE);
  CHECK(Cholesky::of(nan).reason() == Reason::BAD_SAMPLE);
}

TEST_CASE("nearest correlation: Higham (2002), the example of section 3") {
  MatrixXd question(3, 3);
  question << 1, 1, 0, 1, 1, 1, 0, 1, 1;
  const auto answer = nearest_correlation(question);
  REQUIRE(answer.has_value());
  CHECK(answer->converged);
  CHECK(answer->matrix(0, 1) == doctest::Approx(0.7607).epsilon(1e-4));
  CHECK(answer->matrix(1, 2) == doctest::Approx(0.7607).epsilon(1e-4));
  CHECK(answer->matrix(0, 2) == doctest::Approx(0.1573).epsilon(3e-4));
  CHECK(answer->distance == doctest::Approx((answer->matrix - question).norm()));
  CHECK(answer->distance > 0.0);
}

TEST_CASE("nearest correlation: a matrix whose diagonal is not one (NAG's example for g02aa)") {
  MatrixXd question(4, 4);
  question << 2, -1, 0, 0, -1, 2, -1, 0, 0, -1, 2, -1, 0, 0, -1, 2;
  const auto answer = nearest_correlation(question);
  REQUIRE(answer.has_value());
  MatrixXd published(4, 4);
  published << 1, -0.8084, 0.1916, 0.1068, -0.8084, 1, -0.6562, 0.1916, 0.1916, -0.6562, 1, -0.8084,
    0.1068, 0.1916, -0.8084, 1;
  CHECK(largest_difference(answer->matrix, published) < 6e-5);
}

TEST_CASE("nearest correlation: valid, and no correlation matrix nearby is nearer") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<Index>(2, 9);
    const auto seed = *seeds();
    const double bound = *rc::gen::element(0.0, 0.01);
    const MatrixXd question = random_pseudo_correlation(n, seed);
    const auto answer = nearest_correlation(question, {.eigenvalue_min = bound});
    RC_ASSERT(answer.has_value());
    RC_ASSERT(answer->converged);
    RC_ASSERT(is_symmetric(answer->matrix, 0.0));
    RC_ASSERT(answer->matrix.diagonal() == VectorXd::Ones(n));
    RC_ASSERT(smallest_eigenvalue(answer->matrix) >= bound - 1e-13);
    // a step towards any other admissible matrix leads away from the question
    const MatrixXd other =
      (1.0 - bound) * correlation_of(gram(normal_matrix(n + 2, n, seed + 7)))->matrix
      + bound * MatrixXd::Identity(n, n);
    const MatrixXd step = answer->matrix + 1e-3 * (other - answer->matrix);
    RC_ASSERT((step - question).norm() >= answer->distance - 1e-8);
  }));
}

TEST_CASE("nearest correlation: what is one already stays, what cannot be judged is refused") {
  const MatrixXd good = *sample_correlation(factor_returns(50, 5, 9));
  const auto same = nearest_correlation(good);
  REQUIRE(same.has_value());
  CHECK(same->matrix == good);
  CHECK(same->iterations == 0);
  CHECK(same->distance == 0.0);
  CHECK(is_correlation(good));
  CHECK_FALSE(is_correlation(2.0 * good));
  CHECK_FALSE(is_correlation(MatrixXd::Ones(2, 3)));
  CHECK_FALSE(is_correlation(MatrixXd::Ones(2, 2) * std::numeric_limits<double>::infinity()));
  MatrixXd skewed = good;
  skewed(0, 1) += 0.1;
  CHECK(nearest_correlation(skewed).reason() == Reason::BAD_SHAPE);
  CHECK(nearest_correlation(MatrixXd::Ones(2, 3)).reason() == Reason::BAD_SHAPE);
  skewed(0, 1) = std::numeric_limits<double>::quiet_NaN();
  CHECK(nearest_correlation(skewed).reason() == Reason::BAD_SAMPLE);
  CHECK(nearest_correlation(good, {.eigenvalue_min = 1.0}).reason() == Reason::BAD_PARAMETER);
  CHECK(nearest_correlation(good, {.tolerance = 0.0}).reason() == Reason::BAD_PARAMETER);
  const auto hasty = nearest_correlation(random_pseudo_correlation(8, 1), {.iterations_max = 1});
  REQUIRE(hasty.has_value());
  CHECK_FALSE(hasty->converged);
  CHECK(is_correlation(hasty->matrix, 1e-12));
}

TEST_CASE("principal components: rebuild the matrix, descend, point to their largest loading") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<Index>(1, 20);
    const MatrixXd covariance = *sample_covariance(factor_returns(60, n, *seeds()));
    const auto pca = principal_components(covariance);
    RC_ASSERT(pca.has_value());
    const MatrixXd& loadings = pca->components;
    RC_ASSERT(largest_difference(loadings * pca->eigenvalues.asDiagonal() * loadings.transpose(),
                                 covariance)
              < 1e-14);
    RC_ASSERT(largest_difference(loadings.transpose() * loadings, MatrixXd::Identity(n, n))
              < 1e-12);
    RC_ASSERT(std::abs(pca->explained_ratio.sum() - 1.0) < 1e-12);
    for (Index k = 0; k < n; ++k) {
      RC_ASSERT(pca->eigenvalues[k] <= pca->eigenvalues[std::max<Index>(k, 1) - 1]);
      RC_ASSERT(loadings.col(k).maxCoeff() >= -loadings.col(k).minCoeff());
    }
    const auto few = principal_components(covariance, 1); // by another routine where N is large
    RC_ASSERT(few.has_value());
    RC_ASSERT(std::abs(few->eigenvalues[0] - pca->eigenvalues[0]) < 1e-14);
    RC_ASSERT(std::abs(few->components.col(0).dot(loadings.col(0))) > 1.0 - 1e-9);
  }));
}

TEST_CASE("principal components: a portfolio's variance splits over them") {
  const MatrixXd covariance = *sample_covariance(factor_returns(200, 6, 12));
  const VectorXd weights = VectorXd::LinSpaced(6, -0.2, 0.6);
  const auto pca = principal_components(covariance);
  const auto split = decompose_portfolio(*pca, covariance, weights);
  REQUIRE(split.has_value());
  CHECK(split->variance_shares.sum() == doctest::Approx(1.0).epsilon(1e-12));
  CHECK(split->volatility == doctest::Approx(std::sqrt(weights.dot(covariance * weights))));
  CHECK(split->unexplained < 1e-12);
  const auto two = decompose_portfolio(*principal_components(covariance, 2), covariance, weights);
  REQUIRE(two.has_value());
  CHECK(two->unexplained == doctest::Approx(1.0 - two->variance_shares.sum()));
  CHECK(decompose_portfolio(*pca, covariance, VectorXd::Zero(6)).reason() == Reason::DEGENERATE);
  CHECK(decompose_portfolio(*pca, covariance, VectorXd::Ones(5)).reason() == Reason::BAD_SHAPE);
}

TEST_CASE("principal components: refusals") {
  CHECK(principal_components(MatrixXd::Ones(2, 3)).reason() == Reason::BAD_SHAPE);
  CHECK(principal_components(MatrixXd::Zero(2, 2)).reason() == Reason::DEGENERATE);
  CHECK(principal_components(MatrixXd::Identity(2, 2), 3).reason() == Reason::BAD_PARAMETER);
  MatrixXd indefinite(2, 2);
  indefinite << 1, 2, 2, 1;
  CHECK(principal_components(indefinite).reason() == Reason::NOT_POSITIVE_DEFINITE);
}

TEST_CASE("Marchenko-Pastur: edges hold the spectrum of independent series") {
  const auto edges = marchenko_pastur(100, 400);
  REQUIRE(edges.has_value());
  CHECK(edges->lower == doctest::Approx(0.25));
  CHECK(edges->upper == doctest::Approx(2.25));
  const MatrixXd correlation = *sample_correlation(normal_matrix(400, 100, 6));
  const auto pca = principal_components(correlation);
  CHECK(pca->eigenvalues[0] < 1.1 * edges->upper);
  CHECK(pca->eigenvalues[0] > 0.85 * edges->upper);
  CHECK(pca->eigenvalues[99] > 0.85 * edges->lower);
  CHECK(marchenko_pastur(100, 400, 0.5)->upper == doctest::Approx(1.125));
  CHECK(marchenko_pastur(0, 10).reason() == Reason::BAD_PARAMETER);
  CHECK(marchenko_pastur(10, 10, 0.0).reason() == Reason::BAD_PARAMETER);
  CHECK(*effective_rank(VectorXd::Ones(7)) == doctest::Approx(7.0));
  CHECK(*effective_rank(Eigen::Vector3d{1.0, 0.0, 0.0}) == 1.0);
  CHECK(effective_rank(VectorXd::Zero(2)).reason() == Reason::BAD_SAMPLE);
}
