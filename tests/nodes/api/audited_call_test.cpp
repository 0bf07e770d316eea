#include "core/json.hpp"
#include "nodes/api/audited_call.hpp"
#include "supervision/runtime.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

using namespace troupe;
using api::AuditedCall;
using api::AuditRecord;

namespace {

struct Scratch {
  std::filesystem::path path =
    std::filesystem::temp_directory_path() / ("troupe-audited-" + std::to_string(::getpid()));
  Scratch() { std::filesystem::create_directories(path); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  [[nodiscard]] std::vector<AuditRecord> records() const {
    std::ifstream file{path / "audit.jsonl"};
    std::vector<AuditRecord> out;
    for (std::string line; std::getline(file, line);) {
      out.push_back(core::json::decode<AuditRecord>(line).value());
    }
    return out;
  }
};

} // namespace

TEST_CASE("audited call: two records, before it is made and of what came of it") {
  const Scratch scratch;
  const auto log = api::AuditLog::open(scratch.path.string());
  REQUIRE(log.has_value());
  caf::actor_system_config settings;
  caf::actor_system system{settings};
  core::ManualClock clock;
  supervision::LocalRuntime runtime{system, clock, {.node = "n1"}};
  net::Request request;
  request.target = "/regime/models/BTC-USD/promote";
  request.body = R"({"expected_version":2})" + std::string(1'000, ' ');
  request.subject = "desk";
  request.remote_address = "127.0.0.1";
  request.request_id = "r-1";
  const std::string route = "/regime/models/{symbol}/promote";
  const auto done = AuditedCall::begin(**log, runtime, request, route);
  REQUIRE(done.has_value());
  REQUIRE(scratch.records().size() == 1);
  CHECK(scratch.records()[0].outcome == "ordered");
  done->end(core::Errc::NONE);
  AuditedCall::begin(**log, runtime, request, route).value().end(core::Errc::CONFLICT);
  const auto records = scratch.records();
  REQUIRE(records.size() == 4);
  CHECK(records[1].outcome == "done");
  CHECK(records[3].outcome == "CONFLICT");
  for (const auto& record : records) {
    CHECK(record.command == route);
    CHECK(record.by == "desk");
    CHECK(record.node == "n1");
    CHECK(record.request_id == "r-1");
    CHECK(record.target.starts_with("/regime/models/BTC-USD/promote {\"expected_version\":2}"));
    CHECK(record.target.size() == 300);
  }
  CHECK(records[0].previous.empty());
  CHECK(records[3].previous.size() == 64);
}
