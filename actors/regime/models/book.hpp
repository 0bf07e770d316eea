#pragma once

#include "actors/regime/models/fitted_model.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::regime {

/// The models of one instrument and interval: which set is live, which one is a shadow, what can be
/// rolled back to. A value: changes make a new book, which is in use once it is stored.
///
/// Sets of one era follow each other by refits; a promotion or a rollback begins a new era. Of each
/// earlier era, and of the present one before its last refit, the newest set is kept.
struct ModelBook {
  std::uint64_t version = 0; ///< counts the changes: the stored document's
  std::uint64_t fits = 0;    ///< version of the newest set
  std::uint64_t era = 1;
  std::optional<ModelSet> live;
  std::optional<messages::RegimeModelSpec> live_spec; ///< absent: that of the settings
  std::optional<messages::RegimeModelSpec> shadow_spec;
  std::optional<ModelSet> shadow;
  std::vector<ModelSet> previous; ///< newest first
  bool pinned = false;            ///< rolled back to: not refitted until a promotion

  /// A fit of the live set.
  void fitted(ModelSet set, std::size_t previous_max);
  /// A fit of the shadow; left out where another shadow is wanted by now. @returns whether it was
  /// taken
  bool shadow_fitted(ModelSet set);
  void start_shadow(const messages::RegimeModelSpec& spec);
  /// @returns NOT_FOUND where there is no shadow, NOT_READY where it is not fitted yet, CONFLICT
  ///          where `expected` is another version
  [[nodiscard]] core::Result<void> promote(std::optional<std::uint64_t> expected,
                                           std::size_t previous_max);
  /// @param to  a version of `previous`; absent: the newest of an earlier era, else of this one
  /// @returns   NOT_FOUND where there is none
  [[nodiscard]] core::Result<void> roll_back(std::optional<std::uint64_t> to,
                                             std::size_t previous_max);
  /// @returns NOT_FOUND where there is no shadow
  [[nodiscard]] core::Result<void> discard_shadow();

private:
  void keep_live(std::size_t previous_max);
};
BOOST_DESCRIBE_STRUCT(ModelBook,
                      (),
                      (version, fits, era, live, live_spec, shadow_spec, shadow, previous, pinned))

/// Out of the text that it was stored as. @returns IO_ERROR that says what is wrong with it
[[nodiscard]] core::Result<ModelBook> restored_book(const std::string& stored);

} // namespace troupe::regime
