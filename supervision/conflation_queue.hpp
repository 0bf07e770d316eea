#pragma once

#include <caf/message.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace troupe::supervision {

/// Tells an actor that conflated events wait for it.
struct ConflatedWakeUp {};

/// Events of which only the newest per slot matters, in the order in which their slots were first
/// filled. Any thread may put, one takes.
class ConflationQueue {
public:
  enum class Put {
    REPLACED, ///< an older event of the slot
    QUEUED,
    WAKE, ///< queued, and the taker must be woken: nothing was waiting
  };
  Put put(std::string_view slot, const caf::message& event) {
    const std::lock_guard lock{mutex_};
    if (const auto found = places_.find(slot); found != places_.end()) {
      events_[found->second - first_].second = event;
      return Put::REPLACED;
    }
    places_.emplace(std::string{slot}, first_ + events_.size());
    events_.emplace_back(std::string{slot}, event);
    return std::exchange(awake_, true) ? Put::QUEUED : Put::WAKE;
  }

  /// @returns false where nothing waits; the next put then wakes again
  bool take(caf::message& event) {
    const std::lock_guard lock{mutex_};
    if (events_.empty()) {
      awake_ = false;
      return false;
    }
    event = std::move(events_.front().second);
    places_.erase(events_.front().first);
    events_.pop_front();
    ++first_;
    return true;
  }

private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::mutex mutex_;
  std::deque<std::pair<std::string, caf::message>> events_;
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> places_;
  std::size_t first_ = 0; ///< place of events_.front(), counted since the start
  bool awake_ = false;
};

} // namespace troupe::supervision

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::supervision::ConflatedWakeUp)
