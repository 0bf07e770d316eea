#pragma once

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace troupe::net {

/// One thread that runs an event loop: what clients live on.
class IoThread {
public:
  IoThread();
  ~IoThread(); ///< stops the loop, joins; what was under way is dropped
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  [[nodiscard]] boost::asio::io_context& context() noexcept;
  /// Runs `task` on the thread, later. From any thread.
  void post(std::function<void()> task);

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace troupe::net
