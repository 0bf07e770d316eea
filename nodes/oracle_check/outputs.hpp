#pragma once

#include "quant/expected.hpp"

#include <Eigen/Core>
#include <nlohmann/json.hpp>

#include <stdexcept>
#include <string>
#include <utility>

namespace troupe::oracle {

/// The value, or std::runtime_error with the reason why there is none.
template <class T>
T value_of(quant::Expected<T> result) {
  if (!result) {
    throw std::runtime_error("refused: " + std::string{quant::name(result.reason())});
  }
  return *std::move(result);
}

/// The series, or an empty one where the bars do not suffice for its first value.
template <class T>
T series_or_none(quant::Expected<T> result) {
  return !result && result.reason() == quant::Reason::TOO_SHORT ? T{} : value_of(std::move(result));
}

/// One entry per bar: null for the bars before those of `tail`.
inline nlohmann::json aligned(const Eigen::VectorXd& tail, Eigen::Index bars) {
  auto out = nlohmann::json::array();
  for (Eigen::Index t = 0; t < bars; ++t) {
    const auto i = t - (bars - tail.size());
    out.push_back(i < 0 ? nlohmann::json{} : nlohmann::json(tail[i]));
  }
  return out;
}

/// A list of numbers.
inline nlohmann::json list_of(const Eigen::Ref<const Eigen::VectorXd>& values) {
  auto out = nlohmann::json::array();
  for (const double value : values) {
    out.push_back(value);
  }
  return out;
}

/// A list of rows.
inline nlohmann::json rows_of(const Eigen::MatrixXd& matrix) {
  auto out = nlohmann::json::array();
  for (const auto& row : matrix.rowwise()) {
    out.push_back(list_of(row.transpose()));
  }
  return out;
}

/// Row `index` of some probabilities, or std::runtime_error where there is none.
template <class Matrix>
nlohmann::json row_at(const Matrix& matrix, const nlohmann::json& index) {
  const auto row = index.is_number_integer() ? index.get<Eigen::Index>() : -1;
  if (row < 0 || row >= matrix.rows()) {
    throw std::runtime_error("expected an index of 0 .. " + std::to_string(matrix.rows() - 1)
                             + ", found " + index.dump());
  }
  return list_of(matrix.row(row).transpose());
}

} // namespace troupe::oracle
