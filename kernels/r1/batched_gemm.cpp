// A product for each head: y[t, h, :n] = a[t, h, :k] x w[h][n, k]^T, bf16 in and out, fp32 sums; the other columns of y stay.
// a [tokens, heads, a_width], w [heads] packed by pack_weight, y [tokens, heads, y_width]: the absorbed W_UK and W_UV of MLA.
//
// Arguments: a w y workspace tokens heads n k a_width y_width (rows of a of 65536 elements and more: heads x a_width even and a_width
// even). Block dimension: core groups. Tiling, workspace: matmul.h; a tile belongs to one head.
// Operations: 2 tokens heads n k. Bytes: 2 heads (n k + tokens (n + k)).
#include "matmul.h"

extern "C" __global__ __aicore__ void batched_gemm(GM_ADDR a, GM_ADDR w, GM_ADDR y, GM_ADDR workspace, uint32_t tokens, uint32_t heads, uint32_t n, uint32_t k,
                                                   uint32_t a_width, uint32_t y_width) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  matmul::Problem problem;
  problem.batches = heads, problem.rows = tokens, problem.n = n, problem.k = k;
  problem.a_batch = a_width, problem.a_pitch = uint64_t(heads) * a_width;
  problem.y_batch = y_width, problem.y_pitch = uint64_t(heads) * y_width;
  matmul::run<bfloat16_t, bfloat16_t>(problem, a, w, {}, y, workspace);
}
