#include "quant/markov/gaussian_hmm.hpp"
#include "quant/markov/markov_switching_fit.hpp"
#include "quant/random.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <numbers>
#include <rapidcheck.h>
#include <string>

using namespace troupe::quant;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

MarkovSwitchingModel model_of(Index order) {
  MarkovSwitchingModel m;
  m.transition = MatrixXd{{0.9, 0.1}, {0.25, 0.75}};
  m.means = VectorXd{{1.0, -0.5}};
  m.variances = VectorXd{{0.6, 1.4}};
  m.autoregression = VectorXd::LinSpaced(order, 0.3, -0.2);
  return m;
}

VectorXd simulated(const MarkovSwitchingModel& m, Index size, std::uint64_t seed) {
  Random random{seed};
  VectorXd y(size);
  VectorXd deviation = VectorXd::Zero(size + 100);
  Index regime = 0;
  for (Index t = 0; t < size + 100; ++t) {
    if (random.uniform() > m.transition(regime, regime)) {
      regime = 1 - regime;
    }
    deviation[t] = std::sqrt(m.variances[regime]) * random.normal();
    for (Index i = 0; i < m.order() && i < t; ++i) {
      deviation[t] += m.autoregression[i] * deviation[t - 1 - i];
    }
    if (t >= 100) {
      y[t - 100] = m.means[regime] + deviation[t];
    }
  }
  return y;
}

/// Every path of regimes, with those before the first used observation.
struct EnumeratedPaths {
  double likelihood = 0.0;
  RowMatrix smoothed;

  EnumeratedPaths(const MarkovSwitchingModel& m, const VectorXd& y) {
    const Index k = m.regimes();
    const Index p = m.order();
    const VectorXd pi = *stationary_distribution(m.transition);
    smoothed = RowMatrix::Zero(y.size() - p, k);
    auto paths =
      static_cast<Index>(std::pow(static_cast<double>(k), static_cast<double>(y.size())));
    for (Index code = 0; code < paths; ++code) {
      std::vector<Index> s;
      for (Index t = 0, rest = code; t < y.size(); ++t, rest /= k) {
        s.push_back(rest % k);
      }
      double probability = pi[s[0]];
      for (std::size_t t = 1; t < s.size(); ++t) {
        probability *= m.transition(s[t - 1], s[t]);
      }
      for (Index t = p; t < y.size(); ++t) {
        const auto at = static_cast<std::size_t>(t);
        double e = y[t] - m.means[s[at]];
        for (Index i = 0; i < p; ++i) {
          e -=
            m.autoregression[i] * (y[t - 1 - i] - m.means[s[at - 1 - static_cast<std::size_t>(i)]]);
        }
        const double variance = m.variances[s[at]];
        probability *=
          std::exp(-0.5 * e * e / variance) / std::sqrt(2 * std::numbers::pi * variance);
      }
      likelihood += probability;
      for (Index t = p; t < y.size(); ++t) {
        smoothed(t - p, s[static_cast<std::size_t>(t)]) += probability;
      }
    }
    smoothed /= likelihood;
  }
};

} // namespace

TEST_CASE("markov switching: filter and smoother against every path of regimes") {
  for (const Index order : {0, 1, 2, 3}) {
    const auto m = model_of(order);
    const VectorXd y = simulated(m, order + 7, 3);
    const EnumeratedPaths all{m, y};
    const auto out = infer(m, y);
    REQUIRE(out.has_value());
    CHECK(out->log_likelihood == doctest::Approx(std::log(all.likelihood)).epsilon(1e-12));
    CHECK((out->smoothed - all.smoothed).cwiseAbs().maxCoeff() < 1e-12);
    CHECK((out->filtered.row(6) - all.smoothed.row(6)).cwiseAbs().maxCoeff() < 1e-12);
  }
}

TEST_CASE("markov switching: without autoregression it is the HMM that starts stationary") {
  CHECK(rc::check([] {
    const auto m = model_of(0);
    const VectorXd y = simulated(m, 80, *rc::gen::arbitrary<std::uint32_t>());
    GaussianHmm hmm;
    hmm.start = *stationary_distribution(m.transition);
    hmm.transition = m.transition;
    hmm.states.means = m.means;
    hmm.states.covariances = {MatrixXd::Constant(1, 1, m.variances[0]),
                              MatrixXd::Constant(1, 1, m.variances[1])};
    const auto ours = infer(m, y);
    const auto other = infer(hmm, y);
    RC_ASSERT(ours.has_value() && other.has_value());
    RC_ASSERT(std::abs(ours->log_likelihood - other->log_likelihood) < 1e-9);
    RC_ASSERT((ours->filtered - other->filtered).cwiseAbs().maxCoeff() < 1e-11);
    RC_ASSERT((ours->smoothed - other->smoothed).cwiseAbs().maxCoeff() < 1e-11);
    RC_ASSERT((ours->next - other->next).norm() < 1e-11);
  }));
}

TEST_CASE("markov switching: probabilities are such, and the filter is the batch") {
  for (const Index order : {0, 2}) {
    const auto m = model_of(order);
    const VectorXd y = simulated(m, 200, 4);
    const auto out = infer(m, y);
    REQUIRE(out.has_value());
    for (const auto* probabilities : {&out->predicted, &out->filtered, &out->smoothed}) {
      CHECK((probabilities->rowwise().sum().array() - 1.0).abs().maxCoeff() < 1e-12);
      CHECK(probabilities->minCoeff() >= 0.0);
    }
    SwitchingFilter filter{m};
    for (Index t = 0; t < y.size(); ++t) {
      REQUIRE(filter.update(y[t]));
      if (t >= order) {
        CHECK((filter.filtered().transpose() - out->filtered.row(t - order)).norm() < 1e-12);
      }
    }
    CHECK(filter.log_likelihood() == doctest::Approx(out->log_likelihood).epsilon(1e-12));
    CHECK((filter.predicted() - out->next).norm() < 1e-12);
    CHECK_FALSE(filter.update(std::numeric_limits<double>::quiet_NaN()));
    CHECK((filter.predicted() - out->next).norm() < 1e-12);
  }
}

TEST_CASE("markov switching: the gradient is the likelihood's") {
  for (const Index order : {0, 1, 3}) {
    const auto m = model_of(order);
    const VectorXd y = simulated(m, 60, 5);
    const auto score = switching_score(m, y);
    REQUIRE(score.has_value());
    const auto slope = [&](auto&& change) {
      auto up = m;
      auto down = m;
      change(up, 1e-6);
      change(down, -1e-6);
      return (infer(up, y)->log_likelihood - infer(down, y)->log_likelihood) / 2e-6;
    };
    for (Index i = 0; i < 2; ++i) {
      const double by_mean = slope([i](auto& at, double h) { at.means[i] += h; });
      CHECK(std::abs(score->means[i] - by_mean) < 1e-5 * (1 + std::abs(by_mean)));
      const double by_variance = slope([i](auto& at, double h) { at.variances[i] *= std::exp(h); });
      CHECK(std::abs(score->log_variances[i] - by_variance) < 1e-5 * (1 + std::abs(by_variance)));
      const double by_row = slope([i](auto& at, double h) {
        at.transition(i, 0) += h;
        at.transition(i, 1) -= h;
      });
      CHECK(std::abs(score->transition(i, 0) - score->transition(i, 1) - by_row)
            < 1e-5 * (1 + std::abs(by_row)));
    }
    for (Index i = 0; i < order; ++i) {
      const double by_phi = slope([i](auto& at, double h) { at.autoregression[i] += h; });
      CHECK(std::abs(score->autoregression[i] - by_phi) < 1e-5 * (1 + std::abs(by_phi)));
    }
  }
}

TEST_CASE("markov switching: a fit finds the model of a simulated series") {
  const auto m = model_of(1);
  const VectorXd y = simulated(m, 1500, 6);
  const auto fit = fit_markov_switching(y, 2, 1);
  REQUIRE(fit.has_value());
  CHECK(fit->converged);
  CHECK(fit->log_likelihood >= infer(m, y)->log_likelihood);
  CHECK(fit->log_likelihood
        == doctest::Approx(infer(fit->model, y)->log_likelihood).epsilon(1e-10));
  CHECK(fit->model.variances[0] < fit->model.variances[1]);
  CHECK(std::abs(fit->model.means[0] - 1.0) < 0.35);
  CHECK(std::abs(fit->model.means[1] + 0.5) < 0.5);
  CHECK(std::abs(fit->model.autoregression[0] - m.autoregression[0]) < 0.15);
  const auto from = fit_markov_switching_from(m, y);
  REQUIRE(from.has_value());
  CHECK(from->log_likelihood <= fit->log_likelihood + 1e-4);
}

TEST_CASE("markov switching: units do not matter, and a common variance is common") {
  const auto m = model_of(0);
  const VectorXd y = simulated(m, 500, 7);
  SwitchingSettings settings;
  settings.switching_variance = false;
  const auto fit = fit_markov_switching(y, 2, 0, settings);
  const VectorXd scaled = (1e-3 * y.array() + 5.0).matrix();
  const auto other = fit_markov_switching(scaled, 2, 0, settings);
  REQUIRE((fit.has_value() && other.has_value()));
  CHECK(fit->model.variances[0] == fit->model.variances[1]);
  CHECK(fit->model.means[0] <= fit->model.means[1]);
  CHECK(other->model.means[0] == doctest::Approx(1e-3 * fit->model.means[0] + 5.0).epsilon(1e-6));
  CHECK(other->log_likelihood
        == doctest::Approx(fit->log_likelihood - 500 * std::log(1e-3)).epsilon(1e-8));
}

// Hamilton, Econometrica 57 (1989), Table I and page 374: US real GNP growth, 1951:II to 1984:IV
TEST_CASE("markov switching: durations of Hamilton's published chain, 4.1 and 10.5 quarters") {
  const double p = 0.9049;
  const double q = 0.7550;
  const MatrixXd transition{{q, 1 - q}, {1 - p, p}};
  const auto durations = expected_durations(transition);
  CHECK(std::abs(durations[0] - 4.1) < 0.05);
  CHECK(std::abs(durations[1] - 10.5) < 0.05);
  const auto pi = stationary_distribution(transition);
  REQUIRE(pi.has_value());
  CHECK((*pi)[1] == doctest::Approx((1 - q) / (2 - p - q)).epsilon(1e-12));
}

TEST_CASE("markov switching: Hamilton's published estimates are the maximum over his data") {
  const std::filesystem::path file{TROUPE_SOURCE_DIR "/../shared/oracles/data/hamilton_rgnp.csv"};
  std::ifstream in{file};
  if (!in) {
    MESSAGE("skipped: no " << file.string());
    return;
  }
  std::string line;
  std::getline(in, line);
  std::vector<double> values;
  while (std::getline(in, line)) {
    values.push_back(std::stod(line));
  }
  const VectorXd y = Eigen::Map<const VectorXd>(values.data(), static_cast<Index>(values.size()));
  SwitchingSettings settings;
  settings.switching_variance = false;
  const auto fit = fit_markov_switching(y, 2, 4, settings);
  REQUIRE(fit.has_value());
  const auto& m = fit->model;
  CHECK(std::abs(m.means[0] + 0.3577) < 0.005);
  CHECK(std::abs(m.means[1] - 1.1643) < 0.005);
  CHECK(std::abs(m.transition(0, 0) - 0.7550) < 0.005);
  CHECK(std::abs(m.transition(1, 1) - 0.9049) < 0.005);
  CHECK(std::abs(std::sqrt(m.variances[0]) - 0.7690) < 0.005);
  const VectorXd phi{{0.014, -0.058, -0.247, -0.213}};
  CHECK((m.autoregression - phi).cwiseAbs().maxCoeff() < 0.005);
}

TEST_CASE("markov switching: refusals") {
  const auto m = model_of(1);
  const VectorXd y = simulated(m, 100, 8);
  CHECK(infer(m, y.head(1)).reason() == Reason::TOO_SHORT);
  CHECK(fit_markov_switching(y.head(20), 2).reason() == Reason::TOO_SHORT);
  CHECK(fit_markov_switching(y, 1).reason() == Reason::BAD_PARAMETER);
  CHECK(fit_markov_switching(y, 2, 7).reason() == Reason::BAD_PARAMETER);
  CHECK(fit_markov_switching(VectorXd::Constant(100, 2.0), 2).reason() == Reason::DEGENERATE);
  VectorXd broken = y;
  broken[3] = std::numeric_limits<double>::infinity();
  CHECK(infer(m, broken).reason() == Reason::BAD_SAMPLE);
  CHECK(fit_markov_switching(broken, 2).reason() == Reason::BAD_SAMPLE);
  auto apart = m;
  apart.transition.setIdentity();
  CHECK(infer(apart, y).reason() == Reason::DEGENERATE);
  CHECK_THROWS_AS(SwitchingFilter{apart}, std::invalid_argument);
  apart.variances[0] = 0.0;
  CHECK(infer(apart, y).reason() == Reason::BAD_PARAMETER);
  CHECK_THROWS_AS(SwitchingFilter{apart}, std::invalid_argument);
  auto large = m;
  large.autoregression = VectorXd::Zero(12);
  CHECK_FALSE(large.usable());
}
