#pragma once

#include "messages/correlation.hpp"

/// Sizing and stress: the parts of the correlation service that judge a portfolio.
namespace troupe::messages {

// ---- sizing --------------------------------------------------------------------------------

BOOST_DEFINE_FIXED_ENUM_CLASS(SizingMethod,
                              std::uint8_t,
                              equal_risk_contribution,
                              minimum_variance,
                              maximum_diversification,
                              hierarchical_risk_parity,
                              inverse_volatility,
                              target_volatility)

/// Bounds on the weight of one instrument.
struct WeightBound {
  trading::InstrumentId instrument;
  std::optional<double> min;
  std::optional<double> max;
};
BOOST_DESCRIBE_STRUCT(WeightBound, (), (instrument, min, max))

/// Bounds on the summed weight of some instruments.
struct GroupLimit {
  std::string name;
  std::vector<trading::InstrumentId> symbols;
  std::optional<double> min;
  std::optional<double> max;
};
BOOST_DESCRIBE_STRUCT(GroupLimit, (), (name, symbols, min, max))

struct PositionSizing {
  SizingMethod method = SizingMethod::equal_risk_contribution;
  std::vector<trading::InstrumentId> symbols;
  std::vector<double> weights;      ///< sum to 1; below 1 only where target_volatility keeps cash
  double cash = 0.0;                ///< 1 - sum of the weights
  bool feasible = true;             ///< false: the nearest weights that keep the bounds
  std::vector<std::string> reasons; ///< what cannot be met, and what was done about it
  std::vector<std::string> binding; ///< constraints that hold with equality
  double volatility_annual = 0.0;
  std::vector<double> volatilities_annual; ///< per instrument
  std::vector<double> risk_contributions;  ///< shares of the variance; sum to 1
  double diversification_ratio = 0.0;
  double effective_bets = 0.0;
  double herfindahl = 0.0;
  std::optional<double> turnover; ///< sum of |changes|, where current weights were given
  CorrelationMethod covariance_method = CorrelationMethod::ledoit_wolf;
  trading::Interval interval;
  std::uint32_t window = 0;
  std::optional<std::vector<trading::Money>> notionals; ///< weights times `capital`
  /// Notionals at the last closes, not rounded to lots; where all are quoted in the base currency.
  std::optional<std::vector<trading::Quantity>> quantities;
  std::vector<LeftOut> left_out; ///< of all instruments: the default portfolio, not stored
};
BOOST_DESCRIBE_STRUCT(PositionSizing,
                      (),
                      (method,
                       symbols,
                       weights,
                       cash,
                       feasible,
                       reasons,
                       binding,
                       volatility_annual,
                       volatilities_annual,
                       risk_contributions,
                       diversification_ratio,
                       effective_bets,
                       herfindahl,
                       turnover,
                       covariance_method,
                       interval,
                       window,
                       notionals,
                       quantities,
                       left_out))

struct PositionSizingReply {
  Meta meta;
  PositionSizing data;
};
BOOST_DESCRIBE_STRUCT(PositionSizingReply, (), (meta, data))

/// Of `symbols`, or of a portfolio's instruments, whose weights are then the current ones.
struct SizePositions {
  using Reply = PositionSizingReply;
  std::optional<SizingMethod> method; ///< default equal_risk_contribution
  std::optional<std::vector<trading::InstrumentId>> symbols;
  std::optional<std::string> portfolio;
  std::optional<std::vector<PortfolioPosition>> positions;
  std::optional<std::string> base_currency;
  std::optional<CorrelationMethod> covariance; ///< default ledoit_wolf
  std::optional<trading::Interval> interval;
  std::optional<std::uint32_t> window;
  std::optional<bool> long_only;    ///< default true
  std::optional<double> min_weight; ///< of each; default 0 (long only), else -1
  std::optional<double> max_weight; ///< of each; default 1
  std::optional<std::vector<WeightBound>> bounds;
  std::optional<std::vector<GroupLimit>> groups;
  std::optional<double> turnover_max;             ///< sum of |changes| of the current weights
  std::optional<double> target_volatility_annual; ///< of the method target_volatility
  std::optional<double>
    leverage_max;                ///< sum of weights that target_volatility may reach; default 1
  std::optional<double> capital; ///< in the base currency

  [[nodiscard]] std::string placement_key() const;
};
BOOST_DESCRIBE_STRUCT(SizePositions,
                      (),
                      (method,
                       symbols,
                       portfolio,
                       positions,
                       base_currency,
                       covariance,
                       interval,
                       window,
                       long_only,
                       min_weight,
                       max_weight,
                       bounds,
                       groups,
                       turnover_max,
                       target_volatility_annual,
                       leverage_max,
                       capital))

// ---- stress --------------------------------------------------------------------------------

struct StressTest {
  std::string scenario; ///< name of a window, "factor" or "matrix"
  std::string description;
  std::optional<double> factor; ///< how far correlations were moved toward 1
  std::string portfolio;
  std::uint64_t portfolio_version = 0;
  std::vector<trading::InstrumentId> symbols;
  std::vector<double> weights;
  Matrix correlation_before;
  Matrix correlation_after;
  bool repaired = false;
  double repair_distance = 0.0;
  double volatility_annual_before = 0.0;
  double volatility_annual_after = 0.0; ///< stressed correlations, today's volatilities
  double volatility_ratio = 0.0;
  /// Stressed correlations and the window's own volatilities; of named windows.
  std::optional<double> volatility_annual_after_with_window_volatilities;
  double diversification_ratio_before = 0.0;
  double diversification_ratio_after = 0.0;
  double mean_correlation_before = 0.0;
  double mean_correlation_after = 0.0;
  CorrelationMethod method = CorrelationMethod::sample;
  trading::Interval interval;
  std::uint32_t window = 0;
  std::optional<core::Timestamp> window_start; ///< of a named window
  std::optional<core::Timestamp> window_end;
  std::optional<std::uint32_t> window_n_obs;
  /// Standard error of a named window's mean correlation: jackknife over at most 20 blocks of
  /// returns.
  std::optional<double> window_mean_correlation_error;
  /// How the window's correlations were estimated: `method`, or what a window that short allows.
  std::optional<std::string> window_method;
  std::string note;              ///< what to keep in mind of a short window; empty: nothing
  std::vector<LeftOut> left_out; ///< of all instruments: the default portfolio, not stored
};
BOOST_DESCRIBE_STRUCT(StressTest,
                      (),
                      (scenario,
                       description,
                       factor,
                       portfolio,
                       portfolio_version,
                       symbols,
                       weights,
                       correlation_before,
                       correlation_after,
                       repaired,
                       repair_distance,
                       volatility_annual_before,
                       volatility_annual_after,
                       volatility_ratio,
                       volatility_annual_after_with_window_volatilities,
                       diversification_ratio_before,
                       diversification_ratio_after,
                       mean_correlation_before,
                       mean_correlation_after,
                       method,
                       interval,
                       window,
                       window_start,
                       window_end,
                       window_n_obs,
                       window_mean_correlation_error,
                       window_method,
                       note,
                       left_out))

struct StressTestReply {
  Meta meta;
  StressTest data;
};
BOOST_DESCRIBE_STRUCT(StressTestReply, (), (meta, data))

/// By a named window of the settings or by a factor; without either a factor of 0.5.
struct GetStressTest {
  using Reply = StressTestReply;
  std::optional<std::string> scenario;
  std::optional<double> factor; ///< 0 to 1
  std::optional<std::string> portfolio;
  std::optional<CorrelationMethod> method;
  std::optional<trading::Interval> interval;
  std::optional<std::uint32_t> window;

  [[nodiscard]] std::string placement_key() const {
    return "portfolio|" + portfolio.value_or(default_portfolio);
  }
};
BOOST_DESCRIBE_STRUCT(GetStressTest, (), (scenario, factor, portfolio, method, interval, window))

/// Likewise, or with the stressed correlations themselves: in the order of the positions.
struct ComputeStressTest : PortfolioSelection {
  using Reply = StressTestReply;
  std::optional<std::string> scenario;
  std::optional<double> factor;
  std::optional<Matrix> matrix; ///< repaired to the nearest correlation matrix where it is none
};
BOOST_DESCRIBE_STRUCT(ComputeStressTest, (PortfolioSelection), (scenario, factor, matrix))

struct StressScenario {
  std::string name;
  std::string description;
  core::Timestamp start;
  core::Timestamp end;
};
BOOST_DESCRIBE_STRUCT(StressScenario, (), (name, description, start, end))

struct StressScenariosReply {
  Meta meta;
  std::vector<StressScenario> data;
};
BOOST_DESCRIBE_STRUCT(StressScenariosReply, (), (meta, data))

struct ListStressScenarios {
  using Reply = StressScenariosReply;
};
BOOST_DESCRIBE_STRUCT(ListStressScenarios, (), ())

using CorrelationRequests = boost::mp11::mp_list<GetCorrelationMatrix,
                                                 GetPca,
                                                 ComputePca,
                                                 GetTail,
                                                 SizePositions,
                                                 GetStressTest,
                                                 ComputeStressTest,
                                                 ListStressScenarios,
                                                 GetPortfolio,
                                                 PutPortfolio,
                                                 DeletePortfolio,
                                                 ListPortfolios>;

} // namespace troupe::messages
