#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string>

namespace troupe::oracle {

/// Outcome of comparing a case's outputs with what is expected.
struct Comparison {
  bool passed = true;
  std::size_t compared = 0; ///< numbers
  double worst_error = 0.0; ///< |found - expected| where it is largest relative to its tolerance
  double worst_tolerance = 0.0; ///< abs + rel |expected| there
  double worst_ratio = 0.0;     ///< worst_error / worst_tolerance; above 1 fails
  std::string worst_at;         ///< such as adx[27]
  std::string problem;          ///< a difference of shape; empty where there is none
};

/// Compares every output of `expected` (object: output name -> number, arrays of them, or a group
/// of outputs; or one bare array). A null in front of a series is warm-up and must be null in
/// `found` too; a null further on is where the oracle has no value, and is not compared.
/// @param tolerance  {abs, rel}, or one entry of either form per output name; `if_wilder_seed`
///                   {from_index, abs, rel} takes precedence for arrays: our seeds are Wilder's,
///                   entries before from_index are then not compared, their warm-up still is.
///                   `<output>_abs|_rel|_exact` may name an output, a group, or the first words of
///                   their names. An output that nothing names: the overall abs and rel; else, in a
///                   group with stated members, the loosest of them; else the strictest one stated
[[nodiscard]] Comparison compare(const nlohmann::json& expected,
                                 const nlohmann::json& found,
                                 const nlohmann::json& tolerance);

} // namespace troupe::oracle
