#include "quant/markov/markov_switching_fit.hpp"

#include "quant/optimise/bfgs.hpp"
#include "quant/optimise/bounds.hpp"
#include "quant/random.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace troupe::quant {

namespace switching_fit_detail {

constexpr Eigen::Index observations_min = 30;
constexpr Eigen::Index regimes_fit_max = 4;
constexpr Eigen::Index order_fit_max = 6;

/// Search variables: K - 1 logits of each row against its last entry, K means, 1 or K logarithms of
/// variances, p autoregressive terms; of a series scaled to mean 0 and variance 1.
class Problem {
public:
  Problem(Eigen::VectorXd y, Eigen::Index regimes, Eigen::Index order, const SwitchingSettings& s)
    : y_(std::move(y)), regimes_(regimes), order_(order),
      switching_variance_(s.switching_variance), log_variance_{std::log(s.variance_floor),
                                                               std::log(100.0)} {}

  [[nodiscard]] Eigen::Index variables() const {
    return regimes_ * (regimes_ - 1) + regimes_ + variances() + order_;
  }

  [[nodiscard]] Eigen::VectorXd to_search(const MarkovSwitchingModel& m) const {
    Eigen::VectorXd u(variables());
    Eigen::Index at = 0;
    for (Eigen::Index i = 0; i < regimes_; ++i) {
      const double last = std::max(m.transition(i, regimes_ - 1), 1e-6);
      for (Eigen::Index j = 0; j + 1 < regimes_; ++j) {
        u[at++] = logit_.inverse(std::log(std::max(m.transition(i, j), 1e-6) / last));
      }
    }
    for (Eigen::Index i = 0; i < regimes_; ++i) {
      u[at++] = m.means[i];
    }
    for (Eigen::Index i = 0; i < variances(); ++i) {
      const double variance = switching_variance_ ? m.variances[i] : m.variances.mean();
      u[at++] = log_variance_.inverse(std::log(variance));
    }
    u.tail(order_) = m.autoregression;
    return u;
  }

  [[nodiscard]] MarkovSwitchingModel to_model(const Eigen::VectorXd& u) const {
    MarkovSwitchingModel m;
    m.transition.resize(regimes_, regimes_);
    Eigen::Index at = 0;
    for (Eigen::Index i = 0; i < regimes_; ++i) {
      Eigen::VectorXd row = Eigen::VectorXd::Zero(regimes_);
      for (Eigen::Index j = 0; j + 1 < regimes_; ++j) {
        row[j] = logit_.value(u[at++]);
      }
      row = (row.array() - row.maxCoeff()).exp().matrix();
      m.transition.row(i) = (row / row.sum()).transpose();
    }
    m.means = u.segment(at, regimes_);
    at += regimes_;
    m.variances.resize(regimes_);
    for (Eigen::Index i = 0; i < regimes_; ++i) {
      m.variances[i] = std::exp(log_variance_.value(u[at + (switching_variance_ ? i : 0)]));
    }
    m.autoregression = u.tail(order_);
    return m;
  }

  /// Minus the mean log-likelihood.
  double operator()(const Eigen::VectorXd& u, Eigen::VectorXd& gradient) {
    const auto model = to_model(u);
    if (recursions_.run(model, y_)) {
      return std::numeric_limits<double>::infinity();
    }
    recursions_.score(model, y_, score_);
    Eigen::Index at = 0;
    for (Eigen::Index i = 0; i < regimes_; ++i) {
      const double mean = score_.transition.row(i).dot(model.transition.row(i));
      for (Eigen::Index j = 0; j + 1 < regimes_; ++j, ++at) {
        gradient[at] =
          model.transition(i, j) * (score_.transition(i, j) - mean) * logit_.derivative(u[at]);
      }
    }
    gradient.segment(at, regimes_) = score_.means;
    at += regimes_;
    for (Eigen::Index i = 0; i < variances(); ++i, ++at) {
      const double slope =
        switching_variance_ ? score_.log_variances[i] : score_.log_variances.sum();
      gradient[at] = slope * log_variance_.derivative(u[at]);
    }
    gradient.tail(order_) = score_.autoregression;
    const double size = -static_cast<double>(y_.size() - order_);
    gradient /= size;
    return score_.log_likelihood / size;
  }

  Minimum search(const MarkovSwitchingModel& start, int iterations_max, double gradient_tolerance) {
    const Objective objective = [this](const Eigen::VectorXd& u, Eigen::VectorXd& gradient) {
      return (*this)(u, gradient);
    };
    return minimise_bfgs(objective, to_search(start), {iterations_max, gradient_tolerance, 1e-14});
  }

private:
  [[nodiscard]] Eigen::Index variances() const { return switching_variance_ ? regimes_ : 1; }

  Eigen::VectorXd y_;
  Eigen::Index regimes_;
  Eigen::Index order_;
  bool switching_variance_;
  SineBound log_variance_;
  SineBound logit_{-16.0, 16.0};
  switching_detail::HamiltonKim recursions_;
  SwitchingScore score_;
};

/// Location and scale of a series.
struct Scale {
  double mean = 0.0;
  double deviation = 1.0;

  [[nodiscard]] MarkovSwitchingModel scaled(MarkovSwitchingModel m) const {
    m.means = (m.means.array() - mean) / deviation;
    m.variances /= deviation * deviation;
    return m;
  }
  [[nodiscard]] MarkovSwitchingModel original(MarkovSwitchingModel m) const {
    m.means = m.means.array() * deviation + mean;
    m.variances *= deviation * deviation;
    return m;
  }
};

Expected<Scale> scale_of(const Eigen::Ref<const Eigen::VectorXd>& y,
                         Eigen::Index order,
                         const SwitchingSettings& settings) {
  if (settings.iterations_max < 1 || settings.starts < 1
      || !(settings.variance_floor > 0.0 && settings.variance_floor < 1.0)) {
    return Reason::BAD_PARAMETER;
  }
  if (y.size() < observations_min + order) {
    return Reason::TOO_SHORT;
  }
  if (!y.allFinite() || y.cwiseAbs().maxCoeff() > switching_detail::observation_max) {
    return Reason::BAD_SAMPLE;
  }
  Scale out;
  out.mean = y.mean();
  out.deviation = std::sqrt((y.array() - out.mean).square().mean());
  if (!(out.deviation > 1e-13 * std::abs(out.mean)) || !(out.deviation > 1e-125)) {
    return Reason::DEGENERATE;
  }
  return out;
}

SwitchingFit
fit_of(const Problem& problem, const Minimum& minimum, const Scale& scale, double size) {
  SwitchingFit fit;
  fit.model = scale.original(problem.to_model(minimum.x));
  fit.log_likelihood = -size * (minimum.value + std::log(scale.deviation));
  fit.iterations = minimum.iterations;
  fit.converged = minimum.converged;
  return fit;
}

/// Starts over a series of mean 0 and variance 1.
MarkovSwitchingModel start_of(Eigen::Index regimes, Eigen::Index order, int start, Random& random) {
  MarkovSwitchingModel m;
  const auto k = static_cast<double>(regimes);
  const double stay = start % 2 == 0 ? 0.9 : 0.75;
  m.transition = Eigen::MatrixXd::Constant(regimes, regimes, (1.0 - stay) / (k - 1.0));
  m.transition.diagonal().setConstant(stay);
  m.means.resize(regimes);
  m.variances.resize(regimes);
  for (Eigen::Index i = 0; i < regimes; ++i) {
    const double place = 2.0 * static_cast<double>(i) / (k - 1.0) - 1.0; // -1 .. 1
    switch (start) {
      case 0: // by level
      case 1:
        m.means[i] = place;
        m.variances[i] = 0.5;
        break;
      case 2: // by volatility
      case 3:
        m.means[i] = -0.05 * place;
        m.variances[i] = std::exp(1.2 * place - 0.3);
        break;
      default:
        m.means[i] = random.normal();
        m.variances[i] = std::exp(random.normal() - 0.5);
        for (Eigen::Index j = 0; j < regimes; ++j) {
          m.transition(i, j) = (i == j ? 8.0 : 1.0) * random.uniform();
        }
        m.transition.row(i) /= m.transition.row(i).sum();
        break;
    }
  }
  m.autoregression = Eigen::VectorXd::Zero(order);
  return m;
}

MarkovSwitchingModel ordered(const MarkovSwitchingModel& m, bool by_variance) {
  std::vector<Eigen::Index> order(static_cast<std::size_t>(m.regimes()));
  std::iota(order.begin(), order.end(), 0);
  const Eigen::VectorXd& key = by_variance ? m.variances : m.means;
  std::stable_sort(order.begin(), order.end(),
                   [&](Eigen::Index a, Eigen::Index b) { return key[a] < key[b]; });
  MarkovSwitchingModel out = m;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    out.means[row] = m.means[order[i]];
    out.variances[row] = m.variances[order[i]];
    for (std::size_t j = 0; j < order.size(); ++j) {
      out.transition(row, static_cast<Eigen::Index>(j)) = m.transition(order[i], order[j]);
    }
  }
  return out;
}

} // namespace switching_fit_detail

Expected<SwitchingFit> fit_markov_switching_from(const MarkovSwitchingModel& start,
                                                 const Eigen::Ref<const Eigen::VectorXd>& y,
                                                 const SwitchingSettings& settings) {
  using namespace switching_fit_detail;
  if (!start.usable()) {
    return Reason::BAD_PARAMETER;
  }
  const auto scale = scale_of(y, start.order(), settings);
  if (!scale) {
    return scale.reason();
  }
  Problem problem{(y.array() - scale->mean) / scale->deviation, start.regimes(), start.order(),
                  settings};
  const auto minimum = problem.search(scale->scaled(start), settings.iterations_max, 1e-8);
  if (!minimum.converged) {
    return Reason::NOT_CONVERGED;
  }
  return fit_of(problem, minimum, *scale, static_cast<double>(y.size() - start.order()));
}

Expected<SwitchingFit> fit_markov_switching(const Eigen::Ref<const Eigen::VectorXd>& y,
                                            Eigen::Index regimes,
                                            Eigen::Index order,
                                            const SwitchingSettings& settings) {
  using namespace switching_fit_detail;
  if (regimes < 2 || regimes > regimes_fit_max || order < 0 || order > order_fit_max) {
    return Reason::BAD_PARAMETER;
  }
  const auto scale = scale_of(y, order, settings);
  if (!scale) {
    return scale.reason();
  }
  Problem problem{(y.array() - scale->mean) / scale->deviation, regimes, order, settings};
  Random random{settings.seed};
  Minimum best;
  best.value = std::numeric_limits<double>::infinity();
  for (int start = 0; start < settings.starts; ++start) {
    const auto model = start_of(regimes, order, start, random);
    auto minimum = problem.search(model, std::min(settings.iterations_max, 60), 1e-4);
    if (minimum.value < best.value) {
      best = std::move(minimum);
    }
  }
  if (!std::isfinite(best.value)) {
    return Reason::DEGENERATE;
  }
  best = problem.search(problem.to_model(best.x), settings.iterations_max, 1e-8);
  if (!best.converged) {
    return Reason::NOT_CONVERGED;
  }
  auto fit = fit_of(problem, best, *scale, static_cast<double>(y.size() - order));
  fit.model = ordered(fit.model, settings.switching_variance);
  return fit;
}

} // namespace troupe::quant
