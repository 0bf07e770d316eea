#pragma once

#include "core/random.hpp"
#include "nodes/cluster/address.hpp"
#include "nodes/cluster/phi.hpp"
#include "nodes/cluster/view.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::cluster {

/// Who belongs to the cluster, as a state machine without actors, sockets or clocks: events go in
/// with the time they happened, what to do about them comes out through Effects.
///
/// A member is JOINING from its hello to its first message, UP while it answers, SUSPECT while
/// phi > phi_suspect or its link is gone, DOWN at phi > phi_dead or after a lost link and two
/// failed probes. The epoch counts changes of what placement depends on: greater than any epoch
/// seen when this node makes a change, and the greatest one among nodes that see the same.
class Membership {
public:
  /// What the state machine wants done. Called from within its member functions.
  class Effects {
  public:
    virtual ~Effects() = default;
    virtual void dial(const Address& address,
                      const std::string& expected,
                      std::chrono::nanoseconds deadline) = 0;
    virtual void cut(const std::string& node) = 0;
    virtual void ping(const std::string& node) = 0;
    /// The set of members, a state, a link or the epoch changed.
    /// @param down  declared down with this change
    virtual void changed(const std::vector<std::string>& down) = 0;
  };

  enum class DialOutcome : std::uint8_t { LINKED, SELF, REFUSED, FAILED };

  struct Times {
    std::int64_t mono_ns = 0; ///< monotonic: intervals
    core::Timestamp utc;      ///< shown as `since`
  };

  /// @param seed  of the jitter of retries
  Membership(const Settings& settings, Hello self, std::uint64_t seed, Effects& effects, Times now);

  void add_seed(const Address& address);
  /// Another node told of a member: links to it unless it is known.
  void heard_of(const std::string& node, const Address& address, Times now);

  void link_up(const Hello& peer, Times now); ///< the hello is done
  void joined(const Hello& peer, Times now);  ///< its gateway has spoken; roles may be new
  void link_down(const std::string& node, Times now);
  void dialled(const Address& address,
               DialOutcome outcome,
               const std::string& node,
               const std::string& text,
               Times now);
  /// A sign of life with the peer's epoch and view. @param rtt_us  where it answers a ping
  void heard(const std::string& node,
             std::uint64_t epoch,
             std::uint64_t fingerprint,
             std::optional<double> rtt_us,
             Times now);
  /// To be called every few milliseconds: pings, suspicions, retries.
  void tick(Times now);

  /// This node carries other roles from now on (a drain).
  void set_roles(std::vector<std::string> roles, Times now);

  [[nodiscard]] View view(Times now) const;
  [[nodiscard]] const Hello& self() const { return self_; }
  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
  [[nodiscard]] std::uint64_t fingerprint() const { return fingerprint_; }

private:
  struct Peer {
    Hello hello;
    MemberState state = MemberState::JOINING;
    bool linked = false;
    bool ever_up = false;
    core::Timestamp since;
    std::int64_t since_ns = 0;
    double rtt_us = 0;
    unsigned failed_probes = 0;
    PhiDetector detector;
  };
  struct Target {
    Address address;
    std::string node; ///< who answered or must answer; empty: not known
    bool seed = false;
    bool in_flight = false;
    bool self = false;
    std::int64_t next_ns = 0;
    std::int64_t backoff_ns = 0;
    std::string last_failure;
  };

  void set_state(Peer& peer, MemberState state, Times now);
  void declare_down(const std::string& node, Peer& peer, const char* reason, Times now);
  void probe(Peer& peer, Times now);
  void dial(Target& target, std::chrono::nanoseconds deadline);
  void watch_peers(Times now);
  void forget(Times now);
  void retry(Times now);
  /// Tells of the change; a new epoch where placement is touched.
  void publish(const std::vector<std::string>& down, Times now);
  [[nodiscard]] Target* target_of(const std::string& node);
  Target& target_at(const Address& address);

  Settings settings_;
  Hello self_;
  core::Random random_;
  Effects& effects_;
  core::Timestamp self_since_;
  std::uint64_t epoch_ = 1;
  std::uint64_t epoch_seen_ = 1;
  std::uint64_t fingerprint_ = 0;
  std::int64_t last_tick_ns_;
  std::int64_t next_ping_ns_ = 0;
  std::map<std::string, Peer> peers_;
  std::map<std::string, Target> targets_; ///< by address
};

} // namespace troupe::cluster
