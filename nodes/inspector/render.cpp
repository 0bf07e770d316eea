#include "nodes/inspector/render.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::inspector {

using Json = nlohmann::json;

namespace {

constexpr std::size_t cell_max = 60;

std::string number(double value) {
  auto text = Json(value).dump();
  const auto dot = text.find('.');
  return dot == std::string::npos ? text : text.substr(0, std::min(text.size(), dot + 3));
}

std::string cell(const Json& row, const std::string& key) {
  const auto at = row.find(key);
  if (at == row.end() || at->is_null()) {
    return "-";
  }
  std::string text;
  if (at->is_string()) {
    text = at->get<std::string>();
  } else if (at->is_number_float()) {
    text = number(at->get<double>());
  } else if (at->is_array()) {
    for (const auto& item : *at) {
      text +=
        (text.empty() ? "" : ",") + (item.is_string() ? item.get<std::string>() : item.dump());
    }
  } else if (at->is_object()) {
    for (const auto& [name, item] : at->items()) {
      text += (text.empty() ? "" : " ") + name + "=" + item.dump();
    }
  } else {
    text = at->dump();
  }
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() > cell_max) {
    text.resize(cell_max - 3);
    text += "...";
  }
  return text.empty() ? "-" : text;
}

void append_tree(
  std::string& out, const Json& node, const std::string& indent, bool last, bool root) {
  const auto state = node.value("state", "");
  out += indent + (root ? "" : last ? "└─ " : "├─ ") + node.value("name", "?");
  if (!state.empty()) {
    out += "  " + state;
  }
  if (const auto restarts = node.value("restarts", 0U); restarts > 0) {
    out += "  restarts=" + std::to_string(restarts);
  }
  if (const auto error = node.value("last_error", std::string{}); !error.empty()) {
    out += "  last_error=\"" + error.substr(0, cell_max) + '"';
  }
  out += '\n';
  const auto children = node.find("children");
  if (children == node.end()) {
    return;
  }
  const auto inner = indent + (root ? "" : last ? "   " : "│  ");
  for (std::size_t i = 0; i < children->size(); ++i) {
    append_tree(out, (*children)[i], inner, i + 1 == children->size(), false);
  }
}

} // namespace

std::string table(const std::vector<Column>& columns, const std::vector<Json>& rows) {
  std::vector<std::size_t> widths;
  std::vector<std::vector<std::string>> cells;
  for (const auto& column : columns) {
    widths.push_back(column.heading.size());
  }
  for (const auto& row : rows) {
    auto& line = cells.emplace_back();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      line.push_back(cell(row, columns[i].key));
      widths[i] = std::max(widths[i], line.back().size());
    }
  }
  std::string out;
  const auto put = [&](std::size_t i, const std::string& text) {
    const auto pad = std::string(widths[i] - text.size(), ' ');
    out += columns[i].right ? pad + text : i + 1 == columns.size() ? text : text + pad;
    out += i + 1 == columns.size() ? "\n" : "  ";
  };
  for (std::size_t i = 0; i < columns.size(); ++i) {
    put(i, columns[i].heading);
  }
  for (const auto& line : cells) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      put(i, line[i]);
    }
  }
  return out;
}

std::string tree(const Json& node) {
  std::string out;
  append_tree(out, node, "", true, true);
  return out;
}

std::string fields(const Json& object) {
  std::size_t width = 0;
  for (const auto& [key, value] : object.items()) {
    width = std::max(width, key.size());
  }
  std::string out;
  for (const auto& [key, value] : object.items()) {
    out += key + std::string(width - key.size() + 2, ' ');
    out += (value.is_string() ? value.get<std::string>() : value.dump()) + '\n';
  }
  return out;
}

} // namespace troupe::inspector
