#include "net/envelope.hpp"
#include "net/server.hpp"
#include "raw_client.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <condition_variable>
#include <mutex>
#include <thread>

using namespace troupe;
using namespace troupe::net;
using namespace troupe::net::test;
using namespace std::chrono_literals;

namespace {

/// Where asynchronous requests wait until the test answers them.
struct Parked {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Responder> responders;

  void add(Responder responder) {
    const std::scoped_lock lock{mutex};
    responders.push_back(std::move(responder));
    changed.notify_all();
  }
  /// Waits for `count`, then hands them over.
  std::vector<Responder> take(std::size_t count) {
    std::unique_lock lock{mutex};
    REQUIRE(changed.wait_for(lock, 5s, [&] { return responders.size() >= count; }));
    return std::exchange(responders, {});
  }
};

Router routes(Parked& parked) {
  return Router{{
    {Method::GET, "/hello", [](const Request&, const Params&) { return text("hello"); }},
    {Method::GET, "/echo/{name}",
     [](const Request& request, const Params& params) {
       return text(std::string(params["name"]) + "|"
                   + std::string(request.parameter("q").value_or("-")));
     }},
    {Method::GET, "/number/{n:uint}",
     [](const Request&, const Params& params) {
       return text(std::to_string(*params.unsigned_integer("n")));
     }},
    {Method::GET, "/files/{path...}",
     [](const Request&, const Params& params) { return text(std::string(params["path"])); }},
    {Method::GET, "/throw",
     [](const Request&, const Params&) -> Response { throw std::runtime_error("on purpose"); }},
    {Method::POST, "/body",
     [](const Request& request, const Params&) { return text(request.body); }},
    {Method::POST,
     "/small",
     [](const Request& request, const Params&) { return text(request.body); },
     {},
     "read",
     "",
     10},
    {Method::DELETE, "/body", [](const Request&, const Params&) { return text("gone"); }},
    {Method::GET, "/later",
     [&parked](const Request&, const Params&, Responder responder) {
       parked.add(std::move(responder));
     }},
    {Method::GET, "/dropped", [](const Request&, const Params&, const Responder&) {}},
    {Method::GET, "/big",
     [](const Request&, const Params&) { return text(std::string(1'000'000, 'x')); }},
  }};
}

ServerSettings quick_settings() {
  ServerSettings out;
  out.listen = "127.0.0.1:0";
  out.sweep_interval = 5ms;
  return out;
}

/// A server with the routes above.
struct RunningServer {
  explicit RunningServer(ServerSettings settings = quick_settings(), ServerOptions options = {})
    : server(std::move(settings), routes(parked), std::move(options)) {
    const auto bound = server.start();
    REQUIRE(bound.has_value());
    port = bound->port;
  }
  Parked parked;
  Server server;
  std::uint16_t port = 0;
};

std::string code_of(const RawReply& reply) {
  const auto body = nlohmann::json::parse(reply.body);
  const auto& error = body.at("error");
  CHECK(error.at("request_id") == reply.header("x-request-id"));
  CHECK(error.contains("details"));
  CHECK(error.contains("retry_after_ms"));
  CHECK(error.at("retryable").is_boolean());
  CHECK_FALSE(error.at("message").get<std::string>().empty());
  return error.at("code");
}

} // namespace

TEST_CASE("http server: a connection serves many requests, parameters decoded") {
  RunningServer f;
  RawClient client{f.port};
  client.send(get("/hello"));
  const auto first = client.reply();
  CHECK(first.status == 200);
  CHECK(first.body == "hello");
  CHECK(first.header("content-type") == "text/plain");
  CHECK(first.header("date").ends_with("GMT"));
  CHECK(first.header("x-request-id").starts_with("node-"));
  client.send(get("/echo/a%2Fb%20c?q=1+2&q=3"));
  CHECK(client.reply().body == "a/b c|1 2");
  client.send(get("/number/18446744073709551615"));
  CHECK(client.reply().body == "18446744073709551615");
  client.send(get("/files/a/b/c.js"));
  CHECK(client.reply().body == "a/b/c.js");
  CHECK(f.server.counters().requests_by_class[2] == 4);
  CHECK(f.server.counters().connections_accepted == 1);
}

TEST_CASE("http server: the request id is the client's where it is a sane token") {
  RunningServer f;
  RawClient client{f.port};
  client.send(get("/hello", "X-Request-Id: abc-123\r\n"));
  CHECK(client.reply().header("x-request-id") == "abc-123");
  for (const std::string& id : {std::string("a b"), std::string(65, 'a'), std::string("a\"b")}) {
    client.send(get("/hello", "X-Request-Id: " + id + "\r\n"));
    CHECK(client.reply().header("x-request-id").starts_with("node-"));
  }
}

TEST_CASE("http server: HEAD is GET without the body, OPTIONS and 405 name the methods") {
  RunningServer f;
  RawClient client{f.port};
  client.send("HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto head = client.reply(true);
  CHECK(head.status == 200);
  CHECK(head.header("content-length") == "5");
  client.send("OPTIONS /body HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto options = client.reply();
  CHECK(options.status == 204);
  CHECK(options.header("allow") == "POST, DELETE, OPTIONS");
  client.send("PUT /body HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto refused = client.reply();
  CHECK(refused.status == 405);
  CHECK(refused.header("allow") == "POST, DELETE, OPTIONS");
  CHECK(code_of(refused) == "METHOD_NOT_ALLOWED");
  client.send(get("/hello"));
  CHECK(client.reply().body == "hello");
}

TEST_CASE("http server: refusals that leave the connection usable") {
  RunningServer f;
  RawClient client{f.port};
  struct Case {
    std::string request;
    unsigned status;
    std::string code;
  };
  const std::vector<Case> cases{
    {get("/nothing"), 404, "NOT_FOUND"},
    {get("/hello/"), 404, "NOT_FOUND"},
    {get("/number/x"), 400, "INVALID_ARGUMENT"},
    {get("/echo/%zz"), 400, "MALFORMED_REQUEST"},
    {get("/echo/%ff"), 400, "MALFORMED_REQUEST"},
    {get("/echo/a?q=%"), 400, "MALFORMED_REQUEST"},
    {get("/files/../x"), 400, "MALFORMED_REQUEST"},
    {get("/throw"), 500, "INTERNAL"},
    {get("/dropped"), 500, "INTERNAL"},
    {"GET /hello HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403, "FORBIDDEN"},
    {"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: "
     "2\r\n\r\nab",
     415, "UNSUPPORTED_MEDIA_TYPE"},
  };
  for (const auto& one : cases) {
    CAPTURE(one.request);
    client.send(one.request);
    const auto reply = client.reply();
    CHECK(reply.status == one.status);
    CHECK(code_of(reply) == one.code);
  }
  client.send(get("/hello"));
  CHECK(client.reply().body == "hello");
}

TEST_CASE("http server: what is no request is refused and the connection closed") {
  RunningServer f;
  struct Case {
    std::string request;
    unsigned status;
    std::string code;
  };
  const std::string host = "Host: localhost\r\n";
  const std::vector<Case> cases{
    {"nonsense\r\n\r\n", 400, "MALFORMED_REQUEST"},
    {"GET /hello\r\n\r\n", 400, "MALFORMED_REQUEST"},
    {"GET  /hello HTTP/1.1\r\n" + host + "\r\n", 400, "MALFORMED_REQUEST"},
    {"GET /hello HTTX/1.1\r\n" + host + "\r\n", 400, "MALFORMED_REQUEST"},
    {"GET /hello HTTP/2.0\r\n" + host + "\r\n", 505, "MALFORMED_REQUEST"},
    {"BREW /hello HTTP/1.1\r\n" + host + "\r\n", 501, "METHOD_NOT_ALLOWED"},
    {"TRACE /hello HTTP/1.1\r\n" + host + "\r\n", 501, "METHOD_NOT_ALLOWED"},
    {"GET /hello HTTP/1.1\r\n\r\n", 400, "MALFORMED_REQUEST"},
    {"GET /hello HTTP/1.1\r\n" + host + host + "\r\n", 400, "MALFORMED_REQUEST"},
    {"GET /hello HTTP/1.1\n" + host + "\r\n", 400, "MALFORMED_REQUEST"},
    {"GET /hello HTTP/1.1\r\n" + host + "Bad Name: x\r\n\r\n", 400, "MALFORMED_REQUEST"},
    {"GET /hello HTTP/1.1\r\n" + host + "Name : x\r\n\r\n", 400, "MALFORMED_REQUEST"},
    {"GET /hello HTTP/1.1\r\n" + host
       + "X: a\x01"
         "b\r\n\r\n",
     400, "MALFORMED_REQUEST"},
    {"POST /body HTTP/1.1\r\n" + host + "Content-Length: x\r\n\r\n", 400, "MALFORMED_REQUEST"},
    {"POST /body HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n", 400, "MALFORMED_REQUEST"},
    {"POST /body HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400,
     "MALFORMED_REQUEST"},
    {"POST /body HTTP/1.1\r\n" + host + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
     400, "MALFORMED_REQUEST"},
    {"POST /body HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n", 501,
     "UNSUPPORTED_MEDIA_TYPE"},
    {"POST /body HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501,
     "UNSUPPORTED_MEDIA_TYPE"},
    {"POST /body HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400,
     "MALFORMED_REQUEST"},
    {"POST /body HTTP/1.1\r\n" + host + "Expect: miracles\r\nContent-Length: 1\r\n\r\n", 417,
     "MALFORMED_REQUEST"},
    {"POST /body HTTP/1.1\r\n" + host + "Content-Length: 2000000\r\n\r\n", 413, "BODY_TOO_LARGE"},
    {"POST /small HTTP/1.1\r\n" + host + "Content-Length: 11\r\n\r\n", 413, "BODY_TOO_LARGE"},
    {"POST /small HTTP/1.1\r\n" + host
       + "Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\nabcdef",
     413, "BODY_TOO_LARGE"},
    {"GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\n" + host + "\r\n", 414, "URI_TOO_LONG"},
    {"GET /" + std::string(30'000, 'a'), 414, "URI_TOO_LONG"},
    {"GET /hello HTTP/1.1\r\n" + host + "X: " + std::string(17'000, 'a') + "\r\n\r\n", 431,
     "HEADERS_TOO_LARGE"},
    {"GET http://other/hello HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n", 400,
     "MALFORMED_REQUEST"},
  };
  for (const auto& one : cases) {
    CAPTURE(one.request.substr(0, 120));
    RawClient client{f.port};
    client.send(one.request);
    const auto reply = client.reply();
    CHECK(reply.status == one.status);
    REQUIRE(reply.status != 0);
    CHECK(code_of(reply) == one.code);
    CHECK(reply.header("connection") == "close");
    CHECK(client.is_closed());
  }
  std::string many = "GET /hello HTTP/1.1\r\n" + host;
  for (int i = 0; i < 101; ++i) {
    many += "A: b\r\n";
  }
  RawClient client{f.port};
  client.send(many + "\r\n");
  CHECK(client.reply().status == 431);
}

TEST_CASE("http server: pipelined replies keep the order of the requests") {
  RunningServer f;
  RawClient client{f.port};
  client.send(get("/later") + get("/hello") + get("/later") + get("/echo/x"));
  auto waiting = f.parked.take(2);
  std::thread other{[&] { waiting[1](text("second")); }};
  other.join();
  CHECK(waiting[0](text("first")));
  CHECK_FALSE(waiting[0](text("again")));
  CHECK(client.reply().body == "first");
  CHECK(client.reply().body == "hello");
  CHECK(client.reply().body == "second");
  CHECK(client.reply().body == "x|-");
}

TEST_CASE("http server: bodies by length and in chunks, one byte at a time too") {
  RunningServer f;
  RawClient client{f.port};
  const std::string head =
    "POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
  client.send(head + "Content-Length: 4\r\n\r\nabcd");
  CHECK(client.reply().body == "abcd");
  const auto chunked = head
                       + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n"
                         "0\r\nTrailer: t\r\n\r\n";
  client.send(chunked);
  CHECK(client.reply().body == "abc0123456789");
  for (const char c : chunked) {
    client.send({&c, 1});
  }
  CHECK(client.reply().body == "abc0123456789");
  const std::string large(1'000'000, 'y');
  client.send(head + "Content-Length: 1000000\r\n\r\n" + large);
  CHECK(client.reply().body == large);
}

TEST_CASE("http server: 100-continue comes before the body, or the refusal instead") {
  RunningServer f;
  const std::string head = "POST /body HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
                           "Content-Length: 2\r\nContent-Type: ";
  RawClient client{f.port};
  client.send(head + "application/json\r\n\r\n");
  CHECK(client.reply().status == 100);
  client.send("ab");
  CHECK(client.reply().body == "ab");
  client.send(head + "text/csv\r\n\r\n");
  CHECK(client.reply().status == 415);
  CHECK(client.is_closed());
}

TEST_CASE("http server: HTTP/1.0 closes unless asked to stay") {
  RunningServer f;
  RawClient client{f.port};
  client.send("GET /hello HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n");
  CHECK(client.reply().header("connection") == "keep-alive");
  client.send("GET /hello HTTP/1.0\r\nHost: localhost\r\n\r\n");
  CHECK(client.reply().header("connection") == "close");
  CHECK(client.is_closed());
}

TEST_CASE("http server: slow heads and bodies end in 408, idle connections in silence") {
  auto settings = quick_settings();
  settings.header_timeout = 30ms;
  settings.body_timeout = 30ms;
  settings.keep_alive_timeout = 30ms;
  RunningServer f{settings};
  RawClient slow_head{f.port};
  slow_head.send("GET /hello HT");
  const auto late = slow_head.reply();
  CHECK(late.status == 408);
  CHECK(code_of(late) == "REQUEST_TIMEOUT");
  CHECK(slow_head.is_closed());
  RawClient slow_body{f.port};
  slow_body.send("POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                 "Content-Length: 9\r\n\r\nab");
  CHECK(slow_body.reply().status == 408);
  RawClient idle{f.port};
  idle.send(get("/hello"));
  CHECK(idle.reply().status == 200);
  CHECK(idle.is_closed());
  RawClient silent{f.port};
  CHECK(silent.is_closed());
}

TEST_CASE("http server: a reply that never comes becomes 503 TIMEOUT") {
  auto settings = quick_settings();
  settings.reply_timeout = 20ms;
  RunningServer f{settings};
  RawClient client{f.port};
  client.send(get("/later"));
  const auto reply = client.reply();
  CHECK(reply.status == 503);
  CHECK(code_of(reply) == "TIMEOUT");
  f.parked.take(1).front()(text("too late"));
  client.send(get("/hello"));
  CHECK(client.reply().body == "hello");
}

TEST_CASE("http server: limits on connections and requests per connection") {
  auto settings = quick_settings();
  settings.connections_max = 1;
  settings.requests_per_connection_max = 2;
  RunningServer f{settings};
  RawClient client{f.port};
  client.send(get("/hello"));
  CHECK(client.reply().status == 200);
  {
    RawClient second{f.port};
    const auto refused = second.reply();
    CHECK(refused.status == 503);
    CHECK(code_of(refused) == "OVERLOADED");
    CHECK(refused.header("retry-after") == "1");
  }
  CHECK(f.server.counters().connections_refused == 1);
  client.send(get("/hello"));
  CHECK(client.reply().header("connection") == "close");
  CHECK(client.is_closed());
}

TEST_CASE("http server: a reader that is slow stops its own requests from being read") {
  auto settings = quick_settings();
  settings.unsent_bytes_max = 1'000;
  settings.pipelined_requests_max = 4;
  RunningServer f{settings};
  RawClient client{f.port, 4'096};
  std::string many;
  for (int i = 0; i < 40; ++i) {
    many += get("/big");
  }
  client.send(many);
  CHECK(client.reply().body.size() == 1'000'000);
  CHECK(f.server.counters().requests_by_class[2] < 40); // what the kernel's buffers hold, no more
  for (int i = 1; i < 40; ++i) {
    REQUIRE(client.reply().body.size() == 1'000'000);
  }
  CHECK(f.server.counters().requests_by_class[2] == 40);
}

TEST_CASE("http server: a half-closed client still gets its replies") {
  RunningServer f;
  RawClient client{f.port};
  client.send(get("/later"));
  client.shutdown_send();
  f.parked.take(1).front()(text("still"));
  CHECK(client.reply().body == "still");
  CHECK(client.is_closed());
}

TEST_CASE("http server: stopping lets what is in flight end and refuses the rest") {
  RunningServer f;
  RawClient idle{f.port};
  idle.send(get("/hello"));
  CHECK(idle.reply().status == 200);
  RawClient client{f.port};
  client.send(get("/later"));
  auto waiting = f.parked.take(1);
  std::thread stopper{[&] { f.server.stop(5s); }};
  CHECK(idle.is_closed());
  waiting.front()(text("last"));
  const auto reply = client.reply();
  CHECK(reply.body == "last");
  client.shutdown_send();
  stopper.join();
  CHECK_THROWS(RawClient{f.port});
  CHECK(f.server.counters().connections_open == 0);
}

TEST_CASE("http server: a responder may outlive its server") {
  Parked parked;
  {
    auto server = std::make_unique<Server>(quick_settings(), routes(parked));
    const auto port = server->start()->port;
    RawClient client{port};
    client.send(get("/later"));
    auto waiting = parked.take(1);
    server.reset();
    CHECK(waiting.front()(text("nobody hears")));
  }
}

TEST_CASE("http server: the authoriser sees the scope, 401 names the scheme") {
  ServerOptions options;
  options.authorise = [](const Request& request,
                         std::string_view scope) -> core::Result<std::string> {
    const auto token = request.header("Authorization");
    if (!token) {
      return core::Error{core::Errc::UNAUTHENTICATED, "no token"};
    }
    if (*token != scope) {
      return core::Error{core::Errc::FORBIDDEN, "wrong token"};
    }
    return std::string("me");
  };
  std::vector<unsigned> seen;
  options.observe = [&](const RequestRecord& record) {
    CHECK(record.route == "/hello");
    seen.push_back(record.status);
  };
  {
    RunningServer f{quick_settings(), options};
    RawClient client{f.port};
    client.send(get("/hello"));
    const auto unknown = client.reply();
    CHECK(unknown.status == 401);
    CHECK(unknown.header("www-authenticate") == "Bearer");
    client.send(get("/hello", "Authorization: x\r\n"));
    CHECK(client.reply().status == 403);
    client.send(get("/hello", "Authorization: read\r\n"));
    CHECK(client.reply().status == 200);
  }
  CHECK(seen == std::vector<unsigned>{401, 403, 200});
}

TEST_CASE("http server: several threads serve, addresses that are taken are refused") {
  auto settings = quick_settings();
  settings.threads = 3;
  RunningServer f{settings};
  for (int i = 0; i < 6; ++i) {
    RawClient client{f.port};
    client.send(get("/hello"));
    CHECK(client.reply().body == "hello");
  }
  Parked parked;
  settings.listen = "127.0.0.1:" + std::to_string(f.port);
  Server second{settings, routes(parked)};
  const auto refused = second.start();
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == core::Errc::IO_ERROR);
  settings.listen = "nowhere";
  Server third{settings, routes(parked)};
  CHECK(third.start().error().code == core::Errc::CONFIG_INVALID);
}
