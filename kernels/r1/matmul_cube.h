// The cube side of the products: walks a core's items, chunk by chunk of K.
//
//   a, row-major ──MTE2 ND2NZ──> L1: A resident, A ring ──MTE1──> L0A [0|1] 128 x 256 B ─┐
//   w, NZ        ──MTE2 plain──>     B ring             ──MTE1──> L0B [0|1] 128 x 256 B ─┴M──> L0C [0|1]
//
// A tile has two blocks of at most 128 x 128 accumulators, one in each half of L0C; both take a step of K together, which loads what
// they share into L0 once. The first block leaves by the fixpipe while the second finishes, the second while the next tile
// begins: mmad and fixpipe meet through the unit flag.
// Successive whole tiles of the same rows find the first chunks of A in L1, as many as fit beside the rings: L2 bounds large products.
// The rest of A is loaded in long rows (ND2NZ pays for each row), ahead of B.
// Tails: ND2NZ zero-fills to 32 B, weights are padded in global memory, mmad counts k exactly, fixpipe writes m x n.
#pragma once

#include "matmul_l1.h"

namespace matmul {

constexpr uint32_t kStepBytes = 256, kL0Slot = kBlock * kStepBytes, kL0cHalf = kBlock * kBlock * 4;
constexpr uint32_t kFewFractals = 10;              // dependent mmads on fewer fractals of C need a barrier
constexpr uint32_t kL0B = 2;                       // event ids of L0: A 0 and 1, B 2 and 3

// T: int8_t (int32 accumulators) or bfloat16_t (fp32). Sink: store(item, tile, number of the block, block, L0C tensor).
template <typename T, typename Sink>
class Cube {
 public:
  using Accumulator = std::conditional_t<sizeof(T) == 1, int32_t, float>;

  __aicore__ __force_inline__ Cube(GM_ADDR a, GM_ADDR w, const Problem& problem, const Plan& plan, const Tiles& tiles, Sink& sink)
      : l1_(plan, tiles), loader_(a, w, problem, plan, tiles, l1_), work_(plan, tiles, l1_.slots_b, 1, 0), sink_(sink), k_bytes_(problem.k * sizeof(T)),
        chunk_(plan.chunk()), chunks_(plan.chunks()) {}

  __aicore__ __force_inline__ void run() {
    SetLoadDataPaddingValue<uint16_t>(0);
    for (int id = 0; id < 4; ++id) SetFlag<HardEvent::M_MTE1>(id);
    bool enters = true;
    while (!work_.done) {
      loader_.run(chunks_done_, groups_done_);
      if (enters) enter();
      compute_chunk();
      enters = work_.advance();
    }
    for (int id = 0; id < 4; ++id) WaitFlag<HardEvent::M_MTE1>(id);
    loader_.close();
  }

 private:
  struct BlockOfTile {
    Block at;
    uint32_t mmad_m, columns, b1;  // m for mmad; columns in whole fractals; place in a slot of B
    bool few;
  };

  // What is the same for all chunks of an item.
  __attribute__((noinline)) void enter() {
    const Tile& tile = work_.tile;
    const uint8_t no_pads[4] = {0, 0, 0, 0};
    SetFmatrix(1, uint16_t(round16(tile.m)), no_pads);
    blocks_ = tile.blocks(), shares_a_ = tile.m <= kBlock;
    for (uint32_t i = 0; i < blocks_; ++i) {
      BlockOfTile& block = block_[i];
      block.at = tile.block(i);
      // m = 1 would mean the GEMV layout of L0A.
      block.mmad_m = block.at.m == 1 ? 2 : block.at.m, block.columns = round16(block.at.n);
      block.b1 = i == 1 && shares_a_ ? block_[0].columns * chunk_ : 0;
      block.few = round16(block.mmad_m) * block.columns < kFewFractals * kFractalRows * kFractalRows;
    }
    const Tile& now = work_.tile;
    if (work_.whole && l1_.resident != 0 && (now.batch != batch_ || now.row != row_)) {
      WaitFlag<HardEvent::MTE2_MTE1>(int(kResidentId));
      batch_ = now.batch, row_ = now.row;
    }
  }

  __attribute__((noinline)) void compute_chunk() {
    const uint32_t slot = work_.slot, chunk = work_.chunk;
    const bool last = chunk + 1 == work_.end, resident = work_.whole && chunk < l1_.resident;
    uint32_t bytes = least(chunk_, k_bytes_ - chunk * chunk_);
#ifdef MATMUL_DROP_K_TILE
    // For the test of the checker: the end of each tile's K is not computed.
    if (chunk + 1 == chunks_ && bytes > kChunkLeast) bytes -= kChunkLeast;
#endif
    WaitFlag<HardEvent::MTE2_MTE1>(int(slot));
    if (!resident && in_group_ == 0) WaitFlag<HardEvent::MTE2_MTE1>(int(kSlotsB + slot_a_));
    const uint32_t b1 = l1_.ring_b + slot * l1_.slot_b, a1 = resident ? 0 : l1_.ring_a + slot_a_ * l1_.slot_a;
    const uint32_t channels = (resident ? l1_.resident : l1_.group) * chunk_, before = (resident ? chunk : in_group_) * chunk_;
    for (uint32_t step = 0; step < bytes; step += kStepBytes)
      compute_step(a1, b1, channels, before, step, least(kStepBytes, bytes - step), chunk == work_.begin && step == 0, last && step + kStepBytes >= bytes);
    SetFlag<HardEvent::MTE1_MTE2>(int(slot));
    ++chunks_done_;
    if (!resident && (++in_group_ == l1_.group || last)) {
      in_group_ = 0;
      ++groups_done_;
      SetFlag<HardEvent::MTE1_MTE2>(int(kSlotsB + slot_a_));
      slot_a_ = slot_a_ + 1 == l1_.slots_a ? 0 : slot_a_ + 1;
    }
    if (last) c_ += blocks_;
  }

  // All blocks of a tile by one step of K. Blocks side by side share A, blocks one below the other B.
  __aicore__ __force_inline__ void compute_step(uint32_t a1, uint32_t b1, uint32_t channels, uint32_t before, uint32_t step, uint32_t bytes, bool first, bool last) {
    const bool shares_a = shares_a_;
    const uint32_t blocks = blocks_;
    uint32_t l0a = l0a_, l0b = l0b_;
    for (uint32_t i = 0; i < blocks; ++i) {
      const BlockOfTile& block = block_[i];
      const LocalTensor<T> a2(TPosition::A2, l0a * kL0Slot, 0), b2(TPosition::B2, l0b * kL0Slot, 0);
      const LocalTensor<Accumulator> c(TPosition::CO1, ((c_ + i) & 1) * kL0cHalf, 0);
      if (i == 0 || !shares_a) {
        WaitFlag<HardEvent::M_MTE1>(int(l0a));
        load_a(a2, LocalTensor<T>(TPosition::A1, a1, 0), block.at, channels, before + step, bytes);
      }
      if (i == 0 || shares_a) {
        WaitFlag<HardEvent::M_MTE1>(int(kL0B + l0b));
        const uint32_t fractals = ceil_div(bytes, kFractalBytes) * (block.columns / kFractalRows);
        LoadData(b2, LocalTensor<T>(TPosition::B1, b1 + block.b1 + step * block.columns, 0), LoadData2DParams(0, uint8_t(fractals), 1, 0, 0, false, 0));
      }
      SetFlag<HardEvent::MTE1_M>(int(flag_));
      WaitFlag<HardEvent::MTE1_M>(int(flag_));
      flag_ ^= 1;
      Mmad(c, a2, b2, MmadParams(uint16_t(block.mmad_m), uint16_t(block.at.n), uint16_t(bytes / sizeof(T)), last ? 3 : 2, false, first));
      if (block.few) PipeBarrier<PIPE_M>();
      if (i + 1 == blocks || !shares_a) SetFlag<HardEvent::M_MTE1>(int(l0a)), l0a ^= 1;
      if (i + 1 == blocks || shares_a) SetFlag<HardEvent::M_MTE1>(int(kL0B + l0b)), l0b ^= 1;
      if (last) sink_.store(work_.item, work_.tile, i, block.at, c);
    }
    l0a_ = l0a, l0b_ = l0b;
  }

  // Nz -> Zz: the rows in L1 are a feature map of 1 x m16 pixels with a channel for each element of K, the filter 1 x 1.
  __aicore__ __force_inline__ static void load_a(const LocalTensor<T>& a2, const LocalTensor<T>& a1, const Block& block, uint32_t channels, uint32_t at, uint32_t bytes) {
    static constexpr IsResetLoad3dConfig kKeep{false, false};
    LoadData3DParamsV2<T> p;
    p.channelSize = uint16_t(channels / sizeof(T));
    p.kExtension = uint16_t(ceil_div(bytes, kFractalBytes) * kFractalBytes / sizeof(T)), p.mExtension = uint16_t(round16(block.m));
    p.kStartPt = uint16_t(at / sizeof(T)), p.mStartPt = uint16_t(block.row);
    LoadData<T, kKeep>(a2, a1, p);
  }

  const L1 l1_;
  Loader<T> loader_;
  Cursor work_;
  Sink& sink_;
  uint32_t k_bytes_, chunk_, chunks_;
  uint32_t blocks_ = 0;
  bool shares_a_ = false;
  BlockOfTile block_[2] = {};
  uint32_t chunks_done_ = 0, groups_done_ = 0, in_group_ = 0, slot_a_ = 0, l0a_ = 0, l0b_ = 0, flag_ = 0, c_ = 0;
  uint32_t batch_ = ~0u, row_ = 0;  // whose resident rows are in use
};

}  // namespace matmul
