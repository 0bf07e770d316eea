#include "quant/volatility/garch.hpp"

#include "quant/indicators/bars.hpp"
#include "quant/volatility/garch_kernel.hpp"

#include <stdexcept>

namespace troupe::quant {

namespace garch_detail {

constexpr double variance_smallest = 1e-200; // below it sums of logarithms would underflow

bool usable_returns(const Eigen::Ref<const Eigen::VectorXd>& returns) {
  // the largest magnitude decides; a NaN makes the sum not finite
  return std::isfinite(returns.sum()) && returns.cwiseAbs().maxCoeff() <= price_magnitude_max;
}

bool usable_model(const GarchParameters& p, const GarchModel& model) {
  return p.usable() && (model.asymmetric || p.gamma == 0.0)
         && (model.innovation != Innovation::STUDENT_T
             || (std::isfinite(p.degrees_of_freedom) && p.degrees_of_freedom > 2.0));
}

std::optional<Reason> refusal(const Eigen::Ref<const Eigen::VectorXd>& returns,
                              const GarchModel& model,
                              const GarchParameters& parameters) {
  if (!usable_model(parameters, model)) {
    return Reason::BAD_PARAMETER;
  }
  if (returns.size() < 2) {
    return Reason::TOO_SHORT;
  }
  if (!usable_returns(returns)) {
    return Reason::BAD_SAMPLE;
  }
  return std::nullopt;
}

double step(const GarchParameters& p, double observation, double variance) {
  const double e = observation - p.mean;
  return p.omega + (e < 0.0 ? p.alpha + p.gamma : p.alpha) * e * e + p.beta * variance;
}

} // namespace garch_detail

std::optional<double> GarchParameters::long_run_variance() const {
  const double rest = 1.0 - persistence();
  if (!(rest > 0.0) || !std::isfinite(omega / rest)) {
    return std::nullopt;
  }
  return omega / rest;
}

bool GarchParameters::usable() const {
  return std::isfinite(mean) && std::isfinite(omega) && std::isfinite(alpha) && std::isfinite(gamma)
         && std::isfinite(beta) && omega > garch_detail::variance_smallest && alpha >= 0.0
         && beta >= 0.0 && alpha + gamma >= 0.0;
}

Eigen::VectorXd to_vector(const GarchParameters& parameters, const GarchModel& model) {
  Eigen::VectorXd out(model.parameter_count());
  const garch_kernel::Score as_score{parameters.mean,  parameters.omega,
                                     parameters.alpha, parameters.gamma,
                                     parameters.beta,  parameters.degrees_of_freedom};
  as_score.write(model, out);
  return out;
}

Expected<double> garch_log_likelihood(const Eigen::Ref<const Eigen::VectorXd>& returns,
                                      const GarchModel& model,
                                      const GarchParameters& parameters,
                                      Eigen::VectorXd* gradient,
                                      Eigen::MatrixXd* scores) {
  if (const auto reason = garch_detail::refusal(returns, model, parameters)) {
    return *reason;
  }
  const auto moments = garch_kernel::moments_of(returns);
  double out = 0.0;
  garch_kernel::Score total;
  if (scores != nullptr) {
    scores->resize(returns.size(), model.parameter_count());
    out =
      garch_kernel::log_likelihood_scores(returns, model, parameters, moments, total,
                                          [&](Eigen::Index t, const garch_kernel::Score& score) {
                                            score.write(model, scores->row(t));
                                          });
  } else if (gradient != nullptr) {
    out = garch_kernel::log_likelihood_gradient(returns, model, parameters, moments, total);
  } else {
    out = garch_kernel::log_likelihood(returns, model, parameters, moments);
  }
  if (gradient != nullptr) {
    gradient->resize(model.parameter_count());
    total.write(model, *gradient);
  }
  if (!std::isfinite(out)) {
    return Reason::BAD_PARAMETER; // an explosive path
  }
  return out;
}

Expected<Eigen::MatrixXd> garch_residual_slopes(const Eigen::Ref<const Eigen::VectorXd>& returns,
                                                const GarchModel& model,
                                                const GarchParameters& parameters) {
  if (const auto reason = garch_detail::refusal(returns, model, parameters)) {
    return *reason;
  }
  using garch_kernel::Score;
  const auto first =
    garch_kernel::first_variance(parameters, model.presample, garch_kernel::moments_of(returns));
  Eigen::MatrixXd out(returns.size(), model.parameter_count());
  const auto sink = [&](Eigen::Index t, double e, double h, const Score& d) {
    const double root = std::sqrt(h);
    const double c = -0.5 * e / (root * h); // dz/dh
    const Score z{c * d.mean - 1.0 / root, c * d.omega, c * d.alpha, c * d.gamma, c * d.beta, 0.0};
    z.write(model, out.row(t));
  };
  garch_kernel::dispatch(model, [&](auto asymmetric, auto) {
    garch_kernel::each_variance<asymmetric>(returns.data(), returns.size(), parameters, first,
                                            sink);
  });
  if (!out.allFinite()) {
    return Reason::BAD_PARAMETER;
  }
  return out;
}

Expected<Eigen::VectorXd> garch_variances(const Eigen::Ref<const Eigen::VectorXd>& returns,
                                          const GarchModel& model,
                                          const GarchParameters& parameters,
                                          std::optional<double> variance_first) {
  if (const auto reason = garch_detail::refusal(returns, model, parameters)) {
    return *reason;
  }
  if (variance_first && !(*variance_first > 0.0 && std::isfinite(*variance_first))) {
    return Reason::BAD_PARAMETER;
  }
  const auto first =
    garch_kernel::first_variance(parameters, model.presample, garch_kernel::moments_of(returns));
  Eigen::VectorXd out(returns.size() + 1);
  out[0] = variance_first.value_or(first.h);
  for (Eigen::Index t = 0; t < returns.size(); ++t) {
    out[t + 1] = garch_detail::step(parameters, returns[t], out[t]);
  }
  if (!std::isfinite(out[returns.size()]) || !(out[0] > 0.0)) {
    return Reason::BAD_PARAMETER;
  }
  return out;
}

Expected<Eigen::VectorXd>
garch_forecast(const GarchParameters& parameters, double variance_next, Eigen::Index horizon) {
  if (!parameters.usable() || horizon < 1 || !(variance_next > 0.0)
      || !std::isfinite(variance_next)) {
    return Reason::BAD_PARAMETER;
  }
  Eigen::VectorXd out(horizon);
  out[0] = variance_next;
  for (Eigen::Index k = 1; k < horizon; ++k) {
    out[k] = parameters.omega + parameters.persistence() * out[k - 1];
  }
  if (!std::isfinite(out[horizon - 1])) {
    return Reason::BAD_PARAMETER;
  }
  return out;
}

GarchFilter::GarchFilter(const GarchParameters& parameters, double variance_next)
  : parameters_(parameters), variance_(variance_next) {
  if (!parameters.usable() || !(variance_next > 0.0) || !std::isfinite(variance_next)) {
    throw std::invalid_argument("GARCH filter: parameters or first variance out of bounds");
  }
}

std::optional<double> GarchFilter::update(double observation) {
  if (!usable_sample(observation)) {
    return std::nullopt;
  }
  const double residual = (observation - parameters_.mean) / std::sqrt(variance_);
  const double next = garch_detail::step(parameters_, observation, variance_);
  if (!std::isfinite(next)) {
    return std::nullopt;
  }
  variance_ = next;
  return residual;
}

} // namespace troupe::quant
