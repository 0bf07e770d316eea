#include "world.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace troupe;
using namespace troupe::correlation::tests;
using core::Errc;
using correlation::Settings;
using correlation::synthetic::market;
using messages::PortfolioPosition;
using messages::PutPortfolio;

namespace {

trading::Quantity units(const char* text) {
  return trading::Quantity::from_text(text).value();
}

PutPortfolio fund(const std::string& id = "fund") {
  PutPortfolio put;
  put.id = id;
  put.positions = {{{"BTC-USD", {}}, units("2"), {}}, {{"ETH-USD", {}}, units("-1.5"), {}}};
  return put;
}

/// Lets the service hear of the coins.
void tell_of_coins(World& world) {
  world.market->bars = market(four_coins, 2);
  world.beat();
}

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

} // namespace

TEST_CASE("portfolios: a write is versioned, read back and listed") {
  World world;
  tell_of_coins(world);
  CHECK(world.code(messages::GetPortfolio{"fund"}) == Errc::NOT_FOUND);
  const auto first = world.ask(fund());
  REQUIRE(first.has_value());
  CHECK(first->data.version == 1);
  CHECK(first->data.base_currency == "USD");
  auto again = fund();
  again.expected_version = 1;
  again.positions[0].quantity = units("3");
  CHECK(world.get(again).data.version == 2);
  CHECK(world.code(again) == Errc::CONFLICT);
  const auto found = world.ask(messages::GetPortfolio{"fund"});
  REQUIRE(found.has_value());
  CHECK(found->data.version == 2);
  CHECK(found->data.positions[0].quantity == units("3"));
  for (const char* id : {"a", "b", "c"}) {
    REQUIRE(world.ask(fund(id)).has_value());
  }
  messages::ListPortfolios list;
  list.limit = 3;
  const auto page = world.ask(list);
  REQUIRE(page->data.size() == 3);
  CHECK(page->meta.has_more == true);
  list.cursor = page->meta.next_cursor;
  const auto rest = world.ask(list);
  REQUIRE(rest->data.size() == 1);
  CHECK(rest->data[0].id == "fund");
  CHECK(rest->meta.has_more == false);
}

TEST_CASE("portfolios: what was answered is there after a restart") {
  const ScratchFolder folder;
  {
    World world{Settings{}, folder.url()};
    tell_of_coins(world);
    REQUIRE(world.ask(fund()).has_value());
    REQUIRE(supervision::kill_child(world.runtime(), "correlation/portfolios").has_value());
    world.run();
    world.advance(1s);
    CHECK(world.get(messages::GetPortfolio{"fund"}).data.version == 1);
  }
  World world{Settings{}, folder.url()};
  tell_of_coins(world);
  world.advance(1s);
  const auto found = world.ask(messages::GetPortfolio{"fund"});
  REQUIRE(found.has_value());
  CHECK(found->data.version == 1);
  CHECK(found->data.positions[1].quantity == units("-1.5"));
  CHECK(world.get(fund()).data.version == 2);
}

TEST_CASE("portfolios: writes elsewhere are copied, older ones are not") {
  World world;
  world.advance(1s);
  messages::PortfolioChanged event;
  event.portfolio = {.id = "remote",
                     .version = 5,
                     .base_currency = "USD",
                     .benchmark = {},
                     .positions = fund().positions,
                     .updated_at = {},
                     .deleted = {}};
  world.runtime().bus.publish(messages::topics::portfolio_changes, "remote",
                              caf::make_message(event));
  world.run();
  CHECK(world.get(messages::GetPortfolio{"remote"}).data.version == 5);
  event.portfolio.version = 4;
  event.portfolio.base_currency = "EUR";
  world.runtime().bus.publish(messages::topics::portfolio_changes, "remote",
                              caf::make_message(event));
  world.run();
  CHECK(world.get(messages::GetPortfolio{"remote"}).data.base_currency == "USD");
}

TEST_CASE("portfolios: bad ones are refused by their field's name") {
  World world;
  const auto refused = [&](const std::function<void(PutPortfolio&)>& spoil,
                           const std::string& text) {
    auto put = fund();
    spoil(put);
    const auto answer = world.ask(put);
    REQUIRE_FALSE(answer.has_value());
    CAPTURE(answer.error().message);
    CHECK(answer.error().code == Errc::INVALID_ARGUMENT);
    CHECK(answer.error().message.find(text) != std::string::npos);
  };
  refused([](auto& p) { p.id = "no spaces"; }, "id: expected 1 to 64 letters");
  refused([](auto& p) { p.id = ""; }, "id: expected");
  refused([](auto& p) { p.base_currency = "usd"; }, "base_currency: expected a currency");
  refused([](auto& p) { p.positions.clear(); }, "positions: expected 1 to 1000 positions, found 0");
  refused([](auto& p) { p.positions[1].quantity.reset(); },
          "positions[1]: expected exactly one of quantity and weight, found neither");
  refused([](auto& p) { p.positions[1].weight = 0.5; }, "positions[1]: expected exactly one");
  refused(
    [](auto& p) {
      p.positions[1] = {{"ETH-USD", {}}, {}, 0.5};
    },
    "positions[1]: expected a quantity as in the position before, found a weight");
  refused([](auto& p) { p.positions[1].instrument.symbol = "BTC-USD"; },
          "positions[1].instrument: expected each instrument once");
  refused(
    [](auto& p) {
      p.positions = {{{"BTC-USD", {}}, {}, 1e9}};
    },
    "positions[0].weight: expected -1000 to 1000");
  refused(
    [](auto& p) {
      p.positions = {{{"BTC-USD", {}}, units("0"), {}}};
    },
    "positions: expected at least one that is not zero");
}

TEST_CASE("pca: a stored portfolio's factors add up to its risk") {
  World world;
  world.market->bars = market(four_coins, 700);
  world.beat();
  REQUIRE(world.ask(fund()).has_value());
  messages::GetPca request;
  request.portfolio = "fund";
  for (const auto basis : {messages::PcaBasis::correlation, messages::PcaBasis::covariance}) {
    request.basis = basis;
    const auto answer = world.ask(request);
    REQUIRE(answer.has_value());
    const auto& pca = answer->data;
    CHECK(pca.portfolio == "fund");
    CHECK(pca.portfolio_version == 1);
    REQUIRE(pca.factors.size() == 2);
    CHECK(pca.factors[0].eigenvalue >= pca.factors[1].eigenvalue);
    CHECK(pca.factors[1].cumulative == doctest::Approx(1.0));
    CHECK(pca.factors[0].risk_contribution + pca.factors[1].risk_contribution
          == doctest::Approx(1.0));
    CHECK(sum(pca.risk_contributions) == doctest::Approx(1.0));
    CHECK(std::abs(pca.weights[0]) + std::abs(pca.weights[1]) == doctest::Approx(1.0));
    CHECK(pca.weights[1] < 0.0);
    CHECK(pca.volatility_annual > 0.0);
    CHECK(pca.marchenko_pastur_max > pca.marchenko_pastur_min);
    for (const auto& factor : pca.factors) {
      const auto [least, most] = std::minmax(factor.loadings[0], factor.loadings[1]);
      CHECK(most > 0.0);
      CHECK(most >= -least - 1e-12); // two of one size may differ in sign
    }
  }
  request.portfolio = "nobody";
  CHECK(world.code(request) == Errc::NOT_FOUND);
  request.portfolio = messages::default_portfolio;
  CHECK(world.get(request).data.symbols.size() == 4);
}

TEST_CASE("pca: positions in the body, with currencies that must be converted") {
  World world;
  world.market->bars = market({"BTC-USD", "ETH-EUR", "EUR-USD"}, 700);
  world.beat();
  messages::ComputePca request;
  request.positions = {{{"BTC-USD", {}}, units("1"), {}}, {{"ETH-EUR", {}}, units("1"), {}}};
  const auto answer = world.ask(request);
  REQUIRE(answer.has_value());
  const auto last = [&](const char* symbol) {
    return world.market->bars[symbol].back().close.to_double();
  };
  const double btc = last("BTC-USD");
  const double eth = last("ETH-EUR") * last("EUR-USD");
  CHECK(answer->data.weights[0] == doctest::Approx(btc / (btc + eth)));
  CHECK(answer->meta.inputs->size() == 3);
  request.base_currency = "GBP";
  const auto unknown = world.ask(request);
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().message.find("market data of USD-GBP to convert it") != std::string::npos);
  request.portfolio = "fund";
  CHECK(world.code(request) == Errc::INVALID_ARGUMENT);
}

TEST_CASE("stress: correlations moved to 1 raise a long portfolio's volatility, by the formula") {
  World world;
  world.market->bars = market(four_coins, 700);
  world.beat();
  messages::GetStressTest request;
  request.factor = 1.0;
  const auto answer = world.ask(request);
  REQUIRE(answer.has_value());
  const auto& stress = answer->data;
  CHECK(stress.scenario == "factor");
  CHECK(stress.mean_correlation_after == doctest::Approx(1.0));
  CHECK(stress.volatility_annual_after > stress.volatility_annual_before);
  CHECK(stress.diversification_ratio_after == doctest::Approx(1.0));
  CHECK(stress.volatility_ratio
        == doctest::Approx(stress.volatility_annual_after / stress.volatility_annual_before));
  request.factor = 0.0;
  CHECK(world.get(request).data.volatility_ratio == doctest::Approx(1.0));
  request.factor = 1.5;
  CHECK(world.code(request) == Errc::INVALID_ARGUMENT);
  request.factor.reset();
  CHECK(world.get(request).data.factor == 0.5);
}

TEST_CASE("stress: a named window takes its correlations from history") {
  Settings settings;
  const auto bars = market(four_coins, 1'500, 0.8);
  settings.scenarios = {{.name = "then",
                         .description = "a while ago",
                         .start = bars.at("BTC-USD")[199].ts_close,
                         .end = bars.at("BTC-USD")[399].ts_close}};
  World world{settings};
  world.market->bars = bars;
  world.beat();
  messages::GetStressTest request;
  request.scenario = "then";
  const auto answer = world.ask(request);
  REQUIRE(answer.has_value());
  CHECK(answer->data.scenario == "then");
  CHECK(answer->data.window_n_obs == 200);
  const auto returns = [&](const char* symbol) {
    const auto all = correlation::synthetic::log_returns(bars.at(symbol));
    return std::vector<double>(all.begin() + 199, all.begin() + 399);
  };
  CHECK(
    answer->data.correlation_after[0][1]
    == doctest::Approx(correlation::synthetic::pearson(returns("ADA-USD"), returns("BTC-USD"))));
  CHECK(answer->data.volatility_annual_after_with_window_volatilities.has_value());
  request.scenario = "never";
  const auto unknown = world.ask(request);
  CHECK(unknown.error().message == "scenario: expected one of then, found \"never\"");
  CHECK(world.get(messages::ListStressScenarios{}).data.size() == 1);
}

TEST_CASE("stress: a caller's matrix is checked, and repaired where it is no correlation matrix") {
  World world;
  world.market->bars = market(four_coins, 700);
  world.beat();
  messages::ComputeStressTest request;
  request.positions = {
    {{"ADA-USD", {}}, {}, 0.5}, {{"BTC-USD", {}}, {}, 0.3}, {{"ETH-USD", {}}, {}, 0.2}};
  request.matrix = messages::Matrix{{1, 0.9, -0.9}, {0.9, 1, 0.9}, {-0.9, 0.9, 1}};
  const auto answer = world.ask(request);
  REQUIRE(answer.has_value());
  CHECK(answer->data.repaired);
  CHECK(answer->data.repair_distance > 0.1);
  const auto refused = [&](messages::Matrix matrix, const char* text) {
    request.matrix = std::move(matrix);
    const auto bad = world.ask(request);
    REQUIRE_FALSE(bad.has_value());
    CAPTURE(bad.error().message);
    CHECK(bad.error().code == Errc::INVALID_ARGUMENT);
    CHECK(bad.error().message.find(text) != std::string::npos);
  };
  refused({{1, 0}, {0, 1}}, "matrix: expected 3 rows");
  refused({{1, 0, 0}, {0, 1}, {0, 0, 1}}, "matrix[1]: expected 3 numbers");
  refused({{1, 0, 0}, {2, 1, 0}, {0, 0, 1}}, "matrix[1][0]: expected a correlation");
  refused({{1, 0.1, 0}, {0, 1, 0}, {0, 0, 1}}, "matrix[1][0]: expected the same as its mirror");
  refused({{1, 0, 0}, {0, 0.5, 0}, {0, 0, 1}}, "matrix[1][1]: expected 1 on the diagonal");
  refused({}, "matrix: expected 3 rows");
}

TEST_CASE("sizing: every method's weights add up and keep the limits") {
  World world;
  world.market->bars = market(four_coins, 700);
  world.beat();
  using messages::SizingMethod;
  for (const auto method :
       {SizingMethod::equal_risk_contribution, SizingMethod::minimum_variance,
        SizingMethod::maximum_diversification, SizingMethod::hierarchical_risk_parity,
        SizingMethod::inverse_volatility}) {
    const std::string name = boost::describe::enum_to_string(method, "?");
    CAPTURE(name);
    messages::SizePositions request;
    request.method = method;
    request.symbols = World::ids(four_coins);
    request.capital = 1'000.0;
    const auto free = world.ask(request);
    REQUIRE(free.has_value());
    CHECK(sum(free->data.weights) == doctest::Approx(1.0));
    CHECK(free->data.feasible);
    CHECK(sum(free->data.risk_contributions) == doctest::Approx(1.0));
    CHECK(free->data.notionals->size() == 4);
    CHECK(free->data.quantities->size() == 4);
    if (method == SizingMethod::equal_risk_contribution) {
      for (const double share : free->data.risk_contributions) {
        CHECK(share == doctest::Approx(0.25).epsilon(1e-6));
      }
    }
    request.max_weight = 0.3;
    const auto capped = world.ask(request);
    REQUIRE(capped.has_value());
    for (const double weight : capped->data.weights) {
      CHECK(weight <= 0.3 + 1e-8);
      CHECK(weight >= -1e-8);
    }
    CHECK(sum(capped->data.weights) == doctest::Approx(1.0));
  }
}

TEST_CASE("sizing: what cannot be met gives the nearest weights and the reason") {
  World world;
  world.market->bars = market(four_coins, 700);
  world.beat();
  messages::SizePositions request;
  request.symbols = World::ids(four_coins);
  request.max_weight = 0.2;
  const auto tight = world.ask(request);
  REQUIRE(tight.has_value());
  CHECK_FALSE(tight->data.feasible);
  CHECK_FALSE(tight->data.reasons.empty());
  CHECK(sum(tight->data.weights) == doctest::Approx(1.0));
  request.max_weight.reset();
  request.groups = {{"big", World::ids({"BTC-USD", "ETH-USD"}), {}, 0.25}};
  const auto grouped = world.ask(request);
  REQUIRE(grouped.has_value());
  CHECK(grouped->data.weights[1] + grouped->data.weights[2] <= 0.25 + 1e-6);
  messages::SizePositions target;
  target.symbols = World::ids(four_coins);
  target.method = messages::SizingMethod::target_volatility;
  target.target_volatility_annual = 0.10;
  const auto scaled = world.ask(target);
  REQUIRE(scaled.has_value());
  CHECK(scaled->data.volatility_annual == doctest::Approx(0.10));
  CHECK(scaled->data.cash > 0.0);
  target.target_volatility_annual = 9.0;
  const auto beyond = world.ask(target);
  REQUIRE(beyond.has_value());
  CHECK_FALSE(beyond->data.feasible);
  CHECK(sum(beyond->data.weights) <= 1.0 + 1e-9);
}

TEST_CASE("sizing: turnover counts from the portfolio's weights") {
  World world;
  world.market->bars = market(four_coins, 700);
  world.beat();
  messages::SizePositions request;
  request.method = messages::SizingMethod::minimum_variance;
  request.positions = {
    {{"ADA-USD", {}}, {}, 0.1}, {{"BTC-USD", {}}, {}, 0.2}, {{"XRP-USD", {}}, {}, 0.7}};
  const auto free = world.ask(request);
  REQUIRE(free.has_value());
  CHECK(*free->data.turnover > 0.2);
  request.turnover_max = 0.1;
  const auto held = world.ask(request);
  REQUIRE(held.has_value());
  CHECK(*held->data.turnover <= 0.1 + 1e-6);
}

TEST_CASE("sizing: bad requests are refused by their field's name") {
  World world;
  world.market->bars = market(four_coins, 700);
  world.beat();
  const auto refused = [&](const std::function<void(messages::SizePositions&)>& spoil,
                           const char* text) {
    messages::SizePositions request;
    request.symbols = World::ids(four_coins);
    spoil(request);
    const auto answer = world.ask(request);
    REQUIRE_FALSE(answer.has_value());
    CAPTURE(answer.error().message);
    CHECK(answer.error().code == Errc::INVALID_ARGUMENT);
    CHECK(answer.error().message.find(text) != std::string::npos);
  };
  using messages::SizingMethod;
  refused([](auto& r) { r.min_weight = -0.1; }, "min_weight: expected 0 or more");
  refused(
    [](auto& r) {
      r.min_weight = 0.5;
      r.max_weight = 0.4;
    },
    "min_weight: expected at most");
  refused([](auto& r) { r.max_weight = 1e9; }, "max_weight: expected -100 to 100");
  refused([](auto& r) { r.method = SizingMethod::target_volatility; },
          "target_volatility_annual: expected a value");
  refused([](auto& r) { r.leverage_max = 2.0; }, "leverage_max: expected none but");
  refused([](auto& r) { r.turnover_max = 0.5; }, "turnover_max: expected current weights");
  refused([](auto& r) { r.portfolio = "fund"; }, "symbols: expected symbols, or a portfolio");
  refused([](auto& r) { r.bounds = {{{"SOL-USD", {}}, 0.1, {}}}; }, "bounds[0].instrument");
  refused([](auto& r) { r.bounds = {{{"BTC-USD", {}}, 0.5, 0.1}}; }, "bounds[0].min");
  refused([](auto& r) { r.groups = {{"g", {}, {}, 0.5}}; }, "groups[0].symbols");
  refused([](auto& r) { r.groups = {{"g", {{"SOL-USD", {}}}, {}, 0.5}}; }, "groups[0].symbols");
  refused([](auto& r) { r.window = 5; }, "window: expected");
}
