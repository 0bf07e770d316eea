#pragma once

#include "actors/venues/common/budget_messages.hpp"
#include "actors/venues/common/connector_settings.hpp"
#include "supervision/supervisor.hpp"

#include <string>
#include <vector>

/// The child "limiter" of a venue: nobody calls the venue without it.
///
/// There is one budget for the whole cluster. The node that placement makes the owner of
/// rate_limit_key(venue) keeps it; the limiters of the others pass their requests on. A node that
/// cannot reach the owner spends its part of `cut_off_share`, which the owner never touches, so
/// that the sum stays within the limit. A new owner takes the rest of the window for spent, and who
/// waited at the old one goes on waiting at the new. A node that has seeds waits until it has met
/// somebody: for 5 s, then it is alone.
///
/// Callers take turns; cancels come before orders, and those before market data. What would wait
/// longer than its caller allows is refused at once.
namespace troupe::venues {

/// What the venue says of its limits (exchangeInfo). One-way.
struct LimitsLearned {
  std::vector<BudgetLimit> limits;
};

/// @param limits        as documented, until the venue tells its own
/// @param tells_limits  it will (LimitsLearned): until then no more than the part of a node that is
///                      cut off is spent, and others' calls are sent away
[[nodiscard]] supervision::Start limiter_actor(std::string venue,
                                               std::vector<BudgetLimit> limits,
                                               ConnectorLimits settings,
                                               bool tells_limits = false);

} // namespace troupe::venues

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::LimitsLearned)
