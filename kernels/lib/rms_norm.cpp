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
//   MTE2: x -> UB [0 | 1]   V: fp32, square, sum, 1 / sqrt, scale, weight   MTE3: UB [0 | 1] -> y
// The row's factor stays in UB: it is broadcast by Brcb, so no scalar waits for the vector unit.
// Operations: 4 x rows x width. Bytes: 2 x rows x width x size.
#include "rows.h"

namespace {

using namespace AscendC;

template <typename T>
class RmsNorm {
 public:
  __aicore__ __force_inline__ RmsNorm(GM_ADDR x, GM_ADDR weight, GM_ADDR y, uint32_t rows, uint32_t width, float epsilon)
      : rows_(rows), width_(width), epsilon_(epsilon) {
    x_.SetGlobalBuffer((__gm__ T*)x);
    weight_.SetGlobalBuffer((__gm__ T*)weight);
    y_.SetGlobalBuffer((__gm__ T*)y);
    const uint32_t narrow = rows::aligned(width * sizeof(T)), wide = rows::aligned(width * 4);
    uint32_t at = 0;
    const auto take = [&](uint32_t bytes) { return at += bytes, at - bytes; };
    for (uint32_t& in : in_) in = take(narrow);
    for (uint32_t& out : out_) out = take(narrow);
    value_ = take(wide), square_ = take(wide), scale_ = take(wide), factor_ = take(288);
  }

  __aicore__ __force_inline__ void run() {
    const uint32_t core = uint32_t(GetBlockIdx()), cores = uint32_t(GetBlockNum());
    if (core >= rows_) return;
    load_weight();
    for (int id = 0; id < 2; ++id) {
      SetFlag<HardEvent::V_MTE2>(id);
      SetFlag<HardEvent::MTE3_V>(id);
    }
    uint32_t buffer = 0;
    load(core, buffer);
    for (uint32_t row = core; row < rows_; row += cores, buffer ^= 1) {
      if (row + cores < rows_) load(row + cores, buffer ^ 1);
      normalise(row, buffer);
    }
    for (int id = 0; id < 2; ++id) {
      WaitFlag<HardEvent::V_MTE2>(id);
      WaitFlag<HardEvent::MTE3_V>(id);
    }
  }

 private:
  __aicore__ __force_inline__ LocalTensor<float> wide(uint32_t address) const { return {TPosition::VECCALC, address, width_}; }
  __aicore__ __force_inline__ LocalTensor<T> narrow(uint32_t address) const { return {TPosition::VECIN, address, width_}; }

  // weight -> fp32, once; through the first output buffer.
  __aicore__ __force_inline__ void load_weight() {
    if constexpr (rows::kWide<T>) {
      rows::load(narrow(scale_), weight_, width_);
      SetFlag<HardEvent::MTE2_V>(2);
      WaitFlag<HardEvent::MTE2_V>(2);
    } else {
      rows::load(narrow(out_[0]), weight_, width_);
      SetFlag<HardEvent::MTE2_V>(2);
      WaitFlag<HardEvent::MTE2_V>(2);
      Cast(wide(scale_), narrow(out_[0]), RoundMode::CAST_NONE, width_);
      PipeBarrier<PIPE_V>();
    }
  }

  __aicore__ __force_inline__ void load(uint32_t row, uint32_t buffer) {
    WaitFlag<HardEvent::V_MTE2>(int(buffer));
    rows::load(narrow(in_[buffer]), x_[uint64_t(row) * width_], width_);
    SetFlag<HardEvent::MTE2_V>(int(buffer));
  }

  __aicore__ __force_inline__ void normalise(uint32_t row, uint32_t buffer) {
    const int32_t n = int32_t(width_);
    const LocalTensor<float> value = rows::kWide<T> ? wide(in_[buffer]) : wide(value_), square = wide(square_), result = wide(value_);
    // One factor, then eight copies of it a block further on.
    const LocalTensor<float> factor(TPosition::VECCALC, factor_, 8), spread(TPosition::VECCALC, factor_ + 32, 64);
    WaitFlag<HardEvent::MTE2_V>(int(buffer));
    if constexpr (!rows::kWide<T>) {
      Cast(value, narrow(in_[buffer]), RoundMode::CAST_NONE, width_);
      SetFlag<HardEvent::V_MTE2>(int(buffer));
      PipeBarrier<PIPE_V>();
    }
    Mul(square, value, value, n);
    PipeBarrier<PIPE_V>();
    ReduceSum(factor, square, square, n);
    PipeBarrier<PIPE_V>();
    Muls(factor, factor, 1.0f / float(width_), 1);
    PipeBarrier<PIPE_V>();
    Adds(factor, factor, epsilon_, 1);
    PipeBarrier<PIPE_V>();
    Sqrt(factor, factor, 1);
    PipeBarrier<PIPE_V>();
    Brcb(spread, factor, 1, BrcbRepeatParams(1, 8));
    PipeBarrier<PIPE_V>();
    divide(result, value, spread);
    if constexpr (rows::kWide<T>) SetFlag<HardEvent::V_MTE2>(int(buffer));
    PipeBarrier<PIPE_V>();
    WaitFlag<HardEvent::MTE3_V>(int(buffer));
    if constexpr (rows::kWide<T>) {
      Mul(narrow(out_[buffer]), result, wide(scale_), n);
    } else {
      Mul(result, result, wide(scale_), n);
      PipeBarrier<PIPE_V>();
      Cast(narrow(out_[buffer]), result, RoundMode::CAST_RINT, width_);
    }
    SetFlag<HardEvent::V_MTE3>(int(buffer));
    WaitFlag<HardEvent::V_MTE3>(int(buffer));
    rows::store(y_[uint64_t(row) * width_], narrow(out_[buffer]), width_);
    SetFlag<HardEvent::MTE3_V>(int(buffer));
  }

  // result = value / the one block of `divisor`, whose block and repeat strides are 0.
  __aicore__ __force_inline__ void divide(const LocalTensor<float>& result, const LocalTensor<float>& value, const LocalTensor<float>& divisor) {
    const BinaryRepeatParams same(1, 1, 0, 8, 8, 0);
    uint32_t repeats = width_ / 64, at = 0;
    set_lane_mask(64);
    if (repeats) Div<float, false>(result, value, divisor, uint64_t(64), uint8_t(repeats), same);
    at = repeats * 64;
    if (at < width_) Div(result[at], value[at], divisor, uint64_t(width_ - at), 1, same);
    ResetMask();
  }

  GlobalTensor<T> x_, weight_, y_;
  uint32_t rows_, width_;
  float epsilon_;
  uint32_t in_[2], out_[2], value_, square_, scale_, factor_;
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
