// The GEMM kernels against fp64, in strict sync: any shape, tails, block counts, guard zones.
#include <catch2/catch_test_macros.hpp>

#include <cmath>

#include "tests/kernels/kernel_run.h"

using namespace kernel_tests;

namespace {

struct Variant {
  const char* kernel;
  Type in, out;
  bool transposed_b;
  double bound;  // of |error| / sum |a b|: half a unit of the output type and the accumulation
};

struct Shape {
  unsigned m, n, k, blocks;
};

// Largest |C - A B| / sum |a b|.
double worst_error(Bench& bench, const Variant& v, const Shape& s, bool& guard) {
  std::mt19937 random(7 + s.m + s.n + s.k);
  const bool quantised = v.in == Type::s8;
  const auto value = [&] { return quantised ? static_cast<float>(static_cast<int>(random() % 255) - 127) : static_cast<float>(static_cast<int>(random() % 17) - 8) / 8; };
  std::vector<float> a(std::size_t{s.m} * s.k), b(std::size_t{s.k} * s.n), scale(s.n);
  for (float& x : a) x = value();
  for (float& x : b) x = value();
  for (float& x : scale) x = 0.001f * static_cast<float>(1 + random() % 16);
  const auto c = bench.output(std::size_t{s.m} * s.n, v.out);
  std::vector<vitruvian::Argument> arguments = {bench.upload(a, v.in), bench.upload(b, v.in)};
  if (quantised) arguments.push_back(bench.upload(scale, Type::f32));
  arguments.push_back(c);
  if (quantised) arguments.push_back(bench.device.allocate(std::size_t{s.blocks} * 4 * 131072));
  for (const unsigned extent : {s.m, s.n, s.k}) arguments.push_back(std::uint64_t{extent});
  const auto run = bench.launch(v.kernel, arguments, {.block_dim = s.blocks, .sync = vitruvian::Sync::strict});
  INFO(run.fault.report());
  REQUIRE(!run.fault);
  const auto result = bench.download(c, std::size_t{s.m} * s.n, v.out);
  guard = result.guard_intact;
  double worst = 0;
  for (unsigned i = 0; i < s.m; ++i)
    for (unsigned j = 0; j < s.n; ++j) {
      double sum = 0, weight = 0;
      for (unsigned p = 0; p < s.k; ++p) {
        const double x = a[std::size_t{i} * s.k + p], y = v.transposed_b ? b[std::size_t{j} * s.k + p] : b[std::size_t{p} * s.n + j];
        sum += x * y, weight += std::abs(x * y);
      }
      if (quantised) sum *= scale[j], weight *= scale[j];
      const double error = std::abs(result.values[std::size_t{i} * s.n + j] - sum) / (weight + 1e-9);
      if (!(error <= worst)) worst = error;  // NaN counts as worst
    }
  return worst;
}

void check(const char* source, const std::vector<Variant>& variants, const std::vector<Shape>& shapes) {
  Bench bench(library(source));
  for (const Variant& v : variants)
    for (const Shape& s : shapes) {
      INFO(v.kernel << " m " << s.m << " n " << s.n << " k " << s.k << " blocks " << s.blocks);
      bool guard = false;
      CHECK(worst_error(bench, v, s, guard) <= v.bound);
      CHECK(guard);
    }
}

constexpr double kBf16 = 1.0 / 256, kF16 = 1.0 / 2048, kF32 = 1e-5;
const std::vector<Shape> kShapes = {{1, 1, 1, 1},     {16, 16, 16, 1},    {128, 256, 64, 1}, {1, 255, 7, 2},   {17, 100, 300, 2},
                                    {129, 257, 65, 3}, {100, 33, 1000, 4}, {200, 520, 530, 24}};

}  // namespace

TEST_CASE("gemm in bf16 and fp16 is right for any shape") {
  check("gemm.cpp",
        {{"gemm_bf16", Type::bf16, Type::bf16, false, kBf16}, {"gemm_f16", Type::f16, Type::f16, false, kF16}, {"gemm_bf16_f32", Type::bf16, Type::f32, false, kF32},
         {"gemm_f16_f32", Type::f16, Type::f32, false, kF32}, {"gemm_bf16_nt", Type::bf16, Type::bf16, true, kBf16}, {"pto_gemm", Type::f16, Type::f32, true, kF32}},
        kShapes);
}

TEST_CASE("the quantised gemm is right for any shape") {
  check("gemm_s8.cpp", {{"gemm_s8", Type::s8, Type::bf16, false, kBf16}, {"gemm_s8_nt", Type::s8, Type::bf16, true, kBf16}}, kShapes);
}

TEST_CASE("a gemm with one K tile dropped is wrong") {
  Bench bench(library("gemm.cpp"), {"-DGEMM_DROP_K_TILE"});
  bool guard = false;
  CHECK(worst_error(bench, {"gemm_bf16", Type::bf16, Type::bf16, false, kBf16}, {64, 64, 256, 1}, guard) > kBf16);
}

TEST_CASE("automatic and strict sync, full and timing-only give the same cycles") {
  Bench bench(library("gemm.cpp"));
  const std::vector<float> ones(300 * 700, 1.0f);
  const std::vector<vitruvian::Argument> arguments = {bench.upload(ones, Type::bf16), bench.upload(ones, Type::bf16), bench.output(300 * 300, Type::bf16),
                                                      std::uint64_t{300}, std::uint64_t{300}, std::uint64_t{700}};
  const auto strict = bench.launch("gemm_bf16", arguments, {.block_dim = 4, .sync = vitruvian::Sync::strict});
  const auto automatic = bench.launch("gemm_bf16", arguments, {.block_dim = 4});
  const auto timing = bench.launch("gemm_bf16", arguments, {.block_dim = 4, .mode = vitruvian::Mode::timing_only});
  CHECK(!strict.fault);
  CHECK(automatic.hazard_waits == 0);
  CHECK(automatic.cycles == strict.cycles);
  CHECK(timing.cycles == strict.cycles);
}
