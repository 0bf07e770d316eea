#include "quant/linear_algebra/dense.hpp"

#include "quant/linear_algebra/columns.hpp"
#include "quant/linear_algebra/lapack.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace troupe::quant {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::Ref;
using Eigen::VectorXd;

int as_int(Index n) {
  return static_cast<int>(n);
}

/// Outer stride of a Ref of one column may be 0 or less than the rows; BLAS wants at least the
/// rows.
int leading(const Ref<const MatrixXd>& x) {
  return as_int(std::max<Index>({x.outerStride(), x.rows(), 1}));
}

Expected<bool> check_square(const Ref<const MatrixXd>& matrix) {
  if (matrix.rows() != matrix.cols() || matrix.rows() == 0) {
    return Reason::BAD_SHAPE;
  }
  if (!matrix.allFinite()) {
    return Reason::BAD_SAMPLE;
  }
  return true;
}

Expected<SymmetricEigen> decompose(const Ref<const MatrixXd>& matrix, char job) {
  if (const auto usable = check_square(matrix); !usable) {
    return usable.reason();
  }
  SymmetricEigen out{VectorXd(matrix.rows()), matrix};
  const int n = as_int(matrix.rows());
  double size = 0.0;
  int size_int = 0;
  int info = 0;
  const int ask = -1;
  dsyevd_(&job, "L", &n, out.vectors.data(), &n, out.values.data(), &size, &ask, &size_int, &ask,
          &info, 1, 1);
  const auto count = static_cast<int>(size);
  VectorXd work(count);
  Eigen::VectorXi work_int(size_int);
  dsyevd_(&job, "L", &n, out.vectors.data(), &n, out.values.data(), work.data(), &count,
          work_int.data(), &size_int, &info, 1, 1);
  if (info != 0 || !out.values.allFinite()) {
    return Reason::NOT_CONVERGED;
  }
  return out;
}

/// Copies what stands below the diagonal in the columns from .. from + count - 1 into their rows.
void mirror_columns(Ref<MatrixXd> matrix, Index from, Index count) {
  eigen_assert(from >= 0 && count >= 0 && from + count <= matrix.cols());
  const Index stride = matrix.outerStride();
  double* const corner = matrix.data() + from * (stride + 1);
  for (Index r = 1; r < matrix.rows() - from; ++r) {
    const double* const row = corner + r;
    double* const column = corner + r * stride;
    for (Index c = 0; c < std::min(r, count); ++c) {
      column[c] = row[c * stride];
    }
  }
}

/// One column of correlation_of_lower, from the diagonal down.
void correlation_column(const Ref<const MatrixXd>& covariance,
                        const Ref<const VectorXd>& inverse_volatility,
                        Index column,
                        Ref<MatrixXd> out) {
  correlate_column(covariance.data() + column * (covariance.outerStride() + 1),
                   inverse_volatility.data() + column, inverse_volatility[column],
                   &out(column, column), out.rows() - column);
  out(column, column) = 1.0;
}

constexpr const char* choice_variable = "OPENBLAS_CORETYPE";

/// OpenBLAS 0.3.21 chooses its kernels by the processor's model number and falls back to SSE3 for
/// models that came after it, which costs a factor of 6. This chooses by what the processor can do.
const char* kernels_of_this_processor() {
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd")
      && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
      && __builtin_cpu_supports("avx512vl")) {
    return "SkylakeX";
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return "Haswell";
  }
  return nullptr;
}

bool is_fallback(std::string_view kernels) {
  constexpr std::array<std::string_view, 7> older_than_avx{
    "Prescott", "Core2", "Penryn", "Dunnington", "Nehalem", "Northwood", "Katmai"};
  for (const auto name : older_than_avx) {
    if (name == kernels) {
      return true;
    }
  }
  return false;
}

/// Runs before main, while the process has one thread: the environment may be written then.
[[nodiscard]] bool choose_kernels() {
  __builtin_cpu_init();
  const char* better = kernels_of_this_processor();
  if (better == nullptr || std::getenv(choice_variable) != nullptr
      || gotoblas_dynamic_init == nullptr || gotoblas_dynamic_quit == nullptr
      || !is_fallback(openblas_get_corename())) {
    return false;
  }
  ::setenv(choice_variable, better, 1);
  gotoblas_dynamic_quit(); // forgets its choice, without which init does nothing
  gotoblas_dynamic_init(); // reads the variable anew
  ::unsetenv(choice_variable);
  return true;
}

[[maybe_unused]] const bool kernels_chosen = choose_kernels();

} // namespace

std::string_view blas_kernels() {
  return openblas_get_corename();
}

MatrixXd gram_lower(const Ref<const MatrixXd>& x, double scale) {
  MatrixXd out = MatrixXd::Zero(x.cols(), x.cols());
  if (x.size() == 0) {
    return out;
  }
  const int n = as_int(x.cols());
  const int k = as_int(x.rows());
  const int stride = leading(x);
  const double zero = 0.0;
  dsyrk_("L", "T", &n, &k, &scale, x.data(), &stride, &zero, out.data(), &n, 1, 1);
  return out;
}

MatrixXd gram(const Ref<const MatrixXd>& x, double scale) {
  MatrixXd out = gram_lower(x, scale);
  mirror_lower(out);
  return out;
}

MatrixXd product_of_transpose(const Ref<const MatrixXd>& a, const Ref<const MatrixXd>& b) {
  eigen_assert(a.rows() == b.rows());
  MatrixXd out = MatrixXd::Zero(a.cols(), b.cols());
  if (out.size() == 0 || a.rows() == 0) {
    return out;
  }
  const int n = as_int(a.cols());
  const int m = as_int(b.cols());
  const int k = as_int(a.rows());
  const int stride_a = leading(a);
  const int stride_b = leading(b);
  const double one = 1.0;
  const double zero = 0.0;
  dgemm_("T", "N", &n, &m, &k, &one, a.data(), &stride_a, b.data(), &stride_b, &zero, out.data(),
         &n, 1, 1);
  return out;
}

VectorXd symmetric_product(const Ref<const MatrixXd>& matrix, const VectorXd& x) {
  eigen_assert(matrix.rows() == matrix.cols() && matrix.rows() == x.size());
  VectorXd out = VectorXd::Zero(x.size());
  const int n = as_int(x.size());
  const int stride = leading(matrix);
  const int next = 1;
  const double one = 1.0;
  const double zero = 0.0;
  dsymv_("L", &n, &one, matrix.data(), &stride, x.data(), &next, &zero, out.data(), &next, 1);
  return out;
}

MatrixXd product(const Ref<const MatrixXd>& a, const Ref<const MatrixXd>& b) {
  eigen_assert(a.cols() == b.rows());
  MatrixXd out = MatrixXd::Zero(a.rows(), b.cols());
  if (out.size() == 0 || a.cols() == 0) {
    return out;
  }
  const int n = as_int(a.rows());
  const int m = as_int(b.cols());
  const int k = as_int(a.cols());
  const int stride_a = leading(a);
  const int stride_b = leading(b);
  const double one = 1.0;
  const double zero = 0.0;
  dgemm_("N", "N", &n, &m, &k, &one, a.data(), &stride_a, b.data(), &stride_b, &zero, out.data(),
         &n, 1, 1);
  return out;
}

Expected<SymmetricEigen> symmetric_eigen(const Ref<const MatrixXd>& matrix) {
  return decompose(matrix, 'V');
}

Expected<VectorXd> symmetric_eigenvalues(const Ref<const MatrixXd>& matrix) {
  auto out = decompose(matrix, 'N');
  if (!out) {
    return out.reason();
  }
  return std::move(out->values);
}

Expected<SymmetricEigen> largest_eigen(const Ref<const MatrixXd>& matrix, Index count) {
  if (const auto usable = check_square(matrix); !usable) {
    return usable.reason();
  }
  if (count < 1 || count > matrix.rows()) {
    return Reason::BAD_PARAMETER;
  }
  MatrixXd scratch = matrix;
  const int n = as_int(matrix.rows());
  const int first = as_int(matrix.rows() - count + 1);
  SymmetricEigen out{VectorXd(matrix.rows()), MatrixXd(matrix.rows(), count)};
  Eigen::VectorXi support(2 * matrix.rows());
  const double unused = 0.0;
  int found = 0;
  int info = 0;
  const auto call = [&](double* work, int work_size, int* work_int, int work_int_size) {
    dsyevr_("V", "I", "L", &n, scratch.data(), &n, &unused, &unused, &first, &n, &unused, &found,
            out.values.data(), out.vectors.data(), &n, support.data(), work, &work_size, work_int,
            &work_int_size, &info, 1, 1, 1);
  };
  double size = 0.0;
  int size_int = 0;
  call(&size, -1, &size_int, -1);
  VectorXd work(static_cast<Index>(size));
  Eigen::VectorXi work_int(size_int);
  call(work.data(), as_int(work.size()), work_int.data(), size_int);
  if (info != 0 || found != count) {
    return Reason::NOT_CONVERGED;
  }
  out.values.conservativeResize(count);
  return out;
}

Expected<Cholesky> Cholesky::of(MatrixXd matrix) {
  if (matrix.rows() != matrix.cols() || matrix.rows() == 0) {
    return Reason::BAD_SHAPE;
  }
  const int n = as_int(matrix.rows());
  int info = 0;
  dpotrf_("L", &n, matrix.data(), &n, &info, 1);
  // what is not finite in a row reaches its diagonal, so that looking at all of them can wait
  if (info != 0 || !matrix.diagonal().allFinite()) {
    const MatrixXd lower = matrix.triangularView<Eigen::Lower>();
    return lower.allFinite() ? Reason::NOT_POSITIVE_DEFINITE : Reason::BAD_SAMPLE;
  }
  for (Index j = 1; j < matrix.cols(); ++j) {
    matrix.col(j).head(j).setZero();
  }
  return Cholesky{std::move(matrix)};
}

MatrixXd Cholesky::solve(MatrixXd b) const {
  eigen_assert(b.rows() == lower_.rows());
  constexpr Index few = 4; // dpotrs packs the whole matrix, which that many columns do not repay
  const int n = as_int(lower_.rows());
  if (b.cols() > few) {
    const int columns = as_int(b.cols());
    int info = 0;
    dpotrs_("L", &n, &columns, lower_.data(), &n, b.data(), &n, &info, 1);
    return b;
  }
  const int next = 1;
  for (auto column : b.colwise()) {
    dtrsv_("L", "N", "N", &n, lower_.data(), &n, column.data(), &next, 1, 1, 1);
    dtrsv_("L", "T", "N", &n, lower_.data(), &n, column.data(), &next, 1, 1, 1);
  }
  return b;
}

VectorXd Cholesky::solve(const VectorXd& b) const {
  return solve(MatrixXd{b}).col(0);
}

double Cholesky::log_determinant() const {
  return 2.0 * lower_.diagonal().array().log().sum();
}

bool is_symmetric(const Ref<const MatrixXd>& matrix, double tolerance) {
  constexpr Index block = 32; // so that rows of a block stay in the cache
  double largest = 0.0;       // mostly stays so: then nobody need know the size of the entries
  const Index n = matrix.rows();
  for (Index j = 0; j < n; j += block) {
    const Index width = std::min(block, n - j);
    for (Index i = j; i < n; i += block) {
      const Index height = std::min(block, n - i);
      const auto difference =
        matrix.block(i, j, height, width) - matrix.block(j, i, width, height).transpose();
      largest = std::max(largest, difference.cwiseAbs().maxCoeff());
    }
  }
  return largest == 0.0 || largest <= tolerance * matrix.cwiseAbs().maxCoeff();
}

Expected<bool> check_symmetric(const Ref<const MatrixXd>& matrix, double tolerance) {
  if (const auto usable = check_square(matrix); !usable) {
    return usable.reason();
  }
  if (!is_symmetric(matrix, tolerance)) {
    return Reason::BAD_SHAPE;
  }
  return true;
}

void mirror_lower(Ref<MatrixXd> matrix) {
  const Index n = matrix.rows();
  for (Index from = 0; from < n; from += mirrored_columns) {
    mirror_columns(matrix, from, std::min(mirrored_columns, n - from));
  }
}

void correlation_of_lower(const Ref<const MatrixXd>& covariance,
                          const Ref<const VectorXd>& inverse_volatility,
                          Ref<MatrixXd> out) {
  eigen_assert(covariance.rows() == out.rows() && inverse_volatility.size() == out.rows());
  const Index n = out.rows();
  for (Index from = 0; from < n; from += mirrored_columns) {
    const Index count = std::min(mirrored_columns, n - from);
    for (Index c = from; c < from + count; ++c) {
      correlation_column(covariance, inverse_volatility, c, out);
    }
    mirror_columns(out, from, count);
  }
}

} // namespace troupe::quant
