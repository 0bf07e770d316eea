#pragma once

#include "core/json.hpp"
#include "messages/message_types.hpp"
#include "nodes/api/stream_registry.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::api {

// What subscribers are told of an event of the bus.
[[nodiscard]] StreamNews news_of(const messages::PriceUpdate& event);
[[nodiscard]] StreamNews news_of(const messages::BookChanged& event);
[[nodiscard]] StreamNews news_of(const messages::TradesPrinted& event);
[[nodiscard]] StreamNews news_of(const messages::BarClosed& event);
[[nodiscard]] StreamNews news_of(const messages::ActivityBarClosed& event);
[[nodiscard]] StreamNews news_of(const messages::BookResync& event);
[[nodiscard]] StreamNews news_of(const messages::InstrumentStatusBeat& event);
[[nodiscard]] StreamNews news_of(const messages::RegimeChanged& event);

/// An event that says in its `meta` how old it is and of what quality, said anew.
template <class Event>
std::function<std::string(trading::Quality, std::int64_t)> retelling(const Event& event) {
  return
    [kept = std::make_shared<const Event>(event)](trading::Quality quality, std::int64_t age_ms) {
      auto again = *kept;
      again.meta.quality = quality;
      again.meta.age_ms = age_ms;
      return core::json::encode(again);
    };
}

/// What the stream of one instrument tells of its universe.
struct CorrelationRow {
  messages::Meta meta;
  std::string universe;
  std::string cause;
  std::vector<trading::InstrumentId> symbols;
  std::vector<double> correlations; ///< with each of `symbols`; none in very large universes
  double mean_correlation = 0.0;    ///< of all pairs of the universe
  std::optional<double> mean_change;
  std::optional<messages::ModelInfo> model;
  std::optional<std::string> model_note; ///< why no DCC model stands
};
BOOST_DESCRIBE_STRUCT(
  CorrelationRow,
  (),
  (meta, universe, cause, symbols, correlations, mean_correlation, mean_change, model, model_note))

} // namespace troupe::api
