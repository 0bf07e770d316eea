#pragma once

#include "trading/enums.hpp"
#include "trading/tick_bitmap.hpp"

#include <cstdint>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

namespace troupe::trading {

/// One side of a book: a value per occupied price tick, best first. A flat array covers a window
/// of ticks around the best, a bitmap says which are occupied; ticks on the far side of the window
/// sit in a std::map, so that any price is taken and only the usual ones are fast. The window
/// moves when a better tick falls outside it, and when nothing but far ticks is left.
/// @cost  O(1) inside the window; a move of the window costs its occupied ticks
template <Side side, class T>
class TickLadder {
public:
  /// Ticks within this bound keep the window's arithmetic from overflowing.
  static constexpr std::int64_t max_tick = std::int64_t{1} << 61U;

  /// @param window_ticks  a multiple of 4096, at most TickBitmap::max_size
  explicit TickLadder(std::size_t window_ticks = std::size_t{1} << 14U)
    : window_(window_ticks), bits_(window_ticks) {}

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// @pre not empty
  [[nodiscard]] std::int64_t best_tick() const { return best_; }
  [[nodiscard]] T& best() { return window_[index(best_)]; }
  [[nodiscard]] const T& best() const { return window_[index(best_)]; }

  /// Whether a is nearer to the other side than b.
  [[nodiscard]] static constexpr bool better(std::int64_t a, std::int64_t b) {
    return side == Side::BUY ? a > b : a < b;
  }

  /// The value at a tick; null where it is not occupied.
  [[nodiscard]] T* find(std::int64_t tick) {
    const auto i = index(tick);
    if (i < window_.size()) [[likely]] {
      return bits_.test(i) ? &window_[i] : nullptr;
    }
    const auto at = far_.find(tick);
    return at == far_.end() ? nullptr : &at->second;
  }

  /// The value at an occupied tick.
  [[nodiscard]] T& at(std::int64_t tick) {
    const auto i = index(tick);
    return i < window_.size() ? window_[i] : far_.find(tick)->second;
  }
  [[nodiscard]] const T* find(std::int64_t tick) const {
    const auto i = index(tick);
    if (i < window_.size()) [[likely]] {
      return bits_.test(i) ? &window_[i] : nullptr;
    }
    const auto at = far_.find(tick);
    return at == far_.end() ? nullptr : &at->second;
  }

  /// The value at a tick, made as T{} where it was not occupied; the reference lasts until the
  /// next insert or erase. @pre |tick| <= max_tick
  T& insert(std::int64_t tick) {
    if (index(tick) >= window_.size() && (size_ == 0 || better(tick, best_))) [[unlikely]] {
      centre(tick);
    }
    const auto i = index(tick);
    if (i >= window_.size()) [[unlikely]] {
      const auto [at, fresh] = insert_far(tick);
      size_ += fresh ? 1 : 0;
      return at->second;
    }
    if (!bits_.test(i)) {
      bits_.set(i);
      window_[i] = T{};
      if (size_++ == 0 || better(tick, best_)) {
        best_ = tick;
      }
    }
    return window_[i];
  }

  /// Occupies a tick with a value or frees it, whichever it was before. What is usual here are
  /// updates that neither the past nor each other foretell, so nothing inside the window branches
  /// on whether the tick was or becomes occupied. @pre |tick| <= max_tick
  void put(std::int64_t tick, const T& value, bool occupied) {
    const auto i = index(tick);
    if (i >= window_.size()) [[unlikely]] {
      put_far(tick, value, occupied);
      return;
    }
    const bool was_occupied = bits_.test(i);
    window_[i] = value;
    bits_.assign(i, occupied);
    const bool was_empty = size_ == 0;
    size_ += static_cast<std::size_t>(occupied) - static_cast<std::size_t>(was_occupied);
    const bool is_best = better(tick, best_) || was_empty;
    if (occupied & is_best) {
      best_ = tick;
    } else if (!occupied & was_occupied & (tick == best_)) {
      best_freed(i);
    }
  }

  /// Frees an occupied tick.
  void erase(std::int64_t tick) {
    --size_;
    const auto i = index(tick);
    if (i >= window_.size()) [[unlikely]] {
      erase_far(far_.find(tick));
      return;
    }
    bits_.clear(i);
    if (tick == best_) {
      best_freed(i);
    }
  }

  void clear() {
    for (auto i = bits_.first(); i != TickBitmap::npos; i = bits_.above(i)) {
      bits_.clear(i);
    }
    while (!far_.empty()) {
      erase_far(far_.begin());
    }
    size_ = 0;
    base_ = nowhere; // the first tick to come is the window's place again
  }

  /// Calls f(tick, value) from the best on until it returns false.
  template <class F>
  void for_each(F&& f) const {
    if (empty()) {
      return;
    }
    for (auto i = index(best_); i != TickBitmap::npos; i = worse_than(i)) {
      if (!f(base_ + static_cast<std::int64_t>(i), window_[i])) {
        return;
      }
    }
    const auto rest = [&](auto at, auto end) {
      while (at != end && f(at->first, at->second)) {
        ++at;
      }
    };
    side == Side::BUY ? rest(far_.rbegin(), far_.rend()) : rest(far_.begin(), far_.end());
  }

private:
  using Far = std::map<std::int64_t, T>;
  /// Farther from every tick than a window is wide.
  static constexpr std::int64_t nowhere = INT64_MIN;

  /// Nodes for reuse: a copied ladder begins without any.
  struct SpareNodes {
    std::vector<typename Far::node_type> nodes;
    SpareNodes() = default;
    SpareNodes(const SpareNodes&) {}
    SpareNodes(SpareNodes&&) noexcept = default;
    SpareNodes& operator=(const SpareNodes&) { return *this; }
    SpareNodes& operator=(SpareNodes&&) noexcept = default;
    ~SpareNodes() = default;
  };

  [[nodiscard]] std::size_t index(std::int64_t tick) const {
    return static_cast<std::size_t>(tick) - static_cast<std::size_t>(base_);
  }
  [[nodiscard]] std::size_t worse_than(std::size_t i) const {
    return side == Side::BUY ? bits_.below(i) : bits_.above(i);
  }

  void put_far(std::int64_t tick, const T& value, bool occupied) {
    if (size_ == 0 || better(tick, best_)) {
      if (occupied) {
        insert(tick) = value; // and the window comes along
      }
      return;
    }
    const auto at = far_.lower_bound(tick);
    const bool was_occupied = at != far_.end() && at->first == tick;
    if (occupied && was_occupied) {
      at->second = value;
    } else if (occupied) {
      insert_far(at, tick)->second = value;
      ++size_;
    } else if (was_occupied) {
      erase_far(at);
      --size_;
    }
  }

  /// The best tick, window_[i], is free now: the next one takes its place.
  void best_freed(std::size_t i) {
    if (size_ == 0) {
      return;
    }
    const auto next = worse_than(i);
    if (next != TickBitmap::npos) {
      best_ = base_ + static_cast<std::int64_t>(next);
      return;
    }
    best_ = side == Side::BUY ? far_.rbegin()->first : far_.begin()->first;
    centre(best_);
  }

  /// Moves the window so that `tick` is in it, with three quarters of its room on the far side.
  void centre(std::int64_t tick) {
    moved_.clear();
    for (auto i = bits_.first(); i != TickBitmap::npos; i = bits_.above(i)) {
      moved_.emplace_back(base_ + static_cast<std::int64_t>(i), window_[i]);
      bits_.clear(i);
    }
    const auto room = static_cast<std::int64_t>(window_.size());
    base_ = side == Side::BUY ? tick - room * 3 / 4 : tick - room / 4;
    for (auto& [at, value] : moved_) {
      place(at, std::move(value));
    }
    auto at = far_.lower_bound(base_);
    while (at != far_.end() && index(at->first) < window_.size()) {
      place(at->first, std::move(at->second));
      at = erase_far(at);
    }
  }

  /// Nodes of ticks that went are kept for those that come: a book in its steady state allocates
  /// nothing.
  std::pair<typename Far::iterator, bool> insert_far(std::int64_t tick) {
    const auto at = far_.lower_bound(tick);
    if (at != far_.end() && at->first == tick) {
      return {at, false};
    }
    return {insert_far(at, tick), true};
  }
  /// @param before  the first that is not below the tick, which is not among them
  typename Far::iterator insert_far(typename Far::iterator before, std::int64_t tick) {
    if (spare_.nodes.empty()) {
      return far_.try_emplace(before, tick);
    }
    auto node = std::move(spare_.nodes.back());
    spare_.nodes.pop_back();
    node.key() = tick;
    node.mapped() = T{};
    return far_.insert(before, std::move(node));
  }
  typename Far::iterator erase_far(typename Far::iterator at) {
    const auto next = std::next(at);
    spare_.nodes.push_back(far_.extract(at));
    return next;
  }

  void place(std::int64_t tick, T&& value) {
    const auto i = index(tick);
    if (i < window_.size()) {
      bits_.set(i);
      window_[i] = std::move(value);
    } else {
      insert_far(tick).first->second = std::move(value);
    }
  }

  std::vector<T> window_;
  TickBitmap bits_;
  Far far_;                                       ///< all worse than every tick of the window
  SpareNodes spare_;                              ///< nodes of far ticks that went
  std::vector<std::pair<std::int64_t, T>> moved_; ///< of centre(): kept for its room
  std::int64_t base_ = nowhere;                   ///< tick of window_[0]
  std::int64_t best_ = 0;
  std::size_t size_ = 0;
};

} // namespace troupe::trading
