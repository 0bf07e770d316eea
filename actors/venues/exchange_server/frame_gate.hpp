#pragma once

#include "actors/venues/exchange_server/faults.hpp"
#include "net/websocket.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace troupe::venues::exchange_server {

/// Where market frames leave an exchange: as they are, or as the faults in force want them.
class FrameGate {
public:
  explicit FrameGate(FaultPlan& faults) : faults_(&faults) {}

  /// @param stream  what the frame is of: frames of one stream overtake one another
  void
  send(const net::SessionPtr& session, const std::string& stream, const net::SharedFrame& frame) {
    const auto fate = faults_->next_frame();
    if (fate == FrameFate::LOST) {
      return;
    }
    auto& held = held_[session->id()];
    if (fate == FrameFate::OVERTAKEN && held.emplace(stream, frame).second) {
      return; // the next frame of this stream goes before it
    }
    session->send(frame);
    if (fate == FrameFate::REPEATED) {
      session->send(frame);
    }
    if (const auto late = held.extract(stream)) {
      session->send(late.mapped());
    }
  }
  void close(std::uint64_t session) { held_.erase(session); }

private:
  FaultPlan* faults_;
  std::map<std::uint64_t, std::map<std::string, net::SharedFrame>> held_; ///< by session, stream
};

} // namespace troupe::venues::exchange_server
