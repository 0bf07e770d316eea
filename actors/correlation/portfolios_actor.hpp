#pragma once

#include "supervision/supervisor.hpp"

#include <string>

namespace troupe::correlation {

/// Positions of one portfolio.
inline constexpr std::size_t positions_max = 1'000;

/// The child that keeps the portfolios: answers GetPortfolio, PutPortfolio, DeletePortfolio and
/// ListPortfolios. What it keeps is in the documents store; a write is answered when it is there.
/// Writes are published, and those of other nodes are stored too, so that each node of the role has
/// a copy and the next owner goes on from it.
/// Without the store, reads are answered from memory, with source "copy", quality stale and the
/// reason among the inputs; writes are refused with UNAVAILABLE. One that the store did not answer
/// in time is OUTCOME_UNKNOWN: it may be there, or come to be.
/// @param documents_path, series_path  of the store and of the child that knows the instruments
[[nodiscard]] supervision::ChildSpec portfolios(std::string documents_path,
                                                std::string series_path);

} // namespace troupe::correlation
