#pragma once

#include "core/duration.hpp"
#include "core/errc.hpp"

#include <boost/describe/class.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace troupe::venues::exchange_server {

/// What an exchange is told to do wrong. All off by default.
struct Faults {
  std::uint32_t error_status = 0;     ///< REST replies with this instead, 500 to 599; 0: off
  std::uint64_t error_count = 0;      ///< so many replies; 0: until told otherwise
  bool error_after_execution = false; ///< what was asked happens all the same: outcome unknown
  core::Duration reply_delay;         ///< of REST replies and of replies on WebSockets
  std::uint64_t drop_frames = 0;      ///< drops the next so many market frames: a gap
  std::uint64_t drop_every = 0;       ///< drops every n-th market frame; 0: off
  std::uint64_t repeat_every = 0;     ///< sends every n-th market frame twice; 0: off
  std::uint64_t reorder_every = 0;    ///< the next of its stream overtakes every n-th; 0: off
  bool stall_streams = false;         ///< nothing more comes, the connections stay
  std::uint64_t disconnect = 0;       ///< a number not used before closes all WebSockets, once
  core::Duration disconnect_every;    ///< closes each WebSocket after so long; 0s: off
  bool refuse_sessions = false;       ///< new WebSockets are closed at once
  std::int64_t clock_skew_ms = 0;     ///< the exchange's clock runs so far ahead

  friend bool operator==(const Faults&, const Faults&) = default;
};
BOOST_DESCRIBE_STRUCT(Faults,
                      (),
                      (error_status,
                       error_count,
                       error_after_execution,
                       reply_delay,
                       drop_frames,
                       drop_every,
                       repeat_every,
                       reorder_every,
                       stall_streams,
                       disconnect,
                       disconnect_every,
                       refuse_sessions,
                       clock_skew_ms))

/// @returns INVALID_ARGUMENT that says what was expected
[[nodiscard]] core::Result<void> check(const Faults& faults);

/// The faults in force; set from any thread, read by the exchange before each thing it does.
class FaultBox {
public:
  struct Set {
    Faults faults;
    std::uint64_t number = 0; ///< counts the orders given
  };
  FaultBox() : current_(std::make_shared<const Set>()) {}
  void set(const Faults& faults) {
    current_.store(std::make_shared<const Set>(Set{faults, current_.load()->number + 1}));
  }
  [[nodiscard]] std::shared_ptr<const Set> get() const { return current_.load(); }

private:
  std::atomic<std::shared_ptr<const Set>> current_;
};

/// What becomes of a market frame.
enum class FrameFate : std::uint8_t { SENT, LOST, REPEATED, OVERTAKEN };

/// Which of the faults fall due, in the order of what happens. Of one exchange's actor.
class FaultPlan {
public:
  explicit FaultPlan(std::shared_ptr<FaultBox> box) : box_(std::move(box)) {}

  /// To be called before each thing that may go wrong.
  const Faults& now();
  /// Status of the reply that is due now instead of the true one; 0: the true one.
  [[nodiscard]] std::uint32_t next_error();
  /// What becomes of the next market frame.
  [[nodiscard]] FrameFate next_frame();
  /// Whether all sessions are to be closed, once for each order to.
  [[nodiscard]] bool wants_disconnect();

private:
  std::shared_ptr<FaultBox> box_;
  std::shared_ptr<const FaultBox::Set> set_;
  std::uint64_t errors_left_ = 0;
  std::uint64_t drops_left_ = 0;
  std::uint64_t frames_ = 0;
  std::uint64_t disconnect_done_ = 0;
};

} // namespace troupe::venues::exchange_server
