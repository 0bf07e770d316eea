#include "actors/storage/url.hpp"

namespace troupe::storage {

namespace {

core::Error invalid_url(std::string found) {
  return {core::Errc::CONFIG_INVALID,
          "storage.url: expected sqlite:FILE or postgresql://USER@HOST/DATABASE, found "
            + std::move(found)};
}

core::Result<StorageUrl> sqlite_url(std::string_view file) {
  if (file.starts_with("//")) {
    file.remove_prefix(2);
  }
  if (file.empty()) {
    return invalid_url("sqlite: without a file");
  }
  return StorageUrl{StorageKind::SQLITE, std::string{file}};
}

core::Result<StorageUrl> postgres_url(std::string_view text, std::string_view rest) {
  if (!rest.starts_with("//")) {
    return invalid_url("a postgresql: address without //");
  }
  const auto path = rest.find('/', 2);
  if (path == std::string_view::npos || path + 1 == rest.size() || rest[path + 1] == '?') {
    return invalid_url("a postgresql: address without a database");
  }
  return StorageUrl{StorageKind::POSTGRESQL, std::string{text}};
}

} // namespace

core::Result<StorageUrl> parse_storage_url(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return invalid_url(text.empty() ? "nothing" : "a text without a scheme");
  }
  if (text.find('\0') != std::string_view::npos) {
    return invalid_url("a text with a zero byte");
  }
  const auto scheme = text.substr(0, colon);
  if (scheme == "sqlite") {
    return sqlite_url(text.substr(colon + 1));
  }
  if (scheme == "postgresql" || scheme == "postgres") {
    return postgres_url(text, text.substr(colon + 1));
  }
  return invalid_url("the scheme \"" + std::string{scheme.substr(0, 32)} + "\"");
}

} // namespace troupe::storage
