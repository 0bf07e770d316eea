#pragma once

#include <cstddef>

/// Fortran entry points of BLAS and LAPACK that quant/ uses, with gfortran's hidden string lengths.
/// Private to quant/linear_algebra: dense.hpp is what others include.
extern "C" {
// NOLINTBEGIN(readability-identifier-naming): LAPACK's names
void dsyrk_(const char* uplo,
            const char* trans,
            const int* n,
            const int* k,
            const double* alpha,
            const double* a,
            const int* lda,
            const double* beta,
            double* c,
            const int* ldc,
            std::size_t uplo_length,
            std::size_t trans_length);
void dgemm_(const char* trans_a,
            const char* trans_b,
            const int* m,
            const int* n,
            const int* k,
            const double* alpha,
            const double* a,
            const int* lda,
            const double* b,
            const int* ldb,
            const double* beta,
            double* c,
            const int* ldc,
            std::size_t trans_a_length,
            std::size_t trans_b_length);
void dsymv_(const char* uplo,
            const int* n,
            const double* alpha,
            const double* a,
            const int* lda,
            const double* x,
            const int* incx,
            const double* beta,
            double* y,
            const int* incy,
            std::size_t uplo_length);
void dtrsv_(const char* uplo,
            const char* trans,
            const char* diag,
            const int* n,
            const double* a,
            const int* lda,
            double* x,
            const int* incx,
            std::size_t uplo_length,
            std::size_t trans_length,
            std::size_t diag_length);
void dsyevd_(const char* jobz,
             const char* uplo,
             const int* n,
             double* a,
             const int* lda,
             double* w,
             double* work,
             const int* lwork,
             int* iwork,
             const int* liwork,
             int* info,
             std::size_t jobz_length,
             std::size_t uplo_length);
void dsyevr_(const char* jobz,
             const char* range,
             const char* uplo,
             const int* n,
             double* a,
             const int* lda,
             const double* vl,
             const double* vu,
             const int* il,
             const int* iu,
             const double* abstol,
             int* m,
             double* w,
             double* z,
             const int* ldz,
             int* isuppz,
             double* work,
             const int* lwork,
             int* iwork,
             const int* liwork,
             int* info,
             std::size_t jobz_length,
             std::size_t range_length,
             std::size_t uplo_length);
void dpotrf_(
  const char* uplo, const int* n, double* a, const int* lda, int* info, std::size_t uplo_length);
void dpotrs_(const char* uplo,
             const int* n,
             const int* nrhs,
             const double* a,
             const int* lda,
             double* b,
             const int* ldb,
             int* info,
             std::size_t uplo_length);
char* openblas_get_corename();
// Exported by builds of OpenBLAS that hold kernels for many processors; others lack it.
[[gnu::weak]] void gotoblas_dynamic_init();
[[gnu::weak]] void gotoblas_dynamic_quit();
// NOLINTEND(readability-identifier-naming)
}
