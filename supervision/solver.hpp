#pragma once

#include "core/errc.hpp"
#include "supervision/supervisor.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/message.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace troupe::supervision {

/// What the work answered; an error of the message itself means that the solver crashed.
struct WorkDone {
  caf::message result;
  std::optional<core::Error> refusal; ///< in place of a result

  [[nodiscard]] core::Result<caf::message> outcome() const {
    return refusal ? core::Result<caf::message>{*refusal} : core::Result<caf::message>{result};
  }
};

/// Something to compute, on a solver's thread. It owns or shares all it reads.
struct Work {
  using Reply = WorkDone;
  std::shared_ptr<const std::function<core::Result<caf::message>()>> run;
};

/// A child that computes what it is given, one piece at a time, on a thread of its own: it may
/// throw or hang without hurting anybody but the asker of that piece. One that takes longer than
/// the deadline is given up by the watchdog and replaced.
[[nodiscard]] ChildSpec solver(std::string name, std::chrono::nanoseconds deadline);

} // namespace troupe::supervision

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::supervision::Work)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::supervision::WorkDone)
