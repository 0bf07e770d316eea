#include "core/settings.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <sstream>

namespace troupe::core {

using Json = nlohmann::json;

struct SettingsSource::State {
  Json merged = Json::object();
  std::map<std::string, std::string> origins; ///< path -> who set it last
};

namespace {

std::string join(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "." + key;
}

void merge_into(Json& into,
                const Json& from,
                const std::string& path,
                const std::string& origin,
                std::map<std::string, std::string>& origins) {
  if (into.is_object() && from.is_object()) {
    for (const auto& [key, value] : from.items()) {
      const auto at = join(path, key);
      if (!into.contains(key)) {
        into[key] = value.is_object() ? Json::object() : Json();
      }
      origins[at] = origin;
      merge_into(into[key], value, at, origin, origins);
    }
    return;
  }
  into = from;
  origins[path] = origin;
}

Error config_error(std::string message) {
  return {Errc::CONFIG_INVALID, std::move(message)};
}

/// {"a": {"b": value}} of the path a.b; an error where a part is empty.
Result<json::Document> nest(std::string_view path, Json value) {
  std::vector<std::string> parts;
  std::istringstream in{std::string(path)};
  for (std::string part; std::getline(in, part, '.');) {
    parts.push_back(part);
  }
  if (parts.empty() || path.back() == '.' || std::ranges::any_of(parts, &std::string::empty)) {
    return config_error("expected a path such as api.listen, found \"" + std::string(path) + "\"");
  }
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    value = Json{{*part, std::move(value)}};
  }
  return json::Document{std::move(value)};
}

Json value_of(std::string_view text) {
  auto parsed = json::Document::parse(text);
  return parsed ? parsed->view().raw() : Json(text);
}

bool is_secret(std::string_view key) {
  constexpr std::array<std::string_view, 5> endings{"secret", "passphrase", "password", "token",
                                                    "api_key"};
  return key == "key" || std::ranges::any_of(endings, [&](auto e) { return key.ends_with(e); });
}

/// postgresql://user:password@host -> postgresql://user:<redacted>@host
std::string without_password(const std::string& url) {
  const auto scheme = url.find("://");
  const auto at = url.rfind('@');
  if (scheme == std::string::npos || at == std::string::npos) {
    return url;
  }
  const auto colon = url.find(':', scheme + 3);
  return colon < at ? url.substr(0, colon + 1) + "<redacted>" + url.substr(at) : url;
}

void redact(Json& value) {
  for (auto& [key, item] : value.items()) {
    if (item.is_structured()) {
      redact(item);
    } else if (item.is_string() && !item.get_ref<const std::string&>().empty()) {
      item = is_secret(value.is_object() ? key : "") ? "<redacted>"
                                                     : without_password(item.get<std::string>());
    }
  }
}

} // namespace

SettingsSource::SettingsSource() : state_(std::make_unique<State>()) {}
SettingsSource::~SettingsSource() = default;
SettingsSource::SettingsSource(SettingsSource&&) noexcept = default;
SettingsSource& SettingsSource::operator=(SettingsSource&&) noexcept = default;

Result<void> SettingsSource::add_file(const std::string& path) {
  std::ifstream in{path};
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    return config_error(path + ": expected a readable file, found none");
  }
  return add_text(text.str(), path);
}

Result<void> SettingsSource::add_text(std::string_view text, const std::string& origin) {
  auto parsed = json::Document::parse(text);
  if (!parsed) {
    return config_error(origin + ": " + parsed.error().message);
  }
  if (!parsed->view().is_object()) {
    return config_error(origin + ": expected an object, found " + parsed->view().excerpt());
  }
  merge_into(state_->merged, parsed->view().raw(), "", origin, state_->origins);
  return {};
}

Result<void> SettingsSource::add_environment(const char* const* environment,
                                             std::string_view prefix) {
  for (; *environment != nullptr; ++environment) {
    const std::string_view entry = *environment;
    const auto equals = entry.find('=');
    if (!entry.starts_with(prefix) || equals == std::string_view::npos) {
      continue;
    }
    std::string path;
    auto rest = entry.substr(prefix.size(), equals - prefix.size());
    while (!rest.empty()) {
      const bool separator = rest.starts_with("__");
      path += separator ? '.' : static_cast<char>(std::tolower(rest.front()));
      rest.remove_prefix(separator ? 2 : 1);
    }
    auto nested = nest(path, value_of(entry.substr(equals + 1)));
    if (!nested) {
      return config_error(std::string(entry.substr(0, equals)) + ": " + nested.error().message);
    }
    const auto origin = "environment " + std::string(entry.substr(0, equals));
    merge_into(state_->merged, nested->view().raw(), "", origin, state_->origins);
  }
  return {};
}

Result<void> SettingsSource::set(std::string_view assignment) {
  const auto equals = assignment.find('=');
  if (equals == std::string_view::npos) {
    return config_error("--set: expected path=value, found \"" + std::string(assignment) + "\"");
  }
  auto nested = nest(assignment.substr(0, equals), value_of(assignment.substr(equals + 1)));
  if (!nested) {
    return config_error("--set: " + nested.error().message);
  }
  merge_into(state_->merged, nested->view().raw(), "", "--set", state_->origins);
  return {};
}

json::View SettingsSource::view() const {
  return json::View{state_->merged};
}

Error SettingsSource::error(const std::vector<json::Problem>& problems) const {
  std::string text;
  for (const auto& problem : problems) {
    std::string origin = "defaults";
    for (auto path = problem.path; !path.empty();) {
      if (const auto at = state_->origins.find(path); at != state_->origins.end()) {
        origin = at->second;
        break;
      }
      const auto cut = path.find_last_of(".[");
      path.resize(cut == std::string::npos ? 0 : cut);
    }
    text += (text.empty() ? "" : "\n") + origin + ": " + problem.text();
  }
  return config_error(std::move(text));
}

std::string redacted(std::string_view json_text) {
  auto value = Json::parse(json_text);
  redact(value);
  return value.dump(2);
}

} // namespace troupe::core
