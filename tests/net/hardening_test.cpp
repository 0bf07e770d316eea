// What an attacker sends rather than a clumsy client: requests hidden in requests, drips, hoards,
// bombs. Each is refused or survived, and the server serves on.
#include "core/clock.hpp"
#include "eventually.hpp"
#include "net/server.hpp"
#include "raw_client.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <condition_variable>
#include <deque>
#include <fstream>
#include <mutex>
#include <poll.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

using namespace troupe;
using namespace troupe::net;
using namespace troupe::net::test;
using namespace std::chrono_literals;

namespace {

struct Shared {
  std::mutex mutex;
  std::vector<Responder> parked;
  std::atomic<int> hidden{0}; ///< calls of a handler that only a smuggled request would reach
};

struct Mute final : WebSocketHandler {
  void on_open(const SessionPtr&, const Request&) override {}
  void on_message(const SessionPtr&, std::string_view) override {}
  void on_close(const SessionPtr&, std::uint16_t) override {}
};

struct HardenedServer {
  explicit HardenedServer(ServerSettings settings = quick())
    : server(std::move(settings), routes(shared)) {
    const auto bound = server.start();
    REQUIRE(bound.has_value());
    port = bound->port;
  }
  static ServerSettings quick() {
    ServerSettings out;
    out.listen = "127.0.0.1:0";
    out.sweep_interval = 5ms;
    return out;
  }
  static Router routes(Shared& shared) {
    return Router{{
      {.path = "/hello", .handler = [](const Request&, const Params&) { return text("hello"); }},
      {.path = "/echo/{name}",
       .handler = [](const Request&,
                     const Params& params) { return text(std::string(params["name"])); }},
      {.path = "/hidden",
       .handler =
         [&shared](const Request&, const Params&) {
           ++shared.hidden;
           return text("hidden");
         }},
      {.path = "/big",
       .handler = [](const Request&, const Params&) { return text(std::string(32'000'000, 'x')); }},
      {.path = "/later",
       .handler =
         [&shared](const Request&, const Params&, Responder responder) {
           const std::lock_guard lock{shared.mutex};
           shared.parked.push_back(std::move(responder));
         }},
      {.method = Method::POST,
       .path = "/body",
       .handler = [](const Request& request, const Params&) { return text(request.body); }},
      {.path = "/ws", .handler = std::shared_ptr<WebSocketHandler>(std::make_shared<Mute>())},
    }};
  }
  /// The server is as good as new.
  void check_serves() {
    RawClient client{port};
    client.send(get("/hello"));
    CHECK(client.reply().body == "hello");
    CHECK(shared.hidden == 0);
  }
  Shared shared;
  Server server;
  std::uint16_t port = 0;
};

constexpr const char* post = "POST /body HTTP/1.1\r\nHost: localhost\r\n"
                             "Content-Type: application/json\r\n";

std::size_t resident_bytes() {
  std::ifstream file{"/proc/self/statm"};
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

} // namespace

TEST_CASE("hardening: no request hides in another's body, however its length is told") {
  HardenedServer f;
  const std::string hidden = "GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const auto chunked = "0\r\n\r\n" + hidden;
  const std::vector<std::pair<const char*, std::string>> cases{
    {"length before coding", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked},
    {"coding before length", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + chunked},
    {"two codings", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + chunked},
    {"a list of codings", "Transfer-Encoding: chunked, identity\r\n\r\n" + chunked},
    {"chunked twice", "Transfer-Encoding: chunked, chunked\r\n\r\n" + chunked},
    {"coding with a tail", "Transfer-Encoding: chunked;q=1\r\n\r\n" + chunked},
    {"coding in quotes", "Transfer-Encoding: \"chunked\"\r\n\r\n" + chunked},
    {"coding of another name", "Transfer-Encoding: xchunked\r\n\r\n" + chunked},
    {"coding behind a tab", "Transfer-Encoding: \x0B"
                            "chunked\r\n\r\n"
                              + chunked},
    {"space before the colon", "Transfer-Encoding : chunked\r\n\r\n" + chunked},
    {"name behind a space", " Transfer-Encoding: chunked\r\nX: y\r\n\r\n" + chunked},
    {"two lengths", "Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + hidden},
    {"the same length twice", "Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde"},
    {"a list of lengths", "Content-Length: 0, 44\r\n\r\n" + hidden},
    {"length with a sign", "Content-Length: +44\r\n\r\n" + hidden},
    {"length in hex", "Content-Length: 0x2C\r\n\r\n" + hidden},
    {"length past 64 bits", "Content-Length: 18446744073709551660\r\n\r\n" + hidden},
    {"empty length", "Content-Length: \r\n\r\n" + hidden},
  };
  for (const auto& [name, rest] : cases) {
    CAPTURE(name);
    RawClient client{f.port};
    client.send(post + rest);
    const auto reply = client.reply();
    CHECK(reply.status >= 400);
    CHECK(reply.status < 502);
    CHECK(reply.header("connection") == "close");
    CHECK(client.is_closed()); // nothing behind it is read as a request
  }
  RawClient old{f.port};
  old.send("POST /body HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
           + chunked);
  CHECK(old.reply().status == 400);
  CHECK(old.is_closed());
  f.check_serves();
}

TEST_CASE("hardening: chunks that are none end the connection") {
  HardenedServer f;
  const std::string head = std::string(post) + "Transfer-Encoding: chunked\r\n\r\n";
  const std::vector<std::pair<const char*, std::string>> cases{
    {"size past 64 bits", "FFFFFFFFFFFFFFFFF\r\n"},
    {"size that wraps", "FFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n"},
    {"negative size", "-1\r\nabc\r\n"},
    {"size in words", "three\r\nabc\r\n"},
    {"size with a prefix", "0x3\r\nabc\r\n0\r\n\r\n"},
    {"no line break behind a chunk", "3\r\nabcdef\r\n0\r\n\r\n"},
    {"empty size", "\r\nabc\r\n"},
    {"chunk above the limit", "FFFFFF\r\n" + std::string(100, 'x')},
    {"line without end", std::string(40'000, '0')},
    {"extension without end", "3;" + std::string(40'000, 'x')},
  };
  for (const auto& [name, rest] : cases) {
    CAPTURE(name);
    RawClient client{f.port};
    client.send(head + rest);
    const auto reply = client.reply();
    CHECK(reply.status >= 400);
    CHECK(reply.status < 500);
    CHECK(client.is_closed());
  }
  f.check_serves();
}

TEST_CASE("hardening: a trailer is no header, and what follows it is the next request") {
  HardenedServer f;
  RawClient client{f.port};
  client.send(std::string(post)
              + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Trailer: 40\r\n"
                "Host: evil.example\r\n\r\n"
              + get("/hello"));
  CHECK(client.reply().body == "abc");
  CHECK(client.reply().body == "hello");
}

TEST_CASE("hardening: paths and queries that are not UTF-8 are refused") {
  HardenedServer f;
  RawClient client{f.port};
  for (const char* target :
       {"/echo/%FF", "/echo/%C3", "/echo/%C0%AF", "/echo/%ED%A0%80", "/echo/%F5%80%80%80",
        "/echo/%E2%82", "/echo/%00", "/hello?a=%FF", "/hello?%C3=1"}) {
    CAPTURE(target);
    client.send(get(target));
    const auto reply = client.reply();
    CHECK(reply.status == 400);
    REQUIRE_FALSE(reply.body.empty());
    CHECK(nlohmann::json::parse(reply.body).at("error").contains("code"));
  }
  client.send(get("/echo/%E2%82%AC"));
  CHECK(client.reply().body == "\xE2\x82\xAC");
  RawClient raw{f.port};
  raw.send(get("/echo/\xFF\xFE"));
  CHECK(raw.reply().status == 400);
  f.check_serves();
}

TEST_CASE("hardening: dripping a head or a body does not put its end off") {
  auto settings = HardenedServer::quick();
  settings.header_timeout = 100ms;
  settings.body_timeout = 100ms;
  HardenedServer f{settings};
  for (const bool in_body : {false, true}) {
    CAPTURE(in_body);
    RawClient client{f.port};
    client.send(in_body ? std::string(post) + "Content-Length: 1000000\r\n\r\n"
                        : std::string("GET /hello HTTP/1.1\r\nHost: localhost\r\nX: "));
    bool answered = false;
    for (int i = 0; i < 4'000 && !answered; ++i) {
      client.send("a");
      answered = client.has_input(5);
    }
    REQUIRE(answered);
    CHECK(client.reply().status == 408);
  }
  f.check_serves();
}

TEST_CASE("hardening: a client that never reads its reply is cut off") {
  auto settings = HardenedServer::quick();
  settings.write_timeout = 50ms;
  HardenedServer f{settings};
  RawClient client{f.port, 4'096};
  client.send(get("/big"));
  CHECK(client.has_input(20'000));
  CHECK(::test::eventually([&] { return f.server.counters().connections_open == 0; }));
  f.check_serves();
}

TEST_CASE("hardening: no more pipelined requests are taken than allowed, the rest wait in order") {
  auto settings = HardenedServer::quick();
  settings.pipelined_requests_max = 4;
  HardenedServer f{settings};
  RawClient client{f.port};
  std::string many;
  for (int i = 0; i < 50; ++i) {
    many += get("/later");
  }
  client.send(many);
  for (int answered = 0; answered < 50;) {
    std::vector<Responder> taken;
    REQUIRE(::test::eventually([&] {
      const std::lock_guard lock{f.shared.mutex};
      CHECK(f.shared.parked.size() <= 4);
      taken = std::exchange(f.shared.parked, {});
      return !taken.empty();
    }));
    for (auto at = taken.rbegin(); at != taken.rend(); ++at) { // the last first
      (*at)(text(std::to_string(answered + (taken.rend() - at) - 1)));
    }
    for (std::size_t i = 0; i < taken.size(); ++i) {
      REQUIRE(client.reply().body == std::to_string(answered++));
    }
  }
}

TEST_CASE("hardening: compressed bodies and frames are refused, never inflated") {
  HardenedServer f;
  RawClient client{f.port};
  // A gzip header with a body that claims to be more.
  for (const char* coding : {"gzip", "deflate", "br", "zstd", "gzip, gzip"}) {
    CAPTURE(coding);
    client.send(std::string(post) + "Content-Encoding: " + coding
                + "\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x01");
    const auto reply = client.reply();
    CHECK(reply.status == 415);
    CHECK(nlohmann::json::parse(reply.body).at("error").at("code") == "UNSUPPORTED_MEDIA_TYPE");
  }
  client.send(std::string(post) + "Content-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc");
  CHECK(client.reply().body == "abc");
  RawClient stream{f.port};
  const auto upgraded = upgrade(
    stream, "/ws", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n");
  CHECK(upgraded.status == 101);
  CHECK(upgraded.header("sec-websocket-extensions").empty());
  stream.send(masked_frame(0xC1, std::string("\x4A\x4C\x44\x04\x00", 5)));
  CHECK(read_frame(stream).close_code() == 1002);
  f.check_serves();
}

TEST_CASE("hardening: a WebSocket client that floods is closed with 1008") {
  auto settings = HardenedServer::quick();
  settings.websocket_messages = {10, 1000s};
  HardenedServer f{settings};
  RawClient client{f.port};
  REQUIRE(upgrade(client, "/ws").status == 101);
  std::string flood;
  for (int i = 0; i < 11; ++i) {
    flood += text_frame("again");
  }
  client.send(flood);
  const auto frame = read_frame(client);
  CHECK(frame.first_byte == 0x88);
  CHECK(frame.close_code() == 1008);
  CHECK(f.server.counters().websocket_messages_in == 11);
}

TEST_CASE("hardening: hoarded connections cost little memory, and time takes them back") {
  constexpr std::size_t count = 400;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  REQUIRE(limit.rlim_cur >= 2 * count + 100); // each is two descriptors: both ends are here
  auto settings = HardenedServer::quick();
  settings.header_timeout = 2s;
  HardenedServer f{settings};
  f.check_serves();
  const auto before = resident_bytes();
  std::deque<RawClient> hoard;
  for (std::size_t i = 0; i < count; ++i) {
    hoard.emplace_back(f.port);
    hoard.back().send(i % 2 == 0 ? "" : "GET /hello HTTP/1.1\r\nHost: loc");
  }
  CHECK(::test::eventually([&] { return f.server.counters().connections_accepted >= count; }));
  const auto after = resident_bytes();
  const auto each = (after > before ? after - before : 0) / count;
  CHECK(each < 64 * 1024); // about 8 KiB; sanitizers take their share
  f.check_serves();
  CHECK(::test::eventually([&] { return f.server.counters().connections_open == 0; }));
  f.check_serves();
}
