#include "outputs.hpp"
#include "parameters.hpp"
#include "quant/covariance/sample.hpp"
#include "quant/portfolio/diversification.hpp"
#include "quant/portfolio/hierarchical.hpp"
#include "quant/portfolio/optimise.hpp"
#include "quant/portfolio/risk_budget.hpp"
#include "reading.hpp"

#include <algorithm>

namespace troupe::oracle {

namespace portfolio_topics {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using nlohmann::json;

struct Market {
  MatrixXd covariance;
  VectorXd mean;
  double risk_free = 0.0;
};

/// Inline moments, or those of the series times the bars per year.
Market market_of(const Case& item) {
  Market out;
  const bool inline_covariance = item.inputs.has("cov");
  const MatrixXd returns =
    inline_covariance && item.inputs.has("mu") ? MatrixXd{} : series_of(item);
  const double annualisation = parameter_number(item, "annualisation").value_or(1.0);
  out.covariance = inline_covariance
                     ? item.inputs.matrix("cov")
                     : MatrixXd{annualisation * value_of(quant::sample_covariance(returns))};
  out.mean = item.inputs.has("mu") ? item.inputs.vector("mu")
                                   : VectorXd{annualisation * returns.colwise().mean().transpose()};
  out.risk_free = parameter_number(item, {"rf", "risk_free"}).value_or(0.0);
  return out;
}

/// A bound for every instrument, from one number or a list.
std::optional<VectorXd>
bound_of(const Case& item, std::initializer_list<const char*> keys, Index n) {
  for (const char* key : keys) {
    const auto value = parameter(item, key);
    if (value.is_number()) {
      return VectorXd::Constant(n, value.get<double>());
    }
    if (value.is_array()) {
      const auto list = value.get<std::vector<double>>();
      if (static_cast<Index>(list.size()) != n) {
        throw std::runtime_error(std::string{key} + ": expected " + std::to_string(n)
                                 + " numbers, found " + std::to_string(list.size()));
      }
      return VectorXd{Eigen::Map<const VectorXd>(list.data(), n)};
    }
  }
  return std::nullopt;
}

quant::PortfolioConstraints constraints_of(const Case& item, const std::string& words, Index n) {
  const bool shorts = mentions_any(words, {"shorts allowed", "unconstrained", "long-short"});
  auto out = shorts ? quant::PortfolioConstraints::budget_only(n)
                    : quant::PortfolioConstraints::long_only(n);
  if (const auto stated = reading::matched(words, "w *<= *([0-9.]*[0-9])")) {
    out.upper = VectorXd::Constant(n, std::stod(*stated)); // "0<=w<=0.25"
  }
  if (const auto upper = bound_of(item, {"cap", "upper", "w_max", "max_weight"}, n)) {
    out.upper = *upper;
  }
  if (const auto lower = bound_of(item, {"floor", "lower", "w_min", "min_weight"}, n)) {
    out.lower = *lower;
  }
  if (const auto groups = parameter(item, "groups"); groups.is_array()) {
    for (const auto& group : groups) {
      out.groups.push_back({group.value("name", ""), group.at("members").get<std::vector<Index>>(),
                            group.value("lower", -quant::no_bound),
                            group.value("upper", quant::no_bound)});
    }
  }
  const auto turnover = parameter_number(item, {"turnover", "turnover_max", "max_turnover"});
  if (const auto previous = bound_of(item, {"previous", "w_prev", "w0"}, n); turnover && previous) {
    out.turnover = {*previous, *turnover};
  }
  return out;
}

json described(const Market& market, const VectorXd& weights) {
  if (market.mean.size() != weights.size()) {
    throw std::runtime_error("inputs.mu: expected " + std::to_string(weights.size())
                             + " numbers, found " + std::to_string(market.mean.size()));
  }
  const auto risk = value_of(quant::diversification(market.covariance, weights));
  const double expected_return = market.mean.dot(weights);
  return {{"weights", list_of(weights)},
          {"ret", expected_return},
          {"target", expected_return},
          {"vol", risk.volatility},
          {"variance", risk.volatility * risk.volatility},
          {"sharpe", (expected_return - market.risk_free) / risk.volatility},
          {"diversification_ratio", risk.diversification_ratio},
          {"risk_contribution_pct", list_of(risk.contributions)},
          {"herfindahl", risk.herfindahl},
          {"effective_positions", risk.effective_positions},
          {"effective_number_of_bets", risk.effective_bets}};
}

json hierarchical(const Case& item, const std::string& words, const Market& market) {
  using quant::Linkage;
  const auto named = item.inputs.has("linkage") ? item.inputs.text("linkage", "") : words;
  Linkage linkage = Linkage::SINGLE;
  if (mentions_any(named, {"complete"})) {
    linkage = Linkage::COMPLETE;
  } else if (mentions_any(named, {"average"})) {
    linkage = Linkage::AVERAGE;
  } else if (mentions_any(named, {"ward"})) {
    linkage = Linkage::WARD;
  } else if (item.inputs.has("linkage") && !mentions_any(named, {"single"})) {
    throw std::runtime_error("inputs.linkage: expected single, complete, average or ward, found "
                             + named);
  }
  const auto portfolio = value_of(quant::hierarchical_risk_parity(market.covariance, linkage));
  json out = described(market, portfolio.weights);
  out["leaf_order"] = portfolio.order;
  json merges = json::array();
  for (const auto& merge : portfolio.merges) {
    merges.push_back({static_cast<double>(merge.left), static_cast<double>(merge.right),
                      merge.distance, static_cast<double>(merge.size)});
  }
  out["linkage"] = std::move(merges);
  return out;
}

VectorXd budgets_of(const Case& item, Index n) {
  return bound_of(item, {"budgets", "budget", "b"}, n)
    .value_or(VectorXd::LinSpaced(n, 1.0, static_cast<double>(n)));
}

/// "lam=4" in the conventions, where no field gives the risk aversion.
double risk_aversion_of(const Case& item, const std::string& words) {
  if (const auto value = parameter_number(item, {"risk_aversion", "lam", "lambda", "gamma"})) {
    return *value;
  }
  for (const std::string key : {"lam=", "lambda=", "gamma="}) {
    if (const auto at = words.find(key); at != std::string::npos) {
      return std::stod(words.substr(at + key.size()));
    }
  }
  throw std::runtime_error("inputs.risk_aversion: expected a number, found none");
}

/// The weights, or std::runtime_error where limits had to give way: that answers another question.
VectorXd as_asked(quant::Expected<quant::Portfolio> portfolio) {
  auto value = value_of(std::move(portfolio));
  if (!value.as_asked()) {
    throw std::runtime_error("not answered as asked: " + value.reason);
  }
  return value.weights;
}

VectorXd optimised(const Case& item, const std::string& words, const Market& market) {
  const Index n = market.covariance.rows();
  const auto limits = constraints_of(item, words, n);
  if (mentions_any(words, {"choueifaty", "max_diversification", "maximum diversification",
                           "max diversification"})) {
    return as_asked(quant::maximum_diversification(market.covariance, limits));
  }
  if (mentions_any(words, {"tangency", "sharpe", "s^-1(mu", "kappa"})) {
    if (limits.only_budget()) { // the closed form has a value whatever the riskless rate
      return value_of(quant::tangency_weights(market.covariance, market.mean, market.risk_free));
    }
    return as_asked(
      quant::maximum_sharpe(market.covariance, market.mean, market.risk_free, limits));
  }
  if (const auto target = parameter_number(item, {"target", "target_return"})) {
    return as_asked(quant::efficient_return(market.covariance, market.mean, *target, limits));
  }
  if (mentions_any(words, {"utility", "lam/2", "risk aversion"}) || wants(item, "risk_aversion")) {
    return as_asked(quant::quadratic_utility(market.covariance, market.mean,
                                             risk_aversion_of(item, words), limits));
  }
  if (mentions_any(words, {"min_variance", "minimum variance", "min variance", "s^-1 1", "gmv",
                           "w>=0, sum=1", "box"})) {
    return as_asked(quant::minimum_variance(market.covariance, limits));
  }
  throw std::runtime_error("no method of this name: " + words);
}

json evaluate(const Case& item) {
  const auto words = words_of(item);
  const auto market = market_of(item);
  if (item.inputs.has("linkage") || wants(item, "leaf_order")
      || mentions_any(words, {"hrp", "hierarchical"})) {
    return hierarchical(item, words, market);
  }
  if (mentions_any(words, {"inverse_vol", "inverse vol", "1/sigma", "naive risk parity"})) {
    return described(market, value_of(quant::inverse_volatility(market.covariance)));
  }
  if (wants(item, "budgets") || item.inputs.has("budgets")
      || mentions_any(words, {"risk_budget", "risk budget", "= budgets"})) {
    const VectorXd budgets = budgets_of(item, market.covariance.rows());
    json out =
      described(market, value_of(quant::risk_budget_portfolio(market.covariance, budgets)).weights);
    out["budgets"] = list_of(budgets / budgets.sum());
    return out;
  }
  if (mentions_any(words,
                   {"equal risk contribution", "risk_parity", "risk parity", "_erc", "spinu"})) {
    return described(market, value_of(quant::equal_risk_contribution(market.covariance)).weights);
  }
  json out = described(market, optimised(item, words, market));
  for (const char* key : {"cap", "risk_aversion", "lower", "upper"}) {
    if (const auto echoed = parameter(item, key); !echoed.is_null()) {
      out[key] = echoed;
    }
  }
  return out;
}

} // namespace portfolio_topics

Comparison judge_portfolio(const Case& item) {
  return compare_by_words(item, portfolio_topics::evaluate(item));
}

} // namespace troupe::oracle
