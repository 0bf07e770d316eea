#pragma once

#include "core/duration.hpp"
#include "core/json.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::correlation {

/// A stretch of history that a stress test takes correlations and volatilities from.
struct Scenario {
  std::string name; ///< lower-case letters, digits, underscores
  std::string description;
  core::Timestamp start;
  core::Timestamp end; ///< exclusive
};
BOOST_DESCRIBE_STRUCT(Scenario, (), (name, description, start, end))

/// The section "correlation" of a node's configuration.
struct Settings {
  std::vector<std::string> intervals{"1h"}; ///< the universe of all instruments is kept for these
  std::uint32_t window_default = 500;       ///< returns
  std::uint32_t window_max = 5'000;         ///< returns that one request may take
  std::uint32_t symbols_max = 500;          ///< instruments of one request, and of a kept universe
  std::uint32_t model_symbols_max = 50;     ///< instruments that DCC and CCC are fitted on at once
  std::uint32_t tail_symbols_max = 20;      ///< instruments whose pairs are fitted with copulas
  std::uint32_t kendall_symbols_max = 100;
  std::uint32_t series_max = 2'000; ///< (instrument, interval) pairs kept in memory
  double ewma_lambda = 0.97;        ///< weight of the past
  /// Returns with a trade of both in the bar, as a share of the window: a pair with fewer is
  /// refused.
  double overlap_min = 0.5;
  std::uint32_t solvers = 2;    ///< threads that compute; one more fits the kept universes' models
  std::uint32_t queue_max = 64; ///< requests that wait for a solver; more are refused
  core::Duration solve_deadline = std::chrono::seconds{40};
  core::Duration fit_deadline = std::chrono::minutes{2}; ///< of a kept universe's model
  core::Duration refit_every = std::chrono::minutes{10}; ///< of real time, when bars came
  std::uint32_t refit_bars_min = 24;                     ///< new bars before a model is refitted
  std::uint32_t fit_window = 2'000;                      ///< returns a model is fitted on
  core::Duration history_deadline = std::chrono::seconds{15};
  core::Duration retry_after = std::chrono::milliseconds{200}; ///< doubles at every failure
  core::Duration retry_after_max = std::chrono::seconds{10};
  core::Duration stale_after = std::chrono::seconds{5}; ///< without a beat of the source
  /// A bar that some instruments close without a trade is taken when this has passed since the
  /// first one closed it.
  core::Duration bar_grace = std::chrono::seconds{2};
  std::vector<Scenario> scenarios; ///< named windows of stress tests
};
BOOST_DESCRIBE_STRUCT(Settings,
                      (),
                      (intervals,
                       window_default,
                       window_max,
                       symbols_max,
                       model_symbols_max,
                       tail_symbols_max,
                       kendall_symbols_max,
                       series_max,
                       ewma_lambda,
                       overlap_min,
                       solvers,
                       queue_max,
                       solve_deadline,
                       fit_deadline,
                       refit_every,
                       refit_bars_min,
                       fit_window,
                       history_deadline,
                       retry_after,
                       retry_after_max,
                       stale_after,
                       bar_grace,
                       scenarios))

/// Adds what is wrong in meaning: a window of 0, a weight out of its range, a scenario twice.
void check(const Settings& settings, std::vector<core::json::Problem>& problems);

} // namespace troupe::correlation
