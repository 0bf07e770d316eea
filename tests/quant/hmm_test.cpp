#include "quant/markov/gaussian_mixture.hpp"
#include "quant/markov/hmm_fit.hpp"
#include "quant/random.hpp"

#include <Eigen/Cholesky>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <rapidcheck.h>

using namespace troupe::quant;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

VectorXd random_distribution(Index k, Random& random) {
  VectorXd out(k);
  for (double& p : out) {
    p = 0.05 + random.uniform();
  }
  return out / out.sum();
}

MatrixXd random_transition(Index k, Random& random) {
  MatrixXd out(k, k);
  for (Index i = 0; i < k; ++i) {
    out.row(i) = random_distribution(k, random).transpose();
  }
  return out;
}

/// Every path of states, one by one.
struct Enumerated {
  double likelihood = 0.0;
  RowMatrix smoothed;
  MatrixXd transitions;
  double best = -infinity;
  std::vector<int> best_path;

  Enumerated(const VectorXd& start, const MatrixXd& a, const RowMatrix& log_b) {
    const Index size = log_b.rows();
    const Index k = start.size();
    smoothed = RowMatrix::Zero(size, k);
    transitions = MatrixXd::Zero(k, k);
    auto paths = static_cast<Index>(std::pow(static_cast<double>(k), static_cast<double>(size)));
    for (Index code = 0; code < paths; ++code) {
      std::vector<int> path;
      for (Index t = 0, rest = code; t < size; ++t, rest /= k) {
        path.push_back(static_cast<int>(rest % k));
      }
      double log_p = std::log(start[path[0]]) + log_b(0, path[0]);
      for (std::size_t t = 1; t < path.size(); ++t) {
        log_p += std::log(a(path[t - 1], path[t])) + log_b(static_cast<Index>(t), path[t]);
      }
      const double p = std::exp(log_p);
      likelihood += p;
      for (std::size_t t = 0; t < path.size(); ++t) {
        smoothed(static_cast<Index>(t), path[t]) += p;
        if (t > 0) {
          transitions(path[t - 1], path[t]) += p;
        }
      }
      if (log_p > best) {
        best = log_p;
        best_path = path;
      }
    }
    smoothed /= likelihood;
    transitions /= likelihood;
  }
};

RowMatrix random_emissions(Index size, Index k, Random& random) {
  RowMatrix out(size, k);
  for (Index i = 0; i < out.size(); ++i) {
    out.data()[i] = 3.0 * random.normal();
  }
  return out;
}

GaussianHmm two_states() {
  GaussianHmm out;
  out.start = VectorXd::Constant(2, 0.5);
  out.transition = MatrixXd{{0.98, 0.02}, {0.05, 0.95}};
  out.states.means = MatrixXd{{0.05}, {-0.1}};
  out.states.covariances = {MatrixXd::Constant(1, 1, 0.25), MatrixXd::Constant(1, 1, 4.0)};
  return out;
}

MatrixXd simulated(const GaussianHmm& model,
                   Index size,
                   std::uint64_t seed,
                   std::vector<int>* path = nullptr) {
  Random random{seed};
  const Index d = model.states.dimension();
  MatrixXd out(size, d);
  Index state = 0;
  for (Index t = 0; t < size; ++t) {
    const VectorXd next = t == 0 ? model.start : VectorXd(model.transition.row(state).transpose());
    double left = random.uniform();
    for (state = 0; state + 1 < next.size() && left > next[state]; ++state) {
      left -= next[state];
    }
    VectorXd draw(d);
    for (double& x : draw) {
      x = random.normal();
    }
    const auto& covariance = model.states.covariances[static_cast<std::size_t>(state)];
    const MatrixXd factor = covariance.llt().matrixL();
    out.row(t) = model.states.means.row(state) + (factor * draw).transpose();
    if (path != nullptr) {
      path->push_back(static_cast<int>(state));
    }
  }
  return out;
}

} // namespace

TEST_CASE("forward-backward and Viterbi: against every path, scaled and in logarithms") {
  CHECK(rc::check([] {
    Random random{*rc::gen::arbitrary<std::uint32_t>()};
    const auto k = *rc::gen::inRange<Index>(2, 6);
    const auto size = *rc::gen::inRange<Index>(1, k < 4 ? 7 : 5);
    const auto start = random_distribution(k, random);
    auto a = random_transition(k, random);
    if (*rc::gen::arbitrary<bool>()) { // a chain that never falls back
      a(k - 1, 0) = 0.0;
      a.row(k - 1) /= a.row(k - 1).sum();
    }
    const auto b = random_emissions(size, k, random);
    const Enumerated all{start, a, b};
    for (const auto scale : {ForwardBackwardScale::AUTO, ForwardBackwardScale::LOGARITHMS}) {
      ForwardBackward recursions;
      RC_ASSERT(!recursions.run(start, a, b, scale));
      RC_ASSERT(std::abs(recursions.log_likelihood() - std::log(all.likelihood)) < 1e-10);
      RC_ASSERT((recursions.smoothed() - all.smoothed).cwiseAbs().maxCoeff() < 1e-10);
      RC_ASSERT((recursions.transitions() - all.transitions).cwiseAbs().maxCoeff() < 1e-10);
      RC_ASSERT((recursions.filtered().row(size - 1) - all.smoothed.row(size - 1)).norm() < 1e-10);
    }
    const auto path = viterbi(start, a, b);
    RC_ASSERT(path.has_value());
    RC_ASSERT(path->states == all.best_path);
    RC_ASSERT(std::abs(path->log_likelihood - all.best) < 1e-10);
  }));
}

// Russell & Norvig, Artificial Intelligence: A Modern Approach (2010), section 15.2
TEST_CASE("forward-backward: the umbrella world's published 0.818, 0.883 and 0.627") {
  const VectorXd start = VectorXd::Constant(2, 0.5);
  const MatrixXd a{{0.7, 0.3}, {0.3, 0.7}};
  const RowMatrix b = MatrixXd{{0.9, 0.2}, {0.9, 0.2}}.array().log();
  ForwardBackward recursions;
  REQUIRE_FALSE(recursions.run(start, a, b).has_value());
  CHECK(std::abs(recursions.filtered()(0, 0) - 0.818) < 5e-4);
  CHECK(std::abs(recursions.filtered()(1, 0) - 0.883) < 5e-4);
  CHECK(std::abs(recursions.smoothed()(0, 0) - 0.883) < 5e-4);
  const VectorXd predicted = a.transpose() * recursions.filtered().row(0).transpose();
  CHECK(std::abs(predicted[0] - 0.627) < 5e-4);
}

TEST_CASE("forward-backward: a state that was all but excluded comes back") {
  // without transitions the only question is which state it has been all along
  const MatrixXd a = MatrixXd::Identity(2, 2);
  RowMatrix b = RowMatrix::Zero(1000, 2);
  b.col(1).head(500).setConstant(-10.0); // e^-5000 after the first half
  b.col(0).tail(500).setConstant(-10.01);
  ForwardBackward recursions;
  REQUIRE_FALSE(recursions.run(VectorXd::Constant(2, 0.5), a, b).has_value());
  CHECK(recursions.filtered()(499, 1) == 0.0);
  CHECK(recursions.smoothed()(0, 1) == doctest::Approx(1.0 / (1.0 + std::exp(-5.0))));
}

TEST_CASE("forward-backward: refusals") {
  const VectorXd start = VectorXd::Constant(2, 0.5);
  const MatrixXd a = MatrixXd::Constant(2, 2, 0.5);
  RowMatrix b = RowMatrix::Zero(4, 2);
  ForwardBackward recursions;
  CHECK(recursions.run(VectorXd::Ones(2), a, b) == Reason::BAD_PARAMETER);
  CHECK(recursions.run(start, MatrixXd::Ones(2, 2), b) == Reason::BAD_PARAMETER);
  CHECK(recursions.run(start, a, RowMatrix::Zero(4, 3)) == Reason::BAD_SHAPE);
  b(2, 0) = -infinity;
  CHECK_FALSE(recursions.run(start, a, b).has_value());
  b(2, 1) = -infinity;
  CHECK(recursions.run(start, a, b) == Reason::DEGENERATE);
  CHECK(viterbi(start, a, b).reason() == Reason::DEGENERATE);
  b(2, 1) = std::numeric_limits<double>::quiet_NaN();
  CHECK(recursions.run(start, a, b) == Reason::BAD_SAMPLE);
}

TEST_CASE("chain: the stationary distribution stays, durations, and chains that fall apart") {
  CHECK(rc::check([] {
    Random random{*rc::gen::arbitrary<std::uint32_t>()};
    const auto a = random_transition(*rc::gen::inRange<Index>(1, 7), random);
    const auto pi = stationary_distribution(a);
    RC_ASSERT(pi.has_value());
    RC_ASSERT((a.transpose() * *pi - *pi).norm() < 1e-12);
    RC_ASSERT(std::abs(pi->sum() - 1.0) < 1e-12);
  }));
  CHECK(stationary_distribution(MatrixXd::Identity(2, 2)).reason() == Reason::DEGENERATE);
  CHECK(stationary_distribution(MatrixXd::Ones(2, 2)).reason() == Reason::BAD_PARAMETER);
  const VectorXd durations = expected_durations(MatrixXd{{0.75, 0.25}, {0.0, 1.0}});
  CHECK(durations[0] == doctest::Approx(4.0));
  CHECK(durations[1] == infinity);
}

TEST_CASE("hmm: the filter is the batch, one by one") {
  CHECK(rc::check([] {
    const auto x = simulated(two_states(), 60, *rc::gen::arbitrary<std::uint32_t>());
    const auto inference = infer(two_states(), x);
    RC_ASSERT(inference.has_value());
    HmmFilter filter{two_states()};
    for (Index t = 0; t < x.rows(); ++t) {
      RC_ASSERT(filter.update(x.row(t).transpose()));
      RC_ASSERT((filter.filtered().transpose() - inference->filtered.row(t)).norm() < 1e-12);
      RC_ASSERT(std::abs(filter.filtered().sum() - 1.0) < 1e-12);
    }
    RC_ASSERT(std::abs(filter.log_likelihood() - inference->log_likelihood) < 1e-9);
    RC_ASSERT((filter.predicted() - inference->next).norm() < 1e-12);
    const auto before = filter.filtered();
    RC_ASSERT(!filter.update(VectorXd::Constant(1, std::numeric_limits<double>::quiet_NaN())));
    RC_ASSERT(!filter.update(VectorXd::Zero(2)));
    RC_ASSERT(filter.filtered() == before);
  }));
}

TEST_CASE("hmm: Baum-Welch never lowers the likelihood, whatever the covariances") {
  GaussianHmm model;
  model.start = VectorXd::Constant(2, 0.5);
  model.transition = MatrixXd{{0.9, 0.1}, {0.2, 0.8}};
  model.states.means = MatrixXd{{0.3, 0.0}, {-0.2, 0.5}};
  model.states.covariances = {MatrixXd{{1.0, 0.5}, {0.5, 2.0}}, MatrixXd{{3.0, -0.5}, {-0.5, 1.0}}};
  const auto x = simulated(model, 300, 4);
  for (const auto type : {CovarianceType::FULL, CovarianceType::DIAGONAL, CovarianceType::SPHERICAL,
                          CovarianceType::TIED}) {
    HmmSettings settings;
    settings.covariance = type;
    auto at = model;
    at = em_step(at, x, settings)->model; // into the restricted family
    double before = -infinity;
    for (int i = 0; i < 30; ++i) {
      const auto step = em_step(at, x, settings);
      REQUIRE(step.has_value());
      CHECK(step->log_likelihood_before >= before - 1e-9);
      before = step->log_likelihood_before;
      at = step->model;
      CHECK(at.usable());
    }
    const auto& c = at.states.covariances;
    CHECK((c[0] == c[1]) == (type == CovarianceType::TIED));
    CHECK((c[0](0, 1) == 0.0)
          == (type == CovarianceType::DIAGONAL || type == CovarianceType::SPHERICAL));
    CHECK((c[0](0, 0) == c[0](1, 1)) == (type == CovarianceType::SPHERICAL));
  }
}

TEST_CASE("hmm: several starts find the model of a simulated series, calm state first") {
  std::vector<int> truth;
  const auto x = simulated(two_states(), 3000, 6, &truth);
  const auto fit = fit_hmm(x, 2);
  REQUIRE(fit.has_value());
  CHECK(fit->converged);
  CHECK(fit->log_likelihood >= infer(two_states(), x)->log_likelihood);
  CHECK(fit->start_log_likelihoods.size() == 8);
  CHECK(fit->model.states.covariances[0](0, 0) == doctest::Approx(0.25).epsilon(0.1));
  CHECK(fit->model.states.covariances[1](0, 0) == doctest::Approx(4.0).epsilon(0.1));
  CHECK(fit->model.transition(0, 0) == doctest::Approx(0.98).epsilon(0.01));
  CHECK(fit->model.transition(1, 1) == doctest::Approx(0.95).epsilon(0.02));
  const auto path = most_probable_path(fit->model, x);
  REQUIRE(path.has_value());
  int equal = 0;
  for (std::size_t t = 0; t < truth.size(); ++t) {
    equal += truth[t] == path->states[t] ? 1 : 0;
  }
  CHECK(equal > 2700);
}

TEST_CASE("hmm: the same seed gives the same model, to the bit") {
  const auto x = simulated(two_states(), 400, 8);
  const auto a = fit_hmm(x, 3);
  const auto b = fit_hmm(x, 3);
  REQUIRE((a.has_value() && b.has_value()));
  CHECK(a->log_likelihood == b->log_likelihood);
  CHECK(a->model.transition == b->model.transition);
}

TEST_CASE("hmm: a state cannot collapse onto one observation") {
  auto x = simulated(two_states(), 300, 9);
  x(100, 0) = 1000.0;
  HmmSettings settings;
  settings.variance_floor = 1e-3;
  const double variance = (x.array() - x.mean()).square().mean();
  const auto fit = fit_hmm(x, 3, settings);
  REQUIRE(fit.has_value());
  for (const auto& covariance : fit->model.states.covariances) {
    CHECK(covariance(0, 0) >= 1e-3 * variance * (1 - 1e-12));
  }
}

TEST_CASE("hmm: refusals") {
  const auto x = simulated(two_states(), 100, 10);
  CHECK(fit_hmm(x, 1).reason() == Reason::BAD_PARAMETER);
  CHECK(fit_hmm(x.topRows(15), 2).reason() == Reason::TOO_SHORT);
  CHECK(fit_hmm(MatrixXd::Ones(100, 1), 2).reason() == Reason::DEGENERATE);
  MatrixXd broken = x;
  broken(5, 0) = std::numeric_limits<double>::quiet_NaN();
  CHECK(fit_hmm(broken, 2).reason() == Reason::BAD_SAMPLE);
  CHECK(infer(two_states(), broken).reason() == Reason::BAD_SAMPLE);
  CHECK(infer(two_states(), MatrixXd::Zero(5, 2)).reason() == Reason::BAD_SHAPE);
  auto model = two_states();
  model.states.covariances[0](0, 0) = -1.0;
  CHECK(infer(model, x).reason() == Reason::BAD_PARAMETER);
  CHECK(em_step(model, x).reason() == Reason::BAD_PARAMETER);
  CHECK_THROWS_AS(HmmFilter{model}, std::invalid_argument);
}

TEST_CASE("mixture: finds two clusters, with its information criteria") {
  GaussianHmm independent;
  independent.start = VectorXd{{0.3, 0.7}};
  independent.transition = MatrixXd{{0.3, 0.7}, {0.3, 0.7}};
  independent.states.means = MatrixXd{{3.0, 3.0}, {0.0, 0.0}};
  independent.states.covariances = {MatrixXd{{0.5, 0.2}, {0.2, 0.5}}, MatrixXd::Identity(2, 2)};
  const auto x = simulated(independent, 2000, 11);
  const auto fit = fit_mixture(x, 2);
  REQUIRE(fit.has_value());
  CHECK(fit->converged);
  CHECK(fit->model.weights[0] == doctest::Approx(0.3).epsilon(0.15));
  CHECK(fit->model.states.means(0, 0) == doctest::Approx(3.0).epsilon(0.05));
  CHECK(fit->bic == doctest::Approx(11 * std::log(2000.0) - 2 * fit->log_likelihood));
  CHECK(fit->aic == doctest::Approx(22.0 - 2 * fit->log_likelihood));
  const auto inference = infer(fit->model, x);
  REQUIRE(inference.has_value());
  CHECK(inference->log_likelihood == doctest::Approx(fit->log_likelihood).epsilon(1e-9));
  CHECK((inference->responsibilities.rowwise().sum().array() - 1.0).abs().maxCoeff() < 1e-12);
  CHECK(fit_mixture(x, 0).reason() == Reason::BAD_PARAMETER);
  CHECK(fit_mixture(x.topRows(15), 2).reason() == Reason::TOO_SHORT);
}
