#include "actors/correlation/dcc_model.hpp"
#include "actors/correlation/estimate.hpp"
#include "actors/correlation/panel.hpp"
#include "nodes/market_report/report.hpp"
#include "quant/covariance/ewma.hpp"
#include "quant/covariance/sample.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>

namespace troupe::market_report {

namespace {

using correlation::Panel;
using correlation::SeriesInput;
using Eigen::Index;

constexpr Index rolling_bars = 60;
/// A model is fitted on at least as many returns, and anew after so many days.
constexpr Index fit_returns_min = 500;
constexpr Index refit_bars = 365;
constexpr std::uint32_t window_returns_min = 20;

const std::array<Window, 3> known_windows{{{"March 2020", "2020-03-01", "2020-03-31"},
                                           {"May-June 2022", "2022-05-01", "2022-06-30"},
                                           {"2023", "2023-01-01", "2023-12-31"}}};

core::Result<std::vector<SeriesInput>> series_of(const std::vector<Recording>& recordings,
                                                 const std::vector<std::string>& symbols) {
  std::vector<SeriesInput> out;
  for (const auto& symbol : symbols) {
    const auto found = std::find_if(recordings.begin(), recordings.end(), [&](const Recording& x) {
      return x.instrument.symbol == symbol;
    });
    if (found == recordings.end()) {
      return core::Error{core::Errc::NOT_FOUND, "no recorded bars of " + symbol};
    }
    auto closes = std::make_shared<correlation::Closes>();
    for (const auto& bar : found->bars) {
      closes->push_back({bar.ts_close, bar.close.to_double()});
    }
    SeriesInput input;
    input.instrument = found->instrument;
    input.closes = std::move(closes);
    out.push_back(std::move(input));
  }
  return out;
}

/// From the first close that all of them have to the last one.
core::Result<Panel> panel_of(const std::vector<SeriesInput>& series) {
  auto first = series.front().closes->front().at;
  auto last = series.front().closes->back().at;
  for (const auto& input : series) {
    first = std::max(first, input.closes->front().at);
    last = std::min(last, input.closes->back().at);
  }
  return correlation::align_range(series, trading::intervals::d1, first, last,
                                  static_cast<std::uint32_t>(fit_returns_min));
}

core::Result<CorrelationFact> fact_of(const std::vector<SeriesInput>& series,
                                      const Window& window) {
  // a day's return ends with its bar's close
  const auto panel = correlation::align_range(series, trading::intervals::d1, window.start(),
                                              window.end(), window_returns_min);
  if (!panel) {
    return panel.error();
  }
  const auto found =
    correlation::estimate(*panel, messages::CorrelationMethod::sample, correlation::Settings{});
  if (!found) {
    return found.error();
  }
  return CorrelationFact{window.name, correlation::mean_correlation(found->correlation),
                         static_cast<std::uint64_t>(panel->observations())};
}

Panel first_returns(const Panel& panel, Index count) {
  Panel out = panel;
  out.grid.resize(static_cast<std::size_t>(count) + 1);
  out.returns = panel.returns.topRows(count);
  return out;
}

/// DCC: every year fitted on all returns before it, then taken over the year bar by bar.
core::Result<void> add_dcc(const Panel& panel, CorrelationReport& out) {
  out.dcc.assign(out.times.size(), std::nullopt);
  for (Index from = fit_returns_min; from < panel.observations(); from += refit_bars) {
    auto model = correlation::fit_dcc_model(first_returns(panel, from), false);
    if (!model) {
      return model.error();
    }
    const Index until = std::min(from + refit_bars, panel.observations());
    out.fits.push_back({panel.grid[static_cast<std::size_t>(from)],
                        panel.grid[static_cast<std::size_t>(until)],
                        static_cast<std::uint64_t>(from), model->info.parameters.at("a"),
                        model->info.parameters.at("b")});
    for (Index t = from; t < until; ++t) {
      if (!model->state.update(panel.returns.row(t).transpose())) {
        return core::Error{core::Errc::INTERNAL, "a return was refused"};
      }
      out.dcc[static_cast<std::size_t>(t)] =
        correlation::mean_correlation(model->state.correlation_next());
    }
  }
  return {};
}

void add_moving(const Panel& panel, CorrelationReport& out) {
  quant::EwmaCovariance ewma{panel.size(), out.ewma_lambda};
  for (Index t = 0; t < panel.observations(); ++t) {
    const bool taken = ewma.update(panel.returns.row(t).transpose());
    const auto* const moving = ewma.correlation();
    out.ewma.push_back(taken && moving != nullptr && t + 1 >= rolling_bars
                         ? std::optional{correlation::mean_correlation(*moving)}
                         : std::nullopt);
    if (t + 1 < rolling_bars) {
      out.rolling.emplace_back();
      continue;
    }
    const auto rolling =
      quant::sample_correlation(panel.returns.middleRows(t + 1 - rolling_bars, rolling_bars));
    out.rolling.push_back(rolling ? std::optional{correlation::mean_correlation(*rolling)}
                                  : std::nullopt);
  }
}

} // namespace

core::Result<CorrelationReport> correlations_of(const std::vector<Recording>& recordings,
                                                const std::vector<std::string>& symbols) {
  const auto series = series_of(recordings, symbols);
  if (!series) {
    return series.error();
  }
  const auto panel = panel_of(*series);
  if (!panel) {
    return panel.error();
  }
  CorrelationReport out;
  out.instruments = panel->instruments;
  out.interval = panel->interval;
  out.rolling_bars = static_cast<std::uint32_t>(rolling_bars);
  out.ewma_lambda = correlation::Settings{}.ewma_lambda;
  out.times.assign(panel->grid.begin() + 1, panel->grid.end());
  add_moving(*panel, out);
  if (const auto done = add_dcc(*panel, out); !done) {
    return done.error();
  }
  for (const auto& window : known_windows) {
    const auto fact = fact_of(*series, window);
    if (!fact) {
      return fact.error();
    }
    out.facts.push_back(*fact);
  }
  return out;
}

} // namespace troupe::market_report
