#include "inputs.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <stdexcept>
#include <vector>
#include <zlib.h>

namespace troupe::oracle {

namespace {

constexpr std::size_t input_bytes_max = std::size_t{1} << 30U;
constexpr std::string_view log_suffix = "(log)";

std::vector<std::string_view> split(std::string_view line, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = line.find(separator);
    parts.push_back(line.substr(0, end));
    if (end == std::string_view::npos) {
      return parts;
    }
    line.remove_prefix(end + 1);
  }
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

double parse_number(std::string_view text, const std::string& where) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw std::runtime_error(where + ": expected a number, found \"" + std::string{text} + "\"");
  }
  return value;
}

Eigen::VectorXd to_vector(const std::vector<double>& values) {
  return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

} // namespace

std::string read_text(const std::filesystem::path& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file{gzopen(path.c_str(), "rb"), gzclose};
  if (!file) {
    throw std::runtime_error("cannot open " + path.string());
  }
  std::string text;
  std::array<char, 1U << 16U> buffer{};
  for (;;) {
    const int n = gzread(file.get(), buffer.data(), static_cast<unsigned>(buffer.size()));
    if (n < 0 || text.size() > input_bytes_max) {
      throw std::runtime_error("cannot read " + path.string());
    }
    if (n == 0) {
      return text;
    }
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

Inputs::Inputs(const nlohmann::json& inputs, std::filesystem::path folder)
  : inputs_(inputs), folder_(std::move(folder)) {}

bool Inputs::has(const std::string& key) const {
  return inputs_.contains(key);
}

double Inputs::number(const std::string& key) const {
  const auto it = inputs_.find(key);
  if (it == inputs_.end() || !it->is_number()) {
    throw std::runtime_error("inputs." + key + ": expected a number, found "
                             + (it == inputs_.end() ? "nothing" : it->dump()));
  }
  return it->get<double>();
}

Eigen::Index Inputs::whole(const std::string& key) const {
  const double value = number(key);
  if (value != std::floor(value) || std::abs(value) > 1e9) {
    throw std::runtime_error("inputs." + key + ": expected a whole number");
  }
  return static_cast<Eigen::Index>(value);
}

std::string Inputs::text(const std::string& key, const std::string& otherwise) const {
  return inputs_.value(key, otherwise);
}

Eigen::VectorXd Inputs::column(std::string_view name) const {
  bool logarithms = false;
  if (name.ends_with(log_suffix)) {
    name = trimmed(name.substr(0, name.size() - log_suffix.size()));
    logarithms = true;
  }
  const std::string key{name};
  const auto inlined = inputs_.find(key);
  Eigen::VectorXd values = inlined != inputs_.end() && inlined->is_array()
                             ? to_vector(inlined->get<std::vector<double>>())
                             : csv_column(key);
  if (has("scale")) {
    values *= number("scale");
  }
  if (logarithms) {
    values = values.array().log().matrix();
  }
  return values;
}

std::vector<std::string> Inputs::column_names() const {
  if (has("columns")) {
    return inputs_.at("columns").get<std::vector<std::string>>();
  }
  if (has("column")) {
    return {text("column", "")};
  }
  const std::string content = read_text(folder_ / at("csv").get<std::string>());
  std::vector<std::string> names;
  for (const auto cell : split(split(content, '\n').front(), ',')) {
    names.emplace_back(trimmed(cell));
  }
  return names;
}

Eigen::MatrixXd Inputs::columns() const {
  Eigen::MatrixXd out;
  Eigen::Index i = 0;
  const auto names = column_names();
  for (const auto& name : names) {
    const Eigen::VectorXd values = column(name);
    if (i == 0) {
      out.resize(values.size(), static_cast<Eigen::Index>(names.size()));
    }
    if (values.size() != out.rows()) {
      throw std::runtime_error("inputs: columns of different lengths");
    }
    out.col(i++) = values;
  }
  return out;
}

const nlohmann::json& Inputs::at(const std::string& key) const {
  const auto it = inputs_.find(key);
  if (it == inputs_.end()) {
    throw std::runtime_error("inputs." + key + ": expected, found nothing");
  }
  return *it;
}

Eigen::VectorXd Inputs::vector(const std::string& key) const {
  return to_vector(at(key).get<std::vector<double>>());
}

Eigen::MatrixXd Inputs::matrix(const std::string& key) const {
  const auto& rows = at(key);
  if (!rows.is_array() || rows.empty()) {
    throw std::runtime_error("inputs." + key + ": expected rows, found " + rows.dump());
  }
  if (!rows.front().is_array()) {
    return vector(key);
  }
  Eigen::MatrixXd out(static_cast<Eigen::Index>(rows.size()),
                      static_cast<Eigen::Index>(rows.front().size()));
  Eigen::Index i = 0;
  for (const auto& row : rows) {
    const Eigen::VectorXd values = to_vector(row.get<std::vector<double>>());
    if (values.size() != out.cols()) {
      throw std::runtime_error("inputs." + key + ": rows of different lengths");
    }
    out.row(i++) = values.transpose();
  }
  return out;
}

Eigen::VectorXd Inputs::csv_column(const std::string& name) const {
  if (!has("csv")) {
    throw std::runtime_error("inputs: expected an array \"" + name + "\" or a csv, found neither");
  }
  const auto path = folder_ / text("csv", "");
  const std::string content = read_text(path);
  const auto lines = split(content, '\n');
  const auto header = split(lines.front(), ',');
  const auto found = std::find_if(header.begin(), header.end(),
                                  [&](std::string_view cell) { return trimmed(cell) == name; });
  if (found == header.end()) {
    throw std::runtime_error(path.string() + ": expected a column \"" + name + "\", found "
                             + std::string{trimmed(lines.front())});
  }
  const auto index = static_cast<std::size_t>(found - header.begin());
  std::vector<double> values;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (trimmed(lines[i]).empty()) {
      continue;
    }
    const std::string where = path.string() + ":" + std::to_string(i + 1);
    const auto cells = split(lines[i], ',');
    if (index >= cells.size()) {
      throw std::runtime_error(where + ": expected " + std::to_string(header.size())
                               + " cells, found " + std::to_string(cells.size()));
    }
    values.push_back(parse_number(trimmed(cells[index]), where));
  }
  return to_vector(values);
}

} // namespace troupe::oracle
