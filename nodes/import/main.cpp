#include "actors/storage/open_history.hpp"
#include "core/json.hpp"
#include "nodes/import/import.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <unistd.h>

namespace {

using namespace troupe;

constexpr const char* footer = R"(Examples:
  troupe-import --storage sqlite:history.db --venue BINANCE BTCUSDT_1h.csv.gz
  troupe-import --storage postgresql://troupe@db/history --venue BINANCE --instrument BTC-USDT \
                --type trades --bars 1s,1m,1h trades.csv
A file may be imported any number of times, also while a node uses the history.
Exit codes: 0 ok, 1 a line was refused or a file failed (what was good is stored), 4 usage)";

constexpr int exit_usage = 4;

struct Arguments {
  std::string storage = "sqlite:history.db";
  std::string venue;
  std::string instrument;
  std::string type;
  std::string interval;
  std::vector<std::string> bars{"1s", "1m", "5m", "15m", "1h", "4h", "1d"};
  std::vector<std::string> files;
  bool json = false;
};

/// Reads one optional text into what a ReplayFile holds. @returns false after saying what is wrong
template <class T>
bool read_text(const char* option, const std::string& text, std::optional<T>& out) {
  if (text.empty()) {
    return true;
  }
  auto value = T::from_text(text);
  if (!value) {
    std::cerr << "error: " << option << ": " << value.error().message << '\n';
    return false;
  }
  out = std::move(*value);
  return true;
}

bool read_arguments(const Arguments& arguments,
                    venues::replay::ReplayFile& file,
                    import::ImportOptions& options) {
  options.venue = arguments.venue;
  for (const auto& text : arguments.bars) {
    std::optional<trading::Interval> interval;
    if (!read_text("--bars", text, interval)) {
      return false;
    }
    if (interval) {
      options.intervals.push_back(*interval);
    }
  }
  if (!arguments.type.empty()) {
    file.type = arguments.type == "bars" ? venues::replay::RecordType::bars
                                         : venues::replay::RecordType::trades;
  }
  return read_text("--instrument", arguments.instrument, file.instrument)
         && read_text("--interval", arguments.interval, file.interval);
}

void print(const import::ImportReport& report) {
  std::cout << report.path << ": ";
  if (!report.instrument.empty()) {
    std::cout << report.instrument << ' ' << report.content << ", " << report.rows << " rows, "
              << report.stored << " new or corrected, " << report.bars_made << " bars made, "
              << report.refused << " lines refused\n";
  }
  for (const auto& error : report.errors) {
    std::cout << "  " << error << '\n';
  }
  if (!report.failure.empty()) {
    std::cout << "  failed: " << report.failure << '\n';
  }
}

int run(const Arguments& arguments) {
  venues::replay::ReplayFile file;
  import::ImportOptions options;
  if (!read_arguments(arguments, file, options)) {
    return exit_usage;
  }
  auto store = storage::open_history(arguments.storage);
  if (!store) {
    std::cerr << "error: " << store.error().message << '\n';
    return store.error().code == core::Errc::CONFIG_INVALID ? exit_usage : 1;
  }
  std::vector<import::ImportReport> reports;
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  int code = 0;
  for (const auto& path : arguments.files) {
    file.path = path;
    reports.push_back(
      import::import_file(**store, file, options, [&](double fraction, std::uint64_t rows) {
        constexpr double hundred = 100.0;
        std::cerr << (terminal ? "\r" : "") << path << ": " << static_cast<int>(fraction * hundred)
                  << " %, " << rows << " rows" << (terminal ? "   " : "\n") << std::flush;
      }));
    std::cerr << (terminal ? "\n" : "");
    const auto& report = reports.back();
    code = report.refused > 0 || !report.failure.empty() ? 1 : code;
    if (!arguments.json) {
      print(report);
    }
  }
  if (arguments.json) {
    std::cout << core::json::encode(reports) << '\n';
  }
  return code;
}

} // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"Reads recorded trades and bars (CSV, plain or .gz) into a history."};
  app.footer(footer);
  app.add_option("--storage", arguments.storage, "sqlite:FILE or postgresql://...")
    ->capture_default_str();
  app.add_option("--venue", arguments.venue, "venue of instruments that name none")->required();
  app.add_option("--instrument", arguments.instrument, "such as BTC-USDT; else by the file's name");
  app.add_option("--type", arguments.type, "trades or bars; else by the columns")
    ->check(CLI::IsMember({"trades", "bars"}));
  app.add_option("--interval", arguments.interval, "of bars; else by names and data");
  app.add_option("--bars", arguments.bars, "intervals of bars to make of trades")
    ->delimiter(',')
    ->capture_default_str();
  app.add_flag("--json", arguments.json, "the report as JSON");
  app.add_option("files", arguments.files, "CSV files")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? 0 : exit_usage;
  }
  return run(arguments);
}
