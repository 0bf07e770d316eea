#include "compare.hpp"
#include "inputs.hpp"
#include "topics.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <iostream>
#include <map>
#include <string>
#include <vector>

namespace {

using nlohmann::json;

constexpr int exit_failed = 1;
constexpr int exit_not_found = 2;

struct Verdict {
  std::string id;
  std::string outcome; ///< pass, fail or unsupported
  std::string detail;
  troupe::oracle::Comparison comparison;
};

std::string rounded(double value) {
  std::ostringstream out;
  out.precision(3);
  out << value;
  return out.str();
}

Verdict check(const json& item,
              const json& cases,
              const std::string& topic,
              const std::filesystem::path& folder) {
  Verdict verdict{item.value("id", "?"), "unsupported", "topic " + topic, {}};
  const auto evaluate = troupe::oracle::find_topic(topic);
  if (evaluate == nullptr) {
    return verdict;
  }
  try {
    const troupe::oracle::Inputs inputs{troupe::oracle::resolved_inputs(item, cases), folder, item};
    const auto found = evaluate(inputs, item.value("conventions", ""));
    verdict.comparison =
      troupe::oracle::compare(item.at("expected"), found, item.value("tolerance", json::object()));
    verdict.outcome = verdict.comparison.passed ? "pass" : "fail";
    verdict.detail = verdict.comparison.problem;
  } catch (const std::exception& failure) {
    verdict.outcome = "fail";
    verdict.detail = failure.what();
  }
  return verdict;
}

void print(const Verdict& verdict, bool as_json) {
  const auto& c = verdict.comparison;
  if (as_json) {
    std::cout << json{{"id", verdict.id},         {"outcome", verdict.outcome},
                      {"detail", verdict.detail}, {"compared", c.compared},
                      {"error", c.worst_error},   {"tolerance", c.worst_tolerance},
                      {"at", c.worst_at}}
              << '\n';
    return;
  }
  std::cout << verdict.id << ' ' << verdict.outcome;
  if (c.compared > 0) {
    std::cout << " compared=" << c.compared << " error=" << rounded(c.worst_error)
              << " tolerance=" << rounded(c.worst_tolerance) << " at=" << c.worst_at;
  }
  if (!verdict.detail.empty()) {
    std::cout << " (" << verdict.detail << ')';
  }
  std::cout << '\n';
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Checks Troupe's numerics against oracle files: numbers that come from elsewhere."};
  app.footer("Example:\n  oracle-check oracles/adx.json oracles/rsi.json\n"
             "Exit codes: 0 no case failed, 1 a case failed, 2 a file could not be read");
  std::vector<std::filesystem::path> files;
  bool as_json = false;
  app.add_option("files", files, "oracle files, {topic, cases: [...]} each")->required();
  app.add_flag("--json", as_json, "one JSON object per line");
  CLI11_PARSE(app, argc, argv);

  std::map<std::string, std::size_t> totals{{"pass", 0}, {"fail", 0}, {"unsupported", 0}};
  bool unreadable = false;
  for (const auto& file : files) {
    try {
      const auto document = json::parse(troupe::oracle::read_text(file));
      const auto topic = document.at("topic").get<std::string>();
      for (const auto& item : document.at("cases")) {
        const auto verdict = check(item, document.at("cases"), topic, file.parent_path());
        ++totals[verdict.outcome];
        print(verdict, as_json);
      }
    } catch (const std::exception& failure) {
      std::cerr << file.string() << ": " << failure.what() << '\n';
      unreadable = true;
    }
  }
  if (as_json) {
    std::cout << json{{"total", totals}} << '\n';
  } else {
    std::cout << "total pass=" << totals["pass"] << " fail=" << totals["fail"]
              << " unsupported=" << totals["unsupported"] << '\n';
  }
  if (unreadable) {
    return exit_not_found;
  }
  return totals["fail"] > 0 ? exit_failed : 0;
}
