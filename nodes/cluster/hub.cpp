#include "nodes/cluster/hub.hpp"

#include "core/log.hpp"
#include "nodes/cluster/hub_core.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <algorithm>

namespace troupe::cluster {

using supervision::Delivery;
using supervision::Topic;

std::shared_ptr<TopicOut> HubCore::topic_out(const Topic& topic) {
  {
    const std::shared_lock hold{topics_mutex};
    if (const auto found = topics_out.find(topic.name); found != topics_out.end()) {
      return found->second;
    }
    if (topics_out.size() >= settings.topics_max) {
      return nullptr;
    }
  }
  const std::unique_lock hold{topics_mutex};
  auto& out = topics_out[topic.name];
  if (!out) {
    out = std::make_shared<TopicOut>(topic, system);
    if (topics_out.size() == settings.topics_max) {
      core::log::error("topics exhausted", {{"topics_max", settings.topics_max}});
    }
  }
  return out;
}

std::vector<std::shared_ptr<TopicOut>> HubCore::topics() const {
  const std::shared_lock hold{topics_mutex};
  std::vector<std::shared_ptr<TopicOut>> out;
  out.reserve(topics_out.size());
  for (const auto& [name, topic] : topics_out) {
    out.push_back(topic);
  }
  return out;
}

std::optional<StreamItem>
TopicOut::item(std::uint64_t seq, const std::string& key, const caf::message& event) {
  constexpr std::size_t chunk_bytes = 32 * 1024;
  const bool lossless = topic.delivery == Delivery::LOSSLESS;
  if (!lossless || !chunk || chunk->size() >= chunk_bytes) {
    chunk = std::make_shared<std::string>();
    if (lossless) {
      chunk->reserve(chunk_bytes + chunk_bytes / 8);
    }
  }
  const auto offset = chunk->size();
  if (!encoder.append(*chunk, key, event)) {
    return std::nullopt;
  }
  return StreamItem{seq, lossless ? std::string{} : key, chunk, static_cast<std::uint32_t>(offset),
                    static_cast<std::uint32_t>(chunk->size() - offset)};
}

void HubCore::offer(TopicOut& out, const std::string& key, caf::message event) {
  std::size_t waiting = 0;
  {
    const std::lock_guard hold{out.mutex};
    const auto seq = out.next_seq++;
    if (!out.streams.empty()) {
      if (const auto item = out.item(seq, key, event)) {
        for (auto& [peer, stream] : out.streams) {
          stream.offer(*item);
          waiting = std::max(waiting, stream.waiting());
        }
      }
    }
    if (out.topic.delivery == Delivery::CONFLATED
        && (out.retained.size() < supervision::LocalBus::retained_max
            || out.retained.contains(key))) {
      out.retained[key] = std::move(event);
    }
  }
  if (waiting > 0) {
    out.dirty.store(true, std::memory_order_release);
    wake(waiting);
  }
}

void HubCore::wake(std::size_t waiting) {
  if (stopped.load(std::memory_order_relaxed)) {
    return;
  }
  const auto first = [](std::atomic<bool>& flag) { return !flag.load() && !flag.exchange(true); };
  if (waiting >= settings.flush_events && first(urgent)) {
    caf::anon_send(actor, caf::flush_atom_v);
  } else if (first(armed)) {
    caf::anon_send(actor, caf::wait_for_atom_v);
  }
}

std::string HubCore::open_stream(TopicOut& out, const std::string& peer, std::uint64_t next_seq) {
  const std::lock_guard hold{out.mutex};
  const bool lossless = out.topic.delivery == Delivery::LOSSLESS;
  auto found = out.streams.find(peer);
  if (lossless && found != out.streams.end() && next_seq > 0) {
    found->second.resume(next_seq);
  } else {
    out.streams.erase(peer);
    found = out.streams.try_emplace(peer, out.topic.delivery, settings, out.next_seq).first;
    for (const auto& [key, event] : out.retained) {
      if (auto item = out.item(out.next_seq, key, event)) {
        found->second.offer(std::move(*item));
      }
    }
  }
  out.dirty.store(found->second.waiting() > 0, std::memory_order_release);
  return lossless ? found->second.announce() : std::string{};
}

Hub::Hub(caf::actor_system& system,
         std::string node,
         std::uint64_t incarnation,
         const HubSettings& settings)
  : core_(std::make_shared<HubCore>(system, std::move(node), incarnation, settings)),
    actor_(spawn_hub_actor(system, core_)) {
  core_->actor = actor_;
}

Hub::~Hub() {
  stop();
}

void Hub::stop() {
  if (!core_->stopped.exchange(true)) {
    caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown);
  }
}

void Hub::publish(const Topic& topic, const std::string& key, caf::message event) {
  core_->local.publish(topic, key, event);
  if (const auto out = core_->topic_out(topic)) {
    core_->offer(*out, key, std::move(event));
  }
}

void Hub::subscribe(const Topic& topic, const caf::actor& subscriber) {
  core_->local.subscribe(topic, subscriber);
  if (!core_->stopped) {
    caf::anon_send(actor_, caf::sub_atom_v, topic.name, static_cast<std::uint8_t>(topic.delivery));
  }
}

void Hub::unsubscribe(const Topic& topic, const caf::actor& subscriber) {
  core_->local.unsubscribe(topic, subscriber); // the actor notices the last one's end by itself
}

std::size_t Hub::backlog() const {
  std::size_t most = core_->local.backlog();
  for (const auto& out : core_->topics()) {
    if (out->topic.delivery != Delivery::LOSSLESS) {
      continue;
    }
    const std::lock_guard hold{out->mutex};
    for (const auto& [peer, stream] : out->streams) {
      most = std::max(most, stream.waiting() + static_cast<std::size_t>(stream.peer_backlog));
    }
  }
  return most;
}

HubStats Hub::stats() const {
  HubStats out;
  out.events_out = core_->counters.events_out;
  out.batches_out = core_->counters.batches_out;
  out.events_in = core_->counters.events_in;
  out.batches_in = core_->counters.batches_in;
  for (const auto& topic : core_->topics()) {
    const std::lock_guard hold{topic->mutex};
    for (const auto& [peer, stream] : topic->streams) {
      out.conflated += stream.conflated();
      out.dropped += stream.dropped();
      out.waiting_bytes += stream.bytes();
    }
  }
  return out;
}

std::map<std::string, PeerQueue> Hub::peer_queues() const {
  std::map<std::string, PeerQueue> queues;
  for (const auto& topic : core_->topics()) {
    const std::lock_guard hold{topic->mutex};
    for (const auto& [peer, stream] : topic->streams) {
      auto& queue = queues[peer];
      queue.events += stream.waiting();
      queue.bytes += stream.bytes();
      queue.conflated += stream.conflated();
      queue.dropped += stream.dropped();
    }
  }
  return queues;
}

} // namespace troupe::cluster
