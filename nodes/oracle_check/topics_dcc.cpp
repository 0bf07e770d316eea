#include "outputs.hpp"
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

/// The second step alone: at the parameters that stand in `fixed`, and maximised.
Comparison judge_correlations(const Case& item) {
  const Eigen::MatrixXd z = item.inputs.has("z") ? item.inputs.matrix("z") : item.inputs.columns();
  const auto targeting = targeting_of(item);
  const auto target = value_of(quant::dcc_target(z, targeting));
  json found;
  found["Qbar"] = rows_of(target);
  if (item.expected.contains("fixed")) {
    found["fixed"] = json::array();
    for (const auto& asked : item.expected.at("fixed")) {
      const quant::DccParameters p{asked.at("a").get<double>(), asked.at("b").get<double>()};
      json entry{{"a", p.a}, {"b", p.b}};
      entry["loglik"] = value_of(quant::dcc_log_likelihood(z, target, p));
      add_correlations(asked, Path{z, target, p}, entry);
      found["fixed"].push_back(std::move(entry));
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
  auto out = compare_by(item.expected, found, [&](const std::string& path) {
    const auto top = top_of(path);
    const bool likelihood = leaf_of(path) == "loglik";
    return first_named(item.tolerance,
                       {top + '_' + leaf_of(path), likelihood ? top + "_loglik" : top + "_ab", top,
                        top == "Qbar" ? "fixed" : top});
  });
  if (item.expected.contains("mle")) {
    judge_fit(item.expected.at("mle").at("loglik").get<double>(),
              found.at("mle").at("loglik").get<double>(), out);
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

json fitted(const Case& item) {
  const auto returns = item.inputs.columns();
  quant::DccSettings settings;
  settings.targeting = targeting_of(item);
  const auto fit = value_of(quant::fit_dcc(returns, margin_of(item), settings));
  const auto& p = fit.correlations.parameters;
  json out;
  out["coef"] = margin_coefficients(item, fit.margins);
  out["coef"]["[Joint]dcca1"] = out["dcca1"] = out["a"] = p.a;
  out["coef"]["[Joint]dccb1"] = out["dccb1"] = out["b"] = p.b;
  out["loglik"] = fit.log_likelihood.value();
  out["Qbar"] = rows_of(fit.correlations.target);
  const Path path{fit.residuals, fit.correlations.target, p};
  add_correlations(item.expected, path, out);
  add_residuals(item.expected, fit.residuals, out);
  Eigen::VectorXd sigma(returns.cols());
  for (Eigen::Index i = 0; i < sigma.size(); ++i) {
    const auto& variances = fit.margins[static_cast<std::size_t>(i)].variances;
    sigma[i] = std::sqrt(variances[variances.size() - 1]);
  }
  out["sigma_T"] = list_of(sigma);
  out["H_T"] = rows_of(sigma.asDiagonal() * path.correlations.back() * sigma.asDiagonal());
  out["H_next"] = rows_of(fit.covariance_next());
  return out;
}

/// Constant conditional correlations.
json fitted_constant(const Case& item) {
  const auto fit =
    value_of(quant::fit_ccc(item.inputs.columns(), margin_of(item), targeting_of(item)));
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
  const auto text = text_of(item);
  const bool two_steps = mentions(text, "GARCH") || mentions(text, "tage 1");
  if (!two_steps) {
    return judge_correlations(item);
  }
  const bool constant = mentions(text, "CCC") || mentions(text, "constant conditional");
  const json found = constant ? fitted_constant(item) : fitted(item);
  auto out = compare_by(item.expected, found, two_step_tolerances(item.tolerance));
  if (item.expected.contains("loglik")) {
    judge_fit(item.expected.at("loglik").get<double>(), found.at("loglik").get<double>(), out);
  }
  return out;
}

} // namespace troupe::oracle
