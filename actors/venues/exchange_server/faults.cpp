#include "actors/venues/exchange_server/faults.hpp"

namespace troupe::venues::exchange_server {

core::Result<void> check(const Faults& faults) {
  const auto refuse = [](const std::string& expected, std::int64_t found) {
    return core::Error{core::Errc::INVALID_ARGUMENT,
                       "expected " + expected + ", found " + std::to_string(found)};
  };
  if (faults.error_status != 0 && (faults.error_status < 500 || faults.error_status > 599)) {
    return refuse("error_status of 500 to 599, or 0", faults.error_status);
  }
  constexpr std::int64_t skew_ms_max = 86'400'000;
  if (faults.clock_skew_ms > skew_ms_max || faults.clock_skew_ms < -skew_ms_max) {
    return refuse("clock_skew_ms within a day", faults.clock_skew_ms);
  }
  if (faults.reply_delay > core::Duration{std::chrono::seconds{60}}) {
    return refuse("reply_delay of at most 60s, in ns", faults.reply_delay.ns);
  }
  return {};
}

const Faults& FaultPlan::now() {
  auto set = box_->get();
  if (!set_ || set->number != set_->number) {
    set_ = std::move(set);
    errors_left_ = set_->faults.error_count;
    drops_left_ = set_->faults.drop_frames;
    frames_ = 0;
  }
  return set_->faults;
}

std::uint32_t FaultPlan::next_error() {
  const auto& faults = now();
  if (faults.error_status == 0 || (faults.error_count != 0 && errors_left_ == 0)) {
    return 0;
  }
  errors_left_ -= errors_left_ != 0 ? 1U : 0U;
  return faults.error_status;
}

FrameFate FaultPlan::next_frame() {
  const auto& faults = now();
  if (faults.stall_streams) {
    return FrameFate::LOST;
  }
  if (drops_left_ != 0) {
    --drops_left_;
    return FrameFate::LOST;
  }
  ++frames_;
  const auto falls_on = [this](std::uint64_t every) { return every != 0 && frames_ % every == 0; };
  return falls_on(faults.drop_every)      ? FrameFate::LOST
         : falls_on(faults.repeat_every)  ? FrameFate::REPEATED
         : falls_on(faults.reorder_every) ? FrameFate::OVERTAKEN
                                          : FrameFate::SENT;
}

bool FaultPlan::wants_disconnect() {
  const auto wanted = now().disconnect;
  if (wanted == 0 || wanted == disconnect_done_) {
    return false;
  }
  disconnect_done_ = wanted;
  return true;
}

} // namespace troupe::venues::exchange_server
