#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// A strict reader of Prometheus' text format 0.0.4, written from its description.
namespace test {

struct Sample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
};

struct MetricsFamily {
  std::string type;
  bool helped = false;
  std::vector<Sample> samples;
};

class Exposition {
public:
  /// @throws std::runtime_error that names the line and what is wrong with it
  explicit Exposition(const std::string& text) {
    if (text.empty() || text.back() != '\n') {
      throw std::runtime_error("the last line does not end");
    }
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);) {
      try {
        line.starts_with('#') ? comment(line) : sample(line);
      } catch (const std::exception& e) {
        throw std::runtime_error(line + ": " + e.what());
      }
    }
    for (const auto& [name, family] : families) {
      check(name, family);
    }
  }

  std::map<std::string, MetricsFamily> families;

  [[nodiscard]] const Sample* find(const std::string& family,
                                   const std::map<std::string, std::string>& labels) const {
    const auto found = families.find(family);
    if (found == families.end()) {
      return nullptr;
    }
    for (const auto& sample : found->second.samples) {
      const bool all = std::all_of(labels.begin(), labels.end(), [&](const auto& label) {
        const auto at = sample.labels.find(label.first);
        return at != sample.labels.end() && at->second == label.second;
      });
      if (all) {
        return &sample;
      }
    }
    return nullptr;
  }

private:
  static void expect(bool good, const std::string& what) {
    if (!good) {
      throw std::runtime_error(what);
    }
  }
  static bool is_name(std::string_view text, bool colons) {
    const auto fine = [&](char c, bool first) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colons && c == ':')
             || (!first && c >= '0' && c <= '9');
    };
    return !text.empty() && fine(text[0], true)
           && std::all_of(text.begin(), text.end(), [&](char c) { return fine(c, false); });
  }

  void comment(const std::string& line) {
    std::istringstream in{line};
    std::string hash;
    std::string what;
    std::string name;
    in >> hash >> what >> name;
    expect(what == "HELP" || what == "TYPE", "a comment that is neither HELP nor TYPE");
    expect(is_name(name, true), "bad metric name");
    auto& family = families[name];
    expect(family.samples.empty(), what + " after samples");
    if (what == "HELP") {
      expect(!family.helped, "HELP twice");
      family.helped = true;
      return;
    }
    expect(family.type.empty(), "TYPE twice");
    in >> family.type;
    expect(family.type == "counter" || family.type == "gauge" || family.type == "histogram",
           "unknown type " + family.type);
    current_ = name;
  }

  static std::string label_value(std::string_view line, std::size_t& at) {
    std::string value;
    expect(at < line.size() && line[at] == '"', "expected a quote");
    for (++at; at < line.size() && line[at] != '"'; ++at) {
      if (line[at] == '\\') {
        ++at;
        expect(at < line.size() && (line[at] == '\\' || line[at] == '"' || line[at] == 'n'),
               "bad escape");
      }
      value += line[at];
    }
    expect(at < line.size(), "a label that does not end");
    ++at;
    return value;
  }

  void sample(const std::string& line) {
    expect(!line.empty(), "empty line");
    Sample out;
    auto at = line.find_first_of("{ ");
    expect(at != std::string::npos, "no value");
    out.name = line.substr(0, at);
    expect(is_name(out.name, true), "bad metric name");
    if (line[at] == '{') {
      for (++at; line.at(at) != '}';) {
        const auto equals = line.find('=', at);
        expect(equals != std::string::npos, "a label without a value");
        const auto label = line.substr(at, equals - at);
        expect(is_name(label, false) && !label.starts_with("__"), "bad label name " + label);
        at = equals + 1;
        expect(out.labels.emplace(label, label_value(line, at)).second, "label twice: " + label);
        if (line.at(at) == ',') {
          ++at;
        }
      }
      ++at;
    }
    expect(line.at(at) == ' ', "no space before the value");
    const auto text = line.substr(at + 1);
    if (text == "+Inf" || text == "-Inf" || text == "NaN" || text == "Nan") {
      out.value = text == "+Inf" ? HUGE_VAL : text == "-Inf" ? -HUGE_VAL : std::nan("");
    } else {
      const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out.value);
      expect(ec == std::errc{} && end == text.data() + text.size(), "not a number: " + text);
    }
    const auto& family = families[current_];
    const bool suffixed = family.type == "histogram"
                          && (out.name == current_ + "_bucket" || out.name == current_ + "_sum"
                              || out.name == current_ + "_count");
    expect(family.type == "histogram" ? suffixed : out.name == current_,
           "a sample outside its family");
    std::string key = out.name;
    for (const auto& [label, value] : out.labels) {
      key += '\n' + label + '=' + value;
    }
    expect(series_.insert(key).second, "series twice");
    families[current_].samples.push_back(std::move(out));
  }

  static void check(const std::string& name, const MetricsFamily& family) {
    expect(family.helped && !family.type.empty(), name + ": HELP and TYPE are missing");
    expect(!family.samples.empty(), name + ": no samples");
    expect(family.type != "counter" || name.ends_with("_total"),
           name + ": a counter must end in _total");
    for (const auto& sample : family.samples) {
      expect(family.type != "counter" || sample.value >= 0, name + ": a negative counter");
      expect(sample.labels.contains("node"), name + ": no label node");
    }
    if (family.type == "histogram") {
      check_histogram(name, family);
    }
  }

  static void check_histogram(const std::string& name, const MetricsFamily& family) {
    struct Series {
      double bound = -HUGE_VAL;
      double cumulative = 0;
      double count = -1;
      bool sum = false;
    };
    std::map<std::map<std::string, std::string>, Series> all;
    for (const auto& sample : family.samples) {
      auto labels = sample.labels;
      labels.erase("le");
      auto& series = all[labels];
      if (sample.name == name + "_sum") {
        series.sum = true;
      } else if (sample.name == name + "_count") {
        series.count = sample.value;
      } else {
        const auto& le = sample.labels.at("le");
        const auto bound = le == "+Inf" ? HUGE_VAL : std::stod(le);
        expect(bound > series.bound, name + ": bounds do not ascend");
        expect(sample.value >= series.cumulative, name + ": buckets are not cumulative");
        series.bound = bound;
        series.cumulative = sample.value;
      }
    }
    for (const auto& [labels, series] : all) {
      expect(series.bound == HUGE_VAL, name + ": no +Inf bucket");
      expect(series.sum && series.count == series.cumulative, name + ": sum or count is wrong");
    }
  }

  std::string current_;
  std::set<std::string> series_;
};

} // namespace test
