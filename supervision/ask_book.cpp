#include "supervision/ask_book.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <algorithm>

namespace troupe::supervision {

std::chrono::nanoseconds AskBook::now() const {
  return self_->clock().now().time_since_epoch();
}

AskBook::~AskBook() {
  for (const auto& [id, ask] : pending_) {
    if (ask.breaker) {
      ask.breaker->abandon();
    }
  }
}

void AskBook::start(Runtime& runtime,
                    std::string_view service,
                    std::string key,
                    caf::message request,
                    const AskOptions& options,
                    MessageReply done) {
  Pending ask;
  ask.runtime = &runtime;
  ask.service = service;
  ask.key = std::move(key);
  ask.request = std::move(request);
  ask.options = options;
  ask.done = std::move(done);
  ask.started = now();
  ask.deadline = ask.started + options.deadline;
  send(std::move(ask));
}

void AskBook::start_local(Runtime& runtime,
                          std::string path,
                          caf::message request,
                          const AskOptions& options,
                          MessageReply done) {
  Pending ask;
  ask.runtime = &runtime;
  ask.node = runtime.node;
  ask.local = true;
  ask.options = options;
  ask.done = std::move(done);
  ask.started = now();
  ask.deadline = ask.started + options.deadline;
  const auto entry = runtime.registry.find(path);
  ask.epoch = entry.epoch;
  ask.path = std::move(path);
  if (!entry.actor) {
    auto text = ask.path + " is down";
    complete(std::move(ask), core::Error{core::Errc::ACTOR_DOWN, std::move(text)});
    return;
  }
  send_to(entry.actor, std::move(request), std::move(ask));
}

core::Result<void> AskBook::reach(Pending& ask, caf::actor& target, caf::message& message) {
  auto& runtime = *ask.runtime;
  const auto owner = runtime.placement.owner(ask.service, ask.key);
  if (!owner) {
    return core::Error{core::Errc::UNAVAILABLE, "no live node carries the service " + ask.service};
  }
  ask.node = owner->node;
  ask.local = owner->local;
  if (owner->local) {
    ask.path = runtime.registry.front_path(ask.service);
    const auto front = ask.path.empty() ? Registry::Entry{} : runtime.registry.find(ask.path);
    if (!front.actor) {
      return core::Error{core::Errc::ACTOR_DOWN,
                         "the service " + ask.service + " is not running on " + owner->node};
    }
    target = front.actor;
    ask.epoch = front.epoch;
    message = ask.request;
    return {};
  }
  target = runtime.placement.gateway(owner->node);
  if (!target) {
    return core::Error{core::Errc::NODE_DOWN, "node " + owner->node + ", which carries the service "
                                                + ask.service + ", is not connected"};
  }
  message = caf::make_message(
    Routed{ask.service, ask.key, owner->epoch, ask.request, TraceBook::causal_id()});
  if (runtime_ == nullptr) {
    runtime_ = &runtime;
    runtime.placement.watch(caf::actor_cast<caf::actor>(self_));
  }
  return {};
}

core::Result<void> AskBook::pass_breaker(Pending& ask) {
  if (!ask.options.use_breaker) {
    return {};
  }
  ask.breaker = ask.runtime->breakers.edge(self_->service() + ">" + ask.service + "@" + ask.node);
  auto allowed = ask.breaker->allow();
  if (!allowed) {
    ask.breaker.reset();
  }
  return allowed;
}

void AskBook::send(Pending ask) {
  caf::actor target;
  caf::message message;
  // Where nobody is there to be asked, the answer is at hand and says nothing about whoever comes
  // next: it must not count, else callers would shut out a front that is back within milliseconds.
  auto possible = reach(ask, target, message);
  if (possible) {
    possible = pass_breaker(ask);
  }
  if (!possible) {
    complete(std::move(ask), possible.error());
    return;
  }
  send_to(target, std::move(message), std::move(ask));
}

void AskBook::send_to(const caf::actor& target, caf::message message, Pending ask) {
  if (pending_.size() >= asks_max) {
    complete(std::move(ask),
             core::Error{core::Errc::OVERLOADED,
                         self_->path() + " has " + std::to_string(asks_max) + " asks pending"});
    return;
  }
  const auto priority =
    ask.options.high_priority ? caf::message_priority::high : caf::message_priority::normal;
  const auto request = self_->new_request_id(priority);
  const Id id = request.response_id().request_id().integer_value();
  ask.target = target.address();
  if (monitored_.insert(ask.target).second) {
    self_->monitor(target);
  }
  if (!ask.local && self_->record()->traced.load(std::memory_order_relaxed)) {
    ask.runtime->actors.traces().on_sent_away(*self_->record(), ask.node + '/' + ask.service,
                                              ask.request.content(), id);
  }
  deadlines_.emplace(ask.deadline, id);
  arm(std::min(ask.deadline, now() + tick));
  pending_.emplace(id, std::move(ask));
  target->enqueue(caf::make_mailbox_element(self_->ctrl(), request, {}, std::move(message)),
                  self_->context());
}

void AskBook::arm(std::chrono::nanoseconds at) {
  const auto t = now();
  if (armed_ > t && armed_ <= at) {
    return;
  }
  armed_ = at;
  self_->clock().schedule_message(
    caf::actor_clock::time_point{at}, caf::strong_actor_ptr{self_->ctrl()},
    caf::make_mailbox_element(nullptr, caf::make_message_id(caf::message_priority::high), {},
                              AskTick{}));
}

void AskBook::complete(Pending ask, core::Result<caf::message> outcome) {
  if (ask.breaker) {
    const auto code = outcome ? core::Errc::NONE : outcome.error().code;
    ask.breaker->report(code, now() - ask.started, ask.options.slow);
  }
  ask.done(std::move(outcome));
}

void AskBook::finish(Id id, core::Result<caf::message> outcome) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) {
    return;
  }
  auto ask = std::move(found->second);
  pending_.erase(found);
  deadlines_.erase({ask.deadline, id});
  complete(std::move(ask), std::move(outcome));
}

bool AskBook::on_response(caf::mailbox_element& element) {
  const auto id = element.mid.request_id().integer_value();
  const auto found = pending_.find(id);
  if (found == pending_.end()) {
    return false;
  }
  const auto& content = element.content();
  if (content.size() == 1 && content.match_element<caf::error>(0)) {
    auto error = core::from_caf(content.get_as<caf::error>(0));
    if (error.code == core::Errc::MOVED && !found->second.moved) {
      retry_moved(id);
    } else {
      finish(id, std::move(error));
    }
    return true;
  }
  finish(id, element.move_content_to_message());
  return true;
}

void AskBook::retry_moved(Id id) {
  const auto found = pending_.find(id);
  auto ask = std::move(found->second);
  pending_.erase(found);
  deadlines_.erase({ask.deadline, id});
  if (ask.breaker) {
    ask.breaker->report(core::Errc::MOVED, now() - ask.started, ask.options.slow);
    ask.breaker.reset();
  }
  ask.moved = true;
  send(std::move(ask));
}

template <class Predicate>
void AskBook::fail_where(Predicate predicate, core::Errc code, const std::string& text) {
  std::vector<Id> failed;
  for (const auto& [id, ask] : pending_) {
    if (predicate(ask)) {
      failed.push_back(id);
    }
  }
  std::sort(failed.begin(), failed.end()); // in the order of asking
  for (const auto id : failed) {
    finish(id, core::Error{code, text});
  }
}

bool AskBook::on_down(const caf::actor_addr& source) {
  if (monitored_.erase(source) == 0) {
    return false;
  }
  fail_where([&](const Pending& ask) { return ask.local && ask.target == source; },
             core::Errc::ACTOR_DOWN, "who was asked ended while the ask was pending");
  fail_where([&](const Pending& ask) { return !ask.local && ask.target == source; },
             core::Errc::NODE_DOWN, "the service's node went down while the ask was pending");
  return true;
}

void AskBook::on_view(const ViewChanged& view) {
  for (const auto& node : view.down) {
    if (runtime_ != nullptr) {
      runtime_->breakers.node_down(node);
    }
    fail_where([&](const Pending& ask) { return !ask.local && ask.node == node; },
               core::Errc::NODE_DOWN, "node " + node + " was declared down");
  }
}

void AskBook::on_front_down(const FrontDown& down) {
  fail_where(
    [&](const Pending& ask) {
      return !ask.local && ask.node == down.node && ask.service == down.service;
    },
    core::Errc::ACTOR_DOWN,
    "the front of " + down.service + " on " + down.node + " ended while the ask was pending");
}

void AskBook::on_tick() {
  armed_ = std::chrono::nanoseconds{0};
  const auto t = now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= t) {
    const auto id = deadlines_.begin()->second;
    const auto& ask = pending_.at(id);
    auto text = (ask.service.empty() ? ask.path : "the service " + ask.service + " on " + ask.node)
                + " did not answer within "
                + std::to_string(ask.options.deadline / std::chrono::milliseconds{1}) + " ms";
    finish(id, core::Error{core::Errc::TIMEOUT, std::move(text)});
  }
  // Who was given up as a zombie sends no DOWN; its epoch tells.
  fail_where(
    [](const Pending& ask) {
      return ask.local && ask.runtime->registry.find(ask.path).epoch != ask.epoch;
    },
    core::Errc::ACTOR_DOWN, "who was asked was replaced while the ask was pending");
  if (!deadlines_.empty()) {
    arm(std::min(deadlines_.begin()->first, now() + tick));
  }
}

} // namespace troupe::supervision
