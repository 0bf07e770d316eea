#pragma once

#include "quant/volatility/garch.hpp"
#include "topics.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>

/// Reading a case's texts and tolerances, shared by the topics that judge their cases themselves.
namespace troupe::oracle::reading {

/// Conventions and how the numbers were produced.
[[nodiscard]] std::string text_of(const Case& item);

[[nodiscard]] bool mentions(std::string_view text, std::string_view word);

/// The first group of the first match of a regular expression, or none.
[[nodiscard]] std::optional<std::string> matched(const std::string& text,
                                                 const std::string& pattern);

/// The last key of a path of keys joined by dots, and the first.
[[nodiscard]] std::string leaf_of(const std::string& path);
[[nodiscard]] std::string top_of(const std::string& path);

/// The first of these names that a tolerance is stated for, or the one for all, or none.
[[nodiscard]] std::optional<Tolerance> first_named(const nlohmann::json& tolerance,
                                                   std::initializer_list<std::string> names);

/// The GARCH model of a case, from the expected coefficients' names and the conventions.
[[nodiscard]] quant::GarchModel garch_model_of(const Case& item);

/// The limit of alpha + beta that the conventions state; most libraries impose none.
[[nodiscard]] std::optional<double> persistence_limit_of(const Case& item);

/// GARCH parameters by any of the names that libraries give them; none where one is missing.
[[nodiscard]] std::optional<quant::GarchParameters>
garch_parameters_of(const nlohmann::json& named, const quant::GarchModel& model);

/// GARCH parameters, or their standard errors, under the names that libraries give them.
[[nodiscard]] nlohmann::json named_parameters(const Eigen::VectorXd& values,
                                              const quant::GarchModel& model);

} // namespace troupe::oracle::reading
