#include "core/schema.hpp"

namespace troupe::core {

std::string SchemaRegistry::text_value(std::string_view format) {
  if (format == "decimal") {
    return R"({"type":"string","format":"decimal","pattern":"^-?[0-9]+(\\.[0-9]+)?$"})";
  }
  return R"({"type":"string","format":")" + std::string(format) + "\"}";
}

} // namespace troupe::core
