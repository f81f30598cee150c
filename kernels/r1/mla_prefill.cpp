// Causal attention of prompts of different lengths: q and k of 192 dimensions (128 + 64 rotated, those of k shared by the heads),
// v of 128. out = softmax(scale q k^T) v over the keys up to each token.
//
// Arguments: q kv k_rope starts out workspace batch heads scale (attention.py says shapes). Block dimension: core groups, any
// number. An item is 256 tokens of a prompt for one head: 128 rows for each vector core. Items go, for twice as many heads as
// there are groups at a time (their K and V stay in L2), from the last tokens to the first, so that the cores end together. Keys
// go in blocks of 4 pages of 128, up to the diagonal; a page that the first 128 rows do not see is left out for them.
//
//   AIC:  Q K^T of block i+1  | P V of block i        | Q K^T of block i+2 | ...
//   AIV:                softmax of block i+1          | O = O * alpha + PV of block i | ...
//
//   L1 (AIC)  Q Nz 2 x [12][128][16] 96 KiB | P Nz 2 x [32][128][16] 256 KiB | ring of 3 x 48 KiB: a page of K, or of V
//   L0        A, B: 4 slots of 16 KiB, 64 of K a step | C: 2 tiles of 128 x 128: S of a page, or PV of both halves
//   GM, in L2 of each group: 2 blocks of S (fp32), P (bf16) and PV (fp32) for each half, as [columns / 16][128 rows][16]
//   UB (AIV)  O [8][8][16][16] fp32 64 KiB: in sixteens of rows | S or PV of 16 rows 2 x 32 KiB | P or out 2 x 16 KiB | maxima
//             16 KiB | of each row: maximum, sum, alpha
//
// Operations: 2 heads (192 + 128) for each token and key that it sees. Bytes: for each token 1152 heads + 128.
#include "mla_prefill_cube.h"
#include "mla_prefill_vector.h"

extern "C" __global__ __aicore__ void mla_prefill(GM_ADDR q, GM_ADDR kv, GM_ADDR k_rope, GM_ADDR starts, GM_ADDR out, GM_ADDR workspace, uint32_t batch,
                                                  uint32_t heads, float scale) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  const prefill::Shape shape{(const __gm__ int32_t*)starts, batch, heads};
  const prefill::Workspace space(workspace);
  if ASCEND_IS_AIC {
    prefill::CubeSide cube(shape, space, q, kv, k_rope);
    cube.run();
  }
  if ASCEND_IS_AIV {
    prefill::VectorSide vector(shape, space, out, scale);
    vector.run();
  }
}
