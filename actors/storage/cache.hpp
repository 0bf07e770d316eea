#pragma once

#include "core/clock.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace troupe::storage {

/// Limits of a memory cache.
struct CacheSettings {
  std::chrono::nanoseconds ttl = std::chrono::seconds{60}; ///< default lifetime; above 0
  std::size_t entries_max = 100'000; ///< the least recently used goes first; above 0
};

struct CacheCounters {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;  ///< absent or expired
  std::uint64_t expired = 0; ///< misses that were there, but too old
  std::uint64_t evicted = 0; ///< gone because the cache was full

  friend bool operator==(const CacheCounters&, const CacheCounters&) = default;
};

/// A map from text to values that forgets: entries older than their lifetime are not returned, and
/// the least recently used goes when the cache is full. Not thread-safe: one actor owns it.
/// @cost  get, put and erase O(1)
template <class Value>
class MemoryCache {
public:
  /// @param clock  outlives the cache; ages are measured by it
  explicit MemoryCache(const core::Clock& clock, CacheSettings settings = {})
    : clock_(clock), settings_(settings) {}
  MemoryCache(const MemoryCache&) = delete; // the index points into the entries
  MemoryCache& operator=(const MemoryCache&) = delete;

  /// @returns null where the key is absent or expired (an entry lives while its age is below its
  ///          lifetime); the pointer is valid until the next call that is not const
  [[nodiscard]] const Value* get(std::string_view key) {
    const auto it = index_.find(key);
    if (it == index_.end()) {
      ++counters_.misses;
      return nullptr;
    }
    if (clock_.now() >= it->second->expires) {
      ++counters_.misses;
      ++counters_.expired;
      remove(it);
      return nullptr;
    }
    ++counters_.hits;
    entries_.splice(entries_.begin(), entries_, it->second);
    return &it->second->value;
  }

  /// Stores a value in place of what was there. A lifetime that is not positive stores nothing and
  /// removes what was there.
  void put(std::string_view key, Value value) { put(key, std::move(value), settings_.ttl); }
  void put(std::string_view key, Value value, std::chrono::nanoseconds ttl) {
    if (ttl <= std::chrono::nanoseconds::zero() || settings_.entries_max == 0) {
      erase(key);
      return;
    }
    const auto expires = clock_.now() + ttl;
    if (const auto it = index_.find(key); it != index_.end()) {
      it->second->value = std::move(value);
      it->second->expires = expires;
      entries_.splice(entries_.begin(), entries_, it->second);
      return;
    }
    if (entries_.size() >= settings_.entries_max) {
      remove(index_.find(std::string_view{entries_.back().key}));
      ++counters_.evicted;
    }
    entries_.push_front(Entry{std::string{key}, std::move(value), expires});
    index_.emplace(std::string_view{entries_.front().key}, entries_.begin());
  }

  /// @returns whether the key was there, expired or not
  bool erase(std::string_view key) {
    const auto it = index_.find(key);
    if (it == index_.end()) {
      return false;
    }
    remove(it);
    return true;
  }

  /// Entries held, those that expired and were not asked for since among them.
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] const CacheCounters& counters() const { return counters_; }

private:
  struct Entry {
    std::string key;
    Value value;
    core::Timestamp expires;
  };
  using Entries = std::list<Entry>; // most recently used first; nodes do not move
  using Index = std::unordered_map<std::string_view, typename Entries::iterator>;

  void remove(typename Index::iterator it) {
    const auto entry = it->second;
    index_.erase(it); // before the entry: its key lives there
    entries_.erase(entry);
  }

  const core::Clock& clock_;
  CacheSettings settings_;
  Entries entries_;
  Index index_;
  CacheCounters counters_;
};

} // namespace troupe::storage
