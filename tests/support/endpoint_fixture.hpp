#pragma once

#include "actors/venues/exchange_server/endpoint.hpp"
#include "net/uri.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

/// An exchange's protocol without sockets and in time of one's own.
namespace troupe::test {

using nlohmann::json;
namespace engine = venues::sim::exchange;

/// Keeps what it is sent.
class FakeSession final : public net::WebSocketSession {
public:
  explicit FakeSession(std::uint64_t id) : id_(id) {}
  bool send(net::SharedFrame frame) override {
    frames.push_back(json::parse(frame->text()));
    return true;
  }
  bool send_conflated(std::string_view, net::SharedFrame frame) override {
    return send(std::move(frame));
  }
  void close(std::uint16_t code, std::string_view) override { closed = code; }
  [[nodiscard]] std::uint64_t id() const noexcept override { return id_; }
  [[nodiscard]] const std::string& remote_address() const noexcept override { return address_; }
  [[nodiscard]] const std::string& subject() const noexcept override { return subject_; }
  [[nodiscard]] std::size_t queued_bytes() const override { return 0; }
  [[nodiscard]] bool is_open() const noexcept override { return closed == 0; }

  /// The frames since the last call.
  std::vector<json> take() { return std::exchange(frames, {}); }
  /// Those that hold this value under this key.
  std::vector<json> take(const char* key, const char* value) {
    auto all = take();
    std::erase_if(all, [&](const json& one) {
      return !one.is_object() || !one.contains(key) || one[key] != value;
    });
    return all;
  }
  std::vector<json> frames;
  std::uint16_t closed = 0;

private:
  std::uint64_t id_;
  std::string address_ = "127.0.0.1";
  std::string subject_;
};

/// Computes at once.
struct InlineCandles final : engine::CandleSource {
  venues::exchange_server::Endpoint* endpoint = nullptr;
  void fetch(const engine::CandleQuery& query, Done done) override {
    done(endpoint->exchange().history().candles(query.market, *query.interval, query.from_ns,
                                                query.to_ns));
  }
};

/// Faults with some of them set.
template <class Change>
[[nodiscard]] venues::exchange_server::Faults faults_with(const Change& change) {
  venues::exchange_server::Faults faults;
  change(faults);
  return faults;
}

struct Reply {
  unsigned status = 0;
  json body;
  std::vector<std::pair<std::string, std::string>> headers;
  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) {
        return value;
      }
    }
    return {};
  }
};

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// One endpoint, its clock and its sessions.
template <class Server, class Limits>
struct EndpointFixture {
  static constexpr core::Timestamp start{1'780'000'000'000'000'000};

  EndpointFixture(engine::ExchangeSettings settings, Limits limits = {})
    : server(std::make_unique<Server>(
      std::move(settings),
      limits,
      venues::exchange_server::EndpointContext{start, &candles, &faults})) {
    candles.endpoint = server.get();
    now = start;
    server->advance(now);
  }

  void later(std::chrono::nanoseconds by) {
    const auto end = now + by;
    while (now < end) { // as the actor's ticks do
      now = std::min(end, now + std::chrono::milliseconds{20});
      server->advance(now);
    }
  }

  /// To the start of the next whole minute.
  void begin_minute() {
    constexpr std::chrono::minutes minute{1};
    later(troupe::core::floor(now, minute) + minute - now);
  }

  Reply call(net::Method method,
             const std::string& target,
             const HeaderList& headers = {},
             const std::string& body = {}) {
    net::Request request;
    request.method = method;
    request.target = target;
    REQUIRE(net::parse_target(target, request));
    for (const auto& [name, value] : headers) {
      request.headers.add(name, value);
    }
    request.body = body;
    request.remote_address = "127.0.0.1";
    Reply reply;
    server->on_request(request, [&](const net::Response& response) {
      reply.status = response.status;
      reply.headers = response.headers;
      const auto text = response.content();
      reply.body = text.empty() ? json{} : json::parse(text);
    });
    REQUIRE(reply.status != 0);
    return reply;
  }
  Reply get(const std::string& target) { return call(net::Method::GET, target); }

  std::shared_ptr<FakeSession> open(const std::string& target) {
    net::Request request;
    request.target = target;
    REQUIRE(net::parse_target(target, request));
    auto session = std::make_shared<FakeSession>(++sessions);
    server->on_open(session, request);
    return session;
  }
  void send(const std::shared_ptr<FakeSession>& session, const json& message) {
    server->on_message(session, message.dump());
  }

  std::shared_ptr<venues::exchange_server::FaultBox> box =
    std::make_shared<venues::exchange_server::FaultBox>();
  venues::exchange_server::FaultPlan faults{box};
  InlineCandles candles;
  std::unique_ptr<Server> server;
  core::Timestamp now;
  std::uint64_t sessions = 0;
};

/// Two instruments, two days of history, one account of a million dollars.
[[nodiscard]] inline engine::ExchangeSettings small_exchange(const std::string& dollars) {
  engine::ExchangeSettings settings;
  settings.market.instruments.resize(2);
  settings.history = std::chrono::hours{48};
  settings.accounts = {{"key",
                        "c2VjcmV0IG9mIHRoZSB0ZXN0",
                        "phrase",
                        {{dollars, trading::Money::from_integer(1'000'000)},
                         {"BTC", trading::Money::from_integer(10)}}}};
  return settings;
}

} // namespace troupe::test
