#pragma once

#include "actors/correlation/panel.hpp"
#include "actors/correlation/settings.hpp"
#include "messages/correlation.hpp"
#include "quant/expected.hpp"

#include <Eigen/Core>

#include <optional>
#include <string>

/// The estimators of quant/ behind one face.
namespace troupe::correlation {

/// Correlations and volatilities of one panel.
struct Estimate {
  Eigen::MatrixXd correlation;   ///< symmetric, unit diagonal, positive semidefinite; shape (N, N)
  Eigen::VectorXd volatility;    ///< per bar; shape (N)
  double condition_number = 0.0; ///< infinite where the matrix is singular
  bool repaired = false;         ///< replaced by the nearest correlation matrix
  double repair_distance = 0.0;  ///< Frobenius norm
  std::optional<double> shrinkage;
  std::optional<double> lambda;
  std::optional<messages::ModelInfo> model;

  [[nodiscard]] Eigen::MatrixXd covariance() const; ///< per bar
};

/// @param gjr  asymmetric GARCH margins, of DCC and CCC
/// @returns    INVALID_ARGUMENT that names an instrument whose price never moved, NOT_READY with
/// the
///             kernel's reason where the data gives no estimate
/// @cost       that of the kernel; DCC and CCC fit a GARCH model per instrument
[[nodiscard]] core::Result<Estimate> estimate(const Panel& panel,
                                              messages::CorrelationMethod method,
                                              const Settings& settings,
                                              bool gjr = false);

/// Of a handful of returns: the covariance shrunk towards that of one correlation for all pairs,
/// the mean of the sample's, which thus stays what it is. @returns as estimate()
/// @source  Ledoit & Wolf, Honey, I shrunk the sample covariance matrix (2004)
[[nodiscard]] core::Result<Estimate> estimate_of_few(const Panel& panel);

/// Standard error of the mean of the sample correlations: jackknife over blocks of successive
/// returns, at most 20 of them; nothing where a block less leaves no estimate.
[[nodiscard]] std::optional<double> mean_correlation_error(const Panel& panel);

/// Makes a correlation matrix of what may be none: kept where it is one, else the nearest one, with
/// its condition number. @param volatility  shape (N), taken over
[[nodiscard]] core::Result<Estimate> repaired_estimate(const Eigen::MatrixXd& matrix,
                                                       Eigen::VectorXd volatility);

/// INVALID_ARGUMENT that names an instrument whose returns are all the same.
[[nodiscard]] core::Result<void> check_moving(const Panel& panel);

/// What a kernel refused, as an error: NOT_READY where the data is at fault, INVALID_ARGUMENT where
/// the window is too short for it, else INTERNAL.
[[nodiscard]] core::Error kernel_error(const std::string& what, quant::Reason reason);

/// Bars per year; crypto trades 365 days of 24 hours.
[[nodiscard]] double bars_per_year(trading::Interval interval);
/// Factor from a volatility per bar to one per year.
[[nodiscard]] double annual_factor(trading::Interval interval);

/// Mean of the entries below the diagonal; 1 for a single instrument.
[[nodiscard]] double mean_correlation(const Eigen::MatrixXd& correlation);

[[nodiscard]] messages::Matrix rows_of(const Eigen::MatrixXd& matrix);
[[nodiscard]] std::vector<double> values_of(const Eigen::VectorXd& vector);

} // namespace troupe::correlation
