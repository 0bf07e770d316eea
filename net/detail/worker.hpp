#pragma once

#include "core/duration.hpp"
#include "net/counters.hpp"
#include "net/detail/asio.hpp"
#include "net/detail/rate_limit.hpp"
#include "net/detail/transport.hpp"
#include "net/router.hpp"
#include "net/server.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace troupe::net::detail {

class WebSocketQueue;

/// What all threads of one server share; immutable after the start but for what says otherwise.
struct ServerShared {
  ServerSettings settings;
  Router router;
  ServerOptions options;
  core::SystemClock system_clock;
  std::shared_ptr<asio::ssl::context> tls;
  Bound bound;
  bool is_loopback = false;
  std::unique_ptr<RateLimiter> limiter;     ///< set at the start; thread-safe
  std::string id_prefix;                    ///< of generated request ids
  std::atomic<std::uint64_t> id_counter{0}; ///< shared, thread-safe
  std::atomic<bool> stopping{false};        ///< shared, thread-safe
  ServerCounters counters;                  ///< shared, thread-safe

  [[nodiscard]] const core::Clock& clock() const {
    return options.clock != nullptr ? *options.clock : system_clock;
  }

  /// Counts a connection of that address in. @returns false when it is over a limit
  [[nodiscard]] bool enter(const std::string& address);
  void leave(const std::string& address);

private:
  std::mutex mutex_;
  std::map<std::string, std::uint64_t> per_address_;
};

/// One thread of a server: an event loop, its connections, one timer for all their timeouts.
class Worker : public std::enable_shared_from_this<Worker> {
public:
  explicit Worker(std::shared_ptr<ServerShared> shared);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  [[nodiscard]] asio::io_context& context() noexcept { return context_; }
  [[nodiscard]] ServerShared& shared() noexcept { return *shared_; }
  /// "Sun, 06 Nov 1994 08:49:37 GMT", as of the last sweep
  [[nodiscard]] const std::string& date() const noexcept { return date_; }

  void run_thread();
  void join();

  // On the worker's thread:
  void add(const std::shared_ptr<Peer>& peer);
  void remove(Peer& peer);
  /// Puts a connection in another's place, as the upgrade does.
  void replace(Peer& old, const std::shared_ptr<Peer>& next);

  // From any thread:
  /// Ends each connection as its promises allow; @param deadline_ns  then cuts (monotonic_ns)
  void stop(std::int64_t deadline_ns);
  /// Has the queue's frames written soon; one wake-up serves all queues marked until then.
  void mark(std::shared_ptr<WebSocketQueue> queue);

private:
  void arm_sweep();
  void sweep();
  void write_marked();

  std::shared_ptr<ServerShared> shared_;
  asio::io_context context_{1};
  SteadyTimer timer_;
  std::vector<std::shared_ptr<Peer>> peers_;
  std::vector<std::shared_ptr<Peer>> swept_; ///< a copy to walk: sweeping may remove
  std::int64_t date_s_ = 0;
  std::string date_;
  std::int64_t stop_deadline_ns_ = 0; ///< 0: not stopping
  std::thread thread_;

  std::mutex marked_mutex_;
  std::vector<std::shared_ptr<WebSocketQueue>> marked_;
  bool is_stopped_ = false; ///< under marked_mutex_
};

} // namespace troupe::net::detail
