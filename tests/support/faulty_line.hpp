#pragma once

#include "core/time.hpp"

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>

namespace test {

/// A connection in virtual time that can lose, repeat and reorder what is sent over it.
class FaultyLine {
public:
  using Timestamp = troupe::core::Timestamp;

  FaultyLine(std::mt19937_64& random, std::chrono::milliseconds latency)
    : random_(&random), latency_(latency) {}

  double fault_rate = 0.0; ///< of the messages, from now on
  std::uint64_t dropped = 0;
  std::uint64_t repeated = 0;
  std::uint64_t reordered = 0;

  void send(std::string text, Timestamp now) {
    const auto due = now + latency_;
    if (std::uniform_real_distribution<>{}(*random_) >= fault_rate) {
      flying_.emplace(due.ns, std::move(text));
      return;
    }
    switch (std::uniform_int_distribution<>{0, 2}(*random_)) {
      case 0: ++dropped; return;
      case 1:
        ++repeated;
        flying_.emplace(due.ns, text);
        break;
      default: ++reordered; break;
    }
    flying_.emplace(
      (due + std::chrono::milliseconds{std::uniform_int_distribution<>{0, 2'000}(*random_)}).ns,
      std::move(text));
  }

  template <class Receive>
  void deliver(Timestamp now, Receive&& receive) {
    while (!flying_.empty() && flying_.begin()->first <= now.ns) {
      auto text = std::move(flying_.begin()->second);
      flying_.erase(flying_.begin());
      receive(text);
    }
  }
  void clear() { flying_.clear(); }

private:
  std::mt19937_64* random_;
  std::chrono::milliseconds latency_;
  std::multimap<std::int64_t, std::string> flying_; ///< by when they come
};

/// What a venue answers a query with, and when it comes.
struct LateAnswer {
  troupe::core::Timestamp due;
  std::uint64_t query = 0;
  std::string body;
};

} // namespace test
