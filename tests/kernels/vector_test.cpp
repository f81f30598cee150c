// Vector add, RMSNorm, softmax against fp64, in strict sync, and a queue kernel in the form of the public samples.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cmath>

#include "tests/kernels/kernel_run.h"

using namespace kernel_tests;

namespace {

struct TypeCase {
  const char* suffix;
  Type type;
  double unit;  // half a unit in the last place, relative, and the kernel's own arithmetic
};
constexpr TypeCase kTypes[] = {{"bf16", Type::bf16, 1.0 / 250}, {"f16", Type::f16, 1.0 / 2000}, {"f32", Type::f32, 1e-6}};
constexpr double kTiny = 6e-8;  // the smallest fp16

std::vector<float> random_values(std::size_t n, Type type, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> values(n);
  for (float& x : values) {
    std::uint8_t bytes[4];
    put(bytes, type, static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 256);
    x = get(bytes, type);
  }
  return values;
}

bool close(double got, double want, double unit) { return std::abs(got - want) <= unit * std::abs(want) + kTiny; }

}  // namespace

TEST_CASE("vector add is exact for any length") {
  Bench bench(library("vector_add.cpp"));
  for (const TypeCase& t : kTypes)
    for (const auto& [n, blocks] : {std::pair{1u, 1u}, {1000u, 3u}, {99999u, 48u}}) {
      INFO(t.suffix << " n " << n);
      const auto x = random_values(n, t.type, 1), y = random_values(n, t.type, 2);
      const auto z = bench.output(n, t.type);
      const auto run = bench.launch(std::string("vector_add_") + t.suffix, {bench.upload(x, t.type), bench.upload(y, t.type), z, std::uint64_t{n}},
                                    {.block_dim = blocks, .sync = vitruvian::Sync::strict});
      INFO(run.fault.report());
      REQUIRE(!run.fault);
      const auto result = bench.download(z, n, t.type);
      CHECK(result.guard_intact);
      std::size_t wrong = 0;
      for (unsigned i = 0; i < n; ++i) {
        std::uint8_t bytes[4];
        put(bytes, t.type, x[i] + y[i]);
        wrong += result.values[i] != get(bytes, t.type);
      }
      CHECK(wrong == 0);
    }
}

TEST_CASE("RMSNorm and softmax are right for any width") {
  Bench norm(library("rms_norm.cpp")), softmax(library("softmax.cpp"));
  for (const TypeCase& t : kTypes)
    for (const auto& [rows, width] : {std::pair{1u, 1u}, {5u, 64u}, {7u, 100u}, {60u, 1000u}, {3u, 6144u}}) {
      INFO(t.suffix << " rows " << rows << " width " << width);
      const auto x = random_values(std::size_t{rows} * width, t.type, 3), weight = random_values(width, t.type, 4);
      const auto y = norm.output(x.size(), t.type), p = softmax.output(x.size(), t.type);
      const vitruvian::LaunchOptions options{.block_dim = 5, .sync = vitruvian::Sync::strict};
      const auto first = norm.launch(std::string("rms_norm_") + t.suffix,
                                     {norm.upload(x, t.type), norm.upload(weight, t.type), y, std::uint64_t{rows}, std::uint64_t{width}, 1e-6f}, options);
      const auto second = softmax.launch(std::string("softmax_") + t.suffix, {softmax.upload(x, t.type), p, std::uint64_t{rows}, std::uint64_t{width}}, options);
      INFO(first.fault.report() << second.fault.report());
      REQUIRE((!first.fault && !second.fault));
      const auto normalised = norm.download(y, x.size(), t.type), probability = softmax.download(p, x.size(), t.type);
      CHECK(normalised.guard_intact);
      CHECK(probability.guard_intact);
      std::size_t wrong = 0;
      for (unsigned r = 0; r < rows; ++r) {
        const float* row = x.data() + std::size_t{r} * width;
        double squares = 0, sum = 0;
        const double largest = *std::max_element(row, row + width);
        for (unsigned i = 0; i < width; ++i) squares += double{row[i]} * row[i], sum += std::exp(row[i] - largest);
        const double factor = 1 / std::sqrt(squares / width + 1e-6);
        for (unsigned i = 0; i < width; ++i) {
          wrong += !close(normalised.values[std::size_t{r} * width + i], row[i] * factor * weight[i], t.unit);
          wrong += !close(probability.values[std::size_t{r} * width + i], std::exp(row[i] - largest) / sum, t.unit);
        }
      }
      CHECK(wrong == 0);
    }
}

TEST_CASE("a queue kernel in the form of the public samples adds bit-exactly") {
  Bench bench(std::string(KERNEL_TESTS) + "/add_queue.cpp");
  constexpr unsigned n = 8 * 2048;
  const auto x = random_values(n, Type::f16, 5), y = random_values(n, Type::f16, 6);
  for (const unsigned blocks : {1u, 8u}) {
    const auto z = bench.output(n, Type::f16);
    const auto run = bench.launch("add_custom", {bench.upload(x, Type::f16), bench.upload(y, Type::f16), z, std::uint64_t{n}},
                                  {.block_dim = blocks, .sync = vitruvian::Sync::strict});
    INFO(run.fault.report());
    REQUIRE(!run.fault);
    const auto result = bench.download(z, n, Type::f16);
    std::size_t wrong = 0;
    for (unsigned i = 0; i < n; ++i) wrong += result.values[i] != static_cast<float>(static_cast<_Float16>(x[i] + y[i]));
    CHECK(wrong == 0);
    CHECK(result.guard_intact);
  }
}
