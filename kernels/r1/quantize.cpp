// Dynamic quantisation of rows: scale[r] = largest |x[r]| / 127 (1 for a row of zeros), y[r] = rint(x[r] / scale[r]), x bf16, y int8, scale
// fp32, columns up to 16384. Arguments: x y scale rows columns. Block dimension: vector cores.
//
// A tile is a few rows; the next one loads as soon as this one is in fp32:
//   MTE2: x -> in (1 or 2 buffers)    V: in -> W fp32; S = |W|, largest; W * 127 / largest -> int8    MTE3: out -> y, scale
//   UB:   | S 4P h | W 4P h | out P h | in 2P h x 1 or 2 |     h rows of pitch P
// Operations: 4 an element. Bytes: 3 an element, 4 a row.
#include "row_tiles.h"

namespace {

using namespace row_tiles;

class Quantize {
  static constexpr uint32_t kSmallBytes = 2560;  // of the vectors with an element a row, and the gaps

 public:
  __aicore__ __force_inline__ Quantize(GM_ADDR x, GM_ADDR y, GM_ADDR scale, uint32_t rows, uint32_t columns)
      : columns_(columns), pitch_(round_up(columns, kPitchUnit)), fit_(kSmallBytes, 9 * pitch_, 2 * pitch_, pitch_, kMostRows), share_(rows, fit_.height) {
    x_.SetGlobalBuffer((__gm__ bfloat16_t*)x);
    y_.SetGlobalBuffer((__gm__ int8_t*)y);
    scale_.SetGlobalBuffer((__gm__ float*)scale);
  }

  __aicore__ __force_inline__ void run() {
    if (share_.count() == 0) return;
    const uint32_t tile = share_.height * pitch_;
    Space space;
    s_ = space.place_across<float>(tile);
    quantise_.place(space), out_scale_.place(space, kMostRows, 1);
    w_ = space.place<float>(tile), out_.place(space, tile, 0);
    inlet_.place(space, tile, fit_.buffers);
    pipeline(share_.count(), inlet_, [this](uint32_t i, uint32_t b) { load(i, b); },
             [this](uint32_t i, uint32_t b, auto next) { compute(i, b, next); });
    out_.close(), out_scale_.close();
  }

 private:
  __aicore__ __force_inline__ void load(uint32_t i, uint32_t b) const {
    const Slice t = share_.slice(i);
    inlet_.open(b);
    load_rows(inlet_.buffer[b], x_[at(t)], t.rows, columns_ - least(kDropped, columns_), pitch_, columns_);
    inlet_.filled(b);
  }

  template <typename Next>
  __aicore__ __force_inline__ void compute(uint32_t i, uint32_t b, Next next) const {
    const Slice t = share_.slice(i);
    const uint32_t rows = t.rows, n = rows * pitch_;
    RowReduction<Largest> largest(s_, quantise_.largest, quantise_.spare, rows, pitch_);
    Cast(w_, inlet_.buffer[b], RoundMode::CAST_NONE, n), barrier();
    next();
    Abs(s_, w_, int32_t(n)), barrier();
    by_blocks<Largest>(s_, s_, n), barrier();
    largest.all();
    quantise_.step1(), barrier();
    quantise_.step2(), barrier();
    quantise_.step3(), barrier();
    quantise_.scale_step1();
    quantise_.factors.scale(w_, w_, rows, pitch_), barrier();
    out_.open(), out_scale_.open();
    to_int8(out_.buffer, w_, s_.ReinterpretCast<int16_t>(), n, [&](int pass) {
      if (pass == 0) quantise_.scale_step2();
      if (pass == 1) Muls(out_scale_.buffer, quantise_.scale, 1.0f, int32_t(kMostRows));
    });
    out_scale_.send([&]() { store_rows(scale_[t.first], out_scale_.buffer, 1, rows, kMostRows, rows); });
    out_.send([&]() { store_rows(y_[at(t)], out_.buffer, rows, columns_, pitch_, columns_); });
  }

  __aicore__ __force_inline__ uint64_t at(const Slice& t) const { return uint64_t(t.first) * columns_; }

  GlobalTensor<bfloat16_t> x_;
  GlobalTensor<int8_t> y_;
  GlobalTensor<float> scale_;
  uint32_t columns_, pitch_;
  Fit fit_;
  Share share_;
  Inlet inlet_;
  Outlet<int8_t> out_;
  Outlet<float> out_scale_;
  LocalTensor<float> w_, s_;
  QuantisationFactors quantise_;
};

}  // namespace

extern "C" __global__ __aicore__ void quantize(GM_ADDR x, GM_ADDR y, GM_ADDR scale, uint32_t rows, uint32_t columns) {
  if ASCEND_IS_AIV {
    Quantize kernel(x, y, scale, rows, columns);
    kernel.run();
  }
}
