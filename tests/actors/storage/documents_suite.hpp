#pragma once

#include "actors/storage/documents.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>

/// What every document store must keep.
namespace troupe::storage::tests {

inline Document version_of(const std::string& id, std::uint64_t version, std::string body) {
  return {.kind = "portfolio",
          .id = id,
          .version = version,
          .body = std::move(body),
          .written_at = {static_cast<std::int64_t>(version) * 1'000}};
}

inline void documents_suite(const std::function<std::unique_ptr<DocumentStore>()>& open) {
  auto store = open();
  CHECK(store->get("portfolio", "a", {})->has_value() == false);
  CHECK(store->newest("portfolio")->empty());
  const std::string bytes{"\0\xff{\"x\":1}", 9};
  REQUIRE(store->put(version_of("a", 1, bytes)).has_value());
  REQUIRE(store->put(version_of("b", 1, "")).has_value());
  REQUIRE(store->put(version_of("a", 3, "third")).has_value());
  for (const auto old : std::initializer_list<std::uint64_t>{1, 2, 3}) {
    const auto again = store->put(version_of("a", old, "other"));
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().code == core::Errc::CONFLICT);
    CHECK(again.error().message.find("version 3 of portfolio a is stored") != std::string::npos);
  }
  CHECK(**store->get("portfolio", "a", {}) == version_of("a", 3, "third"));
  CHECK(**store->get("portfolio", "a", 1) == version_of("a", 1, bytes));
  CHECK_FALSE(store->get("portfolio", "a", 2)->has_value());
  CHECK_FALSE(store->get("model", "a", {})->has_value());
  const auto newest = store->newest("portfolio");
  REQUIRE(newest->size() == 2);
  CHECK((*newest)[0] == version_of("a", 3, "third"));
  CHECK((*newest)[1] == version_of("b", 1, ""));
  CHECK(*store->versions("portfolio", "a") == std::vector<std::uint64_t>{1, 3});
  for (const auto& bad :
       {version_of("", 1, "x"), version_of("a", 0, "x"), version_of(std::string(200, 'a'), 1, "x"),
        version_of("a", 9, std::string(document_bytes_max + 1, 'x'))}) {
    CHECK(store->put(bad).error().code == core::Errc::INVALID_ARGUMENT);
  }
  for (std::uint64_t version = 4; version < 4 + document_versions_max; ++version) {
    REQUIRE(store->put(version_of("a", version, "x")).has_value());
  }
  CHECK(store->versions("portfolio", "a")->size() == document_versions_max);
  CHECK(store->versions("portfolio", "a")->front() == 4);
  CHECK(store->versions("portfolio", "b")->size() == 1);
}

} // namespace troupe::storage::tests
