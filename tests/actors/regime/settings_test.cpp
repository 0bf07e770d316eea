#include "actors/regime/classifier.hpp"
#include "actors/regime/settings.hpp"
#include "trading/interval.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <limits>

using namespace troupe;
using regime::modelled_intervals;
using regime::Settings;

namespace {

/// Paths of the problems after one change to the defaults.
std::vector<std::string> wrong(const std::function<void(Settings&)>& change) {
  Settings settings;
  change(settings);
  std::vector<core::json::Problem> problems;
  regime::check(settings, problems);
  std::vector<std::string> paths;
  for (const auto& problem : problems) {
    CHECK_FALSE(problem.expected.empty());
    CHECK_FALSE(problem.found.empty());
    paths.push_back(problem.path);
  }
  return paths;
}

using Paths = std::vector<std::string>;

} // namespace

TEST_CASE("settings: the defaults are right and a classifier takes them") {
  CHECK(wrong([](Settings&) {}).empty());
  const Settings settings;
  CHECK_NOTHROW(regime::Classifier(settings, trading::intervals::h1));
}

TEST_CASE("settings: each limit names its key") {
  CHECK(wrong([](auto& s) { s.intervals.clear(); }) == Paths{"regime.intervals"});
  CHECK(wrong([](auto& s) { s.intervals = {"1h", "7m"}; }) == Paths{"regime.intervals[1]"});
  CHECK(wrong([](auto& s) { s.intervals = {"1h", "1h"}; }).size() == 2);
  CHECK(wrong([](auto& s) { s.adx_period = 0; }) == Paths{"regime.adx_period"});
  CHECK(wrong([](auto& s) { s.choppiness_period = 1; }) == Paths{"regime.choppiness_period"});
  CHECK(wrong([](auto& s) { s.bollinger_period = 0; }) == Paths{"regime.bollinger_period"});
  CHECK(wrong([](auto& s) { s.bollinger_width = 0.0; }) == Paths{"regime.bollinger_width"});
  CHECK(wrong([](auto& s) { s.trending_adx_min = 100.0; }) == Paths{"regime.trending_adx_min"});
  CHECK(wrong([](auto& s) { s.choppy_choppiness_min = 50.0; })
        == Paths{"regime.choppy_choppiness_min"});
  CHECK(wrong([](auto& s) { s.trending_choppiness_max = -1.0; })
        == Paths{"regime.trending_choppiness_max"});
  CHECK(wrong([](auto& s) { s.crisis_volatility_ratio = 1.0; })
        == Paths{"regime.crisis_volatility_ratio"});
  CHECK(wrong([](auto& s) { s.crisis_volatility_ratio_daily = 1.0; })
        == Paths{"regime.crisis_volatility_ratio_daily"});
  CHECK(wrong([](auto& s) { s.crisis_shock_bars = 0; }) == Paths{"regime.crisis_shock_bars"});
  CHECK(wrong([](auto& s) { s.crisis_exit_ratio = 2.0; }) == Paths{"regime.crisis_exit_ratio"});
  CHECK(
    wrong([](auto& s) { s.crisis_entry_ratio = std::numeric_limits<double>::quiet_NaN(); }).size()
    == 2);
  CHECK(wrong([](auto& s) { s.ewma_lambda = 1.0; }) == Paths{"regime.ewma_lambda"});
  CHECK(wrong([](auto& s) { s.volatility_window_bars = 1; })
        == Paths{"regime.volatility_window_bars"});
  CHECK(wrong([](auto& s) { s.volatility_floor_annual = 0.0; })
        == Paths{"regime.volatility_floor_annual"});
  CHECK(wrong([](auto& s) { s.confirm_bars = 0; }) == Paths{"regime.confirm_bars"});
  CHECK(wrong([](auto& s) { s.dwell_bars_min = 501; }) == Paths{"regime.dwell_bars_min"});
  CHECK(wrong([](auto& s) { s.warm_up_bars = 239; }) == Paths{"regime.warm_up_bars"});
  CHECK(wrong([](auto& s) { s.warm_up_bars = 1'001; }) == Paths{"regime.warm_up_bars"});
  CHECK(wrong([](auto& s) { s.waiting_bars_max = 0; }) == Paths{"regime.waiting_bars_max"});
  CHECK(wrong([](auto& s) { s.symbols_max = 0; }) == Paths{"regime.symbols_max"});
  CHECK(wrong([](auto& s) { s.stale_after = {}; }) == Paths{"regime.stale_after"});
  CHECK(wrong([](auto& s) { s.history_deadline = {}; }) == Paths{"regime.history_deadline"});
  CHECK(wrong([](auto& s) { s.retry_after = {}; }) == Paths{"regime.retry_after"});
  CHECK(wrong([](auto& s) { s.retry_after_max = std::chrono::milliseconds{1}; })
        == Paths{"regime.retry_after_max"});
  CHECK(wrong([](auto& s) { s.bulk_symbols_max = 0; }) == Paths{"regime.bulk_symbols_max"});
  CHECK(wrong([](auto& s) { s.bulk_deadline = {}; }) == Paths{"regime.bulk_deadline"});
}

TEST_CASE("settings: models are fitted on the intervals from 1m up, or on those that are named") {
  Settings settings;
  const auto modelled = [&] { return modelled_intervals(settings.models, settings.intervals); };
  CHECK(modelled() == std::vector<std::string>{"1m", "1h"});
  settings.intervals = {"1s", "1d"};
  CHECK(modelled() == std::vector<std::string>{"1d"});
  settings.models.intervals = std::vector<std::string>{"1s"};
  CHECK(modelled() == std::vector<std::string>{"1s"});
  settings.models.intervals = std::vector<std::string>{};
  CHECK(modelled().empty());
}

TEST_CASE("settings: each limit of the models names its key") {
  using Names = std::vector<std::string>;
  CHECK(wrong([](auto& s) { s.models.intervals = Names{"5m"}; })
        == Paths{"regime.models.intervals[0]"});
  CHECK(wrong([](auto& s) { s.models.intervals = Names{"1h", "1h"}; }).size() == 2);
  CHECK(wrong([](auto& s) { s.models.intervals = Names{}; }).empty());
  CHECK(wrong([](auto& s) { s.intervals = {"1h"}; }).empty());
  CHECK(wrong([](auto& s) { s.models.spec.hmm_states = 1; })
        == Paths{"regime.models.spec.hmm_states"});
  CHECK(wrong([](auto& s) { s.models.spec.switching_states = 5; })
        == Paths{"regime.models.spec.switching_states"});
  CHECK(wrong([](auto& s) { s.models.spec.fit_bars = 20'000; })
        == Paths{"regime.models.spec.fit_bars"});
  CHECK(wrong([](auto& s) { s.models.spec.weights.hmm = -1.0; })
        == Paths{"regime.models.spec.weights.hmm"});
  CHECK(
    wrong([](auto& s) { s.models.spec.weights.rules = std::numeric_limits<double>::quiet_NaN(); })
    == Paths{"regime.models.spec.weights.rules"});
  CHECK(wrong([](auto& s) {
          s.models.spec.weights = {0.0, 0.0, 0.0};
        })
        == Paths{"regime.models.spec.weights"});
  CHECK(wrong([](auto& s) { s.models.fit_bars_min = 399; }) == Paths{"regime.models.fit_bars_min"});
  CHECK(wrong([](auto& s) { s.models.fit_bars_min = 2'001; })
        == Paths{"regime.models.fit_bars_min"});
  CHECK(wrong([](auto& s) { s.models.starts = 0; }) == Paths{"regime.models.starts"});
  CHECK(wrong([](auto& s) { s.models.refit_bars_min = 0; })
        == Paths{"regime.models.refit_bars_min"});
  CHECK(wrong([](auto& s) { s.models.queue_max = 0; }) == Paths{"regime.models.queue_max"});
  CHECK(wrong([](auto& s) { s.models.previous_max = 0; }) == Paths{"regime.models.previous_max"});
  CHECK(wrong([](auto& s) { s.models.refit_every = {}; }) == Paths{"regime.models.refit_every"});
  CHECK(wrong([](auto& s) { s.models.retry_after = {}; }) == Paths{"regime.models.retry_after"});
  CHECK(wrong([](auto& s) { s.models.fit_deadline = {}; }) == Paths{"regime.models.fit_deadline"});
  CHECK(wrong([](auto& s) { s.models.first_fit_after = std::chrono::seconds{-1}; })
        == Paths{"regime.models.first_fit_after"});
  CHECK(wrong([](auto& s) { s.models.queue_deadline = std::chrono::seconds{1}; })
        == Paths{"regime.models.queue_deadline"});
}
