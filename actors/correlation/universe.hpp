#pragma once

#include "actors/correlation/estimate.hpp"
#include "actors/correlation/panel.hpp"
#include "actors/correlation/settings.hpp"
#include "quant/covariance/ewma.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace troupe::correlation {

/// Correlations of all instruments on one interval, kept bar by bar: built from history once, then
/// one exponentially weighted step per closed bar. The bars of a time are taken together when all
/// instruments have closed theirs, or are known not to have traded: a later one of theirs came, or
/// the grace is over. The result is that of a batch over the same grid (panel.hpp).
/// @cost  N^2 / 2 multiply-adds per bar
class Universe {
public:
  /// @param settings  outlives this
  Universe(const Settings& settings, trading::Interval interval)
    : settings_(&settings), interval_(interval) {}

  /// Starts over from history. Instruments with too few bars in the window are left out.
  /// Closes that came meanwhile and are newer stay to be taken.
  /// @returns the panel it was built from; NOT_READY where fewer than two instruments have enough
  ///          bars: all is as it was then
  core::Result<Panel> rebuild(std::span<const SeriesInput> series);

  /// A bar closed. @param now  actor clock
  void on_close(const std::string& symbol,
                core::Timestamp at,
                double price,
                std::chrono::nanoseconds now);

  /// Takes one time whose bars are all there. @param now  actor clock
  /// @returns the returns that were taken, shape (N); nothing while none is complete
  [[nodiscard]] std::optional<Eigen::VectorXd> advance(std::chrono::nanoseconds now);

  /// Bars may be missing in what was taken (a hole, a late bar): history has to say.
  [[nodiscard]] bool doubtful() const { return doubtful_; }
  void doubt() { doubtful_ = true; }

  [[nodiscard]] bool ready() const { return ewma_.has_value(); }
  /// Instruments that had no place at the last rebuild, and why.
  [[nodiscard]] const std::vector<messages::LeftOut>& left_out() const { return left_out_; }
  [[nodiscard]] trading::Interval interval() const { return interval_; }
  [[nodiscard]] std::size_t waiting() const { return pending_.size(); }

  // ---- @pre ready()
  [[nodiscard]] const std::vector<trading::InstrumentId>& instruments() const {
    return instruments_;
  }
  [[nodiscard]] core::Timestamp as_of() const { return as_of_; }
  [[nodiscard]] core::Timestamp start() const { return start_; }
  [[nodiscard]] std::uint64_t observations() const { return observations_; }
  [[nodiscard]] const Eigen::MatrixXd& pair_counts() const { return pair_counts_; }
  /// Newest close of each instrument that was taken.
  [[nodiscard]] const std::vector<core::Timestamp>& closes() const { return closes_; }
  /// @returns NOT_READY where an instrument's price never moved
  [[nodiscard]] core::Result<Estimate> ewma() const;
  /// The EWMA correlations alone, shape (N, N), kept with each bar; null before ready()
  /// and where they are not defined, and good until the next bar is taken.
  [[nodiscard]] const Eigen::MatrixXd* correlation() const {
    return ewma_ ? ewma_->correlation() : nullptr;
  }

  /// Times that may wait for laggards; beyond, history has to help.
  static constexpr std::size_t waiting_max = 10'000;

private:
  struct Pending {
    std::map<std::size_t, double> prices;
    std::chrono::nanoseconds since{0};
  };
  [[nodiscard]] bool
  complete(core::Timestamp at, const Pending& pending, std::chrono::nanoseconds now) const;

  const Settings* settings_;
  trading::Interval interval_;
  std::vector<trading::InstrumentId> instruments_;
  std::vector<messages::LeftOut> left_out_;
  std::map<std::string, std::size_t> index_;
  std::optional<quant::EwmaCovariance> ewma_;
  Eigen::VectorXd prices_;
  Eigen::MatrixXd pair_counts_;
  std::vector<core::Timestamp> closes_;
  std::vector<core::Timestamp> seen_; ///< newest close that came, taken or not
  std::map<core::Timestamp, Pending> pending_;
  core::Timestamp start_;
  core::Timestamp as_of_;
  std::uint64_t observations_ = 0;
  bool doubtful_ = false;
};

} // namespace troupe::correlation
