#pragma once

#include "core/time.hpp"
#include "trading/bar.hpp"

#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace troupe::correlation {

/// Closing price of one bar.
struct Close {
  core::Timestamp at; ///< exclusive end of the bar
  double price = 0.0; ///< above 0

  friend bool operator==(const Close&, const Close&) = default;
};

using Closes = std::vector<Close>; ///< ascending by time, distinct

/// The newest closes of one instrument on one interval, and up to when they are all there. Bars
/// may come in any order and again; snapshots are shared with other threads and never change.
class CloseSeries {
public:
  /// @param closes_max  at least 1; the oldest ones beyond it are dropped
  CloseSeries(trading::Interval interval, std::size_t closes_max);

  /// Takes a bar as it closed. One that begins where the last one ended leaves no hole; after any
  /// other one it is open whether nothing traded or bars were lost.
  void on_live(const trading::Bar& bar);

  /// Takes a page of history, ascending; bars that are open or malformed are passed over.
  void on_history(std::span<const trading::Bar> bars);

  /// Every bar that closed until `until` is held; goes on over bars that follow without a hole.
  void set_gapless(core::Timestamp until);

  [[nodiscard]] std::shared_ptr<const Closes> snapshot() const { return closes_; }
  [[nodiscard]] std::size_t size() const { return closes_->size(); }
  [[nodiscard]] std::optional<core::Timestamp> oldest() const;
  [[nodiscard]] std::optional<core::Timestamp> newest() const;
  /// No bar that closed until then is missing, back to oldest(); nothing while that is unknown.
  [[nodiscard]] std::optional<core::Timestamp> gapless_until() const { return gapless_until_; }
  [[nodiscard]] bool gapless() const { return gapless_until_ && gapless_until_ == newest(); }
  [[nodiscard]] trading::Interval interval() const { return interval_; }

private:
  [[nodiscard]] bool well_formed(const trading::Bar& bar) const;
  void insert(Close close);
  Closes& writable();
  void trim();

  trading::Interval interval_;
  std::size_t closes_max_;
  std::shared_ptr<Closes> closes_ = std::make_shared<Closes>();
  std::optional<core::Timestamp> gapless_until_;
};

} // namespace troupe::correlation
