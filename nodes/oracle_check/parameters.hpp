#pragma once

#include "topics.hpp"

#include <Eigen/Core>
#include <nlohmann/json.hpp>

#include <initializer_list>
#include <optional>
#include <string>

namespace troupe::oracle {

/// A parameter of a case: an input, or where the expected outputs echo it; null where neither.
[[nodiscard]] nlohmann::json parameter(const Case& item, const std::string& key);
[[nodiscard]] std::optional<double> parameter_number(const Case& item, const std::string& key);
/// The first of several names that is there.
[[nodiscard]] std::optional<double> parameter_number(const Case& item,
                                                     std::initializer_list<const char*> keys);

/// Whether an output of this name is asked for.
[[nodiscard]] bool wants(const Case& item, const std::string& output);

/// What the case says of itself in words, lower case: where no field names the method.
[[nodiscard]] std::string words_of(const Case& item);
[[nodiscard]] bool mentions_any(const std::string& words, std::initializer_list<const char*> any);

/// The series of a case, shape (T, N): inline, or from its CSV. `rows`: "all", the number of first
/// rows, or [from, to), 0-based.
[[nodiscard]] Eigen::MatrixXd series_of(const Case& item);

/// Tolerances named by the first words of an output's path: `<words>_abs|_rel|_exact`. An output
/// that nothing names takes the overall abs and rel; else, in a group with stated members, the
/// loosest of them (what is derived from fitted parameters cannot be nearer than they are); else
/// the strictest one stated, absolute and relative alike.
[[nodiscard]] ToleranceOf tolerances_by_words(const nlohmann::json& tolerance);

/// compare_by with those tolerances; a bare array is taken as the one output "expected".
[[nodiscard]] Comparison compare_by_words(const Case& item, const nlohmann::json& found);

} // namespace troupe::oracle
