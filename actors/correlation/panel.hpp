#pragma once

#include "actors/correlation/close_series.hpp"
#include "core/errc.hpp"
#include "messages/meta.hpp"
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
/// @returns            NOT_READY that says how many bars of which instrument were needed and found,
///                     or which pair overlaps too little; INVALID_ARGUMENT without instruments
/// @cost               O(N T), and N^2 T multiply-adds where bars are missing
[[nodiscard]] core::Result<Panel> align_newest(std::span<const SeriesInput> series,
                                               trading::Interval interval,
                                               std::uint32_t window,
                                               double overlap_min);

/// Returns that end in (start, end], on the same grid; at least `returns_min` of them.
[[nodiscard]] core::Result<Panel> align_range(std::span<const SeriesInput> series,
                                              trading::Interval interval,
                                              core::Timestamp start,
                                              core::Timestamp end,
                                              std::uint32_t returns_min);

} // namespace troupe::correlation
