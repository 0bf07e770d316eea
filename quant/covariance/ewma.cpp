#include "quant/covariance/ewma.hpp"

#include "quant/covariance/sample.hpp"
#include "quant/linear_algebra/columns.hpp"
#include "quant/linear_algebra/dense.hpp"

#include <cmath>
#include <stdexcept>

namespace troupe::quant {

namespace {

constexpr double return_magnitude_max = 1e100;
constexpr double weight_negligible = 1e-18;

bool usable_decay(double lambda) {
  return lambda > 0.0 && lambda < 1.0;
}

Expected<bool> check_returns(const Eigen::Ref<const Eigen::MatrixXd>& returns,
                             double lambda,
                             Eigen::Index bars_min) {
  if (!usable_decay(lambda)) {
    return Reason::BAD_PARAMETER;
  }
  if (returns.cols() == 0) {
    return Reason::BAD_SHAPE;
  }
  if (returns.rows() < bars_min) {
    return Reason::TOO_SHORT;
  }
  if (!returns.allFinite() || returns.cwiseAbs().maxCoeff() > return_magnitude_max) {
    return Reason::BAD_SAMPLE;
  }
  return true;
}

/// lambda^(T-1-t), newest 1.
Eigen::VectorXd decaying(Eigen::Index bars, double lambda) {
  Eigen::VectorXd out(bars);
  double weight = 1.0;
  for (Eigen::Index t = bars - 1; t >= 0; --t) {
    out[t] = weight;
    weight *= lambda;
  }
  return out;
}

/// sum w r r', over the bars whose weight counts.
Eigen::MatrixXd weighted_gram(const Eigen::Ref<const Eigen::MatrixXd>& returns,
                              const Eigen::VectorXd& weights) {
  Eigen::Index first = 0;
  while (first + 1 < weights.size() && weights[first] < weight_negligible) {
    ++first;
  }
  const Eigen::Index bars = weights.size() - first;
  const Eigen::VectorXd roots = weights.tail(bars).cwiseSqrt();
  return gram(roots.asDiagonal() * returns.bottomRows(bars));
}

/// 1 / volatilities; DEGENERATE where a variance is 0 or as good as that.
Expected<Eigen::VectorXd> inverse_volatilities(const Eigen::VectorXd& variances) {
  if (variances.minCoeff() <= 0.0) {
    return Reason::DEGENERATE;
  }
  Eigen::VectorXd inverse = variances.cwiseSqrt().cwiseInverse();
  if (!inverse.allFinite()) {
    return Reason::DEGENERATE;
  }
  return inverse;
}

} // namespace

EwmaCovariance::EwmaCovariance(Eigen::Index instruments, double lambda)
  : lambda_(lambda), state_(Eigen::MatrixXd::Zero(std::max<Eigen::Index>(instruments, 0),
                                                  std::max<Eigen::Index>(instruments, 0))) {
  if (instruments < 1 || !usable_decay(lambda)) {
    throw std::invalid_argument("an exponentially weighted covariance needs an instrument and a "
                                "weight inside 0 and 1");
  }
}

Expected<EwmaCovariance> EwmaCovariance::restored(
  const Eigen::Ref<const Eigen::MatrixXd>& covariance, double lambda, Eigen::Index observations) {
  if (!usable_decay(lambda)) {
    return Reason::BAD_PARAMETER;
  }
  if (const auto usable = check_symmetric(covariance); !usable) {
    return usable.reason();
  }
  if (observations < 1 || covariance.diagonal().minCoeff() < 0.0) {
    return Reason::BAD_SAMPLE;
  }
  EwmaCovariance out{covariance.rows(), lambda};
  out.state_ = covariance;
  out.observations_ = observations;
  return out;
}

bool EwmaCovariance::usable(const Eigen::Ref<const Eigen::VectorXd>& returns) const {
  return returns.size() == state_.rows() && returns.allFinite()
         && returns.cwiseAbs().maxCoeff() <= return_magnitude_max;
}

void EwmaCovariance::decay(Eigen::Index column, const Eigen::Ref<const Eigen::VectorXd>& returns) {
  decay_column(&state_(column, column), returns.data() + column, keep(),
               (1.0 - keep()) * returns[column], state_.rows() - column);
}

bool EwmaCovariance::update(const Eigen::Ref<const Eigen::VectorXd>& returns) {
  if (!usable(returns)) {
    return false;
  }
  for (Eigen::Index c = 0; c < state_.cols(); ++c) {
    decay(c, returns);
  }
  ++observations_;
  return true;
}

Expected<bool> EwmaCovariance::update_correlation(const Eigen::Ref<const Eigen::VectorXd>& returns,
                                                  Eigen::MatrixXd& out) {
  if (!usable(returns)) {
    return Reason::BAD_SAMPLE;
  }
  // as the columns will have them, to the bit
  const Eigen::VectorXd variances =
    keep() * state_.diagonal().array() + (1.0 - keep()) * returns.array() * returns.array();
  const auto inverse = inverse_volatilities(variances);
  if (!inverse) {
    return update(returns) ? inverse.reason() : Reason::BAD_SAMPLE;
  }
  const Eigen::Index n = state_.rows();
  out.resize(n, n);
  for (Eigen::Index from = 0; from < n; from += mirrored_columns) {
    const Eigen::Index count = std::min(mirrored_columns, n - from);
    for (Eigen::Index c = from; c < from + count; ++c) {
      decay(c, returns);
      correlation_column(state_, *inverse, c, out);
    }
    mirror_columns(out, from, count);
  }
  ++observations_;
  return true;
}

double EwmaCovariance::effective_observations() const {
  if (observations_ == 0) {
    return 0.0;
  }
  // weights (1 - l) l^k for k = 0 .. t-2, and l^(t-1) of the first bar
  const double square = lambda_ * lambda_;
  const double first = std::pow(square, static_cast<double>(observations_ - 1));
  const double rest = (1.0 - lambda_) / (1.0 + lambda_) * (1.0 - first);
  return 1.0 / (first + rest);
}

Expected<Eigen::MatrixXd> EwmaCovariance::covariance() const {
  if (observations_ == 0) {
    return Reason::TOO_SHORT;
  }
  Eigen::MatrixXd out = state_;
  mirror_lower(out);
  return out;
}

Expected<bool> EwmaCovariance::correlation(Eigen::MatrixXd& out) const {
  if (observations_ == 0) {
    return Reason::TOO_SHORT;
  }
  const auto inverse = inverse_volatilities(state_.diagonal());
  if (!inverse) {
    return inverse.reason();
  }
  out.resize(state_.rows(), state_.cols());
  correlation_of_lower(state_, *inverse, out);
  return true;
}

Expected<Eigen::MatrixXd> EwmaCovariance::correlation() const {
  Eigen::MatrixXd out;
  if (const auto done = correlation(out); !done) {
    return done.reason();
  }
  return out;
}

Expected<Eigen::MatrixXd> ewma_covariance(const Eigen::Ref<const Eigen::MatrixXd>& returns,
                                          double lambda) {
  if (const auto usable = check_returns(returns, lambda, 1); !usable) {
    return usable.reason();
  }
  Eigen::VectorXd weights = decaying(returns.rows(), lambda);
  weights.tail(weights.size() - 1) *= 1.0 - lambda;
  return weighted_gram(returns, weights);
}

Expected<Eigen::MatrixXd>
ewma_covariance_normalised(const Eigen::Ref<const Eigen::MatrixXd>& returns, double lambda) {
  if (const auto usable = check_returns(returns, lambda, 1); !usable) {
    return usable.reason();
  }
  Eigen::VectorXd weights = decaying(returns.rows(), lambda);
  weights /= weights.sum();
  return weighted_gram(returns, weights);
}

Expected<Eigen::MatrixXd> ewm_covariance_centred(const Eigen::Ref<const Eigen::MatrixXd>& returns,
                                                 double alpha) {
  if (const auto usable = check_returns(returns, 1.0 - alpha, 2); !usable) {
    return usable.reason();
  }
  Eigen::VectorXd weights = decaying(returns.rows(), 1.0 - alpha);
  weights /= weights.sum();
  const double freedom = 1.0 - weights.squaredNorm();
  if (freedom <= 0.0) {
    return Reason::DEGENERATE; // all the weight on one bar
  }
  const Eigen::RowVectorXd means = weights.transpose() * returns;
  Eigen::MatrixXd out = weighted_gram(returns.rowwise() - means, weights);
  out /= freedom;
  return out;
}

} // namespace troupe::quant
