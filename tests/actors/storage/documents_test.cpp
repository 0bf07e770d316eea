#include "documents_suite.hpp"
#include "eventually.hpp"
#include "servers.hpp"

#include <filesystem>
#include <unistd.h>

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::storage::tests;

TEST_CASE("documents: sqlite keeps what every document store must keep") {
  documents_suite([] { return std::move(*open_documents("sqlite::memory:")); });
}

TEST_CASE("documents: sqlite has them after it was closed, beside a history") {
  const auto folder =
    std::filesystem::temp_directory_path() / ("troupe-documents-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const auto url = "sqlite:" + (folder / "history.db").string();
  REQUIRE((*open_documents(url))->put(version_of("a", 1, "kept")).has_value());
  CHECK((*open_documents(url))->get("portfolio", "a", {})->value().body == "kept");
  std::filesystem::remove_all(folder);
}

TEST_CASE("documents: an address that names no store is refused") {
  CHECK(open_documents("mysql://x").error().code == core::Errc::CONFIG_INVALID);
  CHECK(open_documents("sqlite:/nowhere/at/all.db").error().code == core::Errc::IO_ERROR);
}

TEST_CASE("documents: postgresql keeps what every document store must keep") {
  if (const auto missing = PostgresServer::missing(); !missing.empty()) {
    MESSAGE("skipped: ", missing);
    return;
  }
  PostgresServer server;
  documents_suite([&] {
    std::unique_ptr<DocumentStore> store;
    REQUIRE(test::eventually([&] {
      auto made = open_documents(server.url());
      if (made) {
        store = std::move(*made);
      }
      return store != nullptr;
    }));
    return store;
  });
}
