#pragma once

#include "core/time.hpp"

#include <cstdint>

namespace troupe::venues::sim::test {

inline constexpr std::int64_t second = 1'000'000'000;
inline const core::Timestamp anchor = *core::Timestamp::from_text("2024-03-01T00:00:00Z");

} // namespace troupe::venues::sim::test
