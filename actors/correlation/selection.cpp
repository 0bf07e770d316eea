#include "actors/correlation/selection.hpp"

#include "core/json.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace troupe::correlation {

using core::Errc;
using core::Error;
using messages::CorrelationMethod;

namespace {

constexpr std::uint32_t window_min = 20;
/// Likelihoods over fewer returns say nothing.
constexpr std::uint32_t model_window_min = 100;

} // namespace

bool is_model(CorrelationMethod method) {
  return method == CorrelationMethod::dcc || method == CorrelationMethod::ccc;
}

Error invalid(const std::string& field, const std::string& expected, const std::string& found) {
  return {Errc::INVALID_ARGUMENT, field + ": expected " + expected + ", found " + found};
}

std::string number_text(double value) {
  if (!std::isfinite(value)) {
    return std::isnan(value) ? "NaN" : value > 0.0 ? "Infinity" : "-Infinity"; // JSON has none
  }
  std::string text;
  core::json::append_number(text, value);
  return text;
}

core::Result<void> check_symbols(const std::string& field,
                                 const std::vector<trading::InstrumentId>& symbols,
                                 std::size_t least,
                                 std::size_t most) {
  if (symbols.size() < least || symbols.size() > most) {
    return invalid(field, std::to_string(least) + " to " + std::to_string(most) + " instruments",
                   std::to_string(symbols.size()));
  }
  std::set<trading::InstrumentId> seen;
  for (const auto& symbol : symbols) {
    if (!seen.insert(symbol).second) {
      return invalid(field, "each instrument once", symbol.to_text() + " again");
    }
  }
  return {};
}

std::uint32_t symbols_max_of(CorrelationMethod method, const Settings& settings) {
  auto most = settings.symbols_max;
  if (is_model(method)) {
    most = std::min(most, settings.model_symbols_max);
  } else if (method == CorrelationMethod::kendall) {
    most = std::min(most, settings.kendall_symbols_max);
  }
  return most;
}

core::Result<void>
check_size(CorrelationMethod method, std::size_t symbols, const Settings& settings) {
  const auto most = symbols_max_of(method, settings);
  if (symbols > most) {
    return invalid("symbols",
                   "at most " + std::to_string(most) + " instruments for the method "
                     + boost::describe::enum_to_string(method, "?"),
                   std::to_string(symbols));
  }
  return {};
}

trading::Interval default_interval(const Settings& settings) {
  const auto& kept = settings.intervals;
  const auto text = trading::intervals::h1.to_text();
  if (kept.empty() || std::find(kept.begin(), kept.end(), text) != kept.end()) {
    return trading::intervals::h1;
  }
  const auto first = trading::Interval::from_text(kept.front());
  return first ? *first : trading::intervals::h1;
}

core::Result<Selection>
read_selection(const std::optional<std::vector<trading::InstrumentId>>& symbols,
               const std::optional<CorrelationMethod>& method,
               const std::optional<trading::Interval>& interval,
               const std::optional<std::uint32_t>& window,
               const Settings& settings,
               std::size_t symbols_min) {
  Selection selection;
  selection.method = method.value_or(CorrelationMethod::sample);
  selection.interval = interval.value_or(default_interval(settings));
  selection.window = window.value_or(settings.window_default);
  const auto least = is_model(selection.method) ? model_window_min : window_min;
  if (selection.window < least || selection.window > settings.window_max) {
    return invalid("window",
                   std::to_string(least) + " to " + std::to_string(settings.window_max)
                     + " returns for the method "
                     + boost::describe::enum_to_string(selection.method, "?"),
                   std::to_string(selection.window));
  }
  if (symbols) {
    if (const auto checked = check_symbols("symbols", *symbols, symbols_min, settings.symbols_max);
        !checked) {
      return checked.error();
    }
    if (const auto fits = check_size(selection.method, symbols->size(), settings); !fits) {
      return fits.error();
    }
    selection.symbols = *symbols;
  }
  return selection;
}

core::Result<double>
read_between(const std::string& field, double value, double least, double most) {
  if (!(value >= least && value <= most)) {
    return invalid(field, number_text(least) + " to " + number_text(most), number_text(value));
  }
  return value;
}

core::Result<Scenario> find_scenario(const std::string& name, const Settings& settings) {
  std::string known;
  for (const auto& scenario : settings.scenarios) {
    if (scenario.name == name) {
      return scenario;
    }
    known += (known.empty() ? "one of " : ", ") + scenario.name;
  }
  return invalid("scenario", known.empty() ? "none: no window is configured" : known,
                 '"' + name.substr(0, 80) + '"');
}

} // namespace troupe::correlation
