#pragma once

#include "core/duration.hpp"
#include "core/errc.hpp"
#include "net/http.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace troupe::net {

/// What an error reply may say beyond its code and text.
struct ErrorExtras {
  std::optional<core::Duration> retry_after{}; ///< also sent as Retry-After, in whole seconds, up
  std::string details = "null";                ///< encoded JSON
  unsigned status = 0;                         ///< 0: the status of the code (core::traits)
};

/// {"error": {"code", "message", "details", "request_id", "retryable", "retry_after_ms"}}
[[nodiscard]] Response error_response(const core::Error& error,
                                      std::string_view request_id,
                                      const ErrorExtras& extras = {});

/// {"data": ..., "meta": {<members>, "request_id", "node"}}
/// @param data          encoded JSON
/// @param meta_members  encoded JSON members without the braces, such as "as_of":"...","n_obs":5;
///                      may be empty
[[nodiscard]] Response data_response(std::string_view data,
                                     std::string_view meta_members,
                                     std::string_view request_id,
                                     std::string_view node);

} // namespace troupe::net
