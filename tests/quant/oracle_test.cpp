#include <doctest/doctest.h>

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
