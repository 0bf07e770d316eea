#include "quant/distributions/student_t.hpp"

#include "quant/distributions/gamma.hpp"

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

#include <cmath>
#include <numbers>

namespace troupe::quant {

namespace {

namespace bm = boost::math;

// Errors come back as values that are not finite instead of exceptions; none are let through.
// Doubles are not promoted to long double, which would only cost time.
using Quiet = bm::policies::policy<bm::policies::domain_error<bm::policies::ignore_error>,
                                   bm::policies::overflow_error<bm::policies::ignore_error>,
                                   bm::policies::underflow_error<bm::policies::ignore_error>,
                                   bm::policies::evaluation_error<bm::policies::ignore_error>,
                                   bm::policies::pole_error<bm::policies::ignore_error>,
                                   bm::policies::promote_double<false>>;

bool usable_freedom(double degrees_of_freedom) {
  return std::isfinite(degrees_of_freedom) && degrees_of_freedom > 0.0;
}

bool usable_probability(double p) {
  return p > 0.0 && p < 1.0;
}

Expected<double> finite_value(double value) {
  if (!std::isfinite(value)) {
    return Reason::NOT_CONVERGED;
  }
  return value;
}

} // namespace

Expected<double> normal_cdf(double x) {
  if (std::isnan(x)) {
    return Reason::BAD_SAMPLE;
  }
  return 0.5 * std::erfc(-x / std::numbers::sqrt2);
}

Expected<double> normal_quantile(double probability) {
  if (!usable_probability(probability)) {
    return Reason::BAD_PARAMETER;
  }
  return finite_value(bm::quantile(bm::normal_distribution<double, Quiet>{}, probability));
}

Expected<double> student_t_cdf(double x, double degrees_of_freedom) {
  if (!usable_freedom(degrees_of_freedom)) {
    return Reason::BAD_PARAMETER;
  }
  if (std::isnan(x)) {
    return Reason::BAD_SAMPLE;
  }
  if (std::isinf(x)) {
    return x > 0.0 ? 1.0 : 0.0;
  }
  return finite_value(bm::cdf(bm::students_t_distribution<double, Quiet>{degrees_of_freedom}, x));
}

Expected<double> student_t_quantile(double probability, double degrees_of_freedom) {
  if (!usable_freedom(degrees_of_freedom) || !usable_probability(probability)) {
    return Reason::BAD_PARAMETER;
  }
  return finite_value(
    bm::quantile(bm::students_t_distribution<double, Quiet>{degrees_of_freedom}, probability));
}

Expected<double> student_t_log_density(double x, double degrees_of_freedom) {
  if (!usable_freedom(degrees_of_freedom)) {
    return Reason::BAD_PARAMETER;
  }
  if (!std::isfinite(x)) {
    return Reason::BAD_SAMPLE;
  }
  const double nu = degrees_of_freedom;
  return log_gamma(0.5 * (nu + 1.0)) - log_gamma(0.5 * nu) - 0.5 * std::log(nu * std::numbers::pi)
         - 0.5 * (nu + 1.0) * std::log1p(x * x / nu);
}

} // namespace troupe::quant
