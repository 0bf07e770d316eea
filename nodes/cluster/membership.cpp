#include "nodes/cluster/membership.hpp"

#include "core/describe.hpp"
#include "core/log.hpp"

#include <algorithm>

namespace troupe::cluster {

Membership::Membership(
  const Settings& settings, Hello self, std::uint64_t seed, Effects& effects, Times now)
  : settings_(settings), self_(std::move(self)), random_(seed), effects_(effects),
    self_since_(now.utc), last_tick_ns_(now.mono_ns) {
  std::sort(self_.roles.begin(), self_.roles.end());
  fingerprint_ = view(now).fingerprint();
}

void Membership::add_seed(const Address& address) {
  target_at(address).seed = true;
}

Membership::Target& Membership::target_at(const Address& address) {
  auto& target = targets_[address.to_text()];
  target.address = address;
  return target;
}

Membership::Target* Membership::target_of(const std::string& node) {
  for (auto& [text, target] : targets_) {
    if (target.node == node && !target.self) {
      return &target;
    }
  }
  return nullptr;
}

void Membership::heard_of(const std::string& node, const Address& address, Times now) {
  if (node == self_.node || targets_.contains(address.to_text())) {
    return;
  }
  auto& target = target_at(address);
  target.node = node;
  // Both hear of each other at once; the lesser name dials first, so that one handshake suffices.
  target.next_ns = now.mono_ns + (self_.node < node ? 0 : settings_.link.retry_min.ns);
}

void Membership::set_state(Peer& peer, MemberState state, Times now) {
  if (peer.state == state) {
    return;
  }
  core::log::info("member changed", {{"node", peer.hello.node},
                                     {"from", boost::describe::enum_to_string(peer.state, "?")},
                                     {"to", boost::describe::enum_to_string(state, "?")}});
  peer.state = state;
  peer.since = now.utc;
  peer.since_ns = now.mono_ns;
}

void Membership::link_up(const Hello& hello, Times now) {
  std::vector<std::string> down;
  auto found = peers_.find(hello.node);
  if (found != peers_.end() && found->second.hello.incarnation != hello.incarnation) {
    if (found->second.state != MemberState::DOWN) {
      down.push_back(hello.node); // it restarted faster than it was missed
    }
    peers_.erase(found);
    found = peers_.end();
  }
  if (found == peers_.end()) {
    found =
      peers_
        .emplace(hello.node, Peer{hello, MemberState::JOINING, false, false, now.utc, now.mono_ns,
                                  0, 0, PhiDetector{settings_.detector, now.mono_ns}})
        .first;
  }
  auto& peer = found->second;
  peer.linked = true;
  peer.failed_probes = 0;
  peer.detector = PhiDetector{settings_.detector, now.mono_ns};
  if (peer.state == MemberState::DOWN) {
    set_state(peer, MemberState::JOINING, now);
  }
  if (auto address = Address::from_text(hello.cluster)) {
    target_at(*address).node = hello.node;
  }
  publish(down, now);
}

void Membership::joined(const Hello& hello, Times now) {
  const auto found = peers_.find(hello.node);
  if (found == peers_.end() || found->second.hello.incarnation != hello.incarnation) {
    return; // of a link that is gone
  }
  auto& peer = found->second;
  peer.hello.roles = hello.roles;
  std::sort(peer.hello.roles.begin(), peer.hello.roles.end());
  peer.detector.heard(now.mono_ns);
  if (peer.linked) {
    set_state(peer, MemberState::UP, now);
  }
  publish({}, now);
}

void Membership::link_down(const std::string& node, Times now) {
  const auto found = peers_.find(node);
  if (found == peers_.end() || !found->second.linked) {
    return;
  }
  auto& peer = found->second;
  peer.linked = false;
  peer.failed_probes = 0;
  if (peer.state == MemberState::JOINING) {
    declare_down(node, peer, "link lost before it joined", now);
    return;
  }
  if (peer.state == MemberState::DOWN) {
    return;
  }
  set_state(peer, MemberState::SUSPECT, now);
  publish({}, now);
  probe(peer, now);
}

void Membership::probe(Peer& peer, Times now) {
  auto* target = target_of(peer.hello.node);
  if (target == nullptr) {
    declare_down(peer.hello.node, peer, "link lost and no address to probe", now);
  } else if (!target->in_flight) {
    dial(*target, settings_.detector.probe_deadline.chrono());
  }
}

void Membership::dial(Target& target, std::chrono::nanoseconds deadline) {
  target.in_flight = true;
  effects_.dial(target.address, target.node, deadline);
}

void Membership::dialled(const Address& address,
                         DialOutcome outcome,
                         const std::string& node,
                         const std::string& text,
                         Times now) {
  const auto found = targets_.find(address.to_text());
  if (found == targets_.end()) {
    return;
  }
  auto& target = found->second;
  target.in_flight = false;
  const auto least_ns = settings_.link.retry_min.ns;
  switch (outcome) {
    case DialOutcome::SELF: target.self = true; return;
    case DialOutcome::LINKED:
      target.node = node;
      target.backoff_ns = 0;
      target.next_ns = now.mono_ns + least_ns; // in case that link does not come to anything
      target.last_failure.clear();
      return;
    case DialOutcome::REFUSED:
    case DialOutcome::FAILED: break;
  }
  if (target.seed && outcome == DialOutcome::REFUSED && text.starts_with("NAME_MISMATCH")) {
    target.node.clear(); // another node lives at this address now: whoever it is
  }
  target.backoff_ns =
    std::clamp(2 * target.backoff_ns, least_ns, std::max(least_ns, settings_.link.retry_max.ns));
  const double jitter = 0.8 + 0.4 * random_.uniform();
  target.next_ns =
    now.mono_ns + static_cast<std::int64_t>(static_cast<double>(target.backoff_ns) * jitter);
  if (text != target.last_failure) {
    target.last_failure = text;
    core::log::warn("node not reached", {{"address", address.to_text()}, {"reason", text}});
  }
  const auto peer = peers_.find(target.node);
  if (peer == peers_.end() || peer->second.linked || peer->second.state != MemberState::SUSPECT) {
    return;
  }
  if (++peer->second.failed_probes >= 2) {
    declare_down(peer->first, peer->second, "link lost and two probes failed", now);
  } else {
    probe(peer->second, now);
  }
}

void Membership::heard(const std::string& node,
                       std::uint64_t epoch,
                       std::uint64_t fingerprint,
                       std::optional<double> rtt_us,
                       Times now) {
  const auto found = peers_.find(node);
  if (found == peers_.end()) {
    return;
  }
  auto& peer = found->second;
  peer.detector.heard(now.mono_ns);
  if (rtt_us) {
    peer.rtt_us = *rtt_us;
  }
  epoch_seen_ = std::max(epoch_seen_, epoch);
  if (peer.state == MemberState::SUSPECT && peer.linked) {
    set_state(peer, MemberState::UP, now);
    publish({}, now);
  }
  if (fingerprint == fingerprint_ && epoch > epoch_) {
    epoch_ = epoch;
    effects_.changed({});
  }
}

void Membership::declare_down(const std::string& node, Peer& peer, const char* reason, Times now) {
  core::log::warn("member down", {{"node", node}, {"reason", reason}});
  if (peer.linked) {
    peer.linked = false;
    effects_.cut(node);
  }
  if (auto* target = target_of(node)) {
    target->next_ns = now.mono_ns + settings_.link.retry_min.ns;
  }
  set_state(peer, MemberState::DOWN, now);
  publish({node}, now);
}

void Membership::watch_peers(Times now) {
  for (auto& [node, peer] : peers_) {
    if (!peer.linked) {
      continue;
    }
    const auto phi = peer.detector.phi(now.mono_ns);
    if (phi > settings_.detector.phi_dead) {
      declare_down(node, peer, "silent", now);
    } else if (phi > settings_.detector.phi_suspect && peer.state == MemberState::UP) {
      set_state(peer, MemberState::SUSPECT, now);
      publish({}, now);
    }
  }
}

void Membership::forget(Times now) {
  const auto removed = std::erase_if(peers_, [&](const auto& item) {
    const auto& peer = item.second;
    return peer.state == MemberState::DOWN
           && now.mono_ns - peer.since_ns > settings_.detector.forget_after.ns;
  });
  if (removed > 0) {
    std::erase_if(targets_, [&](const auto& item) {
      const auto& target = item.second;
      return !target.seed && !target.in_flight && !target.self && !peers_.contains(target.node);
    });
    publish({}, now);
  }
}

void Membership::retry(Times now) {
  for (auto& [text, target] : targets_) {
    if (target.in_flight || target.self || now.mono_ns < target.next_ns) {
      continue;
    }
    const auto peer = peers_.find(target.node);
    if (peer != peers_.end() && peer->second.linked) {
      continue;
    }
    dial(target, settings_.link.handshake_deadline.chrono());
  }
}

void Membership::tick(Times now) {
  // A node that was stopped and continued must not take its own silence for that of all others.
  const auto gap_ns = now.mono_ns - last_tick_ns_;
  last_tick_ns_ = now.mono_ns;
  if (gap_ns > settings_.detector.ping_every.ns) {
    for (auto& [node, peer] : peers_) {
      peer.detector.excuse(gap_ns);
    }
  }
  watch_peers(now);
  if (now.mono_ns >= next_ping_ns_) {
    next_ping_ns_ = now.mono_ns + settings_.detector.ping_every.ns;
    for (const auto& [node, peer] : peers_) {
      if (peer.linked) {
        effects_.ping(node);
      }
    }
    forget(now);
  }
  retry(now);
}

void Membership::set_roles(std::vector<std::string> roles, Times now) {
  self_.roles = std::move(roles);
  std::sort(self_.roles.begin(), self_.roles.end());
  publish({}, now);
}

View Membership::view(Times now) const {
  View out;
  out.epoch = epoch_;
  Member own{self_, MemberState::UP, true, true, 0, 0, self_since_};
  out.members.push_back(std::move(own));
  for (const auto& [node, peer] : peers_) {
    out.members.push_back({peer.hello, peer.state, false, peer.linked,
                           peer.linked ? peer.detector.phi(now.mono_ns) : 0, peer.rtt_us,
                           peer.since});
  }
  std::sort(out.members.begin(), out.members.end(),
            [](const Member& a, const Member& b) { return a.hello.node < b.hello.node; });
  return out;
}

void Membership::publish(const std::vector<std::string>& down, Times now) {
  const auto fingerprint = view(now).fingerprint();
  if (fingerprint != fingerprint_) {
    fingerprint_ = fingerprint;
    epoch_ = std::max(epoch_, epoch_seen_) + 1;
    epoch_seen_ = epoch_;
  }
  effects_.changed(down);
}

} // namespace troupe::cluster
