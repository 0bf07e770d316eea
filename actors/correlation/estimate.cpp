#include "actors/correlation/estimate.hpp"

#include "actors/correlation/dcc_model.hpp"
#include "quant/covariance/ewma.hpp"
#include "quant/covariance/nearest.hpp"
#include "quant/covariance/sample.hpp"
#include "quant/covariance/shrinkage.hpp"
#include "quant/dependence/rank.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace troupe::correlation {

using core::Errc;
using core::Error;
using messages::CorrelationMethod;

namespace {

/// From a covariance: correlations and volatilities.
core::Result<Estimate> from_covariance(const quant::Expected<Eigen::MatrixXd>& covariance,
                                       const std::string& what) {
  if (!covariance) {
    return kernel_error(what, covariance.reason());
  }
  const auto split = quant::correlation_of(*covariance);
  if (!split) {
    return kernel_error(what, split.reason());
  }
  return repaired_estimate(split->matrix, split->volatility);
}

/// From a matrix of coefficients; the volatilities are the sample's.
core::Result<Estimate> from_coefficients(const quant::Expected<Eigen::MatrixXd>& matrix,
                                         const Panel& panel,
                                         const std::string& what) {
  if (!matrix) {
    return kernel_error(what, matrix.reason());
  }
  const auto covariance = quant::sample_covariance(panel.returns);
  if (!covariance) {
    return kernel_error(what, covariance.reason());
  }
  return repaired_estimate(*matrix, covariance->diagonal().cwiseSqrt());
}

} // namespace

Eigen::MatrixXd Estimate::covariance() const {
  return volatility.asDiagonal() * correlation * volatility.asDiagonal();
}

Error kernel_error(const std::string& what, quant::Reason reason) {
  using quant::Reason;
  if (reason == Reason::TOO_SHORT) {
    return {Errc::INVALID_ARGUMENT, "window: expected more returns, since " + what
                                      + " cannot be computed of so few: TOO_SHORT"};
  }
  const bool by_data = reason != Reason::BAD_PARAMETER && reason != Reason::BAD_SHAPE;
  return {by_data ? Errc::NOT_READY : Errc::INTERNAL,
          what + " cannot be computed: " + std::string(quant::name(reason))};
}

core::Result<void> check_moving(const Panel& panel) {
  for (Eigen::Index i = 0; i < panel.size(); ++i) {
    const auto column = panel.returns.col(i);
    if (column.maxCoeff() == column.minCoeff()) {
      return Error{Errc::INVALID_ARGUMENT,
                   "symbols: expected instruments whose price moved; the price of "
                     + panel.instruments[static_cast<std::size_t>(i)].to_text()
                     + " did not move over " + std::to_string(panel.observations())
                     + " returns, so that its correlations are not defined"};
    }
  }
  return {};
}

core::Result<Estimate> repaired_estimate(const Eigen::MatrixXd& matrix,
                                         Eigen::VectorXd volatility) {
  Estimate out;
  out.volatility = std::move(volatility);
  if (quant::is_correlation(matrix)) {
    // one triangle stands for both: kernels differ in the last bit of the other
    out.correlation = matrix.selfadjointView<Eigen::Lower>();
    out.correlation.diagonal().setOnes();
  } else {
    auto nearest = quant::nearest_correlation(matrix);
    if (!nearest) {
      return kernel_error("the nearest correlation matrix", nearest.reason());
    }
    out.correlation = std::move(nearest->matrix);
    out.repaired = true;
    out.repair_distance = nearest->distance;
  }
  const auto condition = quant::condition_number(out.correlation);
  out.condition_number = condition ? *condition : std::numeric_limits<double>::infinity();
  return out;
}

core::Result<Estimate> estimate_of_few(const Panel& panel) {
  if (const auto moving = check_moving(panel); !moving) {
    return moving.error();
  }
  const auto shrunk = quant::ledoit_wolf_constant_correlation(panel.returns);
  if (!shrunk) {
    return kernel_error("the shrunk covariance", shrunk.reason());
  }
  auto out = from_covariance(shrunk->covariance, "the shrunk correlation");
  if (out) {
    out->shrinkage = shrunk->shrinkage;
  }
  return out;
}

std::optional<double> mean_correlation_error(const Panel& panel) {
  constexpr Eigen::Index blocks_max = 20;
  const auto rows = panel.observations();
  const auto blocks = std::min(rows, blocks_max);
  if (panel.size() < 2 || blocks < 3) {
    return std::nullopt;
  }
  Eigen::VectorXd means(blocks);
  for (Eigen::Index block = 0; block < blocks; ++block) {
    const auto first = block * rows / blocks;
    const auto last = (block + 1) * rows / blocks;
    Eigen::MatrixXd rest(rows - (last - first), panel.size());
    rest << panel.returns.topRows(first), panel.returns.bottomRows(rows - last);
    const auto found = quant::sample_correlation(rest);
    if (!found) {
      return std::nullopt;
    }
    means(block) = mean_correlation(*found);
  }
  const auto count = static_cast<double>(blocks);
  return std::sqrt((count - 1.0) / count * (means.array() - means.mean()).square().sum());
}

core::Result<Estimate>
estimate(const Panel& panel, CorrelationMethod method, const Settings& settings, bool gjr) {
  if (const auto moving = check_moving(panel); !moving) {
    return moving.error();
  }
  switch (method) {
    case CorrelationMethod::sample:
      return from_coefficients(quant::sample_correlation(panel.returns), panel,
                               "the sample correlation");
    case CorrelationMethod::ewma: {
      auto out = from_covariance(quant::ewma_covariance(panel.returns, settings.ewma_lambda),
                                 "the EWMA correlation");
      if (out) {
        out->lambda = settings.ewma_lambda;
      }
      return out;
    }
    case CorrelationMethod::ledoit_wolf: {
      const auto shrunk = quant::ledoit_wolf(panel.returns);
      if (!shrunk) {
        return kernel_error("the Ledoit-Wolf covariance", shrunk.reason());
      }
      auto out = from_covariance(shrunk->covariance, "the Ledoit-Wolf correlation");
      if (out) {
        out->shrinkage = shrunk->shrinkage;
      }
      return out;
    }
    case CorrelationMethod::spearman:
      return from_coefficients(quant::spearman_correlation(panel.returns), panel,
                               "Spearman's correlation");
    case CorrelationMethod::kendall:
      return from_coefficients(quant::kendall_correlation(panel.returns), panel,
                               "Kendall's correlation");
    case CorrelationMethod::dcc: {
      const auto model = fit_dcc_model(panel, gjr);
      return model ? model->estimate(panel.grid.back()) : core::Result<Estimate>{model.error()};
    }
    case CorrelationMethod::ccc: return estimate_ccc(panel, gjr);
  }
  return Error{Errc::INTERNAL, "an estimator of no kind"};
}

double bars_per_year(trading::Interval interval) {
  constexpr std::chrono::nanoseconds year = std::chrono::hours{365 * 24};
  return static_cast<double>(year.count()) / static_cast<double>(interval.duration().count());
}

double annual_factor(trading::Interval interval) {
  return std::sqrt(bars_per_year(interval));
}

double mean_correlation(const Eigen::MatrixXd& correlation) {
  const auto mean = quant::mean_pairwise(correlation);
  return mean ? *mean : 1.0;
}

messages::Matrix rows_of(const Eigen::MatrixXd& matrix) {
  messages::Matrix rows(static_cast<std::size_t>(matrix.rows()));
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    auto& row = rows[static_cast<std::size_t>(i)];
    row.reserve(static_cast<std::size_t>(matrix.cols()));
    for (Eigen::Index j = 0; j < matrix.cols(); ++j) {
      row.push_back(matrix(i, j));
    }
  }
  return rows;
}

std::vector<double> values_of(const Eigen::VectorXd& vector) {
  return {vector.data(), vector.data() + vector.size()};
}

} // namespace troupe::correlation
