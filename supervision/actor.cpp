#include "supervision/actor.hpp"

#include "core/errc.hpp"
#include "core/log.hpp"
#include "supervision/after_handler.hpp"
#include "supervision/ask_book.hpp"
#include "supervision/conflation_queue.hpp"
#include "supervision/message_class.hpp"
#include "supervision/messages.hpp"
#include "supervision/running_actor.hpp"

#include <boost/core/demangle.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>

#include <algorithm>
#include <exception>
#include <typeinfo>

namespace troupe::supervision {

using running_actor::running;

namespace {

thread_local Identity* next_identity = nullptr;

constexpr int conflated_per_turn = 64;

/// What an actor may take of a scheduler's thread before others have their turn: a slow handler
/// handles fewer messages in a turn than CAF's count of them allows.
constexpr std::int64_t turn_ns = 1'000'000;

std::string first_part(std::string_view path) {
  return std::string{path.substr(0, path.find('/'))};
}

/// The identity that was prepared for this actor, or one below its parent's.
Identity identity_for(const caf::actor_config& config, std::uint64_t caf_id) {
  if (next_identity != nullptr) {
    return *std::exchange(next_identity, nullptr);
  }
  Identity identity;
  if (const auto* parent = dynamic_cast<const Actor*>(config.parent)) {
    if (parent->has_runtime()) {
      identity.runtime =
        std::shared_ptr<Runtime>(parent->runtime().keep_alive.lock(), &parent->runtime());
    }
    identity.path = parent->path() + "/~" + std::to_string(caf_id);
    identity.health_deadline = std::chrono::nanoseconds{0};
  } else {
    identity.path = "~" + std::to_string(caf_id);
  }
  return identity;
}

template <class T>
bool is_a(const caf::type_erased_tuple& content) {
  return content.size() == 1 && message_type_of(content) == message_type<T>();
}

/// Messages of CAF's and of this layer's own, which must never be refused or handed on.
bool is_system(const caf::type_erased_tuple& content) {
  return is_a<caf::exit_msg>(content) || is_a<caf::down_msg>(content)
         || is_a<caf::timeout_msg>(content) || is_a<AskTick>(content)
         || is_a<ConflatedWakeUp>(content);
}

std::string text_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return boost::core::demangle(typeid(e).name()) + ": " + e.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

void answer(caf::mailbox_element& element, caf::error error) {
  if (element.sender && element.mid.is_request() && !element.mid.is_answered()) {
    const auto id = element.mid.response_id();
    element.mid.mark_as_answered();
    element.sender->enqueue(nullptr, id, caf::make_message(std::move(error)), nullptr);
  }
}

} // namespace

SpawnScope::SpawnScope(Identity identity)
  : identity_(std::move(identity)), outer_(std::exchange(next_identity, &identity_)) {}

SpawnScope::~SpawnScope() {
  next_identity = outer_;
}

Actor::Actor(caf::actor_config& config)
  : super(config), record_(std::make_shared<ActorRecord>()),
    conflated_(std::make_unique<ConflationQueue>()) {
  auto identity = identity_for(config, id());
  runtime_ = std::move(identity.runtime);
  auto& r = *record_;
  r.path = std::move(identity.path);
  r.service = first_part(r.path);
  r.parent = r.path.substr(0, std::min(r.path.rfind('/'), r.path.size()));
  if (r.parent == r.path) {
    r.parent.clear();
  }
  r.epoch = identity.epoch;
  r.mailbox_cap = identity.mailbox_cap;
  r.detached = identity.detached;
  r.health_deadline = identity.health_deadline;
  r.supervised = static_cast<bool>(identity.supervisor);
  r.supervisor = identity.supervisor;
  r.restarts = identity.restarts;
  if (runtime_) {
    r.id = runtime_->actors.next_id();
    r.started = runtime_->clock.now();
    runtime_->actors.add(record_);
  }
  set_exception_handler([this](caf::scheduled_actor*, std::exception_ptr& error) -> caf::error {
    auto text = text_of(error);
    record_->set_error(text);
    core::log::error(
      "actor crashed",
      {{"path", path()}, {"message", message_type_name(record_->last.load())}, {"error", text}});
    return core::to_caf(core::Errc::INTERNAL, path() + ": " + text);
  });
  set_default_handler(
    [this](caf::scheduled_actor*, caf::message_view& view) -> caf::result<caf::message> {
      const auto content = view.copy_content_to_message();
      if (asks_ && asks_->watches_view() && is_a<ViewChanged>(content.content())) {
        return caf::message{};
      }
      add_dead_letter(current_sender(), "unhandled", content);
      return core::to_caf(core::Errc::INTERNAL,
                          path() + " does not handle " + message_type_name(content.content()));
    });
  set_down_handler([](caf::scheduled_actor*, caf::down_msg&) {});
}

Actor::~Actor() = default;

AskBook& Actor::asks() {
  if (!asks_) {
    asks_ = std::make_unique<AskBook>(this);
  }
  return *asks_;
}

void Actor::add_dead_letter(const caf::strong_actor_ptr& from,
                            std::string_view reason,
                            const caf::message& content) {
  if (runtime_) {
    runtime_->dead_letters.add(path_of(from), path(), reason, content);
  }
}

// ---- the mailbox's entry: any thread ---------------------------------------------------------

bool Actor::is_full_for(const caf::mailbox_element& element) const {
  return record_->is_full() && !element.is_high_priority() && !element.mid.is_response()
         && !is_system(element.content())
         && message_class(message_type_of(element.content())) != MessageClass::ORDER;
}

void Actor::refuse(caf::mailbox_element& element) {
  auto& r = *record_;
  r.rejected.fetch_add(1, std::memory_order_relaxed);
  if (element.mid.is_request()) {
    answer(element,
           core::to_caf(core::Errc::OVERLOADED,
                        path() + " has " + std::to_string(r.mailbox_cap) + " messages waiting"));
  } else {
    add_dead_letter(element.sender, "mailbox full", element.copy_content_to_message());
  }
}

void Actor::enqueue(caf::mailbox_element_ptr element, caf::execution_unit* context) {
  if (running != nullptr) {
    running->sent.store(running->sent.load(std::memory_order_relaxed) + 1,
                        std::memory_order_relaxed);
  }
  const bool traced = record_->traced.load(std::memory_order_relaxed)
                      || (running != nullptr && running->traced.load(std::memory_order_relaxed));
  if (mailbox().closed()) {
    trace_entry(*element, traced, true);
    if (!element->mid.is_request() && !element->mid.is_response()
        && !is_system(element->content())) {
      add_dead_letter(element->sender, "down", element->copy_content_to_message());
    }
    super::enqueue(std::move(element), context); // bounces requests
    return;
  }
  const bool full = is_full_for(*element);
  trace_entry(*element, traced, full);
  if (full) {
    refuse(*element);
    return;
  }
  record_->on_enter(message_type_of(element->content()));
  super::enqueue(std::move(element), context);
}

void Actor::trace_entry(const caf::mailbox_element& element, bool traced, bool refused) {
  if (traced && runtime_) {
    runtime_->actors.traces().on_enter(*record_, running, element, refused);
  }
}

void Actor::admit(caf::mailbox_element_ptr element) {
  trace_entry(*element, record_->traced.load(std::memory_order_relaxed), false);
  record_->on_enter(message_type_of(element->content()));
  super::enqueue(std::move(element), nullptr);
}

void Actor::admit_retry(caf::strong_actor_ptr from, caf::message content) {
  auto element = caf::make_mailbox_element(
    std::move(from), caf::make_message_id(caf::message_priority::high), {}, std::move(content));
  retry_.store(element.get());
  admit(std::move(element));
}

void Actor::offer(std::string_view slot, const caf::message& event) {
  const auto put = conflated_->put(slot, event);
  if (put == ConflationQueue::Put::REPLACED) {
    record_->conflated.fetch_add(1, std::memory_order_relaxed);
  } else if (put == ConflationQueue::Put::WAKE) {
    admit(caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, ConflatedWakeUp{}));
  }
}

// ---- the mailbox's other end: the actor's thread -----------------------------------------------

caf::resumable::resume_result Actor::resume(caf::execution_unit* context,
                                            std::size_t max_throughput) {
  auto* const outer = std::exchange(running, record_.get());
  clock_ns_ = core::monotonic_ns();
  const auto in_a_turn = static_cast<std::size_t>(turn_ns / std::max(handler_ns_, std::int64_t{1}));
  // The actor may be gone when CAF's resume returns: nothing of it is touched after.
  const auto result = super::resume(context, std::clamp(in_a_turn, std::size_t{1}, max_throughput));
  running = outer;
  return result;
}

caf::invoke_message_result Actor::consume(caf::mailbox_element& element) {
  const AfterHandler span;
  auto& r = *record_;
  const auto type = message_type_of(element.content());
  std::optional<TraceBook::Step> step;
  if (r.traced.load(std::memory_order_relaxed)) {
    step = runtime_->actors.traces().begin_step(r, element);
  }
  r.on_begin(type, clock_ns_);
  try {
    const auto result = dispatch(element);
    end_handler(type, step, result, false);
    if (result != caf::invoke_message_result::skipped) {
      r.on_leave(type);
      if (retry_.load(std::memory_order_relaxed) == &element) {
        retry_.store(nullptr, std::memory_order_relaxed); // its address may be used again
      }
    }
    return result;
  } catch (...) {
    end_handler(type, step, caf::invoke_message_result::consumed, true);
    r.on_leave(type);
    keep_crashed(element);
    throw;
  }
}

void Actor::end_handler(MessageType type,
                        std::optional<TraceBook::Step>& step,
                        caf::invoke_message_result result,
                        bool crashed) {
  const auto began_ns = clock_ns_;
  clock_ns_ = core::monotonic_ns();
  const auto took_ns = clock_ns_ - began_ns;
  handler_ns_ = handler_ns_ == 0 ? took_ns : handler_ns_ + (took_ns - handler_ns_) / 8;
  record_->on_end(type, clock_ns_);
  if (!step) {
    return;
  }
  auto& traces = runtime_->actors.traces();
  if (result == caf::invoke_message_result::skipped) {
    traces.skip_step(*step);
  } else {
    traces.end_step(std::move(*step), took_ns, crashed);
  }
}

caf::invoke_message_result Actor::dispatch(caf::mailbox_element& element) {
  const auto& content = element.content();
  current_element_ = &element;
  if (asks_) {
    if (element.mid.is_response()) {
      if (asks_->on_response(element)) {
        return caf::invoke_message_result::consumed;
      }
    } else if (is_a<AskTick>(content)) {
      asks_->on_tick();
      return caf::invoke_message_result::consumed;
    } else if (is_a<caf::down_msg>(content)) {
      if (asks_->on_down(content.get_as<caf::down_msg>(0).source)) {
        return caf::invoke_message_result::consumed;
      }
    } else if (is_a<ViewChanged>(content)) {
      asks_->on_view(content.get_as<ViewChanged>(0));
    }
  }
  if (is_a<FrontDown>(content)) {
    if (asks_) {
      asks_->on_front_down(content.get_as<FrontDown>(0));
    }
    return caf::invoke_message_result::consumed;
  }
  if (is_a<ConflatedWakeUp>(content)) {
    drain_conflated();
    return caf::invoke_message_result::consumed;
  }
  return super::consume(element);
}

void Actor::drain_conflated() {
  caf::message event;
  for (int i = 0; i < conflated_per_turn; ++i) {
    if (bhvr_stack_.empty() || !conflated_->take(event)) {
      return;
    }
    const auto element =
      caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, std::move(event));
    auto& r = *record_;
    r.current.store(message_type_of(element->content()), std::memory_order_release);
    r.last.store(message_type_of(element->content()), std::memory_order_relaxed);
    r.messages.on_enter(message_type_of(element->content())); // for its type to be seen at all
    r.messages.on_leave(message_type_of(element->content()));
    std::optional<TraceBook::Step> step;
    std::int64_t began_ns = 0;
    if (r.traced.load(std::memory_order_relaxed)) {
      step = runtime_->actors.traces().begin_step(r, *element);
      began_ns = core::monotonic_ns();
    }
    const auto result = super::consume(*element);
    if (step) {
      runtime_->actors.traces().end_step(std::move(*step), core::monotonic_ns() - began_ns, false);
    }
    if (result == caf::invoke_message_result::skipped) {
      admit(caf::make_mailbox_element(nullptr, caf::make_message_id(), {},
                                      element->move_content_to_message()));
    }
    bhvr_stack_.cleanup();
  }
  // Others wait too: the rest comes in another turn.
  admit(caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, ConflatedWakeUp{}));
}

// ---- the end -----------------------------------------------------------------------------------

void Actor::keep_crashed(caf::mailbox_element& element) {
  const auto& content = element.content();
  if (element.mid.is_response() || is_system(content)) {
    return;
  }
  CrashedMessage crashed;
  crashed.type = message_type_of(content);
  crashed.sender = element.sender;
  crashed.was_retry = &element == retry_.load();
  if (element.mid.is_request() || element.sender == ctrl()) {
    // The asker gets the error as its answer, so the request must not run again. What an actor
    // sends itself (its timers) belongs to its own life.
    add_dead_letter(element.sender, "crashed", element.copy_content_to_message());
  } else {
    crashed.content = element.copy_content_to_message();
  }
  crashed_ = std::move(crashed);
}

void Actor::drain_mailbox(ActorRecord::Legacy& legacy) {
  mailbox_.close();
  const auto down = core::to_caf(core::Errc::ACTOR_DOWN, path() + " ended before it came to this");
  const auto take = [&](auto& queue) {
    while (auto element = queue.take_front()) {
      record_->on_leave(message_type_of(element->content()));
      if (element->mid.is_request()) {
        answer(*element, down);
      } else if (!element->mid.is_response() && element->sender != ctrl()
                 && !is_system(element->content())) {
        legacy.queued.push_back(std::move(element));
      }
    }
  };
  take(get_urgent_queue());
  take(get_normal_queue());
}

void Actor::dispose(ActorRecord::Legacy legacy) {
  if (!runtime_) {
    return;
  }
  if (legacy.crashed && !legacy.crashed->content.empty()) {
    add_dead_letter(legacy.crashed->sender, "crashed", legacy.crashed->content);
  }
  // A zombie that came back passes on what waited for it: its replacement runs already.
  const bool zombie = record_->state.load() == ActorState::ZOMBIE;
  const auto heir = zombie ? runtime_->registry.find(path()).actor : caf::actor{};
  for (auto& element : legacy.queued) {
    if (heir) {
      heir->enqueue(std::move(element), nullptr);
    } else {
      add_dead_letter(element->sender, "stopped", element->move_content_to_message());
    }
  }
}

bool Actor::cleanup(caf::error&& reason, caf::execution_unit* host) {
  if (mailbox_.closed()) {
    return super::cleanup(std::move(reason), host);
  }
  ActorRecord::Legacy legacy;
  legacy.crashed = std::move(crashed_);
  drain_mailbox(legacy);
  auto expected = ActorState::RUNNING;
  const bool zombie = !record_->state.compare_exchange_strong(expected, ActorState::STOPPED);
  std::optional<ActorRecord::Legacy> unclaimed;
  if (record_->supervised && !zombie) {
    unclaimed = record_->leave(std::move(legacy));
  } else {
    unclaimed = std::move(legacy);
  }
  if (unclaimed) {
    dispose(std::move(*unclaimed));
    if (runtime_) {
      runtime_->actors.remove(*record_);
    }
  }
  if (zombie && runtime_) {
    runtime_->actors.zombie_ended(*record_);
  }
  asks_.reset();
  return super::cleanup(std::move(reason), host);
}

} // namespace troupe::supervision
