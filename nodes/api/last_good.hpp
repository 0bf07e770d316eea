#pragma once

#include "core/duration.hpp"
#include "nodes/api/route_table.hpp"

#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace troupe::api {

/// The newest good reply of each request, for as long as it may stand in for a service that does
/// not answer. Used from all server threads; bounded, the least recently stored goes first.
class LastGood {
public:
  LastGood(core::Duration ttl, std::size_t entries_max);

  /// @param now_ns  core::monotonic_ns()
  void store(const std::string& request, const EncodedReply& reply, std::int64_t now_ns);

  /// @returns the reply, its quality `degraded`, its source "cache" and its age grown by the time
  ///          it lay here; nullopt when there is none or it is older than the time to live
  [[nodiscard]] std::optional<EncodedReply> find(const std::string& request, std::int64_t now_ns);

  [[nodiscard]] std::size_t size() const;

private:
  struct Entry {
    EncodedReply reply;
    std::int64_t stored_ns = 0;
    std::list<std::string>::iterator order;
  };
  core::Duration ttl_;
  std::size_t entries_max_;
  mutable std::mutex mutex_;
  std::list<std::string> order_; ///< oldest first
  std::unordered_map<std::string, Entry> entries_;
};

} // namespace troupe::api
