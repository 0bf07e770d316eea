#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>

namespace troupe::venues {

/// Waiting things of several callers, who take turns; those of a higher priority come first. One
/// caller's thousand do not delay another's one.
template <class T>
class FairQueue {
public:
  void push(int priority, const std::string& caller, T item) {
    auto& lane = lanes_[-priority];
    auto& line = lane.lines[caller];
    if (line.empty()) {
      lane.turns.push_back(caller);
    }
    line.push_back(std::move(item));
    ++size_;
  }

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }

  /// Whose turn it is. @pre not empty
  [[nodiscard]] T& front() {
    auto& lane = lanes_.begin()->second;
    return lane.lines.find(lane.turns.front())->second.front();
  }

  /// Takes it; the caller's next one waits for the others. @pre not empty
  T pop() {
    auto& lane = lanes_.begin()->second;
    const auto caller = std::move(lane.turns.front());
    lane.turns.pop_front();
    const auto line = lane.lines.find(caller);
    T item = std::move(line->second.front());
    line->second.pop_front();
    if (line->second.empty()) {
      lane.lines.erase(line);
    } else {
      lane.turns.push_back(caller);
    }
    if (lane.turns.empty()) {
      lanes_.erase(lanes_.begin());
    }
    --size_;
    return item;
  }

  /// Takes out those that `gone` says, and gives them to `take`.
  template <class Gone, class Take>
  void remove(Gone&& gone, Take&& take) {
    auto all = std::exchange(lanes_, {});
    size_ = 0;
    for (auto& [priority, lane] : all) {
      for (const auto& caller : lane.turns) {
        for (auto& item : lane.lines[caller]) {
          if (gone(item)) {
            take(std::move(item));
          } else {
            push(-priority, caller, std::move(item));
          }
        }
      }
    }
  }

private:
  struct Lane {
    std::deque<std::string> turns; ///< callers with something waiting
    std::map<std::string, std::deque<T>> lines;
  };
  std::map<int, Lane> lanes_; ///< by falling priority
  std::size_t size_ = 0;
};

} // namespace troupe::venues
