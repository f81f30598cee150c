// The products of R1: one engine for linear layers, batched and grouped products, decode and prefill.
//
//   AIC: parts of tiles ─FIX─> parts in workspace ─kPartsReady─> AIV: barrier of all, add, scale, round ─> y
//        whole tiles    ─FIX─> ring of 4 blocks   ─kReady──────> AIV: scale, round ─> y                       (int8)
//                       <────────────kFree─────────┘
//        whole tiles    ─FIX, rounded──────────────────────────> y                                           (bf16)
//
// matmul_schedule.h: tiles and their cores; matmul_cube.h: L1, L0, mmad; matmul_vector.h: the way out. Few rows are bound by the
// weights' way from HBM: every core streams an equal share of them, in long rows, into 2 to 8 slots of L1; weights pass once where
// a batch has 256 rows at most. Many rows are bound by the cube: 128 x 256 tiles, cores of a round share weights in L2.
// Workspace: (kRing + kParts) x 64 KiB for each core group, any content. It stays in L2.
#pragma once

#include "matmul_cube.h"
#include "matmul_vector.h"

namespace matmul {

// Accumulators of finished blocks to the workspace; of bf16 products whole tiles straight to y.
template <typename T, typename Out>
class Sink {
 public:
  using Accumulator = std::conditional_t<sizeof(T) == 1, int32_t, float>;
  __aicore__ __force_inline__ Sink(const Problem& problem, const Plan& plan, GM_ADDR y, GM_ADDR workspace) : problem_(problem), plan_(plan), workspace_(workspace) {
    y_.SetGlobalBuffer((__gm__ Out*)y);
  }

  __aicore__ __force_inline__ void store(const Item& item, const Tile& tile, uint32_t index, const Block& block, const LocalTensor<Accumulator>& c) {
    const uint32_t group = uint32_t(get_block_idx());
    if (item.part != Item::kWhole) {
      write(workspace_.part(group, item.part, index), c, block, kBlock, NoQuant);
      if (item.part + 1 == plan_.parts() && index + 1 == tile.blocks()) CrossCoreSetFlag<2, PIPE_FIX>(kPartsReady);
    } else if constexpr (std::is_same_v<Accumulator, int32_t>) {
      if (blocks_ >= kRing) CrossCoreWaitFlag(kFree);
      write(workspace_.ring(group, blocks_ % kRing), c, block, kBlock, NoQuant);
      CrossCoreSetFlag<2, PIPE_FIX>(kReady);
      ++blocks_;
    } else {
      write(y_[tile.batch * problem_.y_batch + (tile.row + block.row) * problem_.y_pitch + tile.column + block.column], c, block, uint32_t(problem_.y_pitch),
            std::is_same_v<Out, bfloat16_t> ? F322BF16 : NoQuant);
    }
  }
  // No counter outlives the kernel.
  __aicore__ __force_inline__ void close() {
    for (uint32_t i = 0; i < least(blocks_, kRing); ++i) CrossCoreWaitFlag(kFree);
  }

 private:
  template <typename To>
  __aicore__ __force_inline__ void write(const GlobalTensor<To>& to, const LocalTensor<Accumulator>& c, const Block& block, uint32_t pitch, QuantMode_t conversion) {
    FixpipeParamsV220 p;
    p.nSize = uint16_t(block.n), p.mSize = uint16_t(block.m), p.srcStride = uint16_t(round16(block.m)), p.dstStride = pitch;
    p.quantPre = conversion, p.unitFlag = 3;
    Fixpipe<To, Accumulator, CFG_ROW_MAJOR>(to, c, p);
  }
  const Problem& problem_;
  const Plan& plan_;
  Workspace<Accumulator> workspace_;
  GlobalTensor<Out> y_;
  uint32_t blocks_ = 0;
};

template <typename T, typename Out>
__aicore__ __force_inline__ void run(const Problem& problem, GM_ADDR a, GM_ADDR w, const Scales& scales, GM_ADDR y, GM_ADDR workspace) {
  Tiles tiles(problem, problem.k * sizeof(T));
  if (tiles.total() == 0) return;
  const Plan plan(tiles.total(), problem.k * sizeof(T), uint32_t(get_block_idx()), uint32_t(GetBlockNum()));
  if ASCEND_IS_AIC {
    Sink<T, Out> sink(problem, plan, y, workspace);
    if (plan.split_tiles() != 0 && plan.parts() == 0) CrossCoreSetFlag<2, PIPE_FIX>(kPartsReady);
    Cube<T, Sink<T, Out>> cube(a, w, problem, plan, tiles, sink);
    cube.run();
    sink.close();
  }
  if ASCEND_IS_AIV {
    Finish<typename Sink<T, Out>::Accumulator, Out> vector(problem, scales, y, workspace);
    vector.run(plan, tiles);
  }
}

}  // namespace matmul
