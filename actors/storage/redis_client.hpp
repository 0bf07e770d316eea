#pragma once

#include "core/errc.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::storage {

/// Where a Redis server is: redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]
struct RedisAddress {
  std::string host;
  std::uint16_t port = 6379;
  std::string user;     ///< empty: the server's default user
  std::string password; ///< empty: no AUTH
  std::uint32_t database = 0;

  friend bool operator==(const RedisAddress&, const RedisAddress&) = default;
};

/// @returns CONFIG_INVALID that says what was expected; credentials are not repeated
[[nodiscard]] core::Result<RedisAddress> parse_redis_url(std::string_view text);

struct RedisSettings {
  std::chrono::milliseconds connect_timeout{200};
  std::chrono::milliseconds reply_timeout{200}; ///< of each wait for the server
};

/// One connection to a Redis server that sends many commands before it reads their replies. It
/// connects at the first use and again after a failure. Not thread-safe, and it blocks.
class RedisClient {
public:
  explicit RedisClient(RedisAddress address, RedisSettings settings = {});
  ~RedisClient();
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;

  /// Adds a command to the pipeline; nothing is sent before `flush`.
  void set(std::string_view key, std::string_view value, std::chrono::milliseconds ttl);
  void get(std::string_view key);

  /// Sends what was added and reads every reply, in order.
  /// @returns one entry per command: the value of a get, nothing for a set and for an absent key.
  ///          UNAVAILABLE where the server cannot be reached or ended the connection, TIMEOUT where
  ///          it stays silent, IO_ERROR where it refuses a command; then the connection is closed
  ///          and the pipeline empty
  [[nodiscard]] core::Result<std::vector<std::optional<std::string>>> flush();

  [[nodiscard]] std::size_t waiting() const { return commands_.size(); }

private:
  struct Connection;
  using Command = std::vector<std::string>;
  [[nodiscard]] core::Result<void> connect();
  [[nodiscard]] core::Result<std::optional<std::string>> read_reply();
  [[nodiscard]] core::Result<void> run_now(const Command& command);
  [[nodiscard]] core::Error connection_error() const;

  RedisAddress address_;
  RedisSettings settings_;
  std::unique_ptr<Connection> connection_;
  std::vector<Command> commands_;
};

} // namespace troupe::storage
