#include "actors/correlation/universe.hpp"

#include "quant/covariance/sample.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace troupe::correlation {

using core::Errc;
using core::Error;
using core::Timestamp;

namespace {

/// With fewer bars an instrument has no place in a universe yet.
constexpr std::size_t universe_closes_min = 51;

} // namespace

core::Result<Panel> Universe::rebuild(std::span<const SeriesInput> series) {
  auto taken = usable_series(series, interval_,
                             {.window = settings_->window_default,
                              .overlap_min = settings_->overlap_min,
                              .whole_window = false,
                              .closes_min = universe_closes_min});
  const auto& inputs = taken.series;
  left_out_ = std::move(taken.left_out);
  if (inputs.size() < 2) {
    return Error{Errc::NOT_READY, "insufficient data: expected at least two instruments with "
                                    + std::to_string(universe_closes_min) + " closed bars of "
                                    + interval_.to_text() + " in the window, found "
                                    + std::to_string(inputs.size())};
  }
  auto window = static_cast<std::size_t>(settings_->window_default);
  for (const auto& input : inputs) {
    window = std::min(window, input.closes->size() - 1);
  }
  // Their overlap with each other follows from that with the window.
  auto panel = align_newest(inputs, interval_, static_cast<std::uint32_t>(window), 0.0);
  if (!panel) {
    return panel;
  }
  const auto covariance = quant::ewma_covariance(panel->returns, settings_->ewma_lambda);
  if (!covariance) {
    return kernel_error("the EWMA covariance", covariance.reason());
  }
  auto restored =
    quant::EwmaCovariance::restored(*covariance, settings_->ewma_lambda, panel->observations());
  if (!restored) {
    return kernel_error("the EWMA covariance", restored.reason());
  }
  ewma_.emplace(std::move(*restored));
  std::map<std::string, Timestamp> seen;
  for (const auto& [symbol, i] : index_) {
    seen[symbol] = seen_[i];
  }
  struct Later {
    std::string symbol;
    Timestamp at;
    double price = 0.0;
    std::chrono::nanoseconds since{0};
  };
  std::vector<Later> later;
  for (const auto& [at, pending] : pending_) {
    for (const auto& [i, price] : pending.prices) {
      later.push_back({instruments_[i].symbol, at, price, pending.since});
    }
  }
  instruments_ = panel->instruments;
  index_.clear();
  closes_.clear();
  seen_.clear();
  pending_.clear();
  prices_ = panel->last_prices;
  pair_counts_ = panel->pair_counts;
  start_ = panel->grid.front();
  as_of_ = panel->grid.back();
  observations_ = static_cast<std::uint64_t>(panel->observations());
  doubtful_ = false;
  for (std::size_t i = 0; i < instruments_.size(); ++i) {
    index_[instruments_[i].symbol] = i;
    closes_.push_back(panel->inputs[i].as_of);
    seen_.push_back(std::max(closes_.back(), seen[instruments_[i].symbol]));
  }
  for (const auto& close : later) {
    if (close.at > as_of_) {
      on_close(close.symbol, close.at, close.price, close.since);
    }
  }
  return panel;
}

void Universe::on_close(const std::string& symbol,
                        Timestamp at,
                        double price,
                        std::chrono::nanoseconds now) {
  const auto found = index_.find(symbol);
  if (found == index_.end() || !(price > 0.0)) {
    return;
  }
  const auto i = found->second;
  if (at <= as_of_) {
    doubtful_ = doubtful_ || at > closes_[i]; // a bar that was taken for one without trades
    return;
  }
  seen_[i] = std::max(seen_[i], at);
  auto [pending, is_new] = pending_.try_emplace(at);
  if (is_new) {
    pending->second.since = now;
  }
  pending->second.prices[i] = price;
  if (pending_.size() > waiting_max) {
    pending_.clear();
    doubtful_ = true;
  }
}

bool Universe::complete(Timestamp at, const Pending& pending, std::chrono::nanoseconds now) const {
  if (pending.prices.size() == instruments_.size()
      || now - pending.since >= settings_->bar_grace.chrono()) {
    return true;
  }
  for (std::size_t i = 0; i < instruments_.size(); ++i) {
    if (pending.prices.count(i) == 0 && seen_[i] < at) {
      return false; // it may only be late
    }
  }
  return true;
}

std::optional<Eigen::VectorXd> Universe::advance(std::chrono::nanoseconds now) {
  if (!ready() || pending_.empty()) {
    return std::nullopt;
  }
  const auto next = pending_.begin();
  const auto& [at, pending] = *next;
  if (!complete(at, pending, now)) {
    return std::nullopt;
  }
  if (at - as_of_ > interval_.duration()) {
    doubtful_ = true; // nothing traded, or bars were lost
  }
  const auto size = static_cast<Eigen::Index>(instruments_.size());
  Eigen::VectorXd returns = Eigen::VectorXd::Zero(size);
  Eigen::VectorXd own = Eigen::VectorXd::Zero(size);
  for (const auto& [i, price] : pending.prices) {
    const auto column = static_cast<Eigen::Index>(i);
    returns(column) = std::log(price / prices_(column));
    own(column) = 1.0;
    prices_(column) = price;
    closes_[i] = at;
  }
  as_of_ = at;
  pending_.erase(next);
  if (!ewma_->update(returns)) {
    doubtful_ = true;
    return std::nullopt;
  }
  pair_counts_ += own * own.transpose();
  ++observations_;
  return returns;
}

core::Result<Estimate> Universe::ewma() const {
  const auto covariance = ewma_->covariance();
  if (!covariance) {
    return kernel_error("the EWMA covariance", covariance.reason());
  }
  const auto split = quant::correlation_of(*covariance);
  if (!split) {
    return Error{Errc::NOT_READY, "insufficient data: the price of one of the instruments did not "
                                  "move, so that its correlations are not defined"};
  }
  auto out = repaired_estimate(split->matrix, split->volatility);
  if (out) {
    out->lambda = settings_->ewma_lambda;
  }
  return out;
}

} // namespace troupe::correlation
