// The high-level Matmul object against fp64: the public sample's form (matmul + bias + LeakyReLU) under several tilings and
// block counts, in auto and strict synchronisation.
#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <cstring>

#include <tiling/tiling_api.h>
#include "tests/kernels/kernel_run.h"

using namespace kernel_tests;

namespace {

std::vector<float> random_halves(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> values(n);
  for (float& x : values) x = static_cast<float>(static_cast<_Float16>(static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 512));
  return values;
}

vitruvian::DeviceAddress upload_tiling(Bench& bench, const TCubeTiling& tiling) {
  const auto address = bench.device.allocate(sizeof tiling);
  bench.device.copy_in(address, &tiling, sizeof tiling);
  return address;
}

matmul_tiling::MultiCoreMatmulTiling leaky_tiling(int m, int n, int k, int cores) {
  using namespace matmul_tiling;
  MultiCoreMatmulTiling api;
  api.SetDim(cores);
  api.SetAType(TPosition::GM, CubeFormat::ND, DataType::DT_FLOAT16);
  api.SetBType(TPosition::GM, CubeFormat::ND, DataType::DT_FLOAT16);
  api.SetCType(TPosition::VECIN, CubeFormat::ND, DataType::DT_FLOAT);
  api.SetBiasType(TPosition::GM, CubeFormat::ND, DataType::DT_FLOAT);
  api.SetOrgShape(m, n, k);
  api.SetShape(m, n, k);
  api.SetBias(true);
  return api;
}

}  // namespace

TEST_CASE("matmul, bias and leaky ReLU of the sample's form are right under any tiling") {
  Bench bench(vitruvian::data_directory() + "/examples/host_program/matmul_leakyrelu_custom.cpp");
  constexpr int m = 1024, n = 640, k = 256;
  const auto a = random_halves(std::size_t{m} * k, 1), b = random_halves(std::size_t{k} * n, 2);
  std::vector<float> bias(n);
  for (int j = 0; j < n; ++j) bias[static_cast<std::size_t>(j)] = static_cast<float>(j % 37) - 18.5f;
  std::vector<double> want(std::size_t{m} * n);
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j) {
      double sum = bias[static_cast<std::size_t>(j)];
      for (int l = 0; l < k; ++l) sum += double{a[static_cast<std::size_t>(i * k + l)]} * b[static_cast<std::size_t>(l * n + j)];
      want[static_cast<std::size_t>(i * n + j)] = sum > 0 ? sum : 0.001f * sum;
    }
  const auto a_gm = bench.upload(a, Type::f16), b_gm = bench.upload(b, Type::f16), bias_gm = bench.upload(bias, Type::f32);
  const auto workspace = bench.device.allocate(1024);

  struct Case {
    std::uint32_t blocks;
    int cores, base_m, base_n, base_k;
    matmul_tiling::MatrixTraverse traverse;
  };
  using matmul_tiling::MatrixTraverse;
  const Case cases[] = {{2, 4, -1, -1, -1, MatrixTraverse::FIRSTM}, {1, 2, -1, -1, -1, MatrixTraverse::FIRSTM}, {1, 2, 256, 128, -1, MatrixTraverse::FIRSTN},
                        {2, 4, 128, 64, 32, MatrixTraverse::FIRSTN}, {4, 8, 64, 160, 128, MatrixTraverse::FIRSTM}};
  for (const Case& t : cases)
    for (const auto sync : {vitruvian::Sync::automatic, vitruvian::Sync::strict}) {
      auto api = leaky_tiling(m, n, k, t.cores);
      api.SetFixSplit(t.base_m, t.base_n, t.base_k);
      api.SetTraverse(t.traverse);
      TCubeTiling tiling;
      REQUIRE(api.GetTiling(tiling) == 0);
      INFO("blocks " << t.blocks << " single " << tiling.singleCoreM << " x " << tiling.singleCoreN << " base " << tiling.baseM << " x " << tiling.baseN << " x "
                     << tiling.baseK << (sync == vitruvian::Sync::strict ? " strict" : " auto"));
      const auto c = bench.output(std::size_t{m} * n, Type::f32);
      const auto run = bench.launch("matmul_leakyrelu_custom", {a_gm, b_gm, bias_gm, c, workspace, upload_tiling(bench, tiling)},
                                    {.block_dim = t.blocks, .sync = sync});
      INFO(run.fault.report());
      REQUIRE(!run.fault);
      UNSCOPED_INFO("cycles " << run.cycles);
      const auto got = bench.download(c, std::size_t{m} * n, Type::f32);
      CHECK(got.guard_intact);
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < want.size(); ++i) wrong += !(std::abs(double{got.values[i]} - want[i]) <= 1e-3 * std::abs(want[i]) + 1e-4);
      CHECK(wrong == 0);
      bench.device.free(c);
    }
}
