// Causal attention of prompts of different lengths: q and k of 192 dimensions (128 + 64 rotated, those of k shared by the heads),
// v of 128. out = softmax(scale q k^T) v over the keys up to each token.
//
// Arguments: q kv k_rope starts out workspace batch heads scale (attention.py says shapes). Block dimension: core groups, any
// number. An item is 256 tokens of a prompt for one head: 128 rows for each vector core. Items go, for twice as many heads as
// there are groups at a time (their K and V stay in L2), from the last tokens to the first, so that the cores end together. Keys
// go in blocks of 4 pages of 128, up to the diagonal; a page that the first 128 rows do not see is left out for them.
//
//   AIC:  Q K^T of block i+3, page by page and half by half, by turns with P V of block i | the same of blocks i+4 and i+1 | ...
//   AIV:  softmax of block i+1, O = O * alpha + PV of block i                             | ...
//
//   L1 (AIC)  Q Nz 2 x [12][128][16] 96 KiB | V 4 pages of 32 KiB | rings: 3 pages of K 144 KiB, 3 of P (of a half) 96 KiB
//   L0        A, B: 4 slots of 16 KiB, 64 of K a step | C: a tile of S, 128 x 128, and one of PV
//   GM, in L2 of each group: for each half 4 blocks of S (fp32), 2 of P (bf16) and PV (fp32), as [columns / 16][128 rows][16]
//   UB (AIV)  O [8][8][16][16] fp32 64 KiB: in sixteens of rows | S or PV of 16 rows 2 x 33 KiB | P or out 2 x 16.5 KiB | maxima
//             16.5 KiB | of each row: maximum, sum, alpha
//
// L2 is what limits it: each score passes it twice in fp32, each weight twice in bf16.
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
