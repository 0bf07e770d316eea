#pragma once

#include "actors/regime/label.hpp"
#include "actors/regime/models/comparison.hpp"
#include "core/errc.hpp"

#include <optional>
#include <string>

namespace troupe::regime {

/// What was said of an instrument on one interval up to a bar, as it is stored beside the models:
/// who starts anew goes on from it and replays the bars after it alone.
struct RegimePath {
  std::uint64_t version = 0; ///< the stored document's
  std::string venue;         ///< whose bars they are
  LabelState rules;
  LabelState live;                           ///< of the ensemble
  std::optional<std::uint64_t> live_version; ///< of the set that said it; absent: the rules alone
  std::optional<LabelState> shadow;          ///< where one is fitted
  std::optional<std::uint64_t> shadow_version;
  ComparisonTally comparison;
  std::optional<trading::Regime> published; ///< the newest label that was told as a change
};
BOOST_DESCRIBE_STRUCT(
  RegimePath,
  (),
  (version, venue, rules, live, live_version, shadow, shadow_version, comparison, published))

/// Out of the text that it was stored as. @returns IO_ERROR that says what is wrong with it
[[nodiscard]] core::Result<RegimePath> restored_path(const std::string& stored);

} // namespace troupe::regime
