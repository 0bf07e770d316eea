// Kernels of quant/ on one core beside plain loops and beside BLAS alone; the peers of the same
// rows are timed by bench/peers/quant_peers.py and quant_peers.R.
//   bench_quant [RUNS]
#include "quant/covariance/ewma.hpp"
#include "quant/covariance/pca.hpp"
#include "quant/covariance/sample.hpp"
#include "quant/covariance/shrinkage.hpp"
#include "quant/indicators/adx.hpp"
#include "quant/indicators/atr.hpp"
#include "quant/indicators/bollinger.hpp"
#include "quant/indicators/choppiness.hpp"
#include "quant/indicators/rsi.hpp"
#include "quant/linear_algebra/dense.hpp"
#include "quant/portfolio/hierarchical.hpp"
#include "quant/portfolio/optimise.hpp"
#include "quant/portfolio/risk_budget.hpp"
#include "report.hpp"

#include <cmath>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace troupe::quant; // NOLINT(google-build-using-namespace): a program of its own
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index bars = 1'000'000;
constexpr Index instruments = 500;
constexpr Index days = 1000;

double sink = 0.0; // what is computed must not be thrown away

template <class T>
T value_of(Expected<T> result) {
  if (!result) {
    std::printf("refused: %s\n", std::string{name(result.reason())}.c_str());
    std::exit(1);
  }
  return *std::move(result);
}

double milliseconds(const std::function<void()>& work) {
  const auto start = troupe::bench::thread_cpu_ns();
  work();
  return static_cast<double>(troupe::bench::thread_cpu_ns() - start) / 1e6;
}

/// One kernel, alone or beside a limit run in turns with it.
struct Measured {
  std::string what;
  std::function<void()> ours;
  std::string beside;
  std::function<void()> limit;
};

void measure(const Measured& m, int runs) {
  std::vector<double> ours, theirs, ratio;
  m.ours(); // pages and caches
  for (int i = 0; i < runs; ++i) {
    ours.push_back(milliseconds(m.ours));
    if (m.limit) {
      theirs.push_back(milliseconds(m.limit));
      ratio.push_back(ours.back() / theirs.back());
    }
  }
  using troupe::bench::median;
  if (m.limit) {
    troupe::bench::print_row(m.what, median(ours), "ms", m.beside.c_str(), median(theirs),
                             median(ratio));
  } else {
    troupe::bench::print_row(m.what, median(ours), "ms");
  }
}

struct Prices {
  VectorXd high{bars}, low{bars}, close{bars};

  Prices() {
    std::mt19937_64 generator{7};
    std::normal_distribution<double> normal;
    double price = 100.0;
    for (Index t = 0; t < bars; ++t) {
      price *= std::exp(0.001 * normal(generator));
      close[t] = price;
      high[t] = price * (1.0 + 0.001 * std::abs(normal(generator)));
      low[t] = price * (1.0 - 0.001 * std::abs(normal(generator)));
    }
  }
};

/// Wilder's ADX as one would write it without checks, into arrays that exist already.
void plain_adx(
  const Prices& p, Index n, VectorXd& plus, VectorXd& minus, VectorXd& dx, VectorXd& out) {
  const auto length = static_cast<double>(n);
  double up_sum = 0.0, down_sum = 0.0, range_sum = 0.0, adx = 0.0;
  for (Index t = 1; t < bars; ++t) {
    const double up = p.high[t] - p.high[t - 1];
    const double down = p.low[t - 1] - p.low[t];
    const double plus_move = up > down && up > 0.0 ? up : 0.0;
    const double minus_move = down > up && down > 0.0 ? down : 0.0;
    const double range = std::max(p.high[t], p.close[t - 1]) - std::min(p.low[t], p.close[t - 1]);
    if (t <= n) {
      up_sum += plus_move;
      down_sum += minus_move;
      range_sum += range;
    } else {
      up_sum += plus_move - up_sum / length;
      down_sum += minus_move - down_sum / length;
      range_sum += range - range_sum / length;
    }
    if (t >= n) {
      plus[t] = 100.0 * up_sum / range_sum;
      minus[t] = 100.0 * down_sum / range_sum;
      const double total = plus[t] + minus[t];
      dx[t] = total > 0.0 ? 100.0 * std::abs(plus[t] - minus[t]) / total : 0.0;
      if (t < 2 * n) {
        adx += dx[t] / length;
      } else {
        adx = (adx * (length - 1.0) + dx[t]) / length;
      }
      out[t] = adx;
    }
  }
}

/// Bollinger bands by sliding sums, which drift; as one would write it without checks.
void plain_bollinger(
  const Prices& p, Index n, VectorXd& lower, VectorXd& middle, VectorXd& upper, VectorXd& percent) {
  const auto length = static_cast<double>(n);
  double sum = 0.0, squares = 0.0;
  for (Index t = 0; t < bars; ++t) {
    const double x = p.close[t];
    sum += x;
    squares += x * x;
    if (t >= n) {
      const double old = p.close[t - n];
      sum -= old;
      squares -= old * old;
    }
    if (t >= n - 1) {
      const double mean = sum / length;
      const double sd = std::sqrt(std::max(squares / length - mean * mean, 0.0));
      middle[t] = mean;
      lower[t] = mean - 2.0 * sd;
      upper[t] = mean + 2.0 * sd;
      percent[t] = (x - lower[t]) / (upper[t] - lower[t]);
    }
  }
}

void plain_atr(const Prices& p, Index n, VectorXd& range, VectorXd& out) {
  const auto length = static_cast<double>(n);
  double average = 0.0;
  for (Index t = 1; t < bars; ++t) {
    range[t] = std::max(p.high[t], p.close[t - 1]) - std::min(p.low[t], p.close[t - 1]);
    if (t <= n) {
      average += range[t] / length;
    } else {
      average = (average * (length - 1.0) + range[t]) / length;
    }
    out[t] = average;
  }
}

void plain_rsi(const Prices& p, Index n, VectorXd& out) {
  const auto length = static_cast<double>(n);
  double up = 0.0, down = 0.0;
  for (Index t = 1; t < bars; ++t) {
    const double move = p.close[t] - p.close[t - 1];
    if (t <= n) {
      up += std::max(move, 0.0) / length;
      down += std::max(-move, 0.0) / length;
    } else {
      up = (up * (length - 1.0) + std::max(move, 0.0)) / length;
      down = (down * (length - 1.0) + std::max(-move, 0.0)) / length;
    }
    out[t] = up + down > 0.0 ? 100.0 * up / (up + down) : 50.0;
  }
}

/// With a sliding sum, which drifts, and the extremes looked for anew at each bar.
void plain_choppiness(const Prices& p, Index n, VectorXd& range, VectorXd& out) {
  const double scale = 100.0 / std::log10(static_cast<double>(n));
  double sum = 0.0;
  for (Index t = 1; t < bars; ++t) {
    range[t] = std::max(p.high[t], p.close[t - 1]) - std::min(p.low[t], p.close[t - 1]);
    sum += range[t];
    if (t > n) {
      sum -= range[t - n];
    }
    if (t >= n) {
      double highest = p.high[t], lowest = p.low[t];
      for (Index i = t - n + 1; i < t; ++i) {
        highest = std::max(highest, p.high[i]);
        lowest = std::min(lowest, p.low[i]);
      }
      out[t] = scale * std::log10(sum / (highest - lowest));
    }
  }
}

MatrixXd random_returns() {
  std::mt19937_64 generator{11};
  std::normal_distribution<double> normal;
  MatrixXd out(days, instruments);
  for (Index t = 0; t < days; ++t) {
    const double market = normal(generator);
    for (Index i = 0; i < instruments; ++i) {
      out(t, i) = 0.01 * (0.5 * market + normal(generator));
    }
  }
  return out;
}

/// Series, into arrays that exist as those of the plain loops do.
void indicators(const Prices& prices, int runs) {
  const BarSeries series{prices.high, prices.low, prices.close};
  VectorXd a(bars), b(bars), c(bars), d(bars);
  constexpr const char* plain = "plain C++ loop";
  AdxSeries directions;
  measure({"ADX(14), 1M bars",
           [&] { value_of(adx(series, 14, directions)), sink += directions.adx[0]; }, plain,
           [&] { plain_adx(prices, 14, a, b, c, d), sink += d[bars - 1]; }},
          runs);
  BollingerSeries bands;
  measure({"Bollinger(20, 2), 1M bars",
           [&] { value_of(bollinger(prices.close, 20, 2.0, bands)), sink += bands.upper[0]; },
           plain, [&] { plain_bollinger(prices, 20, a, b, c, d), sink += c[bars - 1]; }},
          runs);
  AtrSeries ranges;
  measure({"ATR(14), 1M bars", [&] { value_of(atr(series, 14, ranges)), sink += ranges.atr[0]; },
           plain, [&] { plain_atr(prices, 14, a, b), sink += b[bars - 1]; }},
          runs);
  VectorXd out;
  measure({"RSI(14), 1M bars", [&] { value_of(rsi(prices.close, 14, out)), sink += out[0]; }, plain,
           [&] { plain_rsi(prices, 14, a), sink += a[bars - 1]; }},
          runs);
  measure({"choppiness(14), 1M bars",
           [&] { value_of(choppiness(series, 14, out)), sink += out[0]; }, plain,
           [&] { plain_choppiness(prices, 14, a, b), sink += b[bars - 1]; }},
          runs);
}

template <class Indicator>
void measure_bar(const char* what, const Prices& prices, Indicator running, int runs) {
  constexpr double limit_ns = 30.0;
  std::vector<double> ns;
  for (int i = 0; i < runs; ++i) {
    ns.push_back(milliseconds([&] {
                   for (Index t = 0; t < bars; ++t) {
                     sink += running.update(prices.high[t], prices.low[t], prices.close[t]) ? 1 : 0;
                   }
                 })
                 * 1e6 / static_cast<double>(bars));
  }
  const double middle = troupe::bench::median(ns);
  troupe::bench::print_row(std::string{what} + ", one bar", middle, "ns", "what it may cost",
                           limit_ns, middle / limit_ns);
}

void one_bar(const Prices& prices, int runs) {
  measure_bar("ADX(14)", prices, Adx{14}, runs);
  measure_bar("Bollinger(20, 2)", prices, Bollinger{20, 2.0}, runs);
  measure_bar("ATR(14)", prices, Atr{14}, runs);
  measure_bar("RSI(14)", prices, Rsi{14}, runs);
  measure_bar("choppiness(14)", prices, Choppiness{14}, runs);
}

void covariances(const MatrixXd& returns, int runs) {
  const MatrixXd centred_returns = centred(returns);
  const MatrixXd correlation = value_of(sample_correlation(returns));
  measure({"correlation 500 x 1000", [&] { sink += value_of(sample_correlation(returns))(0, 1); },
           "OpenBLAS dsyrk alone", [&] { sink += gram(centred_returns)(0, 1); }},
          runs);
  measure({"eigendecomposition 500",
           [&] { sink += value_of(principal_components(correlation)).eigenvalues[0]; },
           "OpenBLAS dsyevd alone",
           [&] { sink += value_of(symmetric_eigen(correlation)).values[0]; }},
          runs);
  measure({"10 largest components of 500",
           [&] { sink += value_of(principal_components(correlation, 10)).eigenvalues[0]; },
           "",
           {}},
          runs);
  measure(
    {"Ledoit-Wolf 500 x 1000", [&] { sink += value_of(ledoit_wolf(returns)).shrinkage; }, "", {}},
    runs);
  EwmaCovariance running{instruments, 0.94};
  const VectorXd bar = returns.row(0);
  measure({"EWMA correlation matrix of 500, one bar",
           [&] { sink += running.update(bar) ? (*running.correlation())(1, 0) : 0.0; },
           "recomputing from 1000 bars",
           [&] {
             sink +=
               value_of(correlation_of(value_of(ewma_covariance(returns, 0.999)))).matrix(1, 0);
           }},
          runs);
}

void portfolios(const MatrixXd& returns, int runs) {
  const MatrixXd covariance = value_of(sample_covariance(returns));
  const MatrixXd few = covariance.topLeftCorner(50, 50);
  measure({"HRP of 500",
           [&] { sink += value_of(hierarchical_risk_parity(covariance)).weights[0]; },
           "",
           {}},
          runs);
  measure({"ERC of 500",
           [&] { sink += value_of(equal_risk_contribution(covariance)).weights[0]; },
           "",
           {}},
          runs);
  measure({"minimum variance of 50, long only",
           [&] {
             sink +=
               value_of(minimum_variance(few, PortfolioConstraints::long_only(50))).weights[0];
           },
           "",
           {}},
          runs);
  measure(
    {"minimum variance of 500, long only",
     [&] {
       sink +=
         value_of(minimum_variance(covariance, PortfolioConstraints::long_only(500))).weights[0];
     },
     "",
     {}},
    runs);
}

} // namespace

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::atoi(argv[1]) : 7;
  if (runs < 1) {
    std::puts("usage: bench_quant [RUNS]");
    return 1;
  }
  std::printf("OpenBLAS kernels: %s\n", std::string{blas_kernels()}.c_str());
  {
    const Prices prices;
    indicators(prices, runs);
    one_bar(prices, runs);
  }
  const MatrixXd returns = random_returns();
  covariances(returns, runs);
  portfolios(returns, runs);
  return std::isfinite(sink) ? 0 : 1;
}
