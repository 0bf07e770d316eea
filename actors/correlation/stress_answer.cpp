#include "actors/correlation/portfolio_answers.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace troupe::correlation {

using core::Error;

core::Result<void> check_stress_matrix(const messages::Matrix& matrix, std::size_t positions) {
  constexpr double tolerance = 1e-9;
  const auto size_text = std::to_string(positions);
  if (matrix.size() != positions) {
    return invalid("matrix", size_text + " rows, one per position", std::to_string(matrix.size()));
  }
  for (std::size_t i = 0; i < positions; ++i) {
    const auto row = "matrix[" + std::to_string(i) + "]";
    if (matrix[i].size() != positions) {
      return invalid(row, size_text + " numbers, one per position",
                     std::to_string(matrix[i].size()));
    }
    for (std::size_t j = 0; j <= i; ++j) {
      const auto field = row + "[" + std::to_string(j) + "]";
      const double value = matrix[i][j];
      if (!(std::abs(value) <= 1.0)) {
        return invalid(field, "a correlation from -1 to 1", number_text(value));
      }
      if (i == j && std::abs(value - 1.0) > tolerance) {
        return invalid(field, "1 on the diagonal", number_text(value));
      }
      if (std::abs(value - matrix[j][i]) > tolerance) {
        return invalid(field, "the same as its mirror image, " + number_text(matrix[j][i]),
                       number_text(value));
      }
    }
  }
  return {};
}

namespace {

/// Returns in a scenario's window, at least: a week of days.
constexpr std::uint32_t scenario_returns_min = 5;
/// With fewer returns correlations are shrunk.
constexpr Eigen::Index scenario_returns_few = 20;

/// The stressed correlations, with the volatilities of before.
struct Stressed {
  Estimate estimate;
  std::optional<Panel> window; ///< of a scenario
  Eigen::VectorXd window_volatility;
  std::string window_method;
  std::optional<double> window_shrinkage;
};

/// The window's estimate, and by which method.
core::Result<std::pair<Estimate, std::string>>
window_estimate(const Panel& window, messages::CorrelationMethod method, const Settings& settings) {
  const auto named = [](const core::Result<Estimate>& found, const char* name) {
    return found ? core::Result<std::pair<Estimate, std::string>>{std::pair{*found, name}}
                 : found.error();
  };
  if (window.observations() < std::max(scenario_returns_few, window.size() + 2)
      && window.size() > 1) {
    return named(estimate_of_few(window), "ledoit_wolf_constant_correlation");
  }
  // a model needs more than a window of a few days
  const auto used = is_model(method) ? messages::CorrelationMethod::sample : method;
  return named(estimate(window, used, settings), boost::describe::enum_to_string(used, "?"));
}

core::Result<Stressed>
stressed_by_window(const PortfolioBasis& from, const PortfolioView& view, const Stress& stress) {
  std::vector<SeriesInput> held;
  for (const auto& id : view.panel.instruments) {
    const auto& all = *stress.scenario_series;
    held.push_back(*std::find_if(all.begin(), all.end(),
                                 [&](const SeriesInput& input) { return input.instrument == id; }));
  }
  auto window = align_range(held, from.basis.selection.interval, stress.scenario->start,
                            stress.scenario->end, scenario_returns_min);
  if (!window) {
    return Error{window.error().code,
                 "scenario " + stress.scenario->name + ": " + window.error().message};
  }
  const auto found = window_estimate(*window, from.basis.selection.method, *from.basis.settings);
  if (!found) {
    return Error{found.error().code,
                 "scenario " + stress.scenario->name + ": " + found.error().message};
  }
  const auto& in_window = found->first;
  Stressed out{.estimate = view.estimate,
               .window = {},
               .window_volatility = in_window.volatility,
               .window_method = found->second,
               .window_shrinkage = in_window.shrinkage};
  out.estimate.correlation = in_window.correlation;
  out.estimate.repaired = in_window.repaired;
  out.estimate.repair_distance = in_window.repair_distance;
  out.window = std::move(*window);
  return out;
}

core::Result<Stressed>
stressed(const PortfolioBasis& from, const PortfolioView& view, const Stress& stress) {
  if (stress.scenario) {
    return stressed_by_window(from, view, stress);
  }
  const auto size = view.panel.size();
  Eigen::MatrixXd moved(size, size);
  if (stress.matrix) {
    for (Eigen::Index i = 0; i < size; ++i) {
      for (Eigen::Index j = 0; j < size; ++j) {
        // the lower triangle stands for both, so that rounding does not make it asymmetric
        moved(i, j) = (*stress.matrix)[static_cast<std::size_t>(std::max(i, j))]
                                      [static_cast<std::size_t>(std::min(i, j))];
      }
    }
    moved.diagonal().setOnes();
  } else {
    const auto towards =
      quant::correlations_towards_one(view.estimate.correlation, stress.factor.value());
    if (!towards) {
      return kernel_error("the stressed correlations", towards.reason());
    }
    moved = *towards;
  }
  auto found = repaired_estimate(moved, view.estimate.volatility);
  if (!found) {
    return found.error();
  }
  return Stressed{.estimate = std::move(*found),
                  .window = {},
                  .window_volatility = {},
                  .window_method = {},
                  .window_shrinkage = {}};
}

void describe_stress(messages::StressTest& out, const Stress& stress, const Stressed& after) {
  out.factor = stress.factor;
  out.scenario = stress.scenario ? stress.scenario->name : stress.matrix ? "matrix" : "factor";
  if (stress.scenario) {
    out.description = stress.scenario->description;
    out.window_start = stress.scenario->start;
    out.window_end = stress.scenario->end;
    out.window_n_obs = static_cast<std::uint32_t>(after.window->observations());
    out.window_method = after.window_method;
    out.window_mean_correlation_error = mean_correlation_error(*after.window);
    if (after.window->observations() < scenario_returns_few) {
      out.note = std::to_string(after.window->observations())
                 + " returns are few: the window's correlations are shrunk towards their mean by "
                 + number_text(after.window_shrinkage.value_or(0.0))
                 + ", and any one of them is uncertain; the mean's standard error is given";
    }
  } else {
    out.description = stress.matrix ? "correlations given by the caller"
                                    : "correlations moved toward 1 by the factor";
  }
}

} // namespace

core::Result<messages::StressTestReply> answer_stress(const PortfolioBasis& from,
                                                      const Stress& stress) {
  if (stress.matrix) {
    const auto positions = from.holdings.portfolio.positions.size();
    if (const auto checked = check_stress_matrix(*stress.matrix, positions); !checked) {
      return checked.error();
    }
  }
  const auto view = view_of(from);
  if (!view) {
    return view.error();
  }
  const auto after = stressed(from, *view, stress);
  if (!after) {
    return after.error();
  }
  const auto before_risk = risk_of(view->estimate, view->weights);
  if (!before_risk) {
    return before_risk.error();
  }
  const auto after_risk = risk_of(after->estimate, view->weights);
  if (!after_risk) {
    return after_risk.error();
  }
  const auto& selection = from.basis.selection;
  const double annual = annual_factor(selection.interval);
  messages::StressTestReply reply;
  reply.meta = meta_of(view->panel, selection.method, from.basis.now);
  auto& out = reply.data;
  describe_stress(out, stress, *after);
  out.portfolio = from.holdings.portfolio.id;
  out.portfolio_version = from.holdings.portfolio.version;
  out.symbols = view->panel.instruments;
  out.weights = values_of(view->weights);
  out.correlation_before = rows_of(view->estimate.correlation);
  out.correlation_after = rows_of(after->estimate.correlation);
  out.repaired = after->estimate.repaired;
  out.repair_distance = after->estimate.repair_distance;
  out.volatility_annual_before = before_risk->volatility * annual;
  out.volatility_annual_after = after_risk->volatility * annual;
  out.volatility_ratio = after_risk->volatility / before_risk->volatility;
  out.diversification_ratio_before = before_risk->diversification_ratio;
  out.diversification_ratio_after = after_risk->diversification_ratio;
  out.mean_correlation_before = mean_correlation(view->estimate.correlation);
  out.mean_correlation_after = mean_correlation(after->estimate.correlation);
  out.method = selection.method;
  out.interval = selection.interval;
  out.window = selection.window;
  out.left_out = from.left_out;
  if (after->window) {
    auto in_window = after->estimate;
    in_window.volatility = after->window_volatility;
    const auto risk = risk_of(in_window, view->weights);
    if (!risk) {
      return risk.error();
    }
    out.volatility_annual_after_with_window_volatilities = risk->volatility * annual;
    for (auto input : after->window->inputs) {
      input.name += " in " + stress.scenario->name;
      reply.meta.inputs->push_back(std::move(input));
    }
  }
  return reply;
}

} // namespace troupe::correlation
