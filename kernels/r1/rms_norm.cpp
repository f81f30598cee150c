// RMSNorm of rows: y[r] = s / sqrt(mean(s^2) + epsilon) * gamma with s = x[r], or with _add s = x[r] + residual[r], which is also
// written back to x. Sums in fp32. Columns up to 8192. Block dimension: vector cores.
//
// | kernel                            | arguments                                               | writes           |
// |-----------------------------------|---------------------------------------------------------|------------------|
// | rms_norm[_add]                    | x gamma [residual] y rows columns epsilon               | y bf16           |
// | rms_norm_quant[_add]              | x gamma [residual] y scale rows columns epsilon         | y int8, scale    |
// | rms_norm_quant[_add]_keep         | x gamma [residual] y scale kept rows columns epsilon    | and kept bf16    |
//
// A tile is a few rows; the next one loads as soon as this one is in fp32:
//   MTE2: x, residual -> in (1 or 2 buffers)
//   V:    in -> W fp32;  S = W^2;  W *= gamma;  sums of S;  largest |W|;  W * 127 / largest -> int8       MTE3: out -> y, scale, kept, x
//   UB:   | gamma 4P | S 4P h | W 4P h | partial sums P h / 2 | in 2P h (x 2 streams) | outputs h |     h rows of pitch P
// The integers come from s * gamma alone: the norm's factor only enters the scale, so no pass over the row is spent on it. The two
// chains of short operations (root of the mean, scale of the row) run side by side.
// Operations: 4 an element (8 with quantisation). Bytes: 2 in and 2 (1) out an element; _add 4 more, kept 2 more.
#include "row_tiles.h"

namespace {

using namespace row_tiles;

enum Outputs { kNorm, kQuantised, kBoth };

struct Arguments {
  GM_ADDR x;
  GM_ADDR gamma;
  GM_ADDR residual;
  GM_ADDR y;
  GM_ADDR scale;
  GM_ADDR kept;
  uint32_t rows, columns;
  float epsilon;
};

template <bool add, Outputs outputs>
class RmsNorm {
  static constexpr bool kInt8 = outputs != kNorm, kBf16 = outputs != kQuantised;
  static constexpr uint32_t kStreams = add ? 2 : 1;
  static constexpr uint32_t kSmallBytes = 2816;  // of the vectors with an element a row, and the gaps

 public:
  __aicore__ __force_inline__ explicit RmsNorm(const Arguments& a)
      : columns_(a.columns), pitch_(round_up(a.columns, kPitchUnit)), epsilon_(a.epsilon),
        fit_(4 * pitch_ + kSmallBytes, 8 * pitch_ + pitch_ / 2 + ((kInt8 ? 1 : 0) + (kBf16 ? 2 : 0) + (add ? 2 : 0)) * pitch_, 2 * kStreams * pitch_, pitch_,
             kMostRows),
        share_(a.rows, fit_.height), tile_(share_.height * pitch_) {
    x_.SetGlobalBuffer((__gm__ bfloat16_t*)a.x);
    residual_.SetGlobalBuffer((__gm__ bfloat16_t*)a.residual);
    gamma_.SetGlobalBuffer((__gm__ bfloat16_t*)a.gamma);
    y_.SetGlobalBuffer((__gm__ int8_t*)a.y);
    kept_.SetGlobalBuffer((__gm__ bfloat16_t*)(outputs == kNorm ? a.y : a.kept));
    scale_.SetGlobalBuffer((__gm__ float*)a.scale);
  }

  __aicore__ __force_inline__ void run() {
    if (share_.count() == 0) return;
    place();
    pipeline(share_.count(), inlet_, [this](uint32_t i, uint32_t b) { load(i, b); },
             [this](uint32_t i, uint32_t b, auto next) { compute(i, b, next); });
    if constexpr (kInt8) out8_.close(), out_scale_.close();
    if constexpr (kBf16) out16_.close();
    if constexpr (add) out_sum_.close();
  }

 private:
  __aicore__ __force_inline__ void place() {
    const uint32_t tile = tile_;
    Space space;
    weight_ = space.place_across<float>(pitch_), s_ = space.place_across<float>(tile);
    norm_.place(space);
    if constexpr (kInt8) quantise_.place(space), out_scale_.place(space, kMostRows, 1);
    spare_ = space.place_small<float>(kMostRows), ones_ = space.place_small<float>(kMostRows);
    Duplicate(ones_, 1.0f, int32_t(kMostRows));
    w_ = space.place<float>(tile);
    if constexpr (kInt8) out8_.place(space, tile, 0);
    if constexpr (kBf16) out16_.place(space, tile, 2);
    if constexpr (add) out_sum_.place(space, tile, 3);
    sum_part_ = space.place<float>(tile / 8);
    inlet_.place(space, tile * kStreams, fit_.buffers);
    // gamma -> fp32, once, through the first input buffer.
    inlet_.open(0);
    load_rows(inlet_.buffer[0], gamma_, 1, columns_, pitch_, columns_);
    inlet_.filled(0), inlet_.wait(0);
    Cast(weight_, inlet_.buffer[0], RoundMode::CAST_NONE, pitch_);
    barrier();
    inlet_.free(0);
  }

  __aicore__ __force_inline__ void load(uint32_t i, uint32_t b) const {
    const Slice t = share_.slice(i);
    const uint64_t at = uint64_t(t.first) * columns_;
    const uint32_t rows = t.rows, n = columns_ - least(kDropped, columns_);
    inlet_.open(b);
    load_rows(inlet_.buffer[b], x_[at], rows, n, pitch_, columns_);
    if constexpr (add) load_rows(inlet_.buffer[b][tile_], residual_[at], rows, n, pitch_, columns_);
    inlet_.filled(b);
  }

  template <typename Next>
  __aicore__ __force_inline__ void compute(uint32_t i, uint32_t b, Next next) const {
    const Slice t = share_.slice(i);
    const uint32_t rows = t.rows, n = rows * pitch_;
    Cast(w_, inlet_.buffer[b], RoundMode::CAST_NONE, n);
    if constexpr (add) {
      Cast(s_, inlet_.buffer[b][tile_], RoundMode::CAST_NONE, n);
      barrier();
      Add(w_, w_, s_, int32_t(n));
    }
    barrier();
    next();
    Mul(s_, w_, w_, int32_t(n));
    if constexpr (add) {
      out_sum_.open();
      Cast(out_sum_.buffer, w_, RoundMode::CAST_RINT, n);
      out_sum_.send([&]() { store_rows(x_[at(t)], out_sum_.buffer, rows, columns_, pitch_, columns_); });
    }
    barrier();
    by_blocks<Total>(sum_part_, s_, n);
    for (uint32_t r = 0; r < rows; ++r) Mul(w_[r * pitch_], w_[r * pitch_], weight_, int32_t(pitch_));
    barrier();
    RowReduction<Total> sum(sum_part_, norm_.value, spare_, rows, pitch_);
    if constexpr (kInt8) {
      finish_quantised(t, rows, n, sum);
    } else {
      sum.all();
      for (int step = 0; step < 5; ++step) root(step), barrier();
      norm_.scale(w_, w_, rows, pitch_);
      barrier();
      keep(t, rows, w_, n);
    }
  }

  // norm_.value: sum of squares -> 1 / sqrt(mean + epsilon), in blocks; by Div, since Rsqrt is an approximation on the chip.
  __aicore__ __force_inline__ void root(int step) const {
    const LocalTensor<float>& f = norm_.value;
    const int32_t n = int32_t(kMostRows);
    if (step == 0) Muls(f, f, 1.0f / float(columns_), n);
    if (step == 1) Adds(f, f, epsilon_, n);
    if (step == 2) Sqrt(f, f, n);
    if (step == 3) Div(f, ones_, f, n);
    if (step == 4) norm_.spread();
  }

  __aicore__ __force_inline__ void finish_quantised(const Slice& t, uint32_t rows, uint32_t n, RowReduction<Total>& sum) const {
    RowReduction<Largest> largest(s_, quantise_.largest, quantise_.spare, rows, pitch_);
    Abs(s_, w_, int32_t(n)), sum.step1(), barrier();
    by_blocks<Largest>(s_, s_, n), sum.step2(), barrier();
    largest.step1(), sum.step3(), barrier();
    largest.step2(), root(0), barrier();
    largest.step3(), root(1), barrier();
    quantise_.step1(), root(2), barrier();
    quantise_.step2(), root(3), barrier();
    quantise_.step3();
    if constexpr (kBf16) root(4);
    barrier();
    quantise_.scale_step1();
    if constexpr (kBf16) {
      norm_.scale(s_, w_, rows, pitch_);
      barrier();
      keep(t, rows, s_, n);
    }
    quantise_.factors.scale(w_, w_, rows, pitch_);
    barrier();
    out8_.open(), out_scale_.open();
    to_int8(out8_.buffer, w_, s_.ReinterpretCast<int16_t>(), n, [&](int pass) {
      if (pass == 0) quantise_.scale_step2();
      if (pass == 1) Mul(out_scale_.buffer, quantise_.scale, norm_.value, int32_t(kMostRows));
    });
    out_scale_.send([&]() { store_rows(scale_[t.first], out_scale_.buffer, 1, rows, kMostRows, rows); });
    out8_.send([&]() { store_rows(y_[at(t)], out8_.buffer, rows, columns_, pitch_, columns_); });
  }

  __aicore__ __force_inline__ void keep(const Slice& t, uint32_t rows, const LocalTensor<float>& from, uint32_t n) const {
    out16_.open();
    Cast(out16_.buffer, from, RoundMode::CAST_RINT, n);
    out16_.send([&]() { store_rows(kept_[at(t)], out16_.buffer, rows, columns_, pitch_, columns_); });
  }

  __aicore__ __force_inline__ uint64_t at(const Slice& t) const { return uint64_t(t.first) * columns_; }

  GlobalTensor<bfloat16_t> x_, residual_, gamma_, kept_;
  GlobalTensor<int8_t> y_;
  GlobalTensor<float> scale_;
  uint32_t columns_, pitch_;
  float epsilon_;
  Fit fit_;
  Share share_;
  uint32_t tile_;  // elements
  Inlet inlet_;
  Outlet<int8_t> out8_;
  Outlet<float> out_scale_;
  Outlet<bfloat16_t> out16_, out_sum_;
  LocalTensor<float> weight_, w_, s_, sum_part_, spare_, ones_;
  Factors norm_;
  QuantisationFactors quantise_;
};

template <bool add, Outputs outputs>
__aicore__ __force_inline__ void run(const Arguments& arguments) {
  if ASCEND_IS_AIV {
    RmsNorm<add, outputs> kernel(arguments);
    kernel.run();
  }
}

}  // namespace

extern "C" __global__ __aicore__ void rms_norm(GM_ADDR x, GM_ADDR gamma, GM_ADDR y, uint32_t rows, uint32_t columns, float epsilon) {
  run<false, kNorm>({x, gamma, nullptr, y, nullptr, nullptr, rows, columns, epsilon});
}
extern "C" __global__ __aicore__ void rms_norm_add(GM_ADDR x, GM_ADDR gamma, GM_ADDR residual, GM_ADDR y, uint32_t rows, uint32_t columns, float epsilon) {
  run<true, kNorm>({x, gamma, residual, y, nullptr, nullptr, rows, columns, epsilon});
}
extern "C" __global__ __aicore__ void rms_norm_quant(GM_ADDR x, GM_ADDR gamma, GM_ADDR y, GM_ADDR scale, uint32_t rows, uint32_t columns, float epsilon) {
  run<false, kQuantised>({x, gamma, nullptr, y, scale, nullptr, rows, columns, epsilon});
}
extern "C" __global__ __aicore__ void rms_norm_quant_add(GM_ADDR x, GM_ADDR gamma, GM_ADDR residual, GM_ADDR y, GM_ADDR scale, uint32_t rows, uint32_t columns,
                                                         float epsilon) {
  run<true, kQuantised>({x, gamma, residual, y, scale, nullptr, rows, columns, epsilon});
}
extern "C" __global__ __aicore__ void rms_norm_quant_keep(GM_ADDR x, GM_ADDR gamma, GM_ADDR y, GM_ADDR scale, GM_ADDR kept, uint32_t rows, uint32_t columns,
                                                          float epsilon) {
  run<false, kBoth>({x, gamma, nullptr, y, scale, kept, rows, columns, epsilon});
}
extern "C" __global__ __aicore__ void rms_norm_quant_add_keep(GM_ADDR x, GM_ADDR gamma, GM_ADDR residual, GM_ADDR y, GM_ADDR scale, GM_ADDR kept, uint32_t rows,
                                                              uint32_t columns, float epsilon) {
  run<true, kBoth>({x, gamma, residual, y, scale, kept, rows, columns, epsilon});
}
