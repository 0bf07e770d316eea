#pragma once

#include <chrono>
#include <thread>

namespace test {

/// Polls a condition that another thread or process brings about.
/// @param limit  long, for machines under load: only a failure reaches it
/// @returns whether it came to hold
template <class Condition>
[[nodiscard]] bool eventually(Condition condition,
                              std::chrono::milliseconds limit = std::chrono::seconds{60}) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  return true;
}

} // namespace test
