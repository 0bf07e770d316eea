#include "quant/distributions/gamma.hpp"
#include "quant/distributions/log_sum.hpp"
#include "quant/optimise/bfgs.hpp"
#include "quant/optimise/bounds.hpp"
#include "quant/random.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <rapidcheck.h>

using namespace troupe::quant;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

double rosenbrock(const VectorXd& x, VectorXd& gradient) {
  double value = 0.0;
  gradient.setZero();
  for (Eigen::Index i = 0; i + 1 < x.size(); ++i) {
    const double a = x[i + 1] - x[i] * x[i];
    const double b = 1.0 - x[i];
    value += 100.0 * a * a + b * b;
    gradient[i] += -400.0 * a * x[i] - 2.0 * b;
    gradient[i + 1] += 200.0 * a;
  }
  return value;
}

} // namespace

TEST_CASE("bfgs: Rosenbrock's valley") {
  const auto out = minimise_bfgs(rosenbrock, VectorXd::Constant(4, -1.2), {500, 1e-10, 1e-16});
  CHECK(out.converged);
  CHECK((out.x - VectorXd::Ones(4)).norm() < 1e-7);
  CHECK(out.value < 1e-14);
}

TEST_CASE("bfgs: any convex quadratic, from any point") {
  CHECK(rc::check([] {
    Random random{*rc::gen::arbitrary<std::uint32_t>()};
    const auto n = *rc::gen::inRange<Eigen::Index>(1, 7);
    MatrixXd root(n, n);
    VectorXd at(n);
    VectorXd start(n);
    for (Eigen::Index i = 0; i < n; ++i) {
      at[i] = random.normal();
      start[i] = 5.0 * random.normal();
      for (Eigen::Index j = 0; j < n; ++j) {
        root(i, j) = random.normal();
      }
    }
    const MatrixXd q = root * root.transpose() + 0.1 * MatrixXd::Identity(n, n);
    const Objective objective = [&](const VectorXd& x, VectorXd& gradient) {
      gradient = q * (x - at);
      return 0.5 * (x - at).dot(gradient);
    };
    const auto out = minimise_bfgs(objective, start);
    RC_ASSERT(out.converged);
    RC_ASSERT((out.x - at).norm() < 1e-5);
    RC_ASSERT((hessian_by_differences(objective, at, VectorXd::Constant(n, 1e-3)) - q).norm()
              < 1e-8 * q.norm());
  }));
}

TEST_CASE("bfgs: steps back from where the objective is not finite") {
  const Objective objective = [](const VectorXd& x, VectorXd& gradient) {
    gradient.resize(1);
    gradient[0] = 1.0 - 1.0 / x[0];
    return x[0] > 0.0 ? x[0] - std::log(x[0]) : std::numeric_limits<double>::quiet_NaN();
  };
  const auto out = minimise_bfgs(objective, VectorXd::Constant(1, 30.0));
  CHECK(out.converged);
  CHECK(out.x[0] == doctest::Approx(1.0).epsilon(1e-6));

  const auto nowhere = minimise_bfgs(objective, VectorXd::Constant(1, -1.0));
  CHECK_FALSE(nowhere.converged);
  CHECK(nowhere.x[0] == -1.0);
}

TEST_CASE("bfgs: ends where the value's rounding hides what is left to gain") {
  // a gradient of 1e-7 is above the tolerance, yet the value 1e6 cannot tell the steps it asks for
  const Objective far = [](const VectorXd& x, VectorXd& gradient) {
    gradient = 2.0 * x;
    return 1e6 + x.squaredNorm();
  };
  const auto out = minimise_bfgs(far, VectorXd::Constant(2, 1e-7), {200, 1e-9, 1e-30},
                                 MatrixXd{0.5 * MatrixXd::Identity(2, 2)});
  CHECK(out.converged);
  CHECK(out.evaluations == 1);
  const auto shrunk = minimise_bfgs(far, VectorXd::Constant(2, 1.0), {200, 1e-9, 1e-30},
                                    MatrixXd{1e-20 * MatrixXd::Identity(2, 2)});
  CHECK(shrunk.evaluations > 1); // a metric that is far too small does not end a search
}

TEST_CASE("bfgs: says that it has not converged") {
  const auto out = minimise_bfgs(rosenbrock, VectorXd::Constant(4, -1.2), {3, 1e-10, 1e-16});
  CHECK_FALSE(out.converged);
  CHECK(out.iterations == 3);
}

TEST_CASE("sine bound: inverse, derivative and the bounds themselves") {
  const SineBound bound{-2.0, 3.0};
  for (const double x : {-1.9, 0.0, 1.3, 2.99}) {
    CHECK(bound.value(bound.inverse(x)) == doctest::Approx(x));
    const double u = bound.inverse(x);
    CHECK(bound.derivative(u)
          == doctest::Approx((bound.value(u + 1e-6) - bound.value(u - 1e-6)) / 2e-6).epsilon(1e-6));
  }
  CHECK(bound.value(100.0) <= 3.0);
  CHECK(bound.at_bound(3.0));
  CHECK(bound.at_bound(-2.0));
  CHECK_FALSE(bound.at_bound(0.0));
  CHECK(bound.derivative(bound.inverse(3.0)) > 0.0); // a search can leave it
}

TEST_CASE("gamma: factorials, the half, and Euler's constant") {
  CHECK(log_gamma(1.0) == doctest::Approx(0.0));
  CHECK(log_gamma(11.0) == doctest::Approx(std::log(3628800.0)).epsilon(1e-14));
  CHECK(log_gamma(0.5) == doctest::Approx(0.5 * std::log(3.14159265358979323846)).epsilon(1e-14));
  CHECK(digamma(1.0) == doctest::Approx(-0.57721566490153286).epsilon(1e-14));
  CHECK(digamma(0.5) == doctest::Approx(-1.96351002602142348).epsilon(1e-14));
  for (const double x : {0.3, 2.05, 7.7, 40.0, 1e4}) {
    CHECK(log_gamma(x + 1.0) - log_gamma(x) == doctest::Approx(std::log(x)).epsilon(1e-9));
    CHECK(digamma(x + 1.0) - digamma(x) == doctest::Approx(1.0 / x).epsilon(1e-9));
  }
}

TEST_CASE("log sum: products that would overflow or vanish") {
  LogSum sum;
  double expected = 0.0;
  for (int i = 1; i <= 4000; ++i) {
    const double x = i % 3 == 0 ? 1e150 : 1e-120 * i;
    sum.add(x);
    expected += std::log(x);
  }
  CHECK(sum.value() == doctest::Approx(expected).epsilon(1e-12));
}

TEST_CASE("random: the same numbers everywhere, uniform and normal") {
  Random random{42};
  CHECK(random.next() == 0xBDD732262FEB6E95ULL); // SplitMix64's published sequence for seed 42
  double sum = 0.0;
  double squares = 0.0;
  constexpr int draws = 20000;
  for (int i = 0; i < draws; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
    const auto k = random.below(7);
    REQUIRE((k >= 0 && k < 7));
  }
  CHECK(std::abs(sum / draws) < 0.03);
  CHECK(std::abs(squares / draws - 1.0) < 0.05);
}
