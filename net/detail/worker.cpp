#include "net/detail/worker.hpp"

#include "core/log.hpp"
#include "net/detail/websocket_queue.hpp"

#include <array>
#include <ctime>
#include <pthread.h>
#include <utility>

namespace troupe::net::detail {

bool ServerShared::enter(const std::string& address) {
  const std::scoped_lock lock{mutex_};
  auto& count = per_address_[address];
  const auto open = counters.connections_open.load(std::memory_order_relaxed);
  if (open >= settings.connections_max || count >= settings.connections_per_address_max) {
    if (count == 0) {
      per_address_.erase(address);
    }
    return false;
  }
  ++count;
  counters.connections_open.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void ServerShared::leave(const std::string& address) {
  const std::scoped_lock lock{mutex_};
  const auto at = per_address_.find(address);
  if (at != per_address_.end() && --at->second == 0) {
    per_address_.erase(at);
  }
  counters.connections_open.fetch_sub(1, std::memory_order_relaxed);
}

Worker::Worker(std::shared_ptr<ServerShared> shared)
  : shared_(std::move(shared)), timer_(context_) {}

Worker::~Worker() {
  join();
}

namespace {

/// Until `run` ends by itself: one connection's failure is not the server's.
template <class Run>
void run_through_failures(const Run& run) {
  while (true) {
    try {
      run();
      return;
    } catch (const std::exception& e) {
      core::log::error("http server carried on after an exception", {{"what", e.what()}});
    }
  }
}

} // namespace

void Worker::run_thread() {
  sweep();
  thread_ = std::thread([this] { run_through_failures([this] { context_.run(); }); });
  pthread_setname_np(thread_.native_handle(), "troupe.api");
}

void Worker::join() {
  if (!thread_.joinable()) {
    return;
  }
  thread_.join();
  // What the stop aborted is told so here: an operation that stays queued holds its connection,
  // whose session may be held by the handler and hold this.
  context_.restart();
  run_through_failures([this] { context_.poll(); });
}

void Worker::add(const std::shared_ptr<Peer>& peer) {
  peer->place = peers_.size();
  peers_.push_back(peer);
}

void Worker::remove(Peer& peer) {
  const auto place = peer.place;
  if (place >= peers_.size() || peers_[place].get() != &peer) {
    return;
  }
  const auto keep = std::move(peers_[place]);
  if (place + 1 != peers_.size()) {
    peers_[place] = std::move(peers_.back());
    peers_[place]->place = place;
  }
  peers_.pop_back();
}

void Worker::replace(Peer& old, const std::shared_ptr<Peer>& next) {
  const auto place = old.place;
  next->place = place;
  peers_[place] = next;
}

void Worker::stop(std::int64_t deadline_ns) {
  asio::post(context_, [this, deadline_ns] {
    stop_deadline_ns_ = deadline_ns;
    swept_ = peers_;
    for (const auto& peer : swept_) {
      peer->begin_stop();
    }
    swept_.clear();
    sweep();
  });
}

void Worker::mark(std::shared_ptr<WebSocketQueue> queue) {
  {
    const std::scoped_lock lock{marked_mutex_};
    if (is_stopped_) {
      return;
    }
    marked_.push_back(std::move(queue));
    if (marked_.size() != 1) {
      return;
    }
  }
  asio::post(context_, [this] { write_marked(); });
}

void Worker::write_marked() {
  std::vector<std::shared_ptr<WebSocketQueue>> marked;
  {
    const std::scoped_lock lock{marked_mutex_};
    marked.swap(marked_);
  }
  for (const auto& queue : marked) {
    queue->write_on_worker();
  }
}

void Worker::arm_sweep() {
  timer_.expires_after(shared_->settings.sweep_interval.chrono());
  timer_.async_wait([this](ErrorCode error) {
    if (!error) {
      sweep();
    }
  });
}

void Worker::sweep() {
  const auto now_ns = core::monotonic_ns();
  const auto now_s = shared_->clock().now().ns / 1'000'000'000;
  if (now_s != date_s_) {
    date_s_ = now_s;
    const auto time = static_cast<std::time_t>(now_s);
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    std::array<char, 40> text{};
    const auto size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    date_.assign(text.data(), size);
  }
  const bool cut = stop_deadline_ns_ != 0 && now_ns >= stop_deadline_ns_;
  swept_ = peers_;
  for (const auto& peer : swept_) {
    cut ? peer->abort() : peer->sweep(now_ns);
  }
  swept_.clear();
  if (stop_deadline_ns_ != 0 && peers_.empty()) {
    bool was_stopped = false; // a second timer may have been due; join() then runs what is left
    {
      const std::scoped_lock lock{marked_mutex_};
      was_stopped = std::exchange(is_stopped_, true);
      marked_.clear();
    }
    if (!was_stopped) {
      context_.stop();
    }
    return;
  }
  arm_sweep();
}

} // namespace troupe::net::detail
