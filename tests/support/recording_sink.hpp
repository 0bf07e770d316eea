#pragma once

#include "actors/venues/common/feed_protocol.hpp"

#include <string>
#include <vector>

namespace test {

/// Writes down what a protocol says.
struct RecordingSink final : troupe::venues::MarketSink {
  using Timestamp = troupe::core::Timestamp;

  void on_live(const std::string& symbol, Timestamp from) override {
    said.push_back("live " + symbol + " " + std::to_string(from.ns / 1'000'000));
  }
  void on_trade(const std::string& symbol, const troupe::venues::TradePrint& trade) override {
    said.push_back("trade " + symbol + " " + std::to_string(trade.id));
  }
  void on_trades_lost(const std::string& symbol, std::uint64_t missed) override {
    said.push_back("lost trades " + symbol + " " + std::to_string(missed));
  }
  void on_book(const std::string& symbol) override { said.push_back("book " + symbol); }
  void on_book_lost(const std::string& symbol, const std::string&) override {
    said.push_back("lost book " + symbol);
  }
  void on_time(Timestamp) override {}
  void on_listing(std::vector<troupe::trading::Instrument> instruments) override {
    said.push_back("listing " + std::to_string(instruments.size()));
    listed = std::move(instruments);
  }
  void on_limits(std::vector<troupe::venues::BudgetLimit> limits) override {
    said.push_back("limits " + std::to_string(limits.size()));
  }
  void on_polled(const std::string& symbol, troupe::trading::BookSnapshot book) override {
    said.push_back("polled " + symbol + " " + std::to_string(book.bids.size()));
  }

  /// What was said since the last call.
  std::vector<std::string> take() { return std::exchange(said, {}); }

  /// Every trade is there once, in order, or its loss was told. @returns empty, or what is wrong
  [[nodiscard]] std::string unaccounted_trade() const {
    std::uint64_t last = 0;
    bool live = false; // trades from before are not complete, and nobody takes them
    bool told_of = false;
    for (const auto& one : said) {
      if (one == "connected") {
        live = false;
      } else if (one.starts_with("lost trades") || one.starts_with("live")) {
        live = live || one.starts_with("live");
        told_of = true;
      } else if (live && one.starts_with("trade ")) {
        const auto trade_seen = std::stoull(one.substr(one.rfind(' ') + 1));
        if (trade_seen <= last || (trade_seen != last + 1 && !told_of)) {
          return one + " after " + std::to_string(last);
        }
        last = trade_seen;
        told_of = false;
      }
    }
    return {};
  }

  std::vector<std::string> said;
  std::vector<troupe::trading::Instrument> listed;
};

/// The messages that wait to be sent.
inline std::vector<std::string> sent(troupe::venues::FeedProtocol& protocol) {
  auto& queue = protocol.messages();
  std::vector<std::string> all{queue.begin(), queue.end()};
  queue.clear();
  return all;
}

inline std::vector<troupe::venues::RestQuery> asked(troupe::venues::FeedProtocol& protocol) {
  auto& queue = protocol.queries();
  std::vector<troupe::venues::RestQuery> all{queue.begin(), queue.end()};
  queue.clear();
  return all;
}

inline troupe::trading::Instrument
instrument(const std::string& symbol, const std::string& venue, const std::string& venue_symbol) {
  troupe::trading::Instrument out;
  out.instrument = {symbol, venue};
  out.venue = venue;
  out.venue_symbol = venue_symbol;
  out.tick = *troupe::trading::Price::from_text("0.01");
  out.lot = *troupe::trading::Quantity::from_text("0.00001");
  return out;
}

} // namespace test
