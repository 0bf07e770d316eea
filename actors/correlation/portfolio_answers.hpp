#pragma once

#include "actors/correlation/portfolio_view.hpp"

/// Replies about a portfolio, computed from closes: pure functions that solvers run.
namespace troupe::correlation {

[[nodiscard]] core::Result<messages::PcaReply> answer_pca(const PortfolioBasis& basis,
                                                          messages::PcaBasis of);

/// What is done to the correlations; exactly one of the three.
struct Stress {
  std::optional<double> factor;
  std::optional<messages::Matrix> matrix;
  std::optional<Scenario> scenario;
  std::shared_ptr<const std::vector<SeriesInput>> scenario_series; ///< of a scenario
};

/// The stressed correlations of a body: as many rows and columns as positions, finite, symmetric,
/// within -1 and 1. @returns INVALID_ARGUMENT naming the element
[[nodiscard]] core::Result<void> check_stress_matrix(const messages::Matrix& matrix,
                                                     std::size_t positions);

[[nodiscard]] core::Result<messages::StressTestReply> answer_stress(const PortfolioBasis& basis,
                                                                    const Stress& stress);

} // namespace troupe::correlation
