#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/describe/enum_from_string.hpp>
#include <boost/describe/enum_to_string.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

/// A struct's fields are listed once, with BOOST_DESCRIBE_STRUCT. From that one list come CAF's
/// inspection (inspect.hpp), JSON both ways (json.hpp), the OpenAPI schema (schema.hpp) and the
/// layout fingerprint that nodes compare (fingerprint.hpp).
namespace troupe::core {

template <class T>
using DescribedMembers =
  boost::describe::describe_members<T,
                                    boost::describe::mod_public | boost::describe::mod_inherited>;

/// A class described by BOOST_DESCRIBE_STRUCT.
template <class T>
concept Described = std::is_class_v<T> && boost::describe::has_describe_members<T>::value;

/// An enumeration described by BOOST_DESCRIBE_ENUM; its JSON form is the enumerator's name.
template <class T>
concept DescribedEnum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

/// A value with a text form of its own (a price, a time): a JSON string.
template <class T>
concept TextValue = std::is_class_v<T> && requires(const T& value, std::string& out) {
  value.append_text(out);
  {T::from_text(std::string_view{})};
  { T::schema_format } -> std::convertible_to<const char*>;
};

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};

template <class T>
struct is_string_map : std::false_type {};
template <class T>
struct is_string_map<std::map<std::string, T>> : std::true_type {};

/// Calls f(name, member reference) for each field, in the order of the description.
template <class T, class F>
requires Described<std::remove_const_t<T>>
constexpr void for_each_member(T& object, F&& f) {
  boost::mp11::mp_for_each<DescribedMembers<std::remove_const_t<T>>>(
    [&](auto member) { f(std::string_view{member.name}, object.*member.pointer); });
}

/// The unqualified name of a type, as written in the source.
template <class T>
[[nodiscard]] constexpr std::string_view type_name() {
  std::string_view text = __PRETTY_FUNCTION__;
  const auto start = text.find("T = ") + 4;
  const auto end = text.find_first_of(";]", start);
  text = text.substr(start, end - start);
  const auto args = text.find('<');
  const auto colon = text.rfind("::", args);
  return colon == std::string_view::npos ? text : text.substr(colon + 2);
}

} // namespace troupe::core
