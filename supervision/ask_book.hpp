#pragma once

#include "supervision/ask.hpp"
#include "supervision/messages.hpp"

#include <caf/actor_addr.hpp>
#include <caf/message_id.hpp>

#include <cstdint>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace troupe::supervision {

/// Wakes an actor to look at the deadlines of its asks.
struct AskTick {};

/// The pending asks of one actor. Not CAF's own request(): that looks replies up in a list, keeps a
/// timer per request until its deadline whatever happens, and knows nothing of dead nodes.
class AskBook {
public:
  static constexpr std::size_t asks_max = 100'000;
  static constexpr std::chrono::milliseconds tick{50}; ///< longest time a dead epoch goes unseen

  explicit AskBook(Actor* self) : self_(self) {}
  AskBook(const AskBook&) = delete;
  AskBook& operator=(const AskBook&) = delete;
  ~AskBook();

  void start(Runtime& runtime,
             std::string_view service,
             std::string key,
             caf::message request,
             const AskOptions& options,
             MessageReply done);
  /// To an actor of this node by its path, without a breaker.
  void start_local(Runtime& runtime,
                   std::string path,
                   caf::message request,
                   const AskOptions& options,
                   MessageReply done);

  // ---- called by Actor::dispatch; true where the message was the book's
  bool on_response(caf::mailbox_element& element);
  bool on_down(const caf::actor_addr& source);
  void on_view(const ViewChanged& view);
  void on_front_down(const FrontDown& down);
  void on_tick();
  [[nodiscard]] bool watches_view() const { return runtime_ != nullptr; }
  [[nodiscard]] std::size_t pending() const { return pending_.size(); }

private:
  struct Pending {
    Runtime* runtime = nullptr;
    std::string service; ///< empty for an ask by path
    std::string key;
    std::string path; ///< of who is asked, where it is of this node
    caf::message request;
    AskOptions options;
    MessageReply done;
    std::shared_ptr<Breaker> breaker;
    std::chrono::nanoseconds started{0};
    std::chrono::nanoseconds deadline{0};
    caf::actor_addr target;
    std::string node;
    bool local = false;
    std::uint64_t epoch = 0; ///< of who is asked, where it is of this node
    bool moved = false;      ///< was sent to a second owner already
  };
  using Id = std::uint64_t;

  [[nodiscard]] std::chrono::nanoseconds now() const;
  /// Who is to be asked, and how; an error where nobody is there.
  core::Result<void> reach(Pending& ask, caf::actor& target, caf::message& message);
  /// Whether the edge's breaker lets the ask out.
  core::Result<void> pass_breaker(Pending& ask);
  void send(Pending ask);
  void send_to(const caf::actor& target, caf::message message, Pending ask);
  void finish(Id id, core::Result<caf::message> outcome);
  void complete(Pending ask, core::Result<caf::message> outcome);
  void retry_moved(Id id);
  void arm(std::chrono::nanoseconds at);
  template <class Predicate>
  void fail_where(Predicate predicate, core::Errc code, const std::string& text);

  Actor* self_;
  std::unordered_map<Id, Pending> pending_;
  std::set<std::pair<std::chrono::nanoseconds, Id>> deadlines_;
  std::unordered_set<caf::actor_addr> monitored_;
  std::chrono::nanoseconds armed_{0}; ///< when the next tick comes; 0 for none
  Runtime* runtime_ = nullptr;        ///< whose view is watched
};

} // namespace troupe::supervision

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::supervision::AskTick)
