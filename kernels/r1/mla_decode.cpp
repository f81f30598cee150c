// Absorbed MLA over a paged latent cache: out = softmax(scale q K^T) V, where V is the first 512 of K's 576 dimensions.
//
// Arguments: q cache block_table lengths out workspace batch queries heads max_pages splits scale (attention.py says shapes and
// packings). Block dimension: core groups, any number. Rows of a sequence are its (query, head) pairs, in tiles of 128; a core
// group takes (sequence, part of its keys, tile) after (sequence, part, tile), the tiles of a part on neighbours, so that HBM
// gives each key once. Keys go in blocks of 4 pages of 128:
//
//   AIC:  Q K^T of block i+1  | P V of block i        | Q K^T of block i+2 | ...
//              S └─flag─┐     P ┌─flag─┘   PV └─flag─┐
//   AIV:                softmax of block i+1         └ O = O * alpha + PV of block i | ...
//
//   L1 (AIC)  Q Nz [36][128][16] 144 KiB | P Nz [32][128][16] 128 KiB | ring of 4 x 48 KiB: third of a page of K, or 128 columns
//             of a page of V (again from L2: keeping V until P is there would take more than L1 has)
//   L0        A, B: 4 slots of 16 KiB, 64 of K a step | C: 2 tiles of 128 x 128: page of S, or 128 columns of PV
//   GM, in L2 of each group: 2 blocks of S (fp32), P (bf16) and PV (fp32), all as [columns / 16][128 rows][16], so that neither
//             side needs ND2NZ and the maximum over keys is element-wise
//   UB (AIV)  O [8][32][8][16] fp32 128 KiB: half of the rows, in eights | S or PV of 8 rows 2 x 16 KiB | P or out 2 x 8.5 KiB |
//             maxima 8 KiB | of each row: maximum, sum, alpha
//
// With splits > 1 a part leaves O, maximum and sum in the workspace; after a barrier the vector cores merge the parts.
// Operations: 2 queries heads kv (576 + 512) a sequence. Bytes: 1152 for each key, 2176 for each row.
#include "mla_decode_cube.h"
#include "mla_decode_vector.h"

extern "C" __global__ __aicore__ void mla_decode(GM_ADDR q, GM_ADDR cache, GM_ADDR block_table, GM_ADDR lengths, GM_ADDR out, GM_ADDR workspace,
                                                 uint32_t batch, uint32_t queries, uint32_t heads, uint32_t max_pages, uint32_t splits, float scale) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  const mla::Shape shape{(const __gm__ int32_t*)block_table, (const __gm__ int32_t*)lengths, batch, queries, heads, max_pages, splits};
  const mla::Workspace space(workspace, uint32_t(get_block_num()));
  if ASCEND_IS_AIC {
    if (shape.has_few_rows()) mla::NarrowCube(shape, space, q, cache).run();
    else mla::WideCube(shape, space, q, cache).run();
  }
  if ASCEND_IS_AIV {
    mla::VectorSide vector(shape, space, out, scale);
    vector.run();
  }
}
