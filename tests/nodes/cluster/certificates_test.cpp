#include "core/clock.hpp"
#include "nodes/cluster/certificates.hpp"
#include "process_fixture.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <sys/stat.h>
#include <thread>

using namespace troupe;
using namespace troupe::cluster;
using troupe::cluster::test::Directory;

namespace {

unsigned mode_of(const std::string& path) {
  struct stat found {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 0777U;
}

} // namespace

TEST_CASE(
  "certificates: nodes that start at once share one authority that only the user may read") {
  const Directory directory;
  const auto path = directory.path + "/state/cluster";
  const auto now = core::SystemClock{}.now();
  std::array<std::string, 8> seen;
  std::array<std::thread, 8> nodes;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    nodes[i] = std::thread{[&, i] {
      if (auto found = user_authority(path, now)) {
        seen[i] = found->certificate + found->key;
      }
    }};
  }
  for (auto& node : nodes) {
    node.join();
  }
  for (const auto& one : seen) {
    CHECK_FALSE(one.empty());
    CHECK(one == seen[0]);
  }
  CHECK(mode_of(path) == 0700);
  CHECK(mode_of(path + "/ca.key") == 0600);
  CHECK(mode_of(path + "/ca.crt") == 0600);
}

TEST_CASE("certificates: an authority that others may read is refused") {
  const Directory directory;
  const auto now = core::SystemClock{}.now();
  REQUIRE(user_authority(directory.path, now).has_value());
  REQUIRE(::chmod((directory.path + "/ca.key").c_str(), 0644) == 0);
  CHECK(user_authority(directory.path, now).has_error());
  REQUIRE(::chmod((directory.path + "/ca.key").c_str(), 0600) == 0);
  REQUIRE(::chmod(directory.path.c_str(), 0755) == 0);
  CHECK(user_authority(directory.path, now).has_error());
}

TEST_CASE("certificates: off loopback a node without keys does not start") {
  const Directory directory;
  const auto now = core::SystemClock{}.now();
  const auto refused = node_credentials({}, "a", false, directory.path, now);
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == core::Errc::CONFIG_INVALID);
  CHECK(refused.error().message.find("not loopback") != std::string::npos);
  CHECK(node_credentials({"only-a-ca.pem", "", ""}, "a", true, directory.path, now).has_error());
  CHECK(node_credentials({}, "a", true, directory.path, now).has_value());
}
