#pragma once

#include "trading/interval.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// The parts of the service, by the paths under which they find each other, and what they keep.
namespace troupe::regime {

/// Paths of the parts of a node's service.
struct Parts {
  std::string service; ///< of the whole

  [[nodiscard]] std::string documents() const { return service + "/models/documents"; }
  [[nodiscard]] std::string fits() const { return service + "/models/fits"; }
  [[nodiscard]] std::string fitter() const { return service + "/models/fitter"; }
  [[nodiscard]] std::string instruments() const { return service + "/instruments"; }
  [[nodiscard]] std::string instrument(const std::string& symbol) const {
    return instruments() + '/' + symbol;
  }
};

/// Documents of fitted models, and of what was said by them.
inline constexpr const char* models_kind = "regime_models";
inline constexpr const char* paths_kind = "regime_paths";

/// Id of the document of an instrument and interval: "BTC-USD 1h".
[[nodiscard]] inline std::string models_id(const std::string& symbol, trading::Interval interval) {
  return symbol + ' ' + interval.to_text();
}

/// Of events that tell of a stored document: each kind has its newest.
[[nodiscard]] inline std::string stored_key(const std::string& kind, const std::string& id) {
  return kind + ' ' + id;
}

/// The way back; nothing where it is no such id.
[[nodiscard]] inline std::optional<std::pair<std::string, trading::Interval>>
models_key(std::string_view id) {
  const auto space = id.rfind(' ');
  if (space == std::string_view::npos || space == 0) {
    return std::nullopt;
  }
  const auto interval = trading::Interval::from_text(id.substr(space + 1));
  if (!interval) {
    return std::nullopt;
  }
  return std::pair{std::string(id.substr(0, space)), *interval};
}

} // namespace troupe::regime
