#pragma once

#include "messages/venue_limits.hpp"
#include "net/http_client.hpp"

/// What the headers of a venue's reply say of its limits.
namespace troupe::venues {

/// Reads X-MBX-USED-WEIGHT-(n)(S|M|H|D), X-MBX-ORDER-COUNT-..., x-ratelimit-remaining and -reset,
/// Retry-After, and the status.
/// @param ratelimit_name  the limit that x-ratelimit-* are about; empty: none
[[nodiscard]] messages::ReportUsage read_usage(const std::string& venue,
                                               const messages::CallCost& cost,
                                               const net::ClientResponse& response,
                                               const std::string& ratelimit_name,
                                               core::Timestamp now);

} // namespace troupe::venues
