#include "compare.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>
#include <sstream>

namespace troupe::oracle {

namespace {

using nlohmann::json;

constexpr double likelihood_rounding = 1e-9; // relative; an optimum is not found any nearer
constexpr double unverified_ratio_max = 100.0;

std::optional<Tolerance> stated_tolerance(const json& tolerance, const std::string& output) {
  for (const char* key : {output.c_str(), "if_wilder_seed"}) {
    if (const auto it = tolerance.find(key); it != tolerance.end()) {
      return read_tolerance(*it);
    }
  }
  return read_tolerance(tolerance);
}

void problem(std::string text, Comparison& out) {
  out.passed = false;
  if (out.problem.empty()) {
    out.problem = std::move(text);
  }
}

class Comparer {
public:
  Comparer(const ToleranceOf& tolerance_of, Tolerance tolerance)
    : tolerance_of_(tolerance_of), tolerance_(tolerance) {}

  void run(const json& expected, const json& found, const std::string& at, Comparison& out) const {
    if (expected.is_array()) {
      array(expected, found, at, out);
    } else if (expected.is_number()) {
      number(expected.get<double>(), found, at, out);
    } else if (expected.is_object()) {
      object(expected, found, at, out);
    } else if (expected != found) {
      problem(at + ": expected " + expected.dump() + ", found " + found.dump(), out);
    }
  }

  /// Every key by the tolerance of its own.
  void
  object(const json& expected, const json& found, const std::string& at, Comparison& out) const {
    for (const auto& [name, value] : expected.items()) {
      const std::string place = at.empty() ? name : at + '.' + name;
      const auto limits = tolerance_of_(place);
      const auto it = found.find(name);
      if (it == found.end()) {
        problem(place + ": an output that is not computed", out);
      } else if (!limits) {
        problem(place + ": no tolerance stated", out);
      } else {
        Comparer{tolerance_of_, *limits}.run(value, *it, place, out);
      }
    }
  }

private:
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
        out.warm_up = out.warm_up || warming_up;
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

  const ToleranceOf& tolerance_of_;
  Tolerance tolerance_;
};

} // namespace

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

std::optional<Tolerance> named_tolerance(const json& tolerance, const std::string& name) {
  const std::string absolute = name + "_abs";
  const std::string relative = name + "_rel";
  if (!tolerance.contains(absolute) && !tolerance.contains(relative)) {
    return std::nullopt;
  }
  return Tolerance{tolerance.value(absolute, 0.0), tolerance.value(relative, 0.0), 0};
}

Comparison compare_by(const json& expected, const json& found, const ToleranceOf& tolerance_of) {
  Comparison out;
  Comparer{tolerance_of, {}}.object(expected, found, "", out);
  if (out.compared == 0 && !out.warm_up && out.problem.empty()) {
    problem("nothing to compare", out);
  }
  return out;
}

Comparison compare(const json& expected, const json& found, const json& tolerance) {
  return compare_by(expected, found,
                    [&](const std::string& path) { return stated_tolerance(tolerance, path); });
}

void judge_fit(const Fit& fit, Comparison& comparison) {
  std::ostringstream note;
  note.precision(12);
  note << "log-likelihood " << fit.found << ", oracle's " << fit.expected;
  const double rounding = likelihood_rounding * (1.0 + std::abs(fit.expected));
  if (!comparison.passed && comparison.problem.empty() && fit.found >= fit.expected - rounding) {
    const char* how = fit.found > fit.expected + rounding ? ": ours is higher" : ": as high";
    const auto there = fit.at_oracle ? fit.at_oracle() : std::nullopt;
    if (!there) {
      comparison.passed =
        fit.found > fit.expected && comparison.worst_ratio <= unverified_ratio_max;
      note << how << "; the oracle does not state all parameters, so up to " << unverified_ratio_max
           << " tolerances pass";
    } else {
      // an iteration that stopped early states the likelihood from before its last step
      const bool likely = there->log_likelihood >= fit.expected - there->likelihood_tolerance
                          && there->log_likelihood <= fit.found + there->likelihood_tolerance;
      comparison.passed = likely && there->outputs.passed;
      note << how << "; at the oracle's own parameters " << there->log_likelihood;
      if (!there->outputs.passed) {
        note << ", where error " << there->outputs.worst_error << " at " << there->outputs.worst_at
             << there->outputs.problem;
      }
    }
  }
  comparison.note = note.str();
}

AtOracle compare_at_oracle(json expected,
                           const json& found,
                           const ToleranceOf& tolerances,
                           const std::string& likelihood_path) {
  const json::json_pointer at{'/' + likelihood_path};
  const double stated = expected.at(at).get<double>();
  const auto limits = tolerances(likelihood_path).value_or(Tolerance{});
  expected.at(at.parent_pointer()).erase(at.back());
  AtOracle out{
    found.at(at).get<double>(), limits.absolute + limits.relative * std::abs(stated), {}};
  if (!expected.at(at.parent_pointer()).empty()) {
    Comparer{tolerances, {}}.object(expected, found, "", out.outputs);
  }
  return out;
}

void merge(Comparison& into, Comparison other) {
  into.passed = into.passed && other.passed;
  into.compared += other.compared;
  if (into.worst_at.empty() || other.worst_ratio > into.worst_ratio) {
    into.worst_error = other.worst_error;
    into.worst_tolerance = other.worst_tolerance;
    into.worst_ratio = other.worst_ratio;
    into.worst_at = std::move(other.worst_at);
  }
  if (into.problem.empty()) {
    into.problem = std::move(other.problem);
  }
  into.warm_up = into.warm_up || other.warm_up;
  if (!other.note.empty()) {
    into.note += (into.note.empty() ? "" : "; ") + other.note;
  }
}

} // namespace troupe::oracle
