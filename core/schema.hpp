#pragma once

#include "core/describe.hpp"
#include "core/json.hpp"

#include <map>
#include <string>

namespace troupe::core {

/// JSON Schemas (2020-12, as OpenAPI 3.1 takes them) of described types, each struct once under
/// its name.
class SchemaRegistry {
public:
  /// @returns the schema of T: inline for simple types, a $ref for structs and enumerations
  template <class T>
  std::string of();

  /// name -> schema text of every struct and enumeration met so far
  [[nodiscard]] const std::map<std::string, std::string>& components() const { return components_; }

private:
  template <class T>
  std::string struct_schema();
  [[nodiscard]] static std::string text_value(std::string_view format);

  std::map<std::string, std::string> components_;
};

template <class T>
std::string SchemaRegistry::struct_schema() {
  const std::string name{type_name<T>()};
  if (components_.emplace(name, "{}").second) {
    std::string properties;
    std::string required;
    boost::mp11::mp_for_each<DescribedMembers<T>>([&](auto member) {
      using Field = std::remove_reference_t<decltype(std::declval<T&>().*member.pointer)>;
      const std::string quoted = '"' + std::string(member.name) + '"';
      properties += (properties.empty() ? "" : ",") + quoted + ":" + of<Field>();
      if (!is_optional<Field>::value) {
        required += (required.empty() ? "" : ",") + quoted;
      }
    });
    components_[name] =
      R"({"type":"object","properties":{)" + properties + R"(},"required":[)" + required + "]}";
  }
  return R"({"$ref":"#/components/schemas/)" + name + "\"}";
}

template <class T>
std::string SchemaRegistry::of() {
  if constexpr (std::is_same_v<T, bool>) {
    return R"({"type":"boolean"})";
  } else if constexpr (DescribedEnum<T>) {
    std::string names;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>(
      [&](auto e) { names += (names.empty() ? "\"" : ",\"") + std::string(e.name) + '"'; });
    const std::string name{type_name<T>()};
    components_[name] = R"({"type":"string","enum":[)" + names + "]}";
    return R"({"$ref":"#/components/schemas/)" + name + "\"}";
  } else if constexpr (std::is_integral_v<T>) {
    return R"({"type":"integer"})";
  } else if constexpr (std::is_floating_point_v<T>) {
    return R"({"type":["number","null"]})";
  } else if constexpr (std::is_same_v<T, std::string>) {
    return R"({"type":"string"})";
  } else if constexpr (std::is_same_v<T, json::Raw>) {
    return "{}";
  } else if constexpr (requires { T::json_schema; }) {
    return T::json_schema;
  } else if constexpr (TextValue<T>) {
    return text_value(T::schema_format);
  } else if constexpr (is_optional<T>::value) {
    return R"({"anyOf":[)" + of<typename T::value_type>() + R"(,{"type":"null"}]})";
  } else if constexpr (is_vector<T>::value) {
    return R"({"type":"array","items":)" + of<typename T::value_type>() + "}";
  } else if constexpr (is_string_map<T>::value) {
    return R"({"type":"object","additionalProperties":)" + of<typename T::mapped_type>() + "}";
  } else {
    return struct_schema<T>();
  }
}

} // namespace troupe::core
