#include "net/http.hpp"

#include <algorithm>
#include <array>

namespace troupe::net {

namespace {

constexpr std::array<std::string_view, 7> method_names{"GET",   "HEAD",   "POST",   "PUT",
                                                       "PATCH", "DELETE", "OPTIONS"};

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

} // namespace

std::string_view to_string(Method method) noexcept {
  return method_names[static_cast<std::size_t>(method)];
}

std::optional<Method> method_from(std::string_view text) noexcept {
  const auto at = std::find(method_names.begin(), method_names.end(), text);
  if (at == method_names.end()) {
    return std::nullopt;
  }
  return static_cast<Method>(at - method_names.begin());
}

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

void Headers::add(std::string_view name, std::string_view value) {
  fields_.push_back({static_cast<std::uint32_t>(text_.size()),
                     static_cast<std::uint32_t>(name.size()),
                     static_cast<std::uint32_t>(value.size())});
  text_ += name;
  text_ += value;
}

void Headers::clear() noexcept {
  text_.clear();
  fields_.clear();
}

std::string_view Headers::name(std::size_t index) const noexcept {
  const auto& field = fields_[index];
  return std::string_view{text_}.substr(field.start, field.name_size);
}

std::string_view Headers::value(std::size_t index) const noexcept {
  const auto& field = fields_[index];
  return std::string_view{text_}.substr(field.start + field.name_size, field.value_size);
}

std::optional<std::string_view> Headers::find(std::string_view wanted) const noexcept {
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (equals_ignoring_case(name(i), wanted)) {
      return value(i);
    }
  }
  return std::nullopt;
}

std::size_t Headers::count(std::string_view wanted) const noexcept {
  std::size_t found = 0;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    found += equals_ignoring_case(name(i), wanted) ? 1U : 0U;
  }
  return found;
}

std::optional<std::string_view> Request::parameter(std::string_view name) const noexcept {
  for (const auto& entry : query) {
    if (entry.name == name) {
      return entry.value;
    }
  }
  return std::nullopt;
}

std::vector<std::string_view> Request::parameters(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const auto& entry : query) {
    if (entry.name == name) {
      out.push_back(entry.value);
    }
  }
  return out;
}

std::string_view reason_phrase(unsigned status) noexcept {
  // clang-format off
  switch (status) {
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 418: return "I'm a teapot";
    case 422: return "Unprocessable Content";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Status";
  }
  // clang-format on
}

} // namespace troupe::net
