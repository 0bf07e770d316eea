#pragma once

#include "actors/correlation/answers.hpp"

namespace troupe::correlation {

/// Tail dependence of every pair: empirical at a level, by a Student-t copula of all symbols, and
/// correlations of joint exceedances.
/// @param alpha  0.01 to 0.25
[[nodiscard]] core::Result<messages::TailReply> answer_tail(const Basis& basis, double alpha);

} // namespace troupe::correlation
