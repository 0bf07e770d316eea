#include "trading/instrument.hpp"

#include <algorithm>
#include <tuple>

namespace troupe::trading {

namespace {

constexpr std::size_t max_part = 32;

bool name_char(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Runs of name characters separated by single dashes; at least `min_parts` of them.
bool dashed(std::string_view text, std::size_t min_parts, std::size_t max_parts) {
  if (text.empty() || text.size() > max_part || text.front() == '-' || text.back() == '-') {
    return false;
  }
  std::size_t parts = 1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '-') {
      ++parts;
      if (text[i - 1] == '-') {
        return false;
      }
    } else if (!name_char(text[i])) {
      return false;
    }
  }
  return parts >= min_parts && parts <= max_parts;
}

} // namespace

void InstrumentId::append_text(std::string& out) const {
  out += symbol;
  if (!venue.empty()) {
    out += '.';
    out += venue;
  }
}

std::string InstrumentId::to_text() const {
  std::string out;
  append_text(out);
  return out;
}

core::Result<InstrumentId> InstrumentId::from_text(std::string_view text) {
  const auto dot = text.find('.');
  const auto symbol = text.substr(0, dot);
  const auto venue = dot == std::string_view::npos ? std::string_view{} : text.substr(dot + 1);
  if (!dashed(symbol, 2, 5) || (dot != std::string_view::npos && !dashed(venue, 1, 4))) {
    return core::Error{core::Errc::INVALID_ARGUMENT,
                       "expected an instrument such as BTC-USD or BTC-USD.COINBASE, found \""
                         + std::string(text.substr(0, 80)) + "\""};
  }
  return InstrumentId{std::string(symbol), std::string(venue)};
}

std::vector<InstrumentChange> changes_between(const Instrument& before, const Instrument& after) {
  std::vector<InstrumentChange> changes;
  const auto note = [&](bool differs, InstrumentChange change) {
    if (differs) {
      changes.push_back(change);
    }
  };
  const auto terms = [](const Instrument& i) {
    return std::tie(i.kind, i.base, i.quote, i.settlement, i.multiplier, i.strike, i.expiry,
                    i.venue_symbol);
  };
  note(before.tick != after.tick, InstrumentChange::TICK);
  note(before.lot != after.lot, InstrumentChange::LOT);
  note(before.min_notional != after.min_notional, InstrumentChange::MIN_NOTIONAL);
  if (before.status != after.status) {
    switch (after.status) {
      case InstrumentStatus::TRADING: changes.push_back(InstrumentChange::RESUMED); break;
      case InstrumentStatus::CANCEL_ONLY: changes.push_back(InstrumentChange::CANCEL_ONLY); break;
      case InstrumentStatus::HALTED: changes.push_back(InstrumentChange::HALTED); break;
      case InstrumentStatus::DELISTED: changes.push_back(InstrumentChange::DELISTED); break;
    }
  }
  const auto fees = [](const Instrument& i) { return std::tie(i.maker_fee_bps, i.taker_fee_bps); };
  note(fees(before) != fees(after), InstrumentChange::FEES);
  note(terms(before) != terms(after), InstrumentChange::TERMS);
  return changes;
}

} // namespace troupe::trading
