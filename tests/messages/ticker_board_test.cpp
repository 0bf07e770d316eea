#include "messages/ticker_board.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

using namespace troupe;
using messages::TickerBoard;
using messages::TickerPublisher;
using messages::TickerReply;

namespace {

constexpr core::Timestamp at(std::int64_t ms) {
  return core::Timestamp{ms * 1'000'000};
}

TickerReply reply(std::int64_t as_of_ms, std::int64_t price = 100) {
  TickerReply out;
  out.meta.as_of = at(as_of_ms);
  out.meta.source = "feed";
  out.meta.age_ms = 7;
  out.data.instrument = {"BTC-USD", "SIM-A"};
  out.data.last = trading::Price::from_integer(price);
  return out;
}

} // namespace

TEST_CASE("ticker board: found by both names while its publisher lives, remembered after") {
  const auto board = std::make_shared<TickerBoard>();
  {
    TickerPublisher publisher{board};
    publisher.publish(reply(1), at(10), true);
    REQUIRE(board->find("BTC-USD"));
    CHECK(board->find("BTC-USD") == board->find("BTC-USD.SIM-A"));
    CHECK_FALSE(board->find("BTC"));
    publisher.withdraw({"BTC-USD", "SIM-A"}, true);
    CHECK_FALSE(board->find("BTC-USD"));
    CHECK(board->last("BTC-USD.SIM-A"));
    publisher.publish(reply(2), at(10), false);
    CHECK_FALSE(board->find("BTC-USD")); // of another venue now
    CHECK(board->find("BTC-USD.SIM-A"));
  }
  CHECK_FALSE(board->find("BTC-USD.SIM-A"));
  CHECK(board->last("BTC-USD.SIM-A")->reply().meta.as_of == at(2));
}

TEST_CASE("ticker board: a predecessor that still runs neither overwrites nor withdraws") {
  const auto board = std::make_shared<TickerBoard>();
  auto old = std::make_unique<TickerPublisher>(board);
  old->publish(reply(1), at(10), true);
  TickerPublisher successor{board};
  CHECK(board->find("BTC-USD")->reply().meta.as_of == at(1)); // until there is something newer
  successor.publish(reply(2), at(10), true);
  old->publish(reply(3), at(10), true);
  CHECK(board->find("BTC-USD")->reply().meta.as_of == at(2));
  old->withdraw({"BTC-USD", "SIM-A"}, true);
  old.reset();
  CHECK(board->find("BTC-USD"));
  TickerPublisher moved{std::move(successor)};
  successor = TickerPublisher{};
  CHECK(board->find("BTC-USD"));
  moved = TickerPublisher{};
  CHECK_FALSE(board->find("BTC-USD"));
}

TEST_CASE(
  "ticker board: live until its moment, as old as the clock says, as JSON without the age") {
  const messages::TickerSnapshot snapshot{reply(1'000), at(2'000)};
  CHECK(snapshot.is_live(at(2'000)));
  CHECK_FALSE(snapshot.is_live(core::Timestamp{at(2'000).ns + 1}));
  CHECK(snapshot.age_ms(at(1'500)) == 500);
  CHECK(snapshot.age_ms(at(500)) == 0);
  CHECK(snapshot.text().data == core::json::encode(snapshot.reply().data));
  CHECK(snapshot.text().meta
        == R"("as_of":"1970-01-01T00:00:01.000000000Z","quality":"live","source":"feed")");
  TickerPublisher nowhere;
  nowhere.publish(reply(1), at(2), true);
  CHECK_FALSE(nowhere.is_on());
}

TEST_CASE("ticker board: read while it is written, a reply is always a whole one") {
  const auto board = std::make_shared<TickerBoard>();
  TickerPublisher publisher{board};
  publisher.publish(reply(0, 0), at(10), true);
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::thread reader{[&] {
    std::int64_t newest = 0;
    while (!done) {
      const auto found = board->find("BTC-USD");
      const auto ms = found->reply().meta.as_of.ns / 1'000'000;
      const bool whole =
        found->reply().data.last == trading::Price::from_integer(ms)
        && found->text().data.find('"' + std::to_string(ms) + '"') != std::string::npos;
      wrong += whole && ms >= newest ? 0 : 1;
      newest = ms;
    }
  }};
  for (std::int64_t i = 1; i <= 2'000; ++i) {
    publisher.publish(reply(i, i), at(i), true);
  }
  done = true;
  reader.join();
  CHECK(wrong == 0);
}
