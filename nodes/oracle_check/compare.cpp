#include "compare.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

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

/// `<stem>_abs`, `<stem>_rel` and `<stem>_exact` (an absolute one) together.
std::optional<Tolerance> named_by_stem(const json& tolerance, const std::string& stem) {
  std::optional<Tolerance> out;
  for (const char* suffix : {"_abs", "_exact", "_rel"}) {
    const auto it = tolerance.find(stem + suffix);
    if (it != tolerance.end() && it->is_number()) {
      out = out.value_or(Tolerance{});
      (std::string_view{suffix} == "_rel" ? out->relative : out->absolute) = it->get<double>();
    }
  }
  return out;
}

/// The loosest of the figures under names that start with `prefix`: what is derived from fitted
/// parameters cannot be nearer than they are.
std::optional<Tolerance> loosest_of(const json& tolerance, const std::string& prefix) {
  std::optional<Tolerance> out;
  for (const auto& [key, value] : tolerance.items()) {
    if (key.starts_with(prefix) && value.is_number()) {
      out = out.value_or(Tolerance{});
      auto& part = key.ends_with("_rel") ? out->relative : out->absolute;
      part = std::max(part, value.get<double>());
    }
  }
  return out;
}

/// The strictest of all figures, absolute and relative alike.
std::optional<Tolerance> strictest_of(const json& tolerance) {
  std::optional<double> least;
  for (const auto& [key, value] : tolerance.items()) {
    if (value.is_number()
        && (key.ends_with("_abs") || key.ends_with("_rel") || key.ends_with("_exact"))) {
      least = std::min(least.value_or(value.get<double>()), value.get<double>());
    }
  }
  return least ? std::optional{Tolerance{*least, *least, 0}} : std::nullopt;
}

std::optional<Tolerance> tolerance_of(const json& tolerance, const std::string& output) {
  for (const char* key : {output.c_str(), "if_wilder_seed"}) {
    if (const auto it = tolerance.find(key); it != tolerance.end()) {
      return read_tolerance(*it);
    }
  }
  if (!tolerance.is_object()) {
    return read_tolerance(tolerance);
  }
  std::string stem = output;
  for (;;) {
    if (const auto named = named_by_stem(tolerance, stem)) {
      return named;
    }
    const auto cut = stem.rfind('_');
    if (cut == std::string::npos) {
      break;
    }
    stem.resize(cut);
  }
  if (const auto whole = read_tolerance(tolerance)) {
    return whole;
  }
  const auto derived = loosest_of(tolerance, stem + '_');
  return derived ? derived : strictest_of(tolerance);
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

void compare_outputs(const json& expected,
                     const json& found,
                     const json& tolerance,
                     const std::string& group,
                     Comparison& out) {
  for (const auto& [key, value] : expected.items()) {
    const std::string name = group.empty() ? key : group + '_' + key;
    const auto it = found.find(key);
    if (it == found.end()) {
      out.passed = false;
      out.problem = name + ": an output that is not computed";
      continue;
    }
    if (value.is_object()) {
      compare_outputs(value, *it, tolerance, name, out);
      continue;
    }
    const auto limits = tolerance_of(tolerance, name);
    if (!limits) {
      out.passed = false;
      out.problem = name + ": no tolerance stated";
      continue;
    }
    Comparer{*limits}.run(value, *it, name, out);
  }
}

} // namespace

Comparison compare(const json& expected, const json& found, const json& tolerance) {
  Comparison out;
  if (expected.is_object()) {
    compare_outputs(expected, found, tolerance, "", out);
  } else {
    compare_outputs(json{{"expected", expected}}, json{{"expected", found}}, tolerance, "", out);
  }
  if (out.compared == 0 && out.problem.empty()) {
    out.passed = false;
    out.problem = "nothing to compare";
  }
  return out;
}

} // namespace troupe::oracle
