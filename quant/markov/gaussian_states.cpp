#include "quant/markov/gaussian_states.hpp"

#include <Eigen/Cholesky>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace troupe::quant {

namespace gaussian_states_detail {

constexpr double weight_smallest = 1e-8;
constexpr double magnitude_max = 1e100;

bool positive_definite(const Eigen::MatrixXd& m) {
  return Eigen::LLT<Eigen::MatrixXd>{m}.info() == Eigen::Success;
}

/// Weighted sums of one state around a given point.
struct Moments {
  double weight = 0.0;
  Eigen::VectorXd first;
  Eigen::MatrixXd second; ///< lower triangle

  explicit Moments(Eigen::Index dimension)
    : first(Eigen::VectorXd::Zero(dimension)), second(Eigen::MatrixXd::Zero(dimension, dimension)) {
  }
};

void accumulate(const RowMatrix& x,
                const RowMatrix& weights,
                Eigen::Index state,
                const Eigen::VectorXd& around,
                Moments& out) {
  const Eigen::Index d = x.cols();
  const Eigen::Index k = weights.cols();
  const double* w = weights.data() + state;
  if (d == 1) {
    double first = 0.0;
    double second = 0.0;
    for (Eigen::Index t = 0; t < x.rows(); ++t) {
      const double deviation = x.data()[t] - around[0];
      const double weighted = w[t * k] * deviation;
      out.weight += w[t * k];
      first += weighted;
      second += weighted * deviation;
    }
    out.first[0] = first;
    out.second(0, 0) = second;
    return;
  }
  Eigen::VectorXd deviation(d);
  for (Eigen::Index t = 0; t < x.rows(); ++t) {
    const double weight = w[t * k];
    out.weight += weight;
    const double* row = x.data() + t * d;
    for (Eigen::Index i = 0; i < d; ++i) {
      deviation[i] = row[i] - around[i];
    }
    for (Eigen::Index j = 0; j < d; ++j) {
      const double weighted = weight * deviation[j];
      out.first[j] += weighted;
      for (Eigen::Index i = j; i < d; ++i) {
        out.second(i, j) += weighted * deviation[i];
      }
    }
  }
}

Eigen::MatrixXd
restricted(Eigen::MatrixXd covariance, CovarianceType type, const Eigen::VectorXd& floor) {
  const Eigen::Index d = covariance.rows();
  if (type == CovarianceType::SPHERICAL) {
    const double variance = covariance.trace() / static_cast<double>(d);
    covariance = Eigen::MatrixXd::Identity(d, d) * variance;
  } else if (type == CovarianceType::DIAGONAL) {
    covariance = Eigen::MatrixXd(covariance.diagonal().asDiagonal());
  }
  const bool low = (covariance.diagonal().array() < floor.array()).any();
  if (low) {
    covariance.diagonal() = covariance.diagonal().cwiseMax(floor);
  }
  for (double share = 1.0; !positive_definite(covariance) && share < 1e12; share *= 10.0) {
    covariance.diagonal() += share * floor;
  }
  return covariance;
}

} // namespace gaussian_states_detail

bool GaussianStates::usable() const {
  if (states() < 1 || states() > states_max || dimension() < 1
      || static_cast<Eigen::Index>(covariances.size()) != states() || !means.allFinite()) {
    return false;
  }
  return std::all_of(covariances.begin(), covariances.end(), [&](const Eigen::MatrixXd& c) {
    return c.rows() == dimension() && c.cols() == dimension() && c.allFinite()
           && (c - c.transpose()).cwiseAbs().maxCoeff() <= 1e-10 * c.cwiseAbs().maxCoeff()
           && gaussian_states_detail::positive_definite(c);
  });
}

Eigen::Index GaussianStates::parameter_count(CovarianceType type) const {
  const Eigen::Index d = dimension();
  const Eigen::Index full = d * (d + 1) / 2;
  switch (type) {
    case CovarianceType::FULL: return states() * (d + full);
    case CovarianceType::DIAGONAL: return states() * 2 * d;
    case CovarianceType::SPHERICAL: return states() * (d + 1);
    case CovarianceType::TIED: return states() * d + full;
  }
  return 0;
}

std::vector<Eigen::Index> GaussianStates::by_variance() const {
  std::vector<Eigen::Index> order(static_cast<std::size_t>(states()));
  std::iota(order.begin(), order.end(), 0);
  const auto key = [&](Eigen::Index i) {
    return std::pair{covariances[static_cast<std::size_t>(i)].trace(), means(i, 0)};
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](Eigen::Index a, Eigen::Index b) { return key(a) < key(b); });
  return order;
}

GaussianStates GaussianStates::permuted(const std::vector<Eigen::Index>& order) const {
  GaussianStates out{means, covariances};
  for (std::size_t i = 0; i < order.size(); ++i) {
    out.means.row(static_cast<Eigen::Index>(i)) = means.row(order[i]);
    out.covariances[i] = covariances[static_cast<std::size_t>(order[i])];
  }
  return out;
}

GaussianDensities::GaussianDensities(const GaussianStates& states)
  : states_(states.states()), dimension_(states.dimension()), means_(states.means) {
  for (const auto& covariance : states.covariances) {
    const Eigen::LLT<Eigen::MatrixXd> cholesky{covariance};
    const Eigen::MatrixXd factor = cholesky.matrixL();
    const Eigen::MatrixXd inverse = factor.triangularView<Eigen::Lower>().solve(
      Eigen::MatrixXd::Identity(dimension_, dimension_));
    whitening_.emplace_back(inverse);
    constants_.push_back(-0.5 * static_cast<double>(dimension_) * std::log(2.0 * std::numbers::pi)
                         - factor.diagonal().array().log().sum());
  }
}

void GaussianDensities::log_density(const double* x, double* out) const {
  for (Eigen::Index k = 0; k < states_; ++k) {
    const auto& w = whitening_[static_cast<std::size_t>(k)];
    const double* mean = means_.data() + k * dimension_;
    double squares = 0.0;
    for (Eigen::Index i = 0; i < dimension_; ++i) {
      const double* row = w.data() + i * dimension_;
      double sum = 0.0;
      for (Eigen::Index j = 0; j <= i; ++j) {
        sum += row[j] * (x[j] - mean[j]);
      }
      squares += sum * sum;
    }
    out[k] = constants_[static_cast<std::size_t>(k)] - 0.5 * squares;
  }
}

void GaussianDensities::log_densities(const RowMatrix& x, RowMatrix& out) const {
  out.resize(x.rows(), states_);
  if (dimension_ == 1) { // the common case, state by state
    for (Eigen::Index k = 0; k < states_; ++k) {
      const double mean = means_(k, 0);
      const double w = whitening_[static_cast<std::size_t>(k)](0, 0);
      const double constant = constants_[static_cast<std::size_t>(k)];
      for (Eigen::Index t = 0; t < x.rows(); ++t) {
        const double z = w * (x.data()[t] - mean);
        out.data()[t * states_ + k] = constant - 0.5 * z * z;
      }
    }
    return;
  }
  for (Eigen::Index t = 0; t < x.rows(); ++t) {
    log_density(x.data() + t * dimension_, out.data() + t * states_);
  }
}

void reestimate(const RowMatrix& x,
                const RowMatrix& weights,
                CovarianceType type,
                const Eigen::Ref<const Eigen::VectorXd>& floor,
                GaussianStates& states) {
  using namespace gaussian_states_detail;
  const Eigen::Index d = x.cols();
  Eigen::MatrixXd pooled = Eigen::MatrixXd::Zero(d, d);
  double pooled_weight = 0.0;
  for (Eigen::Index k = 0; k < states.states(); ++k) {
    Moments moments{d};
    accumulate(x, weights, k, states.means.row(k).transpose(), moments);
    if (!(moments.weight >= weight_smallest)) {
      continue;
    }
    const Eigen::VectorXd move = moments.first / moments.weight;
    states.means.row(k) += move.transpose();
    Eigen::MatrixXd covariance = moments.second.selfadjointView<Eigen::Lower>();
    covariance = covariance / moments.weight - move * move.transpose();
    if (type == CovarianceType::TIED) {
      pooled += moments.weight * covariance;
      pooled_weight += moments.weight;
    } else {
      states.covariances[static_cast<std::size_t>(k)] = restricted(covariance, type, floor);
    }
  }
  if (pooled_weight > 0.0) {
    const Eigen::MatrixXd shared = restricted(pooled / pooled_weight, type, floor);
    std::fill(states.covariances.begin(), states.covariances.end(), shared);
  }
}

Expected<Eigen::VectorXd> checked_variances(const Eigen::Ref<const Eigen::MatrixXd>& x,
                                            Eigen::Index observations_min) {
  using namespace gaussian_states_detail;
  if (x.cols() < 1) {
    return Reason::BAD_SHAPE;
  }
  if (x.rows() < observations_min) {
    return Reason::TOO_SHORT;
  }
  if (!x.allFinite() || x.cwiseAbs().maxCoeff() > magnitude_max) {
    return Reason::BAD_SAMPLE;
  }
  const Eigen::VectorXd means = x.colwise().mean();
  Eigen::VectorXd out(x.cols());
  for (Eigen::Index i = 0; i < x.cols(); ++i) {
    out[i] = (x.col(i).array() - means[i]).square().mean();
    if (!(std::sqrt(out[i]) > 1e-13 * std::abs(means[i])) || !(out[i] > 1e-250)) {
      return Reason::DEGENERATE;
    }
  }
  return out;
}

} // namespace troupe::quant
