#include "supervision/trace.hpp"

#include "supervision/actor.hpp"

#include <algorithm>
#include <utility>

namespace troupe::supervision {

namespace tracing {

/// What this thread handles at the moment.
thread_local std::uint64_t causal_id = 0;

constexpr double ns_per_us = 1e3;
constexpr unsigned number_bits = 32;

std::uint64_t request_id_of(const caf::mailbox_element& element) {
  return element.mid.is_request() || element.mid.is_response()
           ? element.mid.request_id().integer_value()
           : 0;
}

} // namespace tracing

bool Trace::wants_cause(std::uint64_t causal_id) const {
  const auto& nodes = request_.from_nodes;
  return nodes.empty() || std::any_of(nodes.begin(), nodes.end(), [&](const std::string& node) {
           return causal_id >> tracing::number_bits == TraceBook::origin_of(node);
         });
}

bool Trace::finished(std::int64_t now_ns) const {
  const std::lock_guard lock{mutex_};
  return now_ns >= until_ns_ || events_.size() >= request_.events_max;
}

std::vector<TraceEvent> Trace::events() const {
  const std::lock_guard lock{mutex_};
  return events_;
}

void Trace::add(const TraceEvent& event, const std::string& text) {
  const std::lock_guard lock{mutex_};
  if (events_.size() < request_.events_max && core::monotonic_ns() < until_ns_) {
    events_.push_back(event);
    if (request_.with_text) {
      events_.back().text = text.substr(0, TraceBook::text_max);
    }
  }
}

std::uint64_t TraceBook::causal_id() noexcept {
  return tracing::causal_id;
}

TraceBook::Inherited::Inherited(std::uint64_t causal_id) noexcept
  : outer_(std::exchange(tracing::causal_id, causal_id)) {}

TraceBook::Inherited::~Inherited() {
  tracing::causal_id = outer_;
}

std::uint64_t TraceBook::origin_of(std::string_view node) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325; // FNV-1a
  for (const char c : node) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  constexpr std::uint64_t origins = (1U << 20U) - 1;
  return hash % origins + 1;
}

std::uint64_t TraceBook::next_causal_id() {
  return origin_ << tracing::number_bits | ++last_causal_number_;
}

core::Result<std::shared_ptr<Trace>>
TraceBook::start(TraceRequest request, const std::vector<std::shared_ptr<ActorRecord>>& actors) {
  const int ways = (request.path.empty() ? 0 : 1) + (request.match.empty() ? 0 : 1)
                   + (request.from_nodes.empty() ? 0 : 1);
  if (ways != 1) {
    return core::Error{
      core::Errc::INVALID_ARGUMENT,
      "expected either the path of an actor, a text to match or nodes whose causes "
      "to follow"};
  }
  if (request.from_nodes.size() > from_nodes_max) {
    return core::Error{core::Errc::INVALID_ARGUMENT,
                       "expected at most " + std::to_string(from_nodes_max) + " nodes, found "
                         + std::to_string(request.from_nodes.size())};
  }
  if (request.events_max < 1 || request.events_max > events_most || request.duration.count() <= 0
      || request.duration > duration_most) {
    return core::Error{core::Errc::INVALID_ARGUMENT,
                       "a trace is bounded: expected 1 to " + std::to_string(events_most)
                         + " events and up to " + std::to_string(duration_most.count()) + " s"};
  }
  const std::lock_guard lock{mutex_};
  if (traces_.size() >= traces_max) {
    return core::Error{core::Errc::OVERLOADED,
                       std::to_string(traces_max) + " traces are under way on this node"};
  }
  auto trace = std::make_shared<Trace>(std::move(request), core::monotonic_ns());
  traces_.push_back(trace);
  for (const auto& actor : actors) {
    if (trace->follows(actor->path)) {
      actor->traced.store(true, std::memory_order_relaxed);
    }
  }
  return trace;
}

void TraceBook::end(const std::shared_ptr<Trace>& trace,
                    const std::vector<std::shared_ptr<ActorRecord>>& actors) {
  const std::lock_guard lock{mutex_};
  std::erase(traces_, trace);
  for (const auto& actor : actors) {
    const bool still = std::any_of(traces_.begin(), traces_.end(),
                                   [&](const auto& other) { return other->follows(actor->path); });
    actor->traced.store(still, std::memory_order_relaxed);
  }
  if (traces_.empty()) {
    waiting_.clear();
  }
}

bool TraceBook::follows(std::string_view path) const {
  const std::lock_guard lock{mutex_};
  return std::any_of(traces_.begin(), traces_.end(),
                     [&](const auto& trace) { return trace->follows(path); });
}

std::optional<std::string> TraceBook::render(std::string_view actor,
                                             const caf::type_erased_tuple& content) {
  {
    const std::lock_guard lock{mutex_};
    const bool wanted = std::any_of(traces_.begin(), traces_.end(), [&](const auto& trace) {
      return trace->follows(actor) && (trace->request_.with_text || !trace->request_.match.empty());
    });
    const auto second = core::monotonic_ns() / 1'000'000'000;
    if (render_second_ != second) {
      render_second_ = second;
      rendered_ = 0;
    }
    if (!wanted || rendered_++ >= rendered_per_second) {
      return std::nullopt;
    }
  }
  return content.stringify();
}

void TraceBook::add(TraceEvent event, const std::optional<std::string>& text) {
  event.at = clock_ != nullptr ? clock_->now() : core::SystemClock{}.now();
  const std::lock_guard lock{mutex_};
  event.seq = ++last_seq_;
  for (const auto& trace : traces_) {
    if (!trace->follows(event.actor) || !trace->wants_cause(event.causal_id)) {
      continue;
    }
    const auto& match = trace->request_.match;
    if (!match.empty() && !text) {
      ++trace->skipped_;
    } else if (match.empty() || text->find(match) != std::string::npos) {
      trace->add(event, text.value_or(""));
    }
  }
}

void TraceBook::on_enter(ActorRecord& to,
                         const ActorRecord* from,
                         const caf::mailbox_element& element,
                         bool refused) {
  TraceEvent event;
  event.type = message_type_name(element.content());
  event.request_id = tracing::request_id_of(element);
  event.causal_id = tracing::causal_id;
  const bool entered = to.traced.load(std::memory_order_relaxed);
  {
    const std::lock_guard lock{mutex_};
    if (event.causal_id == 0) {
      event.causal_id = next_causal_id();
    }
    if (entered && !refused && waiting_.size() < waiting_max) {
      waiting_.insert_or_assign(&element, Waiting{event.causal_id, core::monotonic_ns()});
    }
  }
  if (from != nullptr && from->traced.load(std::memory_order_relaxed)) {
    event.kind = TraceKind::SENT;
    event.actor = from->path;
    event.peer = to.path;
    add(event, render(event.actor, element.content()));
  }
  if (entered) {
    event.kind = refused ? TraceKind::REFUSED : TraceKind::ENTERED;
    event.actor = to.path;
    event.peer = from != nullptr ? from->path : path_of(element.sender);
    add(event, render(event.actor, element.content()));
  }
}

void TraceBook::on_sent_away(const ActorRecord& from,
                             std::string to,
                             const caf::type_erased_tuple& request,
                             std::uint64_t request_id) {
  TraceEvent event;
  event.kind = TraceKind::SENT;
  event.actor = from.path;
  event.peer = std::move(to);
  event.type = message_type_name(request);
  event.request_id = request_id;
  event.causal_id = tracing::causal_id;
  add(std::move(event), render(from.path, request));
}

TraceBook::Step TraceBook::begin_step(const ActorRecord& actor,
                                      const caf::mailbox_element& element) {
  Step step;
  step.event.actor = actor.path;
  step.event.type = message_type_name(element.content());
  step.event.request_id = tracing::request_id_of(element);
  step.element = &element;
  step.text = render(actor.path, element.content());
  const auto now_ns = core::monotonic_ns();
  const std::lock_guard lock{mutex_};
  if (const auto found = waiting_.find(&element); found != waiting_.end()) {
    step.event.causal_id = found->second.causal_id;
    step.entered_ns = found->second.since_ns;
    step.event.waited_us = static_cast<double>(now_ns - step.entered_ns) / tracing::ns_per_us;
    waiting_.erase(found);
  } else { // it waited before the trace began
    step.event.causal_id = next_causal_id();
    step.entered_ns = now_ns;
  }
  tracing::causal_id = step.event.causal_id;
  return step;
}

void TraceBook::end_step(Step step, std::int64_t took_ns, bool crashed) {
  tracing::causal_id = 0;
  step.event.kind = crashed ? TraceKind::CRASHED : TraceKind::HANDLED;
  step.event.took_us = static_cast<double>(took_ns) / tracing::ns_per_us;
  add(std::move(step.event), step.text);
}

void TraceBook::skip_step(const Step& step) {
  tracing::causal_id = 0;
  const std::lock_guard lock{mutex_};
  waiting_.insert_or_assign(step.element, Waiting{step.event.causal_id, step.entered_ns});
}

} // namespace troupe::supervision
