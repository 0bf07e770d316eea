#pragma once

#include "actors/correlation/close_series.hpp"
#include "core/errc.hpp"
#include "messages/portfolio.hpp"
#include "trading/instrument.hpp"

#include <Eigen/Core>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace troupe::correlation {

/// One instrument's closes and how far they can be relied on.
struct SeriesInput {
  trading::InstrumentId instrument;
  std::shared_ptr<const Closes> closes;
  trading::Quality quality = trading::Quality::live;
  std::string problem; ///< why there may be fewer closes than there could be; empty: nothing
};

/// Log returns of several instruments on one grid.
struct Panel {
  std::vector<trading::InstrumentId> instruments;
  trading::Interval interval;
  std::vector<core::Timestamp> grid; ///< closes of bars, shape (T + 1), ascending
  Eigen::MatrixXd returns;           ///< shape (T, N)
  Eigen::VectorXd last_prices;       ///< shape (N), at the end of the grid
  Eigen::MatrixXd pair_counts;       ///< shape (N, N): returns in which both had a bar of their own
  std::vector<messages::Input> inputs; ///< per instrument: its newest close that was taken
  trading::Quality quality = trading::Quality::live; ///< the worst of the inputs'

  [[nodiscard]] Eigen::Index observations() const { return returns.rows(); }
  [[nodiscard]] Eigen::Index size() const { return returns.cols(); }
};

/// Returns of the newest `window` grid points.
///
/// The grid is made of the times at which any of the instruments closed a bar; at those where one
/// has none, its close before stands (previous tick), so its return there is 0 and the next one
/// spans both. Times at which none traded are no grid points. A newest time that some instruments
/// have not closed yet is left out until another one has passed: they may only be late.
///
/// @param window       T, returns
/// @param overlap_min  smallest share of T in which each pair must have bars of their own
/// @returns            NOT_READY that says how many bars of which instrument were needed and found;
///                     INVALID_ARGUMENT without instruments, or naming a pair that overlaps too
///                     little
/// @cost               O(N T), and N^2 T multiply-adds where bars are missing
[[nodiscard]] core::Result<Panel> align_newest(std::span<const SeriesInput> series,
                                               trading::Interval interval,
                                               std::uint32_t window,
                                               double overlap_min);

/// What a request for all instruments makes do with.
struct UseLimits {
  std::uint32_t window = 0;    ///< returns
  double overlap_min = 0.0;    ///< as in align_newest
  bool whole_window = true;    ///< false: closes_min of them are enough, for a shorter window
  std::size_t closes_min = 2;  ///< where not the whole window is needed
  std::size_t most = SIZE_MAX; ///< instruments that are taken at once
};

struct UsableSeries {
  std::vector<SeriesInput> series;
  std::vector<messages::LeftOut> left_out{}; ///< with what was needed and what was found
  /// Degraded where one of those is only late: there is more history than has come.
  trading::Quality quality = trading::Quality::live;
};

/// Those of all instruments whose returns a panel can be made of: with bars enough in the window,
/// from its start on, a price that moved, and bars enough in common with the others; of a pair
/// that has too few, the one with fewer bars goes. Where nobody has a window full of bars, those
/// that stand out among the rest go, and align_newest says what is missing.
/// @cost  O(N T), and N^2 T multiply-adds where bars are missing
[[nodiscard]] UsableSeries
usable_series(std::span<const SeriesInput> series, trading::Interval interval, UseLimits limits);

/// Those of all instruments that had closed a bar by `start`.
[[nodiscard]] UsableSeries usable_in_range(std::span<const SeriesInput> series,
                                           trading::Interval interval,
                                           core::Timestamp start);

/// Returns that end in (start, end], on the same grid; at least `returns_min` of them.
/// @returns INVALID_ARGUMENT with the number needed and found; NOT_READY where history did not
/// answer
[[nodiscard]] core::Result<Panel> align_range(std::span<const SeriesInput> series,
                                              trading::Interval interval,
                                              core::Timestamp start,
                                              core::Timestamp end,
                                              std::uint32_t returns_min);

} // namespace troupe::correlation
