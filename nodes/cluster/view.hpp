#pragma once

#include "core/time.hpp"
#include "nodes/cluster/hello.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::cluster {

enum class MemberState : std::uint8_t { JOINING, UP, SUSPECT, DOWN };
BOOST_DESCRIBE_ENUM(MemberState, JOINING, UP, SUSPECT, DOWN)

/// A node as this node sees it.
struct Member {
  Hello hello;
  MemberState state = MemberState::JOINING;
  bool self = false;
  bool linked = false;
  double phi = 0;
  double rtt_us = 0;     ///< of the last answered ping
  core::Timestamp since; ///< when it took on this state
};
BOOST_DESCRIBE_STRUCT(Member, (), (hello, state, self, linked, phi, rtt_us, since))

/// Work that can be recomputed is split into so many shards per service.
constexpr std::uint32_t shards_per_service = 128;

[[nodiscard]] std::uint32_t shard_of(std::string_view key);

/// What placement depends on of a node.
struct Carrier {
  std::string node;
  std::uint32_t capacity = 1;
};

/// Weighted rendezvous hashing: each node draws a score per shard, the highest owns it; a change of
/// nodes moves only the shards of the nodes that came or went.
///     score = -capacity / ln(u(node, service, shard))
/// @returns  index into `carriers`, which must not be empty
/// @source   Thaler, Ravishankar (1998); weights by Schindelhauer, Schomaker (2005)
[[nodiscard]] std::size_t
owner_of(std::string_view service, std::uint32_t shard, const std::vector<Carrier>& carriers);

/// What this node knows of the cluster at one moment; immutable once published.
struct View {
  using Owners = std::array<std::string, shards_per_service>;

  std::uint64_t epoch = 1;
  std::vector<Member> members;                       ///< sorted by name; this node included
  std::map<std::string, Owners, std::less<>> owners; ///< by role, over the nodes that are up
  std::map<std::string, std::vector<std::string>, std::less<>> carriers; ///< sorted names, by role

  [[nodiscard]] const Member* find(std::string_view node) const;

  /// Of what placement depends on: equal on nodes that place alike.
  [[nodiscard]] std::uint64_t fingerprint() const;

  /// Fills `owners` and `carriers` from the members; a suspect still carries.
  void place();
};

} // namespace troupe::cluster
