#include "parameters.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>

namespace troupe::oracle {

namespace parameters_detail {

using nlohmann::json;

/// `<stem>_abs`, `<stem>_rel` and `<stem>_exact` (an absolute one) together.
std::optional<Tolerance> named_by_stem(const json& tolerance, const std::string& stem) {
  auto out = named_tolerance(tolerance, stem);
  if (const auto it = tolerance.find(stem + "_exact"); it != tolerance.end()) {
    out = out.value_or(Tolerance{});
    out->absolute = it->get<double>();
  }
  return out;
}

std::optional<Tolerance> loosest_of(const json& tolerance, const std::string& prefix) {
  std::optional<Tolerance> out;
  for (const auto& [key, value] : tolerance.items()) {
    if (key.starts_with(prefix) && value.is_number()) {
      out = out.value_or(Tolerance{});
      auto& part = key.ends_with("_rel") ? out->relative : out->absolute;
      part = std::max(part, value.get<double>());
    }
  }
  return out;
}

std::optional<Tolerance> strictest_of(const json& tolerance) {
  std::optional<double> least;
  for (const auto& [key, value] : tolerance.items()) {
    if (value.is_number()) {
      least = std::min(least.value_or(value.get<double>()), value.get<double>());
    }
  }
  return least ? std::optional{Tolerance{*least, *least, 0}} : std::nullopt;
}

std::optional<Tolerance> tolerance_by_words(const json& tolerance, std::string name) {
  std::replace(name.begin(), name.end(), '.', '_');
  if (!tolerance.is_object()) {
    return read_tolerance(tolerance);
  }
  if (const auto it = tolerance.find(name); it != tolerance.end()) {
    return read_tolerance(*it);
  }
  for (;;) {
    if (const auto named = named_by_stem(tolerance, name)) {
      return named;
    }
    const auto cut = name.rfind('_');
    if (cut == std::string::npos) {
      break;
    }
    name.resize(cut);
  }
  if (const auto whole = read_tolerance(tolerance)) {
    return whole;
  }
  const auto derived = loosest_of(tolerance, name + '_');
  return derived ? derived : strictest_of(tolerance);
}

Eigen::MatrixXd rows_taken(const Eigen::MatrixXd& all, const json& rows) {
  if (rows.is_null() || rows == "all") {
    return all;
  }
  if (rows.is_number_integer()) {
    return all.topRows(std::clamp<Eigen::Index>(rows.get<Eigen::Index>(), 0, all.rows()));
  }
  if (rows.is_array() && rows.size() == 2) {
    const auto from = rows[0].get<Eigen::Index>();
    const auto to = rows[1].get<Eigen::Index>();
    if (from >= 0 && to > from && to <= all.rows()) {
      return all.middleRows(from, to - from);
    }
  }
  throw std::runtime_error("inputs.rows: expected \"all\", a number or [from, to), found "
                           + rows.dump());
}

} // namespace parameters_detail

using nlohmann::json;

json parameter(const Case& item, const std::string& key) {
  if (item.inputs.has(key)) {
    return item.inputs.at(key);
  }
  return item.expected.is_object() && item.expected.contains(key) ? item.expected.at(key) : json{};
}

std::optional<double> parameter_number(const Case& item, const std::string& key) {
  const auto value = parameter(item, key);
  return value.is_number() ? std::optional{value.get<double>()} : std::nullopt;
}

std::optional<double> parameter_number(const Case& item, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    if (const auto value = parameter_number(item, std::string{key})) {
      return value;
    }
  }
  return std::nullopt;
}

bool wants(const Case& item, const std::string& output) {
  return item.expected.is_object() && item.expected.contains(output);
}

std::string words_of(const Case& item) {
  std::string text;
  for (const auto part : {item.id, item.conventions, item.how_produced}) {
    text.append(part).append(" ; ");
  }
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool mentions_any(const std::string& words, std::initializer_list<const char*> any) {
  return std::any_of(any.begin(), any.end(),
                     [&](const char* one) { return words.find(one) != std::string::npos; });
}

Eigen::MatrixXd series_of(const Case& item) {
  const auto rows = item.inputs.has("rows") ? item.inputs.at("rows") : json{};
  for (const char* key : {"returns", "x", "X", "data"}) {
    if (!item.inputs.has("csv") && item.inputs.has(key)) {
      return parameters_detail::rows_taken(item.inputs.matrix(key), rows);
    }
  }
  return parameters_detail::rows_taken(item.inputs.columns(), rows);
}

ToleranceOf tolerances_by_words(const json& tolerance) {
  return [&tolerance](const std::string& path) {
    return parameters_detail::tolerance_by_words(tolerance, path);
  };
}

Comparison compare_by_words(const Case& item, const json& found) {
  const auto tolerances = tolerances_by_words(item.tolerance);
  if (item.expected.is_object()) {
    return compare_by(item.expected, found, tolerances);
  }
  return compare_by(json{{"expected", item.expected}}, json{{"expected", found}}, tolerances);
}

} // namespace troupe::oracle
