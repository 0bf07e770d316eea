#pragma once

#include "messages/venue_limits.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

namespace troupe::venues {

using core::inspect;

/// A request of another node that the front of its service passes on to the limiter here, which
/// answers out of the budget that it keeps for all.
struct ForwardedBudget {
  using Reply = messages::BudgetGranted;
  messages::AcquireBudget request;
};
BOOST_DESCRIBE_STRUCT(ForwardedBudget, (), (request))

/// What another node's call was answered. One-way; told on to nobody.
struct ForwardedUsage {
  messages::ReportUsage report;
};

} // namespace troupe::venues

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::ForwardedBudget)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::ForwardedUsage)
