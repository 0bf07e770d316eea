#pragma once

#include "actors/market_data/catalogue.hpp"
#include "actors/market_data/sla_settings.hpp"

#include <bitset>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::market_data {

/// What the owners of all feeds measured last, wherever they are.
class SlaTable {
public:
  explicit SlaTable(const SlaSettings& settings) : settings_(settings) {}

  void take(messages::FeedSlaMeasured measured);

  /// Venues by name, each as a whole ("all") and by channel.
  /// @param node  empty: feeds of all nodes; else those that it measures
  [[nodiscard]] std::vector<messages::VenueSla> venues(const std::string& node = {}) const;

  /// @param symbol  a qualified instrument, or a symbol at all venues
  [[nodiscard]] messages::SlaReport report(const std::optional<trading::InstrumentId>& symbol,
                                           const std::optional<std::string>& venue,
                                           const std::optional<std::string>& channel) const;

  /// Targets of a venue as a whole that are newly missed or met again since the last call.
  [[nodiscard]] std::vector<messages::SlaBreach>
  breaches(const std::string& venue, const std::string& node, core::Timestamp now);

  /// When the oldest of what is kept was measured; nothing where there is nothing.
  [[nodiscard]] std::optional<core::Timestamp> oldest() const;

private:
  using Key = std::pair<trading::InstrumentId, std::string>; ///< instrument and channel
  SlaSettings settings_;
  std::map<Key, messages::FeedSlaMeasured> feeds_; ///< as many as the catalogues list
  std::map<std::string, std::bitset<3>> missed_;   ///< by venue: what was told last
};

/// @returns INVALID_ARGUMENT for an unknown venue or channel, UNKNOWN_SYMBOL, NOT_READY while
/// nothing
///          was measured
[[nodiscard]] core::Result<messages::SlaReply> answer_sla(const SlaTable& table,
                                                          const Catalogue& catalogue,
                                                          const messages::GetSla& request,
                                                          core::Timestamp now);

} // namespace troupe::market_data
