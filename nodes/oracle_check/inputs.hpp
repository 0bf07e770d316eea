#pragma once

#include <Eigen/Core>
#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::oracle {

/// The inputs of one case: parameters, and columns either inline (arrays of numbers) or in the CSV
/// file, plain or gzipped, that `csv` names relative to the oracle file's folder.
/// What is missing or malformed throws std::runtime_error that says what was expected and found.
class Inputs {
public:
  Inputs(const nlohmann::json& inputs, std::filesystem::path folder);

  /// A column of the inputs, decimals correctly rounded. "(log)" after a name takes logarithms;
  /// the input `scale` multiplies the column first.
  [[nodiscard]] Eigen::VectorXd column(std::string_view name) const;

  /// The columns that `columns` names, or that `column` names, or else all of the CSV file; shape
  /// (T, N).
  [[nodiscard]] Eigen::MatrixXd columns() const;
  /// Names of them, in order.
  [[nodiscard]] std::vector<std::string> column_names() const;

  /// An array of numbers.
  [[nodiscard]] Eigen::VectorXd vector(const std::string& key) const;
  /// An array of rows; an array of numbers is one column.
  [[nodiscard]] Eigen::MatrixXd matrix(const std::string& key) const;
  /// The value of a key that is there.
  [[nodiscard]] const nlohmann::json& at(const std::string& key) const;

  [[nodiscard]] bool has(const std::string& key) const;
  [[nodiscard]] double number(const std::string& key) const;
  [[nodiscard]] Eigen::Index whole(const std::string& key) const;
  [[nodiscard]] std::string text(const std::string& key, const std::string& otherwise) const;

private:
  [[nodiscard]] Eigen::VectorXd csv_column(const std::string& name) const;

  const nlohmann::json& inputs_;
  std::filesystem::path folder_;
};

/// The whole text of a file, gunzipped where it is gzipped.
[[nodiscard]] std::string read_text(const std::filesystem::path& path);

} // namespace troupe::oracle
