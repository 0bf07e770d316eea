#pragma once

#include <atomic>
#include <cstdlib>
#include <new>

/// Counts calls of operator new. To be included by exactly one file of a program: it replaces the
/// global operators.
namespace test {
inline std::atomic<std::size_t> allocations{0};
}

void* operator new(std::size_t size) {
  ++test::allocations;
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) {
    return memory;
  }
  throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
