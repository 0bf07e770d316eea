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

constexpr int depth_max =
  64; // deeper than any case; the parser's recursion has no bound of its own

json parse(const std::string& text) {
  return json::parse(text, [](int depth, json::parse_event_t, json&) {
    if (depth > depth_max) {
      throw std::runtime_error("nested deeper than " + std::to_string(depth_max));
    }
    return true;
  });
}

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

/// A text of a case; null counts as not there.
std::string text_of(const json& item, const char* key, const char* otherwise) {
  const auto it = item.find(key);
  if (it == item.end() || it->is_null()) {
    return otherwise;
  }
  if (!it->is_string()) {
    throw std::runtime_error(std::string{key} + ": expected a text, found " + it->dump());
  }
  return it->get<std::string>();
}

/// The inputs of the case that a text such as "same as ID" or "see ID" names; null for other
/// values.
json referred_inputs(const json& value, const json& cases) {
  const auto text = value.is_string() ? value.get<std::string>() : std::string{};
  if (!text.starts_with("same as ") && !text.starts_with("see ")) {
    return {};
  }
  for (const auto& other : cases) {
    const auto id = other.is_object() ? text_of(other, "id", "") : std::string{};
    if (!id.empty() && text.ends_with(' ' + id) && other.at("inputs").is_object()) {
      return other.at("inputs");
    }
  }
  throw std::runtime_error("inputs: expected \"" + text + "\" to name a case of the file");
}

/// The inputs of a case: its own, another's, or its own with what another's has beside them.
json inputs_of(const json& item, const json& cases) {
  json inputs = item.at("inputs");
  if (auto whole = referred_inputs(inputs, cases); !whole.is_null()) {
    return whole;
  }
  if (!inputs.is_object()) {
    throw std::runtime_error("inputs: expected an object or \"same as\" a case of the file, found "
                             + inputs.dump());
  }
  for (const auto& value : item.at("inputs")) {
    if (const auto other = referred_inputs(value, cases); !other.is_null()) {
      json merged = other;
      merged.update(inputs);
      inputs = std::move(merged);
    }
  }
  return inputs;
}

Verdict check(const json& item,
              const json& cases,
              const std::string& topic,
              const std::filesystem::path& folder) {
  Verdict verdict{"?", "unsupported", "topic " + topic, {}};
  const auto* const found = troupe::oracle::find_topic(topic);
  try {
    if (!item.is_object()) {
      throw std::runtime_error("expected an object, found " + item.dump());
    }
    verdict.id = text_of(item, "id", "?");
    if (found == nullptr) {
      return verdict;
    }
    const json values = inputs_of(item, cases);
    const troupe::oracle::Inputs inputs{values, folder};
    const auto conventions = text_of(item, "conventions", "");
    const auto how_produced = text_of(item, "how_produced", "");
    const auto tolerance = item.value("tolerance", json::object());
    if (!tolerance.is_object() && !tolerance.is_number()) {
      throw std::runtime_error("tolerance: expected an object or a number, found "
                               + tolerance.dump());
    }
    const json& expected = item.at("expected");
    verdict.comparison =
      found->judge != nullptr
        ? found->judge({inputs, conventions, how_produced, expected, tolerance, verdict.id})
        : troupe::oracle::compare(expected, found->evaluate(inputs, conventions), tolerance);
    verdict.outcome = verdict.comparison.passed ? "pass" : "fail";
    verdict.detail = verdict.comparison.problem;
    if (const auto& note = verdict.comparison.note; !note.empty()) {
      verdict.detail += (verdict.detail.empty() ? "" : "; ") + note;
    }
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
  app.footer(
    "Example:\n  oracle-check oracles/adx.json oracles/rsi.json\n"
    "Exit codes: 0 no case failed, 1 a case failed, 2 a file could not be read;\n"
    "above 100 the command line was wrong. A topic that is not known is unsupported, which\n"
    "is no failure.");
  std::vector<std::filesystem::path> files;
  bool as_json = false;
  app.add_option("files", files, "oracle files, {topic, cases: [...]} each")->required();
  app.add_flag("--json", as_json, "one JSON object per line");
  CLI11_PARSE(app, argc, argv);

  std::map<std::string, std::size_t> totals{{"pass", 0}, {"fail", 0}, {"unsupported", 0}};
  bool unreadable = false;
  for (const auto& file : files) {
    try {
      const auto document = parse(troupe::oracle::read_text(file));
      const auto topic = document.at("topic").get<std::string>();
      const json& cases = document.at("cases");
      if (!cases.is_array()) {
        throw std::runtime_error("cases: expected an array");
      }
      for (const auto& item : cases) {
        const auto verdict = check(item, cases, topic, file.parent_path());
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
