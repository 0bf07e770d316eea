#include "actors/correlation/answers.hpp"

#include <algorithm>
#include <chrono>

namespace troupe::correlation {

using namespace std::chrono_literals;

messages::Meta
meta_of(const Panel& panel, messages::CorrelationMethod method, core::Timestamp now) {
  messages::Meta meta;
  meta.as_of = panel.grid.back();
  meta.quality = panel.quality;
  meta.age_ms = std::max<std::int64_t>((now - meta.as_of) / 1ms, 0);
  meta.method = boost::describe::enum_to_string(method, "?");
  meta.n_obs = static_cast<std::uint64_t>(panel.observations());
  meta.inputs = panel.inputs;
  return meta;
}

messages::CorrelationMatrix
matrix_of(const Panel& panel, const Estimate& estimate, const Selection& selection) {
  messages::CorrelationMatrix out;
  out.symbols = panel.instruments;
  out.matrix = rows_of(estimate.correlation);
  out.method = selection.method;
  out.interval = selection.interval;
  out.window = selection.window;
  out.condition_number = estimate.condition_number;
  out.repaired = estimate.repaired;
  out.repair_distance = estimate.repair_distance;
  out.shrinkage = estimate.shrinkage;
  out.lambda = estimate.lambda;
  for (Eigen::Index i = 0; i < panel.size(); ++i) {
    auto& row = out.pair_counts.emplace_back();
    for (Eigen::Index j = 0; j < panel.size(); ++j) {
      row.push_back(static_cast<std::uint32_t>(panel.pair_counts(i, j)));
    }
  }
  out.overlap_min = static_cast<std::uint32_t>(panel.pair_counts.minCoeff());
  out.volatility_annual = values_of(estimate.volatility * annual_factor(selection.interval));
  out.sampling = "previous_tick";
  out.start = panel.grid.front();
  out.end = panel.grid.back();
  out.model = estimate.model;
  return out;
}

core::Result<TakenPanel> take_panel(const Basis& basis, std::uint32_t most) {
  const auto& selection = basis.selection;
  const double overlap_min = basis.settings->overlap_min;
  UsableSeries taken{*basis.series};
  if (selection.symbols.empty()) {
    taken = usable_series(*basis.series, selection.interval,
                          {.window = selection.window, .overlap_min = overlap_min, .most = most});
    if (taken.series.size() < 2) {
      taken = {*basis.series}; // what is missing is best said of all of them
    }
  }
  auto panel = align_newest(taken.series, selection.interval, selection.window, overlap_min);
  if (!panel) {
    return panel.error();
  }
  panel->quality = trading::worse(panel->quality, taken.quality);
  return TakenPanel{std::move(*panel), std::move(taken.left_out)};
}

core::Result<messages::CorrelationMatrixReply> answer_matrix(const Basis& basis) {
  const auto& selection = basis.selection;
  auto taken = take_panel(basis, symbols_max_of(selection.method, *basis.settings));
  if (!taken) {
    return taken.error();
  }
  const auto found = estimate(taken->panel, selection.method, *basis.settings, selection.gjr);
  if (!found) {
    return found.error();
  }
  messages::CorrelationMatrixReply reply{meta_of(taken->panel, selection.method, basis.now),
                                         matrix_of(taken->panel, *found, selection)};
  reply.data.left_out = std::move(taken->left_out);
  return reply;
}

} // namespace troupe::correlation
