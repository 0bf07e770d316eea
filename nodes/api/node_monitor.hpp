#pragma once

#include "net/responder.hpp"
#include "nodes/api/node_views.hpp"
#include "nodes/api/process_figures.hpp"
#include "supervision/runtime.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace troupe::api {

struct MonitorSettings {
  std::chrono::nanoseconds interval = std::chrono::milliseconds{50};
  std::chrono::nanoseconds health_every = std::chrono::milliseconds{500};
  std::chrono::nanoseconds rss_every = std::chrono::seconds{5};
  std::size_t rss_samples_max = 120; ///< ten minutes
  std::chrono::nanoseconds network_limit = std::chrono::seconds{1};
};

/// Resident memory at some time before now.
struct RssSample {
  double ago_s = 0.0;
  std::uint64_t rss_bytes = 0;
};
BOOST_DESCRIBE_STRUCT(RssSample, (), (ago_s, rss_bytes))

/// The node's process as the inspector shows it.
struct ProcessReport {
  std::string now; ///< UTC, of the system's clock
  double uptime_s = 0.0;
  std::string version;
  std::int64_t pid = 0;
  double canary_ms = 0.0;          ///< last round trip through the scheduler
  double network_ms = 0.0;         ///< last round trip through the thread of the links
  std::int64_t network_thread = 0; ///< its id; 0 while it has not answered yet
  std::uint64_t zombies = 0;
  ProcessFigures process;
  std::vector<RssSample> rss; ///< oldest first
};
BOOST_DESCRIBE_STRUCT(
  ProcessReport,
  (),
  (now, uptime_s, version, pid, canary_ms, network_ms, network_thread, zombies, process, rss))

/// A thread of the node's own that watches what no actor can answer for: whether the network thread
/// runs, how memory grows; keeps the health conditions of the cluster, the breakers and the
/// supervised children; ends traces.
class NodeMonitor {
public:
  NodeMonitor(supervision::Runtime& runtime,
              NodeViews views,
              std::string version,
              MonitorSettings settings = {});
  NodeMonitor(const NodeMonitor&) = delete;
  NodeMonitor& operator=(const NodeMonitor&) = delete;
  ~NodeMonitor(); ///< traces under way are dropped

  /// One look at everything, as the thread does each interval.
  void check();

  /// Starts a trace and calls `done` once with it when it is over.
  [[nodiscard]] core::Result<void> trace(supervision::TraceRequest request,
                                         std::function<void(const supervision::Trace&)> done);

  [[nodiscard]] ProcessReport report() const;
  /// The last round trip through the network thread; as long as it is on its way: its age.
  [[nodiscard]] std::chrono::nanoseconds network_delay() const;

private:
  struct Ping { ///< shared with the network thread, which may answer after the monitor's end
    std::atomic<std::int64_t> sent_ns{0}; ///< 0: none on its way
    std::atomic<std::int64_t> took_ns{0};
    std::atomic<std::int64_t> thread{0};
  };
  struct Running {
    std::shared_ptr<supervision::Trace> trace;
    std::function<void(const supervision::Trace&)> done;
  };
  void run();
  void check_network(std::int64_t now_ns);
  void check_health(std::int64_t now_ns);
  void sample_rss(std::int64_t now_ns);
  void finish_traces(std::int64_t now_ns);
  void set_degraded(std::string name, std::string reason, std::vector<std::string>& named);

  supervision::Runtime& runtime_;
  NodeViews views_;
  std::string version_;
  MonitorSettings settings_;
  const std::int64_t started_ns_;
  std::shared_ptr<Ping> ping_ = std::make_shared<Ping>();
  std::int64_t health_ns_ = 0;        ///< when the conditions were looked at
  std::vector<std::string> degraded_; ///< names this monitor has set
  mutable std::mutex mutex_;          ///< of all below
  std::deque<std::pair<std::int64_t, std::uint64_t>> rss_;
  std::vector<Running> traces_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread thread_;
};

} // namespace troupe::api
