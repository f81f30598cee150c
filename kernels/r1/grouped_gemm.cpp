// Grouped products: the rows of group g, which lie together and in group order, times the group's own weight w[g][n, k].
// The row counts are read on the device: any histogram, empty groups too.
//
// | kernel            | a, w | y                                       | arguments                                                      |
// |-------------------|------|-----------------------------------------|----------------------------------------------------------------|
// | grouped_gemm_int8 | int8 | bf16 = sum * a_scale[row] * w_scale[g,n] | a a_scale w w_scale rows y workspace groups n k tile_m tile_n |
// | grouped_gemm_bf16 | bf16 | bf16                                    | a w rows y workspace groups n k tile_m tile_n                  |
//
// rows: int32 [groups]. tile_m, tile_n: a tile's size, 0 for the size that suits each group. Block dimension: core groups.
// Tiling, workspace: matmul.h. Operations: 2 sum(rows) n k. Bytes: w of groups with rows, a, y, scales.
#include "matmul.h"

namespace {
__aicore__ __force_inline__ matmul::Problem grouped(GM_ADDR rows, uint32_t groups, uint32_t n, uint32_t k, uint32_t tile_m, uint32_t tile_n) {
  matmul::Problem problem;
  problem.batches = groups, problem.n = n, problem.k = k;
#ifdef MATMUL_DROP_GROUP
  // For the test of the checker: the last group is not computed.
  --problem.batches;
#endif
  problem.counts = (const __gm__ int32_t*)rows;
  problem.a_pitch = k, problem.y_pitch = n;
  problem.tile_m = tile_m, problem.tile_n = tile_n;
  return problem;
}
}  // namespace

extern "C" __global__ __aicore__ void grouped_gemm_int8(GM_ADDR a, GM_ADDR a_scale, GM_ADDR w, GM_ADDR w_scale, GM_ADDR rows, GM_ADDR y, GM_ADDR workspace,
                                                        uint32_t groups, uint32_t n, uint32_t k, uint32_t tile_m, uint32_t tile_n) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  matmul::run<int8_t, bfloat16_t>(grouped(rows, groups, n, k, tile_m, tile_n), a, w, {a_scale, w_scale}, y, workspace);
}
extern "C" __global__ __aicore__ void grouped_gemm_bf16(GM_ADDR a, GM_ADDR w, GM_ADDR rows, GM_ADDR y, GM_ADDR workspace, uint32_t groups, uint32_t n, uint32_t k,
                                                        uint32_t tile_m, uint32_t tile_n) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  matmul::run<bfloat16_t, bfloat16_t>(grouped(rows, groups, n, k, tile_m, tile_n), a, w, {}, y, workspace);
}
