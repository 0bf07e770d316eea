#pragma once

#include "supervision/actor_table.hpp"
#include "supervision/runtime.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::supervision {

class AskBook;
class ConflationQueue;

constexpr std::size_t default_mailbox_cap = 100'000;

/// What an actor is told about itself at its start.
struct Identity {
  std::shared_ptr<Runtime> runtime{}; ///< empty for an actor outside any runtime
  std::string path{};
  std::uint64_t epoch = 1;
  std::size_t mailbox_cap = default_mailbox_cap;
  bool detached = false;
  std::chrono::nanoseconds health_deadline = std::chrono::seconds{2};
  caf::actor_addr supervisor{}; ///< of a supervised child
  std::uint64_t restarts = 0;
};

/// Gives the next Actor that this thread constructs its identity.
class SpawnScope {
public:
  explicit SpawnScope(Identity identity);
  SpawnScope(const SpawnScope&) = delete;
  SpawnScope& operator=(const SpawnScope&) = delete;
  ~SpawnScope();

private:
  Identity identity_;
  Identity* outer_;
};

/// The base of every actor of ours: CAF's event-based actor with a bounded mailbox, counters that
/// any thread can read (ActorTable), and nothing lost without a trace (DeadLetters).
///
/// Mailbox: when `mailbox_cap` messages wait, a request is answered OVERLOADED at once and a
/// one-way message becomes a dead letter ("mailbox full"). High-priority messages, those of order
/// class (message_class.hpp), exit, down and responses always pass.
///
/// Turns: an actor gives its thread back after about a millisecond, so that those with slow
/// handlers and full mailboxes do not keep others, and what is urgent, waiting.
///
/// End: what is still queued never vanishes. Requests are answered ACTOR_DOWN at once (the asker
/// knows, so they must not run later); one-way messages pass to the replacement that the supervisor
/// starts, or become dead letters. What an actor sent itself (its timers) ends with it.
///
/// An actor that is spawned by an Actor (self->spawn) without a supervisor appears under its
/// parent's path as "~name#id".
class Actor : public caf::event_based_actor {
public:
  using super = caf::event_based_actor;
  explicit Actor(caf::actor_config& config);
  ~Actor() override;

  [[nodiscard]] const std::string& path() const { return record_->path; }
  [[nodiscard]] const std::string& service() const { return record_->service; }
  [[nodiscard]] std::uint64_t epoch() const { return record_->epoch; }
  /// @pre spawned by a StartContext, or by an actor that was
  [[nodiscard]] Runtime& runtime() const { return *runtime_; }
  [[nodiscard]] bool has_runtime() const { return runtime_ != nullptr; }
  [[nodiscard]] const std::shared_ptr<ActorRecord>& record() const { return record_; }

  using caf::abstract_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* context) override;
  using caf::scheduled_actor::consume;
  caf::invoke_message_result consume(caf::mailbox_element& element) override;
  resume_result resume(caf::execution_unit* context, std::size_t max_throughput) override;
  bool cleanup(caf::error&& reason, caf::execution_unit* host) override;

  /// Delivers an event of which only the newest per slot matters: it replaces one of the same slot
  /// that was not handled yet. Any thread may call. The behaviour gets the plain event.
  void offer(std::string_view slot, const caf::message& event);
  /// Past the mailbox's cap. Any thread may call.
  void admit(caf::mailbox_element_ptr element);
  /// This message crashed the actor's predecessor: a second crash parks it.
  void admit_retry(caf::strong_actor_ptr sender, caf::message content);

  /// Pending asks of this actor; see ask.hpp.
  [[nodiscard]] AskBook& asks();

private:
  caf::invoke_message_result dispatch(caf::mailbox_element& element);
  [[nodiscard]] bool is_full_for(const caf::mailbox_element& element) const;
  void refuse(caf::mailbox_element& element);
  void trace_entry(const caf::mailbox_element& element, bool traced, bool refused);
  void end_handler(MessageType type,
                   std::optional<TraceBook::Step>& step,
                   caf::invoke_message_result result,
                   bool crashed);
  void drain_conflated();
  void keep_crashed(caf::mailbox_element& element);
  void drain_mailbox(ActorRecord::Legacy& legacy);
  void dispose(ActorRecord::Legacy legacy);
  void add_dead_letter(const caf::strong_actor_ptr& sender,
                       std::string_view reason,
                       const caf::message& content);

  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<ActorRecord> record_;
  std::unique_ptr<ConflationQueue> conflated_;
  std::unique_ptr<AskBook> asks_;
  std::optional<CrashedMessage> crashed_;
  std::atomic<const caf::mailbox_element*> retry_{nullptr};
  std::int64_t clock_ns_ = 0;   ///< end of the previous handler in this turn
  std::int64_t handler_ns_ = 0; ///< what a handler takes, a moving average
};

/// An Actor with state: `behavior(StatefulActor<State>* self, ...)`.
template <class State>
using StatefulActor = caf::stateful_actor<State, Actor>;

/// The instrumented actor behind a handle; nullptr where it lives elsewhere or is of another kind.
[[nodiscard]] Actor* as_actor(const caf::actor& handle);
[[nodiscard]] Actor* as_actor(const caf::strong_actor_ptr& handle);

/// Path of the actor behind a handle, or CAF's name and id of it; empty for none.
[[nodiscard]] std::string path_of(const caf::strong_actor_ptr& handle);

} // namespace troupe::supervision
