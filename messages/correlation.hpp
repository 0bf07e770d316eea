#pragma once

#include "messages/portfolio.hpp"
#include "trading/interval.hpp"

#include <map>

/// The correlation service. Role "correlation"; keys are those of `placement_key()`.
/// All statistics are of log returns per bar of `interval`, previous-tick sampled closes.
namespace troupe::messages {

inline constexpr const char* correlation_service = "correlation";

/// How a correlation matrix is estimated.
BOOST_DEFINE_FIXED_ENUM_CLASS(CorrelationMethod,
                              std::uint8_t,
                              sample,      ///< Pearson
                              ewma,        ///< RiskMetrics, zero mean
                              ledoit_wolf, ///< shrunk covariance (2004), scaled to a correlation
                              dcc, ///< DCC-GARCH(1,1) (Engle 2002), forecast of the next bar
                              ccc, ///< constant correlation of GARCH residuals
                              spearman,
                              kendall)

using Matrix = std::vector<std::vector<double>>; ///< rows

/// What to compute on. Everything may be left out; the reply repeats what was taken.
struct SeriesSelection {
  std::optional<std::vector<trading::InstrumentId>> symbols; ///< default: all instruments
  std::optional<CorrelationMethod> method;                   ///< default: sample
  std::optional<trading::Interval> interval;                 ///< default: 1h
  std::optional<std::uint32_t> window;                       ///< returns; default 500

  [[nodiscard]] std::string placement_key() const;
};
BOOST_DESCRIBE_STRUCT(SeriesSelection, (), (symbols, method, interval, window))

/// Whose risk to compute: a stored portfolio, or positions given.
struct PortfolioSelection {
  std::optional<std::string> portfolio; ///< default: "default"
  std::optional<std::vector<PortfolioPosition>> positions;
  std::optional<std::string> base_currency; ///< of `positions`; default USD
  std::optional<CorrelationMethod> method;
  std::optional<trading::Interval> interval;
  std::optional<std::uint32_t> window;

  [[nodiscard]] std::string placement_key() const;
};
BOOST_DESCRIBE_STRUCT(PortfolioSelection,
                      (),
                      (portfolio, positions, base_currency, method, interval, window))

// ---- matrix --------------------------------------------------------------------------------

/// A fitted model behind an answer.
struct ModelInfo {
  std::string name;          ///< such as dcc
  std::uint64_t version = 0; ///< counts the fits of a kept universe; 0: fitted for this answer
  core::Timestamp fitted_to; ///< close of the newest bar it was fitted on
  std::int64_t age_ms = 0;   ///< of `fitted_to` against the data it is applied to
  std::uint64_t n_obs = 0;
  std::map<std::string, double> parameters;
  std::map<std::string, double> standard_errors;
  std::optional<double> log_likelihood;
  bool converged = true;
  std::string note; ///< why an older model stands, what was composite, ...
};
BOOST_DESCRIBE_STRUCT(ModelInfo,
                      (),
                      (name,
                       version,
                       fitted_to,
                       age_ms,
                       n_obs,
                       parameters,
                       standard_errors,
                       log_likelihood,
                       converged,
                       note))

struct CorrelationMatrix {
  std::vector<trading::InstrumentId> symbols;
  Matrix matrix; ///< symmetric, unit diagonal, positive semidefinite
  CorrelationMethod method = CorrelationMethod::sample;
  trading::Interval interval;
  std::uint32_t window = 0;
  double condition_number = 0.0;   ///< null where the matrix is singular
  bool repaired = false;           ///< replaced by the nearest correlation matrix
  double repair_distance = 0.0;    ///< Frobenius norm of the repair
  std::optional<double> shrinkage; ///< of ledoit_wolf, 0 to 1
  std::optional<double> lambda;    ///< of ewma
  std::vector<std::vector<std::uint32_t>> pair_counts; ///< returns in which both had a trade
  std::uint32_t overlap_min = 0;                       ///< smallest of them
  std::vector<double> volatility_annual; ///< per symbol, by the same method; 365 days of 24 hours
  std::string sampling;                  ///< previous_tick
  core::Timestamp start;                 ///< close of the first bar of the first return
  core::Timestamp end;                   ///< close of the last
  std::optional<ModelInfo> model;
  std::vector<LeftOut> left_out; ///< of all instruments, where none were named
  /// Of a kept universe: why no DCC model of it stands.
  std::optional<std::string> model_note;
};
BOOST_DESCRIBE_STRUCT(CorrelationMatrix,
                      (),
                      (symbols,
                       matrix,
                       method,
                       interval,
                       window,
                       condition_number,
                       repaired,
                       repair_distance,
                       shrinkage,
                       lambda,
                       pair_counts,
                       overlap_min,
                       volatility_annual,
                       sampling,
                       start,
                       end,
                       model,
                       left_out,
                       model_note))

struct CorrelationMatrixReply {
  Meta meta;
  CorrelationMatrix data;
};
BOOST_DESCRIBE_STRUCT(CorrelationMatrixReply, (), (meta, data))

struct GetCorrelationMatrix : SeriesSelection {
  using Reply = CorrelationMatrixReply;
  std::optional<bool> gjr; ///< asymmetric GARCH margins, of dcc and ccc; default false
};
BOOST_DESCRIBE_STRUCT(GetCorrelationMatrix, (SeriesSelection), (gjr))

// ---- principal components ------------------------------------------------------------------

BOOST_DEFINE_FIXED_ENUM_CLASS(PcaBasis, std::uint8_t, correlation, covariance)

struct PcaFactor {
  double eigenvalue = 0.0;
  double explained = 0.0;   ///< share of the total variance
  double cumulative = 0.0;  ///< of this and the factors before
  bool above_noise = false; ///< eigenvalue beyond the Marchenko-Pastur edge; basis correlation
  double exposure = 0.0;    ///< of the portfolio: loadings times (volatility-scaled) weights
  double risk_contribution = 0.0; ///< share of the portfolio's variance
  std::vector<double> loadings;   ///< unit length; the largest in size is positive
};
BOOST_DESCRIBE_STRUCT(
  PcaFactor,
  (),
  (eigenvalue, explained, cumulative, above_noise, exposure, risk_contribution, loadings))

struct Pca {
  std::string portfolio; ///< id; empty where positions were given
  std::uint64_t portfolio_version = 0;
  std::vector<trading::InstrumentId> symbols;
  std::vector<double> weights; ///< shares of the gross value
  PcaBasis basis = PcaBasis::correlation;
  CorrelationMethod method = CorrelationMethod::sample;
  trading::Interval interval;
  std::uint32_t window = 0;
  std::vector<PcaFactor> factors; ///< largest eigenvalue first
  double marchenko_pastur_min = 0.0;
  double marchenko_pastur_max = 0.0;
  std::uint32_t factors_above_noise = 0;
  double volatility_annual = 0.0;         ///< of the portfolio
  std::vector<double> risk_contributions; ///< per position, shares of the variance; sum to 1
  double diversification_ratio = 0.0;     ///< weighted volatilities over the portfolio's
  double effective_bets = 0.0;            ///< exp entropy of the factors' risk contributions
  double herfindahl = 0.0;                ///< sum of squared shares of the gross value
  std::string sign_convention;            ///< of the loadings
  std::vector<LeftOut> left_out;          ///< of all instruments: the default portfolio, not stored
};
BOOST_DESCRIBE_STRUCT(Pca,
                      (),
                      (portfolio,
                       portfolio_version,
                       symbols,
                       weights,
                       basis,
                       method,
                       interval,
                       window,
                       factors,
                       marchenko_pastur_min,
                       marchenko_pastur_max,
                       factors_above_noise,
                       volatility_annual,
                       risk_contributions,
                       diversification_ratio,
                       effective_bets,
                       herfindahl,
                       sign_convention,
                       left_out))

struct PcaReply {
  Meta meta;
  Pca data;
};
BOOST_DESCRIBE_STRUCT(PcaReply, (), (meta, data))

struct GetPca {
  using Reply = PcaReply;
  std::string portfolio;
  std::optional<PcaBasis> basis; ///< default correlation
  std::optional<CorrelationMethod> method;
  std::optional<trading::Interval> interval;
  std::optional<std::uint32_t> window;

  [[nodiscard]] std::string placement_key() const { return "portfolio|" + portfolio; }
};
BOOST_DESCRIBE_STRUCT(GetPca, (), (portfolio, basis, method, interval, window))

struct ComputePca : PortfolioSelection {
  using Reply = PcaReply;
  std::optional<PcaBasis> basis;
};
BOOST_DESCRIBE_STRUCT(ComputePca, (PortfolioSelection), (basis))

// ---- tail dependence -----------------------------------------------------------------------

struct TailPair {
  trading::InstrumentId first;
  trading::InstrumentId second;
  double empirical_lower = 0.0; ///< share of the alpha worst returns of one that are both's
  double empirical_upper = 0.0;
  std::uint32_t joint_lower = 0; ///< observations behind it
  std::uint32_t joint_upper = 0;
  double copula_rho = 0.0;                ///< correlation of the Student-t copula
  double copula_lambda = 0.0;             ///< its tail dependence, the same for both tails
  std::optional<double> exceedance_lower; ///< correlation where both exceed the threshold
  std::optional<double> exceedance_upper;
  std::uint32_t exceedances_lower = 0; ///< observations behind it
  std::uint32_t exceedances_upper = 0;
  std::string note; ///< what could not be computed, and why
};
BOOST_DESCRIBE_STRUCT(TailPair,
                      (),
                      (first,
                       second,
                       empirical_lower,
                       empirical_upper,
                       joint_lower,
                       joint_upper,
                       copula_rho,
                       copula_lambda,
                       exceedance_lower,
                       exceedance_upper,
                       exceedances_lower,
                       exceedances_upper,
                       note))

struct TailDependence {
  std::vector<trading::InstrumentId> symbols;
  double alpha = 0.0;
  double exceedance_threshold = 0.0; ///< standard deviations from the mean
  trading::Interval interval;
  std::uint32_t window = 0;
  double copula_nu = 0.0; ///< degrees of freedom of the copula of all symbols
  double copula_log_likelihood = 0.0;
  bool copula_at_bound = false; ///< nu stands at a bound: at the upper one the copula is Gaussian
  std::vector<TailPair> pairs;
  std::vector<LeftOut> left_out; ///< of all instruments, where none were named
};
BOOST_DESCRIBE_STRUCT(TailDependence,
                      (),
                      (symbols,
                       alpha,
                       exceedance_threshold,
                       interval,
                       window,
                       copula_nu,
                       copula_log_likelihood,
                       copula_at_bound,
                       pairs,
                       left_out))

struct TailReply {
  Meta meta;
  TailDependence data;
};
BOOST_DESCRIBE_STRUCT(TailReply, (), (meta, data))

struct GetTail {
  using Reply = TailReply;
  std::optional<std::vector<trading::InstrumentId>> symbols;
  std::optional<double> alpha; ///< 0.01 to 0.25, default 0.05
  std::optional<trading::Interval> interval;
  std::optional<std::uint32_t> window;

  [[nodiscard]] std::string placement_key() const;
};
BOOST_DESCRIBE_STRUCT(GetTail, (), (symbols, alpha, interval, window))

// ---- events --------------------------------------------------------------------------------

/// A kept universe took a bar, was rebuilt from history, or its model was fitted anew.
struct CorrelationUpdated {
  Meta meta;            ///< with what it was computed from and how old that was
  std::string universe; ///< "default 1h"
  trading::Interval interval;
  CorrelationMethod method = CorrelationMethod::ewma;
  std::vector<trading::InstrumentId> symbols;
  Matrix matrix;                 ///< left out (empty) beyond 100 symbols
  double mean_correlation = 0.0; ///< of all pairs
  /// Against the event before; none in the first one after a start.
  std::optional<double> mean_change;
  std::string cause;              ///< market, rebuild or refit
  std::optional<ModelInfo> model; ///< the DCC model that stands, where there is one
  std::vector<LeftOut> left_out;
  std::optional<std::string> model_note; ///< why no DCC model stands
};
BOOST_DESCRIBE_STRUCT(CorrelationUpdated,
                      (),
                      (meta,
                       universe,
                       interval,
                       method,
                       symbols,
                       matrix,
                       mean_correlation,
                       mean_change,
                       cause,
                       model,
                       left_out,
                       model_note))

/// That a universe is kept, and of which instruments; told every few seconds by the node that keeps
/// it, so that others know what can be subscribed to.
struct UniverseKept {
  std::string universe; ///< "default 1h"
  trading::Interval interval;
  std::vector<trading::InstrumentId> symbols; ///< none while it is being built
  std::vector<LeftOut> left_out;
};
BOOST_DESCRIBE_STRUCT(UniverseKept, (), (universe, interval, symbols, left_out))

/// A fitted model of a kept universe was stored; by it every node of the role keeps a copy, so that
/// whoever keeps the universe next goes on with it.
struct CorrelationModelStored {
  std::string node;     ///< that stored it
  std::string universe; ///< "default 1h"
  std::uint64_t version = 0;
  std::string body; ///< as the store has it
  core::Timestamp written_at;
};
BOOST_DESCRIBE_STRUCT(CorrelationModelStored, (), (node, universe, version, body, written_at))

namespace topics {
inline const supervision::Topic universes_kept{"universes_kept", supervision::Delivery::CONFLATED};
inline const supervision::Topic correlation_models{"correlation_models",
                                                   supervision::Delivery::CONFLATED};
inline const supervision::Topic correlation_updates{"correlation_updates",
                                                    supervision::Delivery::CONFLATED};
} // namespace topics

} // namespace troupe::messages
