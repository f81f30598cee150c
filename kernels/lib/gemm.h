// The cube side of the GEMM kernels: C[m, n] = A[m, k] x B, row-major, any m, n, k >= 1 (k, n <= 65535).
//
//   GM --MTE2 ND2NZ--> L1 [slot 0 | slot 1] --MTE1--> L0A, L0B [0 | 1] --M--> L0C --FIX--> GM
//                      A 128 x 512 B           A 128 x 128 B    128 x 256
//                      B 512 B x 256           B 128 B x 256    fp32, int32
//
// Tiling: an output tile of at most 128 x 256 a step (it fills L0C); K in chunks of 512 B in L1 and steps of 128 B in L0,
// both double-buffered; the chunk after the present one loads while this one computes, across tiles. The last mmad of a
// tile and its fixpipe meet through the unit flag. A goes to L0A by one load3D a step (1 x 1 filter: Nz -> Zz); B by one
// transposing load2D for each 32 B of K, or plainly where it is stored as [n, k].
// Tails: ND2NZ zero-fills to 32 B, mmad counts exactly k elements, fixpipe writes exactly m x n.
#pragma once

#include "kernel_operator.h"

namespace gemm {

using namespace AscendC;

constexpr uint32_t kTileM = 128, kTileN = 256;
constexpr uint32_t kChunkBytes = 512, kStepBytes = 128;
constexpr uint32_t kL1SlotA = kTileM * kChunkBytes, kL1SlotB = kTileN * kChunkBytes, kL1Slot = kL1SlotA + kL1SlotB;
constexpr uint32_t kL0Slot = 32 * 1024;
constexpr uint32_t kL0cHalf = 64 * 1024;
constexpr uint32_t kFractal = 512;

__aicore__ __force_inline__ uint32_t ceil_div(uint32_t a, uint32_t b) { return (a + b - 1) / b; }
__aicore__ __force_inline__ uint32_t round_up(uint32_t a, uint32_t power_of_two) { return (a + power_of_two - 1) & ~(power_of_two - 1); }
__aicore__ __force_inline__ uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

struct Tile {
  uint32_t m0, n0, m, n;
};

// Tiles over all cores: core b takes tiles b, b + cores, ...; walked in bands of kBand tile rows, so that the cores of a
// wave share rows of A and columns of B in L2.
class Swizzled {
 public:
  static constexpr uint32_t kBand = 8;
  __aicore__ __force_inline__ Swizzled(uint32_t m, uint32_t n, uint32_t core, uint32_t cores) : m_(m), n_(n), core_(core), cores_(cores) {
    choose_shape();
    tiles_m_ = (m + (1u << log_m_) - 1) >> log_m_;
    tiles_n_ = (n + (1u << log_n_) - 1) >> log_n_;
    const uint32_t tiles = tiles_m_ * tiles_n_;
    count_ = core < tiles ? (tiles - core + cores - 1) / cores : 0;
  }
  __aicore__ __force_inline__ uint32_t count() const { return count_; }
  __aicore__ __force_inline__ Tile tile(uint32_t i) const {
    const uint32_t index = core_ + i * cores_, band_tiles = kBand * tiles_n_;
    const uint32_t band = index / band_tiles, first = band * kBand, within = index - band * band_tiles;
    const uint32_t height = least(kBand, tiles_m_ - first);
    const uint32_t column = within / height, row = first + within - column * height;
    const uint32_t m0 = row << log_m_, n0 = column << log_n_;
    return {m0, n0, least(1u << log_m_, m_ - m0), least(1u << log_n_, n_ - n0)};
  }

 private:
  // The full tile where it keeps the cores busy; otherwise the shape with the least estimated time: rounds of tiles times
  // the larger of cube cycles and load cycles (about 96 B a cycle) for 32 B of K.
  __aicore__ __force_inline__ void choose_shape() {
    log_m_ = 7, log_n_ = 8;
    const uint32_t full = ((m_ + kTileM - 1) / kTileM) * ((n_ + kTileN - 1) / kTileN);
    if (full >= 4 * cores_) return;
    uint32_t best = ~0u;
    for (uint32_t log_m = 7; log_m >= 4; --log_m)
      for (uint32_t log_n = 8; log_n >= 6; --log_n) {
        const uint32_t tiles = ((m_ + (1u << log_m) - 1) >> log_m) * ((n_ + (1u << log_n) - 1) >> log_n);
        const uint32_t cube = 1u << (log_m + log_n - 8), load = ((1u << log_m) + (1u << log_n)) / 3;
        const uint32_t cost = ceil_div(tiles, cores_) * (cube > load ? cube : load);
        if (cost < best) best = cost, log_m_ = log_m, log_n_ = log_n;
      }
  }
  uint32_t m_, n_, core_, cores_, log_m_, log_n_, tiles_m_, tiles_n_, count_;
};

// The published PTO schedule: a grid of 4 x (cores / 4) cores, each with its own block of C, walked row by row.
class Grid {
 public:
  __aicore__ __force_inline__ Grid(uint32_t m, uint32_t n, uint32_t core, uint32_t cores) {
    const uint32_t rows = cores >= 4 ? 4 : 1, columns = cores / rows;
    const uint32_t block_m = round_up(ceil_div(m, rows), kTileM), block_n = round_up(ceil_div(n, columns), kTileN);
    m0_ = core / columns * block_m, n0_ = core % columns * block_n;
    m_ = m0_ < m ? least(block_m, m - m0_) : 0;
    n_ = n0_ < n && core < rows * columns ? least(block_n, n - n0_) : 0;
    tiles_n_ = ceil_div(n_, kTileN);
  }
  __aicore__ __force_inline__ uint32_t count() const { return ceil_div(m_, kTileM) * tiles_n_; }
  __aicore__ __force_inline__ Tile tile(uint32_t i) const {
    const uint32_t row = i / tiles_n_ * kTileM, column = i % tiles_n_ * kTileN;
    return {m0_ + row, n0_ + column, least(kTileM, m_ - row), least(kTileN, n_ - column)};
  }

 private:
  uint32_t m0_, n0_, m_, n_, tiles_n_;
};

// Walks the chunks of a core's tiles in order.
template <typename Schedule, uint32_t chunk>
class Cursor {
 public:
  __aicore__ __force_inline__ Cursor(const Schedule& schedule, uint32_t k) : schedule_(schedule), k_(k) {}
  __aicore__ __force_inline__ void start() { tile = schedule_.tile(0); }
  __aicore__ __force_inline__ void advance() {
    k0 += chunk;
    slot ^= 1;
    if (k0 < k_) return;
    k0 = 0;
    ++ordinal;
    if (ordinal < schedule_.count()) tile = schedule_.tile(ordinal);
  }
  __aicore__ __force_inline__ uint32_t length() const { return least(chunk, k_ - k0); }
  __aicore__ __force_inline__ bool is_first() const { return k0 == 0; }
  __aicore__ __force_inline__ bool is_last() const { return k0 + chunk >= k_; }
  Tile tile{};
  uint32_t k0 = 0, slot = 0, ordinal = 0;

 private:
  const Schedule& schedule_;
  uint32_t k_;
};

// T: half, bfloat16_t (C in fp32) or int8_t (C in int32). Sink writes a finished tile: sink(tile, ordinal, L0C tensor, rows of
// a fractal column). transposed_b: B is stored as [n, k].
// Handshake: how a tile's last mmad and its fixpipe meet: by the unit flag, or (published PTO schedule) by whole-tile events.
enum class Handshake { unit_flag, events };

template <typename T, bool transposed_b, typename Schedule, typename Sink, Handshake handshake = Handshake::unit_flag>
class Cube {
 public:
  static constexpr uint32_t kC0 = 32 / sizeof(T);             // K elements of a fractal
  static constexpr uint32_t kChunk = kChunkBytes / sizeof(T);  // K elements of an L1 slot
  static constexpr uint32_t kStep = kStepBytes / sizeof(T);    // K elements of an L0 slot
  using Accumulator = std::conditional_t<sizeof(T) == 1, int32_t, float>;

  __aicore__ __force_inline__ Cube(GM_ADDR a, GM_ADDR b, uint32_t n, uint32_t k, const Schedule& schedule, Sink& sink)
      : n_(n), k_(k), schedule_(schedule), sink_(sink) {
    a_.SetGlobalBuffer((__gm__ T*)a);
    b_.SetGlobalBuffer((__gm__ T*)b);
  }

  __aicore__ __force_inline__ void run() {
    if (schedule_.count() == 0) return;
    const uint8_t no_pads[4] = {0, 0, 0, 0};
    SetFmatrix(1, kTileM, no_pads);
    SetLoadDataPaddingValue<uint16_t>(0);
    for (int id = 0; id < 2; ++id) {
      SetFlag<HardEvent::MTE1_MTE2>(id);
      SetFlag<HardEvent::M_MTE1>(id);
    }
    Cursor<Schedule, kChunk> load(schedule_, k_), work(schedule_, k_);
    load.start();
    work.start();
    const uint32_t chunks = schedule_.count() * ceil_div(k_, kChunk);
    for (uint32_t i = 0; i <= chunks; ++i) {
      if (i < chunks) load_chunk(load), load.advance();
      if (i > 0) compute_chunk(work), work.advance();
    }
    for (int id = 0; id < 2; ++id) {
      WaitFlag<HardEvent::MTE1_MTE2>(id);
      WaitFlag<HardEvent::M_MTE1>(id);
    }
  }

 private:
  // One K chunk of a tile into L1, as Nz with a column of fractals of fixed height.
  __aicore__ __force_inline__ void load_chunk(const Cursor<Schedule, kChunk>& at) {
    const uint32_t k = at.length(), base = at.slot * kL1Slot;
    WaitFlag<HardEvent::MTE1_MTE2>(static_cast<int>(at.slot));
    const LocalTensor<T> a1(TPosition::A1, base, kL1SlotA / sizeof(T)), b1(TPosition::B1, base + kL1SlotA, kL1SlotB / sizeof(T));
    DataCopy(a1, a_[uint64_t(at.tile.m0) * k_ + at.k0],
             Nd2NzParams(1, uint16_t(at.tile.m), uint16_t(k), 0, uint16_t(k_), kTileM, 1, 0));
    if constexpr (transposed_b)
      DataCopy(b1, b_[uint64_t(at.tile.n0) * k_ + at.k0],
               Nd2NzParams(1, uint16_t(at.tile.n), uint16_t(k), 0, uint16_t(k_), kTileN, 1, 0));
    else
      DataCopy(b1, b_[uint64_t(at.k0) * n_ + at.tile.n0],
               Nd2NzParams(1, uint16_t(k), uint16_t(at.tile.n), 0, uint16_t(n_), kChunk, 1, 0));
    SetFlag<HardEvent::MTE2_MTE1>(static_cast<int>(at.slot));
  }

  __aicore__ __force_inline__ void compute_chunk(const Cursor<Schedule, kChunk>& at) {
    // n of a row of fractals in L0B: 8-bit squares come in pairs of fractals.
    const uint32_t m16 = round_up(at.tile.m, 16), n16 = round_up(at.tile.n, sizeof(T) == 1 ? 32 : 16);
    const uint32_t n_fractals = n16 / 16, fractals = m16 / 16 * n_fractals;
    // m = 1 would mean the GEMV layout of L0A.
    const uint32_t m = at.tile.m == 1 ? 2 : at.tile.m, n = sizeof(T) == 1 ? n16 : at.tile.n;
    const uint32_t c_address = m16 * n16 * 4 <= kL0cHalf ? (at.ordinal & 1) * kL0cHalf : 0;
    const LocalTensor<Accumulator> c(TPosition::CO1, c_address, 0);
    uint32_t k = at.length();
#ifdef GEMM_DROP_K_TILE
    // For the test of the checker: the last step of each tile is not computed.
    if (at.is_last() && k > kStep) k -= kStep;
#endif
    WaitFlag<HardEvent::MTE2_MTE1>(static_cast<int>(at.slot));
    for (uint32_t step = 0; step < k; step += kStep) {
      const uint32_t length = least(kStep, k - step), l0 = l0_;
      const LocalTensor<T> a2(TPosition::A2, l0 * kL0Slot, 0), b2(TPosition::B2, l0 * kL0Slot, 0);
      WaitFlag<HardEvent::M_MTE1>(static_cast<int>(l0));
      load_a(a2, at.slot, m16, step, length);
      load_b(b2, at.slot, n_fractals, step, length);
      SetFlag<HardEvent::MTE1_M>(static_cast<int>(l0));
      WaitFlag<HardEvent::MTE1_M>(static_cast<int>(l0));
      const bool last = at.is_last() && step + kStep >= k;
      Mmad(c, a2, b2, MmadParams(uint16_t(m), uint16_t(n), uint16_t(length), handshake == Handshake::events ? 0 : last ? 3 : 2, false, at.is_first() && step == 0));
      // Small tiles: the next mmad would read C before this one has written it.
      if (fractals < 10) PipeBarrier<PIPE_M>();
      SetFlag<HardEvent::M_MTE1>(static_cast<int>(l0));
      l0_ ^= 1;
    }
    SetFlag<HardEvent::MTE1_MTE2>(static_cast<int>(at.slot));
    if (!at.is_last()) return;
    if constexpr (handshake == Handshake::events) {
      SetFlag<HardEvent::M_FIX>(0);
      WaitFlag<HardEvent::M_FIX>(0);
    }
    sink_.store(at.tile, at.ordinal, c, m16);
    // The whole of L0C may be in use: the next tile begins when this one has left it.
    if constexpr (handshake == Handshake::events) {
      SetFlag<HardEvent::FIX_M>(0);
      WaitFlag<HardEvent::FIX_M>(0);
    }
  }

  // Nz -> Zz: the chunk is a feature map of 1 x 128 pixels with kChunk channels, the filter 1 x 1.
  __aicore__ __force_inline__ void load_a(const LocalTensor<T>& a2, uint32_t slot, uint32_t m16, uint32_t step, uint32_t length) {
    static constexpr IsResetLoad3dConfig kKeep{false, false};
    LoadData3DParamsV2<T> p;
    p.l1H = 1, p.l1W = kTileM, p.channelSize = kChunk;
    p.kExtension = uint16_t(round_up(length, kC0)), p.mExtension = uint16_t(m16);
    p.kStartPt = uint16_t(step), p.mStartPt = 0;
    LoadData<T, kKeep>(a2, LocalTensor<T>(TPosition::A1, slot * kL1Slot, 0), p);
  }

  __aicore__ __force_inline__ void load_b(const LocalTensor<T>& b2, uint32_t slot, uint32_t n_fractals, uint32_t step, uint32_t length) {
    const LocalTensor<T> b1(TPosition::B1, slot * kL1Slot + kL1SlotA, 0);
    const uint32_t rows = ceil_div(length, kC0), first = step / kC0;
    if constexpr (transposed_b) {
      // Stored as it is needed: fractal columns of kTileN rows.
      constexpr uint32_t column = kTileN / 16;
      if (n_fractals == column)
        LoadData(b2, b1, LoadData2DParams(uint16_t(first * column), uint8_t(rows * column), 1, 0, 0, false, 0));
      else
        for (uint32_t row = 0; row < rows; ++row)
          LoadData(b2[row * n_fractals * (kFractal / sizeof(T))], b1,
                   LoadData2DParams(uint16_t((first + row) * column), uint8_t(n_fractals), 1, 0, 0, false, 0));
    } else if constexpr (sizeof(T) == 1) {
      for (uint32_t row = 0; row < rows; ++row)
        LoadDataWithTranspose(b2[row * n_fractals * kFractal], b1,
                              LoadData2dTransposeParams(uint16_t(first + row), uint8_t(n_fractals / 2), kChunk / 32, 1, 0));
    } else {
      for (uint32_t row = 0; row < rows; ++row)
        LoadData(b2[row * n_fractals * (kFractal / sizeof(T))], b1,
                 LoadData2DParams(uint16_t(first + row), uint8_t(n_fractals), kChunk / 16, 0, 0, true, 0));
    }
  }

  GlobalTensor<T> a_, b_;
  uint32_t n_, k_, l0_ = 0;
  const Schedule& schedule_;
  Sink& sink_;
};

// Writes tiles of C[m, n] row-major, converted on the way: fp32 -> bf16 or fp16 to nearest even, or fp32 kept.
template <typename Out, Handshake handshake = Handshake::unit_flag>
class StoreMatrix {
 public:
  __aicore__ __force_inline__ StoreMatrix(GM_ADDR c, uint32_t n) : n_(n) { c_.SetGlobalBuffer((__gm__ Out*)c); }
  __aicore__ __force_inline__ void store(const Tile& tile, uint32_t, const LocalTensor<float>& l0c, uint32_t rows) {
    FixpipeParamsV220 p;
    p.nSize = uint16_t(tile.n), p.mSize = uint16_t(tile.m), p.srcStride = uint16_t(rows), p.dstStride = n_;
    p.quantPre = std::is_same_v<Out, bfloat16_t> ? F322BF16 : std::is_same_v<Out, half> ? F322F16 : NoQuant;
    p.unitFlag = handshake == Handshake::unit_flag ? 3 : 0;
    Fixpipe<Out, float, CFG_ROW_MAJOR>(c_[uint64_t(tile.m0) * n_ + tile.n0], l0c, p);
  }

 private:
  GlobalTensor<Out> c_;
  uint32_t n_;
};

template <typename T, typename Out, bool transposed_b = false, typename Schedule = Swizzled, Handshake handshake = Handshake::unit_flag>
__aicore__ __force_inline__ void run(GM_ADDR a, GM_ADDR b, GM_ADDR c, uint32_t m, uint32_t n, uint32_t k) {
  if ASCEND_IS_AIC {
    const Schedule schedule(m, n, uint32_t(GetBlockIdx()), uint32_t(GetBlockNum()));
    StoreMatrix<Out, handshake> sink(c, n);
    Cube<T, transposed_b, Schedule, StoreMatrix<Out, handshake>, handshake> cube(a, b, n, k, schedule, sink);
    cube.run();
  }
}

}  // namespace gemm
