#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace troupe::inspector {

/// A column of a table: heading and the key of the row's object it shows.
struct Column {
  std::string heading;
  std::string key;
  bool right = false;
};

/// A plain table with headings; values as text, cut to 60 characters; "-" where there is none.
[[nodiscard]] std::string table(const std::vector<Column>& columns,
                                const std::vector<nlohmann::json>& rows);

/// An indented tree of {name, kind, state, restarts, last_error, children}.
[[nodiscard]] std::string tree(const nlohmann::json& node);

/// One object, a line per field.
[[nodiscard]] std::string fields(const nlohmann::json& object);

} // namespace troupe::inspector
