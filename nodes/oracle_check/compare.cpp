#include "compare.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>
#include <optional>

namespace troupe::oracle {

namespace {

using nlohmann::json;

struct Tolerance {
  double absolute = 0.0;
  double relative = 0.0;
  std::size_t from_index = 0;
};

std::optional<Tolerance> read_tolerance(const json& value) {
  if (value.is_number()) {
    return Tolerance{value.get<double>(), 0.0, 0};
  }
  if (!value.is_object() || (!value.contains("abs") && !value.contains("rel"))) {
    return std::nullopt;
  }
  return Tolerance{value.value("abs", 0.0), value.value("rel", 0.0),
                   value.value("from_index", std::size_t{0})};
}

std::optional<Tolerance> tolerance_of(const json& tolerance, const std::string& output) {
  for (const char* key : {output.c_str(), "if_wilder_seed"}) {
    if (const auto it = tolerance.find(key); it != tolerance.end()) {
      return read_tolerance(*it);
    }
  }
  return read_tolerance(tolerance);
}

class Comparer {
public:
  explicit Comparer(Tolerance tolerance) : tolerance_(tolerance) {}

  void run(const json& expected, const json& found, const std::string& at, Comparison& out) const {
    if (expected.is_array()) {
      array(expected, found, at, out);
    } else if (expected.is_number()) {
      number(expected.get<double>(), found, at, out);
    } else if (expected != found) {
      problem(at + ": expected " + expected.dump() + ", found " + found.dump(), out);
    }
  }

private:
  static void problem(std::string text, Comparison& out) {
    out.passed = false;
    if (out.problem.empty()) {
      out.problem = std::move(text);
    }
  }

  void
  array(const json& expected, const json& found, const std::string& at, Comparison& out) const {
    if (!found.is_array() || found.size() != expected.size()) {
      problem(at + ": expected " + std::to_string(expected.size()) + " entries, found "
                + std::to_string(found.size()),
              out);
      return;
    }
    bool warming_up = true;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const std::string place = at + '[' + std::to_string(i) + ']';
      if (expected[i].is_null()) {
        if (warming_up && !found[i].is_null()) {
          problem(place + ": expected warm-up, found " + found[i].dump(), out);
        }
        continue;
      }
      warming_up = false;
      if (i >= tolerance_.from_index) {
        run(expected[i], found[i], place, out);
      } else if (found[i].is_null()) {
        problem(place + ": expected a value, found none", out);
      }
    }
  }

  void number(double expected, const json& found, const std::string& at, Comparison& out) const {
    if (!found.is_number()) {
      problem(at + ": expected a number, found " + found.dump(), out);
      return;
    }
    const double error = std::abs(found.get<double>() - expected);
    const double allowed = tolerance_.absolute + tolerance_.relative * std::abs(expected);
    double ratio = error / allowed;
    if (error == 0.0) {
      ratio = 0.0;
    } else if (!std::isfinite(ratio)) {
      ratio = std::numeric_limits<double>::infinity();
    }
    ++out.compared;
    if (out.worst_at.empty() || ratio > out.worst_ratio) {
      out.worst_error = error;
      out.worst_tolerance = allowed;
      out.worst_ratio = ratio;
      out.worst_at = at;
    }
    out.passed = out.passed && error <= allowed;
  }

  Tolerance tolerance_;
};

} // namespace

Comparison compare(const json& expected, const json& found, const json& tolerance) {
  Comparison out;
  for (const auto& [name, value] : expected.items()) {
    const auto limits = tolerance_of(tolerance, name);
    const auto it = found.find(name);
    if (!limits || it == found.end()) {
      out.passed = false;
      out.problem = name + (limits ? ": an output that is not computed" : ": no tolerance stated");
      continue;
    }
    Comparer{*limits}.run(value, *it, name, out);
  }
  if (out.compared == 0 && out.problem.empty()) {
    out.passed = false;
    out.problem = "nothing to compare";
  }
  return out;
}

} // namespace troupe::oracle
