#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace troupe::market_data {

/// What is not yet in the store. Bounded: while the store is away the oldest go, and are counted.
template <class Entry>
class WriteQueue {
public:
  explicit WriteQueue(std::size_t entries_max) : entries_max_(entries_max) {}

  void add(Entry entry) {
    entries_.push_back(std::move(entry));
    if (entries_.size() > entries_max_) {
      entries_.pop_front();
      taken_ -= taken_ > 0 ? 1 : 0;
      ++dropped_;
    }
  }
  /// The oldest `count` entries, which are on their way to the store until stored() or failed().
  /// Empty while others are.
  [[nodiscard]] std::vector<Entry> take(std::size_t count) {
    if (taken_ > 0) {
      return {};
    }
    taken_ = std::min(count, entries_.size());
    return {entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(taken_)};
  }
  void stored() {
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(taken_));
    taken_ = 0;
    away_ = false;
  }
  void failed() {
    taken_ = 0;
    away_ = true;
  }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] bool on_their_way() const { return taken_ > 0; }
  /// Whether the last attempt to store failed.
  [[nodiscard]] bool store_away() const { return away_; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  [[nodiscard]] const std::deque<Entry>& entries() const { return entries_; }

private:
  std::size_t entries_max_;
  std::deque<Entry> entries_;
  std::size_t taken_ = 0; ///< of the front
  bool away_ = false;
  std::uint64_t dropped_ = 0;
};

} // namespace troupe::market_data
