// Chooses a TCubeTiling: the grid of cores first, then the tile of one Iterate().
//
// Grid: the largest core's share of C decides the time, so the least share wins; shares that divide C evenly win over others,
// since many kernels handle no tails. Tile: the least of cube time and load time over all tiles of a core, under the limits of
// L0C, L0A, L0B and, for C in UB, a third of UB (the tile, the kernel's result, double buffers).
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>
#include <tuple>

#include "vitruvian/error.h"
#include <tiling/tiling_api.h>

namespace matmul_tiling {

namespace {

using platform_ascendc::CoreMemType;
using vitruvian::Error;

constexpr std::int32_t kFractal = 16;
constexpr std::int32_t kLargestBase = 512;
// Bytes that a core loads while its cube does one 16 x 16 x 32 B product: the ratio decides between square and flat tiles.
constexpr double kLoadBytesPerProduct = 96;
constexpr double kTailPenalty = 1.25, kSingleBufferPenalty = 1.15;

std::int32_t up(std::int32_t value, std::int32_t unit) { return (value + unit - 1) / unit * unit; }
std::int32_t divide_up(std::int32_t a, std::int32_t b) { return (a + b - 1) / b; }

std::int32_t bytes_of(DataType type) {
  switch (type) {
    case DataType::DT_FLOAT: case DataType::DT_INT32: return 4;
    case DataType::DT_INT8: return 1;
    case DataType::DT_INT4: throw Error("int4 operands", "matmul tiling", "float, half, bfloat16 or int8", "int4");
    default: return 2;
  }
}

struct Limits {
  std::int64_t l0a, l0b, l0c, l1, ub_for_c, widest;
  std::int32_t element, out, unit_n;
};

Limits limits_of(const MatmulProblem& p, const platform_ascendc::PlatformAscendC& platform) {
  const auto size = [&](CoreMemType type) {
    std::uint64_t bytes = 0;
    platform.GetCoreMemSize(type, bytes);
    return static_cast<std::int64_t>(bytes);
  };
  Limits limits{};
  limits.l0a = size(CoreMemType::L0_A);
  limits.l0b = size(CoreMemType::L0_B);
  limits.l0c = p.l0c_bytes > 0 ? p.l0c_bytes : size(CoreMemType::L0_C);
  limits.l1 = p.l1_bytes > 0 ? p.l1_bytes : size(CoreMemType::L1);
  const bool in_ub = p.c.position == TPosition::VECIN || p.c.position == TPosition::VECCALC || p.c.position == TPosition::VECOUT;
  // A caller who fixes the tile knows what else is in UB.
  const bool fixed = p.base_m > 0 && p.base_n > 0;
  limits.ub_for_c = !in_ub ? limits.l0c * 2 : p.ub_bytes > 0 ? p.ub_bytes : fixed ? size(CoreMemType::UB) : size(CoreMemType::UB) / 3;
  limits.widest = p.has_bias ? static_cast<std::int64_t>(platform.bias_table_bytes()) / 4 : kLargestBase;
  limits.element = bytes_of(p.a.type);
  limits.out = bytes_of(p.c.type);
  limits.unit_n = limits.element == 1 ? 2 * kFractal : kFractal;
  return limits;
}

struct Grid {
  std::int32_t single_m, single_n;
};

Grid choose_grid(const MatmulProblem& p, const Limits& limits) {
  const std::int32_t unit_m = std::max(kFractal, p.align_m), unit_n = std::max(limits.unit_n, p.align_n);
  using Key = std::tuple<std::int64_t, int, std::int64_t>;
  std::optional<Key> best;
  Grid grid{};
  for (std::int32_t rows = 1; rows <= p.cores; ++rows)
    for (std::int32_t columns = 1; rows * columns <= p.cores; ++columns) {
      Grid g{p.single_m > 0 ? p.single_m : std::min(p.m, up(divide_up(p.m, rows), unit_m)),
             p.single_n > 0 ? p.single_n : std::min(p.n, up(divide_up(p.n, columns), unit_n))};
      if (static_cast<std::int64_t>(divide_up(p.m, g.single_m)) * divide_up(p.n, g.single_n) > p.cores) continue;
      const std::int64_t share = static_cast<std::int64_t>(up(g.single_m, kFractal)) * up(g.single_n, limits.unit_n);
      const int uneven = (p.m % g.single_m != 0) + (p.n % g.single_n != 0);
      const Key key{share, uneven, std::int64_t{g.single_m} + g.single_n};
      if (!best || key < *best) best = key, grid = g;
    }
  if (!best) throw Error("no grid of cores covers the product", "matmul tiling", "single shapes that need at most the cores", std::to_string(p.cores) + " cores");
  return grid;
}

bool fits(std::int32_t base_m, std::int32_t base_n, const Limits& limits) {
  const std::int64_t elements = std::int64_t{base_m} * base_n;
  // One step of K in half of L0A and L0B, and one row of fractals of K in half of L1.
  const std::int64_t step = std::int64_t{2 * kFractal} * limits.element;
  return base_n <= limits.widest && elements * 4 <= limits.l0c && elements * limits.out <= limits.ub_for_c && base_m * step <= limits.l0a / 2 && base_n * step <= limits.l0b / 2 &&
         (std::int64_t{base_m} + base_n) * step <= limits.l1 / 4;
}

struct Base {
  std::int32_t m, n;
};

double cost_of(const Base& base, const Grid& grid, const Limits& limits) {
  const double tiles = static_cast<double>(divide_up(grid.single_m, base.m)) * divide_up(grid.single_n, base.n);
  const double products = (base.m / kFractal) * (base.n / kFractal);
  const double load = (base.m + base.n) * 32 / kLoadBytesPerProduct;
  double cost = tiles * std::max(products, load);
  if (grid.single_m % base.m != 0) cost *= kTailPenalty;
  if (grid.single_n % base.n != 0) cost *= kTailPenalty;
  if (std::int64_t{base.m} * base.n * 8 > limits.l0c) cost *= kSingleBufferPenalty;
  return cost;
}

Base choose_base(const MatmulProblem& p, const Grid& grid, const Limits& limits) {
  std::optional<double> best;
  Base base{};
  const auto range = [](std::int32_t fixed, std::int32_t single, std::int32_t unit) {
    return fixed > 0 ? std::pair{fixed, fixed} : std::pair{unit, std::min(kLargestBase, up(single, unit))};
  };
  const auto [first_m, last_m] = range(p.base_m, grid.single_m, kFractal);
  const auto [first_n, last_n] = range(p.base_n, grid.single_n, limits.unit_n);
  for (std::int32_t m = first_m; m <= last_m; m += kFractal)
    for (std::int32_t n = first_n; n <= last_n; n += limits.unit_n) {
      if (!fits(m, n, limits)) continue;
      const double cost = cost_of({m, n}, grid, limits);
      // Equal costs: the larger tile has fewer calls.
      if (!best || cost < *best || (cost == *best && m * n > base.m * base.n)) best = cost, base = {m, n};
    }
  if (!best)
    throw Error("no tile fits the buffers", "matmul tiling", "a base split within L0A, L0B, L0C, with a bias the bias table, and for C in UB the given UB space",
                "base " + std::to_string(p.base_m) + " x " + std::to_string(p.base_n));
  if (base.m % kFractal != 0 || base.n % limits.unit_n != 0)
    throw Error("base split", "matmul tiling", "multiples of 16 (int8: n of 32)", std::to_string(base.m) + " x " + std::to_string(base.n));
  return base;
}

std::int32_t choose_base_k(const MatmulProblem& p, const Base& base, const Limits& limits, std::int32_t k) {
  const std::int32_t unit = limits.element == 1 ? 2 * kFractal : kFractal;
  const std::int64_t most = std::min(limits.l0a / 2 / (std::int64_t{base.m} * limits.element), limits.l0b / 2 / (std::int64_t{base.n} * limits.element));
  if (p.base_k > 0) return p.base_k;
  return std::max(unit, std::min(static_cast<std::int32_t>(most / unit) * unit, up(k, unit)));
}

void check(const MatmulProblem& p) {
  if (p.m < 1 || p.n < 1 || p.k < 1)
    throw Error("shape", "matmul tiling", "m, n, k of at least 1 (SetShape or SetOrgShape)",
                std::to_string(p.m) + " x " + std::to_string(p.n) + " x " + std::to_string(p.k));
  if (p.cores < 1) throw Error("cores", "matmul tiling", "at least 1", std::to_string(p.cores));
}

}  // namespace

::TCubeTiling choose_tiling(const MatmulProblem& given, const platform_ascendc::PlatformAscendC& platform) {
  MatmulProblem p = given;
  if (p.m < 0) p.m = p.org_m;
  if (p.n < 0) p.n = p.org_n;
  if (p.k < 0) p.k = p.org_ka;
  check(p);
  const Limits limits = limits_of(p, platform);
  const Grid grid = choose_grid(p, limits);
  const Base base = choose_base(p, grid, limits);
  const std::int32_t single_k = p.single_k > 0 ? p.single_k : p.k, base_k = choose_base_k(p, base, limits, single_k);
  // K of one L1 slot, as kernels/include/lib/matmul/matmul_cube.h fills it.
  const std::int64_t slot = limits.l1 / 2 / ((std::int64_t{base.m} + base.n) * limits.element * base_k);
  const auto steps = static_cast<std::int32_t>(std::clamp<std::int64_t>(slot, 1, divide_up(single_k, base_k)));

  ::TCubeTiling t;
  t.usedCoreNum = divide_up(p.m, grid.single_m) * divide_up(p.n, grid.single_n);
  t.M = p.org_m > 0 ? p.org_m : p.m;
  t.N = p.org_n > 0 ? p.org_n : p.n;
  t.Ka = p.org_ka > 0 ? p.org_ka : p.k;
  t.Kb = p.org_kb > 0 ? p.org_kb : p.k;
  t.singleCoreM = grid.single_m, t.singleCoreN = grid.single_n, t.singleCoreK = single_k;
  t.baseM = base.m, t.baseN = base.n, t.baseK = base_k;
  t.stepM = t.stepN = 1;
  t.stepKa = t.stepKb = steps;
  t.depthA1 = t.depthB1 = 2 * steps;
  t.isBias = p.has_bias;
  t.iterateOrder = p.traverse == MatrixTraverse::FIRSTN ? 1 : 0;
  t.shareL1Size = static_cast<std::int32_t>(limits.l1);
  t.shareL0CSize = base.m * base.n * 4;
  t.batchM = t.batchN = t.singleBatchM = t.singleBatchN = 1;
  t.depthAL1CacheUB = t.depthBL1CacheUB = 0;
  t.dbL0A = t.dbL0B = 2;
  t.dbL0C = std::int64_t{base.m} * base.n * 8 <= limits.l0c ? 2 : 1;
  return t;
}

std::int64_t MatmulApiTiling::GetTiling(::TCubeTiling& tiling) {
  try {
    tiling = choose_tiling(problem_, platform_);
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return -1;
  }
}

std::int32_t MultiCoreMatmulTiling::GetCoreNum(std::int32_t& dim, std::int32_t& m_dim, std::int32_t& n_dim) {
  ::TCubeTiling tiling;
  if (GetTiling(tiling) != 0) return -1;
  m_dim = divide_up(problem_.m > 0 ? problem_.m : tiling.M, tiling.singleCoreM);
  n_dim = divide_up(problem_.n > 0 ? problem_.n : tiling.N, tiling.singleCoreN);
  dim = tiling.usedCoreNum;
  return 0;
}

}  // namespace matmul_tiling
