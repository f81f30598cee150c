// RMSNorm of rows: y[r, i] = x[r, i] / sqrt(mean_i x[r, i]^2 + epsilon) * weight[i], accumulated in fp32, any width up to
// 8192. Arguments: x weight y rows width epsilon (fp32); block dimension: vector cores.
//
// | kernel         | x, weight, y |
// |----------------|--------------|
// | rms_norm_bf16  | bf16         |
// | rms_norm_f16   | fp16         |
// | rms_norm_f32   | fp32 (width up to 6144) |
//
// Core b takes rows b, b + cores, ...; one row at a time, the next row loads while this one computes:
//   MTE2: x -> UB [0 | 1]   V: fp32, square, sum by blocks, 1 / sqrt, scale, weight   MTE3: UB [0 | 1] -> y
// The row's factor stays in UB: it is broadcast by Brcb, so no scalar waits for the vector unit.
// Operations: 4 x rows x width. Bytes: 2 x rows x width x size.
#include "rows.h"

namespace {

using namespace AscendC;

template <typename T>
class RmsNorm : public rows::RowKernel<T, RmsNorm<T>> {
  using Base = rows::RowKernel<T, RmsNorm<T>>;
  friend Base;

 public:
  __aicore__ __force_inline__ RmsNorm(GM_ADDR x, GM_ADDR weight, GM_ADDR y, uint32_t rows, uint32_t width, float epsilon)
      : Base(x, y, rows, width), epsilon_(epsilon) {
    weight_.SetGlobalBuffer((__gm__ T*)weight);
    square_ = this->take(rows::aligned(width * 4)), scale_ = this->take(rows::aligned(width * 4));
  }

 private:
  // weight -> fp32, once; through the first output buffer.
  __aicore__ __force_inline__ void prepare() {
    const LocalTensor<T> raw = this->narrow(rows::kWide<T> ? scale_ : this->out_[0]);
    rows::load(raw, weight_, this->width_);
    SetFlag<HardEvent::MTE2_V>(2);
    WaitFlag<HardEvent::MTE2_V>(2);
    if constexpr (!rows::kWide<T>) {
      Cast(this->wide(scale_), raw, RoundMode::CAST_NONE, this->width_);
      PipeBarrier<PIPE_V>();
    }
  }

  __aicore__ __force_inline__ void compute(uint32_t buffer) {
    const int32_t n = int32_t(this->width_);
    const LocalTensor<float> value = this->value(buffer), result = this->result(buffer), square = this->wide(square_), factor = this->factor();
    Mul(square, value, value, n);
    PipeBarrier<PIPE_V>();
    this->sum(square, this->width_);
    Muls(factor, factor, 1.0f / float(this->width_), 1);
    PipeBarrier<PIPE_V>();
    Adds(factor, factor, epsilon_, 1);
    PipeBarrier<PIPE_V>();
    Sqrt(factor, factor, 1);
    PipeBarrier<PIPE_V>();
    // 1 / root by Div: Rsqrt is an approximation on the chip.
    Duplicate(this->spread(), 1.0f, 8);
    PipeBarrier<PIPE_V>();
    Div(factor, this->spread(), factor, 1);
    PipeBarrier<PIPE_V>();
    this->spread_factor();
    this->wait_for_output(buffer);
    this->by_row([&](auto at, auto lanes, auto repeats, const BinaryRepeatParams& same) { Mul(result[at], value[at], this->spread(), lanes, repeats, same); });
    PipeBarrier<PIPE_V>();
    Mul(result, result, this->wide(scale_), n);
    this->finish(buffer);
  }

  GlobalTensor<T> weight_;
  float epsilon_;
  uint32_t square_, scale_;
};

template <typename T>
__aicore__ __force_inline__ void rms_norm(GM_ADDR x, GM_ADDR weight, GM_ADDR y, uint32_t rows, uint32_t width, float epsilon) {
  if ASCEND_IS_AIV {
    RmsNorm<T> kernel(x, weight, y, rows, width, epsilon);
    kernel.run();
  }
}

}  // namespace

extern "C" __global__ __aicore__ void rms_norm_bf16(GM_ADDR x, GM_ADDR weight, GM_ADDR y, uint32_t rows, uint32_t width, float epsilon) {
  rms_norm<bfloat16_t>(x, weight, y, rows, width, epsilon);
}
extern "C" __global__ __aicore__ void rms_norm_f16(GM_ADDR x, GM_ADDR weight, GM_ADDR y, uint32_t rows, uint32_t width, float epsilon) {
  rms_norm<half>(x, weight, y, rows, width, epsilon);
}
extern "C" __global__ __aicore__ void rms_norm_f32(GM_ADDR x, GM_ADDR weight, GM_ADDR y, uint32_t rows, uint32_t width, float epsilon) {
  rms_norm<float>(x, weight, y, rows, width, epsilon);
}
