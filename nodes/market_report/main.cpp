#include "nodes/market_report/report.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>

namespace {

using namespace troupe;

constexpr const char* footer = R"(Examples:
  troupe-market-report --daily data/binance_spot_1d --hourly data/binance_spot_1h > report.json
scripts/plots makes a page and plots of it.
Exit codes: 0 ok, 1 something could not be read or computed, 4 usage)";

constexpr int exit_usage = 4;

struct Arguments {
  std::string daily;
  std::string hourly;
  std::vector<std::string> regimes{"BTC-USDT", "ETH-USDT"};
  std::vector<std::string> correlated{"BTC-USDT", "ETH-USDT", "BNB-USDT", "XRP-USDT",
                                      "ADA-USDT", "LTC-USDT", "TRX-USDT", "LINK-USDT"};
};

core::Result<std::vector<market_report::RegimeReport>>
all_regimes(const std::vector<market_report::Recording>& recordings,
            const std::vector<std::string>& symbols) {
  std::vector<market_report::RegimeReport> out;
  for (const auto& recording : recordings) {
    const auto& symbol = recording.instrument.symbol;
    if (!symbols.empty() && std::find(symbols.begin(), symbols.end(), symbol) == symbols.end()) {
      continue;
    }
    auto report = market_report::regimes_of(recording);
    if (!report) {
      return report.error();
    }
    out.push_back(std::move(*report));
  }
  return out;
}

core::Result<std::vector<market_report::EnsembleReport>>
all_ensembles(const std::vector<market_report::Recording>& recordings,
              const std::vector<std::string>& symbols) {
  std::vector<market_report::EnsembleReport> out;
  for (const auto& recording : recordings) {
    const auto& symbol = recording.instrument.symbol;
    if (std::find(symbols.begin(), symbols.end(), symbol) == symbols.end()) {
      continue;
    }
    auto report = market_report::ensemble_of(recording, market_report::crisis_windows());
    if (!report) {
      return report.error();
    }
    out.push_back(std::move(*report));
  }
  return out;
}

core::Result<market_report::Report> report_of(const Arguments& arguments) {
  const auto daily = market_report::read_recordings(arguments.daily);
  if (!daily) {
    return daily.error();
  }
  const auto hourly = market_report::read_recordings(arguments.hourly);
  if (!hourly) {
    return hourly.error();
  }
  auto days = all_regimes(*daily, arguments.regimes);
  if (!days) {
    return days.error();
  }
  auto ensembles = all_ensembles(*daily, arguments.regimes);
  if (!ensembles) {
    return ensembles.error();
  }
  auto hours = all_regimes(*hourly, {});
  if (!hours) {
    return hours.error();
  }
  auto correlation = market_report::correlations_of(*daily, arguments.correlated);
  if (!correlation) {
    return correlation.error();
  }
  return market_report::Report{std::move(*days), std::move(*ensembles), std::move(*hours),
                               std::move(*correlation)};
}

} // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"What the regime and correlation code says about recorded bars, as JSON."};
  app.footer(footer);
  app.add_option("--daily", arguments.daily, "folder of daily bars, one file an instrument")
    ->required();
  app.add_option("--hourly", arguments.hourly, "folder of hourly bars")->required();
  app.add_option("--regimes", arguments.regimes, "instruments whose daily regimes are told")
    ->delimiter(',')
    ->capture_default_str();
  app.add_option("--correlated", arguments.correlated, "instruments that are correlated")
    ->delimiter(',')
    ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? 0 : exit_usage;
  }
  const auto report = report_of(arguments);
  if (!report) {
    std::cerr << "error: " << report.error().message << '\n';
    return 1;
  }
  std::cout << core::json::encode(*report) << '\n';
  return 0;
}
