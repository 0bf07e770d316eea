#include "nodes/api/correlation_subscriptions.hpp"

#include <algorithm>

namespace troupe::api {

using core::Errc;
using core::Error;

void CorrelationSubscriptions::learn(const messages::UniverseKept& kept) {
  const std::lock_guard lock{mutex_};
  kept_[kept.interval.to_text()] = kept;
}

core::Result<void> CorrelationSubscriptions::check(const StreamRequest& request) const {
  const std::lock_guard lock{mutex_};
  for (const auto& symbol : request.symbols) {
    if (symbol.qualified()) {
      return Error{Errc::INVALID_ARGUMENT,
                   core::json::Problem{"symbols",
                                       "symbols without a venue: universes are kept of "
                                       "the primary ones",
                                       symbol.to_text()}
                     .text()};
    }
  }
  if (kept_.empty() || !request.interval) {
    return {};
  }
  const auto found = kept_.find(request.interval->to_text());
  if (found == kept_.end()) {
    std::string names;
    for (const auto& [name, kept] : kept_) {
      names += (names.empty() ? "one whose universe is kept: " : ", ") + name;
    }
    return Error{Errc::INVALID_ARGUMENT,
                 core::json::Problem{"interval", names, request.interval->to_text()}.text()};
  }
  for (const auto& symbol : request.symbols) {
    const auto& out = found->second.left_out;
    const auto left = std::find_if(out.begin(), out.end(), [&](const messages::LeftOut& one) {
      return one.instrument == symbol;
    });
    if (left != out.end()) {
      return Error{Errc::NOT_READY, symbol.to_text() + " has no place in the universe "
                                      + found->second.universe + ": " + left->reason};
    }
  }
  return {};
}

} // namespace troupe::api
