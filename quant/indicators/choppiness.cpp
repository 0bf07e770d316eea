#include "quant/indicators/choppiness.hpp"

#include <utility>

namespace troupe::quant {

namespace {

Eigen::Index checked_window(Eigen::Index period_bars) {
  require_period(period_bars, 2); // log10(1) is 0
  return period_bars;
}

double scale_of(Eigen::Index period_bars) {
  return 100.0 / std::log(static_cast<double>(period_bars));
}

double index_of(double ranges, double span, double scale) {
  return span > 0.0 ? scale * std::log(ranges / span) : 100.0;
}

/// Sums and extremes over each of a stretch of windows, in blocks of n as SumWindow and
/// ExtremeWindow have them bar by bar, to the bit.
class Windows {
public:
  Windows(Eigen::Index period_bars, ChoppinessRange range)
    : period_(period_bars), range_of_(range),
      blocks_(std::max<Eigen::Index>(block_bars / period_bars, 1)),
      samples_((blocks_ + 1) * period_bars, 3), windows_(blocks_ * period_bars, 3) {}

  /// Bars that are added at a time, and so windows.
  [[nodiscard]] Eigen::Index size() const { return windows_.rows(); }

  /// Puts the bars from t on at a place among the samples. @returns false where one is not usable
  bool add(const BarSeries& bars, Eigen::Index t, Eigen::Index count, Eigen::Index place) {
    const double* const high = bars.high.data() + t;
    const double* const low = bars.low.data() + t;
    const double* const close = bars.close.data() + t;
    if (!usable_bars(high, low, close, count)) {
      return false;
    }
    double* const range = samples_.col(RANGE).data() + place;
    double* const highs = samples_.col(HIGH).data() + place;
    double* const lows = samples_.col(LOW).data() + place;
    for (Eigen::Index i = 0; i < count; ++i) {
      // the first bar of all has no close before it
      highs[i] = t + i > 0 ? std::max(high[i], close[i - 1]) : high[i];
      lows[i] = t + i > 0 ? std::min(low[i], close[i - 1]) : low[i];
      range[i] = highs[i] - lows[i];
    }
    if (range_of_ == ChoppinessRange::RAW) {
      std::copy_n(high, count, highs);
      std::copy_n(low, count, lows);
    }
    return true;
  }

  /// The index of `count` windows, of which the first begins at the first sample; what the windows
  /// after them need of the samples moves to the front.
  void index(Eigen::Index count, double scale, double* out) {
    for (Eigen::Index from = 0; from < count; from += period_) {
      fill_block(from, std::min(period_, count - from));
    }
    const double* const ranges = windows_.col(RANGE).data();
    const double* const highs = windows_.col(HIGH).data();
    const double* const lows = windows_.col(LOW).data();
    for (Eigen::Index i = 0; i < count; ++i) {
      out[i] = index_of(ranges[i], highs[i] - lows[i], scale);
    }
    // the bars that the next window shares with these
    samples_.topRows(period_ - 1) = samples_.middleRows(size(), period_ - 1);
  }

private:
  enum Column : Eigen::Index { RANGE, HIGH, LOW };

  void fill_block(Eigen::Index from, Eigen::Index count) {
    const double* const range = samples_.col(RANGE).data() + from;
    const double* const high = samples_.col(HIGH).data() + from;
    const double* const low = samples_.col(LOW).data() + from;
    double* const ranges = windows_.col(RANGE).data() + from;
    double* const highs = windows_.col(HIGH).data() + from;
    double* const lows = windows_.col(LOW).data() + from;
    double sum = 0.0;
    double highest = MaximumWindow::loser;
    double lowest = MinimumWindow::loser;
    const auto take = [&](Eigen::Index i) {
      sum += range[i];
      highest = MaximumWindow::winner(high[i], highest);
      lowest = MinimumWindow::winner(low[i], lowest);
    };
    for (Eigen::Index i = period_ - 1; i >= 0; --i) {
      take(i);
      ranges[i] = sum;
      highs[i] = highest;
      lows[i] = lowest;
    }
    sum = 0.0;
    highest = MaximumWindow::loser;
    lowest = MinimumWindow::loser;
    for (Eigen::Index i = 1; i < count; ++i) {
      take(period_ - 1 + i);
      ranges[i] += sum;
      highs[i] = MaximumWindow::winner(highs[i], highest);
      lows[i] = MinimumWindow::winner(lows[i], lowest);
    }
  }

  Eigen::Index period_;
  ChoppinessRange range_of_;
  Eigen::Index blocks_; ///< of windows
  Eigen::MatrixXd samples_;
  Eigen::MatrixXd windows_;
};

} // namespace

Choppiness::Choppiness(Eigen::Index period_bars, ChoppinessRange range, FirstBar first_bar)
  : ranges_(checked_window(period_bars)), highs_(period_bars), lows_(period_bars),
    scale_(scale_of(period_bars)), range_(range), first_bar_(first_bar) {}

std::optional<double> Choppiness::update(double high, double low, double close) {
  if (!usable_bar(high, low, close)) {
    ++refused_;
    return std::nullopt;
  }
  const auto previous = std::exchange(close_previous_, close);
  if (!previous && first_bar_ == FirstBar::SKIPPED) {
    return std::nullopt;
  }
  const double true_high = previous ? std::max(high, *previous) : high;
  const double true_low = previous ? std::min(low, *previous) : low;
  const bool raw = range_ == ChoppinessRange::RAW;
  ranges_.push(true_high - true_low);
  highs_.push(raw ? high : true_high);
  lows_.push(raw ? low : true_low);
  if (!ranges_.full()) {
    return std::nullopt;
  }
  return index_of(ranges_.sum(), highs_.value() - lows_.value(), scale_);
}

Expected<bool> choppiness(const BarSeries& bars,
                          Eigen::Index period_bars,
                          Eigen::VectorXd& out,
                          ChoppinessRange range,
                          FirstBar first_bar) {
  if (!usable_period(period_bars, 2)) {
    return Reason::BAD_PARAMETER;
  }
  if (!bars.same_length()) {
    return Reason::BAD_SHAPE;
  }
  const Eigen::Index first = first_bar == FirstBar::SKIPPED ? period_bars : period_bars - 1;
  if (bars.size() <= first) {
    return Reason::TOO_SHORT;
  }
  out.resize(bars.size() - first);
  Windows windows{period_bars, range};
  const double scale = scale_of(period_bars);
  // the first window but its last bar; without the first bar of all, that one is looked at alone
  const Eigen::Index begin = first - period_bars + 1;
  if (!usable_bars(bars.high.data(), bars.low.data(), bars.close.data(), begin)
      || !windows.add(bars, begin, period_bars - 1, 0)) {
    return Reason::BAD_SAMPLE;
  }
  for (Eigen::Index i = 0; i < out.size(); i += windows.size()) {
    const Eigen::Index count = std::min(windows.size(), out.size() - i);
    if (!windows.add(bars, first + i, count, period_bars - 1)) {
      return Reason::BAD_SAMPLE;
    }
    windows.index(count, scale, out.data() + i);
  }
  return true;
}

Expected<Eigen::VectorXd> choppiness(const BarSeries& bars,
                                     Eigen::Index period_bars,
                                     ChoppinessRange range,
                                     FirstBar first_bar) {
  Eigen::VectorXd out;
  if (const auto done = choppiness(bars, period_bars, out, range, first_bar); !done) {
    return done.reason();
  }
  return out;
}

} // namespace troupe::quant
