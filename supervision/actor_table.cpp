#include "supervision/actor_table.hpp"

#include <algorithm>
#include <bit>

namespace troupe::supervision {

namespace {

std::string last_part(std::string_view path) {
  const auto slash = path.rfind('/');
  return std::string{slash == std::string_view::npos ? path : path.substr(slash + 1)};
}

std::string_view parent_part(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

bool is_under(std::string_view path, std::string_view root) {
  return root.empty() || path == root
         || (path.size() > root.size() && path.starts_with(root) && path[root.size()] == '/');
}

/// Single writer: no read-modify-write needed.
template <class T>
void bump(std::atomic<T>& counter, T by) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

/// Upper bound, in microseconds, of the bucket that holds the `share` quantile.
double quantile_us(const std::array<std::atomic<std::uint32_t>, ActorRecord::buckets>& histogram,
                   double share) {
  std::uint64_t total = 0;
  for (const auto& bucket : histogram) {
    total += bucket.load(std::memory_order_relaxed);
  }
  if (total == 0) {
    return 0.0;
  }
  const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total - 1)) + 1;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < histogram.size(); ++i) {
    seen += histogram[i].load(std::memory_order_relaxed);
    if (seen >= wanted) {
      return static_cast<double>(std::uint64_t{1} << i) / 1e3;
    }
  }
  return static_cast<double>(std::uint64_t{1} << (ActorRecord::buckets - 1)) / 1e3;
}

} // namespace

bool ActorRecord::is_full() noexcept {
  const auto in = entered.load(std::memory_order_acquire);
  if (in < left_seen_.load(std::memory_order_relaxed) + mailbox_cap) {
    return false;
  }
  const auto out = left.load(std::memory_order_acquire);
  left_seen_.store(out, std::memory_order_relaxed);
  return in >= out + mailbox_cap;
}

void ActorRecord::on_enter(MessageType type) noexcept {
  messages.on_enter(type);
  const auto number = entered.fetch_add(1, std::memory_order_acq_rel) + 1;
  if (probe_at_.load(std::memory_order_relaxed) == 0) {
    std::uint64_t none = 0;
    if (probe_at_.compare_exchange_strong(none, number, std::memory_order_relaxed)) {
      probe_ns_.store(core::monotonic_ns(), std::memory_order_release);
    }
  }
}

void ActorRecord::on_leave(MessageType type) noexcept {
  messages.on_leave(type);
  bump(left, std::uint64_t{1});
  const auto probe = probe_at_.load(std::memory_order_relaxed);
  if (probe != 0 && left.load(std::memory_order_relaxed) >= probe) {
    probe_ns_.store(0, std::memory_order_relaxed);
    probe_at_.store(0, std::memory_order_release);
  }
}

void ActorRecord::on_begin(MessageType type, std::int64_t now_ns) noexcept {
  since_ns.store(now_ns, std::memory_order_relaxed);
  last.store(type, std::memory_order_relaxed);
  current.store(type, std::memory_order_release);
}

void ActorRecord::on_end(MessageType type, std::int64_t now_ns) noexcept {
  const auto took = std::max<std::int64_t>(now_ns - since_ns.load(std::memory_order_relaxed), 0);
  current.store(no_message_type, std::memory_order_release);
  bump(handled, std::uint64_t{1});
  bump(busy_ns, took);
  if (took > max_ns.load(std::memory_order_relaxed)) {
    max_ns.store(took, std::memory_order_relaxed);
  }
  const auto width = static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(took)));
  bump(histogram[std::min(width, buckets - 1)], std::uint32_t{1});
  messages.on_handled(type, now_ns, took);
}

void ActorRecord::set_error(std::string text) {
  const std::lock_guard lock{mutex_};
  error_ = std::move(text);
}

std::string ActorRecord::error() const {
  const std::lock_guard lock{mutex_};
  return error_;
}

std::optional<ActorRecord::Legacy> ActorRecord::leave(Legacy legacy) {
  const std::lock_guard lock{mutex_};
  if (orphaned_) {
    return legacy;
  }
  legacy_ = std::move(legacy);
  return std::nullopt;
}

void ActorRecord::orphan() {
  const std::lock_guard lock{mutex_};
  orphaned_ = true;
}

ActorRecord::Legacy ActorRecord::take_legacy() {
  const std::lock_guard lock{mutex_};
  return std::exchange(legacy_, {});
}

ActorInfo ActorRecord::info(std::int64_t now_ns) const {
  ActorInfo info;
  info.path = path;
  info.name = last_part(path);
  info.service = service;
  info.parent = parent;
  info.state = state.load(std::memory_order_relaxed);
  info.epoch = epoch;
  info.started = started;
  info.restarts = restarts.load(std::memory_order_relaxed);
  info.detached = detached;
  info.mailbox = depth();
  info.mailbox_cap = mailbox_cap;
  info.received = entered.load(std::memory_order_relaxed);
  info.handled = handled.load(std::memory_order_relaxed);
  info.sent = sent.load(std::memory_order_relaxed);
  info.rejected = rejected.load(std::memory_order_relaxed);
  info.busy_s = static_cast<double>(busy_ns.load(std::memory_order_relaxed)) / 1e9;
  info.p50_us = quantile_us(histogram, 0.50);
  info.p99_us = quantile_us(histogram, 0.99);
  info.max_us = static_cast<double>(max_ns.load(std::memory_order_relaxed)) / 1e3;
  if (const auto type = current.load(std::memory_order_acquire); type != no_message_type) {
    info.current_message = message_type_name(type);
    info.current_ms = static_cast<double>(std::max<std::int64_t>(
                        now_ns - since_ns.load(std::memory_order_relaxed), 0))
                      / 1e6;
  }
  if (const auto since = probe_ns_.load(std::memory_order_acquire);
      since != 0 && info.mailbox > 0) {
    info.oldest_waiting_ms = static_cast<double>(std::max<std::int64_t>(now_ns - since, 0)) / 1e6;
  }
  info.last_error = error();
  return info;
}

void ActorTable::add(const std::shared_ptr<ActorRecord>& record) {
  record->traced.store(traces_.follows(record->path), std::memory_order_relaxed);
  const std::lock_guard lock{mutex_};
  records_[record->id] = record;
  newest_[record->path] = record->id;
}

void ActorTable::remove(const ActorRecord& record) {
  const std::lock_guard lock{mutex_};
  if (records_.erase(record.id) > 0) {
    ended_[counted_group(record.path)].add(record);
  }
  const auto newest = newest_.find(record.path);
  if (newest != newest_.end() && newest->second == record.id) {
    newest_.erase(newest);
  }
}

std::shared_ptr<ActorRecord> ActorTable::find(std::string_view path) const {
  const std::lock_guard lock{mutex_};
  const auto newest = newest_.find(path);
  if (newest == newest_.end()) {
    return nullptr;
  }
  const auto record = records_.find(newest->second);
  return record == records_.end() ? nullptr : record->second;
}

std::vector<std::shared_ptr<ActorRecord>> ActorTable::records() const {
  const std::lock_guard lock{mutex_};
  std::vector<std::shared_ptr<ActorRecord>> all;
  all.reserve(records_.size());
  for (const auto& [id, record] : records_) {
    all.push_back(record);
  }
  return all;
}

namespace {

/// A child that is not running, as far as its supervisor can tell of it.
ActorInfo info_of(const ChildStatus& child) {
  ActorInfo info;
  info.path = child.path;
  info.name = last_part(child.path);
  info.service = child.path.substr(0, child.path.find('/'));
  info.parent = parent_part(child.path);
  info.state = child.state;
  info.epoch = child.epoch;
  info.restarts = child.restarts;
  info.last_error = child.last_error;
  return info;
}

void add_status(ActorInfo& info, const ChildStatus& child) {
  info.restarts = child.restarts;
  if (info.last_error.empty()) {
    info.last_error = child.last_error;
  }
}

} // namespace

std::vector<ActorInfo> ActorTable::actors() const {
  const auto all = records();
  const auto now = core::monotonic_ns();
  std::vector<ActorInfo> infos;
  infos.reserve(all.size());
  for (const auto& record : all) {
    infos.push_back(record->info(now));
  }
  std::map<std::string, bool, std::less<>> seen;
  for (const auto& info : infos) {
    seen[info.path] = true;
  }
  const std::lock_guard lock{mutex_};
  for (auto& info : infos) {
    if (const auto child = children_.find(info.path); child != children_.end()) {
      add_status(info, child->second);
    }
  }
  for (const auto& [path, child] : children_) {
    if (!seen.contains(path)) {
      infos.push_back(info_of(child));
    }
  }
  std::sort(infos.begin(), infos.end(), [](const ActorInfo& a, const ActorInfo& b) {
    return std::tie(a.path, a.epoch) < std::tie(b.path, b.epoch);
  });
  return infos;
}

std::optional<ActorInfo> ActorTable::actor(std::string_view path) const {
  const auto record = find(path);
  const auto status = child(path);
  if (record) {
    auto info = record->info(core::monotonic_ns());
    if (status) {
      add_status(info, *status);
    }
    return info;
  }
  if (status) {
    return info_of(*status);
  }
  return std::nullopt;
}

std::vector<TreeNode> ActorTable::tree(std::string_view path) const {
  // Children sort after their parents, so each node finds its parent on the stack.
  std::vector<TreeNode> roots;
  std::vector<TreeNode*> open;
  const std::lock_guard lock{mutex_};
  for (const auto& [child_path, child] : children_) {
    if (!is_under(child_path, path)) {
      continue;
    }
    TreeNode node;
    node.path = child_path;
    node.name = last_part(child_path);
    node.kind = child.kind;
    node.strategy = child.strategy;
    node.restart = child.restart;
    node.state = child.state;
    node.epoch = child.epoch;
    node.restarts = child.restarts;
    node.last_error = child.last_error;
    if (const auto newest = newest_.find(child_path); newest != newest_.end()) {
      node.mailbox = records_.at(newest->second)->depth();
    }
    while (!open.empty() && !is_under(child_path, open.back()->path)) {
      open.pop_back();
    }
    auto& siblings = open.empty() ? roots : open.back()->children;
    siblings.push_back(std::move(node));
    open.push_back(&siblings.back());
  }
  return roots;
}

std::vector<ChildEnd> ActorTable::ends(std::string_view path) const {
  std::vector<ChildEnd> all;
  const std::lock_guard lock{mutex_};
  for (const auto& [child_path, child] : children_) {
    if (path.empty() || child_path == path) {
      all.insert(all.end(), child.ends.begin(), child.ends.end());
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const ChildEnd& a, const ChildEnd& b) { return a.at < b.at; });
  return all;
}

void ActorTable::update_child(const std::string& path,
                              const std::function<void(ChildStatus&)>& change) {
  const std::lock_guard lock{mutex_};
  auto& child = children_[path];
  child.path = path;
  change(child);
  while (child.ends.size() > ends_per_child) {
    child.ends.pop_front();
  }
}

void ActorTable::remove_child(std::string_view path) {
  const std::lock_guard lock{mutex_};
  if (const auto child = children_.find(path); child != children_.end()) {
    children_.erase(child);
  }
}

std::optional<ChildStatus> ActorTable::child(std::string_view path) const {
  const std::lock_guard lock{mutex_};
  const auto child = children_.find(path);
  return child == children_.end() ? std::nullopt : std::optional{child->second};
}

bool ActorTable::declare_zombie(ActorRecord& record) {
  auto expected = ActorState::RUNNING;
  if (!record.state.compare_exchange_strong(expected, ActorState::ZOMBIE)) {
    return false;
  }
  ++zombies_;
  scheduler_zombies_ += record.detached ? 0U : 1U;
  return true;
}

void ActorTable::zombie_ended(const ActorRecord& record) {
  --zombies_;
  scheduler_zombies_ -= record.detached ? 0U : 1U;
}

} // namespace troupe::supervision
