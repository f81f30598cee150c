// The products of R1: one engine for linear layers, batched and grouped products, decode and prefill.
//
//   AIC: parts of tiles ─FIX─> parts in workspace ─kPartsReady─> AIV: barrier of all, add, scale, round ─> y
//        whole tiles    ─FIX─> ring of 2 tiles    ─kReady──────> AIV: scale, round ─> y                       (int8)
//                       <────────────kFree─────────┘
//        whole tiles    ─FIX, rounded──────────────────────────> y                                           (bf16)
//
// matmul_schedule.h: tiles and their cores; matmul_l1.h: the way into L1; matmul_cube.h: L0, mmad; matmul_vector.h: the way out.
// Few rows are bound by the weights' way from HBM: every core streams an equal share of them through 2 to 5 slots of L1, and they
// pass once where a batch has 256 rows at most. Many rows are bound by the cube and, behind it, by L2: tiles of 128 x 256, rows of A
// that stay in L1 from tile to tile.
// Workspace: (kRing + kParts) x 128 KiB for each core group, any content. It stays in L2.
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
    const bool first = index == 0, last = index + 1 == tile.blocks();
    if (item.part != Item::kWhole) {
      keep(workspace_.part(group, item.part), tile, block, c);
      if (item.part + 1 == plan_.parts() && last) CrossCoreSetFlag<2, PIPE_FIX>(kPartsReady);
    } else if constexpr (std::is_same_v<Accumulator, int32_t>) {
      if (first && tiles_ >= kRing) CrossCoreWaitFlag(kFree);
      keep(workspace_.ring(group, tiles_ % kRing), tile, block, c);
      if (!last) return;
      CrossCoreSetFlag<2, PIPE_FIX>(kReady);
      ++tiles_;
    } else {
      FixpipeParamsV220 p = parameters(block);
      p.dstStride = uint32_t(problem_.y_pitch);
      p.quantPre = std::is_same_v<Out, bfloat16_t> ? F322BF16 : NoQuant;
      Fixpipe<Out, Accumulator, CFG_ROW_MAJOR>(y_[tile.batch * problem_.y_batch + (tile.row + block.row) * problem_.y_pitch + tile.column + block.column], c, p);
    }
  }
  // No counter outlives the kernel.
  __aicore__ __force_inline__ void close() {
    for (uint32_t i = 0; i < least(tiles_, kRing); ++i) CrossCoreWaitFlag(kFree);
  }

 private:
  __aicore__ __force_inline__ static FixpipeParamsV220 parameters(const Block& block) {
    FixpipeParamsV220 p;
    p.nSize = uint16_t(block.n), p.mSize = uint16_t(block.m), p.srcStride = uint16_t(round16(block.m)), p.unitFlag = 3;
    return p;
  }
  // As it is, Nz, to its place in a tile of the workspace.
  __aicore__ __force_inline__ static void keep(const GlobalTensor<Accumulator>& to, const Tile& tile, const Block& block, const LocalTensor<Accumulator>& c) {
    FixpipeParamsV220 p = parameters(block);
    p.nSize = uint16_t(round16(block.n)), p.dstStride = round16(tile.m) * kColumnBlocks;
    Fixpipe<Accumulator, Accumulator, CFG_NZ>(to[(block.column / kFractalRows * round16(tile.m) + block.row) * kFractalRows], c, p);
  }
  const Problem& problem_;
  const Plan& plan_;
  Workspace<Accumulator> workspace_;
  GlobalTensor<Out> y_;
  uint32_t tiles_ = 0;
};

template <typename T, typename Out>
__aicore__ __force_inline__ void run(const Problem& problem, GM_ADDR a, GM_ADDR w, const Scales& scales, GM_ADDR y, GM_ADDR workspace) {
  const uint32_t k_bytes = problem.k * sizeof(T), cores = uint32_t(GetBlockNum());
  Tiles tiles(problem, k_bytes, cores);
  if (tiles.total() == 0) return;
  const Plan plan(tiles, k_bytes, uint32_t(get_block_idx()), cores);
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
