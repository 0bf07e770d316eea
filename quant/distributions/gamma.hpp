#pragma once

namespace troupe::quant {

/// ln of the gamma function, for x > 0; relative error below 1e-14 (absolute near 1 and 2).
/// Not std::lgamma, which writes a global variable and so may not run on several threads.
/// @source  Abramowitz & Stegun 6.1.41 after the recurrence 6.1.15 has raised x to 10 or more
[[nodiscard]] double log_gamma(double x);

/// Its derivative, the digamma function, for x > 0.
/// @source  Abramowitz & Stegun 6.3.18 and 6.3.5
[[nodiscard]] double digamma(double x);

} // namespace troupe::quant
