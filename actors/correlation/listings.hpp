#pragma once

#include "messages/market_data.hpp"

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace troupe::correlation {

/// The instruments that market data tells of, by the beats of each, and how fresh they are.
class Listings {
public:
  /// @param stale_after  without a beat, on the actor's clock
  explicit Listings(std::chrono::nanoseconds stale_after) : stale_after_(stale_after) {}

  /// @param at  actor clock
  void on_beat(const messages::InstrumentStatusBeat& beat, std::chrono::nanoseconds at);

  [[nodiscard]] bool empty() const { return symbols_.empty(); }
  /// Every symbol with a primary venue, unqualified, ascending.
  [[nodiscard]] std::vector<trading::InstrumentId> primaries() const;
  /// Every instrument of every venue, qualified, ascending.
  [[nodiscard]] std::vector<trading::InstrumentId> listed() const;
  [[nodiscard]] bool knows(const trading::InstrumentId& id) const;
  /// What the newest data is worth, by the source's own word and its silence; degraded where the
  /// instrument is not known.
  [[nodiscard]] trading::Quality quality(const trading::InstrumentId& id,
                                         std::chrono::nanoseconds at) const;
  /// The newest word of the sources' clocks.
  [[nodiscard]] core::Timestamp now() const { return now_; }

private:
  struct Known {
    messages::InstrumentStatusBeat beat;
    std::chrono::nanoseconds at{0};
  };
  struct Symbol {
    std::map<std::string, Known> venues;
    std::string primary; ///< empty: none heard of yet
  };
  [[nodiscard]] const Known* find(const trading::InstrumentId& id) const;

  std::chrono::nanoseconds stale_after_;
  std::map<std::string, Symbol> symbols_;
  core::Timestamp now_;
};

} // namespace troupe::correlation
