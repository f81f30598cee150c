// The cube side of the products: walks a core's items, chunk by chunk.
//
//   a, row-major ──MTE2 ND2NZ──> L1 slot: [ A m16 x chunk | B n16 x chunk ] ──MTE1──> L0A [0|1] 128 x 256 B ─┐
//   w, NZ        ──MTE2 plain──>   2 to 8 slots                             ──MTE1──> L0B [0|1] 128 x 256 B ─┴M──> L0C [0|1]
//
// A tile has two blocks of at most 128 x 128 accumulators, one in each half of L0C. Within a chunk of K the first block takes all
// its steps, then the second: the first block of a tile leaves by the fixpipe while the second finishes, and the second
// while the next tile begins. mmad and fixpipe meet through the unit flag.
// Tails: ND2NZ zero-fills to 32 B, weights are padded in global memory, mmad counts k exactly, fixpipe writes m x n.
#pragma once

#include "matmul_schedule.h"

namespace matmul {

constexpr uint32_t kL1Bytes = 512 * 1024, kStepBytes = 256;
constexpr uint32_t kL0Slot = kBlock * kStepBytes, kL0cHalf = kBlock * kBlock * 4;
constexpr uint32_t kSlotsMost = 8;                 // as many as there are event ids
constexpr uint32_t kFewFractals = 10;              // dependent mmads on fewer fractals of C need a barrier

// Walks the chunks of a core's items in order.
class Cursor {
 public:
  __aicore__ __force_inline__ Cursor(const Plan& plan, const Tiles& tiles, uint32_t slots) : plan_(plan), tiles_(tiles), slots_(slots) {
    if (plan_.items() != 0) enter();
  }
  __aicore__ __force_inline__ void advance() {
    slot = slot + 1 == slots_ ? 0 : slot + 1;
    if (++chunk < item.end) return;
    if (++ordinal < plan_.items()) enter();
  }
  __aicore__ __force_inline__ bool is_first() const { return chunk == item.begin; }
  __aicore__ __force_inline__ bool is_last() const { return chunk + 1 == item.end; }
  Item item{};
  Tile tile{};
  uint32_t chunk = 0, slot = 0, ordinal = 0;

 private:
  __aicore__ __force_inline__ void enter() {
    item = plan_.item(ordinal);
    tile = tiles_.at(item.tile);
    chunk = item.begin;
  }
  const Plan& plan_;
  Tiles tiles_;
  uint32_t slots_;
};

// T: int8_t (int32 accumulators) or bfloat16_t (fp32). Sink: store(item, tile, block, L0C tensor) for finished blocks.
template <typename T, typename Sink>
class Cube {
 public:
  using Accumulator = std::conditional_t<sizeof(T) == 1, int32_t, float>;

  __aicore__ __force_inline__ Cube(GM_ADDR a, GM_ADDR w, const Problem& problem, const Plan& plan, const Tiles& tiles, Sink& sink)
      : problem_(problem), plan_(plan), tiles_(tiles), sink_(sink), k_bytes_(problem.k * sizeof(T)), n16_(round16(problem.n)),
        w_batch_(uint64_t(ceil_div(k_bytes_, kFractalBytes)) * n16_ * kFractalBytes), slot_bytes_(tiles.height() * plan.chunk()),
        slots_(least(kSlotsMost, kL1Bytes / slot_bytes_)) {
    a_.SetGlobalBuffer((__gm__ T*)a);
    w_.SetGlobalBuffer((__gm__ T*)w);
  }

  __aicore__ __force_inline__ void run() {
    SetLoadDataPaddingValue<uint16_t>(0);
    for (uint32_t slot = 0; slot < slots_; ++slot) SetFlag<HardEvent::MTE1_MTE2>(int(slot));
    for (int id = 0; id < 2; ++id) SetFlag<HardEvent::M_MTE1>(id);
    Cursor load(plan_, tiles_, slots_), work(plan_, tiles_, slots_);
    const uint32_t chunks = plan_.all_chunks(), ahead = slots_ - 1;
    for (uint32_t i = 0; i < chunks + ahead; ++i) {
      if (i < chunks) load_chunk(load), load.advance();
      if (i >= ahead) compute_chunk(work), work.advance();
    }
    for (uint32_t slot = 0; slot < slots_; ++slot) WaitFlag<HardEvent::MTE1_MTE2>(int(slot));
    for (int id = 0; id < 2; ++id) WaitFlag<HardEvent::M_MTE1>(id);
  }

 private:
  __aicore__ __force_inline__ uint32_t length(const Cursor& at) const { return least(plan_.chunk(), k_bytes_ - at.chunk * plan_.chunk()); }
  __aicore__ __force_inline__ uint32_t b_offset(const Tile& tile) const { return round16(tile.m) * plan_.chunk(); }

  __aicore__ __force_inline__ void load_chunk(const Cursor& at) {
    const uint32_t bytes = length(at), k0 = at.chunk * plan_.chunk(), base = at.slot * slot_bytes_;
    WaitFlag<HardEvent::MTE1_MTE2>(int(at.slot));
    load_rows(LocalTensor<T>(TPosition::A1, base, 0), at.tile, k0, bytes);
    load_weights(LocalTensor<T>(TPosition::B1, base + b_offset(at.tile), 0), at.tile, k0, bytes);
    SetFlag<HardEvent::MTE2_MTE1>(int(at.slot));
  }

  // Row pitches of more than 16 bits are counted in elements of 4 bytes: ND2NZ moves 32 B at a time, whatever they hold.
  __aicore__ __force_inline__ void load_rows(const LocalTensor<T>& a1, const Tile& tile, uint32_t k0, uint32_t bytes) {
    const GlobalTensor<T> from = a_[tile.batch * problem_.a_batch + tile.row * problem_.a_pitch + k0 / sizeof(T)];
    const uint16_t m = uint16_t(tile.m), column = uint16_t(round16(tile.m));
    if (problem_.a_pitch <= 0xffff) {
      DataCopy(a1, from, Nd2NzParams(1, m, uint16_t(bytes / sizeof(T)), 0, uint16_t(problem_.a_pitch), column, 1, 0));
    } else {
      GlobalTensor<float> wide;
      wide.SetGlobalBuffer((__gm__ float*)from.GetPhyAddr());
      DataCopy(a1.template ReinterpretCast<float>(), wide, Nd2NzParams(1, m, uint16_t(ceil_div(bytes, 4)), 0, uint16_t(problem_.a_pitch * sizeof(T) / 4), column, 1, 0));
    }
  }

  // Packed weights: for each 32 B of K the tile's columns lie together.
  __aicore__ __force_inline__ void load_weights(const LocalTensor<T>& b1, const Tile& tile, uint32_t k0, uint32_t bytes) {
    constexpr uint32_t kRow = kFractalBytes / sizeof(T);
    const uint32_t rows = ceil_div(bytes, kFractalBytes), gap = n16_ - tile.n, column = round16(tile.n);
    const GlobalTensor<T> from = w_[tile.batch * (w_batch_ / sizeof(T)) + (uint64_t(k0 / kFractalBytes) * n16_ + tile.column) * kRow];
    if (gap <= 0xffff) {
      DataCopy(b1, from, DataCopyParams(uint16_t(rows), uint16_t(tile.n), uint16_t(gap), uint16_t(column - tile.n)));
    } else {
      for (uint32_t row = 0; row < rows; ++row)
        DataCopy(b1[row * column * kRow], from[uint64_t(row) * n16_ * kRow], DataCopyParams(1, uint16_t(tile.n), 0, 0));
    }
  }

  __aicore__ __force_inline__ void compute_chunk(const Cursor& at) {
    uint32_t bytes = length(at);
#ifdef MATMUL_DROP_K_TILE
    // For the test of the checker: the last step of each tile's K is not computed.
    if (at.chunk + 1 == plan_.chunks() && bytes > kChunkLeast) bytes -= kChunkLeast;
#endif
    WaitFlag<HardEvent::MTE2_MTE1>(int(at.slot));
    const uint32_t blocks = at.tile.blocks();
    for (uint32_t i = 0; i < blocks; ++i) {
      const Block block = at.tile.block(i);
      const LocalTensor<Accumulator> c(TPosition::CO1, ((c_ + i) & 1) * kL0cHalf, 0);
      for (uint32_t step = 0; step < bytes; step += kStepBytes) compute_step(at, block, c, step, least(kStepBytes, bytes - step), step + kStepBytes >= bytes);
      if (at.is_last()) sink_.store(at.item, at.tile, i, block, c);
    }
    SetFlag<HardEvent::MTE1_MTE2>(int(at.slot));
    if (at.is_last()) c_ += blocks;
  }

  __aicore__ __force_inline__ void compute_step(const Cursor& at, const Block& block, const LocalTensor<Accumulator>& c, uint32_t step, uint32_t bytes, bool last_of_chunk) {
    const LocalTensor<T> a2(TPosition::A2, l0_ * kL0Slot, 0), b2(TPosition::B2, l0_ * kL0Slot, 0);
    WaitFlag<HardEvent::M_MTE1>(int(l0_));
    load_a(a2, at, block, step, bytes);
    load_b(b2, at, block, step, bytes);
    SetFlag<HardEvent::MTE1_M>(int(l0_));
    WaitFlag<HardEvent::MTE1_M>(int(l0_));
    // m = 1 would mean the GEMV layout of L0A.
    const uint32_t m = block.m == 1 ? 2 : block.m;
    const uint8_t flag = at.is_last() && last_of_chunk ? 3 : 2;
    Mmad(c, a2, b2, MmadParams(uint16_t(m), uint16_t(block.n), uint16_t(bytes / sizeof(T)), flag, false, at.is_first() && step == 0));
    if (round16(m) * round16(block.n) < kFewFractals * kFractalRows * kFractalRows) PipeBarrier<PIPE_M>();
    SetFlag<HardEvent::M_MTE1>(int(l0_));
    l0_ ^= 1;
  }

  // Nz -> Zz: the chunk is a feature map of 1 x m16 pixels with a channel for each element of K, the filter 1 x 1.
  __aicore__ __force_inline__ void load_a(const LocalTensor<T>& a2, const Cursor& at, const Block& block, uint32_t step, uint32_t bytes) {
    static constexpr IsResetLoad3dConfig kKeepPadding{true, false};
    LoadData3DParamsV2<T> p;
    p.l1H = 1, p.l1W = uint16_t(round16(at.tile.m)), p.channelSize = uint16_t(plan_.chunk() / sizeof(T));
    p.kExtension = uint16_t(ceil_div(bytes, kFractalBytes) * kFractalBytes / sizeof(T)), p.mExtension = uint16_t(round16(block.m));
    p.kStartPt = uint16_t(step / sizeof(T)), p.mStartPt = uint16_t(block.row);
    LoadData<T, kKeepPadding>(a2, LocalTensor<T>(TPosition::A1, at.slot * slot_bytes_, 0), p);
  }

  // Fractals lie as they are needed; a block's columns are a stretch of those of the tile.
  __aicore__ __force_inline__ void load_b(const LocalTensor<T>& b2, const Cursor& at, const Block& block, uint32_t step, uint32_t bytes) {
    const LocalTensor<T> b1(TPosition::B1, at.slot * slot_bytes_ + b_offset(at.tile), 0);
    const uint32_t rows = ceil_div(bytes, kFractalBytes), of_tile = round16(at.tile.n) / kFractalRows, mine = round16(block.n) / kFractalRows;
    const uint32_t first = step / kFractalBytes * of_tile + block.column / kFractalRows;
    if (mine == of_tile) {
      LoadData(b2, b1, LoadData2DParams(uint16_t(first), uint8_t(rows * mine), 1, 0, 0, false, 0));
      return;
    }
    for (uint32_t row = 0; row < rows; ++row)
      LoadData(b2[row * mine * (kFractalRows * kFractalBytes / sizeof(T))], b1,
               LoadData2DParams(uint16_t(first + row * of_tile), uint8_t(mine), 1, 0, 0, false, 0));
  }

  const Problem& problem_;
  const Plan& plan_;
  const Tiles& tiles_;
  Sink& sink_;
  GlobalTensor<T> a_, w_;
  uint32_t k_bytes_, n16_;
  uint64_t w_batch_;
  uint32_t slot_bytes_, slots_, l0_ = 0, c_ = 0;
};

}  // namespace matmul
