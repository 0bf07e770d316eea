#pragma once

#include "quant/distributions/gamma.hpp"
#include "quant/distributions/log_sum.hpp"
#include "quant/volatility/garch.hpp"

#include <cmath>
#include <numbers>

/// The loop under every GARCH likelihood; internal to this folder.
namespace troupe::quant::garch_kernel {

struct Moments {
  double mean = 0.0;
  double variance = 0.0; ///< divisor T
};

[[nodiscard]] inline Moments moments_of(const Eigen::Ref<const Eigen::VectorXd>& returns) {
  const double mean = returns.mean();
  return {mean, (returns.array() - mean).square().mean()};
}

/// Derivatives of one observation's log-likelihood, or of their sum.
struct Score {
  double mean = 0.0;
  double omega = 0.0;
  double alpha = 0.0;
  double gamma = 0.0;
  double beta = 0.0;
  double degrees_of_freedom = 0.0;

  /// In the order of GarchModel::parameter_count().
  template <class Vector>
  void write(const GarchModel& model, Vector&& out) const {
    Eigen::Index i = 0;
    out[i++] = mean;
    out[i++] = omega;
    out[i++] = alpha;
    if (model.asymmetric) {
      out[i++] = gamma;
    }
    out[i++] = beta;
    if (model.innovation == Innovation::STUDENT_T) {
      out[i] = degrees_of_freedom;
    }
  }
};

/// Terms of the Student-t density that depend on the degrees of freedom alone.
struct StudentTerms {
  double nu = 0.0;
  double scale = 0.0; ///< 1 / (nu - 2)
  double half = 0.0;  ///< (nu + 1) / 2
  double constant = 0.0;
  double constant_slope = 0.0;

  explicit StudentTerms(double degrees_of_freedom)
    : nu(degrees_of_freedom), scale(1.0 / (nu - 2.0)), half(0.5 * (nu + 1.0)),
      constant(log_gamma(half) - log_gamma(0.5 * nu)
               - 0.5 * std::log(std::numbers::pi * (nu - 2.0))),
      constant_slope(0.5 * (digamma(half) - digamma(0.5 * nu) - scale)) {}
};

/// Value only: log-likelihood of all observations.
template <bool Asymmetric, bool Student>
double value(const double* r, Eigen::Index n, const GarchParameters& p, double h) {
  LogSum logs;
  LogSum tails;
  double squares = 0.0;
  const double scale = Student ? 1.0 / (p.degrees_of_freedom - 2.0) : 0.0;
  for (Eigen::Index t = 0; t < n; ++t) {
    const double e = r[t] - p.mean;
    const double e2 = e * e;
    logs.add(h);
    if constexpr (Student) {
      tails.add(1.0 + e2 / h * scale);
    } else {
      squares += e2 / h;
    }
    const double a = Asymmetric && e < 0.0 ? p.alpha + p.gamma : p.alpha;
    h = p.omega + a * e2 + p.beta * h;
  }
  const auto size = static_cast<double>(n);
  if constexpr (Student) {
    const StudentTerms t{p.degrees_of_freedom};
    return size * t.constant - 0.5 * logs.value() - t.half * tails.value();
  }
  return -0.5 * (size * std::log(2.0 * std::numbers::pi) + logs.value() + squares);
}

/// h[1] and its derivatives.
struct First {
  double h = 0.0;
  Score slope;
};

inline First first_variance(const GarchParameters& p, Presample presample, const Moments& moments) {
  const double offset = moments.mean - p.mean;
  const double m = moments.variance + offset * offset;
  First out{m, {}};
  out.slope.mean = -2.0 * offset;
  if (presample == Presample::RECURSION) {
    out.h = p.omega + p.persistence() * m;
    out.slope = {p.persistence() * out.slope.mean, 1.0, m, 0.5 * m, m, 0.0};
  }
  return out;
}

/// Calls sink(t, e, h, slopes of h) for each observation.
/// @source  Fiorentini, Calzolari & Panattoni, J. Applied Econometrics 11 (1996)
template <bool Asymmetric, class Sink>
void each_variance(
  const double* r, Eigen::Index n, const GarchParameters& p, const First& first, Sink&& sink) {
  double h = first.h;
  Score d = first.slope; // dh/d(parameter)
  for (Eigen::Index t = 0; t < n; ++t) {
    const double e = r[t] - p.mean;
    sink(t, e, h, d);
    const double e2 = e * e;
    const bool down = Asymmetric && e < 0.0;
    const double a = down ? p.alpha + p.gamma : p.alpha;
    d.mean = p.beta * d.mean - 2.0 * a * e;
    d.omega = p.beta * d.omega + 1.0;
    d.alpha = p.beta * d.alpha + e2;
    if constexpr (Asymmetric) {
      d.gamma = p.beta * d.gamma + (down ? e2 : 0.0);
    }
    d.beta = p.beta * d.beta + h;
    h = p.omega + a * e2 + p.beta * h;
  }
}

/// Log-likelihood and the sum of scores; each observation's score goes to sink(t, score, x), where
/// x = e^2 / (h (nu - 2)) for Student_t.
template <bool Asymmetric, bool Student, class Sink>
double with_score(const double* r,
                  Eigen::Index n,
                  const GarchParameters& p,
                  const First& first,
                  Score& total,
                  Sink&& sink) {
  const StudentTerms student{Student ? p.degrees_of_freedom : 4.0};
  LogSum logs;
  LogSum tails;
  double squares = 0.0;
  Score sum;
  each_variance<Asymmetric>(r, n, p, first,
                            [&](Eigen::Index t, double e, double h, const Score& d) {
                              const double inverse = 1.0 / h;
                              const double z2 = e * e * inverse;
                              logs.add(h);
                              double slope = 0.5 * inverse * (z2 - 1.0); // dl/dh
                              double mean_slope = e * inverse;           // dl/d(mean) at fixed h
                              double x = 0.0;
                              if constexpr (Student) {
                                x = z2 * student.scale;
                                tails.add(1.0 + x);
                                const double weight = student.half / (1.0 + x);
                                slope = inverse * (weight * x - 0.5);
                                mean_slope = 2.0 * weight * e * inverse * student.scale;
                                squares += x / (1.0 + x);
                              } else {
                                squares += z2;
                              }
                              Score s;
                              s.mean = mean_slope + slope * d.mean;
                              s.omega = slope * d.omega;
                              s.alpha = slope * d.alpha;
                              s.beta = slope * d.beta;
                              sum.mean += s.mean;
                              sum.omega += s.omega;
                              sum.alpha += s.alpha;
                              sum.beta += s.beta;
                              if constexpr (Asymmetric) {
                                s.gamma = slope * d.gamma;
                                sum.gamma += s.gamma;
                              }
                              sink(t, s, x);
                            });
  total = sum;
  const auto size = static_cast<double>(n);
  if constexpr (Student) {
    const double tail = tails.value();
    total.degrees_of_freedom =
      size * student.constant_slope - 0.5 * tail + student.half * student.scale * squares;
    return size * student.constant - 0.5 * logs.value() - student.half * tail;
  }
  return -0.5 * (size * std::log(2.0 * std::numbers::pi) + logs.value() + squares);
}

/// dl/d(degrees of freedom) of one observation, x = e^2 / (h (nu - 2)).
inline double student_score(const StudentTerms& t, double x) {
  return t.constant_slope - 0.5 * std::log1p(x) + t.half * t.scale * x / (1.0 + x);
}

/// Calls f(std::bool_constant<asymmetric>, std::bool_constant<student>).
template <class F>
auto dispatch(const GarchModel& model, F&& f) {
  using Yes = std::true_type;
  using No = std::false_type;
  const bool student = model.innovation == Innovation::STUDENT_T;
  if (model.asymmetric) {
    return student ? f(Yes{}, Yes{}) : f(Yes{}, No{});
  }
  return student ? f(No{}, Yes{}) : f(No{}, No{});
}

inline double log_likelihood(const Eigen::Ref<const Eigen::VectorXd>& returns,
                             const GarchModel& model,
                             const GarchParameters& p,
                             const Moments& moments) {
  const First first = first_variance(p, model.presample, moments);
  return dispatch(model, [&](auto asymmetric, auto student) {
    return value<asymmetric, student>(returns.data(), returns.size(), p, first.h);
  });
}

/// @param sink  sink(t, score): with the score of observation t complete
template <class Sink>
double log_likelihood_scores(const Eigen::Ref<const Eigen::VectorXd>& returns,
                             const GarchModel& model,
                             const GarchParameters& p,
                             const Moments& moments,
                             Score& total,
                             Sink&& sink) {
  const First first = first_variance(p, model.presample, moments);
  const StudentTerms terms{model.innovation == Innovation::STUDENT_T ? p.degrees_of_freedom : 4.0};
  return dispatch(model, [&](auto asymmetric, auto student) {
    return with_score<asymmetric, student>(returns.data(), returns.size(), p, first, total,
                                           [&](Eigen::Index t, Score& score, double x) {
                                             if constexpr (student) {
                                               score.degrees_of_freedom = student_score(terms, x);
                                             }
                                             sink(t, score);
                                           });
  });
}

inline double log_likelihood_gradient(const Eigen::Ref<const Eigen::VectorXd>& returns,
                                      const GarchModel& model,
                                      const GarchParameters& p,
                                      const Moments& moments,
                                      Score& total) {
  const First first = first_variance(p, model.presample, moments);
  return dispatch(model, [&](auto asymmetric, auto student) {
    return with_score<asymmetric, student>(returns.data(), returns.size(), p, first, total,
                                           [](Eigen::Index, const Score&, double) {});
  });
}

} // namespace troupe::quant::garch_kernel
