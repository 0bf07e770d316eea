#include "actors/venues/common/connector_settings.hpp"

#include "core/settings_check.hpp"
#include "net/uri.hpp"

#include <algorithm>
#include <set>

namespace troupe::venues {

namespace connector_checks {

using core::json::Problem;

void check_url(const std::string& path,
               const std::string& url,
               std::string_view plain,
               std::string_view secure,
               std::vector<Problem>& problems) {
  const auto parsed = net::parse_url(url);
  if (!parsed || (parsed->scheme != plain && parsed->scheme != secure) || url.ends_with('/')) {
    problems.push_back({path,
                        "a URL with " + std::string{secure} + ":// or " + std::string{plain}
                          + ":// and without a slash at its end",
                        "\"" + url + "\""});
  }
}

void check_instruments(const std::string& path,
                       const std::vector<std::string>& instruments,
                       std::vector<Problem>& problems) {
  if (instruments.empty()) {
    problems.push_back({path, "at least one instrument", "none"});
  }
  std::set<std::string> seen;
  for (std::size_t i = 0; i < instruments.size(); ++i) {
    const auto id = trading::InstrumentId::from_text(instruments[i]);
    const auto at = path + "[" + std::to_string(i) + "]";
    if (!id || id->qualified() || std::count(id->symbol.begin(), id->symbol.end(), '-') != 1) {
      problems.push_back(
        {at, "a base and a quote asset such as BTC-USDT", "\"" + instruments[i] + "\""});
    } else if (!seen.insert(id->symbol).second) {
      problems.push_back({at, "each instrument once", "\"" + instruments[i] + "\" again"});
    }
  }
}

void check_values(const std::string& path,
                  const ConnectorSettings& settings,
                  std::vector<Problem>& problems) {
  constexpr std::uint32_t depth_most = 5'000;
  constexpr std::uint32_t count_most = 1'000'000;
  core::SettingsCheck check{path, problems};
  check.positive("stale_after", settings.stale_after);
  check.positive("connect_timeout", settings.connect_timeout);
  check.positive("request_timeout", settings.request_timeout);
  check.positive("reconnect_min", settings.reconnect_min);
  check.positive("poll_every", settings.poll_every);
  check.positive("refresh_every", settings.refresh_every);
  check.positive("verify_books_every", settings.verify_books_every);
  check.count("messages_per_second", settings.messages_per_second, 1, count_most);
  check.positive("limits.wait_max", settings.limits.wait_max);
  check.count("limits.waiting_max", settings.limits.waiting_max, 1, count_most);
  check.at_least("reconnect_max", settings.reconnect_max, settings.reconnect_min, "reconnect_min");
  if (!(settings.limits.reserve >= 0.0 && settings.limits.reserve < 1.0)) {
    check.add("limits.reserve", "a number from 0 and below 1",
              std::to_string(settings.limits.reserve));
  }
  // More than 0: what is asked before the venue has told its limits.
  check.between("limits.cut_off_share", settings.limits.cut_off_share, 0.0, 1.0);
  check.count("depth_limit", settings.depth_limit, 1, depth_most);
}

} // namespace connector_checks

ConnectorSettings read_connector(core::json::View settings,
                                 const std::string& path,
                                 ConnectorSettings defaults,
                                 std::vector<core::json::Problem>& problems) {
  core::json::Decoder decoder{core::json::Missing::DEFAULT, path};
  auto read = defaults;
  decoder.read(settings, read);
  auto found = decoder.problems();
  if (found.empty()) {
    connector_checks::check_url(path + ".rest_url", read.rest_url, "http", "https", found);
    connector_checks::check_url(path + ".ws_url", read.ws_url, "ws", "wss", found);
    connector_checks::check_instruments(path + ".instruments", read.instruments, found);
    connector_checks::check_values(path, read, found);
  }
  problems.insert(problems.end(), found.begin(), found.end());
  return found.empty() ? read : defaults;
}

std::vector<trading::Instrument> configured_instruments(const ConnectorSettings& settings) {
  std::vector<trading::Instrument> all;
  for (const auto& symbol : settings.instruments) {
    trading::Instrument instrument;
    const auto dash = symbol.find('-');
    instrument.instrument = {symbol, settings.name};
    instrument.venue = settings.name;
    instrument.status = trading::InstrumentStatus::HALTED;
    instrument.base = symbol.substr(0, dash);
    instrument.quote = symbol.substr(dash + 1);
    instrument.settlement = instrument.quote;
    instrument.multiplier = trading::Quantity::from_integer(1);
    all.push_back(std::move(instrument));
  }
  return all;
}

} // namespace troupe::venues
