// Host tilings: what they choose lies within the buffers and covers the product; impossible requests are refused.
#include <catch2/catch_test_macros.hpp>

#include <array>
#include <random>

#include <tiling/tiling_api.h>
#include "vitruvian/error.h"

using namespace matmul_tiling;

namespace {

int divide_up(int a, int b) { return (a + b - 1) / b; }

MatmulProblem problem(int m, int n, int k, int cores, DataType type, bool bias, bool c_in_ub) {
  MatmulProblem p;
  p.m = m, p.n = n, p.k = k, p.cores = cores, p.has_bias = bias;
  p.a.type = p.b.type = type;
  p.c.type = type == DataType::DT_INT8 ? DataType::DT_INT32 : DataType::DT_FLOAT;
  if (c_in_ub) p.c.position = TPosition::VECIN;
  return p;
}

}  // namespace

TEST_CASE("a tiling of any product covers it and fits the buffers") {
  const auto& chip = *platform_ascendc::PlatformAscendCManager::GetInstance();
  std::uint64_t l0a = 0, l0c = 0, ub = 0;
  chip.GetCoreMemSize(platform_ascendc::CoreMemType::L0_A, l0a);
  chip.GetCoreMemSize(platform_ascendc::CoreMemType::L0_C, l0c);
  chip.GetCoreMemSize(platform_ascendc::CoreMemType::UB, ub);
  std::mt19937 random(7);
  for (int i = 0; i < 300; ++i) {
    const DataType type = std::array{DataType::DT_FLOAT16, DataType::DT_FLOAT, DataType::DT_INT8, DataType::DT_BF16}[random() % 4];
    const int bytes = type == DataType::DT_FLOAT ? 4 : type == DataType::DT_INT8 ? 1 : 2;
    const bool bias = random() % 2, c_in_ub = random() % 2;
    const int m = 1 + static_cast<int>(random() % 3000), n = 1 + static_cast<int>(random() % 3000), k = 1 + static_cast<int>(random() % 3000),
              cores = 1 + static_cast<int>(random() % 48);
    INFO("m " << m << " n " << n << " k " << k << " cores " << cores << " bytes " << bytes << " bias " << bias << " ub " << c_in_ub);
    const ::TCubeTiling t = choose_tiling(problem(m, n, k, cores, type, bias, c_in_ub), chip);
    REQUIRE((t.M == m && t.N == n && t.Ka == k && t.Kb == k && t.isBias == bias));
    REQUIRE(divide_up(m, t.singleCoreM) * divide_up(n, t.singleCoreN) == t.usedCoreNum);
    REQUIRE(t.usedCoreNum <= cores);
    REQUIRE((t.baseM % 16 == 0 && t.baseN % 16 == 0 && t.baseK % 16 == 0));
    REQUIRE(static_cast<std::uint64_t>(t.baseM * t.baseN * 4) <= l0c);
    REQUIRE(static_cast<std::uint64_t>(t.baseM * t.baseK * bytes) <= l0a / 2);
    REQUIRE(static_cast<std::uint64_t>(t.baseN * t.baseK * bytes) <= l0a / 2);
    if (c_in_ub) REQUIRE(static_cast<std::uint64_t>(t.baseM * t.baseN * 4) <= ub / 3);
    if (bias) REQUIRE(static_cast<std::uint64_t>(t.baseN * 4) <= chip.bias_table_bytes());
  }
}

TEST_CASE("the sample's product is split evenly") {
  MultiCoreMatmulTiling api;
  api.SetDim(4);
  api.SetCType(TPosition::VECIN, CubeFormat::ND, DataType::DT_FLOAT);
  api.SetShape(1024, 640, 256);
  api.SetOrgShape(1024, 640, 256);
  optiling::TCubeTiling t;
  REQUIRE(api.GetTiling(t) == 0);
  CHECK(t.get_usedCoreNum() == 4);
  CHECK(1024 % t.get_singleCoreM() == 0);
  CHECK(640 % t.get_singleCoreN() == 0);
  CHECK(t.get_singleCoreM() % t.get_baseM() == 0);
  CHECK(t.get_singleCoreN() % t.get_baseN() == 0);
  ::TCubeTiling copy;
  t.SaveToBuffer(&copy, sizeof copy);
  CHECK(copy.baseM == t.get_baseM());
  std::int32_t dim = 0, rows = 0, columns = 0;
  REQUIRE(api.GetCoreNum(dim, rows, columns) == 0);
  CHECK(dim == 4);
  CHECK(rows * columns == 4);
}

TEST_CASE("what cannot be tiled is refused") {
  const auto& chip = *platform_ascendc::PlatformAscendCManager::GetInstance();
  auto p = problem(1024, 1024, 64, 1, DataType::DT_FLOAT16, false, false);
  p.base_m = 512, p.base_n = 512;
  CHECK_THROWS_AS(choose_tiling(p, chip), vitruvian::Error);
  p.base_m = 24, p.base_n = 32;
  CHECK_THROWS_AS(choose_tiling(p, chip), vitruvian::Error);
  MultiCoreMatmulTiling api;
  api.SetShape(0, 16, 16);
  ::TCubeTiling t;
  CHECK(api.GetTiling(t) == -1);
  CHECK(api.SetDim(0) == -1);
  CHECK(api.EnableMultiCoreSplitK(true) == -1);
}

TEST_CASE("vector tilings say how many rows fit, and refuse too little space") {
  const ge::Shape shape{40, 512};
  const auto least = AscendC::GetSoftMaxMinTmpSize(shape, 2, false), most = AscendC::GetSoftMaxMaxTmpSize(shape, 2, false);
  SoftMaxTiling t;
  AscendC::SoftMaxTilingFunc(shape, 2, least, t);
  CHECK(t.splitM == 1);
  AscendC::SoftMaxTilingFunc(shape, 2, most, t);
  CHECK(t.splitM == 40);
  CHECK((t.srcM == 40 && t.srcK == 512));
  CHECK_THROWS_AS(AscendC::SoftMaxTilingFunc(shape, 2, least - 1, t), vitruvian::Error);
  RmsNormTiling norm;
  std::uint32_t high = 0, low = 0;
  AscendC::GetRmsNormMaxMinTmpSize({2, 4, 128}, 2, high, low);
  CHECK(AscendC::GetRmsNormTilingInfo({2, 4, 128}, {2, 4, 100}, low, 2, norm));
  CHECK((norm.bLength == 2 && norm.sLength == 4 && norm.hLength == 128 && norm.originalHLength == 100 && norm.mainBsLength == 1));
  CHECK_FALSE(AscendC::GetRmsNormTilingInfo({2, 4, 128}, {2, 4, 100}, low - 1, 2, norm));
}
