#include "net/server.hpp"
#include "net/websocket_client.hpp"
#include "raw_client.hpp"

#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>

using namespace troupe;
using namespace troupe::net;
using namespace troupe::net::test;
using namespace std::chrono_literals;

namespace {

/// Echoes, and remembers sessions and how they ended.
struct Echo final : WebSocketHandler {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<SessionPtr> open;
  std::vector<std::uint16_t> closed;

  void on_open(const SessionPtr& session, const Request& request) override {
    CHECK(request.path == "/ws");
    const std::scoped_lock lock{mutex};
    open.push_back(session);
    changed.notify_all();
  }
  void on_message(const SessionPtr& session, std::string_view text) override {
    if (text == "throw") {
      throw std::runtime_error("on purpose");
    }
    session->send(make_frame(text));
  }
  void on_close(const SessionPtr&, std::uint16_t code) override {
    const std::scoped_lock lock{mutex};
    closed.push_back(code);
    changed.notify_all();
  }
  SessionPtr session(std::size_t index = 0) {
    std::unique_lock lock{mutex};
    REQUIRE(changed.wait_for(lock, 5s, [&] { return open.size() > index; }));
    return open[index];
  }
  std::uint16_t close_code(std::size_t index = 0) {
    std::unique_lock lock{mutex};
    REQUIRE(changed.wait_for(lock, 5s, [&] { return closed.size() > index; }));
    return closed[index];
  }
};

struct EchoServer {
  explicit EchoServer(ServerSettings settings = {}) {
    settings.listen = "127.0.0.1:0";
    settings.sweep_interval = 5ms;
    std::vector<Route> routes;
    routes.push_back({Method::GET, "/ws", std::shared_ptr<WebSocketHandler>(echo)});
    server = std::make_unique<Server>(std::move(settings), Router{std::move(routes)});
    const auto bound = server->start();
    REQUIRE(bound.has_value());
    port = bound->port;
    url = "ws://" + bound->host_port() + "/ws";
  }
  std::shared_ptr<Echo> echo = std::make_shared<Echo>();
  std::unique_ptr<Server> server;
  std::uint16_t port = 0;
  std::string url;
};

} // namespace

TEST_CASE("websocket: the handshake answers the key of RFC 6455 and echoes text") {
  EchoServer f;
  RawClient client{f.port};
  const auto reply = upgrade(client, "/ws");
  CHECK(reply.status == 101);
  CHECK(reply.header("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  CHECK(reply.header("sec-websocket-extensions").empty());
  client.send(text_frame("héllo"));
  const auto frame = read_frame(client);
  CHECK(frame.first_byte == 0x81);
  CHECK(frame.payload == "héllo");
  const std::string long_text(40'000, 'z');
  for (const char c : text_frame(std::string(300, 'y')) + text_frame(long_text)) {
    client.send({&c, 1});
  }
  CHECK(read_frame(client).payload == std::string(300, 'y'));
  CHECK(read_frame(client).payload == long_text);
  client.send(masked_frame(0x88, "\x03\xe8"
                                 "bye"));
  const auto close = read_frame(client);
  CHECK(close.first_byte == 0x88);
  CHECK(close.close_code() == 1000);
  CHECK(f.echo->close_code() == 1000);
  CHECK(client.is_closed());
}

TEST_CASE("websocket: handshakes against the rules are refused") {
  EchoServer f;
  struct Case {
    std::string headers;
    unsigned status;
  };
  const std::string base = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::vector<Case> cases{
    {"", 426},
    {base + key, 426},
    {base + key + "Sec-WebSocket-Version: 8\r\n", 426},
    {base + "Sec-WebSocket-Version: 13\r\n", 400},
    {base + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n", 400},
    {base + key + "Sec-WebSocket-Version: 13\r\nOrigin: https://evil.example\r\n", 403},
    {base + key + "Sec-WebSocket-Version: 13\r\nOrigin: null\r\n", 403},
  };
  for (const auto& one : cases) {
    CAPTURE(one.headers);
    RawClient client{f.port};
    client.send(get("/ws", one.headers));
    CHECK(client.reply().status == one.status);
  }
  RawClient local{f.port};
  CHECK(upgrade(local, "/ws", "Origin: http://localhost:5173\r\n").status == 101);
}

TEST_CASE("websocket: fragments join, control frames may stand between them") {
  EchoServer f;
  RawClient client{f.port};
  REQUIRE(upgrade(client, "/ws").status == 101);
  client.send(masked_frame(0x01, "caf\xC3") + masked_frame(0x89, "ping!")
              + masked_frame(0x00, "\xA9") + masked_frame(0x80, " au lait"));
  const auto pong = read_frame(client);
  CHECK(pong.first_byte == 0x8A);
  CHECK(pong.payload == "ping!");
  CHECK(read_frame(client).payload == "café au lait");
}

TEST_CASE("websocket: frames against the rules close with the code that says which") {
  EchoServer f;
  struct Case {
    const char* name;
    std::string frames;
    unsigned code;
  };
  const std::vector<Case> cases{
    {"unmasked",
     std::string("\x81\x01"
                 "a"),
     1002},
    {"reserved bit", masked_frame(0xC1, "a"), 1002},
    {"unknown opcode", masked_frame(0x83, "a"), 1002},
    {"unknown control opcode", masked_frame(0x8B, "a"), 1002},
    {"fragmented ping", masked_frame(0x09, "a"), 1002},
    {"long ping", masked_frame(0x89, std::string(126, 'a')), 1002},
    {"continuation of nothing", masked_frame(0x80, "a"), 1002},
    {"text within a message", masked_frame(0x01, "a") + masked_frame(0x81, "b"), 1002},
    {"long form of a short length",
     std::string("\x81\xFE\x00\x01\x00\x00\x00\x00"
                 "a",
                 9),
     1002},
    {"half a close code", masked_frame(0x88, "\x03"), 1002},
    {"close code not to be sent", masked_frame(0x88, "\x03\xEE"), 1002},
    {"close reason not UTF-8", masked_frame(0x88, "\x03\xE8\xFF"), 1007},
    {"binary", masked_frame(0x82, "a"), 1003},
    {"text not UTF-8", masked_frame(0x81, "a\xFF"), 1007},
    {"text cut in a character", masked_frame(0x81, "caf\xC3"), 1007},
    {"too long", std::string("\x81\xFF\x00\x00\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00", 14), 1009},
    {"too long in fragments",
     masked_frame(0x01, std::string(60'000, 'a')) + masked_frame(0x80, std::string(6'000, 'a')),
     1009},
    {"handler throws", masked_frame(0x81, "throw"), 1011},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    CAPTURE(cases[i].name);
    RawClient client{f.port};
    REQUIRE(upgrade(client, "/ws").status == 101);
    client.send(cases[i].frames);
    const auto frame = read_frame(client);
    CHECK(frame.first_byte == 0x88);
    CHECK(frame.close_code() == cases[i].code);
    client.send(masked_frame(0x88, "\x03\xE8"));
    client.shutdown_send();
    CHECK(f.echo->close_code(i) == cases[i].code);
  }
}

TEST_CASE("websocket: a slow consumer gets the newest of what conflates") {
  EchoServer f;
  RawClient client{f.port, 4'096};
  REQUIRE(upgrade(client, "/ws").status == 101);
  const auto session = f.echo->session();
  const std::string filler(1'000, 'x');
  for (int i = 0; i < 20'000; ++i) {
    REQUIRE(
      session->send_conflated(i % 2 == 0 ? "a" : "b", make_frame(std::to_string(i) + filler)));
  }
  REQUIRE(session->send(make_frame("end")));
  CHECK(session->queued_bytes() < 200'000); // one batch in flight and one frame for each key
  int last_a = -1;
  int last_b = -1;
  int received = 0;
  while (true) {
    const auto frame = read_frame(client);
    REQUIRE(frame.first_byte == 0x81);
    if (frame.payload == "end") {
      break;
    }
    ++received;
    const int number = std::stoi(frame.payload);
    int& last = number % 2 == 0 ? last_a : last_b;
    CHECK(number > last);
    last = number;
  }
  CHECK(last_a == 19'998);
  CHECK(last_b == 19'999);
  CHECK(f.server->counters().websocket_frames_conflated
        == 20'000U - static_cast<std::uint64_t>(received));
}

TEST_CASE("websocket: a slow consumer of what must not be lost is cut off with 1013") {
  ServerSettings settings;
  settings.websocket_queue_bytes_max = 1'000'000;
  settings.write_timeout = 50ms;
  settings.websocket_close_timeout = 50ms;
  EchoServer f{settings};
  RawClient client{f.port, 4'096};
  REQUIRE(upgrade(client, "/ws").status == 101);
  const auto session = f.echo->session();
  const auto frame = make_frame(std::string(10'000, 'x'));
  int sent = 0;
  while (session->send(frame)) {
    ++sent;
    REQUIRE(session->queued_bytes() <= 1'000'000);
    REQUIRE(sent < 100'000);
  }
  CHECK(sent >= 90);
  CHECK_FALSE(session->is_open());
  CHECK(session->queued_bytes() <= 700'000); // the batch in flight only
  CHECK(f.server->counters().websocket_cut_off == 1);
  CHECK_FALSE(session->send_conflated("k", frame));
  f.echo->close_code(); // the connection ends though the client never reads
}

TEST_CASE("websocket: a cut-off consumer that reads on is told why") {
  ServerSettings settings;
  settings.websocket_queue_frames_max = 100;
  EchoServer f{settings};
  RawClient client{f.port, 4'096};
  REQUIRE(upgrade(client, "/ws").status == 101);
  const auto session = f.echo->session();
  const auto frame = make_frame(std::string(10'000, 'x'));
  while (session->send(frame)) {
  }
  RawFrame last;
  do {
    last = read_frame(client);
  } while (last.first_byte == 0x81);
  CHECK(last.first_byte == 0x88);
  CHECK(last.close_code() == 1013);
  CHECK(last.payload.substr(2) == "slow consumer");
}

TEST_CASE("websocket: quiet peers are pinged, silent ones closed") {
  ServerSettings settings;
  settings.websocket_ping_interval = 20ms;
  settings.websocket_idle_timeout = 100ms;
  EchoServer f{settings};
  RawClient client{f.port};
  REQUIRE(upgrade(client, "/ws").status == 101);
  auto frame = read_frame(client);
  CHECK(frame.first_byte == 0x89);
  while (frame.first_byte == 0x89) {
    frame = read_frame(client);
  }
  CHECK(frame.first_byte == 0x88);
  CHECK(frame.close_code() == 1001);
}

TEST_CASE("websocket: stopping the server closes sessions with 1001") {
  EchoServer f;
  auto socket = BlockingWebSocket::connect({.url = f.url});
  REQUIRE(socket.has_value());
  const auto session = f.echo->session();
  f.server->stop(5s);
  CHECK_FALSE(socket->receive(5s).has_value());
  CHECK(socket->close_code() == 1001);
  CHECK(f.echo->close_code() == 1001);
  CHECK_FALSE(session->send(make_frame("too late")));
}

TEST_CASE("websocket client: messages go both ways, the server's close is told") {
  EchoServer f;
  auto socket = BlockingWebSocket::connect({.url = f.url});
  REQUIRE(socket.has_value());
  for (int i = 0; i < 100; ++i) {
    REQUIRE(socket->send(std::to_string(i)).has_value());
  }
  for (int i = 0; i < 100; ++i) {
    CHECK(*socket->receive(5s) == std::to_string(i));
  }
  CHECK(socket->receive(1ms).error().code == core::Errc::TIMEOUT);
  f.echo->session()->close(4000, "enough");
  CHECK(socket->receive(5s).error().code == core::Errc::UNAVAILABLE);
  CHECK(socket->close_code() == 4000);
  CHECK(socket->close_reason() == "enough");
  CHECK_FALSE(socket->send("x").has_value());
}

TEST_CASE("websocket client: what is no WebSocket is an error that says what was found") {
  EchoServer f;
  const auto refused = BlockingWebSocket::connect({.url = f.url + "/nothing"});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == core::Errc::PROTOCOL_ERROR);
  CHECK(refused.error().message.find("404") != std::string::npos);
  CHECK(BlockingWebSocket::connect({.url = "http://localhost/"}).error().code
        == core::Errc::INVALID_ARGUMENT);
  f.server->stop(1s);
  CHECK(BlockingWebSocket::connect({.url = f.url}).error().code == core::Errc::UNAVAILABLE);
}
