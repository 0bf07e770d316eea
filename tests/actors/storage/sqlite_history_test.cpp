#include "actors/storage/open_history.hpp"
#include "actors/storage/sqlite_history.hpp"
#include "actors/storage/url.hpp"
#include "history_suite.hpp"

#include <SQLiteCpp/Database.h>

#include <filesystem>
#include <fstream>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::storage::tests;

namespace {

/// A directory of its own that is gone at the end.
class Directory {
public:
  Directory() {
    std::string path = (std::filesystem::temp_directory_path() / "troupe_storage_XXXXXX").string();
    REQUIRE(::mkdtemp(path.data()) != nullptr);
    path_ = path;
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  [[nodiscard]] std::string file(const std::string& name = "history.db") const {
    return (path_ / name).string();
  }

private:
  std::filesystem::path path_;
};

std::vector<Bar> minutes(std::int64_t first, std::int64_t count) {
  std::vector<Bar> out;
  for (std::int64_t i = 0; i < count; ++i) {
    out.push_back(minute_bar(first + i));
  }
  return out;
}

constexpr std::int64_t batch_bars = 50;

/// Writes batches until it is killed and reports each that has returned.
[[noreturn]] void write_forever(const std::string& file, int report) {
  auto store = open_sqlite_history(file);
  for (std::int64_t batch = 0; store.has_value(); ++batch) {
    const auto bars = minutes(batch * batch_bars, batch_bars);
    if (!(*store)->upsert_bars(btc, intervals::m1, bars) || ::write(report, "x", 1) != 1) {
      break;
    }
  }
  ::_exit(1);
}

/// Kills a writer after it has reported some batches; returns how many it had.
std::size_t killed_writer(const std::string& file, std::size_t batches) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const auto child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    write_forever(file, ends[1]);
  }
  ::close(ends[1]);
  char mark = 0;
  std::size_t reported = 0;
  while (reported < batches && ::read(ends[0], &mark, 1) == 1) {
    ++reported;
  }
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));
  while (::read(ends[0], &mark, 1) == 1) {
    ++reported;
  }
  ::close(ends[0]);
  return reported;
}

} // namespace

TEST_CASE("sqlite history: does what a history store must") {
  const Directory directory;
  history_suite([&] { return value_of(open_history("sqlite:" + directory.file())); });
}

TEST_CASE("sqlite history: what was written is there after reopening") {
  const Directory directory;
  {
    auto store = value_of(open_sqlite_history(directory.file()));
    CHECK(value_of(store->upsert_bars(btc, intervals::m1, minutes(0, 3))) == 3);
    CHECK(store->put_blob("model", "bytes").has_value());
  }
  auto store = value_of(open_sqlite_history(directory.file()));
  CHECK(value_of(store->bars(btc, intervals::m1, {}, 10, Pick::OLDEST)) == minutes(0, 3));
  CHECK(value_of(store->blob("model")) == "bytes");
}

TEST_CASE("sqlite history: a killed writer leaves every committed batch and no half one") {
  const Directory directory;
  for (const std::size_t batches : {std::size_t{1}, std::size_t{3}, std::size_t{7}}) {
    const auto file = directory.file(std::to_string(batches));
    const auto reported = killed_writer(file, batches);
    CHECK(reported >= batches);
    auto store = value_of(open_sqlite_history(file));
    const auto bars = value_of(store->bars(btc, intervals::m1, {}, rows_max, Pick::OLDEST));
    CHECK(bars.size() >= reported * batch_bars);
    CHECK(bars.size() % batch_bars == 0);
    CHECK(bars == minutes(0, static_cast<std::int64_t>(bars.size())));
  }
}

TEST_CASE("sqlite history: a process that ends inside a transaction leaves nothing of it") {
  const Directory directory;
  {
    auto store = value_of(open_sqlite_history(directory.file()));
    CHECK(value_of(store->upsert_bars(btc, intervals::m1, minutes(0, 2))) == 2);
  }
  const auto child = ::fork();
  if (child == 0) {
    SQLite::Database database{directory.file(), SQLite::OPEN_READWRITE};
    database.exec("PRAGMA cache_size=1; BEGIN IMMEDIATE; DELETE FROM bars;"
                  "INSERT INTO blobs (name, bytes) VALUES ('half', zeroblob(1000000))");
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(WEXITSTATUS(status) == 0);
  auto store = value_of(open_sqlite_history(directory.file()));
  CHECK(value_of(store->bars(btc, intervals::m1, {}, 10, Pick::OLDEST)) == minutes(0, 2));
  CHECK_FALSE(value_of(store->blob("half")).has_value());
}

TEST_CASE("sqlite history: a full database refuses the batch and keeps what it has") {
  const Directory directory;
  auto store = value_of(open_sqlite_history(directory.file(), {.size_bytes_max = 100'000}));
  CHECK(value_of(store->upsert_bars(btc, intervals::m1, minutes(0, 10))) == 10);
  const auto full = store->upsert_bars(btc, intervals::m1, minutes(10, 20'000));
  REQUIRE(full.has_error());
  CHECK(full.error().code == core::Errc::IO_ERROR);
  CHECK(full.error().message.find("full") != std::string::npos);
  CHECK(value_of(store->bars(btc, intervals::m1, {}, rows_max, Pick::OLDEST)) == minutes(0, 10));
  CHECK(value_of(store->upsert_bars(btc, intervals::m1, minutes(10, 5))) == 5);
}

TEST_CASE("sqlite history: a file that is no database is an error") {
  const Directory directory;
  std::ofstream{directory.file()} << std::string(5000, 'x');
  const auto store = open_sqlite_history(directory.file());
  REQUIRE(store.has_error());
  CHECK(store.error().code == core::Errc::IO_ERROR);
  CHECK(store.error().message.find("not a database") != std::string::npos);
}

TEST_CASE("sqlite history: a directory that cannot be written is an error") {
  const Directory directory;
  ::chmod(std::filesystem::path{directory.file()}.parent_path().c_str(), 0555);
  // permissions do not bind root; /proc takes no new files from anybody
  const auto file = ::geteuid() == 0 ? std::string{"/proc/history.db"} : directory.file();
  const auto store = open_sqlite_history(file);
  REQUIRE(store.has_error());
  CHECK(store.error().code == core::Errc::IO_ERROR);
  CHECK(store.error().message.find(file) != std::string::npos);
  ::chmod(std::filesystem::path{directory.file()}.parent_path().c_str(), 0755);
}

TEST_CASE("sqlite history: a locked database is unavailable rather than an error for good") {
  const Directory directory;
  auto store =
    value_of(open_sqlite_history(directory.file(), {.busy_timeout = std::chrono::milliseconds{1}}));
  SQLite::Database other{directory.file(), SQLite::OPEN_READWRITE};
  other.exec("BEGIN IMMEDIATE");
  const auto refused = store->upsert_bars(btc, intervals::m1, minutes(0, 1));
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == core::Errc::UNAVAILABLE);
  other.exec("ROLLBACK");
  CHECK(value_of(store->upsert_bars(btc, intervals::m1, minutes(0, 1))) == 1);
}

TEST_CASE("sqlite history: a newer schema and a damaged row are refused") {
  const Directory directory;
  {
    auto store = value_of(open_sqlite_history(directory.file()));
    CHECK(value_of(store->upsert_bars(btc, intervals::m1, minutes(0, 1))) == 1);
    SQLite::Database other{directory.file(), SQLite::OPEN_READWRITE};
    other.exec("UPDATE bars SET close = 'twelve'");
    const auto damaged = store->bars(btc, intervals::m1, {}, 10, Pick::OLDEST);
    REQUIRE(damaged.has_error());
    CHECK(damaged.error().code == core::Errc::IO_ERROR);
    other.exec("INSERT INTO schema_version (version) VALUES (99)");
  }
  const auto newer = open_sqlite_history(directory.file());
  REQUIRE(newer.has_error());
  CHECK(newer.error().code == core::Errc::VERSION_MISMATCH);
}

TEST_CASE("sqlite history: writes are synchronous and logged ahead") {
  const Directory directory;
  auto store = value_of(open_sqlite_history(directory.file()));
  CHECK(value_of(store->upsert_bars(btc, intervals::m1, minutes(0, 1))) == 1);
  CHECK(std::filesystem::exists(directory.file("history.db-wal")));
  SQLite::Database other{directory.file(), SQLite::OPEN_READONLY};
  CHECK(other.execAndGet("PRAGMA journal_mode").getString() == "wal");
}

TEST_CASE("storage url: files and databases are taken and everything else is explained") {
  CHECK(parse_storage_url("sqlite:history.db")->target == "history.db");
  CHECK(parse_storage_url("sqlite:/var/lib/history.db")->target == "/var/lib/history.db");
  CHECK(parse_storage_url("sqlite:///var/lib/history.db")->target == "/var/lib/history.db");
  const auto postgres = parse_storage_url("postgresql://desk:hunter2@db/troupe");
  REQUIRE(postgres.has_value());
  CHECK(postgres->kind == StorageKind::POSTGRESQL);
  CHECK(postgres->target == "postgresql://desk:hunter2@db/troupe");
  for (const char* text :
       {"", "sqlite:", "sqlite://", "history.db", ":x", "mysql://h/db", "postgresql:h/db",
        "postgresql://u:hunter2@h", "postgresql://u:hunter2@h/", "postgresql://u:hunter2@h/?a=b"}) {
    CAPTURE(text);
    const auto parsed = parse_storage_url(text);
    REQUIRE(parsed.has_error());
    CHECK(parsed.error().code == core::Errc::CONFIG_INVALID);
    CHECK(parsed.error().message.find("expected sqlite:FILE") != std::string::npos);
    CHECK(parsed.error().message.find("hunter2") == std::string::npos);
  }
}
