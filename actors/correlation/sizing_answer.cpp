#include "actors/correlation/sizing_answer.hpp"

#include "quant/portfolio/constraints.hpp"
#include "quant/portfolio/diversification.hpp"
#include "quant/portfolio/hierarchical.hpp"
#include "quant/portfolio/optimise.hpp"
#include "quant/portfolio/risk_budget.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace troupe::correlation {

using core::Error;
using messages::SizingMethod;

namespace {

/// Distance at which a constraint counts as met with equality.
constexpr double binding_tolerance = 1e-6;

core::Result<Eigen::Index>
place_of(const PortfolioView& view, const trading::InstrumentId& id, const std::string& field) {
  const auto& known = view.panel.instruments;
  const auto found = std::find(known.begin(), known.end(), id);
  if (found == known.end()) {
    return invalid(field, "one of the instruments that are sized", id.to_text());
  }
  return static_cast<Eigen::Index>(found - known.begin());
}

core::Result<quant::PortfolioConstraints> constraints_of(const PortfolioView& view,
                                                         const SizingPlan& plan) {
  const auto size = view.panel.size();
  auto out = quant::PortfolioConstraints::budget_only(size);
  out.lower.setConstant(plan.min_weight);
  out.upper.setConstant(plan.max_weight);
  for (std::size_t i = 0; i < plan.bounds.size(); ++i) {
    const auto& bound = plan.bounds[i];
    const auto at =
      place_of(view, bound.instrument, "bounds[" + std::to_string(i) + "].instrument");
    if (!at) {
      return at.error();
    }
    out.lower(*at) = bound.min.value_or(out.lower(*at));
    out.upper(*at) = bound.max.value_or(out.upper(*at));
    if (plan.long_only) {
      out.lower(*at) = std::max(out.lower(*at), 0.0);
    }
    if (out.lower(*at) > out.upper(*at)) {
      return invalid("bounds[" + std::to_string(i) + "]",
                     "a min of at most the max, " + number_text(out.upper(*at)),
                     number_text(out.lower(*at)));
    }
  }
  for (std::size_t i = 0; i < plan.groups.size(); ++i) {
    const auto& group = plan.groups[i];
    auto& limit = out.groups.emplace_back();
    limit.name = group.name.empty() ? std::to_string(i) : group.name;
    limit.lower = group.min.value_or(limit.lower);
    limit.upper = group.max.value_or(limit.upper);
    for (const auto& id : group.symbols) {
      const auto at = place_of(view, id, "groups[" + std::to_string(i) + "].symbols");
      if (!at) {
        return at.error();
      }
      limit.members.push_back(*at);
    }
  }
  if (plan.turnover_max) {
    out.turnover = quant::TurnoverLimit{view.weights, *plan.turnover_max};
  }
  return out;
}

/// A method's own weights, long-only and summing to 1, before constraints.
struct Wanted {
  Eigen::VectorXd weights;
};

core::Result<Wanted> wanted_by(SizingMethod method, const Eigen::MatrixXd& covariance) {
  if (method == SizingMethod::equal_risk_contribution) {
    const auto found = quant::equal_risk_contribution(covariance);
    return found ? core::Result<Wanted>{Wanted{found->weights}}
                 : core::Result<Wanted>{kernel_error("equal risk contribution", found.reason())};
  }
  if (method == SizingMethod::hierarchical_risk_parity) {
    const auto found = quant::hierarchical_risk_parity(covariance);
    return found ? core::Result<Wanted>{Wanted{found->weights}}
                 : core::Result<Wanted>{kernel_error("hierarchical risk parity", found.reason())};
  }
  const auto found = quant::inverse_volatility(covariance);
  return found ? core::Result<Wanted>{Wanted{*found}}
               : core::Result<Wanted>{kernel_error("inverse volatility", found.reason())};
}

core::Result<quant::Portfolio> optimised(const SizingPlan& plan,
                                         const Eigen::MatrixXd& covariance,
                                         const quant::PortfolioConstraints& constraints) {
  const auto take = [](const quant::Expected<quant::Portfolio>& found, const char* what) {
    return found ? core::Result<quant::Portfolio>{*found}
                 : core::Result<quant::Portfolio>{kernel_error(what, found.reason())};
  };
  if (plan.method == SizingMethod::minimum_variance) {
    return take(quant::minimum_variance(covariance, constraints), "minimum variance");
  }
  if (plan.method == SizingMethod::maximum_diversification) {
    return take(quant::maximum_diversification(covariance, constraints), "maximum diversification");
  }
  const auto wanted = wanted_by(plan.method, covariance);
  if (!wanted) {
    return wanted.error();
  }
  return take(quant::nearest_portfolio(covariance, wanted->weights, constraints),
              "the nearest portfolio within the limits");
}

/// Scales to the target volatility, at most to the leverage and as far as the bounds allow.
core::Result<void> scale(messages::PositionSizing& out,
                         Eigen::VectorXd& weights,
                         const SizingPlan& plan,
                         const Eigen::MatrixXd& covariance,
                         const quant::PortfolioConstraints& constraints,
                         double annual) {
  const auto scaled = quant::scale_to_volatility(
    covariance, weights, *plan.target_volatility_annual / annual, plan.leverage_max);
  if (!scaled) {
    return kernel_error("scaling to the target volatility", scaled.reason());
  }
  double leverage = scaled->leverage;
  if (scaled->capped) {
    out.feasible = false;
    out.reasons.push_back("target_volatility_annual is out of reach within leverage_max "
                          + number_text(plan.leverage_max));
  }
  for (Eigen::Index i = 0; i < weights.size(); ++i) {
    const double bound = weights(i) > 0.0 ? constraints.upper(i) : constraints.lower(i);
    if (weights(i) != 0.0 && leverage > 1.0 && leverage * weights(i) / bound > 1.0) {
      leverage = std::max(bound / weights(i), 1.0);
      out.feasible = false;
      out.reasons.push_back("target_volatility_annual is out of reach within the weight of "
                            + out.symbols[static_cast<std::size_t>(i)].to_text() + ", at most "
                            + number_text(bound));
    }
  }
  weights *= leverage;
  return {};
}

void add_binding(messages::PositionSizing& out,
                 const Eigen::VectorXd& weights,
                 const quant::PortfolioConstraints& constraints) {
  // one that gave way binds as well
  const auto at_least = [](double a, double b) { return a >= b - binding_tolerance; };
  for (Eigen::Index i = 0; i < weights.size(); ++i) {
    const auto name = out.symbols[static_cast<std::size_t>(i)].to_text();
    if (at_least(constraints.lower(i), weights(i))) {
      out.binding.push_back("min weight of " + name);
    }
    if (at_least(weights(i), constraints.upper(i))) {
      out.binding.push_back("max weight of " + name);
    }
  }
  for (const auto& group : constraints.groups) {
    double sum = 0.0;
    for (const auto i : group.members) {
      sum += weights(i);
    }
    if (at_least(group.lower, sum)) {
      out.binding.push_back("min of group " + group.name);
    }
    if (at_least(sum, group.upper)) {
      out.binding.push_back("max of group " + group.name);
    }
  }
  if (out.turnover && constraints.turnover
      && at_least(*out.turnover, constraints.turnover->turnover_max)) {
    out.binding.emplace_back("turnover_max");
  }
}

core::Result<void> add_amounts(messages::PositionSizing& out,
                               const PortfolioBasis& from,
                               const PortfolioView& view,
                               const Eigen::VectorXd& weights,
                               double capital) {
  std::vector<trading::Money> notionals;
  std::vector<trading::Quantity> quantities;
  for (Eigen::Index i = 0; i < weights.size(); ++i) {
    const auto notional = trading::Money::round_from(weights(i) * capital);
    const auto quantity =
      trading::Quantity::round_from(weights(i) * capital / view.panel.last_prices(i));
    if (!notional || !quantity) {
      return invalid("capital", "an amount whose positions can be counted", number_text(capital));
    }
    notionals.push_back(*notional);
    if (quote_currency(view.panel.instruments[static_cast<std::size_t>(i)])
        == from.holdings.portfolio.base_currency) {
      quantities.push_back(*quantity);
    }
  }
  if (quantities.size() == notionals.size()) {
    out.quantities = std::move(quantities);
  }
  out.notionals = std::move(notionals);
  return {};
}

core::Result<void> add_risk(messages::PositionSizing& out,
                            const PortfolioView& view,
                            const Eigen::VectorXd& weights,
                            double annual) {
  const auto risk = risk_of(view.estimate, weights);
  if (!risk) {
    return risk.error();
  }
  out.volatility_annual = risk->volatility * annual;
  out.volatilities_annual = values_of(view.estimate.volatility * annual);
  out.risk_contributions = values_of(risk->contributions);
  out.diversification_ratio = risk->diversification_ratio;
  out.effective_bets = risk->effective_bets;
  out.herfindahl = risk->herfindahl;
  return {};
}

} // namespace

core::Result<messages::PositionSizingReply> answer_sizing(const PortfolioBasis& from,
                                                          const SizingPlan& plan) {
  const auto view = view_of(from);
  if (!view) {
    return view.error();
  }
  const auto constraints = constraints_of(*view, plan);
  if (!constraints) {
    return constraints.error();
  }
  const Eigen::MatrixXd covariance = view->estimate.covariance();
  auto found = optimised(plan, covariance, *constraints);
  if (!found) {
    return found.error();
  }
  const auto& selection = from.basis.selection;
  const double annual = annual_factor(selection.interval);
  messages::PositionSizingReply reply;
  reply.meta = meta_of(view->panel, selection.method, from.basis.now);
  auto& out = reply.data;
  out.method = plan.method;
  out.symbols = view->panel.instruments;
  out.covariance_method = selection.method;
  out.interval = selection.interval;
  out.window = selection.window;
  out.left_out = from.left_out;
  out.feasible = found->relaxed.empty();
  if (!found->reason.empty()) {
    out.reasons.push_back(found->reason);
  }
  auto weights = found->weights;
  if (plan.method == SizingMethod::target_volatility) {
    if (auto done = scale(out, weights, plan, covariance, *constraints, annual); !done) {
      return done.error();
    }
  }
  out.weights = values_of(weights);
  out.cash = 1.0 - weights.sum();
  if (plan.has_current) {
    out.turnover = (weights - view->weights).cwiseAbs().sum();
  }
  add_binding(out, weights, *constraints);
  if (auto done = add_risk(out, *view, weights, annual); !done) {
    return done.error();
  }
  if (plan.capital) {
    if (auto done = add_amounts(out, from, *view, weights, *plan.capital); !done) {
      return done.error();
    }
  }
  return reply;
}

} // namespace troupe::correlation
