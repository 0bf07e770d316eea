#include "supervision/local_bus.hpp"

#include "supervision/actor.hpp"
#include "supervision/messages.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <atomic>

namespace troupe::supervision {

/// Named, not anonymous: LocalBus::Core holds these, also where files are compiled together.
namespace local_bus {

struct Subscriber {
  explicit Subscriber(caf::actor handle_in)
    : handle(std::move(handle_in)), actor(as_actor(handle)) {}
  caf::actor handle;
  Actor* actor; ///< behind the handle, which keeps it; nullptr where it is no Actor
  std::atomic<bool> full{false};
  std::atomic<std::uint64_t> lost{0}; ///< events since the last TopicGap
};

using Subscribers = std::vector<std::shared_ptr<Subscriber>>;

struct TopicState {
  Topic topic;
  std::shared_ptr<const Subscribers> subscribers = std::make_shared<Subscribers>();
  std::map<std::string, caf::message> retained{};
};

} // namespace local_bus

using local_bus::Subscriber;
using local_bus::Subscribers;
using local_bus::TopicState;

namespace {

caf::mailbox_element_ptr element_of(caf::message message) {
  return caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, std::move(message));
}

std::string slot_of(const std::string& topic, const std::string& key) {
  std::string slot;
  slot.reserve(topic.size() + 1 + key.size());
  slot += topic;
  slot += '\0';
  slot += key;
  return slot;
}

void send_newest(const Subscriber& subscriber, const std::string& slot, const caf::message& event) {
  if (subscriber.actor != nullptr) {
    subscriber.actor->offer(slot, event);
  } else {
    subscriber.handle->enqueue(element_of(event), nullptr);
  }
}

/// In order, and a gap in the place of what does not fit into the mailbox.
void send_all(Subscriber& subscriber,
              const std::string& topic,
              const std::string& node,
              const caf::message& event) {
  if (subscriber.actor == nullptr) {
    subscriber.handle->enqueue(element_of(event), nullptr);
    return;
  }
  if (subscriber.actor->record()->is_full()) {
    // The first gap marks the place at once, in case nothing follows; the rest is told when there
    // is room again.
    if (!subscriber.full.exchange(true)) {
      subscriber.actor->admit(element_of(caf::make_message(TopicGap{topic, node, 1})));
    } else {
      subscriber.lost.fetch_add(1);
    }
    return;
  }
  if (subscriber.full.load(std::memory_order_relaxed)) {
    subscriber.full.store(false);
  }
  if (subscriber.lost.load(std::memory_order_relaxed) > 0) {
    const auto lost = subscriber.lost.exchange(0);
    subscriber.actor->admit(element_of(caf::make_message(TopicGap{topic, node, lost})));
  }
  subscriber.actor->admit(element_of(event));
}

} // namespace

struct LocalBus::Core {
  std::string node;
  mutable std::mutex mutex;
  std::map<std::string, TopicState, std::less<>> topics;

  TopicState& state(const Topic& topic) {
    const auto found = topics.find(topic.name);
    return found != topics.end()
             ? found->second
             : topics.emplace(topic.name, TopicState{.topic = topic}).first->second;
  }

  void remove(std::string_view topic, const caf::actor_addr& address) {
    const std::lock_guard lock{mutex};
    const auto found = topics.find(topic);
    if (found == topics.end()) {
      return;
    }
    auto rest = std::make_shared<Subscribers>(*found->second.subscribers);
    std::erase_if(*rest, [&](const auto& item) { return item->handle.address() == address; });
    found->second.subscribers = std::move(rest);
  }
};

LocalBus::LocalBus(std::string node) : core_(std::make_shared<Core>()) {
  core_->node = std::move(node);
}

LocalBus::~LocalBus() = default;

void LocalBus::publish(const Topic& topic, const std::string& key, caf::message event) {
  std::shared_ptr<const Subscribers> subscribers;
  {
    const std::lock_guard lock{core_->mutex};
    auto& state = core_->state(topic);
    subscribers = state.subscribers;
    if (topic.delivery == Delivery::CONFLATED
        && (state.retained.size() < retained_max || state.retained.contains(key))) {
      state.retained.insert_or_assign(key, event);
    }
  }
  if (topic.delivery == Delivery::CONFLATED) {
    const auto slot = slot_of(topic.name, key);
    for (const auto& subscriber : *subscribers) {
      send_newest(*subscriber, slot, event);
    }
  } else {
    for (const auto& subscriber : *subscribers) {
      send_all(*subscriber, topic.name, core_->node, event);
    }
  }
}

void LocalBus::publish_all(const Topic& topic, const std::vector<caf::message>& events) {
  std::shared_ptr<const Subscribers> subscribers;
  {
    const std::lock_guard lock{core_->mutex};
    subscribers = core_->state(topic).subscribers;
  }
  for (const auto& subscriber : *subscribers) {
    for (const auto& event : events) {
      send_all(*subscriber, topic.name, core_->node, event);
    }
  }
}

void LocalBus::subscribe(const Topic& topic, const caf::actor& subscriber) {
  if (!subscriber) {
    return;
  }
  {
    const std::lock_guard lock{core_->mutex};
    auto& state = core_->state(topic);
    const auto& old = *state.subscribers;
    if (std::any_of(old.begin(), old.end(),
                    [&](const auto& item) { return item->handle == subscriber; })) {
      return;
    }
    auto added = std::make_shared<Subscriber>(subscriber);
    for (const auto& [key, event] : state.retained) {
      send_newest(*added, slot_of(topic.name, key), event);
    }
    auto all = std::make_shared<Subscribers>(old);
    all->push_back(std::move(added));
    state.subscribers = std::move(all);
  }
  // Outside the lock: for an actor that has ended already this runs at once.
  caf::actor_cast<caf::abstract_actor*>(subscriber)
    ->attach_functor([weak = std::weak_ptr{core_}, name = topic.name,
                      address = subscriber.address()](const caf::error&) {
      if (const auto core = weak.lock()) {
        core->remove(name, address);
      }
    });
}

void LocalBus::unsubscribe(const Topic& topic, const caf::actor& subscriber) {
  core_->remove(topic.name, subscriber.address());
}

std::size_t LocalBus::backlog() const {
  const std::lock_guard lock{core_->mutex};
  std::size_t longest = 0;
  for (const auto& [name, state] : core_->topics) {
    if (state.topic.delivery != Delivery::LOSSLESS) {
      continue;
    }
    for (const auto& subscriber : *state.subscribers) {
      if (subscriber->actor != nullptr) {
        longest = std::max<std::size_t>(longest, subscriber->actor->record()->depth());
      }
    }
  }
  return longest;
}

bool LocalBus::has_subscribers(std::string_view topic) const {
  const std::lock_guard lock{core_->mutex};
  const auto found = core_->topics.find(topic);
  return found != core_->topics.end() && !found->second.subscribers->empty();
}

std::vector<Topic> LocalBus::topics() const {
  const std::lock_guard lock{core_->mutex};
  std::vector<Topic> all;
  for (const auto& [name, state] : core_->topics) {
    if (!state.subscribers->empty()) {
      all.push_back(state.topic);
    }
  }
  return all;
}

std::map<std::string, caf::message> LocalBus::retained(std::string_view topic) const {
  const std::lock_guard lock{core_->mutex};
  const auto found = core_->topics.find(topic);
  return found == core_->topics.end() ? std::map<std::string, caf::message>{}
                                      : found->second.retained;
}

void LocalBus::clear() {
  std::map<std::string, TopicState, std::less<>> dropped;
  const std::lock_guard lock{core_->mutex};
  dropped.swap(core_->topics);
}

} // namespace troupe::supervision
