#include "actors/regime/models/filter.hpp"

#include <cmath>
#include <stdexcept>
#include <utility>

namespace troupe::regime {

namespace {

using KernelFilter = std::variant<quant::HmmFilter, quant::SwitchingFilter>;

KernelFilter kernel_filter(const FittedModel& model) {
  if (const auto checked = check_model(model); !checked) {
    throw std::invalid_argument(checked.error().message);
  }
  if (model.kind == ModelKind::hmm) {
    return KernelFilter{std::in_place_type<quant::HmmFilter>, hmm_of(model)};
  }
  return KernelFilter{std::in_place_type<quant::SwitchingFilter>, switching_of(model)};
}

} // namespace

ModelFilter::ModelFilter(std::shared_ptr<const FittedModel> model)
  : model_(std::move(model)), filter_(kernel_filter(*model_)) {}

double ModelFilter::log_likelihood() const {
  return std::visit([](const auto& filter) { return filter.log_likelihood(); }, filter_);
}

void ModelFilter::update(const Observation& observation) {
  const double before = log_likelihood();
  if (auto* const hidden = std::get_if<quant::HmmFilter>(&filter_)) {
    hidden->update(hmm_point(observation));
    log_score_ = log_likelihood() - before;
    return;
  }
  std::get<quant::SwitchingFilter>(filter_).update(observation.log_return / model_->scale);
  log_score_ = log_likelihood() - before - std::log(model_->scale);
}

const Eigen::VectorXd& ModelFilter::states() const {
  return std::visit([](const auto& filter) -> const Eigen::VectorXd& { return filter.filtered(); },
                    filter_);
}

Eigen::VectorXd ModelFilter::next_states() const {
  return std::visit([](const auto& filter) -> Eigen::VectorXd { return filter.predicted(); },
                    filter_);
}

Distribution ModelFilter::by_regime(const Eigen::Ref<const Eigen::VectorXd>& states) const {
  Distribution out{};
  for (std::size_t k = 0; k < model_->regimes.size(); ++k) {
    out[index_of(model_->regimes[k])] += states[static_cast<Eigen::Index>(k)];
  }
  return out;
}

Distribution ModelFilter::probabilities() const {
  return by_regime(states());
}

Distribution ModelFilter::next() const {
  return by_regime(next_states());
}

} // namespace troupe::regime
