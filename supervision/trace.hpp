#pragma once

#include "core/clock.hpp"
#include "core/describe.hpp"
#include "core/errc.hpp"
#include "core/time.hpp"

#include <caf/mailbox_element.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe::supervision {

class ActorRecord;

enum class TraceKind : std::uint8_t {
  ENTERED, ///< the traced actor's mailbox
  HANDLED, ///< by the traced actor
  CRASHED, ///< its handler threw
  SENT,    ///< by the traced actor, to another one of this process or to another node's service
  REFUSED, ///< its mailbox was full or closed
};
BOOST_DESCRIBE_ENUM(TraceKind, ENTERED, HANDLED, CRASHED, SENT, REFUSED)

/// What happened to one message.
struct TraceEvent {
  std::uint64_t seq = 0;
  core::Timestamp at;
  TraceKind kind = TraceKind::ENTERED;
  std::string actor; ///< the traced one
  std::string peer;  ///< ENTERED: who sent it, where that is known; SENT: to whom
  std::string type;
  /// Of the message that entered first: what is sent while it is handled carries the same id, and
  /// so on through every traced actor, over nodes too (with the requests of asks). Unique in the
  /// cluster: its upper half says where it was given, see TraceBook::origin_of().
  std::uint64_t causal_id = 0;
  std::uint64_t request_id = 0; ///< pairs requests with their responses; 0: one-way
  double waited_us = 0.0;       ///< in the mailbox; HANDLED and CRASHED only
  double took_us = 0.0;         ///< in the handler; HANDLED and CRASHED only
  std::string text;             ///< the message, cut; only where contents were asked for
};
BOOST_DESCRIBE_STRUCT(
  TraceEvent,
  (),
  (seq, at, kind, actor, peer, type, causal_id, request_id, waited_us, took_us, text))

/// What to follow. Exactly one of `path`, `match` and `from_nodes` is set.
struct TraceRequest {
  std::string path{};  ///< of an actor; a restarted one is followed too
  std::string match{}; ///< any message of any actor whose text holds this: an order id, a symbol
  /// What traced actors of these nodes caused here, at any actor.
  std::vector<std::string> from_nodes{};
  std::size_t events_max = 100;
  std::chrono::nanoseconds duration = std::chrono::seconds{5};
  bool with_text = false; ///< keep what the messages say
};

/// One trace under way; ends at its count or its time, whichever comes first. Any thread may call.
class Trace {
public:
  Trace(TraceRequest request, std::int64_t now_ns)
    : request_(std::move(request)), until_ns_(now_ns + request_.duration.count()) {}

  [[nodiscard]] const TraceRequest& request() const { return request_; }
  [[nodiscard]] bool finished(std::int64_t now_ns) const;
  [[nodiscard]] std::vector<TraceEvent> events() const;
  /// Messages that `match` could not be looked for in: too many a second.
  [[nodiscard]] std::uint64_t skipped() const { return skipped_.load(); }
  [[nodiscard]] bool follows(std::string_view path) const {
    return request_.path.empty() || request_.path == path;
  }

private:
  friend class TraceBook;
  [[nodiscard]] bool wants_cause(std::uint64_t causal_id) const;
  void add(const TraceEvent& event, const std::string& text);
  TraceRequest request_;
  std::int64_t until_ns_;
  std::atomic<std::uint64_t> skipped_{0};
  mutable std::mutex mutex_;
  std::vector<TraceEvent> events_;
};

/// The traces of a node. While none is under way it costs an actor one relaxed load per message.
class TraceBook {
public:
  static constexpr std::size_t traces_max = 8;
  static constexpr std::size_t from_nodes_max = 64;
  static constexpr std::size_t events_most = 10'000; ///< of one trace
  static constexpr std::chrono::seconds duration_most{60};
  static constexpr std::size_t waiting_max = 100'000; ///< messages whose causal id is remembered
  static constexpr unsigned rendered_per_second = 5'000;
  static constexpr std::size_t text_max = 200;

  /// @returns INVALID_ARGUMENT for bounds out of range; OVERLOADED where traces_max are under way
  [[nodiscard]] core::Result<std::shared_ptr<Trace>>
  start(TraceRequest request, const std::vector<std::shared_ptr<ActorRecord>>& actors);
  void end(const std::shared_ptr<Trace>& trace,
           const std::vector<std::shared_ptr<ActorRecord>>& actors);

  /// What the message is caused by that this thread handles, where that is traced; else 0. Travels
  /// with what is asked of other nodes.
  [[nodiscard]] static std::uint64_t causal_id() noexcept;
  /// What comes from another node: messages that enter mailboxes from this thread have its cause.
  class Inherited {
  public:
    explicit Inherited(std::uint64_t causal_id) noexcept;
    Inherited(const Inherited&) = delete;
    Inherited& operator=(const Inherited&) = delete;
    ~Inherited();

  private:
    std::uint64_t outer_;
  };
  /// The upper half of causal ids that are given on a node: 20 bits of its name's hash, never 0, so
  /// that an id is exact in a JSON number too.
  [[nodiscard]] static std::uint64_t origin_of(std::string_view node) noexcept;
  void set_node(std::string_view node) { origin_ = origin_of(node); }

  // ---- for Actor and ActorTable
  [[nodiscard]] bool follows(std::string_view path) const;
  void set_clock(const core::Clock* clock) { clock_ = clock; }
  /// @param from  whose handler sends it; null for no actor of this process
  void on_enter(ActorRecord& to,
                const ActorRecord* from,
                const caf::mailbox_element& element,
                bool refused);
  /// A request to another node's service. @param to  "node/service"
  void on_sent_away(const ActorRecord& from,
                    std::string to,
                    const caf::type_erased_tuple& request,
                    std::uint64_t request_id);
  /// A message that is being handled: its content may be gone when the handler returns.
  struct Step {
    TraceEvent event;
    const void* element = nullptr;
    std::int64_t entered_ns = 0;
    std::optional<std::string> text; ///< where somebody wants it and it could be rendered
  };
  /// What the actor sends from now on carries the message's causal id, until end_step().
  [[nodiscard]] Step begin_step(const ActorRecord& actor, const caf::mailbox_element& element);
  void end_step(Step step, std::int64_t took_ns, bool crashed);
  /// The actor left the message in its mailbox for later.
  void skip_step(const Step& step);

private:
  struct Waiting {
    std::uint64_t causal_id = 0;
    std::int64_t since_ns = 0;
  };
  [[nodiscard]] std::optional<std::string> render(std::string_view actor,
                                                  const caf::type_erased_tuple& content);
  void add(TraceEvent event, const std::optional<std::string>& text);

  const core::Clock* clock_ = nullptr;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Trace>> traces_;
  std::unordered_map<const void*, Waiting> waiting_;
  [[nodiscard]] std::uint64_t next_causal_id();
  std::uint64_t origin_ = 0;
  std::uint32_t last_causal_number_ = 0;
  std::uint64_t last_seq_ = 0;
  std::int64_t render_second_ = 0;
  unsigned rendered_ = 0;
};

} // namespace troupe::supervision
