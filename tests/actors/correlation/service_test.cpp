#include "world.hpp"

#include <algorithm>

using namespace troupe;
using namespace troupe::correlation::tests;
using core::Errc;
using correlation::Settings;
using correlation::synthetic::log_returns;
using correlation::synthetic::market;
using correlation::synthetic::pearson;
using messages::CorrelationMethod;
using messages::GetCorrelationMatrix;
using trading::Quality;

namespace {

GetCorrelationMatrix request(std::vector<std::string> symbols,
                             std::optional<CorrelationMethod> method = {},
                             std::optional<std::uint32_t> window = {}) {
  GetCorrelationMatrix out;
  out.symbols = World::ids(symbols);
  out.method = method;
  out.window = window;
  return out;
}

/// Largest difference from Pearson's correlations of the last `window` returns.
double error_of(const messages::CorrelationMatrix& found,
                const correlation::synthetic::Market& bars,
                std::size_t window) {
  const auto newest = [&](const trading::InstrumentId& id) {
    auto all = log_returns(bars.at(id.symbol));
    return std::vector<double>(all.end() - static_cast<std::ptrdiff_t>(window), all.end());
  };
  double worst = 0.0;
  for (std::size_t i = 0; i < found.symbols.size(); ++i) {
    for (std::size_t j = 0; j < found.symbols.size(); ++j) {
      const double want = pearson(newest(found.symbols[i]), newest(found.symbols[j]));
      worst = std::max(worst, std::abs(found.matrix[i][j] - want));
    }
  }
  return worst;
}

} // namespace

TEST_CASE("matrix: sample correlations of the newest returns, with all they are made of") {
  World world;
  world.market->bars = market(four_coins, 700);
  world.beat();
  const auto answer = world.ask(request(four_coins, CorrelationMethod::sample, 300));
  REQUIRE(answer.has_value());
  const auto& data = answer->data;
  CHECK(data.symbols == World::ids(four_coins));
  CHECK(error_of(data, world.market->bars, 300) < 1e-12);
  CHECK(data.method == CorrelationMethod::sample);
  CHECK(data.window == 300);
  CHECK(data.interval == trading::intervals::h1);
  CHECK_FALSE(data.repaired);
  CHECK(data.condition_number > 1.0);
  CHECK(data.overlap_min == 300);
  CHECK(data.pair_counts[0][1] == 300);
  CHECK(data.sampling == "previous_tick");
  const auto newest = world.market->bars["BTC-USD"].back().ts_close;
  CHECK(data.end == newest);
  CHECK(answer->meta.as_of == newest);
  CHECK(answer->meta.quality == Quality::live);
  CHECK(answer->meta.n_obs == 300);
  CHECK(answer->meta.method == "sample");
  REQUIRE(answer->meta.inputs->size() == 4);
  CHECK(answer->meta.inputs->at(1).name == "bars BTC-USD 1h");
  CHECK(answer->meta.inputs->at(1).as_of == newest);
}

TEST_CASE("matrix: asked bare it takes everything and says what it took") {
  World world;
  world.market->bars = market(four_coins, 700);
  world.beat();
  const auto answer = world.ask(GetCorrelationMatrix{});
  REQUIRE(answer.has_value());
  CHECK(answer->data.symbols == World::ids(four_coins));
  CHECK(answer->data.window == 500);
  CHECK(answer->data.method == CorrelationMethod::sample);
  CHECK(error_of(answer->data, world.market->bars, 500) < 1e-12);
}

TEST_CASE("matrix: windows beyond one page of history are gathered page by page") {
  World world;
  world.market->bars = market({"BTC-USD", "ETH-USD"}, 5'200);
  world.beat();
  const auto answer = world.ask(request({"BTC-USD", "ETH-USD"}, CorrelationMethod::sample, 5'000));
  REQUIRE(answer.has_value());
  CHECK(error_of(answer->data, world.market->bars, 5'000) < 1e-12);
  CHECK(std::all_of(world.market->asked.begin(), world.market->asked.end(),
                    [](const messages::GetHistorical& asked) { return *asked.limit <= 1'000; }));
}

TEST_CASE("matrix: what was gathered stays, and live bars keep it current without asking again") {
  Settings settings;
  settings.intervals.clear();
  World world{settings};
  world.market->bars = market(four_coins, 700);
  world.beat();
  REQUIRE(world.ask(request(four_coins)).has_value());
  const auto asked = world.market->asked.size();
  const auto later = market(four_coins, 710);
  for (std::size_t t = 700; t < 710; ++t) {
    for (const auto& symbol : four_coins) {
      world.bar(symbol, later.at(symbol)[t]);
    }
    world.beat();
  }
  const auto answer = world.ask(request(four_coins));
  REQUIRE(answer.has_value());
  CHECK(error_of(answer->data, later, 500) < 1e-12);
  CHECK(world.market->asked.size() == asked);
}

TEST_CASE("matrix: bars that were lost on the way are found in history") {
  Settings settings;
  settings.intervals.clear();
  World world{settings};
  world.market->bars = market(four_coins, 700);
  world.beat();
  REQUIRE(world.ask(request(four_coins)).has_value());
  world.market->bars = market(four_coins, 720); // no live event told of these
  world.beat();
  const auto answer = world.ask(request(four_coins));
  REQUIRE(answer.has_value());
  CHECK(error_of(answer->data, world.market->bars, 500) < 1e-12);
  for (const auto& symbol : four_coins) {
    world.live(symbol, world.market->bars[symbol].back()); // leaves no hole
  }
  CHECK(world.ask(request(four_coins)).has_value());
}

TEST_CASE("matrix: every method gives a correlation matrix; models say what was fitted") {
  World world;
  world.market->bars = market(four_coins, 700);
  world.beat();
  for (const auto method :
       {CorrelationMethod::sample, CorrelationMethod::ewma, CorrelationMethod::ledoit_wolf,
        CorrelationMethod::dcc, CorrelationMethod::ccc, CorrelationMethod::spearman,
        CorrelationMethod::kendall}) {
    const std::string name = boost::describe::enum_to_string(method, "?");
    CAPTURE(name);
    const auto answer = world.ask(request(four_coins, method));
    REQUIRE(answer.has_value());
    const auto& data = answer->data;
    CHECK(answer->meta.method == name);
    for (std::size_t i = 0; i < 4; ++i) {
      CHECK(data.matrix[i][i] == doctest::Approx(1.0));
      CHECK(data.volatility_annual[i] > 0.0);
      for (std::size_t j = 0; j < i; ++j) {
        CHECK(data.matrix[i][j] == data.matrix[j][i]);
        CHECK(data.matrix[i][j] > 0.3);
        CHECK(data.matrix[i][j] < 0.9);
      }
    }
    const bool model = method == CorrelationMethod::dcc || method == CorrelationMethod::ccc;
    CHECK(data.model.has_value() == model);
    CHECK(data.lambda.has_value() == (method == CorrelationMethod::ewma));
    CHECK(data.shrinkage.has_value() == (method == CorrelationMethod::ledoit_wolf));
    if (method == CorrelationMethod::dcc) {
      CHECK(data.model->parameters.at("a") >= 0.0);
      CHECK(data.model->parameters.at("b") < 1.0);
      CHECK(data.model->n_obs == 500);
      CHECK(data.model->log_likelihood.has_value());
    }
  }
  auto asymmetric = request(four_coins, CorrelationMethod::dcc);
  asymmetric.gjr = true;
  const auto gjr = world.ask(asymmetric);
  REQUIRE(gjr.has_value());
  CHECK(gjr->data.model->parameters.count("gamma BTC-USD") == 1);
}

TEST_CASE("matrix: bad arguments are refused by their field's name") {
  World world;
  world.market->bars = market(four_coins, 700);
  world.beat();
  const auto refused = [&](const GetCorrelationMatrix& bad, const std::string& text) {
    const auto answer = world.ask(bad);
    REQUIRE_FALSE(answer.has_value());
    CAPTURE(answer.error().message);
    CHECK(answer.error().code == Errc::INVALID_ARGUMENT);
    CHECK(answer.error().message.find(text) != std::string::npos);
  };
  refused(request({"BTC-USD"}), "symbols: expected 2 to 500 instruments, found 1");
  refused(request({"BTC-USD", "BTC-USD"}), "symbols: expected each instrument once");
  refused(request(four_coins, {}, 19), "window: expected 20 to 5000");
  refused(request(four_coins, {}, 5'001), "window: expected 20 to 5000");
  refused(request(four_coins, CorrelationMethod::dcc, 99), "window: expected 100 to 5000");
  auto gjr = request(four_coins);
  gjr.gjr = true;
  refused(gjr, "gjr: expected none but with the methods dcc and ccc");
  std::vector<std::string> many;
  for (int i = 0; i < 51; ++i) {
    many.push_back("A" + std::to_string(i) + "-USD");
  }
  refused(request(many, CorrelationMethod::dcc), "symbols: expected at most 50 instruments");
}

TEST_CASE("matrix: unknown symbols, silence and too little history are told apart") {
  World world;
  CHECK(world.code(request({"BTC-USD", "ETH-USD"})) == Errc::NOT_READY);
  world.market->bars = market(four_coins, 120);
  world.beat();
  CHECK(world.code(request({"BTC-USD", "NOPE-USD"})) == Errc::UNKNOWN_SYMBOL);
  const auto answer = world.ask(request({"BTC-USD", "ETH-USD"}));
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == Errc::NOT_READY);
  CHECK(answer.error().message
        == "insufficient data: expected 501 closed bars of BTC-USD 1h, found 120");
  CHECK(world.ask(request({"BTC-USD", "ETH-USD"}, {}, 119)).has_value());
  world.market->failure = core::Error{Errc::UNAVAILABLE, "the store is away"};
  const auto away = world.ask(request({"ADA-USD", "XRP-USD"}, {}, 119));
  REQUIRE_FALSE(away.has_value());
  CHECK(away.error().message.find("the store is away") != std::string::npos);
}

TEST_CASE("matrix: stale inputs make a stale answer, by name") {
  World world;
  world.market->bars = market(four_coins, 700);
  world.beat();
  REQUIRE(world.get(request(four_coins)).meta.quality == Quality::live);
  world.advance(6s);
  CHECK(world.get(request(four_coins)).meta.quality == Quality::stale);
  world.beat();
  CHECK(world.get(request(four_coins)).meta.quality == Quality::live);
  world.beat({}, trading::Freshness::DOWN);
  const auto down = world.ask(request(four_coins));
  CHECK(down->meta.quality == Quality::degraded);
  CHECK(down->meta.inputs->at(2).quality == Quality::degraded);
}

TEST_CASE("matrix: an instrument whose price stands still is named") {
  World world;
  world.market->bars = market({"BTC-USD", "ETH-USD"}, 700);
  for (std::size_t t = 0; t < 700; ++t) {
    world.market->bars["USDC-USD"].push_back(correlation::synthetic::bar_at(
      correlation::synthetic::first_index + static_cast<std::int64_t>(t), 1.0));
  }
  world.beat();
  const auto answer = world.ask(request({"BTC-USD", "USDC-USD"}));
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().message.find("the price of USDC-USD did not move") != std::string::npos);
}

TEST_CASE("matrix: a permutation of the symbols permutes the matrix") {
  World world;
  world.market->bars = market(four_coins, 700);
  world.beat();
  const std::vector<std::string> shuffled{"XRP-USD", "ADA-USD", "ETH-USD", "BTC-USD"};
  for (const auto method : {CorrelationMethod::sample, CorrelationMethod::ledoit_wolf,
                            CorrelationMethod::kendall, CorrelationMethod::ewma}) {
    const auto a = world.ask(request(four_coins, method));
    const auto b = world.ask(request(shuffled, method));
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t j = 0; j < 4; ++j) {
        const auto at = [&](std::size_t k) {
          return static_cast<std::size_t>(
            std::find(four_coins.begin(), four_coins.end(), shuffled[k]) - four_coins.begin());
        };
        CHECK(std::abs(b->data.matrix[i][j] - a->data.matrix[at(i)][at(j)]) < 1e-12);
      }
    }
  }
}

TEST_CASE("service: a solver that crashes costs its asker an answer and nobody else anything") {
  World world;
  world.market->bars = market(four_coins, 700);
  world.beat();
  REQUIRE(world.ask(request(four_coins)).has_value());
  for (int i = 1; i <= 2; ++i) {
    REQUIRE(
      supervision::kill_child(world.runtime(), "correlation/solvers/solver-" + std::to_string(i))
        .has_value());
  }
  world.run();
  CHECK(world.get(request(four_coins)).data.matrix.size() == 4);
  for (const std::string part : {"series", "portfolios", "front", "universes/1h"}) {
    CAPTURE(part);
    REQUIRE(supervision::kill_child(world.runtime(), "correlation/" + part).has_value());
    world.run();
    world.advance(1s);
    world.beat();
    CHECK(world.get(request(four_coins)).data.matrix.size() == 4);
  }
}

TEST_CASE("tail: every pair by counts, copula and joint exceedances") {
  World world;
  world.market->bars = market({"BTC-USD", "ETH-USD", "XRP-USD"}, 700);
  world.beat();
  messages::GetTail tail;
  tail.symbols = World::ids({"BTC-USD", "ETH-USD", "XRP-USD"});
  const auto answer = world.ask(tail);
  REQUIRE(answer.has_value());
  CHECK(answer->data.alpha == 0.05);
  REQUIRE(answer->data.pairs.size() == 3);
  CHECK(answer->data.copula_nu >= 1.0);
  for (const auto& pair : answer->data.pairs) {
    CHECK(pair.empirical_lower >= 0.0);
    CHECK(pair.empirical_lower <= 1.0);
    CHECK(pair.copula_rho == doctest::Approx(0.64).epsilon(0.15));
    CHECK(pair.exceedances_lower > 20);
  }
  for (const double alpha : {0.0, 0.009, 0.26, -1.0}) {
    tail.alpha = alpha;
    CHECK(world.code(tail) == Errc::INVALID_ARGUMENT);
  }
}
