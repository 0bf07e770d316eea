#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe::trading {

/// A set of small numbers with fast neighbours: three levels of 64-bit words, so that first, last,
/// next and previous cost a few instructions each whatever the gaps.
class TickBitmap {
public:
  static constexpr std::size_t npos = ~std::size_t{0};
  static constexpr std::size_t max_size = 64 * 64 * 64;

  /// @pre size is a multiple of 4096, at most max_size
  explicit TickBitmap(std::size_t size) : low_(size / 64), middle_(size / 4096) {}

  void set(std::size_t i) {
    low_[i >> 6U] |= bit(i);
    middle_[i >> 12U] |= bit(i >> 6U);
    top_ |= bit(i >> 12U);
  }
  void clear(std::size_t i) {
    if ((low_[i >> 6U] &= ~bit(i)) == 0 && (middle_[i >> 12U] &= ~bit(i >> 6U)) == 0) {
      top_ &= ~bit(i >> 12U);
    }
  }
  /// set or clear, without a branch on which.
  void assign(std::size_t i, bool member) {
    auto& low = low_[i >> 6U];
    const auto before = low;
    low = (low & ~bit(i)) | (std::uint64_t{member} << (i & 63U));
    if ((before == 0) != (low == 0)) [[unlikely]] { // the word itself comes or goes
      member ? set(i) : clear(i);
    }
  }
  [[nodiscard]] bool test(std::size_t i) const { return (low_[i >> 6U] & bit(i)) != 0; }
  [[nodiscard]] bool empty() const { return top_ == 0; }

  /// Smallest member above i; npos if none.
  [[nodiscard]] std::size_t above(std::size_t i) const {
    const auto in_low = low_[i >> 6U] & above_mask(i);
    if (in_low != 0) {
      return (i & ~std::size_t{63}) + lowest(in_low);
    }
    const auto word = i >> 6U;
    const auto in_middle = middle_[word >> 6U] & above_mask(word);
    if (in_middle != 0) {
      const auto next = (word & ~std::size_t{63}) + lowest(in_middle);
      return next * 64 + lowest(low_[next]);
    }
    const auto in_top = top_ & above_mask(word >> 6U);
    return in_top == 0 ? npos : first_of(lowest(in_top));
  }
  /// Largest member below i; npos if none.
  [[nodiscard]] std::size_t below(std::size_t i) const {
    const auto in_low = low_[i >> 6U] & below_mask(i);
    if (in_low != 0) {
      return (i & ~std::size_t{63}) + highest(in_low);
    }
    const auto word = i >> 6U;
    const auto in_middle = middle_[word >> 6U] & below_mask(word);
    if (in_middle != 0) {
      const auto next = (word & ~std::size_t{63}) + highest(in_middle);
      return next * 64 + highest(low_[next]);
    }
    const auto in_top = top_ & below_mask(word >> 6U);
    return in_top == 0 ? npos : last_of(highest(in_top));
  }
  [[nodiscard]] std::size_t first() const { return empty() ? npos : first_of(lowest(top_)); }
  [[nodiscard]] std::size_t last() const { return empty() ? npos : last_of(highest(top_)); }

private:
  static constexpr std::uint64_t bit(std::size_t i) { return std::uint64_t{1} << (i & 63U); }
  static constexpr std::uint64_t below_mask(std::size_t i) { return bit(i) - 1; }
  static constexpr std::uint64_t above_mask(std::size_t i) { return ~(below_mask(i) | bit(i)); }
  static std::size_t lowest(std::uint64_t word) {
    return static_cast<std::size_t>(std::countr_zero(word));
  }
  static std::size_t highest(std::uint64_t word) {
    return static_cast<std::size_t>(63 - std::countl_zero(word));
  }
  [[nodiscard]] std::size_t first_of(std::size_t m) const {
    const auto word = m * 64 + lowest(middle_[m]);
    return word * 64 + lowest(low_[word]);
  }
  [[nodiscard]] std::size_t last_of(std::size_t m) const {
    const auto word = m * 64 + highest(middle_[m]);
    return word * 64 + highest(low_[word]);
  }

  std::vector<std::uint64_t> low_;
  std::vector<std::uint64_t> middle_;
  std::uint64_t top_ = 0;
};

} // namespace troupe::trading
