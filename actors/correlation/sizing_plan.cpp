#include "actors/correlation/sizing_answer.hpp"

#include <cmath>

namespace troupe::correlation {

namespace {

constexpr double weight_limit = 100.0;
constexpr double volatility_limit = 10.0;
constexpr double capital_limit = 1e15;
constexpr std::size_t groups_limit = 100;

/// Reads an optional number within bounds into `out`.
template <class Field>
core::Result<void> read_into(Field& out,
                             const std::string& name,
                             const std::optional<double>& value,
                             double least,
                             double most) {
  if (!value) {
    return {};
  }
  const auto read = read_between(name, *value, least, most);
  if (!read) {
    return read.error();
  }
  out = *read;
  return {};
}

core::Result<void> check_pair(const std::string& field,
                              const std::optional<double>& least,
                              const std::optional<double>& most) {
  for (const auto& [name, value] : {std::pair{".min", least}, {".max", most}}) {
    if (value && !(std::abs(*value) <= weight_limit)) {
      return invalid(field + name, "a weight from -100 to 100", number_text(*value));
    }
  }
  if (least && most && *least > *most) {
    return invalid(field + ".min", "at most its max, " + number_text(*most), number_text(*least));
  }
  return {};
}

core::Result<void> check_groups(const std::vector<messages::GroupLimit>& groups) {
  if (groups.size() > groups_limit) {
    return invalid("groups", "at most " + std::to_string(groups_limit),
                   std::to_string(groups.size()));
  }
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const auto field = "groups[" + std::to_string(i) + "]";
    if (groups[i].symbols.empty()) {
      return invalid(field + ".symbols", "at least one instrument", "none");
    }
    if (!groups[i].min && !groups[i].max) {
      return invalid(field, "a min, a max or both", "neither");
    }
    if (auto pair = check_pair(field, groups[i].min, groups[i].max); !pair) {
      return pair;
    }
  }
  return {};
}

core::Result<void> check_combination(const messages::SizePositions& request,
                                     const SizingPlan& plan) {
  const bool by_target = plan.method == messages::SizingMethod::target_volatility;
  if (by_target && !plan.target_volatility_annual) {
    return invalid("target_volatility_annual", "a value for the method target_volatility",
                   "nothing");
  }
  if (!by_target && (request.target_volatility_annual || request.leverage_max)) {
    return invalid(request.leverage_max ? "leverage_max" : "target_volatility_annual",
                   "none but with the method target_volatility", "one");
  }
  if (request.turnover_max && !plan.has_current) {
    return invalid("turnover_max", "current weights to count from: a portfolio or positions",
                   "neither");
  }
  if (request.symbols && (request.portfolio || request.positions)) {
    return invalid("symbols", "symbols, or a portfolio whose instruments are sized", "both");
  }
  if (plan.long_only && plan.min_weight < 0.0) {
    return invalid("min_weight", "0 or more where long_only holds", number_text(plan.min_weight));
  }
  if (plan.min_weight > plan.max_weight) {
    return invalid("min_weight", "at most max_weight, " + number_text(plan.max_weight),
                   number_text(plan.min_weight));
  }
  return {};
}

} // namespace

core::Result<SizingPlan> read_sizing(const messages::SizePositions& request) {
  SizingPlan plan;
  plan.method = request.method.value_or(messages::SizingMethod::equal_risk_contribution);
  plan.long_only = request.long_only.value_or(true);
  plan.min_weight = plan.long_only ? 0.0 : -1.0;
  plan.has_current = request.portfolio || request.positions;
  plan.bounds = request.bounds.value_or(std::vector<messages::WeightBound>{});
  plan.groups = request.groups.value_or(std::vector<messages::GroupLimit>{});
  for (auto read :
       {read_into(plan.min_weight, "min_weight", request.min_weight, -weight_limit, weight_limit),
        read_into(plan.max_weight, "max_weight", request.max_weight, -weight_limit, weight_limit),
        read_into(plan.turnover_max, "turnover_max", request.turnover_max, 0.0, weight_limit),
        read_into(plan.target_volatility_annual, "target_volatility_annual",
                  request.target_volatility_annual, 0.0, volatility_limit),
        read_into(plan.leverage_max, "leverage_max", request.leverage_max, 0.0, weight_limit),
        read_into(plan.capital, "capital", request.capital, 0.0, capital_limit),
        check_groups(plan.groups), check_combination(request, plan)}) {
    if (!read) {
      return read.error();
    }
  }
  for (std::size_t i = 0; i < plan.bounds.size(); ++i) {
    const auto field = "bounds[" + std::to_string(i) + "]";
    if (auto pair = check_pair(field, plan.bounds[i].min, plan.bounds[i].max); !pair) {
      return pair.error();
    }
  }
  return plan;
}

} // namespace troupe::correlation
