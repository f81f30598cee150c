// The cube core's side of Matmul<>: computes runs of tiles of one product.
//
//   GM ─MTE2─> L1: two slots of [A chunk | B chunk | bias] ─MTE1─> L0A, L0B: two halves, BT ─M─> L0C: two halves ─FIX─> GM
//
// A chunk is as much K as fits a slot (at least one step of baseK); chunk i + 1 is loaded while chunk i is computed, across the
// tiles of an order. A slot that already holds the chunk of A or B, of an earlier tile of the same round of a product, keeps it. Mmad and Fixpipe hand L0C over by unit flags.
// Layouts: A in L1 as Nz with columns of the tile's rows, B likewise; L0A Zz, L0B Zn.
#pragma once

#include "lib/matmul/matmul_request.h"

namespace AscendC {
namespace matmul_library {

VITRUVIAN_INLINE constexpr std::uint32_t up(std::uint32_t value, std::uint32_t unit) { return (value + unit - 1) / unit * unit; }
VITRUVIAN_INLINE constexpr std::uint32_t least(std::uint32_t a, std::uint32_t b) { return a < b ? a : b; }

inline constexpr std::uint32_t kL1Bytes = 512 * 1024, kL0Half = 32 * 1024, kL0cBytes = 128 * 1024, kBtBytes = 1024;
inline constexpr std::uint32_t kBiasSlot = 4096, kSlot = kL1Bytes / 2, kOperands = kSlot - kBiasSlot;
inline constexpr std::uint32_t kFractalBytes = 512, kSide = 16;
inline constexpr std::uint32_t kRowBytes = 512;  // K of a chunk: rows of this length use a whole L2 line

// Extent of one tile, in elements.
struct TileExtent {
  std::uint32_t m0, n0, m, n;
};

// Order and size of the tiles of a product.
struct TileGrid {
  VITRUVIAN_INLINE explicit TileGrid(const Product& r)
      : m(static_cast<std::uint32_t>(r.single_m)), n(static_cast<std::uint32_t>(r.single_n)), base_m(static_cast<std::uint32_t>(r.base_m)),
        base_n(static_cast<std::uint32_t>(r.base_n)), rows((m + base_m - 1) / base_m), columns((n + base_n - 1) / base_n), n_first(r.n_first) {}
  VITRUVIAN_INLINE TileExtent tile(std::uint32_t i) const {
    const std::uint32_t row = n_first ? i / columns : i % rows, column = n_first ? i % columns : i / rows;
    const std::uint32_t m0 = row * base_m, n0 = column * base_n;
    return {m0, n0, least(base_m, m - m0), least(base_n, n - n0)};
  }
  std::uint32_t m, n, base_m, base_n, rows, columns, n_first;
};

template <class A, class B, class C, class Bias>
class Cube {
 public:
  using TA = typename A::T;
  using TB = typename B::T;
  using TC = typename C::T;
  using TBias = typename Bias::T;
  using Accumulator = std::conditional_t<sizeof(TA) == 1, std::int32_t, float>;
  static_assert(std::is_same_v<TA, TB>, "A and B have one element type");
  static constexpr std::uint32_t kC0 = 32 / sizeof(TA);
  // Rows of n that a load of L0B fills together: 8-bit squares are 32 wide.
  static constexpr std::uint32_t kUnitN = sizeof(TA) == 1 ? 32 : 16;
  // Steps of K: whole squares of a transposing load.
  static constexpr std::uint32_t kUnitK = sizeof(TA) == 1 ? 32 : 16;

  // L1 belongs to all objects of the core: another one has used it.
  VITRUVIAN_INLINE void forget() { in_a_[0].round = in_a_[1].round = in_b_[0].round = in_b_[1].round = 0; }

  // Flags that a first use waits for, and their end.
  static VITRUVIAN_INLINE void open() {
    for (int id = 0; id < 2; ++id) {
      SetFlag<HardEvent::MTE1_MTE2>(id);
      SetFlag<HardEvent::M_MTE1>(id);
    }
    SetFlag<HardEvent::M_MTE1>(kBiasEvent);
    const std::uint8_t no_pads[4] = {0, 0, 0, 0};
    SetFmatrix(1, 1, no_pads);
    SetLoadDataPaddingValue<std::uint16_t>(0);
  }
  static VITRUVIAN_INLINE void close() {
    for (int id = 0; id < 2; ++id) {
      WaitFlag<HardEvent::MTE1_MTE2>(id);
      WaitFlag<HardEvent::M_MTE1>(id);
    }
    WaitFlag<HardEvent::M_MTE1>(kBiasEvent);
  }

  // Issues everything of an order; the pipes finish later. round: orders of one round see the same A, B and bias in memory. under_way() is called when they have the first chunk.
  template <class UnderWay>
  __attribute__((noinline)) void run(const Product& product, const Order& order, std::uint64_t round, UnderWay under_way) {
    r_ = &product;
    order_ = &order;
    round_ = round;
    choose_steps();
    if (product.hf32) SetHF32Mode(true);
    set_atomic(order.atomic);
    const std::uint32_t chunks = (static_cast<std::uint32_t>(product.single_k) + chunk_ - 1) / chunk_;
    const std::uint32_t total = chunks * static_cast<std::uint32_t>(order.count);
    const TileGrid grid(product);
    std::uint32_t load_tile = static_cast<std::uint32_t>(order.first), load_chunk = 0, work_tile = load_tile, work_chunk = 0;
    for (std::uint32_t i = 0; i <= total; ++i) {
      if (i < total) {
        load(grid.tile(load_tile), load_chunk, (slot_ + i) & 1);
        if (++load_chunk == chunks) load_chunk = 0, ++load_tile;
      }
      if (i > 0) {
        compute(grid.tile(work_tile), work_chunk, chunks, (slot_ + i - 1) & 1);
        if (++work_chunk == chunks) work_chunk = 0, ++work_tile;
      }
      if (i == 1) under_way();
    }
    slot_ = (slot_ + total) & 1;
    if (order.atomic) SetAtomicNone();
    if (product.hf32) SetHF32Mode(false);
  }

 private:
  static constexpr int kBiasEvent = 2;

  static VITRUVIAN_INLINE void set_atomic(std::uint8_t mode) {
    if (mode == 1) SetAtomicAdd<TC>();
    if (mode == 2) SetAtomicMax<TC>();
    if (mode == 3) SetAtomicMin<TC>();
  }

  // K of a step (L0) and of a chunk (L1), by what fits.
  VITRUVIAN_INLINE void choose_steps() {
    const std::uint32_t m = up(static_cast<std::uint32_t>(r_->base_m), 32), n = up(static_cast<std::uint32_t>(r_->base_n), 32);
    const std::uint32_t most = least(kL0Half / (m * sizeof(TA)), kL0Half / (n * sizeof(TA)));
    step_ = least(up(static_cast<std::uint32_t>(r_->base_k), kUnitK), most / kUnitK * kUnitK);
    const std::uint32_t fits = kOperands / ((m + n) * sizeof(TA)), wanted = step_ > kRowBytes / sizeof(TA) ? step_ : kRowBytes / sizeof(TA);
    chunk_ = least(fits, wanted) / step_ * step_;
  }

  VITRUVIAN_INLINE std::uint32_t chunk_length(std::uint32_t chunk) const {
    return least(chunk_, static_cast<std::uint32_t>(r_->single_k) - chunk * chunk_);
  }
  // The start of an L1 slot's parts.
  VITRUVIAN_INLINE std::uint32_t l1_b(std::uint32_t slot, std::uint32_t m) const { return slot * kSlot + up(m, 32) * chunk_ * sizeof(TA); }
  static VITRUVIAN_INLINE std::uint32_t l1_bias(std::uint32_t slot) { return slot * kSlot + kOperands; }

  // One stored matrix part [rows, columns] into L1 as Nz with columns of `height` rows; Nz sources have columns of `pitch` rows.
  template <class Type>
  static VITRUVIAN_INLINE void load_part(std::uint32_t l1, std::uint64_t matrix, std::uint32_t row, std::uint32_t column, std::uint32_t rows,
                                         std::uint32_t columns, std::uint32_t pitch, std::uint32_t height) {
    using T = typename Type::T;
    const LocalTensor<T> to(TPosition::A1, l1, 0);
    GlobalTensor<T> from;
    if constexpr (Type::format == CubeFormat::NZ) {
      from.SetGlobalBuffer(reinterpret_cast<T*>(matrix) + static_cast<std::uint64_t>(column / kC0) * pitch * kC0 + row * kC0);
      DataCopy(to, from, DataCopyParams(static_cast<std::uint16_t>((columns + kC0 - 1) / kC0), static_cast<std::uint16_t>(rows),
                                        static_cast<std::uint16_t>(pitch - rows), static_cast<std::uint16_t>(height - rows)));
    } else {
      from.SetGlobalBuffer(reinterpret_cast<T*>(matrix) + static_cast<std::uint64_t>(row) * pitch + column);
      if (pitch > 0xffff) {  // more than the control word holds: row by row
        for (std::uint32_t i = 0; i < rows; ++i)
          DataCopy(to[i * kC0], from[static_cast<std::uint64_t>(i) * pitch],
                   Nd2NzParams(1, 1, static_cast<std::uint16_t>(columns), 0, 0, static_cast<std::uint16_t>(height), 1, 0));
        return;
      }
      DataCopy(to, from, Nd2NzParams(1, static_cast<std::uint16_t>(rows), static_cast<std::uint16_t>(columns), 0, static_cast<std::uint16_t>(pitch),
                                     static_cast<std::uint16_t>(height), 1, 0));
    }
  }

  VITRUVIAN_INLINE void load(const TileExtent& tile, std::uint32_t chunk, std::uint32_t slot) {
    const std::uint32_t k0 = chunk * chunk_, k = chunk_length(chunk), k_height = up(k, kUnitK);
    const std::uint32_t m_height = up(tile.m, kSide), n_height = up(tile.n, kUnitN);
    WaitFlag<HardEvent::MTE1_MTE2>(static_cast<int>(slot));
    const std::uint32_t pitch_a = static_cast<std::uint32_t>(r_->pitch_a), pitch_b = static_cast<std::uint32_t>(r_->pitch_b);
    const std::uint32_t b1 = l1_b(slot, static_cast<std::uint32_t>(r_->base_m));
    if (!holds(in_a_[slot], tile.m0, chunk)) {
      if (r_->transposed_a)
        load_part<A>(slot * kSlot, r_->a, k0, tile.m0, k, tile.m, pitch_a, k_height);
      else
        load_part<A>(slot * kSlot, r_->a, tile.m0, k0, tile.m, k, pitch_a, m_height);
    }
    if (!holds(in_b_[slot], tile.n0, chunk)) {
      if (r_->transposed_b)
        load_part<B>(b1, r_->b, tile.n0, k0, tile.n, k, pitch_b, n_height);
      else
        load_part<B>(b1, r_->b, k0, tile.n0, k, tile.n, pitch_b, k_height);
      if (r_->has_bias && chunk == 0) load_bias_row(slot, tile);
    }
    SetFlag<HardEvent::MTE2_MTE1>(static_cast<int>(slot));
  }

  // One row of ND2NZ with adjacent blocks is a copy of exactly n elements, filled up to 32 B.
  VITRUVIAN_INLINE void load_bias_row(std::uint32_t slot, const TileExtent& tile) {
    GlobalTensor<TBias> from;
    from.SetGlobalBuffer(reinterpret_cast<TBias*>(r_->bias) + tile.n0);
    DataCopy(LocalTensor<TBias>(TPosition::C1, l1_bias(slot), 0), from,
             Nd2NzParams(1, 1, static_cast<std::uint16_t>(tile.n), 0, static_cast<std::uint16_t>(tile.n), 1, 1, 0));
  }

  // What a part of a slot holds. True if it is this already; otherwise it will be.
  struct Held {
    std::uint64_t round = 0;
    std::uint32_t start = 0, chunk = 0;
  };
  VITRUVIAN_INLINE bool holds(Held& held, std::uint32_t start, std::uint32_t chunk) const {
    if (round_ == held.round && start == held.start && chunk == held.chunk) return true;
    held = {round_, start, chunk};
    return false;
  }

  VITRUVIAN_INLINE void compute(const TileExtent& tile, std::uint32_t chunk, std::uint32_t chunks, std::uint32_t slot) {
    const std::uint32_t k = chunk_length(chunk), m16 = up(tile.m, kSide), n16 = up(tile.n, kUnitN), fractals = m16 / kSide * (n16 / kSide);
    if (chunk == 0) c_address_ = m16 * n16 * 4 <= kL0cBytes / 2 ? (tiles_ & 1) * (kL0cBytes / 2) : 0;
    const LocalTensor<Accumulator> c(TPosition::CO1, c_address_, 0);
    // m = 1 would mean the GEMV layout of L0A.
    const std::uint32_t mad_m = tile.m == 1 ? 2 : tile.m, mad_n = sizeof(TA) == 1 ? n16 : tile.n;
    WaitFlag<HardEvent::MTE2_MTE1>(static_cast<int>(slot));
    for (std::uint32_t step = 0; step < k; step += step_) {
      const std::uint32_t length = least(step_, k - step), half = l0_;
      const bool first = chunk == 0 && step == 0, last = chunk + 1 == chunks && step + step_ >= k;
      WaitFlag<HardEvent::M_MTE1>(static_cast<int>(half));
      load_a(half * kL0Half, slot * kSlot, m16, k, step, length);
      load_b(half * kL0Half, l1_b(slot, static_cast<std::uint32_t>(r_->base_m)), n16, k, step, length);
      if (first && r_->has_bias) load_bias(slot, n16);
      SetFlag<HardEvent::MTE1_M>(static_cast<int>(half));
      WaitFlag<HardEvent::MTE1_M>(static_cast<int>(half));
      const LocalTensor<TA> a2(TPosition::A2, half * kL0Half, 0);
      const LocalTensor<TB> b2(TPosition::B2, half * kL0Half, 0);
      const MmadParams p(static_cast<std::uint16_t>(mad_m), static_cast<std::uint16_t>(mad_n), static_cast<std::uint16_t>(length), last ? 3 : 2, false,
                         first && !r_->has_bias);
      if (first && r_->has_bias) {
        Mmad(c, a2, b2, LocalTensor<Accumulator>(TPosition::C2, bt_, 0), p);
        SetFlag<HardEvent::M_MTE1>(kBiasEvent);
      } else {
        Mmad(c, a2, b2, p);
      }
      // Small tiles: the next mmad would read C before this one has written it.
      if (fractals < 10) PipeBarrier<PIPE_M>();
      SetFlag<HardEvent::M_MTE1>(static_cast<int>(half));
      l0_ ^= 1;
    }
    SetFlag<HardEvent::MTE1_MTE2>(static_cast<int>(slot));
    if (chunk + 1 == chunks) store(tile, c, m16), ++tiles_;
  }

  // --- L1 -> L0A: Zz, fractals of 16 rows x 32 B in the order (m, k)
  VITRUVIAN_INLINE void load_a(std::uint32_t l0, std::uint32_t l1, std::uint32_t m16, std::uint32_t k, std::uint32_t step, std::uint32_t length) {
    const LocalTensor<TA> a2(TPosition::A2, l0, 0), a1(TPosition::A1, l1, 0);
    const std::uint32_t k_blocks = (length + kC0 - 1) / kC0;
    if (!r_->transposed_a) {
      // A feature map of 1 x m16 pixels under a 1 x 1 filter: one instruction for all fractals.
      static constexpr IsResetLoad3dConfig kKeepPadding{true, false};
      LoadData3DParamsV2<TA> p;
      p.l1H = 1, p.l1W = static_cast<std::uint16_t>(m16), p.channelSize = static_cast<std::uint16_t>(up(k, kC0));
      p.kExtension = static_cast<std::uint16_t>(k_blocks * kC0), p.mExtension = static_cast<std::uint16_t>(m16);
      p.kStartPt = static_cast<std::uint16_t>(step), p.mStartPt = 0;
      LoadData<TA, kKeepPadding>(a2, a1, p);
      return;
    }
    load_squares<false>(l0, l1, m16, up(k, kUnitK), step, length, k_blocks);
  }

  // --- L1 -> L0B: Zn, fractals of 16 columns x 32 B of K in the order (k, n)
  VITRUVIAN_INLINE void load_b(std::uint32_t l0, std::uint32_t l1, std::uint32_t n16, std::uint32_t k, std::uint32_t step, std::uint32_t length) {
    const std::uint32_t k_blocks = (length + kC0 - 1) / kC0, n_fractals = n16 / kSide;
    if (r_->transposed_b) {
      const LocalTensor<TB> b2(TPosition::B2, l0, 0), b1(TPosition::B1, l1, 0);
      std::uint32_t left = k_blocks * n_fractals, from = step / kC0 * n_fractals, at = 0;
      while (left) {
        const std::uint32_t now = least(left, 255);
        LoadData(b2[at * (kFractalBytes / sizeof(TB))], b1,
                 LoadData2DParams(static_cast<std::uint16_t>(from), static_cast<std::uint8_t>(now), 1, 0, 0, false, 0));
        left -= now, from += now, at += now;
      }
      return;
    }
    load_squares<true>(l0, l1, n16, up(k, kUnitK), step, length, k_blocks);
  }

  // A [k, x] matrix in L1 (x: m of a transposed A, n of a plain B; columns of `height` rows) transposed on its way: squares of
  // one fractal (16-bit) or two. to_b: destination fractals (k, x); otherwise (x, k).
  template <bool to_b>
  VITRUVIAN_INLINE void load_squares(std::uint32_t l0, std::uint32_t l1, std::uint32_t x16, std::uint32_t height, std::uint32_t step, std::uint32_t length,
                                     std::uint32_t k_blocks) {
    const std::uint32_t x_fractals = x16 / kSide, column = height / kSide * kFractalBytes;  // bytes of a column of L1
    if constexpr (sizeof(TA) == 2) {
      const LocalTensor<TA> to(to_b ? TPosition::B2 : TPosition::A2, l0, 0), from(TPosition::A1, l1, 0);
      const std::uint32_t first = step / kSide;
      if constexpr (to_b) {
        for (std::uint32_t k = 0; k < k_blocks; ++k)
          LoadData(to[k * x_fractals * (kFractalBytes / 2)], from,
                   LoadData2DParams(static_cast<std::uint16_t>(first + k), static_cast<std::uint8_t>(x_fractals), static_cast<std::uint16_t>(height / kSide), 0, 0,
                                    true, 0));
      } else {
        for (std::uint32_t x = 0; x < x_fractals; ++x)
          LoadData(to[x * k_blocks * (kFractalBytes / 2)], from,
                   LoadData2DParams(static_cast<std::uint16_t>(x * (height / kSide) + first), static_cast<std::uint8_t>(k_blocks), 1, 0, 0, true, 0));
      }
    } else if constexpr (sizeof(TA) == 1) {
      // Squares of 32 x 32: two fractals one above the other in, two 16-row halves of x out.
      const std::uint32_t squares_k = (length + 31) / 32, squares_x = (x16 + 31) / 32;
      for (std::uint32_t k = 0; k < squares_k; ++k) {
        const std::uint64_t from = l1 + (step / 32 + k) * 2 * kFractalBytes;
        const std::uint64_t to = l0 + k * (to_b ? x_fractals : 1) * kFractalBytes;
        const std::uint32_t gap = to_b ? 1 : 2 * k_blocks - 1, half_gap = to_b ? 0 : k_blocks - 1;
        transposing_load<to_b>(to, from, squares_x, column / (2 * kFractalBytes), gap, half_gap, 0);
      }
    } else {
      // Squares of 16 x 16: two fractals side by side (a column apart) in, two 8-deep halves of k out.
      const std::uint32_t squares_k = (length + 15) / 16, column_fractals = column / kFractalBytes;
      // From the last: half of it may lie beyond the depth, where the next row of fractals is written afterwards.
      for (std::uint32_t k = squares_k; k-- > 0;) {
        const std::uint64_t from = l1 + (step / kSide + k) * kFractalBytes;
        const std::uint64_t to = l0 + 2 * k * (to_b ? x_fractals : 1) * kFractalBytes;
        const std::uint32_t gap = to_b ? 0 : k_blocks - 1, half_gap = to_b ? x_fractals - 1 : 0;
        transposing_load<to_b>(to, from, x_fractals, column_fractals, gap, half_gap, column_fractals - 1);
      }
    }
  }
  template <bool to_b>
  static VITRUVIAN_INLINE void transposing_load(std::uint64_t to, std::uint64_t from, std::uint32_t squares, std::uint32_t stride, std::uint32_t gap,
                                                std::uint32_t half_gap, std::uint32_t source_gap) {
    namespace f = vitruvian::isa::load2d;
    const auto word0 = f::repeat.put(squares) | f::src_stride.put(stride) | f::dst_gap.put(gap);
    const auto word1 = f::dst_fractal_gap.put(half_gap) | f::src_fractal_gap.put(source_gap);
    if constexpr (sizeof(TA) == 1 && to_b) vitruvian::op::load_cbuf_to_cb_transpose_b8(to, from, word0, word1);
    if constexpr (sizeof(TA) == 1 && !to_b) vitruvian::op::load_cbuf_to_ca_transpose_b8(to, from, word0, word1);
    if constexpr (sizeof(TA) == 4 && to_b) vitruvian::op::load_cbuf_to_cb_transpose_b32(to, from, word0, word1);
    if constexpr (sizeof(TA) == 4 && !to_b) vitruvian::op::load_cbuf_to_ca_transpose_b32(to, from, word0, word1);
  }

  VITRUVIAN_INLINE void load_bias(std::uint32_t slot, std::uint32_t n16) {
    namespace f = vitruvian::isa::dma;
    bt_ = n16 * 4 <= kBtBytes / 2 ? (tiles_ & 1) * (kBtBytes / 2) : 0;
    WaitFlag<HardEvent::M_MTE1>(kBiasEvent);
    const std::uint64_t units = n16 * 4 / 64;
    vitruvian::op::copy_cbuf_to_bt(bt_, l1_bias(slot), f::burst_count.put(1) | f::burst_length.put(units) | f::convert.put(sizeof(TBias) == 2));
  }

  VITRUVIAN_INLINE void store(const TileExtent& tile, const LocalTensor<Accumulator>& c, std::uint32_t m16) {
    FixpipeParamsV220 p;
    p.nSize = static_cast<std::uint16_t>(tile.n), p.mSize = static_cast<std::uint16_t>(tile.m), p.srcStride = static_cast<std::uint16_t>(m16);
    p.unitFlag = 3;
    p.quantPre = conversion();
    p.deqScalar = r_->quant_scalar;
    GlobalTensor<TC> to;
    const std::uint64_t pitch = static_cast<std::uint64_t>(r_->pitch_c);
    if constexpr (C::format == CubeFormat::NZ) {
      // Columns of 16 elements, `pitch` rows each.
      const std::uint64_t rows = order_->sequential ? up(static_cast<std::uint32_t>(r_->base_m), kSide) : pitch;
      p.nSize = static_cast<std::uint16_t>(up(tile.n, kSide));
      p.dstStride = static_cast<std::uint32_t>(rows * kSide * sizeof(TC) / 32);
      const std::uint64_t place = order_->sequential ? 0 : tile.n0 * rows + tile.m0 * kSide;
      to.SetGlobalBuffer(reinterpret_cast<TC*>(order_->c) + place);
      Fixpipe<TC, Accumulator, CFG_NZ>(to, c, p);
    } else {
      p.dstStride = static_cast<std::uint32_t>(order_->sequential ? static_cast<std::uint64_t>(r_->base_n) : pitch);
      const std::uint64_t place = order_->sequential ? 0 : tile.m0 * pitch + tile.n0;
      to.SetGlobalBuffer(reinterpret_cast<TC*>(order_->c) + place);
      if (r_->quantised == 2)
        store_per_channel(to, c, tile, p);
      else
        Fixpipe<TC, Accumulator, CFG_ROW_MAJOR>(to, c, p);
    }
  }
  VITRUVIAN_INLINE QuantMode_t conversion() const {
    if constexpr (std::is_same_v<Accumulator, std::int32_t>) {
      if constexpr (std::is_same_v<TC, half>) return r_->quantised == 2 ? VDEQF16 : DEQF16;
      if constexpr (sizeof(TC) == 1) return r_->quantised == 2 ? VREQ8 : REQ8;
      return NoQuant;
    } else {
      if constexpr (std::is_same_v<TC, half>) return F322F16;
      if constexpr (std::is_same_v<TC, bfloat16_t>) return F322BF16;
      if constexpr (sizeof(TC) == 1) return r_->quantised == 2 ? VQF322B8_PRE : QF322B8_PRE;
      return NoQuant;
    }
  }
  // Per-channel parameters pass through the bias area of L1 slot 0; rare, so it drains the pipes around it.
  // It overwrites what L1 held of a bias.
  VITRUVIAN_INLINE void store_per_channel(const GlobalTensor<TC>& to, const LocalTensor<Accumulator>& c, const TileExtent& tile, const FixpipeParamsV220& p) {
    ::pipe_barrier(PIPE_ALL);
    in_b_[0].round = 0;
    GlobalTensor<std::uint32_t> from;
    from.SetGlobalBuffer(reinterpret_cast<std::uint32_t*>(r_->quant_vector) + 2 * tile.n0);
    const LocalTensor<std::uint32_t> parameters(TPosition::C1, l1_bias(0), 0);
    DataCopy(parameters, from, Nd2NzParams(1, 1, static_cast<std::uint16_t>(2 * tile.n), 0, static_cast<std::uint16_t>(2 * tile.n), 1, 1, 0));
    ::pipe_barrier(PIPE_ALL);
    Fixpipe<TC, Accumulator, CFG_ROW_MAJOR>(to, c, parameters, p);
  }

  const Product* r_ = nullptr;
  const Order* order_ = nullptr;
  std::uint64_t round_ = 0;
  Held in_a_[2], in_b_[2];
  std::uint32_t step_ = 0, chunk_ = 0, slot_ = 0, l0_ = 0, tiles_ = 0, c_address_ = 0, bt_ = 0;
};

}  // namespace matmul_library
}  // namespace AscendC
