// What the attention kernels share on both core kinds: how scores, weights and products lie, and the order of pieces.
//
// S = Q K^T (fp32), P = weights (bf16) and PV (fp32) pass between cube and vector cores through global memory, in L2, as
// [columns / 16][128 rows][16]: what fixpipe writes and L1 wants without ND2NZ, and the maximum over keys is element-wise.
#pragma once

#include "kernel_operator.h"

namespace attention {

using namespace AscendC;

constexpr uint32_t kPage = 128, kTileRows = 128;         // keys of a page, rows of a tile
constexpr uint32_t kC0 = 16, kColumn = kTileRows * kC0;  // columns of a column of fractals, its elements in the workspace
constexpr uint32_t kPageColumns = kPage / kC0;
constexpr uint32_t kBlockPages = 4, kBlockKeys = kBlockPages * kPage;
constexpr uint16_t kScored = 0, kWeighted = 1, kProduct = 2;  // cross-core flags: S, P, PV of a block are there

__aicore__ __force_inline__ uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }
__aicore__ __force_inline__ uint32_t round_up(uint32_t a, uint32_t power_of_two) { return (a + power_of_two - 1) & ~(power_of_two - 1); }

template <typename T>
__aicore__ __force_inline__ GlobalTensor<T> global(GM_ADDR base, uint64_t elements) {
  GlobalTensor<T> view;
  view.SetGlobalBuffer((__gm__ T*)base + elements);
  return view;
}

// The pieces of K and V that pass through L1, in the order in which they are used: Q K^T of block 0, of block 1, P V of block 0,
// Q K^T of block 2, P V of block 1 ... Of a block of K: `key_parts` parts of the
// dimensions of each page; of V: `value_parts` times 128 columns of all pages. Blocks: the blocks of keys of this core.
template <typename Blocks, uint32_t key_parts, uint32_t value_parts>
class Pieces {
 public:
  template <typename Shape>
  __aicore__ __force_inline__ explicit Pieces(const Shape& shape) : next_(shape), scored_(shape), weighted_(shape) {
    done = !next_.next();
    scored_ = next_;
  }
  __aicore__ __force_inline__ const Blocks& block() const { return of_values ? weighted_ : scored_; }
  __aicore__ __force_inline__ bool is_first() const { return part == 0 && page == 0; }
  __aicore__ __force_inline__ bool is_last_of_block() const {
    return page + 1 == block().pages && part + 1 == (of_values ? value_parts : key_parts);
  }
  __aicore__ __force_inline__ void advance() {
    ++count;
    const bool ends = is_last_of_block();
    if (of_values) {
      if (++page == weighted_.pages) page = 0, ++part;
    } else if (++part == key_parts) {
      part = 0, ++page;
    }
    if (ends) finish_block();
  }
  bool done, of_values = false;
  uint32_t page = 0, part = 0, count = 0;
  uint32_t blocks_scored = 0, blocks_weighted = 0;

 private:
  __aicore__ __force_inline__ void finish_block() {
    page = part = 0;
    if (of_values) ++blocks_weighted;
    else ++blocks_scored;
    if (!of_values && blocks_scored > 1) {
      of_values = true;
      return;
    }
    if (blocks_weighted == blocks_scored) {
      done = true;
      return;
    }
    weighted_ = scored_;
    of_values = !next_.next();
    if (!of_values) scored_ = next_;
  }
  Blocks next_, scored_, weighted_;
};

// P of a block can only be waited for when all of its S is under way; a new Q or P is loaded when all uses of the old one are.
// patient: P is late, since the vector cores are the limit: it is waited for when all of the next S is under way, too.
template <bool patient, typename P>
__aicore__ __force_inline__ bool may_load(const P& load, const P& work) {
  if (!load.is_first()) return true;
  if (load.of_values) return patient ? load.count == work.count : load.blocks_weighted < work.blocks_scored && load.blocks_weighted == work.blocks_weighted;
  return !load.block().is_first || load.blocks_scored == work.blocks_scored;
}

}  // namespace attention
