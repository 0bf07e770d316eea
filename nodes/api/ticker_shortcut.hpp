#pragma once

#include "core/clock.hpp"
#include "core/duration.hpp"
#include "messages/ticker_board.hpp"
#include "net/router.hpp"
#include "nodes/api/route_table.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::api {

/// GET /data/ticker/{symbol} out of what the instruments' actors published, byte for byte as the
/// service would answer, without asking it. What is not live now is left to the service: another
/// node's instrument, one whose actor is away, one whose data is old by the clock, and any request
/// with a query.
class TickerShortcut {
public:
  /// @param board, clock  outlive it  @param node  of the replies' meta
  TickerShortcut(std::shared_ptr<const messages::TickerBoard> board,
                 const core::Clock& clock,
                 std::string_view node);

  /// @returns whether `out` is the answer
  [[nodiscard]] bool
  answer(const net::Request& request, const net::Params& params, net::Response& out) const;

  /// The newest known, marked degraded, for when the service fails; nullopt where it is older than
  /// that or there is none.
  [[nodiscard]] std::optional<EncodedReply> last_good(std::string_view symbol,
                                                      core::Duration ttl) const;

private:
  std::shared_ptr<const messages::TickerBoard> board_;
  const core::Clock& clock_;
  std::string end_; ///< what follows the request id
};

} // namespace troupe::api
