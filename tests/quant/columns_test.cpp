#include "quant/linear_algebra/columns.hpp"
#include "random_matrices.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

using namespace troupe::quant;
using namespace troupe::quant::testing;
using Eigen::Index;
using Eigen::VectorXd;

TEST_CASE("columns: to the bit as the plain loop, whatever the length and the registers") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<Index>(0, 70);
    const auto seed = *seeds();
    const VectorXd x = normal_matrix(n, 1, seed);
    const VectorXd other = normal_matrix(n, 1, seed + 1);
    const VectorXd keep = normal_matrix(n, 1, seed + 2);
    VectorXd decayed = other;
    decay_correlations(decayed.data(), keep.data(), 0.94, x.data(), 0.3, n);
    VectorXd correlated(n);
    correlate_column(x.data(), other.data(), 0.8, correlated.data(), n);
    VectorXd in_place = x;
    correlate_column(in_place.data(), other.data(), 0.8, in_place.data(), n);
    for (Index i = 0; i < n; ++i) {
      const double kept = other[i] * (keep[i] * 0.94);
      const double taken = x[i] * 0.3;
      RC_ASSERT(decayed[i] == std::clamp(kept + taken, -1.0, 1.0));
      RC_ASSERT(correlated[i] == std::clamp(x[i] * other[i] * 0.8, -1.0, 1.0));
    }
    RC_ASSERT(in_place == correlated);
  }));
}

TEST_CASE("columns: what is not a number stays so") {
  constexpr Index n = 9;
  for (Index at = 0; at < n; ++at) {
    VectorXd x = VectorXd::Ones(n);
    x[at] = std::numeric_limits<double>::quiet_NaN();
    VectorXd out(n);
    correlate_column(x.data(), VectorXd::Ones(n).eval().data(), 0.5, out.data(), n);
    for (Index i = 0; i < n; ++i) {
      CHECK(std::isnan(out[i]) == (i == at));
    }
  }
}
