#include "src/workload/gemm_reference.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <catch2/catch_test_macros.hpp>

using namespace vitruvian::workload;

namespace {

// A GEMM done by hand, in fp32 sums as the cube does, that a test may break.
struct Case {
  std::uint64_t m, n, k;
  ElementType input, output;
  std::vector<std::uint8_t> a, b, c;
  std::vector<float> scale;

  Case(std::uint64_t rows, std::uint64_t columns, std::uint64_t depth, ElementType in, ElementType out)
      : m(rows), n(columns), k(depth), input(in), output(out), a(m * k * bytes_of(in)), b(k * n * bytes_of(in)), c(m * n * bytes_of(out)) {
    fill_random(input, a.data(), m * k, 1);
    fill_random(input, b.data(), k * n, 2);
    if (input == ElementType::s8) scale.assign(n, 0x1p-10f);
    compute(0, k);
  }

  // C from the products first <= k < last only.
  void compute(std::uint64_t first, std::uint64_t last) {
    std::vector<float> x(m * k), y(k * n);
    load_as_float(input, a.data(), 0, x);
    load_as_float(input, b.data(), 0, y);
    for (std::uint64_t i = 0; i < m; ++i) {
      for (std::uint64_t j = 0; j < n; ++j) {
        float sum = 0;
        for (std::uint64_t d = first; d < last; ++d) sum += x[i * k + d] * y[d * n + j];
        store(i * n + j, scale.empty() ? sum : sum * scale[j]);
      }
    }
  }

  void store(std::uint64_t at, float value) {
    if (output == ElementType::bf16) {
      const std::uint16_t bits = float_to_bf16(value);
      std::memcpy(c.data() + at * 2, &bits, 2);
    } else {
      std::memcpy(c.data() + at * 4, &value, 4);
    }
  }

  Accuracy check() const { return check_gemm({m, n, k, input, output, a.data(), b.data(), scale.empty() ? nullptr : scale.data(), c.data()}); }
};

void check_passes(const Case& gemm) {
  const Accuracy accuracy = gemm.check();
  INFO(accuracy.max_rel_error << " against " << accuracy.bound);
  CHECK(accuracy.max_rel_error <= accuracy.bound);
}

void check_fails(const Case& gemm) {
  const Accuracy accuracy = gemm.check();
  INFO(accuracy.max_rel_error << " against " << accuracy.bound);
  CHECK(accuracy.max_rel_error > accuracy.bound);
}

}  // namespace

TEST_CASE("a right GEMM passes, at odd shapes too") {
  for (auto [m, n, k] : {std::array<std::uint64_t, 3>{1, 1, 1}, {17, 255, 7}, {300, 64, 1500}}) {
    check_passes(Case(m, n, k, ElementType::bf16, ElementType::bf16));
    check_passes(Case(m, n, k, ElementType::f16, ElementType::f32));
    check_passes(Case(m, n, k, ElementType::s8, ElementType::bf16));
  }
}

TEST_CASE("a GEMM with one K tile dropped fails, even the smallest tile of a long sum") {
  for (auto [input, output] : {std::pair{ElementType::bf16, ElementType::bf16}, {ElementType::bf16, ElementType::f32}, {ElementType::s8, ElementType::bf16}}) {
    Case gemm(32, 32, 4096, input, output);
    gemm.compute(0, 4096 - 16);
    check_fails(gemm);
  }
}

TEST_CASE("one element that is not a number fails") {
  Case gemm(16, 16, 16, ElementType::bf16, ElementType::f32);
  gemm.store(100, std::numeric_limits<float>::quiet_NaN());
  CHECK(std::isinf(gemm.check().max_rel_error));
}

TEST_CASE("one wrong element among many fails") {
  Case gemm(64, 64, 64, ElementType::bf16, ElementType::f32);
  gemm.store(64 * 63 + 63, 1e3f);
  check_fails(gemm);
}

TEST_CASE("B stored as its transpose gives the same check") {
  Case gemm(17, 33, 65, ElementType::bf16, ElementType::f32);
  std::vector<std::uint8_t> transposed(gemm.b.size());
  for (std::uint64_t d = 0; d < gemm.k; ++d)
    for (std::uint64_t j = 0; j < gemm.n; ++j) std::memcpy(transposed.data() + (j * gemm.k + d) * 2, gemm.b.data() + (d * gemm.n + j) * 2, 2);
  const Accuracy accuracy = check_gemm({gemm.m, gemm.n, gemm.k, gemm.input, gemm.output, gemm.a.data(), transposed.data(), nullptr, gemm.c.data(), true});
  CHECK(accuracy.max_rel_error == gemm.check().max_rel_error);
}
