#pragma once

#include "core/errc.hpp"
#include "supervision/actor.hpp"

#include <caf/message.hpp>
#include <caf/result.hpp>

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace troupe::supervision {

struct AskOptions {
  std::chrono::nanoseconds deadline = std::chrono::seconds{2};
  bool high_priority = false; ///< passes a full mailbox: cancels, risk
  bool use_breaker = true;    ///< false: never refused (cancels, order queries, reconciliation)
  /// An answer that takes as long counts as slow at the edge's breaker.
  std::chrono::nanoseconds slow = std::chrono::seconds{1};
};

/// A message that says what its answer is: `using Reply = ...`.
template <class T>
concept Request = requires {
  typename T::Reply;
};

using MessageReply = std::function<void(core::Result<caf::message>)>;

/// ask() without types: the request as a message of one element.
void ask_message(Actor* self,
                 Runtime& runtime,
                 std::string_view service,
                 std::string key,
                 caf::message request,
                 const AskOptions& options,
                 MessageReply done);

/// ask_path() without types.
void ask_path_message(Actor* self,
                      Runtime& runtime,
                      std::string path,
                      caf::message request,
                      const AskOptions& options,
                      MessageReply done);

/// The reply out of a message; INTERNAL that names what came instead.
template <class Reply>
[[nodiscard]] core::Result<Reply> reply_from(const caf::message& message) {
  if constexpr (std::is_void_v<Reply>) {
    return {};
  } else {
    if (message.size() == 1 && message.match_element<Reply>(0)) {
      return message.get_as<Reply>(0);
    }
    return core::Error{core::Errc::INTERNAL, "expected a reply of type "
                                               + std::string{core::type_name<Reply>()} + ", found ("
                                               + message_type_name(message.content()) + ")"};
  }
}

/// Asks the owner of `key` of a service, wherever it is, and calls `done` on the actor's own thread
/// exactly once, unless the actor ends before.
/// Errors: UNAVAILABLE (no live node carries the service), ACTOR_DOWN (its front is down or died
/// while the ask was pending), NODE_DOWN (its node was declared down), TIMEOUT, OVERLOADED (its
/// mailbox is full, or `asks_max` are pending here), CIRCUIT_OPEN (with retry_after_ms=N in the
/// text), and whatever the service answers. MOVED is retried once on the new owner. A reply that
/// comes late is ignored.
template <Request R>
void ask(Actor* self,
         Runtime& runtime,
         std::string_view service,
         std::string key,
         R request,
         const AskOptions& options,
         std::function<void(core::Result<typename R::Reply>)> done) {
  ask_message(self, runtime, service, std::move(key), caf::make_message(std::move(request)),
              options, [done = std::move(done)](core::Result<caf::message> reply) {
                if (reply) {
                  done(reply_from<typename R::Reply>(*reply));
                } else {
                  done(reply.error());
                }
              });
}

/// Asks an actor of this node by its path: a service its own children. As ask(), without a breaker.
/// Errors: ACTOR_DOWN (nobody carries the path, or who did ended or was replaced while the ask was
/// pending), TIMEOUT, OVERLOADED, and whatever is answered.
template <Request R>
void ask_path(Actor* self,
              Runtime& runtime,
              std::string path,
              R request,
              const AskOptions& options,
              std::function<void(core::Result<typename R::Reply>)> done) {
  ask_path_message(self, runtime, std::move(path), caf::make_message(std::move(request)), options,
                   [done = std::move(done)](core::Result<caf::message> reply) {
                     if (reply) {
                       done(reply_from<typename R::Reply>(*reply));
                     } else {
                       done(reply.error());
                     }
                   });
}

/// One-way, to the owner of `key` of a service, wherever it is. What cannot be sent becomes a dead
/// letter. @returns whether it was sent
bool tell(Runtime& runtime,
          std::string_view service,
          std::string key,
          caf::message message,
          const caf::actor& from = {});

/// The case of a behaviour that answers a request; checks at compile time that `function` (self,
/// request) answers `caf::result<Request::Reply>`.
template <Request R, class Self, class F>
[[nodiscard]] auto handle(Self* self, F function) {
  static_assert(
    std::is_same_v<std::invoke_result_t<F, Self*, const R&>, caf::result<typename R::Reply>>,
    "the handler of a request must answer caf::result<Request::Reply>");
  return [self, function](const R& request) -> caf::result<typename R::Reply> {
    return function(self, request);
  };
}

struct AskBridgeSettings {
  std::size_t actors = 4;
  std::size_t in_flight_max = 200; ///< per actor: CAF looks pending requests up by a list
};

/// Asks from threads that are no actors (an HTTP server). Any thread may call.
class AskBridge {
public:
  /// @param name  of the caller in paths and breaker edges, such as "api"
  AskBridge(Runtime& runtime, std::string name, AskBridgeSettings settings = {});
  AskBridge(const AskBridge&) = delete;
  AskBridge& operator=(const AskBridge&) = delete;
  ~AskBridge();

  /// As supervision::ask; `done` is called on a thread of the bridge (or on this one, at once, with
  /// OVERLOADED when all are full), and must only hand the result on. After the bridge's end: never
  /// called for what was pending.
  void ask(std::string_view service,
           std::string key,
           caf::message request,
           const AskOptions& options,
           MessageReply done);

  template <Request R>
  void ask(std::string_view service,
           std::string key,
           R request,
           const AskOptions& options,
           std::function<void(core::Result<typename R::Reply>)> done) {
    ask(service, std::move(key), caf::make_message(std::move(request)), options,
        MessageReply{[done = std::move(done)](core::Result<caf::message> reply) {
          if (reply) {
            done(reply_from<typename R::Reply>(*reply));
          } else {
            done(reply.error());
          }
        }});
  }

  [[nodiscard]] std::size_t in_flight() const;

private:
  struct Lane {
    caf::actor actor;
    std::shared_ptr<std::atomic<std::size_t>> in_flight;
  };
  Runtime& runtime_;
  AskBridgeSettings settings_;
  std::vector<Lane> lanes_;
  std::atomic<std::size_t> next_{0};
};

} // namespace troupe::supervision
