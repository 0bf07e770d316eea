#include "nodes/cluster/address.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::cluster {

core::Result<Address> Address::from_text(std::string_view text) {
  const auto refuse = [text] {
    return core::Error{core::Errc::CONFIG_INVALID,
                       "expected host:port, found \"" + std::string(text) + '"'};
  };
  auto rest = text;
  if (const auto scheme = rest.find("://"); scheme != std::string_view::npos) {
    rest.remove_prefix(scheme + 3);
  }
  const auto colon = rest.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return refuse();
  }
  auto host = rest.substr(0, colon);
  const auto digits = rest.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return refuse();
  }
  Address out{std::string(host), 0};
  const auto* end = digits.data() + digits.size();
  const auto [stop, errc] = std::from_chars(digits.data(), end, out.port);
  if (errc != std::errc{} || stop != end || digits.empty()) {
    return refuse();
  }
  return out;
}

std::string Address::to_text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

bool Address::loopback() const {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

bool valid_node_name(std::string_view name) {
  const auto alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && name.size() <= 63 && alphanumeric(name.front())
         && std::all_of(name.begin(), name.end(), [&](char c) {
              return alphanumeric(c) || c == '.' || c == '_' || c == '-';
            });
}

} // namespace troupe::cluster
