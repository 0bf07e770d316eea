#pragma once

#include "nodes/cluster/address.hpp"
#include "nodes/cluster/hello.hpp"
#include "nodes/cluster/settings.hpp"
#include "nodes/cluster/tls.hpp"

#include <caf/intrusive_ptr.hpp>
#include <caf/io/fwd.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace caf {
class actor_system;
}

namespace troupe::cluster {

/// A link that both ends agreed to, ready for BASP.
struct Established {
  Hello peer;
  bool dialled = false; ///< by this node
  caf::io::scribe_ptr scribe;
  std::shared_ptr<LinkCounters> counters;
};

/// How an attempt to link ended.
struct DialResult {
  enum class Kind : std::uint8_t {
    LINKED,
    ALREADY_LINKED, ///< to that node, by another connection that lives or is being made
    SELF,
    REFUSED, ///< by either side, for the reason in `text`
    FAILED,  ///< not reachable, no TLS, too late
  };
  Kind kind = Kind::FAILED;
  std::string node; ///< who answered there, where that was proven
  std::string text;
};

/// What happened at the listener and the dialler since the start. Read from any thread.
struct LinkStats {
  std::atomic<std::uint64_t> accepted = 0;          ///< connections
  std::atomic<std::uint64_t> turned_away = 0;       ///< over a limit, before TLS
  std::atomic<std::uint64_t> handshakes_failed = 0; ///< no TLS, no or a wrong certificate, late
  std::atomic<std::uint64_t> hellos_refused = 0;
  std::atomic<std::uint64_t> established = 0;
  std::atomic<std::uint32_t> pending = 0; ///< now
};

/// The node's listener and dialler: TCP, mutual TLS 1.3 and the hello exchange, each under a
/// deadline, on a thread of its own. Only what passed all three reaches CAF.
class Links {
public:
  using OnEstablished = std::function<void(Established)>;
  using OnDialled = std::function<void(const DialResult&)>;

  struct Options {
    LinkSettings settings;
    Address listen;
    std::shared_ptr<const TlsContext> tls;
    Hello self; ///< its `cluster` is filled in with the address that was bound, where it is empty
    OnEstablished established; ///< called on the links' thread
  };

  /// Binds and starts to listen.
  /// @returns IO_ERROR where the address cannot be bound
  [[nodiscard]] static core::Result<std::unique_ptr<Links>> start(caf::actor_system& system,
                                                                  Options options);
  ~Links();
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;

  /// Where it listens, the real port included.
  [[nodiscard]] const Address& listening() const;
  [[nodiscard]] const Hello& self() const;
  [[nodiscard]] const LinkStats& stats() const;

  /// Tries once. Any thread; `done` is called on the links' thread, never after the destructor.
  /// @param expected  the node that must answer there, empty for whoever it is
  void dial(const Address& address,
            const std::string& expected,
            std::chrono::nanoseconds deadline,
            OnDialled done);

  /// Ends the link to a node, as a cut cable would. Any thread.
  void cut(const std::string& node);

private:
  struct State;
  explicit Links(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

} // namespace troupe::cluster
