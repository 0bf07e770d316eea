#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace troupe::oracle {

/// Outcome of comparing a case's outputs with what is expected.
struct Comparison {
  bool passed = true;
  std::size_t compared = 0; ///< numbers
  bool warm_up = false;     ///< whether entries were rightly expected to be none
  double worst_error = 0.0; ///< |found - expected| where it is largest relative to its tolerance
  double worst_tolerance = 0.0; ///< abs + rel |expected| there
  double worst_ratio = 0.0;     ///< worst_error / worst_tolerance; above 1 fails
  std::string worst_at;         ///< such as adx[27]
  std::string problem;          ///< a difference of shape; empty where there is none
  std::string note;             ///< what a reader must know of a pass, such as two likelihoods
};

/// What an output may be off by: abs + rel |expected|.
struct Tolerance {
  double absolute = 0.0;
  double relative = 0.0;
  std::size_t from_index = 0; ///< entries of an array before it are only checked for being there
};

/// Tolerance of an output by its path, such as `coef.omega`; none where none is stated.
using ToleranceOf = std::function<std::optional<Tolerance>(const std::string& path)>;

/// {abs, rel, from_index}, or a number, which is absolute.
[[nodiscard]] std::optional<Tolerance> read_tolerance(const nlohmann::json& value);

/// `NAME_abs` and `NAME_rel` of a case's tolerances.
[[nodiscard]] std::optional<Tolerance> named_tolerance(const nlohmann::json& tolerance,
                                                       const std::string& name);

/// Compares every output of `expected` (object: output name -> number, array or object of them).
/// A null in front of a series is warm-up and must be null in `found` too; a null further on is
/// where the oracle has no value, and is not compared.
/// @param tolerance  {abs, rel}, or one entry of either form per output name; `if_wilder_seed`
///                   {from_index, abs, rel} takes precedence for arrays: our seeds are Wilder's,
///                   entries before from_index are then not compared, their warm-up still is
[[nodiscard]] Comparison compare(const nlohmann::json& expected,
                                 const nlohmann::json& found,
                                 const nlohmann::json& tolerance);

/// The same with a topic's own reading of the tolerances.
/// @param tolerance_of  asked for every key of every object; nested keys are joined by dots
[[nodiscard]] Comparison compare_by(const nlohmann::json& expected,
                                    const nlohmann::json& found,
                                    const ToleranceOf& tolerance_of);

/// What our kernels make of the oracle's own parameters.
struct AtOracle {
  double log_likelihood;
  double likelihood_tolerance; ///< absolute
  Comparison outputs;          ///< of what follows from the parameters beside the likelihood
};

/// A fit beside the oracle's.
struct Fit {
  double expected; ///< the oracle's log-likelihood
  double found;    ///< ours
  /// None where the oracle does not state all of its parameters.
  std::function<std::optional<AtOracle>()> at_oracle;
};

/// The rule for fits: shows both log-likelihoods, and where ours is the higher one, or as high,
/// outputs that differ pass if the oracle's agree with its own parameters: it stands at another
/// point then, and is right about that one. What is missing or of another shape still fails, and so
/// does what does not depend on the fit: that is compared apart.
void judge_fit(const Fit& fit, Comparison& comparison);

/// Takes the key `loglik` out of the outputs at the oracle's parameters and compares the others.
/// @param found  the same outputs, loglik among them
[[nodiscard]] AtOracle compare_at_oracle(nlohmann::json expected,
                                         const nlohmann::json& found,
                                         const ToleranceOf& tolerances,
                                         const std::string& likelihood_path = "loglik");

/// Adds a comparison of other outputs of the same case.
void merge(Comparison& into, Comparison other);

} // namespace troupe::oracle
