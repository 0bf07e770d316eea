#pragma once

#include "actors/correlation/settings.hpp"
#include "core/errc.hpp"
#include "messages/position_sizing.hpp"

#include <optional>
#include <string>
#include <vector>

/// What requests ask for, with the defaults filled in and every bound checked.
namespace troupe::correlation {

/// INVALID_ARGUMENT "field: expected ..., found ...".
[[nodiscard]] core::Error
invalid(const std::string& field, const std::string& expected, const std::string& found);
[[nodiscard]] std::string number_text(double value);

struct Selection {
  std::vector<trading::InstrumentId> symbols; ///< empty: all
  messages::CorrelationMethod method = messages::CorrelationMethod::sample;
  trading::Interval interval = trading::intervals::h1;
  std::uint32_t window = 0; ///< returns
  bool gjr = false;         ///< asymmetric margins of a model

  [[nodiscard]] std::uint32_t closes() const { return window + 1; }
};

/// Of a request that names none: 1h where its universe is kept, or none is; else the first that is.
[[nodiscard]] trading::Interval default_interval(const Settings& settings);

/// @param symbols_min  fewest instruments that make sense; none at all means all of them
[[nodiscard]] core::Result<Selection>
read_selection(const std::optional<std::vector<trading::InstrumentId>>& symbols,
               const std::optional<messages::CorrelationMethod>& method,
               const std::optional<trading::Interval>& interval,
               const std::optional<std::uint32_t>& window,
               const Settings& settings,
               std::size_t symbols_min = 2);

/// Each at most once, at most `most` of them.
[[nodiscard]] core::Result<void> check_symbols(const std::string& field,
                                               const std::vector<trading::InstrumentId>& symbols,
                                               std::size_t least,
                                               std::size_t most);

/// Whether the method fits a model.
[[nodiscard]] bool is_model(messages::CorrelationMethod method);

/// The most instruments that a method takes at once.
[[nodiscard]] std::uint32_t symbols_max_of(messages::CorrelationMethod method,
                                           const Settings& settings);
/// @returns INVALID_ARGUMENT that says how many the method takes
[[nodiscard]] core::Result<void>
check_size(messages::CorrelationMethod method, std::size_t symbols, const Settings& settings);

/// A number of a request within bounds, both included; NaN is refused.
[[nodiscard]] core::Result<double>
read_between(const std::string& field, double value, double least, double most);

/// The named window of the settings. @returns INVALID_ARGUMENT that lists the known ones
[[nodiscard]] core::Result<Scenario> find_scenario(const std::string& name,
                                                   const Settings& settings);

} // namespace troupe::correlation
