#include "servers.hpp"

#include "eventually.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <arpa/inet.h>
#include <cstdio>
#include <filesystem>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::storage::tests {

namespace {

bool listens(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool connected =
    ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return connected;
}

/// The newest installed version's folder of programs; empty without one.
std::string postgres_bin() {
  std::string best;
  const std::filesystem::path root{"/usr/lib/postgresql"};
  if (std::filesystem::exists(root)) {
    for (const auto& version : std::filesystem::directory_iterator{root}) {
      const auto bin = version.path() / "bin";
      if (std::filesystem::exists(bin / "initdb")) {
        best = std::max(best, bin.string());
      }
    }
  }
  return best;
}

[[noreturn]] void become(const std::vector<std::string>& command, const std::string& user) {
  if (!user.empty() && ::geteuid() == 0) {
    const auto* const entry = ::getpwnam(user.c_str());
    if (entry == nullptr || ::initgroups(user.c_str(), entry->pw_gid) != 0
        || ::setgid(entry->pw_gid) != 0 || ::setuid(entry->pw_uid) != 0) {
      ::_exit(126);
    }
  }
  std::vector<char*> raw;
  for (const auto& part : command) {
    raw.push_back(const_cast<char*>(part.c_str()));
  }
  raw.push_back(nullptr);
  if (::freopen("/dev/null", "w", stdout) == nullptr
      || ::freopen("/dev/null", "w", stderr) == nullptr) {
    ::_exit(125);
  }
  ::execv(raw.front(), raw.data());
  ::_exit(127);
}

} // namespace

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  ::close(fd);
  return ntohs(address.sin_port);
}

void ServerProcess::start(const std::vector<std::string>& command, const std::string& user) {
  kill();
  std::fflush(nullptr); // else the child writes again what is buffered
  pid_ = ::fork();
  if (pid_ == 0) {
    become(command, user);
  }
  REQUIRE(pid_ > 0);
}

// no check here: it is called at the end of the process too, when doctest is gone
void ServerProcess::signal(int number) const {
  if (pid_ > 0) {
    ::kill(pid_, number);
  }
}

void ServerProcess::kill() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
}

bool RedisServer::installed() {
  return ::access("/usr/bin/redis-server", X_OK) == 0;
}

RedisServer::RedisServer() : port_(free_port()) {
  start();
}

void RedisServer::start() {
  process_.start({"/usr/bin/redis-server", "--port", std::to_string(port_), "--bind", "127.0.0.1",
                  "--save", "", "--appendonly", "no"});
  REQUIRE(test::eventually([this] { return listens(port_); }));
}

std::string RedisServer::url(const std::string& path) const {
  return "redis://127.0.0.1:" + std::to_string(port_) + path;
}

std::string PostgresServer::missing() {
  if (postgres_bin().empty()) {
    return "no PostgreSQL server here (package postgresql)";
  }
  if (::geteuid() != 0) {
    return "";
  }
  // It refuses to run as root.
  struct stat root {};
  if (::stat("/", &root) == 0 && (root.st_mode & S_IXOTH) == 0) {
    return "the root directory lets in nobody but root (mode 0700), who may not run PostgreSQL";
  }
  return ::getpwnam("postgres") == nullptr ? "no user postgres to run PostgreSQL as" : "";
}

PostgresServer::PostgresServer() : port_(free_port()) {
  std::string pattern = (std::filesystem::temp_directory_path() / "troupe_pg_XXXXXX").string();
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  directory_ = pattern;
  if (::geteuid() == 0) {
    const auto* const entry = ::getpwnam("postgres");
    REQUIRE(::chown(directory_.c_str(), entry->pw_uid, entry->pw_gid) == 0);
  }
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    // --no-sync: what is tested is a crash of the server, not of the machine
    become({postgres_bin() + "/initdb", "-D", directory_ + "/data", "-U", "troupe", "-A", "trust",
            "--no-sync", "-E", "UTF8", "--locale=C"},
           "postgres");
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  start();
}

PostgresServer::~PostgresServer() {
  kill();
  std::filesystem::remove_all(directory_);
}

void PostgresServer::start() {
  process_.start({postgres_bin() + "/postgres", "-D", directory_ + "/data", "-p",
                  std::to_string(port_), "-h", "127.0.0.1", "-k", directory_},
                 "postgres");
}

void PostgresServer::kill() {
  if (!process_.runs()) {
    return;
  }
  // SIGQUIT ends all of its processes at once without a checkpoint: the next start recovers
  process_.signal(SIGQUIT);
  (void)test::eventually([this] { return !listens(port_); });
  process_.kill();
}

std::string PostgresServer::url(const std::string& database) const {
  return "postgresql://troupe@127.0.0.1:" + std::to_string(port_) + '/' + database;
}

} // namespace troupe::storage::tests
