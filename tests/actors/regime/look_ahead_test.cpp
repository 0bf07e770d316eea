#include "quant/markov/hmm_fit.hpp"
#include "quant/markov/markov_switching_fit.hpp"
#include "recorded_bars.hpp"
#include "synthetic.hpp"

#include <limits>
#include <span>

/// What was said at a bar was known then: cutting off the future changes nothing before the cut.
/// Over the hourly bars of twelve coins, where they are at hand.
using namespace troupe;
using regime::Classifier;
using regime::Settings;
using regime::synthetic::said_by;

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Everything a classifier tells after a bar.
struct Told {
  regime::synthetic::Said said;
  std::map<std::string, double> features;
  friend bool operator==(const Told&, const Told&) = default;
};

/// @param at  told where these many bars were taken, ascending
std::vector<Told> told(std::span<const trading::Bar> bars, const std::vector<std::size_t>& at) {
  const Settings settings;
  Classifier classifier{settings, trading::intervals::h1};
  std::vector<Told> out;
  std::size_t taken = 0;
  for (const auto& bar : bars) {
    static_cast<void>(classifier.apply(bar));
    ++taken;
    if (std::find(at.begin(), at.end(), taken) != at.end()) {
      out.push_back({said_by(classifier), classifier.features().to_map()});
    }
  }
  return out;
}

/// Log returns in per cent, shape (T).
VectorXd returns_of(std::span<const trading::Bar> bars) {
  VectorXd out(static_cast<Index>(bars.size()) - 1);
  for (Index i = 0; i < out.size(); ++i) {
    const auto t = static_cast<std::size_t>(i);
    out[i] = 100.0 * std::log(bars[t + 1].close.to_double() / bars[t].close.to_double());
  }
  return out;
}

double difference(const MatrixXd& a, const MatrixXd& b) {
  return (a - b).cwiseAbs().maxCoeff();
}

constexpr Index fitted_on = 1'500; ///< returns up to the time of a fit
const std::vector<Index> cuts{6'000, 15'000};

/// The returns up to a time; what lies beyond is poison, so that a routine that reads it shows.
VectorXd poisoned(const VectorXd& returns, Index known) {
  VectorXd out = returns;
  out.tail(out.size() - known).setConstant(std::numeric_limits<double>::quiet_NaN());
  return out;
}

} // namespace

TEST_CASE("no look-ahead: the classifier of twelve coins at several cuts") {
  if (!test::have_recorded(test::hourly_bars)) {
    return;
  }
  const std::vector<std::size_t> at{29, 500, 5'000, 9'999, 17'777, 23'000};
  for (const char* coin : test::hourly_coins) {
    CAPTURE(coin);
    const auto bars = test::recorded_bars(test::hourly_bars, coin);
    const auto whole = told(bars, at);
    REQUIRE(whole.size() == at.size());
    for (std::size_t i = 0; i < at.size(); ++i) {
      CAPTURE(at[i]);
      const auto part = told(std::span{bars}.first(at[i]), at);
      REQUIRE(part.size() == i + 1);
      CHECK(std::equal(part.begin(), part.end(), whole.begin()));
    }
  }
}

TEST_CASE("no look-ahead: hidden Markov models of twelve coins, fitted and filtered up to a time") {
  if (!test::have_recorded(test::hourly_bars)) {
    return;
  }
  quant::HmmSettings settings;
  settings.starts = 3;
  settings.iterations_max = 60;
  for (const char* coin : test::hourly_coins) {
    CAPTURE(coin);
    const auto returns = returns_of(test::recorded_bars(test::hourly_bars, coin));
    for (const Index cut : cuts) {
      CAPTURE(cut);
      const VectorXd hidden = poisoned(returns, cut);
      const auto fit = quant::fit_hmm(returns.segment(cut - fitted_on, fitted_on), 3, settings);
      const auto blind = quant::fit_hmm(hidden.segment(cut - fitted_on, fitted_on), 3, settings);
      REQUIRE(fit.has_value());
      REQUIRE(blind.has_value());
      CHECK(fit->log_likelihood == blind->log_likelihood);
      CHECK(fit->model.transition == blind->model.transition);
      // probabilities of the bars up to the cut, with and without the bars after it
      const Index beyond = cut + 500;
      const auto part = quant::infer(fit->model, returns.head(cut));
      const auto whole = quant::infer(fit->model, returns.head(beyond));
      REQUIRE(part.has_value());
      REQUIRE(whole.has_value());
      CHECK(difference(part->filtered, whole->filtered.topRows(cut)) < 1e-12);
      CHECK(difference(part->smoothed, whole->smoothed.topRows(cut)) > 1e-6); // these look ahead
      quant::HmmFilter filter{fit->model};
      for (Index t = 0; t < cut; ++t) {
        REQUIRE(filter.update(hidden.segment(t, 1)));
      }
      CHECK(difference(filter.filtered(), part->filtered.row(cut - 1).transpose()) < 1e-9);
    }
  }
}

TEST_CASE("no look-ahead: Markov switching of twelve coins, fitted and filtered up to a time") {
  if (!test::have_recorded(test::hourly_bars)) {
    return;
  }
  quant::SwitchingSettings settings;
  settings.starts = 2;
  for (const char* coin : test::hourly_coins) {
    CAPTURE(coin);
    const auto returns = returns_of(test::recorded_bars(test::hourly_bars, coin));
    for (const Index cut : cuts) {
      CAPTURE(cut);
      const VectorXd hidden = poisoned(returns, cut);
      const auto fit =
        quant::fit_markov_switching(returns.segment(cut - fitted_on, fitted_on), 2, 0, settings);
      const auto blind =
        quant::fit_markov_switching(hidden.segment(cut - fitted_on, fitted_on), 2, 0, settings);
      REQUIRE(fit.has_value());
      REQUIRE(blind.has_value());
      CHECK(fit->log_likelihood == blind->log_likelihood);
      CHECK(fit->model.variances == blind->model.variances);
      const Index beyond = cut + 500;
      const auto part = quant::infer(fit->model, returns.head(cut));
      const auto whole = quant::infer(fit->model, returns.head(beyond));
      REQUIRE(part.has_value());
      REQUIRE(whole.has_value());
      CHECK(difference(part->filtered, whole->filtered.topRows(cut)) < 1e-12);
      CHECK(difference(part->smoothed, whole->smoothed.topRows(cut)) > 1e-6);
      quant::SwitchingFilter filter{fit->model};
      for (Index t = 0; t < cut; ++t) {
        REQUIRE(filter.update(hidden[t]));
      }
      CHECK(difference(filter.filtered(), part->filtered.row(cut - 1).transpose()) < 1e-9);
    }
  }
}
