#pragma once

#include "inputs.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace troupe::oracle {

/// Computes a case's outputs through quant/: an object {output name: value}, series with one entry
/// per bar and null before warm-up. Throws std::runtime_error where the inputs do not suffice.
/// @param conventions  the case's text, where it chooses between conventions that quant/ offers
using Evaluate = nlohmann::json (*)(const Inputs& inputs, std::string_view conventions);

// Topics with a file of their own, topics_<group>.cpp.
nlohmann::json evaluate_covariance(const Inputs& inputs, std::string_view conventions);
nlohmann::json evaluate_pca(const Inputs& inputs, std::string_view conventions);

/// @returns null where the topic is not supported
[[nodiscard]] Evaluate find_topic(std::string_view topic);

} // namespace troupe::oracle
