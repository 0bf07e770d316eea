#pragma once

#include <Eigen/Core>

#include <vector>

namespace troupe::quant {

// Entries by a list of indices, as plain loops: Eigen's indexed views copy the list and take long
// to compile.

[[nodiscard]] inline Eigen::VectorXd selected(const Eigen::Ref<const Eigen::VectorXd>& x,
                                              const std::vector<Eigen::Index>& index) {
  Eigen::VectorXd out(static_cast<Eigen::Index>(index.size()));
  Eigen::Index k = 0;
  for (const Eigen::Index i : index) {
    out[k++] = x[i];
  }
  return out;
}

[[nodiscard]] inline Eigen::MatrixXd
selected_columns(const Eigen::Ref<const Eigen::MatrixXd>& matrix,
                 const std::vector<Eigen::Index>& index) {
  Eigen::MatrixXd out(matrix.rows(), static_cast<Eigen::Index>(index.size()));
  Eigen::Index k = 0;
  for (const Eigen::Index j : index) {
    out.col(k++) = matrix.col(j);
  }
  return out;
}

/// Rows and columns alike.
[[nodiscard]] inline Eigen::MatrixXd selected(const Eigen::Ref<const Eigen::MatrixXd>& matrix,
                                              const std::vector<Eigen::Index>& rows,
                                              const std::vector<Eigen::Index>& columns) {
  Eigen::MatrixXd out(static_cast<Eigen::Index>(rows.size()),
                      static_cast<Eigen::Index>(columns.size()));
  for (std::size_t c = 0; c < columns.size(); ++c) {
    for (std::size_t r = 0; r < rows.size(); ++r) {
      out(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(c)) = matrix(rows[r], columns[c]);
    }
  }
  return out;
}

} // namespace troupe::quant
