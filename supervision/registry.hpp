#pragma once

#include <caf/actor.hpp>
#include <caf/message.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::supervision {

class DeadLetters;

/// Names to handles. Readers on any thread take an immutable snapshot; supervisors write it when
/// they start and stop children, so a name outlives the actors that carry it in turn.
class Registry {
public:
  struct Entry {
    caf::actor actor;        ///< empty while the child is down
    std::uint64_t epoch = 0; ///< counts the starts at this name
    std::size_t hold = 0;    ///< messages kept for the replacement while the child is down
  };

  explicit Registry(DeadLetters& dead_letters) : dead_letters_(dead_letters) {}

  /// @returns an empty entry (no actor, epoch 0) for an unknown name
  [[nodiscard]] Entry find(std::string_view path) const;

  /// The actor that answers for a service of this node.
  [[nodiscard]] Entry front(std::string_view service) const;
  void set_front(std::string_view service, std::string path);
  void clear_front(std::string_view service);
  [[nodiscard]] std::string front_path(std::string_view service) const;
  [[nodiscard]] std::vector<std::string> services() const;

  // ---- for supervisors (and actors that are nobody's child)
  /// Publishes a handle and hands it what was held.
  void
  set(std::string_view path, const caf::actor& actor, std::uint64_t epoch, std::size_t hold = 0);
  /// The child is down and will come back.
  void set_down(std::string_view path);
  void erase(std::string_view path);
  /// Drops every handle, so that nothing is kept alive at the end.
  void clear();

  /// Sends to whoever carries the name now. While its child is down: held, where the child's spec
  /// says so or the message is of order class, and there is room; else a dead letter with reason
  /// "down".
  /// @returns whether the message was sent or held
  bool send(std::string_view path, caf::message message, const caf::actor& from = {});

private:
  using Shard = std::map<std::string, Entry, std::less<>>;
  struct Held {
    caf::actor from;
    caf::message message;
  };
  static constexpr std::size_t order_hold_max = 100'000; ///< messages of order class per name
  static constexpr std::size_t shards = 64;
  [[nodiscard]] static std::size_t shard_of(std::string_view path);
  void change(std::string_view path, const Entry* entry);

  DeadLetters& dead_letters_;
  std::array<std::atomic<std::shared_ptr<const Shard>>, shards> snapshots_{};
  std::atomic<std::shared_ptr<const std::map<std::string, std::string, std::less<>>>> fronts_{};
  mutable std::mutex mutex_;
  std::map<std::string, std::deque<Held>, std::less<>> held_;
};

/// A name that is resolved each time it is used: survives restarts of whoever carries it.
class ServiceRef {
public:
  ServiceRef(Registry& registry, std::string path) : registry_(&registry), path_(std::move(path)) {}

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] Registry::Entry entry() const { return registry_->find(path_); }
  [[nodiscard]] caf::actor actor() const { return entry().actor; }

  /// One-way; see Registry::send for what happens while the child is down.
  template <class... Ts>
  bool send(Ts&&... values) const {
    return registry_->send(path_, caf::make_message(std::forward<Ts>(values)...));
  }
  template <class... Ts>
  bool send_from(const caf::actor& from, Ts&&... values) const {
    return registry_->send(path_, caf::make_message(std::forward<Ts>(values)...), from);
  }

private:
  Registry* registry_;
  std::string path_;
};

} // namespace troupe::supervision
