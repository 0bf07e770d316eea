#include "quant/covariance/ewma.hpp"

#include "quant/covariance/sample.hpp"
#include "quant/linear_algebra/columns.hpp"
#include "quant/linear_algebra/dense.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace troupe::quant {

namespace {

constexpr double return_magnitude_max = 1e100;
constexpr double weight_negligible = 1e-18;
constexpr double rounding_of_stored = 1e-8; // relative, of a covariance that was written and read

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

} // namespace

EwmaCovariance::EwmaCovariance(Eigen::Index instruments, double lambda) : lambda_(lambda) {
  if (instruments < 1 || !usable_decay(lambda)) {
    throw std::invalid_argument("an exponentially weighted covariance needs an instrument and a "
                                "weight inside 0 and 1");
  }
  correlation_ = Eigen::MatrixXd::Identity(instruments, instruments);
  variances_ = volatilities_ = keep_ = take_ = Eigen::VectorXd::Zero(instruments);
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
  out.variances_ = covariance.diagonal();
  out.volatilities_ = out.variances_.cwiseSqrt();
  for (Eigen::Index c = 0; c < covariance.cols(); ++c) {
    for (Eigen::Index r = c + 1; r < covariance.rows(); ++r) {
      const double largest = out.volatilities_[r] * out.volatilities_[c];
      if (std::abs(covariance(r, c)) > largest * (1.0 + rounding_of_stored)) {
        return Reason::BAD_SAMPLE;
      }
      const double value = largest > 0.0 ? std::clamp(covariance(r, c) / largest, -1.0, 1.0) : 0.0;
      out.correlation_(r, c) = out.correlation_(c, r) = value;
    }
  }
  out.observations_ = observations;
  return out;
}

bool EwmaCovariance::update(const Eigen::Ref<const Eigen::VectorXd>& returns) {
  if (returns.size() != instruments() || !returns.allFinite()
      || returns.cwiseAbs().maxCoeff() > return_magnitude_max) {
    return false;
  }
  const double keep = observations_ == 0 ? 0.0 : lambda_;
  const double take = std::sqrt(1.0 - keep);
  for (Eigen::Index i = 0; i < instruments(); ++i) {
    const double kept = keep * variances_[i];
    variances_[i] = kept + (1.0 - keep) * returns[i] * returns[i];
    volatilities_[i] = std::sqrt(variances_[i]);
    const bool moves = variances_[i] > 0.0; // what never moved goes with nothing
    keep_[i] = moves ? std::sqrt(kept / variances_[i]) : 0.0;
    take_[i] = moves ? take * returns[i] / volatilities_[i] : 0.0;
  }
  for (Eigen::Index c = 0; c < instruments(); ++c) {
    decay_correlations(&correlation_(0, c), keep_.data(), keep_[c], take_.data(), take_[c],
                       instruments());
    correlation_(c, c) = 1.0;
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
  Eigen::MatrixXd out(instruments(), instruments());
  for (Eigen::Index c = 0; c < out.cols(); ++c) {
    for (Eigen::Index r = 0; r < out.rows(); ++r) {
      out(r, c) = covariance(r, c);
    }
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
                                                 double alpha,
                                                 EwmWeights kind,
                                                 bool unbiased) {
  if (const auto usable = check_returns(returns, 1.0 - alpha, 2); !usable) {
    return usable.reason();
  }
  Eigen::VectorXd weights = decaying(returns.rows(), 1.0 - alpha);
  if (kind == EwmWeights::RECURSIVE) {
    weights.tail(weights.size() - 1) *= alpha;
  }
  weights /= weights.sum();
  const double divisor = unbiased ? 1.0 - weights.squaredNorm() : 1.0;
  if (divisor <= 0.0) {
    return Reason::DEGENERATE; // all the weight on one bar
  }
  const Eigen::RowVectorXd means = weights.transpose() * returns;
  Eigen::MatrixXd out = weighted_gram(returns.rowwise() - means, weights);
  out /= divisor;
  return out;
}

} // namespace troupe::quant
