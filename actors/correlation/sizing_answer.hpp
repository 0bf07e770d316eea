#pragma once

#include "actors/correlation/portfolio_view.hpp"
#include "messages/position_sizing.hpp"

namespace troupe::correlation {

/// What weights must satisfy, checked, and what else sizing takes.
struct SizingPlan {
  messages::SizingMethod method = messages::SizingMethod::equal_risk_contribution;
  bool long_only = true;
  double min_weight = 0.0; ///< of each
  double max_weight = 1.0;
  std::vector<messages::WeightBound> bounds;
  std::vector<messages::GroupLimit> groups;
  std::optional<double> turnover_max;
  std::optional<double> target_volatility_annual;
  double leverage_max = 1.0;
  std::optional<double> capital;
  bool has_current = false; ///< the portfolio's weights are the current ones
};

/// @returns INVALID_ARGUMENT naming the field that is out of bounds or does not go with the others
[[nodiscard]] core::Result<SizingPlan> read_sizing(const messages::SizePositions& request);

/// Weights by the plan's method within its constraints. Where they cannot all be met, the nearest
/// weights that can be had, with what gave way.
/// @returns INVALID_ARGUMENT for bounds and groups of instruments that are not sized
[[nodiscard]] core::Result<messages::PositionSizingReply> answer_sizing(const PortfolioBasis& from,
                                                                        const SizingPlan& plan);

} // namespace troupe::correlation
