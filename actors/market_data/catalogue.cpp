#include "actors/market_data/catalogue.hpp"

#include <algorithm>
#include <utility>

namespace troupe::market_data {

Catalogue::Catalogue(std::vector<VenueListing> venues) : venues_(std::move(venues)) {
  for (const auto& venue : venues_) {
    for (const auto& instrument : venue.instruments) {
      venues_of_[instrument.instrument.symbol].push_back(venue.name);
    }
  }
}

core::Result<trading::InstrumentId> Catalogue::resolve(const trading::InstrumentId& id) const {
  const auto at = venues_of_.find(id.symbol);
  if (at == venues_of_.end()) {
    return core::Error{core::Errc::UNKNOWN_SYMBOL, "no venue lists " + id.symbol};
  }
  const auto& listed = at->second;
  if (!id.qualified()) {
    return trading::InstrumentId{id.symbol, listed.front()};
  }
  if (std::find(listed.begin(), listed.end(), id.venue) != listed.end()) {
    return id;
  }
  std::string where;
  for (const auto& venue : listed) {
    where += (where.empty() ? "" : ", ") + venue;
  }
  return core::Error{core::Errc::UNKNOWN_SYMBOL,
                     id.venue + " does not list " + id.symbol + "; listed by " + where};
}

std::vector<trading::Instrument> Catalogue::instruments() const {
  std::vector<trading::Instrument> all;
  for (const auto& venue : venues_) {
    all.insert(all.end(), venue.instruments.begin(), venue.instruments.end());
  }
  return all;
}

std::vector<std::string> Catalogue::symbols() const {
  std::vector<std::string> all;
  all.reserve(venues_of_.size());
  for (const auto& [symbol, venues] : venues_of_) {
    all.push_back(symbol);
  }
  return all;
}

} // namespace troupe::market_data
