#include "world.hpp"

#include <algorithm>

/// Portfolios whose store hangs, is away, or comes back.
using namespace troupe;
using namespace troupe::correlation::tests;
using core::Errc;
using correlation::Settings;
using correlation::synthetic::market;
using messages::DeletePortfolio;
using messages::GetPortfolio;
using messages::PutPortfolio;
using trading::Quality;

namespace {

PutPortfolio half_and_half(const std::string& id) {
  PutPortfolio put;
  put.id = id;
  put.positions = {{{"BTC-USD", {}}, {}, 0.5}, {{"ETH-USD", {}}, {}, 0.5}};
  return put;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A service over a store that the tests hold.
struct Stored {
  std::shared_ptr<FakeStore> store = std::make_shared<FakeStore>();
  std::unique_ptr<World> world;

  explicit Stored(const std::function<void(FakeStore&)>& prepare = {}) {
    if (prepare) {
      prepare(*store);
    }
    world = std::make_unique<World>(Settings{}, "", store);
    world->market->bars = market(four_coins, 700);
    world->beat();
    world->advance(1s);
  }
  void wait(std::chrono::seconds time) {
    for (std::chrono::seconds gone{0}; gone < time; gone += 1s) {
      world->advance(1s);
      world->beat();
    }
  }
};

/// As another node that wrote it.
void tell_of(World& world, const std::string& id, std::uint64_t version) {
  messages::PortfolioChanged event;
  event.portfolio.id = id;
  event.portfolio.version = version;
  event.portfolio.positions = half_and_half(id).positions;
  world.runtime().bus.publish(messages::topics::portfolio_changes, id, caf::make_message(event));
  world.run();
}

} // namespace

TEST_CASE("portfolios: with a hung store reads come from memory, and say why") {
  Stored stored;
  auto& world = *stored.world;
  REQUIRE(world.ask(half_and_half("fund")).has_value());
  CHECK(world.get(GetPortfolio{"fund"}).meta.source == "store");
  CHECK(world.get(GetPortfolio{"fund"}).meta.quality == Quality::live);
  stored.store->hangs = true;
  auto changed = half_and_half("fund");
  changed.positions[0].weight = 0.25;
  const auto unsure = world.ask(changed);
  REQUIRE_FALSE(unsure.has_value());
  CHECK(unsure.error().code == Errc::OUTCOME_UNKNOWN);
  CHECK(has(unsure.error().message, "version 2 of portfolio fund may be stored"));
  CHECK(has(unsure.error().message, "expected_version 1"));

  const auto copy = world.get(GetPortfolio{"fund"});
  CHECK(copy.data.version == 1);
  CHECK(copy.meta.source == "copy");
  CHECK(copy.meta.quality == Quality::stale);
  REQUIRE(copy.meta.inputs.has_value());
  CHECK(has(copy.meta.inputs->at(0).name, "TIMEOUT"));
  const auto list = world.get(messages::ListPortfolios{});
  REQUIRE(list.data.size() == 1);
  CHECK(list.meta.quality == Quality::stale);
  CHECK(world.get(GetPortfolio{"default"}).data.positions.size() == 4);
  CHECK(world.code(GetPortfolio{"other"}) == Errc::NOT_FOUND);

  messages::GetPca pca;
  pca.portfolio = "fund";
  const auto risk = world.get(pca);
  CHECK(risk.data.portfolio_version == 1);
  CHECK(risk.meta.quality == Quality::stale);
  CHECK(std::any_of(risk.meta.inputs->begin(), risk.meta.inputs->end(),
                    [](const auto& input) { return has(input.name, "portfolios store"); }));
  CHECK(world.ask(messages::GetStressTest{}).has_value());

  // the next write is refused at once, and is not stored later
  const auto refused = world.ask(half_and_half("next"));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::UNAVAILABLE);
  CHECK(has(refused.error().message, "next was not written"));

  world.release_store();
  stored.wait(15s);
  const auto after = world.get(GetPortfolio{"fund"});
  CHECK(after.data.version == 2); // it came to be after all
  CHECK(after.meta.source == "store");
  CHECK(after.meta.quality == Quality::live);
  CHECK(world.code(GetPortfolio{"next"}) == Errc::NOT_FOUND);
  CHECK(world.get(half_and_half("next")).data.version == 1);
}

TEST_CASE("portfolios: with the store away at the start the default one is there, others say why") {
  Stored stored{[](FakeStore& store) {
    store.failure = core::Error{Errc::UNAVAILABLE, "connection refused"};
  }};
  auto& world = *stored.world;
  const auto made_up = world.get(GetPortfolio{"default"});
  CHECK(made_up.data.positions.size() == 4);
  CHECK(made_up.meta.source == "default");
  CHECK(made_up.meta.quality == Quality::stale);
  CHECK(has(made_up.meta.inputs->at(0).name, "connection refused"));
  const auto sized = world.get(messages::SizePositions{});
  CHECK(sized.data.symbols.size() == 4);
  const auto missing = world.ask(GetPortfolio{"fund"});
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().code == Errc::UNAVAILABLE);
  CHECK(has(missing.error().message, "connection refused"));
  CHECK(world.code(messages::ListPortfolios{}) == Errc::UNAVAILABLE);
  CHECK(world.code(half_and_half("fund")) == Errc::UNAVAILABLE);

  // another node's write is known here, and is stored when the store is there
  tell_of(world, "remote", 3);
  CHECK(world.get(GetPortfolio{"remote"}).meta.source == "copy");
  CHECK(world.get(messages::ListPortfolios{}).data.size() == 1);
  stored.store->failure.reset();
  stored.wait(2s);
  CHECK(world.get(GetPortfolio{"remote"}).meta.source == "store");
  CHECK(stored.store->documents.at({"portfolio", "remote"}).version == 3);
  CHECK(world.code(GetPortfolio{"fund"}) == Errc::NOT_FOUND);
}

TEST_CASE("portfolios: one that is taken away is gone, for good, and its versions count on") {
  const ScratchFolder folder;
  {
    World world{Settings{}, folder.url()};
    world.market->bars = market(four_coins, 2);
    world.beat();
    CHECK(world.code(DeletePortfolio{"fund", {}}) == Errc::NOT_FOUND);
    REQUIRE(world.ask(half_and_half("fund")).has_value());
    CHECK(world.code(DeletePortfolio{"fund", 7}) == Errc::CONFLICT);
    const auto gone = world.get(DeletePortfolio{"fund", 1});
    CHECK(gone.data.version == 2);
    CHECK(gone.data.deleted == true);
    CHECK(world.code(GetPortfolio{"fund"}) == Errc::NOT_FOUND);
    CHECK(world.get(messages::ListPortfolios{}).data.empty());
    CHECK(world.code(DeletePortfolio{"fund", {}}) == Errc::NOT_FOUND);
    CHECK(world.code(DeletePortfolio{"no spaces", {}}) == Errc::INVALID_ARGUMENT);
    // an older copy of another node does not bring it back
    tell_of(world, "fund", 1);
    CHECK(world.code(GetPortfolio{"fund"}) == Errc::NOT_FOUND);
  }
  World world{Settings{}, folder.url()};
  world.market->bars = market(four_coins, 2);
  world.beat();
  world.advance(1s);
  CHECK(world.code(GetPortfolio{"fund"}) == Errc::NOT_FOUND);
  auto anew = half_and_half("fund");
  anew.expected_version = 0;
  CHECK(world.get(anew).data.version == 3);
}

TEST_CASE("portfolios: what cannot be valued is refused when it is written") {
  World world;
  CHECK(world.code(half_and_half("fund")) == Errc::NOT_READY); // nothing was heard of
  world.market->bars = market(four_coins, 2);
  world.beat();
  const auto refused = [&](const std::function<void(PutPortfolio&)>& spoil, Errc code,
                           const std::string& text) {
    auto put = half_and_half("fund");
    spoil(put);
    const auto answer = world.ask(put);
    REQUIRE_FALSE(answer.has_value());
    CAPTURE(answer.error().message);
    CHECK(answer.error().code == code);
    CHECK(has(answer.error().message, text));
  };
  refused([](auto& p) { p.positions[1].instrument.symbol = "NOPE-USD"; }, Errc::UNKNOWN_SYMBOL,
          "positions[1].instrument: no market data of NOPE-USD");
  refused([](auto& p) { p.positions[1].instrument.venue = "NOWHERE"; }, Errc::UNKNOWN_SYMBOL,
          "positions[1].instrument");
  refused(
    [](auto& p) {
      p.benchmark = trading::InstrumentId{"NOPE-USD", {}};
    },
    Errc::UNKNOWN_SYMBOL, "benchmark: no market data of NOPE-USD");
  refused([](auto& p) { p.base_currency = "ZZZ"; }, Errc::INVALID_ARGUMENT,
          "base_currency: expected a currency that an instrument is quoted in or is of, found ZZZ");
  auto qualified = half_and_half("fund");
  qualified.positions[0].instrument.venue = "SIM-A";
  qualified.base_currency = "BTC";
  CHECK(world.ask(qualified).has_value());
}
