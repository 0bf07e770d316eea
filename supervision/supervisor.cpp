#include "supervision/supervisor.hpp"

#include "supervision/supervisor_actor.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <cmath>
#include <set>

namespace troupe::supervision {

std::chrono::nanoseconds Backoff::delay(unsigned attempt, double noise) const {
  const auto grown = static_cast<double>(min.count())
                     * std::pow(factor, static_cast<double>(std::min(attempt, 64U)));
  const auto base = std::min(grown, static_cast<double>(max.count()));
  return std::chrono::nanoseconds{
    static_cast<std::int64_t>(base * (1.0 + jitter * (2.0 * noise - 1.0)))};
}

ChildSpec supervise(SupervisorSpec spec, Restart restart) {
  ChildSpec child;
  child.name = spec.name;
  child.restart = restart;
  child.shutdown = std::chrono::seconds{1};
  for (const auto& inner : spec.children) {
    child.shutdown += inner.shutdown + std::chrono::seconds{1};
  }
  child.supervisor = std::make_shared<const SupervisorSpec>(std::move(spec));
  return child;
}

namespace {

core::Result<void> check_at(const SupervisorSpec& spec, const std::string& path) {
  const auto wrong = [&](const std::string& what) {
    return core::Error{core::Errc::INVALID_ARGUMENT, path + ": " + what};
  };
  if (spec.name.empty() || spec.name.find('/') != std::string::npos) {
    return wrong("expected a name without '/', found \"" + spec.name + "\"");
  }
  if (spec.dynamic && spec.strategy != Strategy::one_for_one) {
    return wrong("a dynamic supervisor must be one_for_one");
  }
  if (spec.period.count() <= 0) {
    return wrong("expected a period above 0");
  }
  std::set<std::string> names;
  for (const auto& child : spec.children) {
    const auto child_path = path + "/" + child.name;
    if (child.name.empty() || child.name.find('/') != std::string::npos) {
      return wrong("expected a child's name without '/', found \"" + child.name + "\"");
    }
    if (!names.insert(child.name).second) {
      return wrong("two children are named " + child.name);
    }
    if (static_cast<bool>(child.start) == static_cast<bool>(child.supervisor)) {
      return wrong("child " + child.name + " needs either a start function or a supervisor");
    }
    if (child.mailbox_cap == 0) {
      return wrong("child " + child.name + " has a mailbox_cap of 0");
    }
    if (child.supervisor) {
      if (auto inner = check_at(*child.supervisor, child_path); !inner) {
        return inner;
      }
    }
  }
  return {};
}

core::Error no_such(std::string_view what, std::string_view path) {
  return {core::Errc::NOT_FOUND, std::string{what} + " has the path " + std::string{path}};
}

/// The supervisor of the child at `path`.
caf::actor supervisor_of(Runtime& runtime, std::string_view path) {
  const auto child = runtime.actors.child(path);
  return child ? caf::actor_cast<caf::actor>(child->supervisor) : caf::actor{};
}

std::string name_in(std::string_view path) {
  return std::string{path.substr(path.rfind('/') + 1)};
}

template <class Order>
core::Result<void> order(Runtime& runtime, std::string_view path, Order message) {
  const auto supervisor = supervisor_of(runtime, path);
  if (!supervisor) {
    return no_such("no supervised child", path);
  }
  caf::anon_send<caf::message_priority::high>(supervisor, std::move(message));
  return {};
}

} // namespace

core::Result<void> check(const SupervisorSpec& spec) {
  return check_at(spec, spec.name);
}

caf::actor start_supervisor(Runtime& runtime, SupervisorSpec spec, std::string_view parent_path) {
  check(spec).value();
  Identity identity;
  identity.runtime = std::shared_ptr<Runtime>(runtime.keep_alive.lock(), &runtime);
  identity.path = parent_path.empty() ? spec.name : std::string{parent_path} + "/" + spec.name;
  identity.health_deadline = std::chrono::nanoseconds{0};
  identity.detached = runtime.allow_detached;
  const StartContext context{runtime, identity.path, 1, identity};
  return context.spawn(supervisor_behavior, std::make_shared<const SupervisorSpec>(std::move(spec)),
                       caf::actor{});
}

core::Result<void> start_child(Runtime& runtime, std::string_view supervisor_path, ChildSpec spec) {
  const auto supervisor = runtime.registry.find(supervisor_path).actor;
  if (!supervisor) {
    return no_such("no supervisor", supervisor_path);
  }
  caf::anon_send(supervisor, StartChild{std::make_shared<const ChildSpec>(std::move(spec))});
  return {};
}

core::Result<void> stop_child(Runtime& runtime, std::string_view path) {
  return order(runtime, path, StopChild{name_in(path)});
}

core::Result<void> restart_child(Runtime& runtime, std::string_view path) {
  return order(runtime, path, RestartChild{name_in(path)});
}

core::Result<void> kill_child(Runtime& runtime, std::string_view path) {
  return order(runtime, path, KillChild{name_in(path)});
}

} // namespace troupe::supervision
