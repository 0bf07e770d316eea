#include "quant/markov/gaussian_hmm.hpp"

#include <cmath>
#include <stdexcept>

namespace troupe::quant {

namespace gaussian_hmm_detail {

constexpr double observation_max = 1e100;

Expected<RowMatrix> log_emissions(const GaussianHmm& model,
                                  const Eigen::Ref<const Eigen::MatrixXd>& x) {
  if (!model.usable()) {
    return Reason::BAD_PARAMETER;
  }
  if (x.cols() != model.states.dimension()) {
    return Reason::BAD_SHAPE;
  }
  if (x.rows() < 1) {
    return Reason::TOO_SHORT;
  }
  if (!x.allFinite() || x.cwiseAbs().maxCoeff() > observation_max) {
    return Reason::BAD_SAMPLE;
  }
  RowMatrix out;
  GaussianDensities{model.states}.log_densities(RowMatrix(x), out);
  return out;
}

} // namespace gaussian_hmm_detail

bool GaussianHmm::usable() const {
  return states.usable() && usable_distribution(start) && usable_transition(transition)
         && start.size() == states.states() && transition.rows() == states.states();
}

GaussianHmm GaussianHmm::permuted(const std::vector<Eigen::Index>& order) const {
  GaussianHmm out{start, transition, states.permuted(order)};
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    out.start[row] = start[order[i]];
    for (std::size_t j = 0; j < order.size(); ++j) {
      out.transition(row, static_cast<Eigen::Index>(j)) = transition(order[i], order[j]);
    }
  }
  return out;
}

Expected<HmmInference> infer(const GaussianHmm& model, const Eigen::Ref<const Eigen::MatrixXd>& x) {
  const auto emissions = gaussian_hmm_detail::log_emissions(model, x);
  if (!emissions) {
    return emissions.reason();
  }
  ForwardBackward recursions;
  if (const auto reason = recursions.run(model.start, model.transition, *emissions)) {
    return *reason;
  }
  HmmInference out;
  out.log_likelihood = recursions.log_likelihood();
  out.filtered = recursions.filtered();
  out.smoothed = recursions.smoothed();
  out.next = model.transition.transpose() * out.filtered.row(x.rows() - 1).transpose();
  out.transitions = recursions.transitions();
  return out;
}

Expected<StatePath> most_probable_path(const GaussianHmm& model,
                                       const Eigen::Ref<const Eigen::MatrixXd>& x) {
  const auto emissions = gaussian_hmm_detail::log_emissions(model, x);
  if (!emissions) {
    return emissions.reason();
  }
  return viterbi(model.start, model.transition, *emissions);
}

HmmFilter::HmmFilter(const GaussianHmm& model)
  : transition_(model.usable() ? Eigen::MatrixXd(model.transition.transpose()) : Eigen::MatrixXd()),
    densities_(model.usable() ? model.states
                              : throw std::invalid_argument("HMM filter: the model is unusable")),
    dimension_(model.states.dimension()), filtered_(model.start), predicted_(model.start),
    scratch_(model.start.size()) {}

bool HmmFilter::update(const Eigen::Ref<const Eigen::VectorXd>& x) {
  if (x.size() != dimension_ || !x.allFinite()
      || x.cwiseAbs().maxCoeff() > gaussian_hmm_detail::observation_max) {
    return false;
  }
  densities_.log_density(x.data(), scratch_.data());
  // in logarithms: the likeliest state may be all but excluded by its prediction
  scratch_.array() += predicted_.array().log();
  const double largest = scratch_.maxCoeff();
  if (!std::isfinite(largest)) {
    return false;
  }
  scratch_ = (scratch_.array() - largest).exp();
  const double sum = scratch_.sum();
  filtered_ = scratch_ / sum;
  predicted_.noalias() = transition_ * filtered_;
  log_likelihood_ += largest + std::log(sum);
  return true;
}

} // namespace troupe::quant
