#include "src/workload/gemm_reference.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <cblas.h>

#include "vitruvian/error.h"

namespace vitruvian::workload {
namespace {

constexpr std::uint64_t kRowBlock = 256;       // rows of the reference at a time: bounds the host's memory
constexpr std::uint64_t kScaleRows = 1024;     // rows that the scale looks at
constexpr std::uint64_t kExactDepth = 1024;    // int8 products whose sum fp32 holds exactly: 1024 x 2^14 = 2^24
constexpr std::uint64_t kSamples = 256;        // elements computed again in fp64

using Floats = std::vector<float>;

// c[rows,n] = a[rows, k of lda] x b[k,n].
void multiply(std::uint64_t rows, std::uint64_t n, std::uint64_t k, const float* a, std::uint64_t lda, const float* b, float* c) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, static_cast<blasint>(rows), static_cast<blasint>(n), static_cast<blasint>(k), 1.0f, a,
              static_cast<blasint>(lda), b, static_cast<blasint>(n), 0.0f, c, static_cast<blasint>(n));
}

class Checker {
 public:
  explicit Checker(const GemmProblem& problem) : p_(problem), b_(p_.k * p_.n) { load_b(); }

  Accuracy run() {
    for (std::uint64_t row = 0; row < p_.m; row += kRowBlock) compare_rows(row, std::min(kRowBlock, p_.m - row));
    ensure(worst_reference_ <= summation_error() + 0x1p-24, "the fp32 reference agrees with fp64 on the sampled elements");
    const double scale = largest_scale();
    Accuracy result;
    const double rounding = unit_roundoff(p_.output) * largest_reference_ + smallest_error(p_.output);
    if (scale == 0) return {worst_ == 0 ? 0 : std::numeric_limits<double>::infinity(), 0};
    result.max_rel_error = worst_ / scale;
    result.bound = rounding / scale + summation_error();
    return result;
  }

 private:
  void load_b() {
    if (!p_.b_transposed) return load_as_float(p_.input, p_.b, 0, b_);
    Floats row(p_.k);
    for (std::uint64_t j = 0; j < p_.n; ++j) {
      load_as_float(p_.input, p_.b, j * p_.k, row);
      for (std::uint64_t k = 0; k < p_.k; ++k) b_[k * p_.n + j] = row[k];
    }
  }

  bool exact() const { return p_.input == ElementType::s8; }
  // Relative to |A||B|. The factor after an exact int32 sum costs a conversion and a product in fp32.
  double summation_error() const { return exact() ? 0x1p-22 : 16 * std::sqrt(static_cast<double>(p_.k)) * 0x1p-24; }
  double column_scale(std::uint64_t column) const { return p_.column_scale == nullptr ? 1 : static_cast<double>(p_.column_scale[column]); }

  // The reference of some rows in fp64 (which holds both the fp32 results and the exact int8 sums).
  void reference_rows(const Floats& a, std::uint64_t rows, std::vector<double>& reference) {
    reference.assign(rows * p_.n, 0);
    Floats part(rows * p_.n);
    const std::uint64_t depth = exact() ? kExactDepth : p_.k;
    for (std::uint64_t k = 0; k < p_.k; k += depth) {
      multiply(rows, p_.n, std::min(depth, p_.k - k), a.data() + k, p_.k, b_.data() + k * p_.n, part.data());
      for (std::uint64_t i = 0; i < part.size(); ++i) reference[i] += static_cast<double>(part[i]);
    }
    for (std::uint64_t i = 0; i < reference.size(); ++i) reference[i] *= column_scale(i % p_.n);
  }

  void compare_rows(std::uint64_t first, std::uint64_t rows) {
    Floats a(rows * p_.k), out(rows * p_.n);
    load_as_float(p_.input, p_.a, first * p_.k, a);
    load_as_float(p_.output, p_.c, first * p_.n, out);
    std::vector<double> reference;
    reference_rows(a, rows, reference);
    for (std::uint64_t i = 0; i < out.size(); ++i) {
      const double difference = std::abs(static_cast<double>(out[i]) - reference[i]);
      worst_ = std::isfinite(difference) ? std::max(worst_, difference) : std::numeric_limits<double>::infinity();
      largest_reference_ = std::max(largest_reference_, std::abs(reference[i]));
    }
    const std::uint64_t step = std::max<std::uint64_t>(1, p_.m * p_.n / kSamples) | 1;  // odd, so that columns differ
    const std::uint64_t base = first * p_.n, end = base + rows * p_.n;
    for (std::uint64_t at = (base + step - 1) / step * step; at < end; at += step) sample(a, at - base, reference[at - base]);
  }

  void sample(const Floats& a, std::uint64_t at, double reference) {
    const std::uint64_t row = at / p_.n, column = at % p_.n;
    double sum = 0, weight = 0;
    for (std::uint64_t k = 0; k < p_.k; ++k) {
      const double product = static_cast<double>(a[row * p_.k + k]) * static_cast<double>(b_[k * p_.n + column]);
      sum += product;
      weight += std::abs(product);
    }
    if (weight > 0) worst_reference_ = std::max(worst_reference_, std::abs(sum * column_scale(column) - reference) / (weight * std::abs(column_scale(column))));
  }

  double largest_scale() {
    for (float& value : b_) value = std::abs(value);
    const std::uint64_t rows = std::min(p_.m, kScaleRows);
    double largest = 0;
    for (std::uint64_t done = 0; done < rows; done += kRowBlock) {
      const std::uint64_t count = std::min(kRowBlock, rows - done);
      Floats a(count * p_.k), scale(count * p_.n);
      for (std::uint64_t i = 0; i < count; ++i) load_as_float(p_.input, p_.a, (done + i) * p_.m / rows * p_.k, std::span(a).subspan(i * p_.k, p_.k));
      for (float& value : a) value = std::abs(value);
      multiply(count, p_.n, p_.k, a.data(), p_.k, b_.data(), scale.data());
      for (std::uint64_t i = 0; i < scale.size(); ++i) largest = std::max(largest, static_cast<double>(scale[i]) * std::abs(column_scale(i % p_.n)));
    }
    return largest;
  }

  const GemmProblem& p_;
  Floats b_;
  double worst_ = 0, largest_reference_ = 0, worst_reference_ = 0;
};

}  // namespace

Accuracy check_gemm(const GemmProblem& problem) {
  if (problem.m == 0 || problem.n == 0 || problem.k == 0) throw Error("an empty GEMM has nothing to check", "gemm", "m, n and k of at least 1", "0");
  return Checker(problem).run();
}

}  // namespace vitruvian::workload
