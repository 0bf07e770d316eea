#pragma once

#include "support.hpp"

/// A venue whose feed sends what the test says.
namespace test {

inline trading::InstrumentId id(const char* text) {
  return *trading::InstrumentId::from_text(text);
}

/// A feed that sends what the test says.
struct Script {
  std::map<trading::InstrumentId, venues::FeedSubscribe> subscriptions;
  std::vector<venues::FeedAck> acks;
  std::vector<trading::InstrumentId> left; ///< unsubscribed
};

inline caf::behavior scripted_feed(sup::Actor*, const std::shared_ptr<Script>& script) {
  return {
    [script](const venues::FeedSubscribe& request) {
      script->subscriptions[request.instrument] = request;
    },
    [script](const venues::FeedUnsubscribe& request) {
      script->left.push_back(request.instrument);
    },
    [script](const venues::FeedAck& ack) { script->acks.push_back(ack); },
  };
}

inline venues::Venue scripted(const std::shared_ptr<Script>& script) {
  trading::Instrument instrument;
  instrument.instrument = id("BTC-USD.X");
  instrument.venue = "X";
  venues::Venue venue;
  venue.name = "X";
  venue.instruments = {instrument};
  venue.stale_after = 2s;
  sup::ChildSpec feed;
  feed.name = "feed";
  feed.start = [script](sup::StartContext& context) {
    return context.spawn(scripted_feed, script);
  };
  venue.supervisor.name = "X";
  venue.supervisor.children = {feed};
  return venue;
}

inline void push(World& world, const Script& script, venues::FeedBatch batch) {
  const auto& subscription = script.subscriptions.at(batch.instrument);
  batch.subscription = subscription.subscription;
  caf::anon_send(subscription.receiver, std::move(batch));
  world.scheduler.run();
}

inline venues::FeedBatch scripted_batch(World& world, std::uint64_t sequence) {
  venues::FeedBatch batch;
  batch.instrument = id("BTC-USD.X");
  batch.sequence = sequence;
  batch.watermark = world.clock->now();
  return batch;
}

inline trading::Trade scripted_trade(World& world, std::uint64_t number, std::int64_t price) {
  trading::Trade trade;
  trade.instrument = id("BTC-USD.X");
  trade.price = trading::Price::from_integer(price);
  trade.quantity = trading::Quantity::from_integer(1);
  trade.trade_id = number;
  trade.ts_event = trade.ts_recv = world.clock->now();
  return trade;
}

} // namespace test
