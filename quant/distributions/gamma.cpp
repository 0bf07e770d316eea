#include "quant/distributions/gamma.hpp"

#include <cmath>
#include <numbers>

namespace troupe::quant {

namespace gamma_detail {
constexpr double asymptotic_from = 10.0; // the first term left out is below 1e-16 there
} // namespace gamma_detail

double log_gamma(double x) {
  double product = 1.0;
  for (; x < gamma_detail::asymptotic_from; x += 1.0) {
    product *= x;
  }
  const double i = 1.0 / x;
  const double s = i * i;
  const double series =
    i
    * (1.0 / 12.0
       - s
           * (1.0 / 360.0
              - s
                  * (1.0 / 1260.0
                     - s * (1.0 / 1680.0 - s * (1.0 / 1188.0 - s * (691.0 / 360360.0))))));
  return (x - 0.5) * std::log(x) - x + 0.5 * std::log(2.0 * std::numbers::pi) + series
         - std::log(product);
}

double digamma(double x) {
  double below = 0.0;
  for (; x < gamma_detail::asymptotic_from; x += 1.0) {
    below += 1.0 / x;
  }
  const double s = 1.0 / (x * x);
  const double series =
    s
    * (1.0 / 12.0
       - s
           * (1.0 / 120.0
              - s * (1.0 / 252.0 - s * (1.0 / 240.0 - s * (1.0 / 132.0 - s * (691.0 / 32760.0))))));
  return std::log(x) - 0.5 / x - series - below;
}

} // namespace troupe::quant
