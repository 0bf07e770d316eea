#include "quant/covariance/sample.hpp"
#include "quant/dependence/rank.hpp"
#include "quant/dependence/t_copula.hpp"
#include "quant/dependence/tail.hpp"
#include "random_matrices.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace {

int run(const std::string& arguments) {
  const int status =
    std::system((std::string{TROUPE_BIN_DIR "/oracle-check "} + arguments).c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// A file of its own that is gone at the end.
class Scratch {
public:
  explicit Scratch(const std::string& text)
    : path_(std::filesystem::temp_directory_path()
            / ("troupe_oracle_" + std::to_string(::getpid()) + ".json")) {
    std::ofstream{path_} << text;
  }
  ~Scratch() { std::filesystem::remove(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] std::string path() const { return path_.string(); }

private:
  std::filesystem::path path_;
};

std::string atr_case(const std::string& last, const std::string& warm_up = "null") {
  return R"({"topic":"atr","cases":[{"id":"own","inputs":{"high":[2,4,5],"low":[1,2,3],)"
         R"("close":[2,3,4],"n":2},"expected":{"atr":[null,)"
         + warm_up + "," + last + R"(]},"tolerance":{"abs":1e-12}}]})";
}

} // namespace

TEST_CASE("oracle-check: the published cases pass") {
  const std::filesystem::path folder{TROUPE_SOURCE_DIR "/../shared/oracles"};
  if (!std::filesystem::exists(folder)) {
    MESSAGE("skipped: no oracle files in " << folder.string());
    return;
  }
  std::string files;
  for (const char* topic :
       {"adx", "atr", "bollinger", "choppiness", "rsi", "covariance", "pca", "realised_vol",
        "garch", "dcc", "hmm", "markov_switching", "copula_tail", "portfolio"}) {
    const auto file = folder / (std::string{topic} + ".json");
    if (std::filesystem::exists(file)) {
      files += " '" + file.string() + "'";
    } else {
      MESSAGE("skipped: no " << file.string());
    }
  }
  REQUIRE_FALSE(files.empty());
  CHECK(run(files) == 0);
}

TEST_CASE("oracle-check: a right case passes and a wrong one fails") {
  CHECK(run(Scratch{atr_case("2.0")}.path()) == 0);
  CHECK(run(Scratch{atr_case("2.1")}.path()) == 1);
  CHECK(run(Scratch{atr_case("2.0", "2.0")}.path()) == 1);
  CHECK(run(Scratch{R"({"topic":"atr","cases":[{"id":"no inputs"}]})"}.path()) == 1);
}

TEST_CASE("oracle-check: an unknown topic is unsupported and an unreadable file an error") {
  CHECK(run(Scratch{R"({"topic":"alchemy","cases":[{"id":"x"}]})"}.path()) == 0);
  CHECK(run(Scratch{"{"}.path()) == 2);
  CHECK(run("/nonexistent.json") == 2);
}

TEST_CASE("oracle-check: a case that is none fails and the others are still judged") {
  const auto with = [](const std::string& first) {
    auto file = nlohmann::json::parse(atr_case("2.0"));
    file["cases"].insert(file["cases"].begin(), nlohmann::json::parse(first));
    return file.dump();
  };
  CHECK(run(Scratch{with(R"({"id":7})")}.path()) == 1);
  CHECK(run(Scratch{with("3")}.path()) == 1);
  CHECK(run(Scratch{R"({"topic":"atr","cases":null})"}.path()) == 2);
  CHECK(run(Scratch{R"({"topic":"atr","cases":)" + std::string(100'000, '[')}.path()) == 2);
}

TEST_CASE("oracle-check: an index or a shape out of bounds fails, and ends nothing") {
  const auto hmm = [](const std::string& index) {
    return R"({"topic":"hmm","cases":[{"id":"own","inputs":{"columns":["x"],"x":[1,2,1,3],)"
           R"("startprob":[0.5,0.5],"transmat":[[0.9,0.1],[0.1,0.9]],"means":[[1],[2]],)"
           R"("covars":[[[1]],[[1]]]},"expected":{"posterior_index":[)"
           + index + R"(],"posterior":[[0.5,0.5]]},"tolerance":{"abs":1}}]})";
  };
  CHECK(run(Scratch{hmm("3")}.path()) == 0);
  CHECK(run(Scratch{hmm("4")}.path()) == 1);
  CHECK(run(Scratch{hmm("-1")}.path()) == 1);
  CHECK(run(Scratch{R"({"topic":"portfolio","cases":[{"id":"min_variance","inputs":{)"
                    R"("cov":[[1,0],[0,1]],"mu":[1,2,3]},"expected":{"weights":[0.5,0.5]},)"
                    R"("tolerance":{"abs":1}}]})"}
              .path())
        == 1);
}

TEST_CASE("oracle-check: limits that cannot be kept are not silently another question") {
  const auto capped = [](const char* cap) {
    return std::string{R"({"topic":"portfolio","cases":[{"id":"min_variance","inputs":{)"
                       R"("cov":[[1,0],[0,4]],"mu":[1,2],"cap":)"}
           + cap + R"(},"expected":{"weights":[0.5,0.5]},"tolerance":{"abs":1e-6}}]})";
  };
  CHECK(run(Scratch{capped("0.5")}.path()) == 0);
  CHECK(run(Scratch{capped("0.4")}.path()) == 1);
  CHECK(run(Scratch{capped("[0.5]")}.path()) == 1);
}

TEST_CASE("oracle-check: a better fit excuses what is right at the oracle's parameters, no more") {
  using namespace troupe::quant; // NOLINT(google-build-using-namespace): of this case
  const Eigen::MatrixXd series = troupe::quant::testing::factor_returns(200, 2, 3);
  const auto pseudo = *pseudo_observations(series);
  Eigen::MatrixXd correlation = Eigen::MatrixXd::Identity(2, 2);
  correlation(0, 1) = correlation(1, 0) = 0.3; // not the best there is
  nlohmann::json rows = nlohmann::json::array();
  for (Eigen::Index t = 0; t < series.rows(); ++t) {
    rows.push_back({series(t, 0), series(t, 1)});
  }
  const nlohmann::json right{
    {"topic", "copula_tail"},
    {"cases",
     {{{"id", "own"},
       {"inputs", {{"returns", rows}}},
       {"expected",
        {{"pearson", (*sample_correlation(series))(0, 1)},
         {"mle",
          {{"rho", 0.3},
           {"nu", 5.0},
           {"loglik", *t_copula_log_likelihood(pseudo, {correlation, 5.0})}}},
         {"mle_tail_dep", *t_tail_dependence(0.3, 5.0)}}},
       {"tolerance", {{"abs", 1e-9}, {"rel", 1e-9}}}}}}};
  const auto judged = [&](const char* path, double change) {
    auto file = right;
    auto& value = file[nlohmann::json::json_pointer{std::string{"/cases/0/expected"} + path}];
    value = value.get<double>() + change;
    return run(Scratch{file.dump()}.path());
  };
  CHECK(judged("/mle/nu", 0.0) == 0);
  CHECK(judged("/pearson", 0.1) == 1);
  CHECK(judged("/mle_tail_dep", 0.1) == 1);
  CHECK(judged("/mle/loglik", 1000.0) == 1);
  CHECK(judged("/mle/rho", 0.5) == 1); // whose likelihood is another
}
