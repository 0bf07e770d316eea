#pragma once

#include "quant/expected.hpp"

#include <Eigen/Core>

#include <string_view>

namespace troupe::quant {

/// Dense products and factorisations by BLAS and LAPACK (OpenBLAS, which picks its kernels by what
/// the processor can do when the program starts). All are re-entrant and use the caller's thread
/// only.

/// Name of the kernels in use, such as "SkylakeX" or "Haswell".
[[nodiscard]] std::string_view blas_kernels();

/// @returns  scale * X'X, shape (N, N), symmetric to the bit
/// @param x  shape (T, N)
/// @cost     T N^2 flops (dsyrk)
[[nodiscard]] Eigen::MatrixXd gram(const Eigen::Ref<const Eigen::MatrixXd>& x, double scale = 1.0);

/// The same, but only its lower triangle; what stands above the diagonal is 0.
[[nodiscard]] Eigen::MatrixXd gram_lower(const Eigen::Ref<const Eigen::MatrixXd>& x,
                                         double scale = 1.0);

/// @returns  A'B, shape (N, M), for shapes (T, N) and (T, M)
/// @pre      both have T rows
/// @cost     2 T N M flops (dgemm)
[[nodiscard]] Eigen::MatrixXd product_of_transpose(const Eigen::Ref<const Eigen::MatrixXd>& a,
                                                   const Eigen::Ref<const Eigen::MatrixXd>& b);

/// @returns  A B, shape (N, M), for shapes (N, K) and (K, M)
/// @pre      A has as many columns as B rows
[[nodiscard]] Eigen::MatrixXd product(const Eigen::Ref<const Eigen::MatrixXd>& a,
                                      const Eigen::Ref<const Eigen::MatrixXd>& b);

/// @returns  A x, shape (N)
/// @param matrix  shape (N, N), symmetric; only its lower triangle is read
/// @pre      x has N entries
/// @cost     2 N^2 flops over 4 N^2 bytes (dsymv)
[[nodiscard]] Eigen::VectorXd symmetric_product(const Eigen::Ref<const Eigen::MatrixXd>& matrix,
                                                const Eigen::VectorXd& x);

/// Eigenvalues ascending; the columns of `vectors` are the unit eigenvectors, in that order.
struct SymmetricEigen {
  Eigen::VectorXd values;
  Eigen::MatrixXd vectors;
};

/// Eigendecomposition of a symmetric matrix by divide and conquer (dsyevd).
/// @param matrix  shape (N, N); only its lower triangle is read
/// @returns       BAD_SHAPE where it is not square or empty, BAD_SAMPLE where it is not finite,
///                NOT_CONVERGED where LAPACK gives up
/// @cost          about 9 N^3 flops
[[nodiscard]] Expected<SymmetricEigen>
symmetric_eigen(const Eigen::Ref<const Eigen::MatrixXd>& matrix);

/// Eigenvalues alone, ascending; the same failures.
/// @cost  about 4/3 N^3 flops
[[nodiscard]] Expected<Eigen::VectorXd>
symmetric_eigenvalues(const Eigen::Ref<const Eigen::MatrixXd>& matrix);

/// The `count` largest eigenvalues, ascending, with their eigenvectors (dsyevr).
/// @param count  1 .. N, otherwise BAD_PARAMETER; the other failures as symmetric_eigen
[[nodiscard]] Expected<SymmetricEigen>
largest_eigen(const Eigen::Ref<const Eigen::MatrixXd>& matrix, Eigen::Index count);

/// Lower Cholesky factor of a symmetric positive definite matrix, and solves with it (dpotrf).
class Cholesky {
public:
  /// @param matrix  shape (N, N); only its lower triangle is read
  /// @returns       BAD_SHAPE, BAD_SAMPLE, or NOT_POSITIVE_DEFINITE
  [[nodiscard]] static Expected<Cholesky> of(Eigen::MatrixXd matrix);

  /// Solves A X = B. @pre as many rows as the matrix has
  [[nodiscard]] Eigen::MatrixXd solve(Eigen::MatrixXd b) const;
  [[nodiscard]] Eigen::VectorXd solve(const Eigen::VectorXd& b) const;
  [[nodiscard]] double log_determinant() const;
  /// Lower triangle; what stands above the diagonal is zero.
  [[nodiscard]] const Eigen::MatrixXd& lower() const { return lower_; }

private:
  explicit Cholesky(Eigen::MatrixXd lower) : lower_(std::move(lower)) {}
  Eigen::MatrixXd lower_;
};

/// Largest difference between an entry and its mirror image is at most `tolerance` times the
/// largest magnitude. @pre square
[[nodiscard]] bool is_symmetric(const Eigen::Ref<const Eigen::MatrixXd>& matrix,
                                double tolerance = 1e-12);

/// Square, not empty, finite and symmetric: what every routine that takes a covariance asks.
/// @returns  BAD_SHAPE or BAD_SAMPLE; true otherwise
[[nodiscard]] Expected<bool> check_symmetric(const Eigen::Ref<const Eigen::MatrixXd>& matrix,
                                             double tolerance = 1e-8);

/// Columns of a symmetric matrix to fill before they are mirrored: few enough to stay in the cache
/// until then, and enough to write the rows of the upper triangle in whole lines of it.
inline constexpr Eigen::Index mirrored_columns = 64;

/// Copies the lower triangle onto the upper one.
void mirror_lower(Eigen::Ref<Eigen::MatrixXd> matrix);

/// Correlations from the lower triangle of a covariance: both triangles, to the bit the same, with
/// a unit diagonal; what rounding put past 1 is clamped. `out` may be the covariance itself.
/// @param covariance          shape (N, N)
/// @param inverse_volatility  shape (N)
/// @pre  the same N for all of them
/// @cost N^2 multiplications
void correlation_of_lower(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                          const Eigen::Ref<const Eigen::VectorXd>& inverse_volatility,
                          Eigen::Ref<Eigen::MatrixXd> out);

} // namespace troupe::quant
