#include "actors/venues/binance/binance_venue.hpp"
#include "actors/venues/common/feed.hpp"
#include "core/json.hpp"
#include "core/retry_after.hpp"
#include "eventually.hpp"
#include "messages/message_types.hpp"
#include "net/server.hpp"
#include "supervision/actor.hpp"
#include "supervision/root_supervisor.hpp"
#include "supervision/runtime.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

/// The connector over sockets, against a server of this test's own that speaks the venue's
/// protocol.
namespace {

using namespace std::chrono_literals;
namespace core = troupe::core;
namespace net = troupe::net;
namespace sup = troupe::supervision;
namespace venues = troupe::venues;
using troupe::trading::InstrumentId;

const InstrumentId followed{"BTC-USDT", "BINANCE"};

/// A venue with one instrument: what is said to it, and what it says.
class FakeVenue final : public net::WebSocketHandler {
public:
  void on_open(const net::SessionPtr& session, const net::Request&) override {
    const std::scoped_lock lock{mutex_};
    session_ = session;
    ++connections;
  }
  void on_message(const net::SessionPtr& session, std::string_view text) override {
    const std::string message{text};
    const auto at = message.rfind("\"id\":");
    session->send(net::make_frame(R"({"result":null,)" + message.substr(at)));
    if (message.find("SUBSCRIBE\"") != std::string::npos) {
      ++subscriptions;
      depth(); // of before the snapshot: the book waits for it
    }
  }
  void on_close(const net::SessionPtr&, std::uint16_t) override {}
  /// The session holds its handler, which is this.
  void forget_session() {
    const std::scoped_lock lock{mutex_};
    session_.reset();
  }

  void say(const std::string& stream, const std::string& payload) {
    const std::scoped_lock lock{mutex_};
    if (session_) {
      session_->send(
        net::make_frame(R"({"stream":"btcusdt@)" + stream + R"(","data":)" + payload + "}"));
    }
  }
  /// The next message of the diff stream: a bid more.
  void depth() {
    const auto id = ++update_id;
    say("depth@100ms", R"({"e":"depthUpdate","E":)" + now_ms() + R"(,"s":"BTCUSDT","U":)"
                         + std::to_string(id) + R"(,"u":)" + std::to_string(id) + R"(,"b":[["100.0)"
                         + std::to_string(id % 10) + R"(","1.00000000"]],"a":[]})");
  }
  void trade() {
    const auto id = std::to_string(++trade_id);
    say("trade", R"({"e":"trade","E":)" + now_ms() + R"(,"s":"BTCUSDT","t":)" + id
                   + R"(,"p":"100.50000000","q":"0.10000000","T":)" + now_ms()
                   + R"(,"m":false,"M":true})");
  }
  void hang_up() {
    const std::scoped_lock lock{mutex_};
    session_->close(net::CloseCode::GOING_AWAY, "test");
    session_.reset();
  }
  static std::string now_ms() { return std::to_string(core::SystemClock{}.now().ns / 1'000'000); }

  net::Response get(const net::Request& request) {
    ++calls;
    if (request.path == "/api/v3/exchangeInfo") {
      return {.status = listing_status,
              .body = R"({"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE",)"
                      R"("intervalNum":1,"limit":)"
                      + std::to_string(weight_limit)
                      + R"(}],"symbols":[{"symbol":"BTCUSDT",)"
                        R"("status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","filters":[)"
                        R"({"filterType":"PRICE_FILTER","tickSize":"0.01000000"},)"
                        R"({"filterType":"LOT_SIZE","stepSize":"0.00001000"}]}]})",
              .headers = {{"X-MBX-USED-WEIGHT-1M", "20"}}};
    }
    if (request.path == "/api/v3/depth") {
      const auto id = update_id.load();
      return {.body = R"({"lastUpdateId":)" + std::to_string(id)
                      + R"(,"bids":[["99.00000000","5.00000000"]],)"
                        R"("asks":[["101.00000000","5.00000000"]]})"};
    }
    const auto start = std::stoll(std::string{*request.parameter("startTime")});
    const auto end = std::stoll(std::string{*request.parameter("endTime")});
    std::string rows;
    for (auto t = start; t <= end && rows.size() < 100'000; t += 60'000) {
      rows += (rows.empty() ? "" : ",") + std::string{"["} + std::to_string(t)
              + R"(,"1.0","3.0","0.5","2.0","10.0",)" + std::to_string(t + 59'999)
              + R"(,"20.0",4,"1","1","0"])";
    }
    return {.body = "[" + rows + "]"};
  }

  std::atomic<int> connections{0};
  std::atomic<int> subscriptions{0};
  std::atomic<int> calls{0};
  std::atomic<std::uint64_t> update_id{100};
  std::atomic<std::uint64_t> trade_id{1000};
  std::atomic<unsigned> listing_status{200};
  std::atomic<unsigned> weight_limit{6'000};

private:
  std::mutex mutex_;
  net::SessionPtr session_;
};

struct Port {
  Port() {
    std::vector<net::Route> routes;
    for (const auto* const path : {"/api/v3/exchangeInfo", "/api/v3/depth", "/api/v3/klines"}) {
      routes.push_back(
        {net::Method::GET, path,
         net::SyncHandler{[venue = venue](const net::Request& request, const net::Params&) {
           return venue->get(request);
         }}});
    }
    routes.push_back({net::Method::GET, "/stream", std::shared_ptr<net::WebSocketHandler>(venue)});
    net::ServerSettings settings;
    settings.listen = "127.0.0.1:0";
    server = std::make_unique<net::Server>(settings, net::Router{std::move(routes)});
    const auto bound = server->start();
    REQUIRE(bound.has_value());
    address = bound->host_port();
  }
  ~Port() {
    server.reset();
    venue->forget_session();
  }
  std::shared_ptr<FakeVenue> venue = std::make_shared<FakeVenue>();
  std::unique_ptr<net::Server> server;
  std::string address;
};

/// What a receiver got.
struct Received {
  std::mutex mutex;
  std::vector<venues::FeedBatch> batches;

  bool any(const std::function<bool(const venues::FeedBatch&)>& wanted) {
    const std::scoped_lock lock{mutex};
    return std::any_of(batches.begin(), batches.end(), wanted);
  }
  std::vector<std::uint64_t> trades() {
    const std::scoped_lock lock{mutex};
    std::vector<std::uint64_t> ids;
    for (const auto& batch : batches) {
      for (const auto& trade : batch.trades) {
        ids.push_back(trade.trade_id);
      }
    }
    return ids;
  }
};

caf::behavior receiver(sup::Actor* self, std::shared_ptr<Received> received, std::string feed) {
  const auto subscribe = [self, feed] {
    (void)self->runtime().registry.send(
      feed, caf::make_message(venues::FeedSubscribe{followed, self->epoch() + 1,
                                                    caf::actor_cast<caf::actor>(self)}));
  };
  subscribe();
  return {[self, received, feed](const venues::FeedBatch& batch) {
    (void)self->runtime().registry.send(
      feed,
      caf::make_message(venues::FeedAck{batch.instrument, batch.subscription, batch.sequence}));
    const std::scoped_lock lock{received->mutex};
    received->batches.push_back(batch);
  }};
}

struct Config : caf::actor_system_config {
  Config() {
    set("scheduler.max-threads", 2);
    troupe::messages::register_types(*this);
  }
};

/// A node with nothing but the venue.
struct Node {
  explicit Node(const std::string& address, const std::string& more = "") {
    const auto text = R"({"name":"BINANCE","kind":"binance","instruments":["BTC-USDT"],)"
                      R"("rest_url":"http://)"
                      + address + R"(","ws_url":"ws://)" + address
                      + R"(","reconnect_min":"50ms","reconnect_max":"200ms","poll_after":"100ms",)"
                        R"("poll_every":"100ms")"
                      + more + "}";
    const auto document = core::json::Document::parse(text);
    REQUIRE(document.has_value());
    std::vector<core::json::Problem> problems;
    auto venue = venues::binance::make_binance_venue(document->view(), "venues[0]", problems);
    for (const auto& problem : problems) {
      FAIL(problem.text());
    }
    CHECK(venue.instruments.at(0).instrument == followed);
    root = std::make_unique<sup::RootSupervisor>(
      local.runtime(),
      sup::SupervisorSpec{.name = "node",
                          .children = {sup::supervise(std::move(venue.supervisor))}},
      [](const std::string&) {}, sup::RootSettings{.watch = false});
    REQUIRE(
      test::eventually([&] { return bool(local.runtime().registry.find("BINANCE/feed").actor); }));
    const sup::SpawnScope scope{sup::Identity{
      .runtime = std::shared_ptr<sup::Runtime>(local.runtime().keep_alive.lock(), &local.runtime()),
      .path = "receiver"}};
    listener = system.spawn(receiver, received, "BINANCE/feed");
  }
  ~Node() {
    caf::anon_send_exit(listener, caf::exit_reason::user_shutdown);
    listener = {};
    (void)root->stop(20s);
    root.reset();
  }

  core::SystemClock clock;
  Config config;
  caf::actor_system system{config};
  sup::LocalRuntime local{system, clock};
  std::shared_ptr<Received> received = std::make_shared<Received>();
  caf::actor listener;
  std::unique_ptr<sup::RootSupervisor> root;
};

bool has_book(const venues::FeedBatch& batch) {
  return batch.connected && batch.book && !batch.book->bids.empty();
}
bool is_down(const venues::FeedBatch& batch) {
  return !batch.connected;
}

TEST_CASE("connector: book and trades over sockets; a lost connection comes back whole") {
  Port port;
  Node node{port.address};
  REQUIRE(test::eventually([&] { // the first message tells from when on trades are complete
    port.venue->depth();
    return node.received->any(has_book);
  }));
  {
    const std::scoped_lock lock{node.received->mutex};
    const auto& all = node.received->batches;
    const auto first = std::find_if(all.begin(), all.end(),
                                    [](const venues::FeedBatch& batch) { return batch.connected; });
    REQUIRE(first != all.end());
    CHECK(first->sequence == 1);
    CHECK(first->complete_from > core::Timestamp{});
  }
  for (int i = 0; i < 5; ++i) {
    port.venue->trade();
  }
  REQUIRE(test::eventually([&] { return node.received->trades().size() == 5; }));
  CHECK(node.received->trades() == std::vector<std::uint64_t>{1001, 1002, 1003, 1004, 1005});
  {
    const std::scoped_lock lock{node.received->mutex};
    node.received->batches.clear();
  }
  port.venue->hang_up();
  REQUIRE(test::eventually([&] { return node.received->any(is_down); }));
  REQUIRE(test::eventually([&] {
    port.venue->depth();
    return node.received->any(
      [](const venues::FeedBatch& batch) { return has_book(batch) && batch.sequence >= 1; });
  }));
  CHECK(port.venue->connections.load() >= 2);
  CHECK(node.received->any(
    [](const venues::FeedBatch& batch) { return batch.connected && batch.sequence == 1; }));
}

TEST_CASE("connector: a gap in the stream is healed by a new snapshot") {
  Port port;
  Node node{port.address};
  REQUIRE(test::eventually([&] {
    port.venue->depth();
    return node.received->any(has_book);
  }));
  const auto calls = port.venue->calls.load();
  {
    const std::scoped_lock lock{node.received->mutex};
    node.received->batches.clear();
  }
  ++port.venue->update_id; // a message that nobody sends
  port.venue->depth();
  REQUIRE(test::eventually([&] {
    return node.received->any([](const venues::FeedBatch& batch) { return batch.book_lost; });
  }));
  CHECK(!node.received->any(is_down)); // the trades go on
  REQUIRE(test::eventually([&] {
    port.venue->depth();
    return node.received->any(has_book);
  }));
  CHECK(port.venue->calls.load() > calls);
  CHECK(port.venue->connections.load() == 1); // on the same connection
}

TEST_CASE("connector: a venue that is down stops nothing; it is found when it comes") {
  Port port;
  port.venue->listing_status = 503;
  Node node{port.address};
  REQUIRE(test::eventually([&] { return node.received->any(is_down); }));
  CHECK(port.venue->connections.load() == 0); // nothing is known of its instruments
  port.venue->listing_status = 200;
  REQUIRE(test::eventually([&] {
    port.venue->depth();
    return node.received->any(has_book);
  }));
}

TEST_CASE("connector: history in pages, without the bar that is still open") {
  Port port;
  Node node{port.address};
  caf::scoped_actor self{node.system};
  std::optional<core::Result<venues::BarsFetched>> answer;
  const auto now = node.clock.now();
  const auto fetch = [&](std::optional<core::Timestamp> start, std::uint32_t limit) {
    answer.reset();
    self
      ->request(node.local.runtime().registry.find("BINANCE/history").actor, caf::infinite,
                venues::FetchBars{followed, troupe::trading::intervals::m1, start, now, limit})
      .receive([&](const venues::BarsFetched& fetched) { answer = fetched; },
               [&](const caf::error& error) { answer = core::from_caf(error); });
    return answer->has_value();
  };
  // Until the venue has said what it lists there is a clear refusal.
  REQUIRE(test::eventually([&] { return fetch(std::nullopt, 2'500); }));
  const auto& bars = (*answer)->bars;
  REQUIRE(bars.size() == 2'500);
  CHECK(bars.back().ts_close <= now);
  CHECK(bars.back().ts_close > now - 3min);
  for (std::size_t i = 1; i < bars.size(); ++i) {
    REQUIRE(bars[i].ts_open == bars[i - 1].ts_close);
    REQUIRE(bars[i].final);
  }
}

TEST_CASE(
  "connector: history that the limit leaves no room for is refused, and when to come again") {
  Port port;
  port.venue->weight_limit = 40; // the listing's 20, and a few pages
  Node node{port.address, R"(,"depth_limit":100)"};
  caf::scoped_actor self{node.system};
  std::optional<core::Error> refusal;
  REQUIRE(test::eventually([&] {
    self
      ->request(node.local.runtime().registry.find("BINANCE/history").actor, caf::infinite,
                venues::FetchBars{followed, troupe::trading::intervals::m1, std::nullopt,
                                  node.clock.now(), 10, core::Duration{1'200ms}})
      .receive([](const venues::BarsFetched&) {},
               [&](const caf::error& error) { refusal = core::from_caf(error); });
    return refusal && refusal->code == core::Errc::RATE_LIMITED;
  }));
  const auto after = core::retry_after(*refusal);
  REQUIRE(after.has_value());
  CHECK(*after <= 62s); // the minute and the guard
}

TEST_CASE("settings: what is wrong is named with its path") {
  const auto problems_of = [](const std::string& text) {
    const auto document = core::json::Document::parse(text);
    REQUIRE(document.has_value());
    std::vector<core::json::Problem> problems;
    (void)venues::binance::make_binance_venue(document->view(), "venues[0]", problems);
    std::string all;
    for (const auto& problem : problems) {
      all += problem.text() + "\n";
    }
    return all;
  };
  const std::string head = R"({"name":"B","kind":"binance","instruments":["BTC-USDT"])";
  CHECK(problems_of(head + "}").empty());
  CHECK(problems_of(R"({"name":"B","kind":"binance"})").find("venues[0].instruments")
        != std::string::npos);
  CHECK(problems_of(R"({"name":"B","kind":"binance","instruments":["BTCUSDT"]})")
          .find("venues[0].instruments[0]")
        != std::string::npos);
  CHECK(problems_of(head + R"(,"rest_url":"ftp://x"})").find("rest_url") != std::string::npos);
  CHECK(problems_of(head + R"(,"ws_url":"https://x"})").find("ws_url") != std::string::npos);
  CHECK(problems_of(head + R"(,"profile":"futures"})").find("profile") != std::string::npos);
  CHECK(problems_of(head + R"(,"limits":{"cut_off_share":0}})").find("limits.cut_off_share")
        != std::string::npos);
  CHECK(problems_of(head + R"(,"limits":{"reserve":2}})").find("limits.reserve")
        != std::string::npos);
  CHECK(problems_of(head + R"(,"reconnect_max":"1ms"})").find("reconnect_max")
        != std::string::npos);
}

} // namespace
