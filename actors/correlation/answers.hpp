#pragma once

#include "actors/correlation/estimate.hpp"
#include "actors/correlation/holdings.hpp"
#include "actors/correlation/selection.hpp"
#include "messages/position_sizing.hpp"

#include <span>

/// Replies computed from closes: pure functions that solvers run.
namespace troupe::correlation {

/// What a reply is computed from.
struct Basis {
  std::shared_ptr<const std::vector<SeriesInput>> series;
  core::Timestamp now; ///< of the sources' clock
  Selection selection;
  std::shared_ptr<const Settings> settings;
};

/// What every computed reply says about itself.
[[nodiscard]] messages::Meta
meta_of(const Panel& panel, messages::CorrelationMethod method, core::Timestamp now);

[[nodiscard]] messages::CorrelationMatrix
matrix_of(const Panel& panel, const Estimate& estimate, const Selection& selection);

[[nodiscard]] core::Result<messages::CorrelationMatrixReply> answer_matrix(const Basis& basis);

} // namespace troupe::correlation
