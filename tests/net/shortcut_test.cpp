#include "net/server.hpp"
#include "raw_client.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

using namespace troupe;
using namespace troupe::net;
using namespace troupe::net::test;

namespace {

/// "fast" for symbols in lower case, else the handler; "boom" throws.
Router routes() {
  Route route;
  route.path = "/data/{symbol}";
  route.shortcut = [](const Request& request, const Params& params, Response& out) {
    const auto symbol = params["symbol"];
    if (symbol == "boom") {
      out.body = "half a rep";
      throw std::runtime_error("on purpose");
    }
    out.body += symbol == "empty" ? "" : "fast " + std::string(symbol) + request.request_id;
    return symbol.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == symbol.npos;
  };
  route.handler = [](const Request&, const Params& params, const Responder& respond) {
    respond({.content_type = "text/plain", .body = "slow " + std::string(params["symbol"])});
  };
  return Router{{std::move(route)}};
}

} // namespace

TEST_CASE("shortcut: answers first, or leaves the request to the handler") {
  ServerSettings settings;
  settings.listen = "127.0.0.1:0";
  Server server{settings, routes()};
  const auto bound = server.start();
  REQUIRE(bound.has_value());
  RawClient client{bound->port};
  // In one go: replies keep the order of the requests, a reply's body is its own.
  const std::string id = "X-Request-Id: i\r\n";
  client.send(get("/data/long-long-long-long-long-name", id) + get("/data/BTC", id)
              + get("/data/a", id) + get("/data/boom", id) + get("/data/empty", id)
              + "HEAD /data/b HTTP/1.1\r\nHost: localhost\r\n" + id + "\r\n" + get("/data/c", id));
  auto reply = client.reply();
  CHECK(reply.body == "fast long-long-long-long-long-namei");
  CHECK(reply.header("content-type") == "application/json");
  reply = client.reply();
  CHECK(reply.body == "slow BTC");
  CHECK(reply.header("content-type") == "text/plain");
  reply = client.reply();
  CHECK(reply.body == "fast ai");
  CHECK(reply.header("content-type") == "application/json");
  CHECK(client.reply().body == "slow boom");
  CHECK(client.reply().body.empty());
  reply = client.reply(true);
  CHECK(reply.body.empty());
  CHECK(reply.header("content-length") == "7");
  CHECK(client.reply().body == "fast ci");
  CHECK(server.counters().requests_by_class[2] == 7);
}
