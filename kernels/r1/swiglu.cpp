// SwiGLU of rows: v = gate / (1 + exp(-gate)) * up with x[r] = gate | up (bf16 [rows, 2 width]), computed in fp32.
// Block dimension: vector cores.
//
// | kernel       | arguments                  | writes                                                                        |
// |--------------|----------------------------|-------------------------------------------------------------------------------|
// | swiglu       | x y rows width             | y bf16, any width                                                             |
// | swiglu_quant | x y scale rows width       | y int8 = rint(v / scale), scale fp32 = largest |v| / 127 (1 for zeros), width up to 18432 |
//
// A tile is a few whole rows, or one row in pieces of up to 5632 columns; the next piece loads as soon as this one is in fp32:
//   MTE2: gate, up -> in (1 or 2 buffers)
//   V:    Y = gate, U = up;  T = 1 + exp(-Y);  U = Y U;  Y = U / T;  largest |Y| of the piece;   after a row's last piece: Y -> int8
//   MTE3: out -> y, scale
//   UB:   | U 4C | T 4C | Y 4P h | largest of blocks P h / 2 | out | in 2 x 2C x 1 or 2 |     C: columns of a piece (h rows), P: pitch
// Operations: 6 an element of y, 10 with quantisation. Bytes: 4 in and 2 (1) out an element of y.
#include "row_tiles.h"

namespace {

using namespace row_tiles;

constexpr uint32_t kPiece = 5632;  // beside a row of 18432 in fp32

template <bool quantised>
class Swiglu {
  static constexpr uint32_t kSmallBytes = 3072;  // of the vectors with an element a row, and the gaps

 public:
  __aicore__ __force_inline__ Swiglu(GM_ADDR x, GM_ADDR y, GM_ADDR scale, uint32_t rows, uint32_t width)
      : width_(width), pieces_(ceil_div(width, kPiece)), columns_(round_up(ceil_div(width, pieces_), kPitchUnit)), pitch_(round_up(width, kPitchUnit)),
        fit_(kSmallBytes, 8 * columns_ + (quantised ? 5 * pitch_ + pitch_ / 2 : 6 * columns_), 4 * columns_, pieces_ > 1 ? ~0u : pitch_, kMostRows),
        share_(rows, fit_.height) {
    x_.SetGlobalBuffer((__gm__ bfloat16_t*)x);
    y8_.SetGlobalBuffer((__gm__ int8_t*)y);
    y16_.SetGlobalBuffer((__gm__ bfloat16_t*)y);
    scale_.SetGlobalBuffer((__gm__ float*)scale);
  }

  __aicore__ __force_inline__ void run() {
    if (share_.count() == 0) return;
    piece_ = share_.height * columns_;
    Space space;
    u_ = space.place_across<float>(piece_), t_ = space.place_across<float>(piece_);
    if constexpr (quantised) {
      const uint32_t tile = share_.height * pitch_;
      quantise_.place(space), out_scale_.place(space, kMostRows, 1);
      value_ = space.place<float>(tile), out8_.place(space, tile, 0);
      part_ = space.place<float>(tile / 8);
    } else {
      value_ = space.place<float>(piece_), out16_.place(space, piece_, 0);
    }
    inlet_.place(space, 2 * piece_, fit_.buffers);
    pipeline(share_.count() * pieces_, inlet_, [this](uint32_t i, uint32_t b) { load(i, b); },
             [this](uint32_t i, uint32_t b, auto next) { compute(i, b, next); });
    if constexpr (quantised)
      out8_.close(), out_scale_.close();
    else
      out16_.close();
  }

 private:
  // Piece i of this core: some columns of a tile, `pitch` of them with those behind the row's end.
  struct Piece {
    uint32_t row, rows, first, columns, pitch;
    bool last;
  };
  __aicore__ __force_inline__ Piece piece(uint32_t i) const {
    const uint32_t tile = pieces_ == 1 ? i : i / pieces_, first = (i - tile * pieces_) * columns_;
    const uint32_t columns = least(columns_, width_ - first), pitch = least(columns_, pitch_ - first);
    const Slice slice = share_.slice(tile);
    return {slice.first, slice.rows, first, columns, pitch, first + pitch == pitch_};
  }

  __aicore__ __force_inline__ void load(uint32_t i, uint32_t b) const {
    const Piece p = piece(i);
    const GlobalTensor<bfloat16_t> from = x_[uint64_t(p.row) * 2 * width_ + p.first];
    const uint32_t n = p.columns - (p.last ? least(kDropped, p.columns) : 0);
    inlet_.open(b);
    load_rows(inlet_.buffer[b], from, p.rows, n, columns_, 2 * width_);
    load_rows(inlet_.buffer[b][piece_], from[width_], p.rows, n, columns_, 2 * width_);
    inlet_.filled(b);
  }

  template <typename Next>
  __aicore__ __force_inline__ void compute(uint32_t i, uint32_t b, Next next) const {
    const Piece p = piece(i);
    const uint32_t n = p.rows * p.pitch;
    const LocalTensor<float> value = quantised ? value_[p.first] : value_;
    Cast(value, inlet_.buffer[b], RoundMode::CAST_NONE, n);
    Cast(u_, inlet_.buffer[b][piece_], RoundMode::CAST_NONE, n);
    barrier();
    next();
    clear_tail(value, p);
    Muls(t_, value, -1.0f, int32_t(n)), barrier();
    Exp(t_, t_, int32_t(n)), Mul(u_, value, u_, int32_t(n)), barrier();
    Adds(t_, t_, 1.0f, int32_t(n)), barrier();
    Div(value, u_, t_, int32_t(n)), barrier();
    if constexpr (quantised) {
      Abs(t_, value, int32_t(n)), barrier();
      by_blocks<Largest>(part_[p.first / 8], t_, n), barrier();
      if (p.last) quantise(p);
    } else {
      out16_.open();
      Cast(out16_.buffer, value, RoundMode::CAST_RINT, n);
      out16_.send([&]() { store_rows(y16_[uint64_t(p.row) * width_ + p.first], out16_.buffer, p.rows, p.columns, columns_, width_); });
    }
  }

  // A buffer that held another piece is not zero behind a shorter one.
  __aicore__ __force_inline__ void clear_tail(const LocalTensor<float>& value, const Piece& p) const {
    const uint32_t loaded = round_up(p.columns, 16);
    if (pieces_ == 1 || loaded == p.pitch) return;
    Duplicate(value[loaded], 0.0f, int32_t(p.pitch - loaded));
    Duplicate(u_[loaded], 0.0f, int32_t(p.pitch - loaded));
    barrier();
  }

  __aicore__ __force_inline__ void quantise(const Piece& p) const {
    RowReduction<Largest> largest(part_, quantise_.largest, quantise_.spare, p.rows, pitch_);
    largest.all();
    quantise_.step1(), barrier();
    quantise_.step2(), barrier();
    quantise_.step3(), barrier();
    quantise_.scale_step1();
    quantise_.factors.scale(value_, value_, p.rows, pitch_), barrier();
    quantise_.scale_step2(), barrier();
    out_scale_.open();
    Muls(out_scale_.buffer, quantise_.scale, 1.0f, int32_t(kMostRows));
    out_scale_.send([&]() { store_rows(scale_[p.row], out_scale_.buffer, 1, p.rows, kMostRows, p.rows); });
    out8_.open();
    for (uint32_t first = 0; first < pitch_; first += columns_) {
      to_int8(out8_.buffer[first], value_[first], t_.ReinterpretCast<int16_t>(), p.rows * least(columns_, pitch_ - first), [](int) {});
      barrier();
    }
    out8_.send([&]() { store_rows(y8_[uint64_t(p.row) * width_], out8_.buffer, p.rows, width_, pitch_, width_); });
  }

  GlobalTensor<bfloat16_t> x_, y16_;
  GlobalTensor<int8_t> y8_;
  GlobalTensor<float> scale_;
  uint32_t width_, pieces_, columns_, pitch_, piece_ = 0;
  Fit fit_;
  Share share_;
  Inlet inlet_;
  Outlet<int8_t> out8_;
  Outlet<bfloat16_t> out16_;
  Outlet<float> out_scale_;
  LocalTensor<float> u_, t_, value_, part_;
  QuantisationFactors quantise_;
};

template <bool quantised>
__aicore__ __force_inline__ void run(GM_ADDR x, GM_ADDR y, GM_ADDR scale, uint32_t rows, uint32_t width) {
  if ASCEND_IS_AIV {
    Swiglu<quantised> kernel(x, y, scale, rows, width);
    kernel.run();
  }
}

}  // namespace

extern "C" __global__ __aicore__ void swiglu(GM_ADDR x, GM_ADDR y, uint32_t rows, uint32_t width) { run<false>(x, y, nullptr, rows, width); }
extern "C" __global__ __aicore__ void swiglu_quant(GM_ADDR x, GM_ADDR y, GM_ADDR scale, uint32_t rows, uint32_t width) {
  run<true>(x, y, scale, rows, width);
}
