#pragma once

#include "supervision/bus.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe::supervision {

/// The bus within one process; a cluster's bus embeds it for its local side. Any thread may call.
///
/// Conflated topics: for each (topic, key) a subscriber has at most one event waiting; a newer one
/// takes its place and its position (Actor::offer; a subscriber that is no Actor gets every event).
/// The newest event per key is retained and given to whoever subscribes later.
/// Lossless topics: every event in the order of publication. A subscriber whose mailbox is full
/// gets a TopicGap with the number of lost events in their place, and the source sees backlog()
/// grow before that.
class LocalBus final : public Bus {
public:
  static constexpr std::size_t retained_max = 100'000; ///< keys per topic; beyond: not retained

  explicit LocalBus(std::string node);
  ~LocalBus() override;
  void publish(const Topic& topic, const std::string& key, caf::message event) override;
  /// Events of a lossless topic, one after the other: who listens is looked up once for all.
  void publish_all(const Topic& topic, const std::vector<caf::message>& events);
  void subscribe(const Topic& topic, const caf::actor& subscriber) override;
  void unsubscribe(const Topic& topic, const caf::actor& subscriber) override;
  [[nodiscard]] std::size_t backlog() const override;

  /// Whether anybody here listens to the topic: a cluster's bus asks peers only for such topics.
  [[nodiscard]] bool has_subscribers(std::string_view topic) const;
  /// Topics with subscribers here, sorted.
  [[nodiscard]] std::vector<Topic> topics() const;
  /// The retained events of a conflated topic.
  [[nodiscard]] std::map<std::string, caf::message> retained(std::string_view topic) const;
  /// Forgets subscribers and retained events.
  void clear();

private:
  struct Core;
  std::shared_ptr<Core> core_;
};

} // namespace troupe::supervision
