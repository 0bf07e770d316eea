#pragma once

#include "core/json.hpp"
#include "nodes/market_report/recordings.hpp"
#include "trading/enums.hpp"

#include <boost/describe/class.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

/// What the services' own code says about recorded bars: the content of the page of plots.
namespace troupe::market_report {

/// A stretch with one label.
struct Spell {
  trading::Regime regime = trading::Regime::RANGING;
  core::Timestamp start; ///< close of its first bar
  core::Timestamp end;   ///< close of the first bar of the next label; of the newest bar at last
};
BOOST_DESCRIBE_STRUCT(Spell, (), (regime, start, end))

/// A known crisis: the first shock within a stretch of days and what was said about it.
struct CrisisCheck {
  std::string window;
  double largest_ratio = 0.0;               ///< largest return_ratio of the window
  std::optional<core::Timestamp> shock;     ///< open of the first bar above the threshold
  std::optional<core::Timestamp> crisis;    ///< open of the first CRISIS bar from the shock on
  std::optional<std::int64_t> closes_after; ///< bars from the shock to it
};
BOOST_DESCRIBE_STRUCT(CrisisCheck, (), (window, largest_ratio, shock, crisis, closes_after))

/// The labels of one instrument on one interval.
struct RegimeReport {
  trading::InstrumentId instrument;
  trading::Interval interval;
  core::Timestamp start; ///< open of the first bar
  core::Timestamp end;
  std::uint64_t bars = 0; ///< with a label
  double switches_per_year = 0.0;
  double plain_switches_per_year = 0.0; ///< of the label that each bar would have by itself
  double mean_dwell_bars = 0.0;
  std::map<std::string, double> shares; ///< of the bars, by label
  std::vector<CrisisCheck> crises;      ///< of daily bars
  std::vector<Spell> spells;
  std::vector<core::Timestamp> times; ///< of `closes`: one a day
  std::vector<double> closes;
};
BOOST_DESCRIBE_STRUCT(RegimeReport,
                      (),
                      (instrument,
                       interval,
                       start,
                       end,
                       bars,
                       switches_per_year,
                       plain_switches_per_year,
                       mean_dwell_bars,
                       shares,
                       crises,
                       spells,
                       times,
                       closes))

/// The regimes of a recording, by the service's classifier with its default settings.
/// @returns NOT_READY where there are too few bars for a label
[[nodiscard]] core::Result<RegimeReport> regimes_of(const Recording& recording);

/// A stretch of days that everybody remembers, both ends included.
struct Window {
  const char* name;
  const char* first;
  const char* last;

  [[nodiscard]] core::Timestamp start() const;
  [[nodiscard]] core::Timestamp end() const; ///< exclusive
};

/// Those with crises.
[[nodiscard]] const std::vector<Window>& crisis_windows();

/// The days of a known crisis that were labelled CRISIS.
struct CrisisDays {
  std::string window;
  core::Timestamp start;
  core::Timestamp end;
  std::vector<core::Timestamp> days; ///< open of the bar
};
BOOST_DESCRIBE_STRUCT(CrisisDays, (), (window, start, end, days))

/// The labels of the ensemble of rules and fitted models, which is what the service answers with.
struct EnsembleReport {
  trading::InstrumentId instrument;
  std::uint64_t bars = 0; ///< from the first fit on
  std::uint64_t fits = 0;
  std::uint64_t switches = 0;
  std::uint64_t fit_switches = 0; ///< of those, at a fit
  double switches_per_year = 0.0;
  double mean_dwell_bars = 0.0;
  std::optional<std::uint64_t> shortest_dwell_bars; ///< before another label than CRISIS
  std::map<std::string, double> shares;             ///< of the bars, by label
  std::vector<CrisisDays> crises;
};
BOOST_DESCRIBE_STRUCT(EnsembleReport,
                      (),
                      (instrument,
                       bars,
                       fits,
                       switches,
                       fit_switches,
                       switches_per_year,
                       mean_dwell_bars,
                       shortest_dwell_bars,
                       shares,
                       crises))

/// The regimes of a recording by the ensemble with the service's default settings: fitted anew
/// whenever the service would, on bars up to then alone.
/// @returns NOT_READY where there are too few bars for a fit
[[nodiscard]] core::Result<EnsembleReport> ensemble_of(const Recording& recording,
                                                       const std::vector<Window>& windows);

/// Mean correlation of all pairs over a stretch of days.
struct CorrelationFact {
  std::string window;
  double mean_correlation = 0.0;
  std::uint64_t returns = 0;
};
BOOST_DESCRIBE_STRUCT(CorrelationFact, (), (window, mean_correlation, returns))

/// A DCC fit that stood for a stretch.
struct DccFitReport {
  core::Timestamp fitted_to; ///< on bars until then
  core::Timestamp until;     ///< stepped bar by bar until then
  std::uint64_t returns = 0;
  double a = 0.0;
  double b = 0.0;
};
BOOST_DESCRIBE_STRUCT(DccFitReport, (), (fitted_to, until, returns, a, b))

/// Mean correlation of all pairs of a set of instruments over time; what stands at a time is made
/// of bars up to it.
struct CorrelationReport {
  std::vector<trading::InstrumentId> instruments;
  trading::Interval interval;
  std::uint32_t rolling_bars = 0;
  double ewma_lambda = 0.0;
  std::vector<core::Timestamp> times;
  std::vector<std::optional<double>> rolling; ///< sample correlation of the last rolling_bars
  std::vector<std::optional<double>> ewma;
  std::vector<std::optional<double>> dcc; ///< of fits on earlier bars alone
  std::vector<DccFitReport> fits;         ///< one a year
  std::vector<CorrelationFact> facts;
};
BOOST_DESCRIBE_STRUCT(
  CorrelationReport,
  (),
  (instruments, interval, rolling_bars, ewma_lambda, times, rolling, ewma, dcc, fits, facts))

/// The correlations of the recordings of these symbols, all of them on days.
/// @returns NOT_FOUND for a symbol without a recording, and what the estimators refuse
[[nodiscard]] core::Result<CorrelationReport>
correlations_of(const std::vector<Recording>& recordings, const std::vector<std::string>& symbols);

struct Report {
  std::vector<RegimeReport> daily;
  std::vector<EnsembleReport> ensembles; ///< of the daily ones
  std::vector<RegimeReport> hourly;
  CorrelationReport correlation;
};
BOOST_DESCRIBE_STRUCT(Report, (), (daily, ensembles, hourly, correlation))

} // namespace troupe::market_report
