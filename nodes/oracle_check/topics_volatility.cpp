#include "outputs.hpp"
#include "parameters.hpp"
#include "quant/volatility/ewma.hpp"
#include "quant/volatility/garch_fit.hpp"
#include "quant/volatility/realised.hpp"
#include "reading.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

namespace troupe::oracle {

namespace volatility_topics {

using nlohmann::json;
using namespace reading; // NOLINT(google-build-using-namespace): of this program

/// The estimator whose formula the conventions spell out, by the term no other one has.
std::string by_formula(const Case& item) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> terms{{
    {"s2rs", "yang_zhang"},
    {"ln(O/Cprev)", "gk_yz"},
    {"ln(H/C)", "rogers_satchell"},
    {"2ln2-1", "garman_klass"},
    {"ln2", "parkinson"},
    {"sample sd", "close"},
  }};
  for (const auto& [term, name] : terms) {
    if (mentions(item.conventions, term)) {
      return std::string{name};
    }
  }
  return {};
}

/// By the name that stands in the id or in the texts, whole words of it joined by anything.
std::string by_name(const Case& item) {
  std::string words;
  for (const char c : words_of(item)) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      words += c;
    }
  }
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> names{{
    {"yangzhang", "yang_zhang"},
    {"garmanklassyangzhang", "gk_yz"},
    {"gkyz", "gk_yz"},
    {"rogerssatchell", "rogers_satchell"},
    {"garmanklass", "garman_klass"},
    {"parkinson", "parkinson"},
    {"closetoclose", "close"},
  }};
  std::string found;
  for (const auto& [word, name] : names) {
    // Garman-Klass, Yang-Zhang is an estimator of its own
    const bool longer = word == "yangzhang" && words.find("garmanklassyangzhang") != words.npos;
    if (words.find(word) != words.npos && found.empty() && !longer) {
      found = name;
    }
  }
  return found;
}

/// The estimator the case names as `estimator`, `calc`, or in the call that produced it.
quant::VolatilityEstimator estimator_of(const Case& item) {
  using quant::VolatilityEstimator;
  auto named = item.inputs.text("estimator", item.inputs.text("calc", ""));
  if (named.empty()) {
    named = matched(text_of(item), "calc *= *['\"]([^'\"]+)['\"]").value_or(by_formula(item));
  }
  if (named.empty()) {
    named = by_name(item);
  }
  std::replace_if(
    named.begin(), named.end(), [](char c) { return c == '.' || c == '-' || c == ' '; }, '_');
  constexpr std::array<std::pair<std::string_view, VolatilityEstimator>, 9> names{{
    {"close", VolatilityEstimator::CLOSE_TO_CLOSE},
    {"close_to_close", VolatilityEstimator::CLOSE_TO_CLOSE},
    {"parkinson", VolatilityEstimator::PARKINSON},
    {"garman_klass", VolatilityEstimator::GARMAN_KLASS},
    {"rogers_satchell", VolatilityEstimator::ROGERS_SATCHELL},
    {"gk_yz", VolatilityEstimator::GARMAN_KLASS_YANG_ZHANG},
    {"garman_klass_yang_zhang", VolatilityEstimator::GARMAN_KLASS_YANG_ZHANG},
    {"yz", VolatilityEstimator::YANG_ZHANG},
    {"yang_zhang", VolatilityEstimator::YANG_ZHANG},
  }};
  for (const auto& [name, estimator] : names) {
    if (name == named) {
      return estimator;
    }
  }
  throw std::runtime_error("expected the name of an estimator, found \"" + named + "\"");
}

/// Tolerances of fits: an output's own, that of the kind it belongs to, or the one for all.
ToleranceOf fit_tolerances(const json& tolerance) {
  return [&tolerance](const std::string& path) {
    const auto leaf = leaf_of(path);
    const auto top = top_of(path);
    const std::string kind = leaf == "loglik" ? "loglik" : top.rfind("se", 0) == 0 ? "se" : "coef";
    return first_named(tolerance, {path, leaf, top, kind});
  };
}

/// `sigma`, and the windows of it that the expected keys sigma_firstN and sigma_lastN name.
void add_sigmas(const json& expected, const Eigen::VectorXd& sigma, json& out) {
  out["sigma"] = list_of(sigma);
  for (const auto& [key, value] : expected.items()) {
    if (const auto count = matched(key, "^sigma_first([0-9]+)$")) {
      out[key] = list_of(sigma.head(std::min<Eigen::Index>(std::stol(*count), sigma.size())));
    } else if (const auto last = matched(key, "^sigma_last([0-9]+)$")) {
      out[key] = list_of(sigma.tail(std::min<Eigen::Index>(std::stol(*last), sigma.size())));
    }
  }
}

/// h of the first observation, stated as a number, as "... = NUMBER" or as the first square.
std::optional<double> first_variance_of(const Case& item, const Eigen::VectorXd& returns) {
  if (!item.inputs.has("h0")) {
    return std::nullopt;
  }
  const auto& stated = item.inputs.at("h0");
  if (stated.is_number()) {
    return stated.get<double>();
  }
  const auto text = stated.get<std::string>();
  if (mentions(text, "r_0^2") && returns.size() > 0) {
    return returns[0] * returns[0];
  }
  if (mentions(text, "omega/(1-alpha-beta)") || mentions(text, "omega / (1 - alpha - beta)")) {
    return item.inputs.number("omega")
           / (1.0 - item.inputs.number("alpha") - item.inputs.number("beta"));
  }
  if (const auto number = matched(text, "= *([-+0-9.eE]+) *$")) {
    return std::stod(*number);
  }
  throw std::runtime_error("inputs.h0: expected a number, r_0^2 or omega/(1-alpha-beta), found \""
                           + text + "\"");
}

Eigen::VectorXd returns_of(const Case& item) {
  const Eigen::MatrixXd columns =
    item.inputs.has("r") ? Eigen::MatrixXd{item.inputs.column("r")} : series_of(item);
  if (columns.cols() != 1) {
    throw std::runtime_error("inputs: expected one column of returns, found "
                             + std::to_string(columns.cols()));
  }
  return columns.col(0);
}

/// What follows from given parameters, without a fit.
json at_parameters(const Case& item,
                   const Eigen::VectorXd& returns,
                   const quant::GarchModel& model,
                   const quant::GarchParameters& p) {
  const Eigen::VectorXd sigma = value_of(quant::garch_variances(returns, model, p)).cwiseSqrt();
  json out;
  out["coef"] = named_parameters(quant::to_vector(p, model), model);
  out["loglik"] = value_of(quant::garch_log_likelihood(returns, model, p));
  out["persistence"] = p.persistence();
  add_sigmas(item.expected, sigma.head(returns.size()), out);
  out["next_sigma"] = sigma[returns.size()];
  return out;
}

/// Variances at the parameters that stand in the inputs.
json filtered(const Case& item) {
  const auto returns = returns_of(item);
  const auto optional = [&](const std::string& key) {
    return item.inputs.has(key) ? item.inputs.number(key) : 0.0;
  };
  quant::GarchParameters p;
  p.mean = optional("mu");
  p.omega = item.inputs.number("omega");
  p.alpha = item.inputs.number("alpha");
  p.gamma = optional("gamma");
  p.beta = item.inputs.number("beta");
  p.degrees_of_freedom = optional("nu");
  const auto model = garch_model_of(item);
  const auto first = first_variance_of(item, returns);
  const auto variances = value_of(quant::garch_variances(returns, model, p, first));
  const Eigen::VectorXd sigma = variances.cwiseSqrt();
  json out;
  // where h0 is given, the first that is computed belongs to the observation after it
  add_sigmas(item.expected, first ? sigma.tail(returns.size()) : sigma.head(returns.size()), out);
  out["next_sigma"] = sigma[returns.size()];
  if (!first) {
    out["loglik"] = value_of(quant::garch_log_likelihood(returns, model, p));
  }
  return out;
}

json fitted(const Case& item, std::optional<double> persistence_max) {
  const auto returns = returns_of(item);
  const auto model = garch_model_of(item);
  quant::GarchFitSettings settings;
  settings.model = model;
  settings.persistence_max = persistence_max;
  const auto fit = value_of(quant::fit_garch(returns, settings));
  json out;
  out["coef"] = named_parameters(quant::to_vector(fit.parameters, model), model);
  const auto plain = fit.standard_errors();
  const auto robust = fit.robust_standard_errors();
  const bool asks_robust =
    mentions(item.conventions, "robust") || mentions(item.conventions, "sandwich");
  if (plain && robust) {
    out["se"] = named_parameters(asks_robust ? *robust : *plain, model);
    out["se_robust"] = out["robust_se"] = named_parameters(*robust, model);
  }
  out["loglik"] = fit.log_likelihood;
  out["persistence"] = fit.parameters.persistence();
  add_sigmas(item.expected, fit.variances.cwiseSqrt(), out);
  out["next_sigma"] = std::sqrt(fit.variance_next);
  return out;
}

/// The oracle's outputs at its own parameters. Its standard errors belong to those: where they are
/// ours, they have to agree; otherwise they may differ by a factor.
std::optional<AtOracle> at_oracle(const Case& item,
                                  const json& expected,
                                  const json& found,
                                  const ToleranceOf& tolerances) {
  const auto model = garch_model_of(item);
  const bool nested = expected.contains("coef");
  const auto p = garch_parameters_of(nested ? expected.at("coef") : expected, model);
  if (!p) {
    return std::nullopt;
  }
  json there = at_parameters(item, returns_of(item), model, *p);
  there.update(there.at("coef"));
  json rest = json::object();
  json errors = json::object();
  for (const auto& [key, value] : expected.items()) {
    (key.starts_with("se") || key.starts_with("robust") ? errors : rest)[key] = value;
  }
  auto out = compare_at_oracle(rest, there, tolerances);
  if (!errors.empty()) {
    const bool same =
      nested && compare_by({{"coef", expected.at("coef")}}, found, tolerances).passed;
    constexpr Tolerance half{1e-9, 0.5, 0};
    merge(out.outputs, compare_by(errors, found, [&](const std::string& path) {
            return same ? tolerances(path) : half;
          }));
  }
  return out;
}

/// Compares one fit, by the rule for fits where the oracle states its likelihood.
Comparison compare_fit(const Case& item,
                       const json& expected,
                       const json& found,
                       const ToleranceOf& tolerances) {
  auto out = compare_by(expected, found, tolerances);
  if (expected.contains("loglik")) {
    judge_fit({expected.at("loglik").get<double>(), found.at("loglik").get<double>(),
               [&] { return at_oracle(item, expected, found, tolerances); }},
              out);
  }
  return out;
}

/// How many bars a year has: as `N` or `annualisation`, or as "N = NUMBER" in words.
double bars_per_year_of(const Case& item) {
  for (const char* key : {"N", "annualisation", "annualization", "periods_per_year"}) {
    if (item.inputs.has(key)) {
      return item.inputs.number(key);
    }
  }
  const auto stated = matched(text_of(item), "\\bN *= *([0-9.]+)");
  return stated ? std::stod(*stated) : 1.0;
}

} // namespace volatility_topics

Comparison judge_realised_volatility(const Case& item) {
  using namespace volatility_topics;
  const auto estimator = estimator_of(item);
  const bool closes_only = estimator == quant::VolatilityEstimator::CLOSE_TO_CLOSE;
  const auto close = item.inputs.column("close");
  const auto other = [&](const char* name) {
    return closes_only ? close : item.inputs.column(name);
  };
  const auto open = other("open");
  const auto high = other("high");
  const auto low = other("low");
  auto period = item.inputs.whole("n");
  // TTR's n counts the closes, its returns are one fewer
  if (closes_only && (mentions(item.how_produced, "TTR") || mentions(item.conventions, "n-1 "))) {
    --period;
  }
  const auto values =
    series_or_none(quant::realised_volatility({open, high, low, close}, estimator, period));
  const double bars_per_year = bars_per_year_of(item);
  const auto scale = quant::annualise(1.0, bars_per_year);
  if (!scale) {
    throw std::runtime_error("inputs.N: expected above 0, found " + std::to_string(bars_per_year));
  }
  return compare(item.expected, {{"vol", aligned(values * *scale, close.size())}}, item.tolerance);
}

Comparison judge_garch(const Case& item) {
  using namespace volatility_topics;
  const auto tolerances = fit_tolerances(item.tolerance);
  if (item.inputs.has("omega")) {
    return compare_by(item.expected, filtered(item), tolerances);
  }
  const std::string constrained = "stationary_constrained";
  json expected = item.expected;
  const json inside = expected.value(constrained, json::object());
  expected.erase(constrained);
  auto out = compare_fit(item, expected, fitted(item, persistence_limit_of(item)), tolerances);
  if (!inside.empty()) {
    json found = fitted(item, 1.0);
    found.update(found.at("coef"));
    auto also = compare_fit(item, inside, found, tolerances);
    also.note = "with alpha + beta <= 1: " + also.note;
    merge(out, std::move(also));
  }
  return out;
}

} // namespace troupe::oracle
