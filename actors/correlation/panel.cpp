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
  std::string text = "insufficient data: expected " + count_text(needed) + " closed bars of "
                     + input.instrument.to_text() + ' ' + interval.to_text() + ", found "
                     + count_text(found);
  if (!input.problem.empty()) {
    text += " (" + input.problem + ')';
  }
  return {Errc::NOT_READY, std::move(text)};
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
  auto oldest = end;
  for (const auto& input : series) {
    oldest = std::min(oldest, input.closes->front().at);
  }
  const auto reach = std::min(windows_back_max * static_cast<std::int64_t>(needed),
                              (end - oldest) / interval.duration() + 1);
  auto grid = grid_of(series, interval, end - reach * interval.duration(), end, needed);
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
    return Error{Errc::NOT_READY, "insufficient data: expected at least "
                                    + count_text(static_cast<std::size_t>(wanted))
                                    + " returns with bars of both " + name(row) + " and "
                                    + name(column) + ", found "
                                    + count_text(static_cast<std::size_t>(least))};
  }
  return panel;
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
  if (grid.size() < std::size_t{returns_min} + 1) {
    return Error{Errc::NOT_READY, "insufficient data: expected at least "
                                    + count_text(std::size_t{returns_min} + 1)
                                    + " closed bars from " + start.to_text() + " to "
                                    + end.to_text() + ", found " + count_text(grid.size())};
  }
  return panel_on(series, interval, std::move(grid));
}

} // namespace troupe::correlation
