#include "outputs.hpp"
#include "parameters.hpp"
#include "quant/markov/markov_switching_fit.hpp"
#include "reading.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace troupe::oracle {

namespace switching_topic {

using nlohmann::json;
using namespace reading; // NOLINT(google-build-using-namespace): of this program

constexpr double parameters_relative = 0.02; // of fits whose case states none

Eigen::VectorXd one_series_of(const Case& item) {
  const Eigen::MatrixXd columns = series_of(item);
  if (columns.cols() != 1) {
    throw std::runtime_error("inputs: expected one column, found "
                             + std::to_string(columns.cols()));
  }
  return columns.col(0);
}

/// NAME0, NAME1, .. as long as they are there.
Eigen::VectorXd numbered(const json& object, const std::string& name) {
  std::vector<double> values;
  while (object.contains(name + std::to_string(values.size()))) {
    values.push_back(object.at(name + std::to_string(values.size())).get<double>());
  }
  return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

Eigen::VectorXd vector_at(const json& object, const char* key) {
  if (!object.contains(key)) {
    return {};
  }
  const json& value = object.at(key);
  if (value.is_number()) {
    return Eigen::VectorXd::Constant(1, value.get<double>());
  }
  const auto values = value.get<std::vector<double>>();
  return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

/// pIJ: P(j | i) as p00 and p10; a row's missing entry is what is left of 1.
Eigen::MatrixXd transition_of(const json& parameters, Eigen::Index regimes) {
  Eigen::MatrixXd out = Eigen::MatrixXd::Constant(regimes, regimes, -1.0);
  for (Eigen::Index i = 0; i < regimes; ++i) {
    Eigen::Index missing = -1;
    double sum = 0.0;
    for (Eigen::Index j = 0; j < regimes; ++j) {
      const auto key = 'p' + std::to_string(i) + std::to_string(j);
      if (parameters.contains(key)) {
        out(i, j) = parameters.at(key).get<double>();
        sum += out(i, j);
      } else if (missing < 0) {
        missing = j;
      } else {
        throw std::runtime_error("params: expected transition probability " + key);
      }
    }
    if (missing >= 0) {
      out(i, missing) = 1.0 - sum;
    }
  }
  return out;
}

/// The model at the parameters that stand in the inputs, in `params` or beside it.
quant::MarkovSwitchingModel model_of(const Case& item) {
  const bool inside = item.inputs.has("params");
  const json parameters = inside ? item.inputs.at("params") : json::object();
  quant::MarkovSwitchingModel model;
  model.means = inside ? numbered(parameters, "mu") : item.inputs.vector("means");
  if (model.means.size() == 0) {
    model.means = vector_at(parameters, "means");
  }
  const Eigen::Index k = model.means.size();
  Eigen::VectorXd variances;
  if (inside) {
    variances = vector_at(parameters, "sigma2");
    if (variances.size() == 0) {
      variances = numbered(parameters, "sigma2_");
    }
    if (variances.size() == 0) {
      variances = vector_at(parameters, "sigma").cwiseAbs2();
    }
    model.autoregression = vector_at(parameters, "phi");
  } else {
    variances = item.inputs.at("variances").is_number()
                  ? Eigen::VectorXd::Constant(1, item.inputs.number("variances"))
                  : item.inputs.vector("variances");
    if (item.inputs.has("phi")) {
      model.autoregression = item.inputs.vector("phi");
    }
  }
  model.variances = variances.size() == 1 ? Eigen::VectorXd::Constant(k, variances[0]) : variances;
  model.transition = item.inputs.has("transition_rows_from")
                       ? item.inputs.matrix("transition_rows_from")
                       : transition_of(parameters, k);
  return model;
}

json rows_at(const quant::RowMatrix& probabilities, const json& index) {
  json out = json::array();
  for (const auto& t : index) {
    out.push_back(row_at(probabilities, t));
  }
  return out;
}

json filtered(const Case& item) {
  const auto model = model_of(item);
  const auto inference = value_of(quant::infer(model, one_series_of(item)));
  json out;
  out["loglik"] = inference.log_likelihood;
  out["expected_durations"] = list_of(quant::expected_durations(model.transition));
  out["one_step_ahead_regime_probs"] = list_of(inference.next);
  const std::array<std::pair<const char*, const quant::RowMatrix*>, 3> kinds{{
    {"predicted", &inference.predicted},
    {"filtered", &inference.filtered},
    {"smoothed", &inference.smoothed},
  }};
  for (const auto& [name, probabilities] : kinds) {
    if (item.expected.contains("index")) {
      out["index"] = item.expected.at("index");
      out[name] = rows_at(*probabilities, item.expected.at("index"));
    } else {
      out[name] = rows_of(*probabilities);
    }
    for (Eigen::Index j = 0; j < model.regimes(); ++j) {
      out[std::string{name} + "_prob_regime" + std::to_string(j)] = list_of(probabilities->col(j));
    }
  }
  return out;
}

/// Start values in statsmodels' order: p[i->j] for j below K - 1, then constants, then variances,
/// then autoregressive terms.
quant::MarkovSwitchingModel start_of(const Case& item, bool switching_variance) {
  const Eigen::VectorXd values = item.inputs.vector("start");
  const Eigen::Index k = item.inputs.whole("k_regimes");
  if (k < 1) {
    throw std::runtime_error("inputs.k_regimes: expected 1 or more, found " + std::to_string(k));
  }
  const Eigen::Index variances = switching_variance ? k : 1;
  const Eigen::Index fixed = k * (k - 1) + k + variances;
  if (values.size() < fixed) {
    throw std::runtime_error("inputs.start: expected at least " + std::to_string(fixed)
                             + " values, found " + std::to_string(values.size()));
  }
  quant::MarkovSwitchingModel model;
  model.transition.resize(k, k);
  for (Eigen::Index i = 0; i < k; ++i) {
    for (Eigen::Index j = 0; j + 1 < k; ++j) {
      model.transition(i, j) = values[j * k + i];
    }
    model.transition(i, k - 1) = 1.0 - model.transition.row(i).head(k - 1).sum();
  }
  model.means = values.segment(k * (k - 1), k);
  model.variances = switching_variance
                      ? Eigen::VectorXd(values.segment(k * k, k))
                      : Eigen::VectorXd(Eigen::VectorXd::Constant(k, values[k * k]));
  model.autoregression = values.tail(values.size() - fixed);
  return model;
}

json fitted_from(const Case& item) {
  const json names = item.expected.value("params", json::object());
  quant::SwitchingSettings settings;
  settings.switching_variance = !names.contains("sigma2");
  const auto start = start_of(item, settings.switching_variance);
  const auto y = one_series_of(item);
  auto fit = value_of(quant::fit_markov_switching_from(start, y, settings));
  // what the start leads to may be a lower maximum than the one a search over many finds
  const auto searched = quant::fit_markov_switching(y, start.regimes(), start.order(), settings);
  if (searched && searched->log_likelihood > fit.log_likelihood + 1e-6) {
    fit = *searched;
  }
  const auto& model = fit.model;
  json params;
  for (Eigen::Index i = 0; i < model.regimes(); ++i) {
    const auto from = std::to_string(i);
    for (Eigen::Index j = 0; j < model.regimes(); ++j) {
      params["p[" + from + "->" + std::to_string(j) + ']'] = model.transition(i, j);
    }
    params["const[" + from + ']'] = model.means[i];
    params["sigma2[" + from + ']'] = model.variances[i];
  }
  params["sigma2"] = model.variances[0];
  for (Eigen::Index i = 0; i < model.order(); ++i) {
    params["ar.L" + std::to_string(i + 1)] = model.autoregression[i];
  }
  json out;
  out["loglik"] = fit.log_likelihood;
  out["params"] = std::move(params);
  out["expected_durations"] = list_of(quant::expected_durations(model.transition));
  return out;
}

/// Maximum likelihood without start values. Which regime is which is a matter of names: they follow
/// the order of the expected means.
json fitted(const Case& item) {
  const json& expected = item.expected;
  const Eigen::VectorXd named = numbered(expected, "mu");
  const Eigen::Index k = named.size();
  const Eigen::Index order =
    expected.contains("phi") ? static_cast<Eigen::Index>(expected.at("phi").size()) : 0;
  quant::SwitchingSettings settings;
  settings.switching_variance = !expected.contains("sigma") && !expected.contains("sigma2");
  const auto fit = value_of(quant::fit_markov_switching(one_series_of(item), k, order, settings));
  const auto by_mean = [](const Eigen::VectorXd& means) {
    std::vector<Eigen::Index> ranks(static_cast<std::size_t>(means.size()));
    std::iota(ranks.begin(), ranks.end(), 0);
    std::sort(ranks.begin(), ranks.end(),
              [&](Eigen::Index a, Eigen::Index b) { return means[a] < means[b]; });
    return ranks;
  };
  const auto names = by_mean(named);
  const auto ours = by_mean(fit.model.means);
  json out;
  for (std::size_t a = 0; a < names.size(); ++a) {
    const auto i = std::to_string(names[a]);
    out["mu" + i] = fit.model.means[ours[a]];
    out["sigma2_" + i] = fit.model.variances[ours[a]];
    for (std::size_t b = 0; b < names.size(); ++b) {
      out['p' + i + std::to_string(names[b])] = fit.model.transition(ours[a], ours[b]);
    }
  }
  out["sigma"] = std::sqrt(fit.model.variances[0]);
  out["sigma2"] = fit.model.variances[0];
  out["phi"] = list_of(fit.model.autoregression);
  out["loglik"] = fit.log_likelihood;
  return out;
}

/// The parameters that are expected, under statsmodels' names or those of papers; none where they
/// are not all there.
std::optional<quant::MarkovSwitchingModel> expected_model(const Case& item) {
  json named = json::object(); // mu0, sigma2_0, p00, phi
  const json stated = item.expected.value("params", item.expected);
  for (const auto& [key, value] : stated.items()) {
    if (const auto from = matched(key, "^p\\[([0-9])->[0-9]\\]$")) {
      named['p' + *from + key.substr(key.size() - 2, 1)] = value;
    } else if (const auto constant = matched(key, "^const\\[([0-9])\\]$")) {
      named["mu" + *constant] = value;
    } else if (const auto variance = matched(key, "^sigma2\\[([0-9])\\]$")) {
      named["sigma2_" + *variance] = value;
    } else if (matched(key, "^(ar[.]L)[0-9]+$")) {
      named["phi"].push_back(value);
    } else {
      named[key] = value;
    }
  }
  quant::MarkovSwitchingModel model;
  model.means = numbered(named, "mu");
  const Eigen::Index k = model.means.size();
  Eigen::VectorXd variances = numbered(named, "sigma2_");
  for (const char* key : {"sigma2", "sigma"}) {
    if (variances.size() == 0) {
      variances = vector_at(named, key);
      variances = key == std::string_view{"sigma"} ? variances.cwiseAbs2().eval() : variances;
    }
  }
  if (k == 0 || variances.size() == 0) {
    return std::nullopt;
  }
  model.variances = variances.size() == 1 ? Eigen::VectorXd::Constant(k, variances[0]) : variances;
  model.autoregression = vector_at(named, "phi");
  model.transition = transition_of(named, k);
  model.transition.array().colwise() /= model.transition.rowwise().sum().eval().array();
  return model;
}

ToleranceOf tolerances_of(const json& tolerance, bool is_fit) {
  return [&tolerance, is_fit](const std::string& path) -> std::optional<Tolerance> {
    if (path == "index") {
      return Tolerance{};
    }
    const bool likelihood = leaf_of(path) == "loglik";
    if (const auto found =
          first_named(tolerance, {leaf_of(path), top_of(path), likelihood ? "loglik" : "prob"})) {
      return found;
    }
    return is_fit ? std::optional{Tolerance{0.0, parameters_relative, 0}} : std::nullopt;
  };
}

} // namespace switching_topic

Comparison judge_markov_switching(const Case& item) {
  using namespace switching_topic;
  const bool fixed = item.inputs.has("params") || item.inputs.has("means");
  if (fixed) {
    return compare_by(item.expected, filtered(item), tolerances_of(item.tolerance, false));
  }
  const json found = item.inputs.has("start") ? fitted_from(item) : fitted(item);
  const auto tolerances = tolerances_of(item.tolerance, true);
  auto out = compare_by(item.expected, found, tolerances);
  if (item.expected.contains("loglik")) {
    judge_fit({item.expected.at("loglik").get<double>(), found.at("loglik").get<double>(),
               [&]() -> std::optional<AtOracle> {
                 const auto model = expected_model(item);
                 if (!model) {
                   return std::nullopt;
                 }
                 json there = item.expected; // parameters among it
                 there["loglik"] =
                   value_of(quant::infer(*model, one_series_of(item))).log_likelihood;
                 there["expected_durations"] =
                   list_of(quant::expected_durations(model->transition));
                 return compare_at_oracle(item.expected, there, tolerances);
               }},
              out);
  }
  return out;
}

} // namespace troupe::oracle
