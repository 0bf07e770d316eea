#pragma once

#include <Eigen/Core>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace troupe::quant {

/// The sum of the last n samples, as the sum over the tail of a finished block of n and the sum
/// over the beginning of the next one (the two halves of a queue of two stacks). Nothing is ever
/// subtracted again, so no error outlives its sample: no drift however long the series, and after a
/// spike has left no trace of it. The sum is off by at most n roundings of the sum of magnitudes.
/// @cost  O(1) amortised per push, 8 n bytes
class SumWindow {
public:
  /// @pre samples >= 1
  explicit SumWindow(Eigen::Index samples) : tail_(static_cast<std::size_t>(samples), 0.0) {}

  /// @pre x is finite
  void push(double x) {
    tail_[at_] = x;
    front_ += x;
    if (++at_ == tail_.size()) {
      turn();
    }
  }

  [[nodiscard]] bool full() const { return full_; }
  [[nodiscard]] double sum() const { return tail_[at_] + front_; }
  /// @pre full()
  [[nodiscard]] double mean() const { return sum() / static_cast<double>(tail_.size()); }

private:
  void turn();

  /// In front of at_: samples of this block. From there on: sums of the last one's tails, none in
  /// the first block.
  std::vector<double> tail_;
  std::size_t at_ = 0;
  double front_ = 0.0; ///< sum of this block
  bool full_ = false;
};

/// The last n samples with their sum and variance, summed as in SumWindow, about a centre that is
/// one of the samples in the window: what cancels in the variance is then at most n times the
/// variance itself, whatever the level of the series and whatever was in the window before. Usual
/// series keep some 15 digits; where the centre is the window's outlier, log10(n) of them go.
/// @cost    O(1) amortised per push, 16 n bytes
/// @source  Chan, Golub & LeVeque, Algorithms for computing the sample variance, The American
///          Statistician 37 (1983), for the shift
class MomentWindow {
public:
  /// @pre period_bars >= 1
  explicit MomentWindow(Eigen::Index period_bars)
    : tail_(static_cast<std::size_t>(period_bars)),
      inverse_length_(1.0 / static_cast<double>(period_bars)) {}

  /// @pre x is finite and its square does not overflow
  void push(double x) {
    if (count_ == 0) {
      centre_ = x;
    }
    tail_[at_].sum = x;
    count_ = std::min(count_ + 1, tail_.size());
    if (++at_ == tail_.size()) {
      turn(x);
      return;
    }
    const double deviation = x - centre_;
    front_.sum += deviation;
    front_.squares += deviation * deviation;
  }

  [[nodiscard]] bool full() const { return count_ == tail_.size(); }
  [[nodiscard]] double sum() const { return static_cast<double>(count_) * centre_ + deviation(); }
  /// @pre full()
  [[nodiscard]] double mean() const { return centre_ + deviation() * inverse_length_; }
  /// Population variance, never negative; exactly 0 where all samples are equal.
  /// @pre full()
  [[nodiscard]] double variance() const {
    const double sum = deviation();
    const double squares = tail_[at_].squares + front_.squares;
    return std::max(squares - sum * sum * inverse_length_, 0.0) * inverse_length_;
  }

private:
  struct Moments {
    double sum = 0.0;
    double squares = 0.0;
  };
  [[nodiscard]] double deviation() const { return tail_[at_].sum + front_.sum; }
  void turn(double newest);

  /// In front of at_: samples of this block, as sums. From there on: moments of the last one's
  /// tails.
  std::vector<Moments> tail_;
  Moments front_; ///< of this block
  double centre_ = 0.0;
  double inverse_length_;
  std::size_t at_ = 0;
  std::size_t count_ = 0;
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
      first_ = slot(1);
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
  [[nodiscard]] std::size_t slot(std::size_t i) const {
    const auto at = first_ + i;
    return at < queue_.size() ? at : at - queue_.size();
  }

  std::vector<Entry> queue_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  std::uint64_t now_ = 0;
};

using MaximumWindow = ExtremeWindow<std::greater_equal<>>;
using MinimumWindow = ExtremeWindow<std::less_equal<>>;

} // namespace troupe::quant
