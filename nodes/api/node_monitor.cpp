#include "nodes/api/node_monitor.hpp"

#include "core/clock.hpp"

#include <algorithm>
#include <pthread.h>
#include <unistd.h>

namespace troupe::api {

namespace monitor {

using supervision::ActorState;
using supervision::BreakerState;

double seconds(std::int64_t ns) {
  return static_cast<double>(ns) * 1e-9;
}

double milliseconds(std::chrono::nanoseconds d) {
  return static_cast<double>(d.count()) * 1e-6;
}

struct Children {
  std::size_t all = 0;
  std::size_t down = 0;
  std::string example;
};

void count(const std::vector<supervision::TreeNode>& nodes, Children& sum) {
  for (const auto& node : nodes) {
    ++sum.all;
    if (node.state == ActorState::RESTARTING) {
      ++sum.down;
      sum.example = node.path;
    }
    count(node.children, sum);
  }
}

} // namespace monitor

NodeMonitor::NodeMonitor(supervision::Runtime& runtime,
                         NodeViews views,
                         std::string version,
                         MonitorSettings settings)
  : runtime_(runtime), views_(std::move(views)), version_(std::move(version)), settings_(settings),
    started_ns_(core::monotonic_ns()) {
  if (views_.joined) {
    runtime_.health.set("cluster", false, "not joined yet");
  }
  thread_ = std::thread{[this] { run(); }};
  pthread_setname_np(thread_.native_handle(), "troupe.monitor");
}

NodeMonitor::~NodeMonitor() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
  for (const auto& running : traces_) {
    runtime_.actors.end_trace(running.trace);
  }
}

void NodeMonitor::run() {
  std::unique_lock lock{mutex_};
  while (!ending_) {
    lock.unlock();
    check();
    lock.lock();
    wake_.wait_for(lock, settings_.interval, [this] { return ending_; });
  }
}

void NodeMonitor::check() {
  const auto now_ns = core::monotonic_ns();
  check_network(now_ns);
  check_health(now_ns);
  sample_rss(now_ns);
  finish_traces(now_ns);
}

void NodeMonitor::check_network(std::int64_t now_ns) {
  if (!views_.post_to_network) {
    return;
  }
  if (ping_->sent_ns.load() == 0) {
    ping_->sent_ns.store(now_ns);
    views_.post_to_network([ping = ping_] {
      ping->thread.store(::gettid());
      ping->took_ns.store(core::monotonic_ns() - ping->sent_ns.load());
      ping->sent_ns.store(0);
    });
  }
  const auto waits = network_delay();
  const bool fine = ping_->sent_ns.load() == 0 || waits < settings_.network_limit;
  runtime_.health.set_alive("network", fine,
                            fine
                              ? ""
                              : "the network thread has not answered for "
                                  + std::to_string(waits / std::chrono::milliseconds{1}) + " ms");
}

std::chrono::nanoseconds NodeMonitor::network_delay() const {
  const auto sent_ns = ping_->sent_ns.load();
  return std::chrono::nanoseconds{sent_ns == 0
                                    ? ping_->took_ns.load()
                                    : std::max(core::monotonic_ns() - sent_ns, std::int64_t{0})};
}

void NodeMonitor::set_degraded(std::string name,
                               std::string reason,
                               std::vector<std::string>& named) {
  runtime_.health.set_degraded(name, std::move(reason));
  named.push_back(std::move(name));
}

void NodeMonitor::check_health(std::int64_t now_ns) {
  if (views_.joined) {
    const auto [joined, reason] = views_.joined();
    runtime_.health.set("cluster", joined, reason);
  }
  if (health_ns_ != 0 && now_ns - health_ns_ < settings_.health_every.count()) {
    return; // it walks over all children
  }
  health_ns_ = now_ns;
  std::vector<std::string> named;
  std::string missed;
  for (const auto& breaker : runtime_.breakers.snapshot()) {
    if (breaker.state != monitor::BreakerState::CLOSED
        && breaker.state != monitor::BreakerState::DISABLED) {
      const std::string state = boost::describe::enum_to_string(breaker.state, "?");
      if (breaker.needed) {
        missed += (missed.empty() ? "" : ", ") + breaker.edge + " " + state;
      }
      set_degraded("breaker " + breaker.edge, state, named);
    }
  }
  runtime_.health.set("dependencies", missed.empty(), missed);
  monitor::Children children;
  monitor::count(runtime_.actors.tree(), children);
  if (children.down > 0) {
    set_degraded("actors",
                 std::to_string(children.down) + " of " + std::to_string(children.all)
                   + " supervised children are down, such as " + children.example,
                 named);
  }
  if (const auto zombies = runtime_.actors.zombies(); zombies > 0) {
    set_degraded("zombies", std::to_string(zombies) + " handlers do not return", named);
  }
  for (const auto& old : degraded_) {
    if (std::find(named.begin(), named.end(), old) == named.end()) {
      runtime_.health.clear_degraded(old);
    }
  }
  degraded_ = std::move(named);
}

void NodeMonitor::sample_rss(std::int64_t now_ns) {
  const std::lock_guard lock{mutex_};
  if (!rss_.empty() && now_ns - rss_.back().first < settings_.rss_every.count()) {
    return;
  }
  rss_.emplace_back(now_ns, read_rss_bytes());
  if (rss_.size() > settings_.rss_samples_max) {
    rss_.pop_front();
  }
}

core::Result<void> NodeMonitor::trace(supervision::TraceRequest request,
                                      std::function<void(const supervision::Trace&)> done) {
  auto trace = runtime_.actors.start_trace(std::move(request));
  if (!trace) {
    return trace.error();
  }
  const std::lock_guard lock{mutex_};
  traces_.push_back({std::move(*trace), std::move(done)});
  return {};
}

void NodeMonitor::finish_traces(std::int64_t now_ns) {
  std::vector<Running> over;
  {
    const std::lock_guard lock{mutex_};
    const auto first =
      std::stable_partition(traces_.begin(), traces_.end(), [&](const Running& running) {
        return !running.trace->finished(now_ns);
      });
    std::move(first, traces_.end(), std::back_inserter(over));
    traces_.erase(first, traces_.end());
  }
  for (const auto& running : over) {
    runtime_.actors.end_trace(running.trace);
    running.done(*running.trace);
  }
}

ProcessReport NodeMonitor::report() const {
  const auto now_ns = core::monotonic_ns();
  ProcessReport report;
  report.now = core::SystemClock{}.now().to_text();
  report.uptime_s = monitor::seconds(now_ns - started_ns_);
  report.version = version_;
  report.pid = ::getpid();
  report.canary_ms = monitor::milliseconds(runtime_.health.canary());
  report.network_ms = monitor::milliseconds(network_delay());
  report.network_thread = ping_->thread.load();
  report.zombies = runtime_.actors.zombies();
  report.process = read_process();
  const std::lock_guard lock{mutex_};
  for (const auto& [at_ns, bytes] : rss_) {
    report.rss.push_back({monitor::seconds(now_ns - at_ns), bytes});
  }
  return report;
}

} // namespace troupe::api
