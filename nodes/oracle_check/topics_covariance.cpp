#include "answers.hpp"
#include "quant/covariance/ewma.hpp"
#include "quant/covariance/pca.hpp"
#include "quant/covariance/sample.hpp"
#include "quant/covariance/shrinkage.hpp"
#include "quant/dependence/rank.hpp"
#include "topics.hpp"

#include <cmath>
#include <optional>
#include <string>

namespace troupe::oracle {

namespace {

using Eigen::MatrixXd;
using nlohmann::json;

bool mentions(const std::string& words, std::initializer_list<const char*> any) {
  for (const char* one : any) {
    if (words.find(one) != std::string::npos) {
      return true;
    }
  }
  return false;
}

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
  const auto correlation = value_of(quant::correlation_of(covariance));
  out["cov"] = rows_of(covariance);
  out["corr"] = rows_of(correlation.matrix);
  out["vol"] = to_json(correlation.volatility);
}

/// Weight of the past by whichever of its names the case uses (those of pandas' ewm).
std::optional<double> decay_of(const Inputs& inputs) {
  for (const char* key : {"lambda", "lam", "decay"}) {
    if (const auto value = inputs.parameter_number(key)) {
      return value;
    }
  }
  if (const auto alpha = inputs.parameter_number("alpha")) {
    return 1.0 - *alpha;
  }
  if (const auto span = inputs.parameter_number("span")) {
    return 1.0 - 2.0 / (*span + 1.0);
  }
  if (const auto com = inputs.parameter_number("com")) {
    return 1.0 - 1.0 / (*com + 1.0);
  }
  if (const auto halflife = inputs.parameter_number("halflife")) {
    return std::exp2(-1.0 / *halflife);
  }
  return std::nullopt;
}

/// "var0_series_last10": variance of one column after each of the last bars.
void add_variance_series(json& out, const Inputs& inputs, const MatrixXd& returns, double lambda) {
  const std::string middle = "_series_last";
  for (const auto& name : inputs.wanted()) {
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

json evaluate_exponential(const Inputs& inputs, const MatrixXd& returns, double lambda) {
  const auto words = inputs.words();
  json out = json::object();
  const bool zero_mean =
    inputs.has("lambda") || mentions(words, {"zero mean", "riskmetrics", "zero-mean"});
  if (!zero_mean) {
    add_correlation(out, value_of(quant::ewm_covariance_centred(returns, 1.0 - lambda)));
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
  add_variance_series(out, inputs, returns, lambda);
  return out;
}

json evaluate_shrinkage(const std::string& words, const MatrixXd& returns) {
  using quant::ShrinkageTarget;
  auto target = ShrinkageTarget::IDENTITY;
  if (mentions(words, {"constant correlation", "constant-correlation", "constcorr", "honey"})) {
    target = ShrinkageTarget::CONSTANT_CORRELATION;
  } else if (mentions(words, {"oas", "chen, wiesel", "oracle approximating"})) {
    target = ShrinkageTarget::IDENTITY_OAS;
  } else if (mentions(words, {"single factor", "single-factor", "single_factor"})) {
    target = ShrinkageTarget::SINGLE_FACTOR;
  }
  const auto shrunk = value_of(quant::shrunk_covariance(returns, target));
  json out{{"shrinkage", shrunk.shrinkage}};
  add_correlation(out, shrunk.covariance);
  const auto factor = value_of(quant::ledoit_wolf_single_factor(returns));
  out["single_factor_shrinkage"] = factor.shrinkage;
  out["single_factor_cov"] = rows_of(factor.covariance);
  return out;
}

json evaluate_sample(const Inputs& inputs, const MatrixXd& returns) {
  json out = json::object();
  add_correlation(out, value_of(quant::sample_covariance(returns)));
  out["mean"] = to_json(returns.colwise().mean().transpose());
  out["spearman"] = rows_of(value_of(quant::spearman_correlation(returns)));
  const MatrixXd kendall = value_of(quant::kendall_correlation(returns));
  out["kendall"] = rows_of(kendall);
  const MatrixXd spearman = value_of(quant::spearman_correlation(returns));
  for (const auto& name : inputs.wanted()) {
    if (const auto pair = pair_in(name, "kendall_");
        pair && std::max(pair->first, pair->second) < returns.cols()) {
      out[name] = kendall(pair->first, pair->second);
    } else if (const auto other = pair_in(name, "spearman_");
               other && std::max(other->first, other->second) < returns.cols()) {
      out[name] = spearman(other->first, other->second);
    }
  }
  if (inputs.wants("condition_number")) {
    out["condition_number"] =
      value_of(quant::condition_number(value_of(quant::sample_covariance(returns))));
  }
  return out;
}

} // namespace

json evaluate_covariance(const Inputs& inputs, std::string_view) {
  const MatrixXd returns = inputs.table();
  if (const auto lambda = decay_of(inputs)) {
    return evaluate_exponential(inputs, returns, *lambda);
  }
  return inputs.wants("shrinkage") || inputs.wants("single_factor_shrinkage")
           ? evaluate_shrinkage(inputs.words(), returns)
           : evaluate_sample(inputs, returns);
}

json evaluate_pca(const Inputs& inputs, std::string_view) {
  const MatrixXd returns = inputs.table();
  const bool of_correlation = mentions(inputs.words(), {"correlation", "corr_", "standardis"});
  const auto pca = value_of(
    quant::principal_components(of_correlation ? value_of(quant::sample_correlation(returns))
                                               : value_of(quant::sample_covariance(returns))));
  const auto edges = value_of(quant::marchenko_pastur(
    returns.cols(), returns.rows(),
    of_correlation ? 1.0 : pca.total_variance / static_cast<double>(returns.cols())));
  const auto rank = value_of(quant::effective_rank(pca.eigenvalues));
  return {{"eigenvalues", to_json(pca.eigenvalues)},
          {"explained_ratio", to_json(pca.explained_ratio)},
          {"components", rows_of(pca.components.transpose())},
          {"marchenko_pastur_bounds", json::array({edges.lower, edges.upper})},
          {"effective_rank_entropy", rank},
          {"total_variance", pca.total_variance}};
}

} // namespace troupe::oracle
