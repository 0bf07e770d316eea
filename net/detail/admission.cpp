#include "net/detail/admission.hpp"

#include "net/detail/websocket_wire.hpp"
#include "net/envelope.hpp"
#include "net/uri.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace troupe::net::detail {

namespace {

using core::Errc;
using core::Error;
using core::Result;

constexpr std::size_t request_id_bytes_max = 64;

bool is_request_id(std::string_view text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
           || c == '_' || c == '.' || c == ':';
  };
  return !text.empty() && text.size() <= request_id_bytes_max
         && std::all_of(text.begin(), text.end(), plain);
}

/// "http://host/path" as proxies send it, to "/path".
Result<void> reduce_absolute_target(Request& request) {
  if (request.target.starts_with('/') || request.target == "*") {
    return {};
  }
  const auto url = parse_url(request.target);
  const auto host = request.header("Host").value_or("");
  if (!url || (url->scheme != "http" && url->scheme != "https")) {
    return Error{Errc::MALFORMED_REQUEST, "expected a request target that starts with /"};
  }
  if (!equals_ignoring_case(url->host_header(), host)) {
    return Error{Errc::MALFORMED_REQUEST, "expected the target's host in the Host header"};
  }
  request.target = url->target;
  return {};
}

/// A page of a foreign name that resolves to this machine must not reach a server that trusts
/// loopback (DNS rebinding).
Result<void> check_host(const ServerShared& shared, const Request& request) {
  const auto& names = shared.settings.hosts;
  if (!shared.is_loopback && names.empty()) {
    return {};
  }
  const auto text = request.header("Host").value_or("");
  const auto host = parse_host_port(text);
  if (!host) {
    return Error{Errc::FORBIDDEN,
                 "expected a host name this server has, found \"" + std::string(text) + "\""};
  }
  const bool known = is_loopback_host(host->host) || host->host == shared.bound.address
                     || std::any_of(names.begin(), names.end(), [&](const std::string& name) {
                          return equals_ignoring_case(name, host->host);
                        });
  if (!known) {
    return Error{Errc::FORBIDDEN, "expected a host name this server has, found " + host->host};
  }
  return {};
}

Result<void> check_origin(const ServerShared& shared, const Request& request) {
  const auto origin = request.header("Origin");
  if (!origin) {
    return {}; // not a browser
  }
  for (const auto& allowed : shared.settings.origins) {
    if (allowed == "*" || equals_ignoring_case(allowed, *origin)) {
      return {};
    }
  }
  const auto url = parse_url(*origin);
  const auto own = parse_host_port(request.header("Host").value_or(""));
  const bool same = url && own && equals_ignoring_case(url->host, own->host);
  if (!same && !(url && is_loopback_host(url->host))) {
    return Error{Errc::FORBIDDEN,
                 "expected this server's own origin, found " + std::string(*origin)};
  }
  return {};
}

/// Whether `list`, comma-separated, holds the token.
bool has_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    auto item = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    item.remove_prefix(std::min(item.find_first_not_of(" \t"), item.size()));
    item = item.substr(0, item.find_last_not_of(" \t") + 1);
    if (equals_ignoring_case(item, token)) {
      return true;
    }
  }
  return false;
}

bool wants_websocket(const Request& request) {
  return has_token(request.header("Upgrade").value_or(""), "websocket")
         && has_token(request.header("Connection").value_or(""), "upgrade");
}

/// 16 bytes in base64.
bool is_websocket_key(std::string_view key) {
  const auto is_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+'
           || c == '/';
  };
  return key.size() == 24 && key.ends_with("==")
         && std::all_of(key.begin(), key.end() - 2, is_digit);
}

Response refusal(const Error& error, const Request& request, unsigned status = 0) {
  return error_response(error, request.request_id, {{}, "null", status});
}

Response upgrade_required(const Request& request, const std::string& why) {
  auto out = refusal({Errc::MALFORMED_REQUEST, why}, request, 426);
  out.headers = {
    {"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Version", "13"}};
  return out;
}

std::optional<Response> check_handshake(const ServerShared& shared, const Request& request) {
  if (const auto allowed = check_origin(shared, request); !allowed) {
    return refusal(allowed.error(), request);
  }
  if (request.header("Sec-WebSocket-Version").value_or("") != "13") {
    return upgrade_required(request, "expected Sec-WebSocket-Version 13");
  }
  if (!is_websocket_key(request.header("Sec-WebSocket-Key").value_or(""))) {
    return refusal({Errc::MALFORMED_REQUEST, "expected a Sec-WebSocket-Key of 16 bytes"}, request);
  }
  return std::nullopt;
}

Response no_content_allow(std::string_view allow) {
  Response out;
  out.status = 204;
  out.headers.emplace_back("Allow", allow);
  return out;
}

/// Route and method: the route to go on with, or the answer.
Admission choose_route(const ServerShared& shared, Request& request, Params& params) {
  Admission out;
  const auto match = shared.router.find(request.method, request.segments, params);
  if (!match) {
    out.answer = refusal(match.error(), request);
    return out;
  }
  const bool is_get = request.method == Method::GET;
  if (is_get && match->websocket != nullptr && wants_websocket(request)) {
    out.route = match->websocket;
    out.is_upgrade = true;
  } else if (match->route != nullptr) {
    out.route = match->route;
  } else if (!match->path_known) {
    out.answer = refusal({Errc::NOT_FOUND, "nothing is served at " + request.path}, request);
  } else if (request.method == Method::OPTIONS) {
    out.answer = no_content_allow(match->allow);
  } else if (is_get && match->websocket != nullptr) {
    out.answer = upgrade_required(request, "expected a WebSocket upgrade");
  } else {
    out.answer =
      refusal({Errc::METHOD_NOT_ALLOWED, request.path + ": expected " + std::string(match->allow)
                                           + ", found " + std::string(to_string(request.method))},
              request);
    out.answer->headers.emplace_back("Allow", match->allow);
  }
  return out;
}

std::optional<Response>
check_scope(const ServerShared& shared, const Route& route, Request& request) {
  request.subject.clear();
  if (!shared.options.authorise) {
    return std::nullopt;
  }
  auto subject = shared.options.authorise(request, route.scope);
  if (subject) {
    request.subject = std::move(*subject);
    return std::nullopt;
  }
  auto out = refusal(subject.error(), request);
  if (out.status == 401) {
    out.headers.emplace_back("WWW-Authenticate", "Bearer");
  }
  return out;
}

std::optional<Response> check_media_type(const Route& route, const Request& request) {
  // Never inflated here: a kilobyte may stand for a gigabyte.
  if (const auto coding = request.header("Content-Encoding");
      coding && !equals_ignoring_case(*coding, "identity")) {
    return refusal({Errc::UNSUPPORTED_MEDIA_TYPE,
                    "expected a body without Content-Encoding, found " + std::string(*coding)},
                   request);
  }
  const auto given = request.header("Content-Type").value_or("");
  auto media = given.substr(0, std::min(given.find(';'), given.size()));
  media = media.substr(0, media.find_last_not_of(" \t") + 1);
  if (route.accepts.empty() || equals_ignoring_case(media, route.accepts)) {
    return std::nullopt;
  }
  return refusal(
    {Errc::UNSUPPORTED_MEDIA_TYPE, "expected a body of type " + route.accepts + ", found "
                                     + (given.empty() ? "none named" : std::string(given))},
    request);
}

} // namespace

Admission admit(const ServerShared& shared, Request& request, bool has_body, Params& params) {
  Admission out;
  if (const auto reduced = reduce_absolute_target(request); !reduced) {
    out.answer = refusal(reduced.error(), request);
    return out;
  }
  if (const auto allowed = check_host(shared, request); !allowed) {
    out.answer = refusal(allowed.error(), request);
    return out;
  }
  if (request.target == "*" && request.method == Method::OPTIONS) {
    out.answer = no_content_allow("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    return out;
  }
  const auto target = request.target; // parse_target writes over it
  if (const auto parsed = parse_target(target, request); !parsed) {
    out.answer = refusal(parsed.error(), request);
    return out;
  }
  out = choose_route(shared, request, params);
  if (out.route == nullptr) {
    return out;
  }
  out.answer = check_scope(shared, *out.route, request);
  if (!out.answer && has_body) {
    out.answer = check_media_type(*out.route, request);
  }
  if (!out.answer && out.is_upgrade) {
    out.answer = check_handshake(shared, request);
  }
  return out;
}

void choose_request_id(ServerShared& shared, Request& request) {
  const auto given = request.header("X-Request-Id");
  if (given && is_request_id(*given)) {
    request.request_id.assign(*given);
    return;
  }
  const auto number = shared.id_counter.fetch_add(1, std::memory_order_relaxed);
  std::array<char, 16> text{};
  const auto [end, ec] = std::to_chars(text.data(), text.data() + text.size(), number, 16);
  request.request_id.assign(shared.id_prefix);
  request.request_id.append(text.data(), end);
}

} // namespace troupe::net::detail
