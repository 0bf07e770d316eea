#pragma once

#include "quant/expected.hpp"

#include <Eigen/Core>

namespace troupe::quant {

/// Principal components, largest variance first.
struct PrincipalComponents {
  Eigen::VectorXd eigenvalues;     ///< shape (K), descending; rounding below 0 is set to 0
  Eigen::MatrixXd components;      ///< shape (N, K): column k = unit loadings of component k,
                                   ///< sign: the loading of largest magnitude is positive
  Eigen::VectorXd explained_ratio; ///< shape (K): share of the total variance
  double total_variance;           ///< trace of the matrix
};

/// Principal components of a covariance or a correlation matrix.
/// @param matrix  shape (N, N), symmetric
/// @param count   K, 1 .. N; 0 means all. Few of many are cheaper (dsyevr instead of dsyevd)
/// @returns       BAD_SHAPE, BAD_SAMPLE, BAD_PARAMETER (count), DEGENERATE where the trace is not
///                above 0, NOT_POSITIVE_DEFINITE where an eigenvalue is below -1e-8 of the largest
[[nodiscard]] Expected<PrincipalComponents>
principal_components(const Eigen::Ref<const Eigen::MatrixXd>& matrix, Eigen::Index count = 0);

/// A portfolio seen along principal components.
struct FactorDecomposition {
  Eigen::VectorXd exposures;       ///< shape (K): component' w
  Eigen::VectorXd variance_shares; ///< shape (K): eigenvalue * exposure^2 / portfolio variance
  double volatility;               ///< of the portfolio, per bar
  double unexplained;              ///< share of the variance outside the K components
};

/// @param pca      of the covariance of the instruments (not of their correlation)
/// @param weights  shape (N)
/// @returns        BAD_SHAPE, BAD_SAMPLE, DEGENERATE where the portfolio has no variance
[[nodiscard]] Expected<FactorDecomposition>
decompose_portfolio(const PrincipalComponents& pca,
                    const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                    const Eigen::Ref<const Eigen::VectorXd>& weights);

/// Eigenvalues that a correlation matrix of independent series would show.
struct EigenvalueRange {
  double lower;
  double upper;
};

/// Marchenko-Pastur edges: variance * (1 -+ sqrt(N / T))^2. For N > T the spectrum has N - T
/// further eigenvalues at 0.
/// @param variance  of the independent series; 1 for a correlation matrix
/// @returns         BAD_PARAMETER where an argument is not above 0
/// @source          Marchenko & Pastur (1967); Laloux, Cizeau, Bouchaud & Potters, Noise dressing
/// of
///                  financial correlation matrices, PRL 83 (1999)
[[nodiscard]] Expected<EigenvalueRange>
marchenko_pastur(Eigen::Index instruments, Eigen::Index bars, double variance = 1.0);

/// exp of the entropy of the eigenvalues' shares: how many dimensions a spectrum fills, 1 .. N.
/// @param eigenvalues  none below 0, sum above 0; BAD_SAMPLE otherwise
/// @source             Roy & Vetterli, The effective rank (2007)
[[nodiscard]] Expected<double> effective_rank(const Eigen::Ref<const Eigen::VectorXd>& eigenvalues);

} // namespace troupe::quant
