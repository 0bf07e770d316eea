#pragma once

#include "core/json.hpp"
#include "core/schema.hpp"

#include <charconv>
#include <map>
#include <string>
#include <vector>

/// Fills request structs from the parts of an HTTP request, by the names of their fields.
namespace troupe::api {

/// Path and query parameters of one request, decoded.
using Parameters = std::map<std::string, std::vector<std::string>>;

/// Reads one field from the text of a parameter.
template <class T>
[[nodiscard]] bool field_from_text(const std::string& text, T& out, core::json::Decoder& decoder) {
  if constexpr (core::is_optional<T>::value) {
    return field_from_text(text, out.emplace(), decoder);
  } else if constexpr (core::is_vector<T>::value) {
    for (std::size_t at = 0; at <= text.size();) {
      const auto comma = std::min(text.find(',', at), text.size());
      typename T::value_type item{};
      if (!field_from_text(text.substr(at, comma - at), item, decoder)) {
        return false;
      }
      out.push_back(std::move(item));
      at = comma + 1;
    }
    return true;
  } else if constexpr (core::TextValue<T>) {
    auto value = T::from_text(text);
    if (!value) {
      std::string expected{T::schema_format};
      if constexpr (requires { T::expected(); }) {
        expected = T::expected();
      }
      decoder.problem(std::move(expected), '"' + text.substr(0, 80) + '"');
      return false;
    }
    out = std::move(*value);
    return true;
  } else if constexpr (std::is_same_v<T, std::string>) {
    out = text;
    return true;
  } else if constexpr (std::is_same_v<T, bool>) {
    out = text == "true";
    if (text != "true" && text != "false") {
      decoder.problem("true or false", '"' + text.substr(0, 80) + '"');
      return false;
    }
    return true;
  } else if constexpr (core::DescribedEnum<T>) {
    if (!boost::describe::enum_from_string(text.c_str(), out)) {
      decoder.problem(core::json::one_of<T>(), '"' + text.substr(0, 80) + '"');
      return false;
    }
    return true;
  } else {
    static_assert(std::is_arithmetic_v<T>, "a field that no parameter can carry");
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (ec != std::errc{} || end != text.data() + text.size()) {
      decoder.problem(std::is_integral_v<T> ? "a whole number in range" : "a number",
                      '"' + text.substr(0, 80) + '"');
      return false;
    }
    return true;
  }
}

/// @returns the request; INVALID_ARGUMENT that names each parameter that is missing, unknown, given
///          twice or malformed
template <class Request>
[[nodiscard]] core::Result<Request> bind_parameters(const Parameters& parameters) {
  Request request{};
  std::vector<core::json::Problem> all;
  std::string known;
  std::size_t used = 0;
  const auto note = [&](std::string_view name, std::string expected, std::string found) {
    all.push_back({std::string(name), std::move(expected), std::move(found)});
  };
  core::for_each_member(request, [&](std::string_view name, auto& member) {
    known += (known.empty() ? "" : ", ") + std::string(name);
    const auto at = parameters.find(std::string(name));
    if (at == parameters.end()) {
      if constexpr (!core::is_optional<std::remove_cvref_t<decltype(member)>>::value) {
        note(name, "a value", "nothing");
      }
      return;
    }
    ++used;
    if (at->second.size() != 1) {
      note(name, "one value", std::to_string(at->second.size()) + " values");
      return;
    }
    core::json::Decoder field{core::json::Missing::REFUSED};
    if (!field_from_text(at->second.front(), member, field)) {
      note(name, field.problems().front().expected, field.problems().front().found);
    }
  });
  if (used < parameters.size()) {
    for (const auto& [name, values] : parameters) {
      bool is_field = false;
      core::for_each_member(
        request, [&](std::string_view field, auto&) { is_field = is_field || field == name; });
      if (!is_field) {
        note(name.substr(0, 80), known.empty() ? "no parameters" : "one of the parameters " + known,
             "an unknown parameter");
      }
    }
  }
  if (all.empty()) {
    return request;
  }
  std::string text;
  for (const auto& problem : all) {
    text += (text.empty() ? "" : "; ") + problem.text();
  }
  return core::Error{core::Errc::INVALID_ARGUMENT, std::move(text)};
}

/// Fills a request from a JSON body; fields that the path names come from there, and there may be
/// no other parameters.
/// @param path  of the route, such as /portfolios/{id}
/// @returns     the request; MALFORMED_REQUEST where the body is no JSON object; INVALID_ARGUMENT
///              that names each field that is missing, unknown or malformed with its path
template <class Request>
[[nodiscard]] core::Result<Request>
bind_body(const std::string& path, const Parameters& parameters, const std::string& body) {
  const auto document = core::json::Document::parse(body);
  if (!document) {
    return core::Error{core::Errc::MALFORMED_REQUEST, "body: " + document.error().message};
  }
  if (!document->view().is_object()) {
    return core::Error{core::Errc::MALFORMED_REQUEST,
                       "body: expected an object, found " + document->view().excerpt()};
  }
  Request request{};
  std::vector<core::json::Problem> all;
  std::string known;
  const auto in_path = [&](std::string_view name) {
    return path.find('{' + std::string(name) + '}') != std::string::npos;
  };
  const auto take = [&](const core::json::Decoder& decoder) {
    all.insert(all.end(), decoder.problems().begin(), decoder.problems().end());
  };
  core::for_each_member(request, [&](std::string_view name, auto& member) {
    using Field = std::remove_cvref_t<decltype(member)>;
    core::json::Decoder field{core::json::Missing::REFUSED, std::string(name)};
    if (in_path(name)) {
      if constexpr (std::is_same_v<Field, std::string> || core::TextValue<Field>) {
        static_cast<void>(field_from_text(parameters.at(std::string(name)).front(), member, field));
      } else {
        field.problem("a field that a path can carry", "another"); // a route of ours is wrong
      }
    } else {
      known += (known.empty() ? "" : ", ") + std::string(name);
      if (const auto value = document->view().find(name)) {
        field.read(*value, member);
      } else if (!core::is_optional<Field>::value) {
        field.problem("a value", "nothing");
      }
    }
    take(field);
  });
  const auto is_known = [&](const std::string& key) {
    bool found = false;
    core::for_each_member(request, [&](std::string_view name, auto&) {
      found = found || (name == key && !in_path(name));
    });
    return found;
  };
  for (const auto& key : document->view().keys()) {
    if (!is_known(key)) {
      all.push_back({key.substr(0, 80), "one of the keys " + known, "an unknown key"});
    }
  }
  for (const auto& [name, values] : parameters) {
    if (!in_path(name) || values.size() != 1) {
      all.push_back({name.substr(0, 80), "no query parameters", "one"});
    }
  }
  if (all.empty()) {
    return request;
  }
  std::string text;
  for (const auto& problem : all) {
    text += (text.empty() ? "" : "; ") + problem.text();
  }
  return core::Error{core::Errc::INVALID_ARGUMENT, std::move(text)};
}

} // namespace troupe::api
