#pragma once

#include "core/errc.hpp"

#include <chrono>
#include <optional>
#include <string>

/// When to come again, inside an error's text, so that it survives every mailbox and every hop.
namespace troupe::core {

/// "retry_after_ms=N", N rounded up and at least 1.
[[nodiscard]] std::string retry_after_text(std::chrono::nanoseconds wait);

/// What retry_after_text wrote anywhere into the error's text.
[[nodiscard]] std::optional<std::chrono::nanoseconds> retry_after(const Error& error);

} // namespace troupe::core
