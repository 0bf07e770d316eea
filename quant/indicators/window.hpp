#pragma once

#include <Eigen/Core>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace troupe::quant {

/// An unevaluated sum of two doubles, about 106 bits (Dekker 1971; Knuth's two-sum). Sliding sums
/// held in it come back after a spike has left the window; a plain double keeps the spike's
/// rounding error.
struct DoubleDouble {
  double high = 0.0;
  double low = 0.0;

  void add(double x) {
    const double sum = high + x;
    const double part = sum - high;
    low += (high - (sum - part)) + (x - part);
    high = sum;
    renormalise();
  }
  /// Adds sign * x * x; the product is exact.
  void add_square(double x, double sign) {
    const double product = x * x;
    const double rest = std::fma(x, x, -product);
    add(sign * product);
    low += sign * rest;
    renormalise();
  }
  [[nodiscard]] double value() const { return high + low; }

private:
  void renormalise() {
    const double sum = high + low;
    low += high - sum;
    high = sum;
  }
};

/// The last n samples with their sum and sum of squares.
/// Sums are recomputed each time the ring is full anew, so that rounding errors never live longer
/// than n updates, whatever the length of the series.
/// @cost  O(1) amortised per push, 8 n bytes
class MomentWindow {
public:
  /// @pre period_bars >= 1
  explicit MomentWindow(Eigen::Index period_bars)
    : ring_(static_cast<std::size_t>(period_bars), 0.0) {}

  /// @pre x is finite and its square does not overflow
  void push(double x);

  [[nodiscard]] bool full() const { return count_ == ring_.size(); }
  [[nodiscard]] double sum() const { return sum_.value(); }
  [[nodiscard]] double mean() const { return sum() / static_cast<double>(ring_.size()); }
  /// Population variance, never negative; exactly 0 where all samples are equal.
  /// @pre full()
  [[nodiscard]] double variance() const;

private:
  void sum_again();

  std::vector<double> ring_;
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  std::size_t equal_run_ = 0; ///< newest samples that are equal
  double newest_ = 0.0;
  DoubleDouble sum_;
  DoubleDouble squares_;
};

/// The sum of the last n samples. Recomputed each time the ring is full anew, as MomentWindow.
/// @cost  O(1) amortised per push, 8 n bytes
class SumWindow {
public:
  /// @pre samples >= 1
  explicit SumWindow(Eigen::Index samples) : ring_(static_cast<std::size_t>(samples), 0.0) {}

  /// @pre x is finite
  void push(double x) {
    const double oldest = ring_[next_];
    ring_[next_] = x;
    if (++next_ == ring_.size()) {
      next_ = 0;
      count_ = ring_.size();
      sum_ = {};
      for (const double sample : ring_) {
        sum_.add(sample);
      }
      return;
    }
    if (full()) {
      sum_.add(-oldest);
    } else {
      ++count_;
    }
    sum_.add(x);
  }

  [[nodiscard]] bool full() const { return count_ == ring_.size(); }
  [[nodiscard]] double sum() const { return sum_.value(); }
  /// @pre full()
  [[nodiscard]] double mean() const { return sum() / static_cast<double>(ring_.size()); }

private:
  std::vector<double> ring_;
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  DoubleDouble sum_;
};

/// Largest (std::greater_equal) or smallest (std::less_equal) of the last n samples, by a queue
/// that keeps only samples that can still win.
/// @cost  O(1) amortised per push, 16 n bytes
template <class Beats>
class ExtremeWindow {
public:
  /// @pre period_bars >= 1
  explicit ExtremeWindow(Eigen::Index period_bars)
    : queue_(static_cast<std::size_t>(period_bars)) {}

  void push(double x) {
    if (size_ > 0 && queue_[first_].at + queue_.size() <= now_) {
      first_ = (first_ + 1) % queue_.size();
      --size_;
    }
    while (size_ > 0 && Beats{}(x, queue_[slot(size_ - 1)].value)) {
      --size_;
    }
    queue_[slot(size_)] = {x, now_};
    ++size_;
    ++now_;
  }

  /// @pre at least one sample was pushed
  [[nodiscard]] double value() const { return queue_[first_].value; }

private:
  struct Entry {
    double value = 0.0;
    std::uint64_t at = 0;
  };
  [[nodiscard]] std::size_t slot(std::size_t i) const { return (first_ + i) % queue_.size(); }

  std::vector<Entry> queue_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  std::uint64_t now_ = 0;
};

using MaximumWindow = ExtremeWindow<std::greater_equal<>>;
using MinimumWindow = ExtremeWindow<std::less_equal<>>;

} // namespace troupe::quant
