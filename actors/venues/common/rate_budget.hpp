#pragma once

#include "core/time.hpp"
#include "messages/venue_limits.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a venue lets its users ask of it, as arithmetic: no actor, no clock of its own.
namespace troupe::venues {

using messages::CallClass;
using messages::CallCost;

/// A limit of a venue.
///
/// With `burst` 0: at most `limit` units in each window of that length, aligned to the epoch
/// (Binance). A call sent at t reaches the venue within `guard` of it by the venue's clock, so near
/// a boundary it counts in both windows: whichever of them the venue means, it is not exceeded.
///
/// Else: a bucket of `burst` units that fills at `limit` per window (Coinbase). It begins with no
/// more than the reserve, which market data never touches: a process before this one, or a node
/// that this one has not met yet, may just have taken the rest.
struct BudgetLimit {
  std::string name; ///< REQUEST_WEIGHT, RAW_REQUESTS, ORDERS, as the venue calls it
  std::chrono::nanoseconds window{};
  std::uint64_t limit = 0;
  std::uint64_t burst = 0;
};

struct BudgetSettings {
  double reserve = 0.2; ///< of each limit, kept for what matters more
  double share = 1.0;   ///< of each limit that is ours to spend
  std::chrono::nanoseconds guard = std::chrono::seconds{1};
  std::chrono::nanoseconds blocked_min = std::chrono::seconds{1}; ///< after a 429 that says nothing
};

/// The budget of one key (an IP address, an account) at one venue.
class RateBudget {
public:
  RateBudget(std::vector<BudgetLimit> limits, BudgetSettings settings);

  /// Spends the cost where every limit allows it.
  /// @returns nothing where it was spent, else when to try again at the earliest
  [[nodiscard]] std::optional<core::Timestamp>
  take(const CallCost& cost, CallClass what, core::Timestamp now);
  /// Whether it could ever be spent: at most what an unused limit allows.
  [[nodiscard]] bool can_ever_take(const CallCost& cost, CallClass what) const;
  /// As take(), and spends nothing. @returns when the cost can be spent; nothing: now
  [[nodiscard]] std::optional<core::Timestamp>
  earliest(const CallCost& cost, CallClass what, core::Timestamp now);
  /// A call that was spent for came back, or never left. One of which nothing is heard (its node
  /// died) is forgotten after a minute or two.
  void finish(const CallCost& cost);

  /// The venue says how much it has counted so far (X-MBX-USED-WEIGHT-1M); what is on its way comes
  /// on top. Others may use the same key.
  void learn_used(std::string_view name,
                  std::chrono::nanoseconds window,
                  std::uint64_t used,
                  core::Timestamp now);
  /// The venue says how much is left (x-ratelimit-remaining) until `reset`.
  void learn_remaining(std::string_view name, std::uint64_t remaining, core::Timestamp reset);
  /// The venue's own limits (exchangeInfo.rateLimits) in place of those of the same names that were
  /// assumed. What was spent in a window of another length counts in the new one.
  void learn_limits(const std::vector<BudgetLimit>& limits, core::Timestamp now);
  /// What another budget of the same key has spent in the windows of `now`, of which this one has
  /// spent nothing yet.
  void count(const RateBudget& other, core::Timestamp now);
  /// 429 or 418: nothing at all until then. @param retry_after  as the venue says; nothing: doubled
  /// each time in a row
  void block(std::optional<std::chrono::nanoseconds> retry_after, core::Timestamp now);
  /// A call was answered without a 429.
  void unblock() { refusals_ = 0; }

  /// Somebody else may have spent all that market data may spend: in each window that `now` may be
  /// in by the venue's clock, or of what a bucket holds. Not in windows of more than a minute: the
  /// venue's headers tell of them, or the shorter ones of each call are used up before.
  void assume_spent(core::Timestamp now);
  /// Changes the part of each limit that is ours.
  void set_share(double share) { settings_.share = share; }
  [[nodiscard]] core::Timestamp blocked_until() const { return blocked_until_; }
  /// Units counted in the window of `now`, or missing in the bucket.
  [[nodiscard]] std::uint64_t used(std::string_view name, core::Timestamp now) const;

private:
  struct Window {
    std::int64_t index = INT64_MIN;
    std::uint64_t used = 0;
  };
  struct Meter {
    BudgetLimit limit;
    std::array<Window, 4> windows{}; ///< by index modulo 4: those near now
    double tokens = 0.0;
    double at_first = 0.0;       ///< what a bucket holds of which nobody has taken yet
    core::Timestamp filled;      ///< when `tokens` was right; 1970: never asked for
    std::uint64_t in_flight = 0; ///< of calls since `aged`, and before it:
    std::uint64_t in_flight_old = 0;
    core::Timestamp aged;

    [[nodiscard]] std::uint64_t used_in(std::int64_t index) const;
    Window& window(std::int64_t index);
    void refill(core::Timestamp now);
    void age(core::Timestamp now);
  };

  void add(BudgetLimit limit);
  /// The most that was spent in one of the windows that `now` may be in by the venue's clock.
  [[nodiscard]] std::uint64_t spent_in(const Meter& meter, core::Timestamp now) const;
  /// At least so much was spent in each of them.
  void raise(Meter& meter, std::uint64_t used, core::Timestamp now) const;
  [[nodiscard]] std::uint64_t allowed(const Meter& meter, CallClass what) const;
  [[nodiscard]] std::optional<core::Timestamp>
  free_at(Meter& meter, std::uint64_t units, CallClass what, core::Timestamp now) const;
  void spend(Meter& meter, std::uint64_t units, core::Timestamp now) const;
  [[nodiscard]] static std::uint64_t units_of(const CallCost& cost, const Meter& meter);

  BudgetSettings settings_;
  std::vector<Meter> meters_;
  core::Timestamp blocked_until_;
  unsigned refusals_ = 0;
};

} // namespace troupe::venues
