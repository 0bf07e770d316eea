#include "supervision/wire_types.hpp"

#include <map>
#include <mutex>

namespace troupe::supervision {

namespace wire_types_detail {

/// Only ever added to, and maps keep their elements where they are.
struct Declared {
  std::mutex mutex;
  std::map<std::string, WireType, std::less<>> by_name;
  std::map<MessageType, const WireType*> by_type;
};

Declared& declared() {
  static Declared instance;
  return instance;
}

void declare(WireType type) {
  auto& all = declared();
  const std::lock_guard hold{all.mutex};
  const auto [found, fresh] = all.by_name.try_emplace(type.name, type);
  if (fresh) {
    all.by_type.emplace(type.type, &found->second);
  }
}

} // namespace wire_types_detail

const WireType* wire_type(MessageType type) {
  auto& all = wire_types_detail::declared();
  const std::lock_guard hold{all.mutex};
  const auto found = all.by_type.find(type);
  return found == all.by_type.end() ? nullptr : found->second;
}

const WireType* wire_type(std::string_view name) {
  auto& all = wire_types_detail::declared();
  const std::lock_guard hold{all.mutex};
  const auto found = all.by_name.find(name);
  return found == all.by_name.end() ? nullptr : &found->second;
}

} // namespace troupe::supervision
