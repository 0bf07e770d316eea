#include "outputs.hpp"
#include "parameters.hpp"
#include "quant/covariance/ewma.hpp"
#include "quant/covariance/pca.hpp"
#include "quant/covariance/sample.hpp"
#include "quant/covariance/shrinkage.hpp"
#include "quant/dependence/rank.hpp"
#include "reading.hpp"

#include <cmath>
#include <optional>
#include <string>

namespace troupe::oracle {

namespace {

using Eigen::MatrixXd;
using nlohmann::json;

/// "kendall_01": a prefix and the two digits of a pair.
std::optional<std::pair<Eigen::Index, Eigen::Index>> pair_in(const std::string& name,
                                                             std::string_view prefix) {
  const std::string_view rest = std::string_view{name}.substr(std::min(prefix.size(), name.size()));
  if (!name.starts_with(prefix) || rest.size() != 2 || std::isdigit(rest[0]) == 0
      || std::isdigit(rest[1]) == 0) {
    return std::nullopt;
  }
  return std::pair<Eigen::Index, Eigen::Index>{rest[0] - '0', rest[1] - '0'};
}

void add_correlation(json& out, const MatrixXd& covariance) {
  out["cov"] = rows_of(covariance);
  out["vol"] = list_of(covariance.diagonal().cwiseMax(0.0).cwiseSqrt());
  // a series that does not vary has a covariance and no correlations
  const auto correlation = quant::correlation_of(covariance);
  if (correlation || correlation.reason() != quant::Reason::DEGENERATE) {
    out["corr"] = rows_of(value_of(correlation).matrix);
  }
}

/// Weight of the past by whichever of its names the case uses (those of pandas' ewm).
std::optional<double> decay_of(const Case& item) {
  if (const auto lambda = parameter_number(item, {"lambda", "lam", "decay"})) {
    return lambda;
  }
  if (const auto alpha = parameter_number(item, "alpha")) {
    return 1.0 - *alpha;
  }
  if (const auto span = parameter_number(item, "span")) {
    return 1.0 - 2.0 / (*span + 1.0);
  }
  if (const auto com = parameter_number(item, "com")) {
    return 1.0 - 1.0 / (*com + 1.0);
  }
  if (const auto halflife = parameter_number(item, "halflife")) {
    return std::exp2(-1.0 / *halflife);
  }
  return std::nullopt;
}

/// "var0_series_last10": variance of one column after each of the last bars.
void add_variance_series(json& out, const Case& item, const MatrixXd& returns, double lambda) {
  const std::string middle = "_series_last";
  for (const auto& [name, value] : item.expected.items()) {
    const auto at = name.find(middle);
    if (!name.starts_with("var") || at == std::string::npos) {
      continue;
    }
    const auto column = std::stol(name.substr(3, at - 3));
    const auto bars = std::stol(name.substr(at + middle.size()));
    if (column < 0 || column >= returns.cols() || bars < 1 || bars > returns.rows()) {
      throw std::runtime_error(name + ": no such column, or fewer bars");
    }
    quant::EwmaCovariance running{1, lambda};
    json series = json::array();
    for (Eigen::Index t = 0; t < returns.rows(); ++t) {
      if (!running.update(returns.row(t).segment(column, 1))) {
        throw std::runtime_error("refused: a return");
      }
      if (t >= returns.rows() - bars) {
        series.push_back(running.covariance(0, 0));
      }
    }
    out[name] = std::move(series);
  }
}

/// A switch of the library that produced the numbers: an input, or "name=True" in words.
std::optional<bool> switch_of(const Case& item, const std::string& name) {
  if (item.inputs.has(name) && item.inputs.at(name).is_boolean()) {
    return item.inputs.at(name).get<bool>();
  }
  const auto words = words_of(item);
  for (const auto& [value, text] : {std::pair{true, "true"}, std::pair{false, "false"}}) {
    if (mentions_any(words, {(name + '=' + text).c_str(), (name + " = " + text).c_str()})) {
      return value;
    }
  }
  return std::nullopt;
}

bool says_yes(const Case& item, const std::string& name) {
  return switch_of(item, name).value_or(false);
}

bool says_no(const Case& item, const std::string& name) {
  return !switch_of(item, name).value_or(true);
}

json evaluate_exponential(const Case& item, const MatrixXd& returns, double lambda) {
  json out = json::object();
  const bool zero_mean = item.inputs.has("lambda")
                         || mentions_any(words_of(item), {"zero mean", "riskmetrics", "zero-mean"});
  if (!zero_mean) {
    const bool recursive = says_no(item, "adjust");
    const bool biased = says_yes(item, "bias");
    add_correlation(
      out, value_of(quant::ewm_covariance_centred(
             returns, 1.0 - lambda,
             recursive ? quant::EwmWeights::RECURSIVE : quant::EwmWeights::ADJUSTED, !biased)));
    return out;
  }
  quant::EwmaCovariance running{returns.cols(), lambda};
  for (Eigen::Index t = 0; t < returns.rows(); ++t) {
    if (!running.update(returns.row(t).transpose())) {
      throw std::runtime_error("refused: a return");
    }
  }
  add_correlation(out, value_of(running.covariance()));
  out["cov_normalised_weights"] =
    rows_of(value_of(quant::ewma_covariance_normalised(returns, lambda)));
  add_variance_series(out, item, returns, lambda);
  return out;
}

json evaluate_shrinkage(const Case& item, const MatrixXd& returns) {
  using quant::ShrinkageTarget;
  const auto words = words_of(item);
  const auto mean =
    says_yes(item, "assume_centered") ? quant::SampleMean::ZERO : quant::SampleMean::REMOVED;
  auto target = ShrinkageTarget::IDENTITY;
  if (mentions_any(words, {"constant correlation", "constant-correlation", "constcorr", "honey"})) {
    target = ShrinkageTarget::CONSTANT_CORRELATION;
  } else if (mentions_any(words, {"oas", "chen, wiesel", "oracle approximating"})) {
    target = ShrinkageTarget::IDENTITY_OAS;
  } else if (mentions_any(words, {"single factor", "single-factor", "single_factor"})) {
    target = ShrinkageTarget::SINGLE_FACTOR;
  }
  const auto shrunk = value_of(quant::shrunk_covariance(returns, target, mean));
  json out{{"shrinkage", shrunk.shrinkage}};
  add_correlation(out, shrunk.covariance);
  if (wants(item, "single_factor_shrinkage") || wants(item, "single_factor_cov")) {
    const auto factor = value_of(quant::ledoit_wolf_single_factor(returns));
    out["single_factor_shrinkage"] = factor.shrinkage;
    out["single_factor_cov"] = rows_of(factor.covariance);
  }
  return out;
}

json evaluate_sample(const Case& item, const MatrixXd& returns) {
  json out = json::object();
  const auto bars = static_cast<double>(returns.rows());
  const bool by_bars =
    says_yes(item, "bias") || reading::matched(words_of(item), "(ddof *= *0|divisor t\\b(?! *-))");
  const MatrixXd sample = value_of(quant::sample_covariance(returns));
  add_correlation(out, by_bars ? MatrixXd{sample * ((bars - 1.0) / bars)} : sample);
  out["mean"] = list_of(returns.colwise().mean().transpose());
  const auto asked = [&](const std::string& prefix) {
    return std::any_of(item.expected.items().begin(), item.expected.items().end(),
                       [&](const auto& entry) { return entry.key().starts_with(prefix); });
  };
  MatrixXd spearman;
  MatrixXd kendall;
  if (asked("spearman")) {
    spearman = value_of(quant::spearman_correlation(returns));
    out["spearman"] = rows_of(spearman);
  }
  if (asked("kendall")) {
    kendall = value_of(quant::kendall_correlation(returns));
    out["kendall"] = rows_of(kendall);
  }
  for (const auto& [name, value] : item.expected.items()) {
    if (const auto pair = pair_in(name, "kendall_");
        pair && std::max(pair->first, pair->second) < returns.cols()) {
      out[name] = kendall(pair->first, pair->second);
    } else if (const auto other = pair_in(name, "spearman_");
               other && std::max(other->first, other->second) < returns.cols()) {
      out[name] = spearman(other->first, other->second);
    }
  }
  if (wants(item, "condition_number")) {
    out["condition_number"] =
      value_of(quant::condition_number(value_of(quant::sample_covariance(returns))));
  }
  return out;
}

} // namespace

Comparison judge_covariance(const Case& item) {
  const MatrixXd returns = series_of(item);
  if (const auto lambda = decay_of(item)) {
    return compare_by_words(item, evaluate_exponential(item, returns, *lambda));
  }
  return compare_by_words(item, wants(item, "shrinkage") || wants(item, "single_factor_shrinkage")
                                  ? evaluate_shrinkage(item, returns)
                                  : evaluate_sample(item, returns));
}

Comparison judge_pca(const Case& item) {
  const MatrixXd returns = series_of(item);
  const bool of_correlation = mentions_any(words_of(item), {"correlation", "corr_", "standardis"});
  const auto pca = value_of(
    quant::principal_components(of_correlation ? value_of(quant::sample_correlation(returns))
                                               : value_of(quant::sample_covariance(returns))));
  const auto edges = value_of(quant::marchenko_pastur(
    returns.cols(), returns.rows(),
    of_correlation ? 1.0 : pca.total_variance / static_cast<double>(returns.cols())));
  const auto rank = value_of(quant::effective_rank(pca.eigenvalues));
  return compare_by_words(item,
                          {{"eigenvalues", list_of(pca.eigenvalues)},
                           {"explained_ratio", list_of(pca.explained_ratio)},
                           {"components", rows_of(pca.components.transpose())},
                           {"marchenko_pastur_bounds", json::array({edges.lower, edges.upper})},
                           {"effective_rank_entropy", rank},
                           {"total_variance", pca.total_variance}});
}

} // namespace troupe::oracle
