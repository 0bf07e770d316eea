#pragma once

#include "actors/venues/common/bar_pages.hpp"
#include "actors/venues/common/book_track.hpp"
#include "actors/venues/common/rest_call.hpp"
#include "supervision/supervisor.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::venues {

/// How a venue is asked for what was: pure, shared by all that ask.
class HistoryProtocol {
public:
  virtual ~HistoryProtocol() = default;

  /// The longest bars of the venue that make up those of the interval; nothing where its trades do.
  [[nodiscard]] virtual std::optional<std::chrono::seconds>
  source_of(trading::Interval interval) const = 0;
  [[nodiscard]] virtual std::size_t bars_max() const = 0; ///< of one answer
  [[nodiscard]] virtual std::string bars_target(const trading::Instrument& instrument,
                                                std::chrono::seconds source,
                                                const BarPage& page) const = 0;
  [[nodiscard]] virtual core::Result<std::vector<trading::Bar>>
  read_bars(const std::string& body, std::chrono::seconds source) const = 0;

  /// Trades before one that is known, or the newest ones of [start, end).
  [[nodiscard]] virtual std::string trades_target(const trading::Instrument& instrument,
                                                  const BarPage& page,
                                                  std::optional<std::uint64_t> before_id) const = 0;
  /// Oldest first.
  [[nodiscard]] virtual core::Result<std::vector<TradePrint>>
  read_trades(const std::string& body) const = 0;
  [[nodiscard]] virtual messages::CallCost cost() const = 0; ///< of one page of bars
  [[nodiscard]] virtual messages::CallCost trades_cost() const { return cost(); }
};

/// The child "history" of a venue that is reached over the network: answers FetchBars page by page
/// within the venue's limits. Bars come final and without the one that is still open; intervals
/// that the venue has not are built from shorter ones of its, or from its trades.
///
/// State: what the venue says of its instruments, told on the bus; learnt again after a restart.
/// Errors of a fetch: UNKNOWN_SYMBOL, NOT_READY before the venue has said what it lists, and what
/// the call ran into.
[[nodiscard]] supervision::Start
connector_history_actor(RestPort port, std::shared_ptr<const HistoryProtocol> protocol);

} // namespace troupe::venues
