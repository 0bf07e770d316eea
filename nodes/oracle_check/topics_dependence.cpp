#include "outputs.hpp"
#include "parameters.hpp"
#include "quant/covariance/nearest.hpp"
#include "quant/covariance/sample.hpp"
#include "quant/dependence/rank.hpp"
#include "quant/dependence/t_copula.hpp"
#include "quant/dependence/tail.hpp"

#include <numbers>

namespace troupe::oracle {

namespace dependence_topics {

using Eigen::Index;
using Eigen::MatrixXd;
using nlohmann::json;

std::vector<double> numbers_of(const json& value) {
  return value.is_array() ? value.get<std::vector<double>>()
                          : std::vector<double>{value.get<double>()};
}

/// Closed form over a grid: rows by degrees of freedom, columns by rho. Asked for as rows, or as
/// "nu<degrees>" each.
json tail_dependence_grid(const Case& item) {
  const auto rhos = numbers_of(item.inputs.at("rho"));
  json rows = json::array();
  json named = json::object();
  for (const double nu : numbers_of(item.inputs.at("nu"))) {
    json row = json::array();
    for (const double rho : rhos) {
      row.push_back(value_of(quant::t_tail_dependence(rho, nu)));
    }
    named["nu" + json(nu == std::floor(nu) ? json(static_cast<long>(nu)) : json(nu)).dump()] = row;
    rows.push_back(std::move(row));
  }
  if (item.expected.is_array()) {
    const bool one_row = rows.size() == 1 && !item.expected.empty() && item.expected[0].is_number();
    return one_row ? rows[0] : rows;
  }
  if (item.expected.is_object()) {
    for (const char* name : {"lambda", "tail_dependence", "tail_dep", "lambda_L", "lambda_U"}) {
      named[name] = rows.size() == 1 ? rows[0] : rows;
    }
    return named;
  }
  return rows[0][0];
}

/// The entries of the first row beside the diagonal, or of the whole upper triangle.
json off_diagonal(const MatrixXd& matrix, std::size_t wanted) {
  json first = json::array();
  json all = json::array();
  for (Index i = 0; i < matrix.rows(); ++i) {
    for (Index j = i + 1; j < matrix.cols(); ++j) {
      all.push_back(matrix(i, j));
      if (i == 0) {
        first.push_back(matrix(i, j));
      }
    }
  }
  return wanted == all.size() ? all : first;
}

json nearest(const Case& item) {
  quant::NearestCorrelationSettings settings;
  for (const char* key : {"eigenvalue_min", "min_eigenvalue", "delta", "posd_tol"}) {
    if (const auto bound = parameter_number(item, std::string{key})) {
      settings.eigenvalue_min = *bound;
    }
  }
  const MatrixXd question = item.inputs.matrix("matrix");
  const auto answer = value_of(quant::nearest_correlation(question, settings));
  json out{{"matrix", rows_of(answer.matrix)},
           {"distance", answer.distance},
           {"frobenius", answer.distance},
           {"norm", answer.distance}};
  if (wants(item, "offdiag")) {
    out["offdiag"] = off_diagonal(answer.matrix, item.expected.at("offdiag").size());
  }
  return out;
}

/// One pair as a number, more as a matrix.
json pair_or_matrix(const MatrixXd& matrix) {
  return matrix.rows() == 2 ? json(matrix(0, 1)) : rows_of(matrix);
}

void add_levels(const Case& item, const MatrixXd& series, json& out) {
  for (const char* key : {"q", "u", "alpha"}) {
    const auto levels = parameter(item, key);
    if (levels.is_null()) {
      continue;
    }
    out[key] = levels;
    json lower = json::array();
    json upper = json::array();
    for (const double level : numbers_of(levels)) {
      const auto tail = value_of(quant::empirical_tail_dependence(series, level));
      lower.push_back(pair_or_matrix(tail.lower));
      upper.push_back(pair_or_matrix(tail.upper));
    }
    out["empirical_lower"] = levels.is_array() ? lower : lower[0];
    out["empirical_upper"] = levels.is_array() ? upper : upper[0];
  }
}

json copula(const Case& item) {
  const MatrixXd series = series_of(item);
  json out = json::object();
  if (const auto fixed = parameter(item, "fixed"); fixed.is_array() && series.cols() == 2) {
    MatrixXd correlation = MatrixXd::Identity(2, 2);
    correlation(0, 1) = correlation(1, 0) = fixed.at(0).get<double>();
    const double nu = fixed.at(1).get<double>();
    const MatrixXd pseudo = value_of(quant::pseudo_observations(series));
    out["loglik_fixed"] = value_of(quant::t_copula_log_likelihood(pseudo, {correlation, nu}));
    out["tail_dep_fixed"] = value_of(quant::t_tail_dependence(correlation(0, 1), nu));
  }
  out["pearson"] = pair_or_matrix(value_of(quant::sample_correlation(series)));
  out["spearman"] = pair_or_matrix(value_of(quant::spearman_correlation(series)));
  const MatrixXd kendall = value_of(quant::kendall_correlation(series));
  const MatrixXd from_tau = (0.5 * std::numbers::pi * kendall.array()).sin();
  out["kendall"] = out["kendall_tau"] = pair_or_matrix(kendall);
  out["rho_from_tau"] = pair_or_matrix(from_tau);
  if (wants(item, "mle") || wants(item, "mle_tail_dep")) {
    const auto fit = value_of(quant::fit_t_copula(series));
    out["mle"] = {
      {"rho", pair_or_matrix(fit.copula.correlation)}, {"R", rows_of(fit.copula.correlation)},
      {"nu", fit.copula.degrees_of_freedom},           {"loglik", fit.log_likelihood},
      {"kendall_tau", pair_or_matrix(fit.kendall)},    {"rho_from_tau", pair_or_matrix(from_tau)}};
    out["mle_tail_dep"] = pair_or_matrix(fit.tail_dependence);
  }
  add_levels(item, series, out);
  return out;
}

/// The oracle's likelihood and tail dependence at its own parameters.
std::optional<AtOracle> at_oracle(const Case& item,
                                  const json& expected,
                                  const json& found,
                                  const ToleranceOf& tolerances) {
  const json& mle = expected.at("mle");
  if (!mle.contains("nu") || (!mle.contains("R") && !mle.contains("rho"))) {
    return std::nullopt;
  }
  const Inputs outputs{mle, {}};
  const bool pair = !mle.contains("R") && mle.at("rho").is_number();
  MatrixXd correlation = MatrixXd::Identity(2, 2);
  if (pair) {
    correlation(0, 1) = correlation(1, 0) = mle.at("rho").get<double>();
  } else {
    correlation = outputs.matrix(mle.contains("R") ? "R" : "rho");
  }
  const double nu = outputs.number("nu");
  json there = found;
  there["mle"] = mle;
  there["mle"]["loglik"] = value_of(quant::t_copula_log_likelihood(
    value_of(quant::pseudo_observations(series_of(item))), {correlation, nu}));
  if (pair) {
    there["mle_tail_dep"] = value_of(quant::t_tail_dependence(correlation(0, 1), nu));
  }
  return compare_at_oracle(
    expected, there,
    [&](const std::string& path) {
      return path == "mle/loglik" ? tolerances("mle.loglik") : tolerances(path);
    },
    "mle/loglik");
}

} // namespace dependence_topics

Comparison judge_copula_tail(const Case& item) {
  using namespace dependence_topics;
  if (item.inputs.has("matrix")) {
    return compare_by_words(item, nearest(item));
  }
  if (item.inputs.has("rho") && item.inputs.has("nu")) {
    return compare_by_words(item, tail_dependence_grid(item));
  }
  const json found = copula(item);
  // what the fit does not decide is not excused by a better one
  json fit = json::object();
  json apart = json::object();
  for (const auto& [key, value] : item.expected.items()) {
    (key == "mle" || key == "mle_tail_dep" ? fit : apart)[key] = value;
  }
  if (fit.empty()) {
    return compare_by_words(item, found);
  }
  for (const char* key : {"kendall_tau", "rho_from_tau"}) {
    if (fit.contains("mle") && fit["mle"].contains(key)) {
      apart["mle"][key] = fit["mle"][key];
      fit["mle"].erase(key);
    }
  }
  const auto tolerances = tolerances_by_words(item.tolerance);
  auto out = compare_by(fit, found, tolerances);
  if (const auto mle = fit.value("mle", json::object()); mle.contains("loglik")) {
    judge_fit({mle.at("loglik").get<double>(), found.at("mle").at("loglik").get<double>(),
               [&] { return at_oracle(item, fit, found, tolerances); }},
              out);
  }
  if (!apart.empty()) {
    merge(out, compare_by(apart, found, tolerances));
  }
  return out;
}

} // namespace troupe::oracle
