// The cube side of the products: walks a core's items, chunk by chunk of K.
//
//   L1 slots, resident rows ──MTE1──> L0A [0|1] 128 x 256 B ─┐
//                           ──MTE1──> L0B [0|1] 128 x 256 B ─┴M──> L0C [0|1] ─FIX─> sink
//
// A tile has two blocks of at most 128 x 128 accumulators, one in each half of L0C; both take a step of K together, which loads what
// they share into L0 once. The first block leaves by the fixpipe while the second finishes, the second while the next tile
// begins: mmad and fixpipe meet through the unit flag.
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
      : l1_(plan, tiles), at_(plan, tiles, l1_), k_bytes_(problem.k * sizeof(T)), chunk_(plan.chunk()), sink_(sink),
        loader_(a, w, problem, plan, tiles, l1_) {}

  __aicore__ __force_inline__ void run() {
    SetLoadDataPaddingValue<uint16_t>(0);
    for (int id = 0; id < 4; ++id) SetFlag<HardEvent::M_MTE1>(id);
    bool enters = true;
    for (uint32_t computed = 0; !at_.done; ++computed) {
      while (loader_.load(computed)) {}
      if (enters) enter();
      compute_chunk();
      enters = at_.advance();
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
  // What a chunk is to its steps.
  struct Chunk {
    uint32_t a1, b1, bytes;
    bool first, last;  // of its item
  };
  static constexpr uint32_t kFullSteps = kChunk / kStepBytes;
  static_assert(kFullSteps == 2, "a full chunk alternates between the slots of L0A");

  // What is the same for all chunks of an item.
  __attribute__((noinline)) void enter() {
    const Tile& tile = at_.tile;
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
    if (at_.resident && (tile.batch != batch_ || tile.row != row_)) {
      WaitFlag<HardEvent::MTE2_MTE1>(int(kResidentId));
      batch_ = tile.batch, row_ = tile.row;
    }
  }

  __attribute__((noinline)) void compute_chunk() {
    const uint32_t slot = at_.slot, chunk = at_.chunk, slot_at = l1_.base + slot * l1_.slot;
    uint32_t bytes = least(chunk_, k_bytes_ - chunk * chunk_);
#ifdef MATMUL_DROP_K_TILE
    // For the test of the checker: a piece of each tile's K is not computed.
    if (chunk == 0 && bytes > kStepBytes / 2) bytes -= kStepBytes / 2;
#endif
    const Chunk now = {at_.resident ? at_.place * l1_.chunk_a : slot_at, slot_at + l1_.chunk_a, bytes, chunk == at_.begin, chunk + 1 == at_.end};
    WaitFlag<HardEvent::MTE2_MTE1>(int(slot));
    if (blocks_ == 2 && shares_a_ && bytes == kChunk)
      compute_full(now);
    else
      for (uint32_t step = 0; step < bytes; step += kStepBytes) compute_step(now, step);
    SetFlag<HardEvent::MTE1_MTE2>(int(slot));
    if (now.last) c_ += blocks_;
  }

  // The usual case, two blocks side by side by a chunk of full length, in a straight line: L0A by the step, L0B by the block.
  __aicore__ __force_inline__ void compute_full(const Chunk& now) {
    const Block left = block_[0].at;
    const uint32_t m = block_[0].mmad_m, n[2] = {left.n, block_[1].at.n}, columns[2] = {block_[0].columns, block_[1].columns};
    const uint32_t from[2] = {now.b1, now.b1 + block_[1].b1}, c = c_ & 1;
    const bool few = block_[1].few;
#pragma unroll
    for (uint32_t step = 0; step < kFullSteps; ++step) {
      const bool ends = now.last && step + 1 == kFullSteps;
      const LocalTensor<T> a2(TPosition::A2, step * kL0Slot, 0);
      WaitFlag<HardEvent::M_MTE1>(int(step));
      load_a(a2, now.a1, left, step * kStepBytes, kStepBytes);
#pragma unroll
      for (uint32_t i = 0; i < 2; ++i) {
        const LocalTensor<T> b2(TPosition::B2, i * kL0Slot, 0);
        WaitFlag<HardEvent::M_MTE1>(int(kL0B + i));
        load_b(b2, from[i] + step * kStepBytes * columns[i], columns[i], kStepBytes);
        SetFlag<HardEvent::MTE1_M>(int(i));
        WaitFlag<HardEvent::MTE1_M>(int(i));
        Mmad(LocalTensor<Accumulator>(TPosition::CO1, (c ^ i) * kL0cHalf, 0), a2, b2,
             MmadParams(uint16_t(m), uint16_t(n[i]), uint16_t(kStepBytes / sizeof(T)), ends ? 3 : 2, false, now.first && step == 0));
        if (few) PipeBarrier<PIPE_M>();
        SetFlag<HardEvent::M_MTE1>(int(kL0B + i));
        if (ends) finish(i);
      }
      SetFlag<HardEvent::M_MTE1>(int(step));
    }
  }

  // All blocks of any tile by one step of K. Blocks side by side share A, blocks one below the other B.
  __attribute__((noinline)) void compute_step(const Chunk& now, uint32_t step) {
    const uint32_t blocks = blocks_, bytes = least(kStepBytes, now.bytes - step);
    const bool shares_a = shares_a_, last = now.last && step + kStepBytes >= now.bytes;
    for (uint32_t i = 0; i < blocks; ++i) {
      const BlockOfTile& block = block_[i];
      const LocalTensor<T> a2(TPosition::A2, l0a_ * kL0Slot, 0), b2(TPosition::B2, l0b_ * kL0Slot, 0);
      if (i == 0 || !shares_a) {
        WaitFlag<HardEvent::M_MTE1>(int(l0a_));
        load_a(a2, now.a1, block.at, step, bytes);
      }
      if (i == 0 || shares_a) {
        WaitFlag<HardEvent::M_MTE1>(int(kL0B + l0b_));
        load_b(b2, now.b1 + block.b1 + step * block.columns, block.columns, bytes);
      }
      SetFlag<HardEvent::MTE1_M>(int(i));
      WaitFlag<HardEvent::MTE1_M>(int(i));
      Mmad(LocalTensor<Accumulator>(TPosition::CO1, ((c_ + i) & 1) * kL0cHalf, 0), a2, b2,
           MmadParams(uint16_t(block.mmad_m), uint16_t(block.at.n), uint16_t(bytes / sizeof(T)), last ? 3 : 2, false, now.first && step == 0));
      if (block.few) PipeBarrier<PIPE_M>();
      if (i + 1 == blocks || !shares_a) SetFlag<HardEvent::M_MTE1>(int(l0a_)), l0a_ ^= 1;
      if (i + 1 == blocks || shares_a) SetFlag<HardEvent::M_MTE1>(int(kL0B + l0b_)), l0b_ ^= 1;
      if (last) finish(i);
    }
  }
  __attribute__((noinline)) void finish(uint32_t i) {
    sink_.store(at_.item, at_.tile, i, block_[i].at, LocalTensor<Accumulator>(TPosition::CO1, ((c_ + i) & 1) * kL0cHalf, 0));
  }

  // Nz -> Zz: a chunk of rows is a feature map of 1 x m16 pixels with a channel for each element of K, the filter 1 x 1.
  __aicore__ __force_inline__ void load_a(const LocalTensor<T>& a2, uint32_t a1, const Block& block, uint32_t step, uint32_t bytes) const {
    static constexpr IsResetLoad3dConfig kKeep{false, false};
    LoadData3DParamsV2<T> p;
    p.channelSize = uint16_t(chunk_ / sizeof(T));
    p.kExtension = uint16_t(ceil_div(bytes, kFractalBytes) * kFractalBytes / sizeof(T)), p.mExtension = uint16_t(round16(block.m));
    p.kStartPt = uint16_t(step / sizeof(T)), p.mStartPt = uint16_t(block.row);
    LoadData<T, kKeep>(a2, LocalTensor<T>(TPosition::A1, a1, 0), p);
  }
  // A block's fractals lie as L0B needs them.
  __aicore__ __force_inline__ static void load_b(const LocalTensor<T>& b2, uint32_t b1, uint32_t columns, uint32_t bytes) {
    LoadData(b2, LocalTensor<T>(TPosition::B1, b1, 0), LoadData2DParams(0, uint8_t(ceil_div(bytes, kFractalBytes) * columns / kFractalRows), 1, 0, 0, false, 0));
  }

  const L1 l1_;
  Cursor at_;
  uint32_t k_bytes_, chunk_, blocks_ = 0;
  bool shares_a_ = false;
  uint32_t l0a_ = 0, l0b_ = 0, c_ = 0;
  uint32_t batch_ = ~0u, row_ = 0;  // whose resident rows are in use
  BlockOfTile block_[2];
  Sink& sink_;
  Loader<T> loader_;
};

}  // namespace matmul
