#include "actors/correlation/panel.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::correlation {

namespace {

using core::Errc;
using core::Error;
using core::Timestamp;

/// How many windows back closes are looked for: bounds the work for instruments that hardly trade.
constexpr std::int64_t windows_back_max = 64;
/// Intervals without a bar of its own after which an instrument's data is called stale.
constexpr std::int64_t quiet_bars_max = 5;

std::string count_text(std::size_t count) {
  return std::to_string(count);
}

Error too_few(const SeriesInput& input,
              trading::Interval interval,
              std::size_t needed,
              std::size_t found) {
  const auto name = input.instrument.to_text() + ' ' + interval.to_text();
  if (input.problem.empty()) {
    return {Errc::NOT_READY, "insufficient data: expected " + count_text(needed)
                               + " closed bars of " + name + ", found " + count_text(found)};
  }
  // it is not that there are no more: they have not come
  return {Errc::NOT_READY, "history is not here yet: " + count_text(found) + " of "
                             + count_text(needed) + " closed bars of " + name + " have come ("
                             + input.problem + ')'};
}

/// The times at or before `end`, at most `count` of them, at which any instrument closed a bar and
/// which are after `start`; ascending.
std::vector<Timestamp> grid_of(std::span<const SeriesInput> series,
                               trading::Interval interval,
                               Timestamp start,
                               Timestamp end,
                               std::size_t count) {
  const auto step = interval.duration();
  const auto slots = static_cast<std::size_t>((end - start) / step);
  std::vector<bool> closed(slots + 1, false); // by steps back from the end
  for (const auto& input : series) {
    for (auto at = input.closes->rbegin(); at != input.closes->rend() && at->at > start; ++at) {
      if (at->at <= end) {
        closed[static_cast<std::size_t>((end - at->at) / step)] = true;
      }
    }
  }
  std::vector<Timestamp> grid;
  grid.reserve(std::min(count, slots + 1));
  for (std::size_t back = 0; back <= slots && grid.size() < count; ++back) {
    if (closed[back]) {
      grid.push_back(end - static_cast<std::int64_t>(back) * step);
    }
  }
  std::reverse(grid.begin(), grid.end());
  return grid;
}

/// The newest time that may be a grid point, see align_newest.
Timestamp newest_complete(std::span<const SeriesInput> series, trading::Interval interval) {
  auto newest = series.front().closes->back().at;
  auto others = newest;
  for (const auto& input : series) {
    newest = std::max(newest, input.closes->back().at);
    others = std::min(others, input.closes->back().at);
  }
  return others == newest ? newest : newest - interval.duration();
}

/// The newest grid points up to `end`, at most `needed` of them. @pre no series is empty
std::vector<Timestamp> newest_grid(std::span<const SeriesInput> series,
                                   trading::Interval interval,
                                   Timestamp end,
                                   std::size_t needed) {
  auto oldest = end;
  for (const auto& input : series) {
    oldest = std::min(oldest, input.closes->front().at);
  }
  const auto reach = std::min(windows_back_max * static_cast<std::int64_t>(needed),
                              (end - oldest) / interval.duration() + 1);
  return grid_of(series, interval, end - reach * interval.duration(), end, needed);
}

/// Fills column `column` of the panel; `own` gets 1 where the instrument has a bar of its own.
/// @returns false where it has no close at or before the grid's first point
bool fill_column(const Closes& closes,
                 const std::vector<Timestamp>& grid,
                 Eigen::Index column,
                 Panel& panel,
                 Eigen::MatrixXd& own) {
  auto at = std::upper_bound(closes.begin(), closes.end(), grid.front(),
                             [](Timestamp t, const Close& c) { return t < c.at; });
  if (at == closes.begin()) {
    return false;
  }
  --at;
  double price = at->price;
  for (std::size_t t = 1; t < grid.size(); ++t) {
    const double before = price;
    while (std::next(at) != closes.end() && std::next(at)->at <= grid[t]) {
      ++at;
    }
    price = at->price;
    const auto row = static_cast<Eigen::Index>(t) - 1;
    panel.returns(row, column) = std::log(price / before);
    own(row, column) = at->at == grid[t] ? 1.0 : 0.0;
  }
  panel.last_prices(column) = price;
  return true;
}

messages::Input
input_of(const SeriesInput& input, const std::vector<Timestamp>& grid, trading::Interval interval) {
  const auto& closes = *input.closes;
  const auto after = std::upper_bound(closes.begin(), closes.end(), grid.back(),
                                      [](Timestamp t, const Close& c) { return t < c.at; });
  const auto as_of = std::prev(after)->at;
  auto quality = input.quality;
  if (grid.back() - as_of > quiet_bars_max * interval.duration()) {
    quality = trading::worse(quality, trading::Quality::stale);
  }
  return {"bars " + input.instrument.to_text() + ' ' + interval.to_text(), as_of, quality};
}

core::Result<Panel> panel_on(std::span<const SeriesInput> series,
                             trading::Interval interval,
                             std::vector<Timestamp> grid) {
  const auto count = static_cast<Eigen::Index>(series.size());
  const auto rows = static_cast<Eigen::Index>(grid.size()) - 1;
  Panel panel;
  panel.interval = interval;
  panel.returns.resize(rows, count);
  panel.last_prices.resize(count);
  Eigen::MatrixXd own(rows, count);
  for (Eigen::Index i = 0; i < count; ++i) {
    const auto& input = series[static_cast<std::size_t>(i)];
    if (!fill_column(*input.closes, grid, i, panel, own)) {
      const auto& closes = *input.closes;
      const auto within = std::count_if(closes.begin(), closes.end(), [&](const Close& close) {
        return close.at >= grid.front() && close.at <= grid.back();
      });
      return too_few(input, interval, grid.size(), static_cast<std::size_t>(within));
    }
    panel.instruments.push_back(input.instrument);
    panel.inputs.push_back(input_of(input, grid, interval));
    panel.quality = trading::worse(panel.quality, panel.inputs.back().quality);
  }
  if (own.minCoeff() == 1.0) {
    panel.pair_counts = Eigen::MatrixXd::Constant(count, count, static_cast<double>(rows));
  } else {
    panel.pair_counts = own.transpose() * own;
  }
  panel.grid = std::move(grid);
  return panel;
}

} // namespace

core::Result<Panel> align_newest(std::span<const SeriesInput> series,
                                 trading::Interval interval,
                                 std::uint32_t window,
                                 double overlap_min) {
  if (series.empty()) {
    return Error{Errc::INVALID_ARGUMENT, "symbols: expected at least one instrument, found none"};
  }
  const std::size_t needed = std::size_t{window} + 1;
  for (const auto& input : series) {
    if (input.closes->empty()) {
      return too_few(input, interval, needed, 0);
    }
  }
  const auto end = newest_complete(series, interval);
  auto grid = newest_grid(series, interval, end, needed);
  if (grid.size() < needed) {
    const auto shortest = std::min_element(series.begin(), series.end(),
                                           [](const SeriesInput& a, const SeriesInput& b) {
                                             return a.closes->size() < b.closes->size();
                                           });
    return too_few(*shortest, interval, needed, std::min(grid.size(), shortest->closes->size()));
  }
  auto panel = panel_on(series, interval, std::move(grid));
  if (!panel) {
    return panel;
  }
  Eigen::Index row = 0;
  Eigen::Index column = 0;
  const double least = panel->pair_counts.minCoeff(&row, &column);
  const double wanted = std::ceil(overlap_min * static_cast<double>(window));
  if (least < wanted) {
    const auto name = [&](Eigen::Index i) {
      return panel->instruments[static_cast<std::size_t>(i)].to_text();
    };
    const auto problem = [&](Eigen::Index i) {
      return series[static_cast<std::size_t>(i)].problem;
    };
    const auto why = problem(row).empty() ? problem(column) : problem(row);
    // more of the same asking gives no more: another window, interval or set of instruments may
    return Error{why.empty() ? Errc::INVALID_ARGUMENT : Errc::NOT_READY,
                 "symbols: expected at least " + count_text(static_cast<std::size_t>(wanted))
                   + " of " + count_text(window) + " returns with bars of both " + name(row)
                   + " and " + name(column) + ", found "
                   + count_text(static_cast<std::size_t>(least))
                   + (why.empty() ? "" : " (" + why + ')')};
  }
  return panel;
}

namespace {

/// Why an instrument has no place among the others on their grid; empty: it has.
std::string why_unusable(const SeriesInput& input,
                         trading::Interval interval,
                         const std::vector<Timestamp>& grid,
                         const UseLimits& limits) {
  const auto& closes = *input.closes;
  const auto after_start = std::upper_bound(closes.begin(), closes.end(), grid.front(),
                                            [](Timestamp t, const Close& c) { return t < c.at; });
  const auto found = static_cast<std::size_t>(closes.end() - after_start);
  const auto window = grid.size() - 1;
  const auto wanted =
    static_cast<std::size_t>(std::ceil(limits.overlap_min * static_cast<double>(window)));
  const auto problem = input.problem.empty() ? std::string{} : " (" + input.problem + ')';
  if (limits.whole_window ? after_start == closes.begin() : closes.size() < limits.closes_min) {
    const auto needed = limits.whole_window ? grid.size() : limits.closes_min;
    return "expected " + count_text(needed) + " closed bars of " + interval.to_text() + ", found "
           + count_text(closes.size()) + problem;
  }
  if (found < wanted) {
    return "expected bars of its own in at least " + count_text(wanted) + " of "
           + count_text(window) + " returns, found " + count_text(found) + problem;
  }
  const auto first = after_start == closes.begin() ? after_start : std::prev(after_start);
  if (std::all_of(first, closes.end(),
                  [&](const Close& close) { return close.price == closes.back().price; })) {
    return "its price did not move over " + count_text(window) + " returns";
  }
  return {};
}

void leave_out(UsableSeries& out, std::size_t index, std::string reason) {
  const auto at = out.series.begin() + static_cast<std::ptrdiff_t>(index);
  out.left_out.push_back({at->instrument, std::move(reason)});
  out.series.erase(at);
}

/// Of every pair with too few bars in common the one with fewer bars goes, the worst pair first.
void leave_out_strangers(UsableSeries& out, trading::Interval interval, const UseLimits& limits) {
  const std::size_t needed = std::size_t{limits.window} + 1;
  const auto end = newest_complete(out.series, interval);
  auto grid = newest_grid(out.series, interval, end, needed);
  const auto panel = panel_on(out.series, interval, std::move(grid));
  if (!panel) {
    return; // align_newest says why
  }
  const auto window = panel->observations();
  const double wanted = std::ceil(limits.overlap_min * static_cast<double>(window));
  Eigen::MatrixXd counts = panel->pair_counts;
  const Eigen::VectorXd bars = panel->pair_counts.diagonal();
  std::vector<std::size_t> gone;
  for (;;) {
    Eigen::Index i = 0;
    Eigen::Index j = 0;
    const double least = counts.minCoeff(&i, &j);
    if (least >= wanted) {
      break;
    }
    const auto loser = bars(i) <= bars(j) ? i : j;
    const auto other = loser == i ? j : i;
    out.left_out.push_back({panel->instruments[static_cast<std::size_t>(loser)],
                            "expected bars in common with "
                              + panel->instruments[static_cast<std::size_t>(other)].to_text()
                              + " in at least " + count_text(static_cast<std::size_t>(wanted))
                              + " of " + count_text(static_cast<std::size_t>(window))
                              + " returns, found " + count_text(static_cast<std::size_t>(least))});
    gone.push_back(static_cast<std::size_t>(loser));
    counts.row(loser).setConstant(wanted);
    counts.col(loser).setConstant(wanted);
  }
  std::sort(gone.rbegin(), gone.rend());
  for (const auto index : gone) {
    out.series.erase(out.series.begin() + static_cast<std::ptrdiff_t>(index));
  }
}

} // namespace

namespace {

/// Degraded where an input that is not among `taken` had less than there is.
trading::Quality quality_without(std::span<const SeriesInput> all,
                                 std::span<const SeriesInput> taken) {
  const bool late = std::any_of(all.begin(), all.end(), [&](const SeriesInput& input) {
    return !input.problem.empty()
           && std::none_of(taken.begin(), taken.end(), [&](const SeriesInput& other) {
                return other.instrument == input.instrument;
              });
  });
  return late ? trading::Quality::degraded : trading::Quality::live;
}

} // namespace

UsableSeries
usable_series(std::span<const SeriesInput> series, trading::Interval interval, UseLimits limits) {
  UsableSeries out;
  for (const auto& input : series) {
    if (input.closes->empty()) {
      out.left_out.push_back(
        {input.instrument, "expected closed bars of " + interval.to_text() + ", found none"
                             + (input.problem.empty() ? "" : " (" + input.problem + ')')});
    } else {
      out.series.push_back(input);
    }
  }
  if (out.series.empty()) {
    return {{series.begin(), series.end()}};
  }
  const auto end = newest_complete(out.series, interval);
  const auto grid = newest_grid(out.series, interval, end, std::size_t{limits.window} + 1);
  if (grid.empty()) {
    return {{series.begin(), series.end()}};
  }
  for (std::size_t i = 0; i < out.series.size();) {
    auto why = why_unusable(out.series[i], interval, grid, limits);
    why.empty() ? void(++i) : leave_out(out, i, std::move(why));
  }
  if (out.series.size() > 1 && limits.whole_window) {
    leave_out_strangers(out, interval, limits);
  }
  while (out.series.size() > limits.most) {
    leave_out(out, limits.most,
              "at most " + count_text(limits.most)
                + " instruments are taken at once: name those that are wanted");
  }
  std::sort(out.left_out.begin(), out.left_out.end(),
            [](const auto& a, const auto& b) { return a.instrument < b.instrument; });
  out.quality = quality_without(series, out.series);
  return out;
}

UsableSeries
usable_in_range(std::span<const SeriesInput> series, trading::Interval interval, Timestamp start) {
  UsableSeries out;
  const auto first = interval.open_of(start);
  for (const auto& input : series) {
    if (!input.closes->empty() && input.closes->front().at <= first) {
      out.series.push_back(input);
      continue;
    }
    out.left_out.push_back(
      {input.instrument,
       "expected bars of " + interval.to_text() + " from " + start.to_text() + " on, found "
         + (input.closes->empty() ? "none" : "the first at " + input.closes->front().at.to_text())
         + (input.problem.empty() ? "" : " (" + input.problem + ')')});
  }
  out.quality = quality_without(series, out.series);
  return out;
}

core::Result<Panel> align_range(std::span<const SeriesInput> series,
                                trading::Interval interval,
                                Timestamp start,
                                Timestamp end,
                                std::uint32_t returns_min) {
  if (series.empty()) {
    return Error{Errc::INVALID_ARGUMENT, "symbols: expected at least one instrument, found none"};
  }
  const auto last = interval.open_of(end);
  const auto first = interval.open_of(start);
  const auto slots =
    static_cast<std::size_t>(std::max<std::int64_t>((last - first) / interval.duration(), 0));
  auto grid = grid_of(series, interval, first - interval.duration(), last, slots + 2);
  const auto late = std::find_if(series.begin(), series.end(),
                                 [](const SeriesInput& input) { return !input.problem.empty(); });
  // the past gets no more bars: only history that did not answer may have more
  const auto code = late == series.end() ? Errc::INVALID_ARGUMENT : Errc::NOT_READY;
  if (grid.size() < std::size_t{returns_min} + 1) {
    return Error{code, "expected at least " + count_text(std::size_t{returns_min} + 1)
                         + " closed bars of " + interval.to_text() + " from " + start.to_text()
                         + " to " + end.to_text() + ", found " + count_text(grid.size())
                         + (late == series.end() ? "" : " (" + late->problem + ')')};
  }
  auto panel = panel_on(series, interval, std::move(grid));
  return panel ? std::move(panel) : Error{code, panel.error().message};
}

} // namespace troupe::correlation
