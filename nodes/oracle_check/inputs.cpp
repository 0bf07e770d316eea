#include "inputs.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
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

Inputs::Inputs(nlohmann::json inputs, std::filesystem::path folder, const nlohmann::json& item)
  : inputs_(std::make_unique<nlohmann::json>(std::move(inputs))), item_(item),
    folder_(std::move(folder)) {}

Inputs::~Inputs() = default;

const nlohmann::json& Inputs::empty_case() {
  static const nlohmann::json none = nlohmann::json::object();
  return none;
}

bool Inputs::has(const std::string& key) const {
  return inputs_->contains(key);
}

const nlohmann::json& Inputs::at(const std::string& key) const {
  const auto it = inputs_->find(key);
  if (it == inputs_->end()) {
    throw std::runtime_error("inputs: expected \"" + key + "\", found none");
  }
  return *it;
}

double Inputs::number(const std::string& key) const {
  const auto it = inputs_->find(key);
  if (it == inputs_->end() || !it->is_number()) {
    throw std::runtime_error("inputs." + key + ": expected a number, found "
                             + (it == inputs_->end() ? "nothing" : it->dump()));
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
  return inputs_->value(key, otherwise);
}

Eigen::VectorXd Inputs::column(std::string_view name) const {
  bool logarithms = false;
  if (name.ends_with(log_suffix)) {
    name = trimmed(name.substr(0, name.size() - log_suffix.size()));
    logarithms = true;
  }
  const std::string key{name};
  const auto inlined = inputs_->find(key);
  Eigen::VectorXd values = inlined != inputs_->end() && inlined->is_array()
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

std::vector<std::string> Inputs::csv_header() const {
  const std::string content = read_text(folder_ / at("csv").get<std::string>());
  std::vector<std::string> names;
  for (const auto cell : split(std::string_view{content}.substr(0, content.find('\n')), ',')) {
    names.emplace_back(trimmed(cell));
  }
  return names;
}

Eigen::MatrixXd Inputs::table() const {
  for (const char* key : {"returns", "x", "X", "data"}) {
    if (!has("csv") && has(key)) {
      return matrix(key);
    }
  }
  const auto names = has("columns") ? at("columns").get<std::vector<std::string>>() : csv_header();
  Eigen::MatrixXd out;
  for (std::size_t j = 0; j < names.size(); ++j) {
    const auto values = column(names[j]);
    if (j == 0) {
      out.resize(values.size(), static_cast<Eigen::Index>(names.size()));
    }
    if (values.size() != out.rows()) {
      throw std::runtime_error("inputs.columns: expected columns of one length");
    }
    out.col(static_cast<Eigen::Index>(j)) = values;
  }
  const auto rows = has("rows") ? at("rows") : nlohmann::json("all");
  if (rows.is_number_integer()) {
    return out.topRows(std::min(rows.get<Eigen::Index>(), out.rows()));
  }
  if (rows.is_array() && rows.size() == 2) {
    const auto from = rows[0].get<Eigen::Index>();
    const auto to = rows[1].get<Eigen::Index>();
    if (from < 0 || to <= from || to > out.rows()) {
      throw std::runtime_error("inputs.rows: expected 0 <= from < to <= "
                               + std::to_string(out.rows()));
    }
    return out.middleRows(from, to - from);
  }
  if (rows != "all") {
    throw std::runtime_error("inputs.rows: expected \"all\", a number or [from, to), found "
                             + rows.dump());
  }
  return out;
}

Eigen::MatrixXd Inputs::matrix(const std::string& key) const {
  const auto rows = at(key).get<std::vector<std::vector<double>>>();
  Eigen::MatrixXd out(static_cast<Eigen::Index>(rows.size()),
                      static_cast<Eigen::Index>(rows.empty() ? 0 : rows.front().size()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].size() != rows.front().size()) {
      throw std::runtime_error("inputs." + key + ": expected rows of one length");
    }
    out.row(static_cast<Eigen::Index>(i)) = to_vector(rows[i]);
  }
  return out;
}

Eigen::VectorXd Inputs::vector(const std::string& key) const {
  return to_vector(at(key).get<std::vector<double>>());
}

const nlohmann::json& Inputs::parameter(const std::string& key) const {
  static const nlohmann::json none;
  if (has(key)) {
    return at(key);
  }
  const auto expected = item_.find("expected");
  if (expected != item_.end() && expected->is_object() && expected->contains(key)) {
    return expected->at(key);
  }
  return none;
}

std::optional<double> Inputs::parameter_number(const std::string& key) const {
  const auto& value = parameter(key);
  return value.is_number() ? std::optional{value.get<double>()} : std::nullopt;
}

std::vector<std::string> Inputs::wanted() const {
  std::vector<std::string> names;
  if (const auto it = item_.find("expected"); it != item_.end() && it->is_object()) {
    for (const auto& entry : it->items()) {
      names.push_back(entry.key());
    }
  }
  return names;
}

bool Inputs::wants(const std::string& output) const {
  const auto names = wanted();
  return std::find(names.begin(), names.end(), output) != names.end();
}

std::string Inputs::words() const {
  std::string text;
  for (const char* key : {"id", "conventions", "how_produced"}) {
    if (const auto it = item_.find(key); it != item_.end() && it->is_string()) {
      text += it->get<std::string>() + " ; ";
    }
  }
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

nlohmann::json resolved_inputs(const nlohmann::json& item, const nlohmann::json& cases) {
  const auto referred = [&](const nlohmann::json& value) -> nlohmann::json {
    const auto text = value.is_string() ? value.get<std::string>() : std::string{};
    if (!text.starts_with("see ") && !text.starts_with("same as ")) {
      return {};
    }
    const auto id = text.substr(text.rfind(' ') + 1);
    for (const auto& other : cases) {
      if (other.value("id", "") == id && other.at("inputs").is_object()) {
        return other.at("inputs");
      }
    }
    throw std::runtime_error("inputs: refers to a case that is not in this file: " + text);
  };
  const auto& inputs = item.at("inputs");
  if (auto whole = referred(inputs); !whole.is_null()) {
    return whole;
  }
  auto out = inputs;
  for (const auto& value : inputs) {
    if (const auto other = referred(value); !other.is_null()) {
      for (const auto& [key, given] : other.items()) {
        if (!out.contains(key)) {
          out[key] = given;
        }
      }
    }
  }
  return out;
}

} // namespace troupe::oracle
