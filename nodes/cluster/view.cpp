#include "nodes/cluster/view.hpp"

#include "core/fingerprint.hpp"
#include "core/random.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::cluster {

namespace {

bool carries(const Member& member) {
  return member.state == MemberState::UP || member.state == MemberState::SUSPECT;
}

} // namespace

std::uint32_t shard_of(std::string_view key) {
  return static_cast<std::uint32_t>(core::mix(core::fnv1a(key)) % shards_per_service);
}

std::size_t
owner_of(std::string_view service, std::uint32_t shard, const std::vector<Carrier>& carriers) {
  const auto place = core::mix(core::fnv1a(service), shard);
  std::size_t best = 0;
  double best_score = -1;
  for (std::size_t i = 0; i < carriers.size(); ++i) {
    const auto bits = core::mix(core::fnv1a(carriers[i].node), place);
    const double u = 1.0 - core::unit_interval(bits); // (0, 1]
    const double score = u < 1.0 ? carriers[i].capacity / -std::log(u) : HUGE_VAL;
    if (score > best_score || (score == best_score && carriers[i].node < carriers[best].node)) {
      best = i;
      best_score = score;
    }
  }
  return best;
}

const Member* View::find(std::string_view node) const {
  const auto found = std::lower_bound(
    members.begin(), members.end(), node,
    [](const Member& member, std::string_view name) { return member.hello.node < name; });
  return found != members.end() && found->hello.node == node ? &*found : nullptr;
}

std::uint64_t View::fingerprint() const {
  std::uint64_t hash = core::fnv1a("view");
  for (const auto& member : members) {
    if (!carries(member)) {
      continue;
    }
    hash = core::mix(core::fnv1a(member.hello.node, hash), member.hello.incarnation);
    hash = core::mix(hash, member.hello.capacity);
    for (const auto& role : member.hello.roles) {
      hash = core::mix(core::fnv1a(role, hash));
    }
  }
  return hash;
}

void View::place() {
  std::map<std::string, std::vector<Carrier>, std::less<>> by_role;
  for (const auto& member : members) {
    if (carries(member)) {
      for (const auto& role : member.hello.roles) {
        by_role[role].push_back({member.hello.node, member.hello.capacity});
      }
    }
  }
  owners.clear();
  carriers.clear();
  for (const auto& [role, nodes] : by_role) {
    auto& table = owners[role];
    for (std::uint32_t shard = 0; shard < shards_per_service; ++shard) {
      table[shard] = nodes[owner_of(role, shard, nodes)].node;
    }
    for (const auto& node : nodes) {
      carriers[role].push_back(node.node);
    }
  }
}

} // namespace troupe::cluster
