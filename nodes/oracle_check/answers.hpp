#pragma once

#include "quant/expected.hpp"

#include <Eigen/Core>
#include <nlohmann/json.hpp>

#include <stdexcept>
#include <string>
#include <utility>

namespace troupe::oracle {

/// The value, or std::runtime_error that names the reason why there is none.
template <class T>
T value_of(quant::Expected<T> result) {
  if (!result) {
    throw std::runtime_error("refused: " + std::string{quant::name(result.reason())});
  }
  return *std::move(result);
}

inline nlohmann::json to_json(const Eigen::Ref<const Eigen::VectorXd>& values) {
  nlohmann::json out = nlohmann::json::array();
  for (const double value : values) {
    out.push_back(value);
  }
  return out;
}

/// A list of rows.
inline nlohmann::json rows_of(const Eigen::MatrixXd& matrix) {
  nlohmann::json out = nlohmann::json::array();
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    out.push_back(to_json(matrix.row(i).transpose()));
  }
  return out;
}

} // namespace troupe::oracle
