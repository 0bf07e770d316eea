#include "supervision/message_class.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace troupe::supervision {

namespace message_class_detail {

/// Written at the start of a process, read for its whole life: readers take a snapshot.
struct Declared {
  std::mutex mutex; ///< of writers
  std::atomic<std::shared_ptr<const std::vector<MessageType>>> sorted{
    std::make_shared<const std::vector<MessageType>>()};
};

Declared& declared() {
  static Declared instance;
  return instance;
}

} // namespace message_class_detail

MessageClass message_class(MessageType type) noexcept {
  const auto sorted = message_class_detail::declared().sorted.load();
  return std::binary_search(sorted->begin(), sorted->end(), type) ? MessageClass::ORDER
                                                                  : MessageClass::ORDINARY;
}

void declare_order_class(MessageType type) {
  auto& declared = message_class_detail::declared();
  const std::lock_guard lock{declared.mutex};
  auto types = *declared.sorted.load();
  const auto place = std::lower_bound(types.begin(), types.end(), type);
  if (place == types.end() || *place != type) {
    types.insert(place, type);
    declared.sorted.store(std::make_shared<const std::vector<MessageType>>(std::move(types)));
  }
}

} // namespace troupe::supervision
