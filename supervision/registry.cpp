#include "supervision/registry.hpp"

#include "supervision/dead_letters.hpp"
#include "supervision/message_class.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <functional>

namespace troupe::supervision {

namespace {

void deliver(const caf::actor& from, const caf::actor& to, caf::message message) {
  to->enqueue(caf::actor_cast<caf::strong_actor_ptr>(from), caf::make_message_id(),
              std::move(message), nullptr);
}

} // namespace

std::size_t Registry::shard_of(std::string_view path) {
  return std::hash<std::string_view>{}(path) % shards;
}

Registry::Entry Registry::find(std::string_view path) const {
  const auto snapshot = snapshots_[shard_of(path)].load();
  if (snapshot) {
    if (const auto found = snapshot->find(path); found != snapshot->end()) {
      return found->second;
    }
  }
  return {};
}

std::string Registry::front_path(std::string_view service) const {
  if (const auto fronts = fronts_.load()) {
    if (const auto found = fronts->find(service); found != fronts->end()) {
      return found->second;
    }
  }
  return {};
}

Registry::Entry Registry::front(std::string_view service) const {
  const auto path = front_path(service);
  return path.empty() ? Entry{} : find(path);
}

std::vector<std::string> Registry::services() const {
  std::vector<std::string> names;
  if (const auto fronts = fronts_.load()) {
    for (const auto& [service, path] : *fronts) {
      names.push_back(service);
    }
  }
  return names;
}

void Registry::set_front(std::string_view service, std::string path) {
  const std::lock_guard lock{mutex_};
  auto fronts = std::make_shared<std::map<std::string, std::string, std::less<>>>();
  if (const auto old = fronts_.load()) {
    *fronts = *old;
  }
  fronts->insert_or_assign(std::string{service}, std::move(path));
  fronts_.store(std::move(fronts));
}

void Registry::clear_front(std::string_view service) {
  const std::lock_guard lock{mutex_};
  if (const auto old = fronts_.load()) {
    auto fronts = std::make_shared<std::map<std::string, std::string, std::less<>>>(*old);
    fronts->erase(std::string{service});
    fronts_.store(std::move(fronts));
  }
}

void Registry::change(std::string_view path, const Entry* entry) {
  auto& snapshot = snapshots_[shard_of(path)];
  const auto old = snapshot.load();
  auto shard = old ? std::make_shared<Shard>(*old) : std::make_shared<Shard>();
  if (entry != nullptr) {
    shard->insert_or_assign(std::string{path}, *entry);
  } else if (const auto found = shard->find(path); found != shard->end()) {
    shard->erase(found);
  }
  snapshot.store(std::move(shard));
}

void Registry::set(std::string_view path,
                   const caf::actor& actor,
                   std::uint64_t epoch,
                   std::size_t hold) {
  const std::lock_guard lock{mutex_};
  // What was held goes first: senders that find the new handle at once come after it.
  if (const auto held = held_.find(path); held != held_.end()) {
    for (auto& item : held->second) {
      deliver(item.from, actor, std::move(item.message));
    }
    held_.erase(held);
  }
  const Entry entry{actor, epoch, hold};
  change(path, &entry);
}

void Registry::set_down(std::string_view path) {
  const std::lock_guard lock{mutex_};
  auto entry = find(path);
  entry.actor = nullptr;
  change(path, &entry);
}

void Registry::erase(std::string_view path) {
  std::deque<Held> lost;
  {
    const std::lock_guard lock{mutex_};
    change(path, nullptr);
    if (const auto held = held_.find(path); held != held_.end()) {
      lost = std::move(held->second);
      held_.erase(held);
    }
  }
  for (const auto& item : lost) {
    dead_letters_.add({}, path, "not restarted", item.message);
  }
}

void Registry::clear() {
  const std::lock_guard lock{mutex_};
  for (auto& snapshot : snapshots_) {
    snapshot.store(nullptr);
  }
  fronts_.store(nullptr);
  held_.clear();
}

bool Registry::send(std::string_view path, caf::message message, const caf::actor& from) {
  if (const auto entry = find(path); entry.actor) {
    deliver(from, entry.actor, std::move(message));
    return true;
  }
  {
    const std::lock_guard lock{mutex_};
    const auto entry = find(path); // it may have come back meanwhile
    if (entry.actor) {
      deliver(from, entry.actor, std::move(message));
      return true;
    }
    const bool order = !message.empty() && entry.epoch > 0
                       && message_class(message_type_of(message.content())) == MessageClass::ORDER;
    const auto room = order ? order_hold_max : entry.hold;
    if (room > 0) {
      auto& held = held_[std::string{path}];
      if (held.size() < room) {
        held.push_back({from, std::move(message)});
        return true;
      }
    }
  }
  dead_letters_.add({}, path, "down", message);
  return false;
}

} // namespace troupe::supervision
