// Linear layers as mix kernels: y[m, n] = a[m, k] x w[n, k]^T for any m, n, k >= 1 (k <= 65535); w packed by pack_weight (NZ).
//
// | kernel          | a, w | sums  | y                                    | arguments                              |
// |-----------------|------|-------|--------------------------------------|----------------------------------------|
// | linear_int8     | int8 | int32 | bf16 = sum * a_scale[m] * w_scale[n] | a a_scale w w_scale y workspace m n k  |
// | linear_bf16     | bf16 | fp32  | bf16                                 | a w y workspace m n k                  |
// | linear_bf16_f32 | bf16 | fp32  | fp32                                 | a w y workspace m n k                  |
//
// Block dimension: core groups. Tiling, workspace: matmul.h. Operations: 2 m n k. Bytes: w and a once, y once, scales.
#include "matmul.h"

namespace {
__aicore__ __force_inline__ matmul::Problem dense(uint32_t m, uint32_t n, uint32_t k) {
  matmul::Problem problem;
  problem.rows = m, problem.n = n, problem.k = k;
  problem.a_pitch = k, problem.y_pitch = n;
  return problem;
}
}  // namespace

extern "C" __global__ __aicore__ void linear_int8(GM_ADDR a, GM_ADDR a_scale, GM_ADDR w, GM_ADDR w_scale, GM_ADDR y, GM_ADDR workspace, uint32_t m, uint32_t n, uint32_t k) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  matmul::run<int8_t, bfloat16_t>(dense(m, n, k), a, w, {a_scale, w_scale}, y, workspace);
}
extern "C" __global__ __aicore__ void linear_bf16(GM_ADDR a, GM_ADDR w, GM_ADDR y, GM_ADDR workspace, uint32_t m, uint32_t n, uint32_t k) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  matmul::run<bfloat16_t, bfloat16_t>(dense(m, n, k), a, w, {}, y, workspace);
}
extern "C" __global__ __aicore__ void linear_bf16_f32(GM_ADDR a, GM_ADDR w, GM_ADDR y, GM_ADDR workspace, uint32_t m, uint32_t n, uint32_t k) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  matmul::run<bfloat16_t, float>(dense(m, n, k), a, w, {}, y, workspace);
}
