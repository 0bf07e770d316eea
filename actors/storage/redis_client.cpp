#include "actors/storage/redis_client.hpp"

#include <hiredis/hiredis.h>

#include <cerrno>
#include <charconv>
#include <sys/time.h>
#include <utility>

namespace troupe::storage {

namespace redis_detail {

core::Error invalid_redis_url(std::string found) {
  return {core::Errc::CONFIG_INVALID,
          "cache.url: expected redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], found "
            + std::move(found)};
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

timeval to_timeval(std::chrono::milliseconds time) {
  constexpr std::int64_t thousand = 1'000;
  return {.tv_sec = time.count() / thousand, .tv_usec = time.count() % thousand * thousand};
}

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

} // namespace redis_detail

using namespace redis_detail;

core::Result<RedisAddress> parse_redis_url(std::string_view text) {
  constexpr std::string_view scheme = "redis://";
  if (!text.starts_with(scheme)) {
    return invalid_redis_url("the scheme \""
                             + std::string{text.substr(0, text.find(':'))}.substr(0, 32) + "\"");
  }
  RedisAddress address;
  auto rest = text.substr(scheme.size());
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    const auto credentials = rest.substr(0, at);
    const auto colon = credentials.find(':');
    if (colon == std::string_view::npos) {
      return invalid_redis_url("credentials without a colon");
    }
    address.user = credentials.substr(0, colon);
    address.password = credentials.substr(colon + 1);
    rest = rest.substr(at + 1);
  }
  if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
    const auto database = rest.substr(slash + 1);
    if (!database.empty() && !read_number(database, address.database)) {
      return invalid_redis_url("a database that is no number");
    }
    rest = rest.substr(0, slash);
  }
  if (const auto colon = rest.rfind(':'); colon != std::string_view::npos) {
    if (!read_number(rest.substr(colon + 1), address.port) || address.port == 0) {
      return invalid_redis_url("a port that is no number from 1 to 65535");
    }
    rest = rest.substr(0, colon);
  }
  if (rest.empty()) {
    return invalid_redis_url("no host");
  }
  address.host = rest;
  return address;
}

struct RedisClient::Connection {
  redisContext* context = nullptr;
  ~Connection() { redisFree(context); }
};

RedisClient::RedisClient(RedisAddress address, RedisSettings settings)
  : address_(std::move(address)), settings_(settings) {}

RedisClient::~RedisClient() = default;

void RedisClient::set(std::string_view key, std::string_view value, std::chrono::milliseconds ttl) {
  commands_.push_back(
    {"SET", std::string{key}, std::string{value}, "PX", std::to_string(ttl.count())});
}

void RedisClient::get(std::string_view key) {
  commands_.push_back({"GET", std::string{key}});
}

core::Error RedisClient::connection_error() const {
  const auto* const context = connection_->context;
  const bool silent = context->err == REDIS_ERR_IO && errno == EAGAIN;
  const std::string what = silent ? "no reply in time" : context->errstr;
  return {silent ? core::Errc::TIMEOUT : core::Errc::UNAVAILABLE,
          "redis " + address_.host + ':' + std::to_string(address_.port) + ": " + what};
}

core::Result<void> RedisClient::run_now(const Command& command) {
  std::vector<const char*> parts;
  std::vector<std::size_t> sizes;
  for (const auto& part : command) {
    parts.push_back(part.data());
    sizes.push_back(part.size());
  }
  if (redisAppendCommandArgv(connection_->context, static_cast<int>(parts.size()), parts.data(),
                             sizes.data())
      != REDIS_OK) {
    return connection_error();
  }
  return {};
}

core::Result<std::optional<std::string>> RedisClient::read_reply() {
  void* raw = nullptr;
  if (redisGetReply(connection_->context, &raw) != REDIS_OK || raw == nullptr) {
    return connection_error();
  }
  const std::unique_ptr<redisReply, FreeReply> reply{static_cast<redisReply*>(raw)};
  switch (reply->type) {
    case REDIS_REPLY_ERROR:
      return core::Error{core::Errc::IO_ERROR, "redis: " + std::string{reply->str, reply->len}};
    case REDIS_REPLY_STRING: return std::optional{std::string{reply->str, reply->len}};
    default: return std::optional<std::string>{};
  }
}

core::Result<void> RedisClient::connect() {
  auto fresh = std::make_unique<Connection>();
  fresh->context = redisConnectWithTimeout(address_.host.c_str(), address_.port,
                                           to_timeval(settings_.connect_timeout));
  if (fresh->context == nullptr) {
    return core::Error{core::Errc::UNAVAILABLE, "redis: no memory for a connection"};
  }
  connection_ = std::move(fresh);
  if (connection_->context->err != 0
      || redisSetTimeout(connection_->context, to_timeval(settings_.reply_timeout)) != REDIS_OK) {
    return connection_error();
  }
  std::vector<Command> opening;
  if (!address_.password.empty()) {
    opening.push_back(address_.user.empty() ? Command{"AUTH", address_.password}
                                            : Command{"AUTH", address_.user, address_.password});
  }
  if (address_.database != 0) {
    opening.push_back({"SELECT", std::to_string(address_.database)});
  }
  for (const auto& command : opening) {
    if (auto sent = run_now(command); !sent) {
      return sent;
    }
    if (auto reply = read_reply(); !reply) {
      return reply.error();
    }
  }
  return {};
}

core::Result<std::vector<std::optional<std::string>>> RedisClient::flush() {
  const auto commands = std::exchange(commands_, {});
  const auto fail = [this](const core::Error& error) {
    connection_.reset();
    return error;
  };
  if (!connection_) {
    if (auto connected = connect(); !connected) {
      return fail(connected.error());
    }
  }
  for (const auto& command : commands) {
    if (auto sent = run_now(command); !sent) {
      return fail(sent.error());
    }
  }
  std::vector<std::optional<std::string>> replies;
  replies.reserve(commands.size());
  for (std::size_t i = 0; i < commands.size(); ++i) {
    auto reply = read_reply();
    if (!reply) {
      return fail(reply.error());
    }
    replies.push_back(std::move(*reply));
  }
  return replies;
}

} // namespace troupe::storage
