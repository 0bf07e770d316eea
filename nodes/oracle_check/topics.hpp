#pragma once

#include "compare.hpp"
#include "inputs.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace troupe::oracle {

/// Computes a case's outputs through quant/: an object {output name: value}, series with one entry
/// per bar and null before warm-up. Throws std::runtime_error where the inputs do not suffice.
/// @param conventions  the case's text, where it chooses between conventions that quant/ offers
using Evaluate = nlohmann::json (*)(const Inputs& inputs, std::string_view conventions);

/// A whole case, for topics whose outputs and tolerances need a reading of their own.
struct Case {
  const Inputs& inputs;
  std::string_view conventions;
  std::string_view how_produced; ///< names the variant where the inputs do not
  /// Which outputs are asked for, and the parameters that are echoed there; results are never taken
  /// from it.
  const nlohmann::json& expected;
  const nlohmann::json& tolerance;
  std::string_view id; ///< often names the method, where nothing else does
};

/// Computes and compares; throws as Evaluate.
using Judge = Comparison (*)(const Case& item);

struct Topic {
  std::string_view name;
  Evaluate evaluate = nullptr; ///< compared by compare(); either this
  Judge judge = nullptr;       ///< or this
};

/// @returns null where the topic is not supported
[[nodiscard]] const Topic* find_topic(std::string_view topic);

// Topics in files of their own; topics.cpp has the table.
Comparison judge_realised_volatility(const Case& item);
Comparison judge_garch(const Case& item);
Comparison judge_covariance(const Case& item);
Comparison judge_pca(const Case& item);
Comparison judge_dcc(const Case& item);
Comparison judge_hmm(const Case& item);
Comparison judge_markov_switching(const Case& item);
Comparison judge_copula_tail(const Case& item);
Comparison judge_portfolio(const Case& item);

} // namespace troupe::oracle
