// Volatility and regime kernels on one core: fits, steps of a filter, indicators per bar.
//   bench_quant_vol [--benchmark_filter=garch]
#include "quant/indicators/adx.hpp"
#include "quant/markov/hmm_fit.hpp"
#include "quant/markov/markov_switching_fit.hpp"
#include "quant/random.hpp"
#include "quant/volatility/dcc_fit.hpp"
#include "quant/volatility/hurst.hpp"
#include "quant/volatility/realised.hpp"

#include <Eigen/Cholesky>

#include <benchmark/benchmark.h>
#include <cmath>
#include <cstdlib>
#include <iostream>

namespace {

using namespace troupe::quant; // NOLINT(google-build-using-namespace): a program of its own
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

template <class T>
T value_of(Expected<T> result) {
  if (!result) {
    std::cerr << "refused: " << name(result.reason()) << '\n';
    std::exit(1);
  }
  return *std::move(result);
}

/// GARCH(1,1) returns of `series` columns with one common factor, whose weight comes and goes over
/// 250 bars: correlations that stand still leave a DCC's parameters undecided.
MatrixXd garch_returns(Index size, Index series) {
  Random random{7};
  MatrixXd out(size, series);
  VectorXd h = VectorXd::Ones(series);
  for (Index t = 0; t < size; ++t) {
    const double common = random.normal();
    const double weight = 0.6 + 0.3 * std::sin(static_cast<double>(t) * 2.0 * M_PI / 250.0);
    const double rest = std::sqrt(1.0 - weight * weight);
    for (Index i = 0; i < series; ++i) {
      const double e = std::sqrt(h[i]) * (weight * common + rest * random.normal());
      out(t, i) = e;
      h[i] = 0.03 + 0.08 * e * e + 0.89 * h[i];
    }
  }
  return out;
}

/// Returns of three regimes of different volatility.
VectorXd regime_returns(Index size) {
  Random random{9};
  VectorXd out(size);
  Index regime = 0;
  for (double& x : out) {
    if (random.uniform() < 0.02) {
      regime = random.below(3);
    }
    x = (0.05 - 0.05 * static_cast<double>(regime))
        + std::pow(2.0, static_cast<double>(regime)) * 0.5 * random.normal();
  }
  return out;
}

struct Bars {
  VectorXd open, high, low, close;

  explicit Bars(Index size) : open(size), high(size), low(size), close(size) {
    Random random{11};
    double price = 100.0;
    for (Index t = 0; t < size; ++t) {
      open[t] = price;
      price *= std::exp(0.01 * random.normal());
      close[t] = price;
      high[t] = std::max(open[t], price) * (1.0 + 0.002 * random.uniform());
      low[t] = std::min(open[t], price) * (1.0 - 0.002 * random.uniform());
    }
  }
};

const Bars& bars() {
  static const Bars out{1'000'000};
  return out;
}

void garch(benchmark::State& state, const GarchModel& model) {
  const VectorXd r = garch_returns(2000, 1).col(0);
  GarchFitSettings settings;
  settings.model = model;
  for (auto _ : state) {
    benchmark::DoNotOptimize(value_of(fit_garch(r, settings)).log_likelihood);
  }
}
BENCHMARK_CAPTURE(garch, gaussian_fit_2000, GarchModel{})->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(garch, gjr_fit_2000, GarchModel{true})->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(garch, student_fit_2000, GarchModel{false, Innovation::STUDENT_T})
  ->Unit(benchmark::kMicrosecond);

void dcc(benchmark::State& state, Index series, DccLikelihood likelihood) {
  const MatrixXd returns = garch_returns(2000, series);
  DccSettings settings;
  settings.likelihood = likelihood;
  for (auto _ : state) {
    benchmark::DoNotOptimize(value_of(fit_dcc(returns, {}, settings)).correlations.parameters.a);
  }
}
BENCHMARK_CAPTURE(dcc, full_fit_10x2000, 10, DccLikelihood::FULL)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(dcc, full_fit_4x2000, 4, DccLikelihood::FULL)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(dcc, pairs_fit_100x2000, 100, DccLikelihood::PAIRS)
  ->Unit(benchmark::kMillisecond);

void dcc_step_500(benchmark::State& state) {
  MatrixXd target = MatrixXd::Constant(500, 500, 0.3);
  target.diagonal().setOnes();
  DccFilter filter{{0.03, 0.95}, target};
  Random random{3};
  VectorXd z(500);
  for (double& x : z) {
    x = random.normal();
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(filter.update(z));
  }
}
BENCHMARK(dcc_step_500)->Unit(benchmark::kMicrosecond);

GaussianHmm three_states() {
  GaussianHmm model;
  model.start = VectorXd::Constant(3, 1.0 / 3.0);
  model.transition = MatrixXd::Constant(3, 3, 0.02);
  model.transition.diagonal().setConstant(0.96);
  model.states.means = MatrixXd::Zero(3, 1);
  for (const double variance : {0.3, 1.0, 3.0}) {
    model.states.covariances.push_back(MatrixXd::Constant(1, 1, variance));
  }
  return model;
}

void hmm_20_iterations(benchmark::State& state) {
  const VectorXd x = regime_returns(state.range(0));
  HmmSettings settings;
  settings.iterations_max = 20;
  settings.tolerance = 0.0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(value_of(fit_hmm_from(three_states(), x, settings)).log_likelihood);
  }
}
BENCHMARK(hmm_20_iterations)->Arg(20'000)->Arg(1859)->Unit(benchmark::kMillisecond);

void markov_switching_fit_1859(benchmark::State& state) {
  const VectorXd y = regime_returns(1859);
  MarkovSwitchingModel start;
  start.transition = MatrixXd{{0.97, 0.03}, {0.05, 0.95}};
  start.means = VectorXd{{0.1, -0.1}};
  start.variances = VectorXd{{0.5, 2.5}};
  for (auto _ : state) {
    benchmark::DoNotOptimize(value_of(fit_markov_switching_from(start, y)).log_likelihood);
  }
}
BENCHMARK(markov_switching_fit_1859)->Unit(benchmark::kMillisecond);

void adx_1m(benchmark::State& state) {
  const Bars& b = bars();
  for (auto _ : state) {
    Adx running{14};
    for (Index t = 0; t < b.close.size(); ++t) {
      benchmark::DoNotOptimize(running.update(b.high[t], b.low[t], b.close[t]));
    }
  }
  state.SetItemsProcessed(state.iterations() * b.close.size());
}
BENCHMARK(adx_1m)->Unit(benchmark::kMillisecond);

void realised_1m(benchmark::State& state, VolatilityEstimator estimator) {
  const Bars& b = bars();
  for (auto _ : state) {
    RealisedVolatility running{estimator, 20};
    for (Index t = 0; t < b.close.size(); ++t) {
      benchmark::DoNotOptimize(running.update({b.open[t], b.high[t], b.low[t], b.close[t]}));
    }
  }
  state.SetItemsProcessed(state.iterations() * b.close.size());
}
BENCHMARK_CAPTURE(realised_1m, close_to_close, VolatilityEstimator::CLOSE_TO_CLOSE)
  ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(realised_1m, parkinson, VolatilityEstimator::PARKINSON)
  ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(realised_1m, garman_klass, VolatilityEstimator::GARMAN_KLASS)
  ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(realised_1m, rogers_satchell, VolatilityEstimator::ROGERS_SATCHELL)
  ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(realised_1m, yang_zhang, VolatilityEstimator::YANG_ZHANG)
  ->Unit(benchmark::kMillisecond);

void hurst_1m(benchmark::State& state) {
  const Bars& b = bars();
  for (auto _ : state) {
    HurstExponent running{500};
    for (const double close : b.close) {
      benchmark::DoNotOptimize(running.update(close));
    }
  }
  state.SetItemsProcessed(state.iterations() * b.close.size());
}
BENCHMARK(hurst_1m)->Unit(benchmark::kMillisecond);

} // namespace

BENCHMARK_MAIN();
