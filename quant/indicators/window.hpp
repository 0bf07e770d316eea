#pragma once

#include <Eigen/Core>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <limits>
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
    return variance_of(deviation(), tail_[at_].squares + front_.squares, inverse_length_);
  }
  /// The same of any sums about a centre over a window of 1 / inverse_length samples.
  [[nodiscard]] static double variance_of(double sum, double squares, double inverse_length) {
    return std::max(squares - sum * sum * inverse_length, 0.0) * inverse_length;
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

/// Largest (std::greater_equal) or smallest (std::less_equal) of the last n samples, of the tail of
/// a finished block and the beginning of the next as in SumWindow: no branch depends on the
/// samples.
/// @cost    O(1) amortised per push, 8 n bytes
/// @source  van Herk, A fast algorithm for local minimum and maximum filters (1992)
template <class Beats>
class ExtremeWindow {
public:
  /// @pre period_bars >= 1
  explicit ExtremeWindow(Eigen::Index period_bars)
    : tail_(static_cast<std::size_t>(period_bars), loser) {}

  void push(double x) {
    tail_[at_] = x;
    front_ = winner(x, front_);
    if (++at_ == tail_.size()) {
      for (auto i = tail_.size() - 1; i-- > 0;) {
        tail_[i] = winner(tail_[i], tail_[i + 1]);
      }
      at_ = 0;
      front_ = loser;
    }
  }

  /// @pre at least one sample was pushed
  [[nodiscard]] double value() const { return winner(tail_[at_], front_); }

  [[nodiscard]] static double winner(double a, double b) { return Beats{}(a, b) ? a : b; }
  /// What every number wins against.
  static constexpr double loser = Beats{}(1.0, 0.0) ? -std::numeric_limits<double>::infinity()
                                                    : std::numeric_limits<double>::infinity();

private:
  /// In front of at_: samples of this block. From there on: the winners of the last one's tails.
  std::vector<double> tail_;
  std::size_t at_ = 0;
  double front_ = loser; ///< of this block
};

using MaximumWindow = ExtremeWindow<std::greater_equal<>>;
using MinimumWindow = ExtremeWindow<std::less_equal<>>;

} // namespace troupe::quant
