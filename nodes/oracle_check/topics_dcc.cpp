#include "outputs.hpp"
#include "parameters.hpp"
#include "quant/volatility/dcc_fit.hpp"
#include "reading.hpp"

namespace troupe::oracle {

namespace dcc_topic {

using nlohmann::json;
using namespace reading; // NOLINT(google-build-using-namespace): of this program

quant::DccTargeting targeting_of(const Case& item) {
  return matched(text_of(item), "(Qbar *= *cov)") ? quant::DccTargeting::COVARIANCE
                                                  : quant::DccTargeting::SECOND_MOMENT;
}

/// R[1..T] at given parameters, and the filter that stands after them.
struct Path {
  std::vector<Eigen::MatrixXd> correlations;
  quant::DccFilter filter;

  Path(const Eigen::MatrixXd& z, const Eigen::MatrixXd& target, const quant::DccParameters& p)
    : filter(p, target) {
    for (Eigen::Index t = 0; t < z.rows(); ++t) {
      correlations.push_back(filter.correlation_next());
      if (!filter.update(z.row(t).transpose())) {
        throw std::runtime_error("refused: residuals of row " + std::to_string(t));
      }
    }
  }

  [[nodiscard]] const Eigen::MatrixXd& at(long t_one_based) const {
    if (t_one_based < 1 || static_cast<std::size_t>(t_one_based) > correlations.size()) {
      throw std::runtime_error("expected an observation of 1 .. "
                               + std::to_string(correlations.size()) + ", found "
                               + std::to_string(t_one_based));
    }
    return correlations[static_cast<std::size_t>(t_one_based) - 1];
  }
};

/// The matrices that the keys R_last, R_next, R_mean, R_forecast_K, R_NUMBER (1-based) and R_t
/// name.
void add_correlations(const json& expected, const Path& path, json& out) {
  Eigen::MatrixXd mean = Eigen::MatrixXd::Zero(path.at(1).rows(), path.at(1).cols());
  for (const auto& r : path.correlations) {
    mean += r / static_cast<double>(path.correlations.size());
  }
  out["R_mean"] = rows_of(mean);
  out["R_last"] = rows_of(path.correlations.back());
  out["R_next"] = rows_of(path.filter.correlation_next());
  for (const auto& [key, value] : expected.items()) {
    if (const auto ahead = matched(key, "^R_forecast_([0-9]+)$")) {
      out[key] = rows_of(path.filter.correlation_ahead(std::stol(*ahead)));
    } else if (const auto number = matched(key, "^R_([0-9]+)$")) {
      out[key] = rows_of(path.at(std::stol(*number)));
    } else if (key == "R_t") {
      json matrices = json::array();
      for (const auto& t : value.at("t_1based")) {
        matrices.push_back(rows_of(path.at(t.get<long>())));
      }
      out[key] = {{"t_1based", value.at("t_1based")}, {"R", std::move(matrices)}};
    }
  }
}

/// The windows of the residuals that the keys z_firstN and z_lastN name.
void add_residuals(const json& expected, const Eigen::MatrixXd& z, json& out) {
  for (const auto& [key, value] : expected.items()) {
    if (const auto first = matched(key, "^z_first([0-9]+)$")) {
      out[key] = rows_of(z.topRows(std::min<Eigen::Index>(std::stol(*first), z.rows())));
    } else if (const auto last = matched(key, "^z_last([0-9]+)$")) {
      out[key] = rows_of(z.bottomRows(std::min<Eigen::Index>(std::stol(*last), z.rows())));
    }
  }
}

/// The outputs that `asked` names at the parameters that stand in it.
json at_parameters(const json& asked, const Eigen::MatrixXd& z, const Eigen::MatrixXd& target) {
  const quant::DccParameters p{asked.at("a").get<double>(), asked.at("b").get<double>()};
  json out{{"a", p.a}, {"b", p.b}};
  out["loglik"] = value_of(quant::dcc_log_likelihood(z, target, p));
  add_correlations(asked, Path{z, target, p}, out);
  return out;
}

/// The second step alone: at the parameters that stand in `fixed`, and maximised.
Comparison judge_correlations(const Case& item) {
  const Eigen::MatrixXd z = item.inputs.has("z") ? item.inputs.matrix("z") : series_of(item);
  const auto targeting = targeting_of(item);
  const auto target = value_of(quant::dcc_target(z, targeting));
  json found;
  found["Qbar"] = rows_of(target);
  if (item.expected.contains("fixed")) {
    found["fixed"] = json::array();
    for (const auto& asked : item.expected.at("fixed")) {
      found["fixed"].push_back(at_parameters(asked, z, target));
    }
  }
  if (item.expected.contains("mle")) {
    quant::DccSettings settings;
    settings.targeting = targeting;
    const auto fit = value_of(quant::fit_dcc_correlations(z, settings));
    json entry{{"a", fit.parameters.a}, {"b", fit.parameters.b}, {"loglik", fit.log_likelihood}};
    add_correlations(item.expected.at("mle"), Path{z, target, fit.parameters}, entry);
    found["mle"] = std::move(entry);
  }
  const ToleranceOf tolerances = [&](const std::string& path) {
    const auto top = top_of(path);
    const bool likelihood = leaf_of(path) == "loglik";
    return first_named(item.tolerance,
                       {top + '_' + leaf_of(path), likelihood ? top + "_loglik" : top + "_ab", top,
                        top == "Qbar" ? "fixed" : top});
  };
  json apart = item.expected; // what the fit does not decide is not excused by a better one
  apart.erase("mle");
  Comparison out;
  if (item.expected.contains("mle")) {
    const json& mle = item.expected.at("mle");
    out = compare_by({{"mle", mle}}, found, tolerances);
    judge_fit({mle.at("loglik").get<double>(), found.at("mle").at("loglik").get<double>(),
               [&]() -> std::optional<AtOracle> {
                 return compare_at_oracle(
                   mle, at_parameters(mle, z, target),
                   [&](const std::string& path) { return tolerances("mle." + path); });
               }},
              out);
  }
  if (!apart.empty()) {
    merge(out, compare_by(apart, found, tolerances));
  }
  return out;
}

quant::GarchFitSettings margin_of(const Case& item) {
  quant::GarchFitSettings settings;
  settings.model = garch_model_of(item);
  settings.persistence_max = persistence_limit_of(item);
  return settings;
}

/// Coefficients under rmgarch's names: "[SERIES].omega".
json margin_coefficients(const Case& item, const std::vector<quant::GarchFit>& margins) {
  const auto names = item.inputs.column_names();
  json out;
  for (std::size_t i = 0; i < margins.size(); ++i) {
    const auto& fit = margins[i];
    const auto values = named_parameters(quant::to_vector(fit.parameters, fit.model), fit.model);
    for (const auto& [name, value] : values.items()) {
      out['[' + names.at(i) + "]." + name] = value;
    }
  }
  return out;
}

/// Every output of the two steps; those without a tolerance of their own have that of the
/// correlations, absolute and relative.
ToleranceOf two_step_tolerances(const json& tolerance) {
  return [&tolerance](const std::string& path) -> std::optional<Tolerance> {
    const auto leaf = path.substr(path.rfind('.') == path.npos ? 0 : path.rfind('.') + 1);
    const bool a = leaf.find("dcca") != leaf.npos;
    const bool b = leaf.find("dccb") != leaf.npos;
    if (const auto found = first_named(tolerance, {leaf, a ? "dcca" : b ? "dccb" : leaf})) {
      return found;
    }
    auto common = first_named(tolerance, {"R", "coef"});
    if (common) {
      common->relative = std::max(common->relative, common->absolute);
    }
    return common;
  };
}

/// Outputs of both steps, from margins and correlations wherever those come from.
struct TwoSteps {
  Eigen::MatrixXd sigma; ///< shape (T + 1, N)
  Eigen::MatrixXd z;     ///< shape (T, N)
  Eigen::MatrixXd target;
  quant::DccParameters parameters;
};

void add_two_steps(const Case& item, const TwoSteps& steps, json& out) {
  const auto& p = steps.parameters;
  out["coef"]["[Joint]dcca1"] = out["dcca1"] = out["a"] = p.a;
  out["coef"]["[Joint]dccb1"] = out["dccb1"] = out["b"] = p.b;
  out["Qbar"] = rows_of(steps.target);
  const Path path{steps.z, steps.target, p};
  add_correlations(item.expected, path, out);
  add_residuals(item.expected, steps.z, out);
  const Eigen::Index size = steps.z.rows();
  const Eigen::VectorXd sigma = steps.sigma.row(size - 1);
  const Eigen::VectorXd next = steps.sigma.row(size);
  out["sigma_T"] = list_of(sigma);
  out["H_T"] = rows_of(sigma.asDiagonal() * path.correlations.back() * sigma.asDiagonal());
  out["H_next"] = rows_of(next.asDiagonal() * path.filter.correlation_next() * next.asDiagonal());
}

json fitted(const Case& item) {
  const auto returns = series_of(item);
  quant::DccSettings settings;
  settings.targeting = targeting_of(item);
  const auto fit = value_of(quant::fit_dcc(returns, margin_of(item), settings));
  json out;
  out["coef"] = margin_coefficients(item, fit.margins);
  out["loglik"] = fit.log_likelihood.value();
  TwoSteps steps{Eigen::MatrixXd(returns.rows() + 1, returns.cols()), fit.residuals,
                 fit.correlations.target, fit.correlations.parameters};
  for (std::size_t i = 0; i < fit.margins.size(); ++i) {
    const auto column = static_cast<Eigen::Index>(i);
    steps.sigma.col(column).head(returns.rows()) = fit.margins[i].variances.cwiseSqrt();
    steps.sigma(returns.rows(), column) = std::sqrt(fit.margins[i].variance_next);
  }
  add_two_steps(item, steps, out);
  return out;
}

/// Both steps at the oracle's own coefficients; none where it does not state all of them.
std::optional<json> at_oracle(const Case& item) {
  const auto returns = series_of(item);
  const auto model = garch_model_of(item);
  const auto names = item.inputs.column_names();
  const json coef = item.expected.value("coef", json::object());
  const auto joint = [&](const char* joint_name, const char* plain, const char* letter) {
    return coef.contains(joint_name)
             ? coef.at(joint_name)
             : item.expected.value(plain, item.expected.value(letter, json{}));
  };
  const json a = joint("[Joint]dcca1", "dcca1", "a");
  const json b = joint("[Joint]dccb1", "dccb1", "b");
  if (!a.is_number() || !b.is_number()) {
    return std::nullopt;
  }
  TwoSteps steps{Eigen::MatrixXd(returns.rows() + 1, returns.cols()),
                 Eigen::MatrixXd(returns.rows(), returns.cols()),
                 {},
                 {a.get<double>(), b.get<double>()}};
  double log_likelihood = 0.0;
  for (Eigen::Index i = 0; i < returns.cols(); ++i) {
    const std::string prefix = '[' + names.at(static_cast<std::size_t>(i)) + "].";
    json own = json::object();
    for (const auto& [name, value] : coef.items()) {
      if (name.starts_with(prefix)) {
        own[name.substr(prefix.size())] = value;
      }
    }
    const auto p = garch_parameters_of(own, model);
    if (!p) {
      return std::nullopt;
    }
    const Eigen::VectorXd r = returns.col(i);
    steps.sigma.col(i) = value_of(quant::garch_variances(r, model, *p)).cwiseSqrt();
    steps.z.col(i) = (r.array() - p->mean) / steps.sigma.col(i).head(r.size()).array();
    quant::GarchModel gaussian = model; // the second step's likelihood is that of normal margins
    gaussian.innovation = quant::Innovation::GAUSSIAN;
    log_likelihood += value_of(quant::garch_log_likelihood(r, gaussian, *p));
  }
  steps.target = value_of(quant::dcc_target(steps.z, targeting_of(item)));
  json out{{"coef", coef}};
  out["loglik"] =
    log_likelihood + value_of(quant::dcc_log_likelihood(steps.z, steps.target, steps.parameters));
  add_two_steps(item, steps, out);
  return out;
}

/// Constant conditional correlations.
json fitted_constant(const Case& item) {
  const auto fit = value_of(quant::fit_ccc(series_of(item), margin_of(item), targeting_of(item)));
  json out;
  out["coef"] = margin_coefficients(item, fit.margins);
  out["loglik"] = fit.log_likelihood;
  out["R"] = out["R_next"] = rows_of(fit.correlation);
  add_residuals(item.expected, fit.residuals, out);
  return out;
}

} // namespace dcc_topic

Comparison judge_dcc(const Case& item) {
  using namespace dcc_topic;
  if (item.inputs.has("z") || item.expected.contains("fixed") || item.expected.contains("mle")) {
    return judge_correlations(item);
  }
  const auto text = text_of(item);
  const bool constant = mentions(text, "CCC") || mentions(text, "constant conditional");
  const json found = constant ? fitted_constant(item) : fitted(item);
  const auto tolerances = two_step_tolerances(item.tolerance);
  auto out = compare_by(item.expected, found, tolerances);
  if (item.expected.contains("loglik")) {
    judge_fit({item.expected.at("loglik").get<double>(), found.at("loglik").get<double>(),
               [&]() -> std::optional<AtOracle> {
                 const auto there = constant ? std::nullopt : at_oracle(item);
                 return there ? std::optional{compare_at_oracle(item.expected, *there, tolerances)}
                              : std::nullopt;
               }},
              out);
  }
  return out;
}

} // namespace troupe::oracle
