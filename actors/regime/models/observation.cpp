#include "actors/regime/models/observation.hpp"

#include <boost/describe/enum_to_string.hpp>

#include <algorithm>

namespace troupe::regime {

std::string name_of(trading::Regime regime) {
  return boost::describe::enum_to_string(regime, "?");
}

std::map<std::string, double> named(const Distribution& probabilities) {
  std::map<std::string, double> out;
  for (const auto regime : regimes_all) {
    out.emplace(name_of(regime), probabilities[index_of(regime)]);
  }
  return out;
}

trading::Regime most_probable(const Distribution& probabilities) {
  const auto at = std::max_element(probabilities.begin(), probabilities.end());
  return regimes_all[static_cast<std::size_t>(at - probabilities.begin())];
}

Distribution distribution_of(const RulesSaid& rules) {
  Distribution out{};
  out[index_of(rules.label)] = rules.confidence;
  const double rest = 1.0 - rules.confidence;
  if (rules.candidate != rules.label) {
    out[index_of(rules.candidate)] += rest;
    return out;
  }
  constexpr double others = regimes_all.size() - 1;
  for (const auto regime : regimes_all) {
    if (regime != rules.label) {
      out[index_of(regime)] += rest / others;
    }
  }
  return out;
}

} // namespace troupe::regime
