#include "world.hpp"

#include <Eigen/Eigenvalues>

#include <cmath>

/// Stress tests by windows that are short, and what PCA says beside its factors.
using namespace troupe;
using namespace troupe::correlation::tests;
using core::Errc;
using correlation::Scenario;
using correlation::Settings;
using correlation::synthetic::bar_at;
using correlation::synthetic::first_index;
using correlation::synthetic::market;

namespace {

const std::vector<std::string> eight{"ADA-USD", "BTC-USD", "DOT-USD",  "ETH-USD",
                                     "LTC-USD", "SOL-USD", "LINK-USD", "XRP-USD"};

core::Timestamp close_of(int bar) {
  return bar_at(first_index + bar, 1.0).ts_close;
}

/// Windows of so many returns in the middle of 700 bars.
Settings with_windows() {
  Settings settings;
  settings.intervals.clear();
  settings.scenarios = {{"week", "twelve returns", close_of(100), close_of(112)},
                        {"hour", "three returns", close_of(100), close_of(103)},
                        {"long", "a hundred returns", close_of(100), close_of(200)},
                        {"before", "before history", close_of(-300), close_of(-200)}};
  return settings;
}

messages::GetStressTest by(const char* scenario) {
  messages::GetStressTest request;
  request.scenario = scenario;
  return request;
}

double least_eigenvalue(const messages::Matrix& rows) {
  const auto size = static_cast<Eigen::Index>(rows.size());
  Eigen::MatrixXd matrix(size, size);
  for (Eigen::Index i = 0; i < size; ++i) {
    for (Eigen::Index j = 0; j < size; ++j) {
      matrix(i, j) = rows[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
    }
  }
  return Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>{matrix}.eigenvalues().minCoeff();
}

} // namespace

TEST_CASE("stress: a window of a dozen returns is answered, shrunk, with its uncertainty") {
  World world{with_windows()};
  world.market->bars = market(eight, 700);
  world.beat();
  const auto reply = world.get(by("week"));
  const auto& data = reply.data;
  CHECK(data.window_n_obs == 12);
  CHECK(data.window_method == "ledoit_wolf_constant_correlation");
  CHECK(data.note.find("12 returns are few") != std::string::npos);
  CHECK(least_eigenvalue(data.correlation_after) > 0.0);
  REQUIRE(data.window_mean_correlation_error.has_value());
  CHECK(*data.window_mean_correlation_error > 0.01);
  CHECK(*data.window_mean_correlation_error < 0.5);
  // pairs correlate by 0.64: the mean of 28 of them is not far from that
  CHECK(std::abs(data.mean_correlation_after - 0.64) < 4.0 * *data.window_mean_correlation_error);
  const auto longer = world.get(by("long")).data;
  CHECK(longer.window_method == "sample");
  CHECK(longer.note.empty());
  CHECK(*longer.window_mean_correlation_error < *data.window_mean_correlation_error);
}

TEST_CASE("stress: a window that can never be used is refused for good, with the numbers") {
  World world{with_windows()};
  world.market->bars = market(four_coins, 700);
  world.beat();
  const auto answer = world.ask(by("hour"));
  REQUIRE_FALSE(answer.has_value());
  CAPTURE(answer.error().message);
  CHECK(answer.error().code == Errc::INVALID_ARGUMENT);
  CHECK(answer.error().message.find("scenario hour: expected at least 6 closed bars of 1h")
        != std::string::npos);
  CHECK(answer.error().message.find("found 4") != std::string::npos);
  CHECK(world.code(by("before")) == Errc::INVALID_ARGUMENT);
  world.market->failure = core::Error{Errc::UNAVAILABLE, "the store is away"};
  const auto away = world.ask(by("hour"));
  REQUIRE_FALSE(away.has_value());
  CHECK(away.error().code == Errc::NOT_READY); // history may have it
}

TEST_CASE("stress: of all instruments those that were not traded in the window are left out") {
  World world{with_windows()};
  world.market->bars = market(four_coins, 900);
  auto& young = world.market->bars["XRP-USD"];
  young.erase(young.begin(), young.begin() + 300);
  world.beat();
  const auto data = world.get(by("long")).data;
  CHECK(data.symbols == World::ids({"ADA-USD", "BTC-USD", "ETH-USD"}));
  REQUIRE(data.left_out.size() == 1);
  CHECK(data.left_out[0].instrument.symbol == "XRP-USD");
  CHECK(data.left_out[0].reason.find("long: expected bars of 1h from") != std::string::npos);
}

TEST_CASE("pca: the effective number of bets is that of the factors shown, on either basis") {
  World world;
  world.market->bars = market(eight, 700);
  world.beat();
  for (const auto basis : {messages::PcaBasis::correlation, messages::PcaBasis::covariance}) {
    messages::GetPca request;
    request.portfolio = "default";
    request.basis = basis;
    const auto data = world.get(request).data;
    double entropy = 0.0;
    for (const auto& factor : data.factors) {
      const double share = factor.risk_contribution;
      entropy -= share > 0.0 ? share * std::log(share) : 0.0;
    }
    CHECK(data.effective_bets == doctest::Approx(std::exp(entropy)).epsilon(1e-9));
  }
}

TEST_CASE("sizing: limits that gave way are binding, and a group without limits is refused") {
  World world;
  world.market->bars = market(four_coins, 700);
  world.beat();
  messages::SizePositions request;
  request.symbols = World::ids({"BTC-USD", "ETH-USD"});
  request.max_weight = 0.2;
  const auto data = world.get(request).data;
  CHECK_FALSE(data.feasible);
  CHECK(data.binding == std::vector<std::string>{"max weight of BTC-USD", "max weight of ETH-USD"});
  request.max_weight.reset();
  request.groups = {{.name = "all", .symbols = World::ids({"BTC-USD"}), .min = {}, .max = {}}};
  const auto refused = world.ask(request);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message == "groups[0]: expected a min, a max or both, found neither");
}
