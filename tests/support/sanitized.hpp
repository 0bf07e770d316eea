#pragma once

/// Whether this is an AddressSanitizer build, whose quarantine holds on to freed memory: what a test
/// says of memory then does not apply.
#ifdef __SANITIZE_ADDRESS__
inline constexpr bool is_address_sanitized = true;
#else
inline constexpr bool is_address_sanitized = false;
#endif
