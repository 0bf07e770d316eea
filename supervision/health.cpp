#include "supervision/health.hpp"

#include "core/clock.hpp"

#include <algorithm>

namespace troupe::supervision {

namespace {

constexpr std::int64_t ping_limit_ns = 1'000'000'000;

std::vector<HealthCondition>
values(const std::map<std::string, HealthCondition, std::less<>>& conditions) {
  std::vector<HealthCondition> all;
  for (const auto& [name, condition] : conditions) {
    all.push_back(condition);
  }
  return all;
}

} // namespace

void Health::set(std::string_view name, bool ok, std::string reason) {
  const std::lock_guard lock{mutex_};
  if (conditions_.size() < names_max || conditions_.contains(name)) {
    conditions_.insert_or_assign(std::string{name},
                                 HealthCondition{std::string{name}, ok, std::move(reason)});
  }
  started_ = started_ || ready_locked();
}

void Health::set_loaded(std::string_view service, LoadedShards loaded) {
  const std::lock_guard lock{mutex_};
  if (loaded_.size() < names_max || loaded_.contains(service)) {
    loaded_.insert_or_assign(std::string{service}, loaded);
  }
}

std::optional<LoadedShards> Health::loaded(std::string_view service) const {
  const std::lock_guard lock{mutex_};
  const auto found = loaded_.find(service);
  return found == loaded_.end() ? std::nullopt : std::optional{found->second};
}

void Health::set_alive(std::string_view name, bool ok, std::string reason) {
  const std::lock_guard lock{mutex_};
  if (alive_.size() < names_max || alive_.contains(name)) {
    alive_.insert_or_assign(std::string{name},
                            HealthCondition{std::string{name}, ok, std::move(reason)});
  }
}

void Health::remove(std::string_view name) {
  const std::lock_guard lock{mutex_};
  conditions_.erase(std::string{name});
}

void Health::set_degraded(std::string_view name, std::string reason) {
  const std::lock_guard lock{mutex_};
  if (degraded_.size() < names_max || degraded_.contains(name)) {
    degraded_.insert_or_assign(std::string{name},
                               HealthCondition{std::string{name}, false, std::move(reason)});
  }
}

void Health::clear_degraded(std::string_view name) {
  const std::lock_guard lock{mutex_};
  degraded_.erase(std::string{name});
}

bool Health::live_locked(std::int64_t now_ns) const {
  return (ping_ns_ == 0 || now_ns - ping_ns_ < ping_limit_ns)
         && std::all_of(alive_.begin(), alive_.end(),
                        [](const auto& item) { return item.second.ok; });
}

bool Health::ready_locked() const {
  return !conditions_.empty()
         && std::all_of(conditions_.begin(), conditions_.end(),
                        [](const auto& item) { return item.second.ok; });
}

bool Health::started() const {
  const std::lock_guard lock{mutex_};
  return started_;
}

bool Health::live() const {
  const std::lock_guard lock{mutex_};
  return live_locked(core::monotonic_ns());
}

bool Health::ready() const {
  const std::lock_guard lock{mutex_};
  return ready_locked();
}

HealthReport Health::report() const {
  HealthReport report;
  const std::lock_guard lock{mutex_};
  const auto now_ns = core::monotonic_ns();
  report.ready = ready_locked();
  report.started = started_;
  report.live = live_locked(now_ns);
  report.alive = values(alive_);
  report.alive.push_back({"scheduler", ping_ns_ == 0 || now_ns - ping_ns_ < ping_limit_ns, ""});
  if (!report.alive.back().ok) {
    report.alive.back().reason = "no message got through for a second";
  }
  report.conditions = values(conditions_);
  report.degraded = values(degraded_);
  return report;
}

std::chrono::nanoseconds Health::canary() const {
  const std::lock_guard lock{mutex_};
  return std::chrono::nanoseconds{canary_ns_};
}

bool Health::begin_ping(std::int64_t now_ns) {
  const std::lock_guard lock{mutex_};
  if (ping_ns_ != 0) {
    return false;
  }
  ping_ns_ = now_ns;
  return true;
}

void Health::end_ping(std::int64_t now_ns) {
  const std::lock_guard lock{mutex_};
  if (ping_ns_ != 0) {
    canary_ns_ = now_ns - ping_ns_;
    ping_ns_ = 0;
  }
}

} // namespace troupe::supervision
