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

/// The panel of a request, and what a request for all instruments does without.
struct TakenPanel {
  Panel panel;
  std::vector<messages::LeftOut> left_out;
};

/// Aligns the closes of a selection: of the instruments that were named, or, where none were, of
/// those of all that can be used.
/// @param most  instruments that are taken at once where none were named
[[nodiscard]] core::Result<TakenPanel> take_panel(const Basis& basis, std::uint32_t most);

/// What every computed reply says about itself.
[[nodiscard]] messages::Meta
meta_of(const Panel& panel, messages::CorrelationMethod method, core::Timestamp now);

[[nodiscard]] messages::CorrelationMatrix
matrix_of(const Panel& panel, const Estimate& estimate, const Selection& selection);

[[nodiscard]] core::Result<messages::CorrelationMatrixReply> answer_matrix(const Basis& basis);

} // namespace troupe::correlation
