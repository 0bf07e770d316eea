#pragma once

#include "nodes/api/route_table.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::api {

/// The JSON Schemas (2020-12) of everything the API says: each struct under its name, each reply
/// and stream event as it is sent, and short names for what a newcomer looks for ("quote", "trade",
/// "book_delta", "bar", "instrument", "venue_status"). Each document stands alone: what it refers
/// to is among its "$defs". Built once from the route tables; immutable.
class SchemaDocuments {
public:
  explicit SchemaDocuments(const std::vector<RouteTable>& tables);

  /// One line of the list.
  struct Entry {
    std::string name;
    std::string kind;  ///< alias, reply, request, stream, struct
    std::string about; ///< what it is of: a route, a channel, another name
    std::string url;
  };
  [[nodiscard]] const std::vector<Entry>& list() const { return list_; }

  /// @returns null for an unknown name
  [[nodiscard]] const std::string* find(std::string_view name) const;

private:
  std::vector<Entry> list_; ///< by kind, then name
  std::map<std::string, std::string, std::less<>> documents_;
};
BOOST_DESCRIBE_STRUCT(SchemaDocuments::Entry, (), (name, kind, about, url))

} // namespace troupe::api
