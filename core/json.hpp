#pragma once

#include "core/describe.hpp"
#include "core/errc.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <memory>
#include <utility>

/// JSON of described structs. Writing appends text straight from the fields; reading goes through
/// a parsed document and reports every problem with its path, what was expected and what was found.
namespace troupe::core::json {

// ---- writing -------------------------------------------------------------------------------

void append_string(std::string& out, std::string_view text);
/// Shortest text that reads back to the same double; null where it is not finite.
void append_number(std::string& out, double value);
void append_number(std::string& out, std::int64_t value);
void append_number(std::string& out, std::uint64_t value);

/// Already encoded JSON, taken over as it is.
struct Raw {
  std::string text = "null";
  friend bool operator==(const Raw&, const Raw&) = default;
  void append_text(std::string& out) const { out += text; }
  static Result<Raw> from_text(std::string_view text);
  static constexpr const char* schema_format = "json";
};

template <class T>
void append(std::string& out, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (DescribedEnum<T>) {
    append_string(out, boost::describe::enum_to_string(value, "?"));
  } else if constexpr (std::is_floating_point_v<T>) {
    append_number(out, static_cast<double>(value));
  } else if constexpr (std::is_signed_v<T> && std::is_integral_v<T>) {
    append_number(out, std::int64_t{value});
  } else if constexpr (std::is_integral_v<T>) {
    append_number(out, std::uint64_t{value});
  } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
    append_string(out, value);
  } else if constexpr (std::is_same_v<T, Raw>) {
    out += value.text;
  } else if constexpr (TextValue<T>) {
    out += '"';
    value.append_text(out);
    out += '"';
  } else if constexpr (is_optional<T>::value) {
    value ? append(out, *value) : void(out += "null");
  } else if constexpr (is_vector<T>::value) {
    char separator = '[';
    for (const auto& item : value) {
      out += separator;
      append(out, static_cast<const typename T::value_type&>(item));
      separator = ',';
    }
    out += value.empty() ? "[]" : "]";
  } else if constexpr (is_string_map<T>::value) {
    char separator = '{';
    for (const auto& [key, item] : value) {
      out += separator;
      append_string(out, key);
      out += ':';
      append(out, item);
      separator = ',';
    }
    out += value.empty() ? "{}" : "}";
  } else {
    static_assert(Described<T>, "a type without a JSON form");
    if constexpr (requires { value.append_json(out); }) {
      value.append_json(out);
    } else {
      char separator = '{';
      for_each_member(value, [&](std::string_view name, const auto& member) {
        if constexpr (is_optional<std::remove_cvref_t<decltype(member)>>::value) {
          if (!member) {
            return; // absent, not null: reading takes both
          }
        }
        out += separator;
        out += '"';
        out += name;
        out += "\":";
        append(out, member);
        separator = ',';
      });
      out += separator == '{' ? "{}" : "}";
    }
  }
}

template <class T>
[[nodiscard]] std::string encode(const T& value) {
  std::string out;
  append(out, value);
  return out;
}

// ---- reading -------------------------------------------------------------------------------

/// A look at one value of a parsed document; cheap to copy, valid as long as the document.
class View {
public:
  explicit View(const nlohmann::json& value) : value_(&value) {}
  [[nodiscard]] bool is_null() const;
  [[nodiscard]] bool is_object() const;
  [[nodiscard]] bool is_array() const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] View at(std::size_t index) const;
  [[nodiscard]] std::optional<View> find(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> keys() const;
  [[nodiscard]] std::optional<std::string_view> string() const;
  [[nodiscard]] std::optional<bool> boolean() const;
  [[nodiscard]] std::optional<double> number() const;
  /// nullopt where it is not a whole number or does not fit
  [[nodiscard]] std::optional<std::int64_t> integer() const;
  [[nodiscard]] std::optional<std::uint64_t> unsigned_integer() const;
  /// The value as text, cut to 80 characters: for error messages.
  [[nodiscard]] std::string excerpt() const;
  [[nodiscard]] std::string dump() const;
  [[nodiscard]] const nlohmann::json& raw() const { return *value_; }

private:
  const nlohmann::json* value_;
};

/// A parsed text.
class Document {
public:
  /// @param max_depth  deepest nesting taken
  /// @returns MALFORMED_REQUEST with line and column where it is no JSON, nested deeper, holds
  ///          invalid UTF-8 or a key twice in one object
  [[nodiscard]] static Result<Document> parse(std::string_view text, int max_depth = 32);
  explicit Document(nlohmann::json value);
  [[nodiscard]] View view() const { return View{*value_}; }

private:
  std::shared_ptr<const nlohmann::json> value_;
};

/// One thing wrong with an input.
struct Problem {
  std::string path; ///< such as venues[0].speed; empty for the whole document
  std::string expected;
  std::string found;
  [[nodiscard]] std::string text() const;
};

enum class Missing : std::uint8_t {
  REFUSED, ///< every field that is not optional must be there: API bodies
  DEFAULT, ///< absent fields keep their defaults: settings
};

/// Collects what is wrong while values are read; unknown keys are always wrong.
class Decoder {
public:
  /// @param path  where in a larger document the values stand
  explicit Decoder(Missing missing, std::string path = {})
    : missing_(missing), path_(std::move(path)) {}
  template <class T>
  void read(View in, T& out);
  /// Reads element `index` of an array; @pre index < in.size(). For types whose read_json(in,
  /// decoder) is the counterpart of their append_json.
  template <class T>
  void read_at(View in, std::size_t index, T& out) {
    const auto mark = enter_index(index);
    read(in.at(index), out);
    leave(mark);
  }
  [[nodiscard]] const std::vector<Problem>& problems() const { return problems_; }
  void problem(std::string expected, std::string found);
  /// The problems as one error; @pre there is one
  [[nodiscard]] Error error(Errc code) const;

private:
  template <class T>
  void read_struct(View in, T& out);
  template <class T>
  void read_number(View in, T& out);
  template <class T>
  void read_sequence(View in, T& out);
  void check_keys(View in, const std::vector<std::string_view>& known);
  std::size_t enter_key(std::string_view key);
  std::size_t enter_index(std::size_t index);
  void leave(std::size_t mark) { path_.resize(mark); }

  Missing missing_;
  std::string path_;
  std::vector<Problem> problems_;
};

template <class T>
void Decoder::read_number(View in, T& out) {
  if constexpr (std::is_floating_point_v<T>) {
    if (const auto value = in.number()) {
      out = static_cast<T>(*value);
    } else {
      problem("a number", in.excerpt());
    }
  } else if constexpr (std::is_signed_v<T>) {
    const auto value = in.integer();
    if (value && std::in_range<T>(*value)) {
      out = static_cast<T>(*value);
    } else {
      problem("a whole number", in.excerpt());
    }
  } else {
    const auto value = in.unsigned_integer();
    if (value && std::in_range<T>(*value)) {
      out = static_cast<T>(*value);
    } else {
      problem("a whole number, not negative", in.excerpt());
    }
  }
}

template <class T>
void Decoder::read_sequence(View in, T& out) {
  if (!in.is_array()) {
    problem("an array", in.excerpt());
    return;
  }
  out.clear();
  for (std::size_t i = 0; i < in.size(); ++i) {
    typename T::value_type item{};
    read_at(in, i, item);
    out.push_back(std::move(item));
  }
}

template <class T>
void Decoder::read_struct(View in, T& out) {
  if (!in.is_object()) {
    problem("an object", in.excerpt());
    return;
  }
  std::vector<std::string_view> known;
  for_each_member(out, [&](std::string_view name, auto& member) {
    known.push_back(name);
    const auto mark = enter_key(name);
    if (const auto value = in.find(name)) {
      read(*value, member);
    } else if (missing_ == Missing::REFUSED
               && !is_optional<std::remove_reference_t<decltype(member)>>::value) {
      problem("a value", "nothing");
    }
    leave(mark);
  });
  check_keys(in, known);
}

/// "one of A, B, C" for an enumeration.
template <DescribedEnum T>
[[nodiscard]] std::string one_of() {
  std::string text = "one of ";
  const char* separator = "";
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto e) {
    text += separator;
    text += e.name;
    separator = ", ";
  });
  return text;
}

template <class T>
void Decoder::read(View in, T& out) {
  if constexpr (std::is_same_v<T, bool>) {
    const auto value = in.boolean();
    value ? void(out = *value) : problem("true or false", in.excerpt());
  } else if constexpr (DescribedEnum<T>) {
    const auto text = in.string();
    if (!text || !boost::describe::enum_from_string(std::string{*text}.c_str(), out)) {
      problem(one_of<T>(), in.excerpt());
    }
  } else if constexpr (std::is_arithmetic_v<T>) {
    read_number(in, out);
  } else if constexpr (std::is_same_v<T, std::string>) {
    const auto text = in.string();
    text ? void(out = *text) : problem("a string", in.excerpt());
  } else if constexpr (std::is_same_v<T, Raw>) {
    out.text = in.dump();
  } else if constexpr (TextValue<T>) {
    const auto text = in.string();
    auto value = T::from_text(text.value_or(std::string_view{}));
    if (text && value) {
      out = std::move(*value);
    } else if constexpr (requires { T::expected(); }) {
      problem(T::expected(), in.excerpt());
    } else {
      problem(std::string("a string (") + T::schema_format + ")", in.excerpt());
    }
  } else if constexpr (is_optional<T>::value) {
    in.is_null() ? out.reset() : read(in, out.emplace());
  } else if constexpr (is_vector<T>::value) {
    read_sequence(in, out);
  } else if constexpr (is_string_map<T>::value) {
    if (!in.is_object()) {
      problem("an object", in.excerpt());
      return;
    }
    for (const auto& key : in.keys()) {
      const auto mark = enter_key(key);
      read(*in.find(key), out[key]);
      leave(mark);
    }
  } else {
    static_assert(Described<T>, "a type without a JSON form");
    if constexpr (requires { out.read_json(in, *this); }) {
      out.read_json(in, *this);
    } else {
      read_struct(in, out);
    }
  }
}

/// @returns the value; INVALID_ARGUMENT that lists every problem otherwise
template <class T>
[[nodiscard]] Result<T> decode(View in, Missing missing = Missing::REFUSED) {
  Decoder decoder{missing};
  T value{};
  decoder.read(in, value);
  if (!decoder.problems().empty()) {
    return decoder.error(Errc::INVALID_ARGUMENT);
  }
  return value;
}

template <class T>
[[nodiscard]] Result<T> decode(std::string_view text, Missing missing = Missing::REFUSED) {
  auto document = Document::parse(text);
  if (!document) {
    return document.error();
  }
  return decode<T>(document->view(), missing);
}

} // namespace troupe::core::json
