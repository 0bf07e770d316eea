#include "quant/random.hpp"
#include "quant/volatility/garch_fit.hpp"

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

constexpr GarchModel gaussian{};
constexpr GarchModel gjr{true, Innovation::GAUSSIAN, Presample::RECURSION};
constexpr GarchModel student{false, Innovation::STUDENT_T, Presample::RECURSION};
constexpr GarchModel models[] = {gaussian,
                                 gjr,
                                 student,
                                 {true, Innovation::STUDENT_T, Presample::RECURSION},
                                 {false, Innovation::GAUSSIAN, Presample::SAMPLE},
                                 {true, Innovation::STUDENT_T, Presample::SAMPLE}};

constexpr GarchParameters usual_garch{0.02, 0.03, 0.08, 0.0, 0.88, 0.0};

GarchParameters of_model(const GarchModel& model) {
  GarchParameters p = usual_garch;
  if (model.asymmetric) {
    p.alpha = 0.04;
    p.gamma = 0.09;
  }
  if (model.innovation == Innovation::STUDENT_T) {
    p.degrees_of_freedom = 6.0;
  }
  return p;
}

/// Student's t of an even number of degrees of freedom from a sum of squares, at unit variance.
double innovation(const GarchModel& model, double nu, Random& random) {
  const double z = random.normal();
  if (model.innovation == Innovation::GAUSSIAN) {
    return z;
  }
  double chi2 = 0.0;
  for (int i = 0; i < static_cast<int>(nu) / 2; ++i) {
    chi2 -= 2.0 * std::log(random.uniform());
  }
  return z / std::sqrt(chi2 / nu) * std::sqrt((nu - 2.0) / nu);
}

VectorXd
simulated(const GarchModel& model, const GarchParameters& p, Index size, std::uint64_t seed) {
  Random random{seed};
  VectorXd out(size);
  double h = p.omega / (1.0 - p.persistence());
  for (Index t = -500; t < size; ++t) {
    const double e = std::sqrt(h) * innovation(model, p.degrees_of_freedom, random);
    if (t >= 0) {
      out[t] = p.mean + e;
    }
    h = p.omega + (e < 0 ? p.alpha + p.gamma : p.alpha) * e * e + p.beta * h;
  }
  return out;
}

GarchParameters with(const VectorXd& v, const GarchModel& model) {
  GarchParameters p;
  Index i = 0;
  p.mean = v[i++];
  p.omega = v[i++];
  p.alpha = v[i++];
  p.gamma = model.asymmetric ? v[i++] : 0.0;
  p.beta = v[i++];
  p.degrees_of_freedom = model.innovation == Innovation::STUDENT_T ? v[i] : 0.0;
  return p;
}

/// The density written out.
double naive_log_likelihood(const GarchModel& model, const GarchParameters& p, const VectorXd& r) {
  const double m = (r.array() - p.mean).square().mean();
  double h = model.presample == Presample::SAMPLE ? m : p.omega + p.persistence() * m;
  double sum = 0.0;
  const double nu = p.degrees_of_freedom;
  for (const double x : r) {
    const double e = x - p.mean;
    sum += model.innovation == Innovation::GAUSSIAN
             ? -0.5 * std::log(2 * std::numbers::pi * h) - 0.5 * e * e / h
             : std::lgamma((nu + 1) / 2) - std::lgamma(nu / 2)
                 - 0.5 * std::log(std::numbers::pi * (nu - 2) * h)
                 - (nu + 1) / 2 * std::log(1 + e * e / (h * (nu - 2)));
    h = p.omega + (e < 0 ? p.alpha + p.gamma : p.alpha) * e * e + p.beta * h;
  }
  return sum;
}

} // namespace

TEST_CASE("garch: the likelihood is the sum of the densities, whatever the model") {
  for (const auto& model : models) {
    const auto p = of_model(model);
    const auto r = simulated(model, p, 400, 3);
    VectorXd gradient;
    const double expected = naive_log_likelihood(model, p, r);
    CHECK(*garch_log_likelihood(r, model, p) == doctest::Approx(expected).epsilon(1e-12));
    CHECK(*garch_log_likelihood(r, model, p, &gradient)
          == doctest::Approx(expected).epsilon(1e-12));
  }
}

TEST_CASE("garch: the gradient is the likelihood's, and the scores add up to it") {
  for (const auto& model : models) {
    const auto p = of_model(model);
    const auto r = simulated(model, p, 300, 4);
    VectorXd gradient;
    MatrixXd scores;
    REQUIRE(garch_log_likelihood(r, model, p, &gradient, &scores).has_value());
    CHECK((scores.colwise().sum().transpose() - gradient).norm() < 1e-9 * gradient.norm());
    const VectorXd at = to_vector(p, model);
    for (Index i = 0; i < at.size(); ++i) {
      VectorXd up = at;
      VectorXd down = at;
      up[i] += 1e-6;
      down[i] -= 1e-6;
      const double slope = (naive_log_likelihood(model, with(up, model), r)
                            - naive_log_likelihood(model, with(down, model), r))
                           / 2e-6;
      CHECK(std::abs(gradient[i] - slope) < 1e-4 * (1.0 + std::abs(slope)));
    }
  }
}

TEST_CASE("garch: slopes of the standardised residuals") {
  for (const auto& model : models) {
    const auto p = of_model(model);
    const auto r = simulated(model, p, 60, 5);
    const auto slopes = garch_residual_slopes(r, model, p);
    REQUIRE(slopes.has_value());
    const auto residuals = [&](const VectorXd& v) -> VectorXd {
      const auto q = with(v, model);
      const auto h = garch_variances(r, model, q);
      return (r.array() - q.mean) / h->head(r.size()).array().sqrt();
    };
    const VectorXd at = to_vector(p, model);
    for (Index i = 0; i < at.size(); ++i) {
      VectorXd up = at;
      VectorXd down = at;
      up[i] += 1e-6;
      down[i] -= 1e-6;
      const VectorXd expected = (residuals(up) - residuals(down)) / 2e-6;
      CHECK((slopes->col(i) - expected).norm() < 1e-6 * (1.0 + expected.norm()));
    }
  }
}

TEST_CASE("garch: a fit finds the parameters of a simulated series within its standard errors") {
  for (const auto& model : models) {
    const auto p = of_model(model);
    const auto r = simulated(model, p, 4000, 6);
    const auto fit = fit_garch(r, {model});
    REQUIRE(fit.has_value());
    CHECK(fit->converged);
    CHECK_FALSE(fit->at_bound);
    CHECK(fit->log_likelihood >= *garch_log_likelihood(r, model, p));
    CHECK(fit->log_likelihood
          == doctest::Approx(*garch_log_likelihood(r, model, fit->parameters)).epsilon(1e-12));
    const auto errors = fit->standard_errors();
    const auto robust = fit->robust_standard_errors();
    REQUIRE((errors && robust));
    const VectorXd distance = to_vector(fit->parameters, model) - to_vector(p, model);
    for (Index i = 0; i < distance.size(); ++i) {
      CHECK(std::abs(distance[i]) < 4.0 * (*errors)[i]);
      // the model is the right one: both kinds of errors estimate the same
      CHECK((*robust)[i] / (*errors)[i] == doctest::Approx(1.0).epsilon(0.35));
    }
  }
}

TEST_CASE("garch: the fit's gradient vanishes, and units do not matter") {
  const auto r = simulated(gjr, of_model(gjr), 1500, 7);
  const auto fit = fit_garch(r, {gjr});
  REQUIRE(fit.has_value());
  VectorXd gradient;
  REQUIRE(garch_log_likelihood(r, gjr, fit->parameters, &gradient).has_value());
  CHECK(gradient.cwiseAbs().maxCoeff() < 1e-3); // of a sum over 1500
  const VectorXd scaled = 1e-4 * r;
  const auto other = fit_garch(scaled, {gjr});
  REQUIRE(other.has_value());
  CHECK(other->parameters.mean == doctest::Approx(1e-4 * fit->parameters.mean).epsilon(1e-4));
  CHECK(other->parameters.omega == doctest::Approx(1e-8 * fit->parameters.omega).epsilon(1e-4));
  CHECK(other->parameters.gamma == doctest::Approx(fit->parameters.gamma).epsilon(1e-4));
  CHECK(other->log_likelihood
        == doctest::Approx(fit->log_likelihood - 1500.0 * std::log(1e-4)).epsilon(1e-9));
  CHECK((*other->standard_errors())[1]
        == doctest::Approx(1e-8 * (*fit->standard_errors())[1]).epsilon(1e-3));
}

TEST_CASE("garch: the persistence keeps to its limit, and says so") {
  GarchFitSettings settings;
  settings.persistence_max = 0.8;
  const auto fit = fit_garch(simulated(gaussian, usual_garch, 2000, 8), settings);
  REQUIRE(fit.has_value());
  CHECK(fit->parameters.persistence() <= 0.8 + 1e-12);
  CHECK(fit->parameters.persistence() > 0.8 - 1e-4);
  CHECK(fit->at_bound);
  // alpha and beta vary against each other only
  REQUIRE(fit->covariance.has_value());
  const VectorXd persistence{{0.0, 0.0, 1.0, 1.0}};
  CHECK(persistence.dot(*fit->covariance * persistence) < 1e-12);
  CHECK((*fit->covariance)(2, 2) > 0.0);
  settings.persistence_max.reset();
  const auto free = fit_garch(simulated(gaussian, usual_garch, 2000, 8), settings);
  REQUIRE(free.has_value());
  CHECK(free->log_likelihood > fit->log_likelihood);
}

TEST_CASE("garch: independent returns have no reaction to speak of") {
  Random random{9};
  VectorXd r(1500);
  for (double& x : r) {
    x = random.normal();
  }
  const auto fit = fit_garch(r);
  REQUIRE(fit.has_value());
  CHECK(fit->parameters.alpha < 0.06);
  CHECK(std::sqrt(fit->variance_next) == doctest::Approx(1.0).epsilon(0.15));
}

TEST_CASE("garch: at either end of the persistence there is an answer, whatever the model") {
  // where nothing clusters the likelihood hardly knows beta, and one in fifteen such fits was given
  // up on; where shocks hardly fade the search crawled along another valley
  GarchParameters fading = usual_garch;
  fading.omega = 0.02;
  fading.alpha = 0.25;
  fading.beta = 0.7495; // the simulation starts at a long-run variance
  GarchParameters constant = usual_garch;
  constant.omega = 1.0;
  constant.alpha = constant.beta = 0.0;
  for (const auto& model : {gaussian, gjr, student}) {
    GarchFitSettings settings;
    settings.model = model;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
      const auto clustered = fit_garch(simulated(gaussian, fading, 400, seed), settings);
      REQUIRE(clustered.has_value());
      CHECK(clustered->parameters.persistence() > 0.7);
      const auto even = fit_garch(simulated(gaussian, constant, 500, seed), settings);
      REQUIRE(even.has_value());
      CHECK(std::sqrt(even->variance_next) == doctest::Approx(1.0).epsilon(0.5));
    }
  }
}

TEST_CASE("garch: the filter walks the variances of the batch") {
  CHECK(rc::check([] {
    const auto r = simulated(gjr, of_model(gjr), 50, *rc::gen::arbitrary<std::uint32_t>());
    const auto p = of_model(gjr);
    const auto h = garch_variances(r, gjr, p);
    RC_ASSERT(h.has_value());
    GarchFilter filter{p, (*h)[0]};
    for (Index t = 0; t < 50; ++t) {
      RC_ASSERT(filter.variance_next() == (*h)[t]);
      RC_ASSERT(*filter.update(r[t]) == (r[t] - p.mean) / std::sqrt((*h)[t]));
    }
    RC_ASSERT(filter.variance_next() == (*h)[50]);
  }));
}

TEST_CASE("garch: forecasts go to the long-run variance, by the closed form") {
  const auto out = garch_forecast(usual_garch, 4.0, 50);
  REQUIRE(out.has_value());
  const double far = *usual_garch.long_run_variance();
  for (Index k = 0; k < 50; ++k) {
    const double expected =
      far + std::pow(usual_garch.persistence(), static_cast<double>(k)) * (4.0 - far);
    CHECK((*out)[k] == doctest::Approx(expected).epsilon(1e-12));
  }
  GarchParameters explosive = usual_garch;
  explosive.beta = 1.5;
  CHECK_FALSE(explosive.long_run_variance().has_value());
  CHECK(garch_forecast(explosive, 4.0, 5000).reason() == Reason::BAD_PARAMETER);
}

TEST_CASE("garch: a given first variance, by hand") {
  const GarchParameters p{0.0, 0.1, 0.2, 0.0, 0.5, 0.0};
  const auto h = garch_variances(VectorXd{{1.0, 2.0}}, gaussian, p, 0.4);
  REQUIRE(h.has_value());
  CHECK((*h)[1] == doctest::Approx(0.1 + 0.2 + 0.2));
  CHECK((*h)[2] == doctest::Approx(0.1 + 0.8 + 0.25));
}

TEST_CASE("garch: refusals") {
  const VectorXd r = simulated(gaussian, usual_garch, 100, 1);
  CHECK(fit_garch(r.head(20)).reason() == Reason::TOO_SHORT);
  CHECK(fit_garch(VectorXd::Constant(100, 0.3)).reason() == Reason::DEGENERATE);
  VectorXd broken = r;
  broken[50] = std::numeric_limits<double>::quiet_NaN();
  CHECK(fit_garch(broken).reason() == Reason::BAD_SAMPLE);
  CHECK(garch_log_likelihood(broken, gaussian, usual_garch).reason() == Reason::BAD_SAMPLE);
  broken[50] = 1e101;
  CHECK(fit_garch(broken).reason() == Reason::BAD_SAMPLE);
  GarchFitSettings settings;
  settings.persistence_max = 0.0;
  CHECK(fit_garch(r, settings).reason() == Reason::BAD_PARAMETER);
  GarchParameters p = usual_garch;
  p.alpha = -0.1;
  CHECK(garch_log_likelihood(r, gaussian, p).reason() == Reason::BAD_PARAMETER);
  CHECK(garch_variances(r, gaussian, p).reason() == Reason::BAD_PARAMETER);
  CHECK(garch_log_likelihood(r, student, usual_garch).reason() == Reason::BAD_PARAMETER); // nu = 0
  CHECK(garch_variances(r, gaussian, usual_garch, -1.0).reason() == Reason::BAD_PARAMETER);
  CHECK(garch_log_likelihood(r.head(1), gaussian, usual_garch).reason() == Reason::TOO_SHORT);
  CHECK_THROWS_AS(GarchFilter(p, 1.0), std::invalid_argument);
  GarchFilter filter{usual_garch, 1.0};
  CHECK_FALSE(filter.update(std::numeric_limits<double>::infinity()).has_value());
  CHECK(filter.variance_next() == 1.0);
}

TEST_CASE("garch: short and wild series give an answer or a reason, never a NaN") {
  CHECK(rc::check([] {
    Random random{*rc::gen::arbitrary<std::uint32_t>()};
    VectorXd r(*rc::gen::inRange<Index>(30, 60));
    for (double& x : r) {
      x = std::pow(random.normal(), *rc::gen::element(1, 3, 5)) * 0.01;
    }
    const auto model =
      *rc::gen::elementOf(std::vector<GarchModel>(std::begin(models), std::end(models)));
    const auto fit = fit_garch(r, {model});
    if (fit) {
      RC_ASSERT(std::isfinite(fit->log_likelihood));
      RC_ASSERT(fit->variances.allFinite() && fit->variances.minCoeff() > 0.0);
      RC_ASSERT(fit->parameters.usable());
      RC_ASSERT(fit->parameters.persistence() <= 0.9999 + 1e-9);
    } else {
      RC_ASSERT(fit.reason() == Reason::NOT_CONVERGED);
    }
  }));
}
