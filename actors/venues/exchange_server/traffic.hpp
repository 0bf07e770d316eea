#pragma once

#include <boost/describe/class.hpp>

#include <atomic>
#include <cstdint>

namespace troupe::venues::exchange_server {

/// What an exchange has answered since its process started.
struct TrafficCounts {
  std::uint64_t replies = 0;  ///< to REST calls
  std::uint64_t refused = 0;  ///< of them 429
  std::uint64_t banned = 0;   ///< 418
  std::uint64_t failed = 0;   ///< 5xx
  std::uint64_t sessions = 0; ///< WebSockets opened
};
BOOST_DESCRIBE_STRUCT(TrafficCounts, (), (replies, refused, banned, failed, sessions))

/// The same, counted on the exchange's thread and read on any.
class Traffic {
public:
  void count_reply(unsigned status) {
    ++replies_;
    refused_ += status == 429 ? 1U : 0U;
    banned_ += status == 418 ? 1U : 0U;
    failed_ += status >= 500 ? 1U : 0U;
  }
  void count_session() { ++sessions_; }
  [[nodiscard]] TrafficCounts counts() const {
    return {replies_, refused_, banned_, failed_, sessions_};
  }

private:
  std::atomic<std::uint64_t> replies_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<std::uint64_t> banned_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
  std::atomic<std::uint64_t> sessions_ = 0;
};

} // namespace troupe::venues::exchange_server
