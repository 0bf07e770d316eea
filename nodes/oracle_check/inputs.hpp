#pragma once

#include <Eigen/Core>
#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::oracle {

/// The inputs of one case: parameters, and columns either inline (arrays of numbers) or in the CSV
/// file, plain or gzipped, that `csv` names relative to the oracle file's folder.
/// What is missing or malformed throws std::runtime_error that says what was expected and found.
class Inputs {
public:
  /// @param item  the whole case, where its text, or parameters echoed among what is expected,
  /// matter
  Inputs(nlohmann::json inputs,
         std::filesystem::path folder,
         const nlohmann::json& item = empty_case());
  ~Inputs();
  Inputs(const Inputs&) = delete;
  Inputs& operator=(const Inputs&) = delete;

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
  [[nodiscard]] const nlohmann::json& at(const std::string& key) const;

  /// The columns that `columns` names, or all of the CSV, shape (rows, columns). `rows`: "all", the
  /// number of first rows, or [from, to), 0-based.
  [[nodiscard]] Eigen::MatrixXd table() const;
  /// A list of rows, or a list of numbers.
  [[nodiscard]] Eigen::MatrixXd matrix(const std::string& key) const;
  [[nodiscard]] Eigen::VectorXd vector(const std::string& key) const;

  /// A parameter of the case: an input, or where the expected outputs echo it; null where neither.
  [[nodiscard]] const nlohmann::json& parameter(const std::string& key) const;
  [[nodiscard]] std::optional<double> parameter_number(const std::string& key) const;
  /// The names of the outputs that are asked for.
  [[nodiscard]] std::vector<std::string> wanted() const;
  [[nodiscard]] bool wants(const std::string& output) const;
  /// Everything the case says of itself in words (id, conventions, how it was produced), lower
  /// case: where it does not name its method in a field.
  [[nodiscard]] std::string words() const;

private:
  [[nodiscard]] Eigen::VectorXd csv_column(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> csv_header() const;
  static const nlohmann::json& empty_case();

  std::unique_ptr<nlohmann::json> inputs_;
  const nlohmann::json& item_;
  std::filesystem::path folder_;
};

/// A case's inputs with references to other cases of its file resolved: the text "same as ID" in
/// place of the inputs, or "see ID" in place of one of them (what that case has and this one lacks
/// is taken over).
[[nodiscard]] nlohmann::json resolved_inputs(const nlohmann::json& item,
                                             const nlohmann::json& cases);

/// The whole text of a file, gunzipped where it is gzipped.
[[nodiscard]] std::string read_text(const std::filesystem::path& path);

} // namespace troupe::oracle
