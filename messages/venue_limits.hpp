#pragma once

#include "core/duration.hpp"
#include "core/inspect.hpp"
#include "core/time.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// One budget per venue and key for the whole cluster: what nodes say to the one that keeps it.
/// Routed to the owner of the key rate_limit_key(venue) of the service market-data.
namespace troupe::messages {

using core::inspect;

/// What a call to a venue is for: what matters most may use all of a limit, the rest leaves some.
BOOST_DEFINE_FIXED_ENUM_CLASS(CallClass, std::uint8_t, MARKET_DATA, ORDER, CANCEL)

/// Units of one call, by the name of the limit that counts them; others do not.
using CallCost = std::map<std::string, std::uint64_t>;

[[nodiscard]] inline std::string rate_limit_key(const std::string& venue) {
  return "rate-limit/" + venue;
}

struct BudgetGranted {
  bool by_owner = false; ///< else out of the share that a cut off node keeps for itself
};
BOOST_DESCRIBE_STRUCT(BudgetGranted, (), (by_owner))

/// Asks to make a call to a venue. Answered when it may leave; RATE_LIMITED with
/// "retry_after_ms=N" in its text where that would take longer than `wait`, or too many wait.
struct AcquireBudget {
  using Reply = BudgetGranted;
  std::string venue;
  std::string caller; ///< callers take turns
  CallCost cost;
  CallClass what = CallClass::MARKET_DATA;
  core::Duration wait;
};
BOOST_DESCRIBE_STRUCT(AcquireBudget, (), (venue, caller, cost, what, wait))

/// What the venue counted, as its reply's headers say.
struct UsageNote {
  std::string limit;
  core::Duration window;                  ///< of a count of what was used
  std::optional<std::uint64_t> used;      ///< X-MBX-USED-WEIGHT-1M
  std::optional<std::uint64_t> remaining; ///< x-ratelimit-remaining
  std::optional<core::Timestamp> reset;   ///< when that is full again
};
BOOST_DESCRIBE_STRUCT(UsageNote, (), (limit, window, used, remaining, reset))

/// A call that was granted is over. One-way.
struct ReportUsage {
  std::string venue;
  CallCost cost;
  bool refused = false; ///< 429 or 418
  std::optional<core::Duration> retry_after;
  std::vector<UsageNote> notes;
};
BOOST_DESCRIBE_STRUCT(ReportUsage, (), (venue, cost, refused, retry_after, notes))

} // namespace troupe::messages
