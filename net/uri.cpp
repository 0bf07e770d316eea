#include "net/uri.hpp"

#include "net/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace troupe::net {

namespace {

using core::Errc;
using core::Error;
using core::Result;

constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

Error bad_escape(std::string_view text, std::size_t at) {
  return {Errc::MALFORMED_REQUEST,
          "expected two hex digits after %, found \"" + std::string(text.substr(at, 3)) + "\""};
}

std::optional<std::uint16_t> port_number(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || ec != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return port;
}

} // namespace

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return bad_escape(text, i);
      }
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0') {
      return Error{Errc::MALFORMED_REQUEST, "expected text in the request target, found a NUL"};
    }
    out += c;
  }
  if (!is_utf8(out)) {
    return Error{Errc::MALFORMED_REQUEST,
                 "expected UTF-8 in the request target, found \"" + percent_encode(out) + "\""};
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                       || c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += hex[byte >> 4U];
      out += hex[byte & 0xFU];
    }
  }
  return out;
}

Result<std::vector<QueryParameter>> parse_query(std::string_view text) {
  std::vector<QueryParameter> out;
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const auto pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) {
      continue;
    }
    const auto equals = std::min(pair.find('='), pair.size());
    auto name = percent_decode(pair.substr(0, equals), true);
    if (!name) {
      return name.error();
    }
    auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!value) {
      return value.error();
    }
    out.push_back({std::move(*name), std::move(*value)});
  }
  return out;
}

Result<void> parse_target(std::string_view target, Request& request) {
  if (target.empty() || target.front() != '/') {
    return Error{Errc::MALFORMED_REQUEST, "expected a request target that starts with /, found \""
                                            + std::string(target.substr(0, 80)) + "\""};
  }
  request.target.assign(target);
  const auto mark = std::min(target.find('?'), target.size());
  const auto path = target.substr(0, mark);
  request.path.assign(path);
  request.segments.clear();
  request.query.clear();
  if (mark != target.size()) {
    auto query = parse_query(target.substr(mark + 1));
    if (!query) {
      return query.error();
    }
    request.query = std::move(*query);
  }
  if (path == "/") {
    return {};
  }
  for (std::size_t start = 1; start <= path.size();) {
    const auto end = std::min(path.find('/', start), path.size());
    auto segment = percent_decode(path.substr(start, end - start), false);
    if (!segment) {
      return segment.error();
    }
    if (*segment == "." || *segment == "..") {
      return Error{Errc::MALFORMED_REQUEST,
                   "expected a path without dot segments, found \"" + *segment + "\""};
    }
    request.segments.push_back(std::move(*segment));
    start = end + 1;
  }
  return {};
}

std::string Url::host_header() const {
  auto out = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (is_tls() ? 443 : 80)) {
    out += ":" + std::to_string(port);
  }
  return out;
}

Result<HostPort> parse_host_port(std::string_view text) {
  const Error bad{Errc::INVALID_ARGUMENT,
                  "expected HOST:PORT or [IPV6]:PORT, found \"" + std::string(text) + "\""};
  HostPort out;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos || close == 1) {
      return bad;
    }
    out.host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    out.host = text.substr(0, colon);
    rest = text.substr(colon);
  }
  if (out.host.empty()) {
    return bad;
  }
  if (rest.empty()) {
    return out;
  }
  const auto port = rest.front() == ':' ? port_number(rest.substr(1)) : std::nullopt;
  if (!port) {
    return bad;
  }
  out.port = *port;
  return out;
}

Result<Url> parse_url(std::string_view text) {
  const Error bad{Errc::INVALID_ARGUMENT, "expected a URL such as https://host:port/path, found \""
                                            + std::string(text) + "\""};
  const auto mark = text.find("://");
  Url out;
  if (mark == std::string_view::npos) {
    return bad;
  }
  out.scheme = text.substr(0, mark);
  if (out.scheme != "http" && out.scheme != "https" && out.scheme != "ws" && out.scheme != "wss") {
    return bad;
  }
  const auto rest = text.substr(mark + 3);
  const auto end = std::min(rest.find_first_of("/?#"), rest.size());
  const auto authority = rest.substr(0, end);
  if (authority.find('@') != std::string_view::npos) {
    return bad;
  }
  auto host = parse_host_port(authority);
  if (!host) {
    return bad;
  }
  out.host = std::move(host->host);
  out.port = host->port != 0 ? host->port : (out.is_tls() ? 443 : 80);
  auto target = rest.substr(end);
  target = target.substr(0, std::min(target.find('#'), target.size()));
  out.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  const bool clean = std::none_of(out.target.begin(), out.target.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; // would split the request line
  });
  if (!clean) {
    return bad;
  }
  return out;
}

bool is_loopback_host(std::string_view host) noexcept {
  return equals_ignoring_case(host, "localhost") || host == "127.0.0.1" || host == "::1";
}

} // namespace troupe::net
