#include "messages/correlation.hpp"

#include "messages/position_sizing.hpp"

namespace troupe::messages {

namespace {

constexpr const char* all_instruments = "*";

std::string series_key(const std::optional<std::vector<trading::InstrumentId>>& symbols,
                       const std::optional<trading::Interval>& interval) {
  std::string key = "series|" + interval.value_or(trading::intervals::h1).to_text();
  if (!symbols) {
    return key + '|' + all_instruments;
  }
  for (const auto& symbol : *symbols) {
    key += '|';
    symbol.append_text(key);
  }
  return key;
}

/// Nearness of data matters where positions are given, not the portfolio's name.
std::string portfolio_key(const std::optional<std::string>& portfolio,
                          const std::optional<std::vector<PortfolioPosition>>& positions) {
  if (!positions) {
    return "portfolio|" + portfolio.value_or(default_portfolio);
  }
  std::string key = "positions";
  for (const auto& position : *positions) {
    key += '|';
    position.instrument.append_text(key);
  }
  return key;
}

} // namespace

std::string SeriesSelection::placement_key() const {
  return series_key(symbols, interval);
}

std::string PortfolioSelection::placement_key() const {
  return portfolio_key(portfolio, positions);
}

std::string GetTail::placement_key() const {
  return series_key(symbols, interval);
}

std::string SizePositions::placement_key() const {
  return symbols ? series_key(symbols, interval) : portfolio_key(portfolio, positions);
}

} // namespace troupe::messages
