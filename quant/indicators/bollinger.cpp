#include "quant/indicators/bollinger.hpp"

namespace troupe::quant {

namespace {

constexpr double band_width_max = 100.0;

bool usable_width(double width) {
  return std::isfinite(width) && width > 0.0 && width <= band_width_max;
}

Eigen::Index checked_period(Eigen::Index period_bars) {
  require_period(period_bars);
  return period_bars;
}

/// %B, nothing where the bands coincide.
std::optional<double> position(double close, double lower, double upper) {
  const double share = (close - lower) / (upper - lower);
  return upper > lower ? std::optional{share} : std::nullopt;
}

/// Sums about a centre over each of a stretch of windows: what MomentWindow has bar by bar, to the
/// bit. Windows that begin in one block of n share a centre, its last sample.
class WindowSums {
public:
  /// @param windows_max  rounded up to whole blocks
  WindowSums(Eigen::Index period_bars, Eigen::Index windows_max)
    : period_(period_bars), windows_((windows_max + period_bars - 1) / period_bars * period_bars),
      sum_(windows_), squares_(windows_), centre_(windows_) {}

  [[nodiscard]] Eigen::Index windows() const { return windows_; }
  [[nodiscard]] const double* sum() const { return sum_.data(); }
  [[nodiscard]] const double* squares() const { return squares_.data(); }
  [[nodiscard]] const double* centre() const { return centre_.data(); }
  [[nodiscard]] double inverse_length() const { return 1.0 / static_cast<double>(period_); }

  /// Of `count` windows, the first of which begins at x. @returns false where a sample is not
  /// usable
  bool fill(const double* x, Eigen::Index count) {
    if (!usable_samples(x, count + period_ - 1)) {
      return false;
    }
    for (Eigen::Index from = 0; from < count; from += period_) {
      fill_block(x, from, std::min(period_, count - from));
    }
    return true;
  }

private:
  void fill_block(const double* x, Eigen::Index from, Eigen::Index count) {
    const double* const block = x + from;
    const double centre = block[period_ - 1];
    double sum = 0.0;
    double squares = 0.0;
    for (Eigen::Index i = period_ - 1; i >= 0; --i) {
      const double deviation = block[i] - centre;
      sum += deviation;
      squares += deviation * deviation;
      sum_[from + i] = sum;
      squares_[from + i] = squares;
    }
    sum = squares = 0.0;
    centre_[from] = centre;
    for (Eigen::Index i = 1; i < count; ++i) {
      const double deviation = block[period_ - 1 + i] - centre;
      sum += deviation;
      squares += deviation * deviation;
      sum_[from + i] += sum;
      squares_[from + i] += squares;
      centre_[from + i] = centre;
    }
  }

  Eigen::Index period_;
  Eigen::Index windows_;
  Eigen::VectorXd sum_;
  Eigen::VectorXd squares_;
  Eigen::VectorXd centre_;
};

void fill_bands(const WindowSums& sums,
                const double* close,
                double width,
                Eigen::Index first,
                Eigen::Index count,
                BollingerSeries& out) {
  const double inverse = sums.inverse_length();
  const double* const sum = sums.sum();
  const double* const squares = sums.squares();
  const double* const centre = sums.centre();
  double* const lower = out.lower.data() + first;
  double* const middle = out.middle.data() + first;
  double* const upper = out.upper.data() + first;
  for (Eigen::Index i = 0; i < count; ++i) {
    const double deviation = std::sqrt(MomentWindow::variance_of(sum[i], squares[i], inverse));
    const double mean = centre[i] + sum[i] * inverse;
    lower[i] = mean - width * deviation;
    middle[i] = mean;
    upper[i] = mean + width * deviation;
  }
  std::optional<double>* const percent_b = out.percent_b.data() + first;
  for (Eigen::Index i = 0; i < count; ++i) {
    percent_b[i] = position(close[i], lower[i], upper[i]);
  }
}

} // namespace

Bollinger::Bollinger(Eigen::Index period_bars, double width)
  : window_(checked_period(period_bars)), width_(width) {
  if (!usable_width(width)) {
    throw std::invalid_argument("the width of Bollinger bands is outside its bounds");
  }
}

std::optional<Bollinger::Value> Bollinger::update(double high, double low, double close) {
  if (!usable_bar(high, low, close)) {
    ++refused_;
    return std::nullopt;
  }
  return update(close);
}

std::optional<Bollinger::Value> Bollinger::update(double close) {
  if (!usable_sample(close)) {
    ++refused_;
    return std::nullopt;
  }
  window_.push(close);
  if (!window_.full()) {
    return std::nullopt;
  }
  Value value{};
  value.middle = window_.mean();
  value.deviation = std::sqrt(window_.variance());
  value.lower = value.middle - width_ * value.deviation;
  value.upper = value.middle + width_ * value.deviation;
  value.percent_b = position(close, value.lower, value.upper);
  return value;
}

Expected<bool> bollinger(const Eigen::Ref<const Eigen::VectorXd>& close,
                         Eigen::Index period_bars,
                         double width,
                         BollingerSeries& out) {
  if (!usable_period(period_bars) || !usable_width(width)) {
    return Reason::BAD_PARAMETER;
  }
  if (close.size() < period_bars) {
    return Reason::TOO_SHORT;
  }
  const Eigen::Index values = close.size() - period_bars + 1;
  out.lower.resize(values);
  out.middle.resize(values);
  out.upper.resize(values);
  out.percent_b.resize(static_cast<std::size_t>(values));
  WindowSums sums{period_bars, std::max(block_bars, period_bars)};
  for (Eigen::Index first = 0; first < values; first += sums.windows()) {
    const Eigen::Index count = std::min(sums.windows(), values - first);
    if (!sums.fill(close.data() + first, count)) {
      return Reason::BAD_SAMPLE;
    }
    fill_bands(sums, close.data() + first + period_bars - 1, width, first, count, out);
  }
  return true;
}

Expected<BollingerSeries>
bollinger(const Eigen::Ref<const Eigen::VectorXd>& close, Eigen::Index period_bars, double width) {
  BollingerSeries out;
  if (const auto done = bollinger(close, period_bars, width, out); !done) {
    return done.reason();
  }
  return out;
}

} // namespace troupe::quant
