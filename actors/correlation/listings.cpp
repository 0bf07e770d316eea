#include "actors/correlation/listings.hpp"

#include <algorithm>

namespace troupe::correlation {

void Listings::on_beat(const messages::InstrumentStatusBeat& beat, std::chrono::nanoseconds at) {
  auto& symbol = symbols_[beat.instrument.symbol];
  symbol.venues[beat.instrument.venue] = {beat, at};
  if (beat.primary) {
    symbol.primary = beat.instrument.venue;
  }
  now_ = std::max(now_, beat.now);
}

const Listings::Known* Listings::find(const trading::InstrumentId& id) const {
  const auto symbol = symbols_.find(id.symbol);
  if (symbol == symbols_.end()) {
    return nullptr;
  }
  const auto venue = symbol->second.venues.find(id.qualified() ? id.venue : symbol->second.primary);
  return venue == symbol->second.venues.end() ? nullptr : &venue->second;
}

std::vector<trading::InstrumentId> Listings::primaries() const {
  std::vector<trading::InstrumentId> out;
  for (const auto& [name, symbol] : symbols_) {
    if (!symbol.primary.empty()) {
      out.push_back({name, {}});
    }
  }
  return out;
}

std::vector<trading::InstrumentId> Listings::listed() const {
  std::vector<trading::InstrumentId> out;
  for (const auto& [name, symbol] : symbols_) {
    for (const auto& [venue, known] : symbol.venues) {
      out.push_back({name, venue});
    }
  }
  return out;
}

bool Listings::knows(const trading::InstrumentId& id) const {
  return find(id) != nullptr;
}

trading::Quality Listings::quality(const trading::InstrumentId& id,
                                   std::chrono::nanoseconds at) const {
  const auto* const known = find(id);
  if (known == nullptr || known->beat.freshness == trading::Freshness::DOWN) {
    return trading::Quality::degraded;
  }
  const bool silent = at - known->at > stale_after_;
  const bool bars_lost = known->beat.channels.bars == trading::Freshness::RESYNC;
  return silent || bars_lost || known->beat.freshness != trading::Freshness::LIVE
           ? trading::Quality::stale
           : trading::Quality::live;
}

} // namespace troupe::correlation
