#include "../../../supervision/support.hpp"
#include "actors/venues/common/connector_feed_actor.hpp"
#include "actors/venues/common/feed.hpp"
#include "messages/market_data.hpp"

#include <doctest/doctest.h>

#include <deque>

/// A connector's feed in virtual time, over a protocol that says what the test wants.
namespace {

using namespace test;
namespace messages = troupe::messages;
namespace trading = troupe::trading;
namespace venues = troupe::venues;
using trading::InstrumentChange;

using Saying = std::function<void(venues::MarketSink&)>;

struct Spoken {
  std::deque<Saying> next; ///< one at each tick
  std::vector<trading::Price> followed;
};

class Speaker final : public venues::FeedProtocol {
public:
  explicit Speaker(std::shared_ptr<Spoken> spoken) : spoken_(std::move(spoken)) {}
  std::string socket_target() const override { return "/"; }
  void follow(const trading::Instrument& instrument) override {
    spoken_->followed.push_back(instrument.tick);
  }
  void unfollow(const std::string&) override {}
  bool follows_any() const override { return false; } // so that no socket is opened
  void opened(core::Timestamp) override {}
  void closed() override {}
  void received(const std::string&, core::Timestamp, venues::MarketSink&) override {}
  void answered(std::uint64_t,
                const core::Result<std::string>&,
                core::Timestamp,
                venues::MarketSink&) override {}
  void tick(core::Timestamp, venues::MarketSink& sink) override {
    if (!spoken_->next.empty()) {
      spoken_->next.front()(sink);
      spoken_->next.pop_front();
    }
  }
  void ask_listing() override {}
  void poll(const std::string&) override {}
  const trading::L2Book* book(const std::string&) const override { return nullptr; }

private:
  std::shared_ptr<Spoken> spoken_;
};

struct Told {
  std::vector<messages::InstrumentChanged> changes;
  std::vector<venues::FeedBatch> batches;
};

struct Connector {
  Connector() {
    venues::ConnectorSettings settings;
    settings.name = "V";
    settings.instruments = {"BTC-USD"};
    const venues::RestPort port{
      .settings = std::make_shared<const venues::ConnectorSettings>(settings),
      .network = std::make_shared<venues::VenueNetwork>(troupe::net::ClientTls{}),
      .limiter = {},
      .ratelimit_name = {}};
    receiver = world.spawn({.path = "receiver"}, [told = told](sup::Actor* self) {
      self->runtime().bus.subscribe(messages::topics::instruments,
                                    caf::actor_cast<caf::actor>(self));
      return caf::behavior{
        [told](const messages::InstrumentChanged& event) { told->changes.push_back(event); },
        [told](const venues::FeedBatch& batch) { told->batches.push_back(batch); }};
    });
    world.tree(
      {.name = "v",
       .children = {{.name = "feed", .start = venues::connector_feed_actor(port, [spoken = spoken] {
                                       return std::make_unique<Speaker>(spoken);
                                     })}}});
  }
  void say(Saying saying) {
    spoken->next.push_back(std::move(saying));
    world.advance(200ms);
  }

  std::shared_ptr<Spoken> spoken = std::make_shared<Spoken>();
  std::shared_ptr<Told> told = std::make_shared<Told>();
  World world;
  caf::actor receiver;
};

trading::Instrument listed(double tick, trading::InstrumentStatus status) {
  trading::Instrument instrument;
  instrument.instrument = {"BTC-USD", "V"};
  instrument.tick = *trading::Price::round_from(tick);
  instrument.status = status;
  return instrument;
}

TEST_CASE("connector: what a venue changes of an instrument is told once, with what it was") {
  Connector connector;
  const auto list = [&](std::vector<trading::Instrument> all) {
    connector.say([all = std::move(all)](venues::MarketSink& sink) { sink.on_listing(all); });
  };
  const auto& told = connector.told->changes;
  list({listed(0.01, trading::InstrumentStatus::TRADING)});
  REQUIRE(told.size() == 1);
  CHECK(told[0].changes == std::vector{InstrumentChange::LISTED});
  CHECK_FALSE(told[0].previous.has_value());
  connector.world.send("v/feed", venues::FeedSubscribe{{"BTC-USD", "V"}, 1, connector.receiver});
  connector.world.run();
  REQUIRE(connector.spoken->followed.size() == 1);
  list({listed(0.01, trading::InstrumentStatus::TRADING)});
  CHECK(told.size() == 1);
  list({listed(0.1, trading::InstrumentStatus::CANCEL_ONLY)});
  REQUIRE(told.size() == 2);
  CHECK(told[1].changes == std::vector{InstrumentChange::TICK, InstrumentChange::CANCEL_ONLY});
  CHECK(told[1].previous->tick == *trading::Price::round_from(0.01));
  REQUIRE(connector.spoken->followed.size() == 2); // with the new tick
  CHECK(connector.spoken->followed[1] == *trading::Price::round_from(0.1));
  list({});
  REQUIRE(told.size() == 3);
  CHECK(told[2].instrument.status == trading::InstrumentStatus::DELISTED);
}

TEST_CASE("connector: batches say when their trades came, and a lost book says why and how often") {
  Connector connector;
  connector.world.send("v/feed", venues::FeedSubscribe{{"BTC-USD", "V"}, 1, connector.receiver});
  connector.world.run();
  const auto now = connector.world.clock.now();
  connector.say([now](venues::MarketSink& sink) {
    sink.on_live("BTC-USD", now);
    sink.on_trade("BTC-USD", {1, trading::Price::from_integer(5),
                              trading::Quantity::from_integer(1), trading::Side::BUY, now});
  });
  const auto& batches = connector.told->batches;
  REQUIRE(!batches.empty());
  CHECK(batches.back().trades.size() == 1);
  REQUIRE(batches.back().trades_received.has_value());
  CHECK(*batches.back().trades_received == batches.back().trades[0].ts_recv);
  CHECK_FALSE(batches.back().book_received.has_value());
  connector.say([](venues::MarketSink& sink) {
    sink.on_book_asked("BTC-USD");
    sink.on_book_asked("BTC-USD");
    sink.on_book_lost("BTC-USD", "the stream has a gap");
  });
  CHECK(batches.back().book_lost);
  CHECK(batches.back().connected);
  CHECK(batches.back().sequence == 0);
  CHECK(batches.back().reason == "the stream has a gap");
  CHECK(batches.back().resync_attempts == 2);
}

} // namespace
