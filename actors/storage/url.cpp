#include "actors/storage/url.hpp"

namespace troupe::storage {

namespace {

core::Error invalid_url(std::string found) {
  return {core::Errc::CONFIG_INVALID,
          "storage.url: expected sqlite:FILE, found " + std::move(found)};
}

} // namespace

core::Result<StorageUrl> parse_storage_url(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return invalid_url(text.empty() ? "nothing" : "a text without a scheme");
  }
  const auto scheme = text.substr(0, colon);
  if (scheme == "postgresql" || scheme == "postgres") {
    return core::Error{core::Errc::CONFIG_INVALID,
                       "storage.url: this build has no PostgreSQL backend yet; expected "
                       "sqlite:FILE, found a "
                         + std::string{scheme} + ": address"};
  }
  if (scheme != "sqlite") {
    return invalid_url("the scheme \"" + std::string{scheme.substr(0, 32)} + "\"");
  }
  auto file = text.substr(colon + 1);
  if (file.starts_with("//")) {
    file.remove_prefix(2);
  }
  if (file.empty()) {
    return invalid_url("sqlite: without a file");
  }
  if (file.find('\0') != std::string_view::npos) {
    return invalid_url("a file name with a zero byte");
  }
  return StorageUrl{std::string{file}};
}

} // namespace troupe::storage
