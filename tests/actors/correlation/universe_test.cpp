#include "actors/correlation/dcc_model.hpp"
#include "actors/correlation/universe.hpp"
#include "world.hpp"

#include <algorithm>
#include <cmath>
#include <rapidcheck.h>

using namespace troupe;
using namespace troupe::correlation;
using namespace troupe::correlation::tests;
using core::Errc;
using messages::CorrelationMethod;
using synthetic::market;
using trading::Quality;

namespace {

const std::vector<std::string> three{"ADA-USD", "BTC-USD", "ETH-USD"};
const auto hour = trading::intervals::h1;

std::vector<SeriesInput> inputs_of(const synthetic::Market& bars, std::size_t count) {
  std::vector<SeriesInput> out;
  for (const auto& [symbol, all] : bars) {
    CloseSeries series{hour, 10'000};
    series.on_history(std::span{all}.first(std::min(count, all.size())));
    SeriesInput input;
    input.instrument = {symbol, {}};
    input.closes = series.snapshot();
    out.push_back(std::move(input));
  }
  return out;
}

void take_all(Universe& universe, std::chrono::nanoseconds now = {}) {
  while (universe.advance(now)) {
  }
}

double difference(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  return (a - b).cwiseAbs().maxCoeff();
}

Settings small_fits() {
  Settings settings;
  settings.fit_window = 400;
  settings.refit_every = 1min;
  return settings;
}

messages::GetCorrelationMatrix kept(CorrelationMethod method) {
  messages::GetCorrelationMatrix request;
  request.method = method;
  return request;
}

} // namespace

TEST_CASE("universe: bar by bar it stands where a batch over all of it stands") {
  const Settings settings;
  const auto bars = market(three, 900);
  Universe universe{settings, hour};
  CHECK(universe.correlation() == nullptr);
  REQUIRE(universe.rebuild(inputs_of(bars, 600)).has_value());
  REQUIRE(universe.correlation() != nullptr);
  CHECK(difference(*universe.correlation(), universe.ewma()->correlation) < 1e-14);
  for (std::size_t t = 600; t < 900; ++t) {
    for (const auto& [symbol, all] : bars) {
      universe.on_close(symbol, all[t].ts_close, all[t].close.to_double(), {});
    }
    take_all(universe);
  }
  REQUIRE(universe.correlation() != nullptr);
  CHECK(difference(*universe.correlation(), universe.ewma()->correlation) < 1e-14);
  CHECK_FALSE(universe.doubtful());
  CHECK(universe.as_of() == bars.at("BTC-USD")[899].ts_close);
  CHECK(universe.observations() == 800);
  CHECK(universe.pair_counts()(0, 1) == 800.0);
  const auto panel = align_newest(inputs_of(bars, 900), hour, 800, 0.5);
  const auto batch = estimate(*panel, CorrelationMethod::ewma, settings);
  const auto found = universe.ewma();
  REQUIRE(found.has_value());
  // they differ in the weight of the very first bar alone
  CHECK(difference(found->correlation, batch->correlation) < 1e-9);
  CHECK((found->volatility - batch->volatility).cwiseAbs().maxCoeff() < 1e-9);
}

TEST_CASE("universe: the order in which instruments tell their bars changes nothing") {
  const Settings settings;
  const auto bars = market(three, 400);
  CHECK(rc::check([&] {
    Universe in_order{settings, hour};
    Universe shuffled{settings, hour};
    RC_ASSERT(in_order.rebuild(inputs_of(bars, 350)).has_value());
    RC_ASSERT(shuffled.rebuild(inputs_of(bars, 350)).has_value());
    std::vector<std::size_t> next(three.size(), 350);
    for (std::size_t t = 350; t < 400; ++t) {
      for (const auto& symbol : three) {
        in_order.on_close(symbol, bars.at(symbol)[t].ts_close, bars.at(symbol)[t].close.to_double(),
                          {});
      }
      take_all(in_order);
    }
    core::Random order{*rc::gen::arbitrary<std::uint64_t>()};
    while (*std::min_element(next.begin(), next.end()) < 400) {
      const auto i = static_cast<std::size_t>(order.below(three.size()));
      const auto ahead = static_cast<std::size_t>(1 + order.below(7));
      for (std::size_t k = 0; k < ahead && next[i] < 400; ++k, ++next[i]) {
        const auto& bar = bars.at(three[i])[next[i]];
        shuffled.on_close(three[i], bar.ts_close, bar.close.to_double(), {});
        take_all(shuffled);
      }
    }
    RC_ASSERT(in_order.as_of() == shuffled.as_of());
    RC_ASSERT(difference(*in_order.correlation(), *shuffled.correlation()) == 0.0);
  }));
}

TEST_CASE("universe: a quiet instrument is waited for until its grace is over") {
  const Settings settings;
  const auto bars = market(three, 400);
  Universe universe{settings, hour};
  REQUIRE(universe.rebuild(inputs_of(bars, 399)).has_value());
  for (const char* symbol : {"ADA-USD", "BTC-USD"}) {
    const auto& bar = bars.at(symbol)[399];
    universe.on_close(symbol, bar.ts_close, bar.close.to_double(), 1s);
  }
  CHECK_FALSE(universe.advance(2s).has_value());
  const auto returns = universe.advance(3s);
  REQUIRE(returns.has_value());
  CHECK((*returns)(2) == 0.0);
  CHECK_FALSE(universe.doubtful());
  const auto& late = bars.at("ETH-USD")[399];
  universe.on_close("ETH-USD", late.ts_close, late.close.to_double(), 4s);
  CHECK(universe.doubtful());
}

TEST_CASE("universe: a hole makes it doubt what it has") {
  const Settings settings;
  const auto bars = market(three, 400);
  Universe universe{settings, hour};
  REQUIRE(universe.rebuild(inputs_of(bars, 390)).has_value());
  for (const auto& [symbol, all] : bars) {
    universe.on_close(symbol, all[395].ts_close, all[395].close.to_double(), {});
  }
  CHECK(universe.advance({}).has_value());
  CHECK(universe.doubtful());
  REQUIRE(universe.rebuild(inputs_of(bars, 400)).has_value());
  CHECK_FALSE(universe.doubtful());
}

TEST_CASE("universe: instruments with too little of a history are left out") {
  const Settings settings;
  auto bars = market(three, 600);
  auto& young = bars["ETH-USD"];
  young.erase(young.begin(), young.end() - 40);
  Universe universe{settings, hour};
  REQUIRE(universe.rebuild(inputs_of(bars, 600)).has_value());
  CHECK(universe.instruments().size() == 2);
  bars.erase("BTC-USD");
  const auto alone = universe.rebuild(inputs_of(bars, 600));
  REQUIRE_FALSE(alone.has_value());
  CHECK(alone.error().code == Errc::NOT_READY);
  CHECK(universe.instruments().size() == 2);
}

TEST_CASE("model: stored and restored it goes on to the bit") {
  const auto bars = market(three, 500);
  const auto panel = align_newest(inputs_of(bars, 450), hour, 449, 0.5);
  auto model = fit_dcc_model(*panel, false);
  REQUIRE(model.has_value());
  auto restored = restored_dcc(model->stored);
  REQUIRE(restored.has_value());
  CHECK(restored->instruments == model->instruments);
  CHECK(restored->as_of == panel->grid.back());
  const auto later = align_newest(inputs_of(bars, 500), hour, 50, 0.5);
  for (Eigen::Index t = 0; t < 50; ++t) {
    const Eigen::VectorXd returns = later->returns.row(t).transpose();
    REQUIRE(model->state.update(returns));
    REQUIRE(restored->state.update(returns));
  }
  CHECK(difference(model->state.correlation_next(), restored->state.correlation_next()) == 0.0);
  CHECK(restored_dcc("{}").error().code == Errc::IO_ERROR);
  CHECK(restored_dcc("no JSON").error().code == Errc::IO_ERROR);
  auto broken = model->stored;
  broken.replace(broken.find("\"omega\":") + 8, 1, "-");
  CHECK(restored_dcc(broken).error().code == Errc::IO_ERROR);
}

TEST_CASE("universe service: events tell each bar, what it was made of and how old that was") {
  World world;
  const auto bars = market(three, 720);
  for (const auto& symbol : three) {
    world.market->bars[symbol] = {bars.at(symbol).begin(), bars.at(symbol).begin() + 700};
  }
  world.beat();
  world.advance(1s);
  world.advance(1s);
  REQUIRE_FALSE(world.updates->empty());
  CHECK(world.updates->front().cause == "rebuild");
  world.updates->clear();
  for (std::size_t t = 700; t < 710; ++t) {
    for (const auto& symbol : three) {
      world.bar(symbol, bars.at(symbol)[t]);
    }
  }
  REQUIRE_FALSE(world.updates->empty());
  const auto& event = world.updates->back();
  CHECK(event.cause == "market");
  CHECK(event.universe == "default 1h");
  CHECK(event.symbols == World::ids(three));
  CHECK(event.meta.as_of == bars.at("BTC-USD")[709].ts_close);
  CHECK(event.meta.inputs->size() == 3);
  CHECK(event.meta.inputs->at(0).as_of == event.meta.as_of);
  REQUIRE(event.matrix.size() == 3);
  CHECK(event.mean_correlation
        == doctest::Approx((event.matrix[0][1] + event.matrix[0][2] + event.matrix[1][2]) / 3));
  world.beat();
  const auto answer = world.ask(kept(CorrelationMethod::ewma));
  REQUIRE(answer.has_value());
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      CHECK(std::abs(answer->data.matrix[i][j] - event.matrix[i][j]) < 1e-12);
    }
  }
  CHECK(answer->meta.quality == Quality::live);
}

TEST_CASE("universe service: a model is fitted in the background, steps with the bars, survives") {
  const ScratchFolder folder;
  const auto bars = market(three, 720);
  messages::CorrelationMatrix before;
  {
    World world{small_fits(), folder.url()};
    for (const auto& symbol : three) {
      world.market->bars[symbol] = {bars.at(symbol).begin(), bars.at(symbol).begin() + 700};
    }
    world.beat();
    for (int i = 0; i < 80; ++i) {
      world.advance(500ms);
    }
    for (std::size_t t = 700; t < 705; ++t) {
      for (const auto& symbol : three) {
        world.bar(symbol, bars.at(symbol)[t]);
      }
    }
    world.beat();
    const auto answer = world.ask(kept(CorrelationMethod::dcc));
    REQUIRE(answer.has_value());
    before = answer->data;
    REQUIRE(before.model.has_value());
    CHECK(before.model->version == 1);
    CHECK(before.model->fitted_to == bars.at("BTC-USD")[699].ts_close);
    CHECK(before.model->age_ms == 5 * 3'600'000);
    REQUIRE(world.updates->back().model.has_value());
    CHECK(world.updates->back().model->version == 1);
  }
  World world{small_fits(), folder.url()};
  for (const auto& symbol : three) {
    world.market->bars[symbol] = {bars.at(symbol).begin(), bars.at(symbol).begin() + 705};
  }
  world.beat();
  for (int i = 0; i < 80; ++i) {
    world.advance(500ms);
  }
  const auto after = world.ask(kept(CorrelationMethod::dcc));
  REQUIRE(after.has_value());
  REQUIRE(after->data.model.has_value());
  CHECK(after->data.model->version == 1);
  CHECK(after->data.model->fitted_to == before.model->fitted_to);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      CHECK(after->data.matrix[i][j] == doctest::Approx(before.matrix[i][j]).epsilon(1e-12));
    }
  }
}

TEST_CASE(
  "universe service: where fits fail the last good model stands, and bars are still taken") {
  const ScratchFolder folder;
  const auto bars = market(three, 760);
  const auto up_to = [&](World& world, int count) {
    for (const auto& symbol : three) {
      world.market->bars[symbol] = {bars.at(symbol).begin(), bars.at(symbol).begin() + count};
    }
    world.beat();
    for (int i = 0; i < 80; ++i) {
      world.advance(500ms);
    }
  };
  {
    World world{small_fits(), folder.url()};
    up_to(world, 700);
    REQUIRE(world.get(kept(CorrelationMethod::dcc)).data.model->version == 1);
  }
  auto settings = small_fits();
  settings.refit_bars_min = 2;
  settings.fit_window = 200; // fewer returns than a fit takes
  World world{settings, folder.url()};
  up_to(world, 700);
  for (std::size_t t = 700; t < 705; ++t) {
    for (const auto& symbol : three) {
      world.bar(symbol, bars.at(symbol)[t]);
    }
  }
  for (int i = 0; i < 10; ++i) {
    world.advance(500ms);
  }
  const auto answer = world.ask(kept(CorrelationMethod::dcc));
  REQUIRE(answer.has_value());
  CHECK(answer->data.model->version == 1);
  CHECK(answer->data.model->note.find("the last fit failed") != std::string::npos);
  CHECK(answer->data.model->age_ms == 5 * 3'600'000);
  CHECK(answer->meta.as_of == bars.at("BTC-USD")[704].ts_close);
}

TEST_CASE(
  "universe service: a version that another node stored first is not lost, nor overwritten") {
  const ScratchFolder folder;
  const auto bars = market(three, 700);
  const auto fill = [&](World& world) {
    for (const auto& symbol : three) {
      world.market->bars[symbol] = bars.at(symbol);
    }
    world.beat();
  };
  const auto version_after = [&](World& world) {
    for (int i = 0; i < 80; ++i) {
      world.advance(500ms);
    }
    const auto answer = world.get(kept(CorrelationMethod::dcc));
    REQUIRE(answer.data.model.has_value());
    return answer.data.model->version;
  };
  {
    World first{small_fits(), folder.url()};
    World second{small_fits(), folder.url()}; // both know of no model yet
    fill(first);
    fill(second);
    second.advance(1s); // it has asked the store before the first one fits
    CHECK(version_after(first) == 1);
    CHECK(version_after(second) == 2);
  }
  World third{small_fits(), folder.url()};
  fill(third);
  third.advance(5s);
  const auto restored = third.get(kept(CorrelationMethod::dcc));
  REQUIRE(restored.data.model.has_value());
  CHECK(restored.data.model->version == 2);
}
