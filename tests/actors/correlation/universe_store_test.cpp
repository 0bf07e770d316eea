#include "actors/correlation/dcc_model.hpp"
#include "world.hpp"

/// The models of a kept universe, their store and their copies on other nodes.
using namespace troupe;
using namespace troupe::correlation;
using namespace troupe::correlation::tests;
using core::Errc;
using messages::CorrelationMethod;
using synthetic::market;

namespace {

const std::vector<std::string> trio{"ADA-USD", "BTC-USD", "ETH-USD"};

Settings quick_fits() {
  Settings settings;
  settings.fit_window = 400;
  settings.refit_every = 1min;
  return settings;
}

messages::GetCorrelationMatrix dcc() {
  messages::GetCorrelationMatrix request;
  request.method = CorrelationMethod::dcc;
  return request;
}

void fill(World& world, int bars = 700) {
  world.market->bars = market(trio, bars);
  world.beat();
}

void wait(World& world, int half_seconds) {
  for (int i = 0; i < half_seconds; ++i) {
    world.advance(500ms);
  }
}

storage::Document stored_fit(std::uint64_t version) {
  const auto bars = market(trio, 700);
  std::vector<SeriesInput> inputs;
  for (const auto& [symbol, all] : bars) {
    CloseSeries series{trading::intervals::h1, 1'000};
    series.on_history(all);
    SeriesInput input;
    input.instrument = {symbol, {}};
    input.closes = series.snapshot();
    inputs.push_back(std::move(input));
  }
  const auto panel = align_newest(inputs, trading::intervals::h1, 400, 0.5);
  REQUIRE(panel.has_value());
  const auto model = fit_dcc_model(*panel, false);
  REQUIRE(model.has_value());
  return {.kind = "correlation_model",
          .id = "default 1h",
          .version = version,
          .body = model->stored,
          .written_at = {}};
}

/// Has a fit of that version, and refuses to tell of it.
std::shared_ptr<FakeStore> refusing_store(std::uint64_t version) {
  auto store = std::make_shared<FakeStore>();
  const auto document = stored_fit(version);
  store->documents[{document.kind, document.id}] = document;
  store->failure = core::Error{Errc::UNAVAILABLE, "connection refused"};
  return store;
}

} // namespace

TEST_CASE("universe store: it is asked until it answers, and its model is the one that stands") {
  const auto store = refusing_store(7);
  World world{quick_fits(), "", store};
  fill(world);
  wait(world, 4);
  store->failure.reset();
  wait(world, 30); // within the time before the first fit
  const auto answer = world.get(dcc());
  REQUIRE(answer.data.model.has_value());
  CHECK(answer.data.model->version == 7);
  CHECK(answer.data.window == 400);
  CHECK(answer.meta.n_obs == 400);
}

TEST_CASE("universe store: what is fitted while it is away takes the next version and is stored") {
  const auto store = refusing_store(7);
  World world{quick_fits(), "", store};
  fill(world);
  wait(world, 80);
  const auto meanwhile = world.get(dcc());
  REQUIRE(meanwhile.data.model.has_value());
  CHECK(meanwhile.data.model->note.find("not stored yet") != std::string::npos);
  store->failure.reset();
  wait(world, 30);
  const auto after = world.get(dcc());
  REQUIRE(after.data.model.has_value());
  CHECK(after.data.model->version == 8);
  CHECK(after.data.model->note.find("not stored") == std::string::npos);
  CHECK(store->documents.at({"correlation_model", "default 1h"}).version == 8);
  REQUIRE_FALSE(world.models->empty());
  CHECK(world.models->back().version == 8);
  CHECK(world.models->back().universe == "default 1h");
}

TEST_CASE("universe store: right after a restart the stored model answers, none is fitted for it") {
  auto store = std::make_shared<FakeStore>();
  const auto document = stored_fit(7);
  store->documents[{document.kind, document.id}] = document;
  World world{quick_fits(), "", store};
  fill(world);
  const auto answer = world.get(dcc());
  REQUIRE(answer.data.model.has_value());
  CHECK(answer.data.model->version == 7);
}

TEST_CASE("universe store: models of other nodes are copied, and taken where they are newer") {
  auto store = std::make_shared<FakeStore>();
  World world{quick_fits(), "", store};
  fill(world);
  wait(world, 10);
  const auto document = stored_fit(5);
  const auto tell = [&](std::uint64_t version, const std::string& body) {
    messages::CorrelationModelStored event{
      .node = "n2", .universe = document.id, .version = version, .body = body, .written_at = {}};
    world.runtime().bus.publish(messages::topics::correlation_models, event.universe,
                                caf::make_message(event));
    world.run();
  };
  tell(5, document.body);
  CHECK(store->documents.at({"correlation_model", "default 1h"}).version == 5);
  CHECK(world.get(dcc()).data.model->version == 5);
  tell(3, document.body); // an older one
  CHECK(store->documents.at({"correlation_model", "default 1h"}).version == 5);
  CHECK(world.get(dcc()).data.model->version == 5);
  tell(6, "{}"); // damaged
  CHECK(world.get(dcc()).data.model->version == 5);
}

TEST_CASE("universe: the first event after a start has no change of the mean, the next ones do") {
  World world;
  const auto bars = market(trio, 705);
  for (const auto& symbol : trio) {
    world.market->bars[symbol] = {bars.at(symbol).begin(), bars.at(symbol).begin() + 700};
  }
  world.beat();
  wait(world, 4);
  REQUIRE_FALSE(world.updates->empty());
  CHECK(world.updates->front().cause == "rebuild");
  CHECK_FALSE(world.updates->front().mean_change.has_value());
  const double before = world.updates->back().mean_correlation;
  world.updates->clear();
  for (const auto& symbol : trio) {
    world.bar(symbol, bars.at(symbol)[700]);
  }
  REQUIRE(world.updates->size() == 1);
  REQUIRE(world.updates->front().mean_change.has_value());
  CHECK(*world.updates->front().mean_change
        == doctest::Approx(world.updates->front().mean_correlation - before).epsilon(1e-12));
}

TEST_CASE("universe: it says why no model of it stands") {
  auto settings = quick_fits();
  settings.model_symbols_max = 2;
  World world{settings};
  fill(world);
  wait(world, 4);
  messages::GetCorrelationMatrix ewma;
  ewma.method = CorrelationMethod::ewma;
  const auto answer = world.get(ewma);
  REQUIRE(answer.data.model_note.has_value());
  CHECK(answer.data.model_note->find("no DCC model is kept of 3 instruments: at most 2")
        != std::string::npos);
  REQUIRE_FALSE(world.updates->empty());
  CHECK(world.updates->back().model_note == answer.data.model_note);

  World failing{quick_fits()};
  fill(failing, 200); // fewer returns than a fit takes
  wait(failing, 80);
  const auto failed = failing.get(ewma);
  REQUIRE(failed.data.model_note.has_value());
  CHECK(failed.data.model_note->find("the last fit failed") != std::string::npos);
}

TEST_CASE("model: GJR margins have standard errors of all their parameters") {
  World world;
  fill(world);
  messages::GetCorrelationMatrix request;
  request.symbols = World::ids(trio);
  request.method = CorrelationMethod::dcc;
  request.gjr = true;
  const auto answer = world.get(request);
  REQUIRE(answer.data.model.has_value());
  const auto& errors = answer.data.model->standard_errors;
  REQUIRE(errors.count("alpha BTC-USD") == 1);
  for (const auto& symbol : trio) {
    CAPTURE(symbol);
    for (const char* parameter : {"omega ", "alpha ", "gamma ", "beta "}) {
      CHECK(errors.count(parameter + symbol) == errors.count("alpha " + symbol));
    }
  }
}
