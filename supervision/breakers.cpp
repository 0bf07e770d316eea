#include "supervision/breakers.hpp"

#include "core/log.hpp"
#include "core/retry_after.hpp"

#include <algorithm>

namespace troupe::supervision {

namespace {

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t h = 0;
  for (const char c : text) {
    h = core::mix(h, static_cast<std::uint8_t>(c));
  }
  return h;
}

double to_ms(std::chrono::nanoseconds d) {
  return static_cast<double>(d.count()) / 1e6;
}

} // namespace

void EdgeLatency::add(std::chrono::nanoseconds took) {
  const auto bound = std::lower_bound(bounds_ns.begin(), bounds_ns.end(), took.count());
  ++buckets[static_cast<std::size_t>(bound - bounds_ns.begin())];
  sum_ns += took.count();
}

Breaker::Breaker(std::string edge,
                 BreakerSettings settings,
                 std::uint64_t seed,
                 const caf::actor_clock& clock)
  : edge_(std::move(edge)), needed_(settings.needed), clock_(clock),
    breaker_(settings, core::mix(seed, hash_of(edge_))) {}

std::chrono::nanoseconds Breaker::now() const {
  return clock_.now().time_since_epoch();
}

core::Result<void> Breaker::allow() {
  const std::lock_guard lock{mutex_};
  const auto verdict = breaker_.allow(now());
  if (verdict.allowed) {
    return {};
  }
  ++refused_;
  return core::Error{core::Errc::CIRCUIT_OPEN, "circuit " + edge_ + " is open, "
                                                 + core::retry_after_text(verdict.retry_after)};
}

void Breaker::report(core::Errc outcome,
                     std::chrono::nanoseconds took,
                     std::optional<std::chrono::nanoseconds> slow) {
  bool opened = false;
  {
    const std::lock_guard lock{mutex_};
    latency_.add(took);
    const auto before = breaker_.opened_count();
    core::traits(outcome).breaker_failure ? breaker_.on_failure(now(), took, slow)
                                          : breaker_.on_success(now(), took, slow);
    opened = breaker_.opened_count() != before;
  }
  if (opened) {
    core::log::warn("breaker opened", {{"edge", edge_}, {"last", core::name(outcome)}});
  }
}

void Breaker::abandon() {
  const std::lock_guard lock{mutex_};
  breaker_.on_abandoned(now());
}

void Breaker::trip() {
  const std::lock_guard lock{mutex_};
  breaker_.trip(now());
}

void Breaker::force_open() {
  const std::lock_guard lock{mutex_};
  breaker_.force_open();
}

void Breaker::disable() {
  const std::lock_guard lock{mutex_};
  breaker_.disable();
}

void Breaker::reset() {
  const std::lock_guard lock{mutex_};
  breaker_.reset();
}

BreakerInfo Breaker::info() const {
  const std::lock_guard lock{mutex_};
  const auto t = now();
  return {edge_,
          breaker_.state(),
          breaker_.calls(t),
          breaker_.failures(t),
          breaker_.slow_calls(t),
          breaker_.opened_count(),
          refused_,
          to_ms(breaker_.retry_after(t)),
          needed_};
}

EdgeLatency Breaker::latency() const {
  const std::lock_guard lock{mutex_};
  auto latency = latency_;
  latency.edge = edge_;
  return latency;
}

std::shared_ptr<Breaker> Breakers::edge(std::string_view name, const BreakerSettings& settings) {
  const std::lock_guard lock{mutex_};
  if (const auto found = edges_.find(name); found != edges_.end()) {
    return found->second;
  }
  auto made = std::make_shared<Breaker>(std::string{name}, settings, seed_, clock_);
  if (edges_.size() < edges_max) {
    edges_.emplace(name, made);
  }
  return made;
}

std::shared_ptr<Breaker> Breakers::find(std::string_view name) const {
  const std::lock_guard lock{mutex_};
  const auto found = edges_.find(name);
  return found == edges_.end() ? nullptr : found->second;
}

void Breakers::node_down(std::string_view node) {
  const std::lock_guard lock{mutex_};
  for (const auto& [name, breaker] : edges_) {
    const auto at = name.rfind('@');
    if (at != std::string::npos && std::string_view{name}.substr(at + 1) == node) {
      breaker->trip();
    }
  }
}

std::vector<BreakerInfo> Breakers::snapshot() const {
  const std::lock_guard lock{mutex_};
  std::vector<BreakerInfo> all;
  all.reserve(edges_.size());
  for (const auto& [name, breaker] : edges_) {
    all.push_back(breaker->info());
  }
  return all;
}

std::vector<EdgeLatency> Breakers::latencies() const {
  const std::lock_guard lock{mutex_};
  std::vector<EdgeLatency> all;
  all.reserve(edges_.size());
  for (const auto& [name, breaker] : edges_) {
    all.push_back(breaker->latency());
  }
  return all;
}

namespace {

core::Error no_such_edge(std::string_view name) {
  return {core::Errc::NOT_FOUND, "no breaker has the edge " + std::string{name}};
}

} // namespace

core::Result<void> Breakers::force_open(std::string_view name) {
  const auto breaker = find(name);
  if (!breaker) {
    return no_such_edge(name);
  }
  breaker->force_open();
  return {};
}

core::Result<void> Breakers::disable(std::string_view name) {
  const auto breaker = find(name);
  if (!breaker) {
    return no_such_edge(name);
  }
  breaker->disable();
  return {};
}

core::Result<void> Breakers::reset(std::string_view name) {
  const auto breaker = find(name);
  if (!breaker) {
    return no_such_edge(name);
  }
  breaker->reset();
  return {};
}

} // namespace troupe::supervision
