#pragma once

#include "trading/instrument.hpp"

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace troupe::market_data {

/// What a venue lists, as configured.
struct VenueListing {
  std::string name;
  std::vector<trading::Instrument> instruments;
  bool has_history = false;
  std::chrono::nanoseconds stale_after{};
  bool live_trades = true;           ///< as of venues::Venue
  bool contiguous_trade_ids = false; ///< likewise
};

/// Which venue lists what. The order of the venues is their priority: an unqualified symbol stands
/// for the instrument of the first venue that lists it.
class Catalogue {
public:
  explicit Catalogue(std::vector<VenueListing> venues);

  /// @returns the qualified instrument; UNKNOWN_SYMBOL where no venue lists the symbol, or the
  ///          named one does not
  [[nodiscard]] core::Result<trading::InstrumentId> resolve(const trading::InstrumentId& id) const;

  /// All instruments, by venue in order of priority.
  [[nodiscard]] std::vector<trading::Instrument> instruments() const;
  [[nodiscard]] const std::vector<VenueListing>& venues() const { return venues_; }
  /// Unqualified symbols, sorted.
  [[nodiscard]] std::vector<std::string> symbols() const;

private:
  std::vector<VenueListing> venues_;
  std::map<std::string, std::vector<std::string>, std::less<>> venues_of_; ///< by symbol
};

} // namespace troupe::market_data
