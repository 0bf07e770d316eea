#include "actors/correlation/dcc_model.hpp"

#include "core/json.hpp"
#include "quant/covariance/shrinkage.hpp"

#include <cmath>
#include <stdexcept>
#include <utility>

namespace troupe::correlation {

using core::Errc;
using core::Error;

namespace dcc_model_detail {

/// A margin as it is stored.
struct StoredMargin {
  bool asymmetric = false;
  double mean = 0.0;
  double omega = 0.0;
  double alpha = 0.0;
  double gamma = 0.0;
  double beta = 0.0;
  double variance_next = 0.0;
};
BOOST_DESCRIBE_STRUCT(StoredMargin,
                      (),
                      (asymmetric, mean, omega, alpha, gamma, beta, variance_next))

/// Everything DccState goes on from.
struct StoredDcc {
  std::vector<trading::InstrumentId> instruments;
  trading::Interval interval;
  messages::ModelInfo info;
  std::vector<StoredMargin> margins;
  double a = 0.0;
  double b = 0.0;
  messages::Matrix target;
  messages::Matrix q_next;
};
BOOST_DESCRIBE_STRUCT(StoredDcc, (), (instruments, interval, info, margins, a, b, target, q_next))

Eigen::MatrixXd matrix_from(const messages::Matrix& rows, std::size_t size, const char* what) {
  Eigen::MatrixXd out(size, size);
  if (rows.size() != size) {
    throw std::invalid_argument(std::string{what} + ": wrong number of rows");
  }
  for (std::size_t i = 0; i < size; ++i) {
    if (rows[i].size() != size) {
      throw std::invalid_argument(std::string{what} + ": wrong number of columns");
    }
    for (std::size_t j = 0; j < size; ++j) {
      out(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = rows[i][j];
    }
  }
  return out;
}

/// Margins, named by their instruments.
void add_margins(messages::ModelInfo& info,
                 const std::vector<quant::GarchFit>& margins,
                 const std::vector<trading::InstrumentId>& instruments) {
  for (std::size_t i = 0; i < margins.size(); ++i) {
    const auto& fit = margins[i];
    const auto name = instruments[i].to_text();
    info.parameters["omega " + name] = fit.parameters.omega;
    info.parameters["alpha " + name] = fit.parameters.alpha;
    info.parameters["beta " + name] = fit.parameters.beta;
    if (fit.model.asymmetric) {
      info.parameters["gamma " + name] = fit.parameters.gamma;
    }
    if (const auto errors = fit.robust_standard_errors()) {
      // in the order mean, omega, alpha, [gamma], beta
      info.standard_errors["omega " + name] = (*errors)(1);
      info.standard_errors["alpha " + name] = (*errors)(2);
      if (fit.model.asymmetric) {
        info.standard_errors["gamma " + name] = (*errors)(3);
      }
      info.standard_errors["beta " + name] = (*errors)(fit.model.asymmetric ? 4 : 3);
    }
    info.converged = info.converged && fit.converged;
  }
}

messages::ModelInfo info_of(const Panel& panel, const char* name, bool gjr) {
  messages::ModelInfo info;
  info.name = std::string{name} + (gjr ? "-gjr" : "-garch") + "(1,1)";
  info.fitted_to = panel.grid.back();
  info.n_obs = static_cast<std::uint64_t>(panel.observations());
  return info;
}

quant::GarchFitSettings margin_settings(bool gjr) {
  quant::GarchFitSettings settings;
  settings.model.asymmetric = gjr;
  return settings;
}

/// What refused a model, by the instruments whose own GARCH cannot be fitted, where it is they.
Error fit_error(const char* name, const Panel& panel, quant::Reason reason, bool gjr) {
  std::string which;
  for (Eigen::Index i = 0; i < panel.size(); ++i) {
    const auto margin = quant::fit_garch(panel.returns.col(i), margin_settings(gjr));
    if (!margin) {
      which += (which.empty() ? "; the GARCH model cannot be fitted of " : ", ")
               + panel.instruments[static_cast<std::size_t>(i)].to_text() + " ("
               + std::string{quant::name(margin.reason())} + ')';
    }
  }
  auto error =
    kernel_error("a " + std::string{name} + " model of " + std::to_string(panel.size())
                   + " instruments over " + std::to_string(panel.observations()) + " returns",
                 reason);
  error.message += which;
  return error;
}

/// Ledoit and Wolf's intensity for the standardised returns.
double shrinkage_of(const Panel& panel) {
  Eigen::MatrixXd scaled = panel.returns;
  for (Eigen::Index i = 0; i < scaled.cols(); ++i) {
    const double size = std::sqrt(scaled.col(i).squaredNorm() / static_cast<double>(scaled.rows()));
    scaled.col(i) /= size > 0.0 ? size : 1.0;
  }
  const auto shrunk = quant::ledoit_wolf(scaled);
  return shrunk ? shrunk->shrinkage : 0.0;
}

messages::ModelInfo
dcc_info(const Panel& panel, const quant::DccFit& fit, double shrinkage, bool gjr) {
  auto info = info_of(panel, "dcc", gjr);
  const auto& second = fit.correlations;
  info.parameters["a"] = second.parameters.a;
  info.parameters["b"] = second.parameters.b;
  info.converged = second.converged;
  const auto& errors =
    fit.two_step_standard_errors ? fit.two_step_standard_errors : second.standard_errors;
  if (errors) {
    info.standard_errors["a"] = (*errors)(0);
    info.standard_errors["b"] = (*errors)(1);
  }
  info.log_likelihood = fit.log_likelihood;
  if (second.likelihood == quant::DccLikelihood::PAIRS) {
    info.note = "composite likelihood of neighbouring pairs, target shrunk by ";
    core::json::append_number(info.note, shrinkage);
  }
  add_margins(info, fit.margins, panel.instruments);
  return info;
}

std::string text_of(const Panel& panel, const quant::DccFit& fit, const messages::ModelInfo& info) {
  StoredDcc stored;
  stored.instruments = panel.instruments;
  stored.interval = panel.interval;
  stored.info = info;
  for (const auto& margin : fit.margins) {
    const auto& p = margin.parameters;
    stored.margins.push_back(
      {margin.model.asymmetric, p.mean, p.omega, p.alpha, p.gamma, p.beta, margin.variance_next});
  }
  stored.a = fit.correlations.parameters.a;
  stored.b = fit.correlations.parameters.b;
  stored.target = rows_of(fit.correlations.target);
  stored.q_next = rows_of(fit.correlations.q_next);
  return core::json::encode(stored);
}

/// As much of a fit as its state goes on from. Throws std::invalid_argument.
quant::DccFit fit_from(const StoredDcc& stored) {
  const auto size = stored.instruments.size();
  if (stored.margins.size() != size || size < 2) {
    throw std::invalid_argument("margins: expected one per instrument");
  }
  quant::DccFit fit;
  for (const auto& margin : stored.margins) {
    auto& out = fit.margins.emplace_back();
    out.model.asymmetric = margin.asymmetric;
    out.parameters.mean = margin.mean;
    out.parameters.omega = margin.omega;
    out.parameters.alpha = margin.alpha;
    out.parameters.gamma = margin.gamma;
    out.parameters.beta = margin.beta;
    out.variance_next = margin.variance_next;
  }
  fit.correlations.parameters = {stored.a, stored.b};
  fit.correlations.target = matrix_from(stored.target, size, "target");
  fit.correlations.q_next = matrix_from(stored.q_next, size, "q_next");
  return fit;
}

} // namespace dcc_model_detail

using namespace dcc_model_detail;

core::Result<Estimate> DccModel::estimate(core::Timestamp now) const {
  auto out = repaired_estimate(state.correlation_next(), state.volatility_next());
  if (out) {
    out->model = info;
    out->model->age_ms = (now - info.fitted_to) / std::chrono::milliseconds{1};
  }
  return out;
}

core::Result<DccModel> fit_dcc_model(const Panel& panel, bool gjr) {
  quant::DccSettings settings;
  if (panel.size() > full_likelihood_series_max) {
    settings.likelihood = quant::DccLikelihood::PAIRS;
    settings.shrinkage = shrinkage_of(panel);
  }
  const auto fit = quant::fit_dcc(panel.returns, margin_settings(gjr), settings);
  if (!fit) {
    return fit_error("DCC", panel, fit.reason(), gjr);
  }
  const auto info = dcc_info(panel, *fit, settings.shrinkage, gjr);
  return DccModel{.instruments = panel.instruments,
                  .interval = panel.interval,
                  .info = info,
                  .state = quant::DccState{*fit},
                  .as_of = panel.grid.back(),
                  .stored = text_of(panel, *fit, info)};
}

core::Result<Estimate> estimate_ccc(const Panel& panel, bool gjr) {
  const auto fit = quant::fit_ccc(panel.returns, margin_settings(gjr));
  if (!fit) {
    return fit_error("CCC", panel, fit.reason(), gjr);
  }
  Eigen::VectorXd volatility(panel.size());
  for (Eigen::Index i = 0; i < panel.size(); ++i) {
    volatility(i) = std::sqrt(fit->margins[static_cast<std::size_t>(i)].variance_next);
  }
  auto out = repaired_estimate(fit->correlation, std::move(volatility));
  if (out) {
    out->model = info_of(panel, "ccc", gjr);
    out->model->log_likelihood = fit->log_likelihood;
    add_margins(*out->model, fit->margins, panel.instruments);
  }
  return out;
}

core::Result<DccModel> restored_dcc(const std::string& text) {
  const auto stored = core::json::decode<StoredDcc>(text);
  if (!stored) {
    return Error{Errc::IO_ERROR, "a stored DCC model is damaged: " + stored.error().message};
  }
  try {
    return DccModel{.instruments = stored->instruments,
                    .interval = stored->interval,
                    .info = stored->info,
                    .state = quant::DccState{fit_from(*stored)},
                    .as_of = stored->info.fitted_to,
                    .stored = text};
  } catch (const std::invalid_argument& wrong) {
    return Error{Errc::IO_ERROR, std::string{"a stored DCC model is damaged: "} + wrong.what()};
  }
}

} // namespace troupe::correlation
