#pragma once

#include "supervision/supervisor.hpp"

#include <string>

namespace troupe::correlation {

/// Positions of one portfolio.
inline constexpr std::size_t positions_max = 1'000;

/// The child that keeps the portfolios: answers GetPortfolio, PutPortfolio and ListPortfolios.
/// What it keeps is in the documents store; a write is answered when it is there. Writes are
/// published, and those of other nodes are stored too, so that each node of the role has a copy
/// and the next owner goes on from it.
/// @param documents_path, series_path  of the store and of the child that knows the instruments
[[nodiscard]] supervision::ChildSpec portfolios(std::string documents_path,
                                                std::string series_path);

} // namespace troupe::correlation
