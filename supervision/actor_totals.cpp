#include "supervision/actor_table.hpp"

#include <algorithm>

namespace troupe::supervision {

namespace actor_totals {

constexpr std::string_view other = "other";

bool is_dynamic(std::string_view part) {
  return part.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ~") != std::string_view::npos;
}

void add_to(ActorTotals& sum, const ActorTotals& ended) {
  sum.received += ended.received;
  sum.handled += ended.handled;
  sum.sent += ended.sent;
  sum.rejected += ended.rejected;
  sum.conflated += ended.conflated;
  sum.busy_ns += ended.busy_ns;
  for (std::size_t i = 0; i < sum.histogram.size(); ++i) {
    sum.histogram[i] += ended.histogram[i];
  }
}

} // namespace actor_totals

std::string group_of(std::string_view path) {
  std::string group;
  for (std::size_t at = 0; at <= path.size();) {
    const auto slash = std::min(path.find('/', at), path.size());
    const auto part = path.substr(at, slash - at);
    group += group.empty() ? "" : "/";
    group += actor_totals::is_dynamic(part) ? "*" : part;
    at = slash + 1;
  }
  return group;
}

void ActorTotals::add(const ActorRecord& record) {
  const auto get = [](const auto& counter) { return counter.load(std::memory_order_relaxed); };
  received += get(record.entered);
  handled += get(record.handled);
  sent += get(record.sent);
  rejected += get(record.rejected);
  conflated += get(record.conflated);
  busy_ns += get(record.busy_ns);
  for (std::size_t i = 0; i < histogram.size(); ++i) {
    histogram[i] += get(record.histogram[i]);
  }
}

std::string ActorTable::counted_group(std::string_view path) const {
  auto group = group_of(path);
  if (ended_.size() >= groups_max && !ended_.contains(group)) {
    group = actor_totals::other;
  }
  return group;
}

std::vector<ActorTotals> ActorTable::totals() const {
  std::map<std::string, ActorTotals> sums;
  const std::lock_guard lock{mutex_};
  for (const auto& [group, ended] : ended_) {
    actor_totals::add_to(sums[group], ended);
  }
  for (const auto& [id, record] : records_) {
    auto& sum = sums[counted_group(record->path)];
    sum.add(*record);
    ++sum.actors;
    sum.mailbox += record->depth();
  }
  std::vector<ActorTotals> all;
  all.reserve(sums.size());
  for (auto& [group, sum] : sums) {
    sum.group = group;
    sum.service = group.substr(0, group.find('/'));
    all.push_back(sum);
  }
  return all;
}

void ActorTable::count_restart(std::string_view path, std::string_view reason) {
  const std::lock_guard lock{mutex_};
  auto key = std::pair{group_of(path), std::string{reason}};
  if (restarts_.size() >= groups_max && !restarts_.contains(key)) {
    key = {std::string{actor_totals::other}, std::string{actor_totals::other}};
  }
  auto& count = restarts_[key];
  count.group = key.first;
  count.reason = key.second;
  count.service = key.first.substr(0, key.first.find('/'));
  ++count.count;
}

std::vector<RestartCount> ActorTable::restart_counts() const {
  const std::lock_guard lock{mutex_};
  std::vector<RestartCount> all;
  for (const auto& [key, count] : restarts_) {
    all.push_back(count);
  }
  return all;
}

core::Result<std::shared_ptr<Trace>> ActorTable::start_trace(TraceRequest request) {
  if (!request.path.empty() && !actor(request.path)) {
    return core::Error{core::Errc::NOT_FOUND, "no actor at " + request.path.substr(0, 200)};
  }
  return traces_.start(std::move(request), records());
}

void ActorTable::end_trace(const std::shared_ptr<Trace>& trace) {
  traces_.end(trace, records());
}

} // namespace troupe::supervision
