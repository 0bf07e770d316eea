#include "actors/storage/open_history.hpp"
#include "actors/storage/postgres_history.hpp"
#include "eventually.hpp"
#include "history_suite.hpp"
#include "servers.hpp"

#include <pqxx/pqxx>

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::storage::tests;

namespace {

/// One server for all cases of this process; each case asks for databases of its own.
PostgresServer* server() {
  if (const auto missing = PostgresServer::missing(); !missing.empty()) {
    MESSAGE("skipped: ", missing);
    return nullptr;
  }
  static PostgresServer one;
  return &one;
}

/// A history in `database`, which is made where it does not exist.
std::unique_ptr<HistoryStore> opened(PostgresServer& on, const std::string& url) {
  std::unique_ptr<HistoryStore> store;
  std::string last;
  const bool there = test::eventually([&] {
    auto made = open_history(url);
    if (made) {
      store = std::move(*made);
      return true;
    }
    last = made.error().message;
    return false;
  });
  CAPTURE(last);
  CAPTURE(on.url());
  REQUIRE(there);
  return store;
}

/// A history in a database of its own: every part of the suite wants a new one.
std::unique_ptr<HistoryStore> fresh(PostgresServer& on) {
  static int count = 0;
  const auto name = "suite_" + std::to_string(++count);
  opened(on, on.url()).reset(); // the server is up
  pqxx::connection connection{on.url()};
  pqxx::nontransaction{connection}.exec("CREATE DATABASE " + name);
  return opened(on, on.url(name));
}

} // namespace

TEST_CASE("postgresql history: keeps what every history must keep") {
  auto* const on = server();
  if (on == nullptr) {
    return;
  }
  history_suite([&] { return fresh(*on); });
}

TEST_CASE("postgresql history: survives a crash of the server and goes on with the next call") {
  auto* const on = server();
  if (on == nullptr) {
    return;
  }
  const auto store = opened(*on, on->url());
  const std::vector<Bar> bars{minute_bar(100), minute_bar(101)};
  REQUIRE(value_of(store->upsert_bars(btc, intervals::m1, bars)) == 2);
  on->kill();
  const std::vector<Bar> more{minute_bar(102)};
  const auto lost = store->upsert_bars(btc, intervals::m1, more);
  REQUIRE(lost.has_error());
  CHECK(lost.error().code == core::Errc::UNAVAILABLE);
  on->start();
  REQUIRE(
    test::eventually([&] { return store->upsert_bars(btc, intervals::m1, more).has_value(); }));
  const auto found = value_of(store->bars(btc, intervals::m1, {}, 10, Pick::NEWEST));
  CHECK(found == std::vector{minute_bar(100), minute_bar(101), minute_bar(102)});
}

TEST_CASE("postgresql history: several nodes may open one database at once") {
  auto* const on = server();
  if (on == nullptr) {
    return;
  }
  const auto one = opened(*on, on->url());
  const auto other = opened(*on, on->url());
  const std::vector<Bar> bars{minute_bar(7)};
  REQUIRE(value_of(one->upsert_bars(eth, intervals::m1, bars)) == 1);
  CHECK(value_of(other->upsert_bars(eth, intervals::m1, bars)) == 0);
  CHECK(value_of(other->bars(eth, intervals::m1, {}, 5, Pick::OLDEST)) == bars);
}

TEST_CASE("postgresql history: a server that is not there is named without its credentials") {
  const auto nobody = open_postgres_history(
    "postgresql://desk:hunter2@127.0.0.1:" + std::to_string(free_port()) + "/troupe");
  REQUIRE(nobody.has_error());
  CHECK(nobody.error().code == core::Errc::UNAVAILABLE);
  CHECK(nobody.error().message.find("hunter2") == std::string::npos);
}
