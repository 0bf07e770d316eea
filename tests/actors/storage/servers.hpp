#pragma once

#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

/// Real servers for tests: on loopback, on free ports, stopped by their own pid.
namespace troupe::storage::tests {

/// A port that was free a moment ago.
[[nodiscard]] int free_port();

/// A child process; killed at the end.
class ServerProcess {
public:
  ServerProcess() = default;
  ~ServerProcess() { kill(); }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  /// @param user  whom to become where this process is root; empty: nobody else
  void start(const std::vector<std::string>& command, const std::string& user = {});
  void signal(int number) const;
  void kill();
  [[nodiscard]] bool runs() const { return pid_ > 0; }

private:
  pid_t pid_ = 0;
};

/// A Redis server without persistence.
class RedisServer {
public:
  [[nodiscard]] static bool installed();
  /// @pre installed()
  RedisServer();
  void start();
  void kill() { process_.kill(); }
  void signal(int number) const { process_.signal(number); }
  [[nodiscard]] std::string url(const std::string& path = {}) const;
  [[nodiscard]] int port() const { return port_; }

private:
  int port_;
  ServerProcess process_;
};

/// A PostgreSQL cluster in a directory of its own, with one database "history".
class PostgresServer {
public:
  /// Why none can be started here; empty if it can.
  [[nodiscard]] static std::string missing();
  /// @pre missing() is empty
  PostgresServer();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;
  void start();
  void kill();
  [[nodiscard]] std::string url(const std::string& database = "postgres") const;

private:
  std::string directory_;
  int port_;
  ServerProcess process_;
};

} // namespace troupe::storage::tests
