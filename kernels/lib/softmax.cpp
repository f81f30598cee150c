// Softmax of rows: y[r, i] = exp(x[r, i] - max_r) / sum_i exp(x[r, i] - max_r), in fp32, any width up to 8192.
// Arguments: x y rows width; block dimension: vector cores.
//
// | kernel        | x, y |
// |---------------|------|
// | softmax_bf16  | bf16 |
// | softmax_f16   | fp16 |
// | softmax_f32   | fp32 (width up to 6144) |
//
// Core b takes rows b, b + cores, ...; one row at a time, the next row loads while this one computes. Maximum and sum stay
// in UB: they are broadcast to one block and used with strides 0.
// Operations: 5 x rows x width. Bytes: 2 x rows x width x size.
#include "rows.h"

namespace {

using namespace AscendC;

template <typename T>
class Softmax {
 public:
  __aicore__ __force_inline__ Softmax(GM_ADDR x, GM_ADDR y, uint32_t rows, uint32_t width) : rows_(rows), width_(width) {
    x_.SetGlobalBuffer((__gm__ T*)x);
    y_.SetGlobalBuffer((__gm__ T*)y);
    const uint32_t narrow = rows::aligned(width * sizeof(T)), wide = rows::aligned(width * 4);
    uint32_t at = 0;
    const auto take = [&](uint32_t bytes) { return at += bytes, at - bytes; };
    for (uint32_t& in : in_) in = take(narrow);
    for (uint32_t& out : out_) out = take(narrow);
    value_ = take(wide), work_ = take(wide), factor_ = take(288);
  }

  __aicore__ __force_inline__ void run() {
    const uint32_t core = uint32_t(GetBlockIdx()), cores = uint32_t(GetBlockNum());
    if (core >= rows_) return;
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

  __aicore__ __force_inline__ void load(uint32_t row, uint32_t buffer) {
    WaitFlag<HardEvent::V_MTE2>(int(buffer));
    rows::load(narrow(in_[buffer]), x_[uint64_t(row) * width_], width_);
    SetFlag<HardEvent::MTE2_V>(int(buffer));
  }

  __aicore__ __force_inline__ void normalise(uint32_t row, uint32_t buffer) {
    const int32_t n = int32_t(width_);
    const LocalTensor<float> value = rows::kWide<T> ? wide(in_[buffer]) : wide(value_), result = wide(value_), work = wide(work_);
    const LocalTensor<float> factor(TPosition::VECCALC, factor_, 8), spread(TPosition::VECCALC, factor_ + 32, 64);
    WaitFlag<HardEvent::MTE2_V>(int(buffer));
    if constexpr (!rows::kWide<T>) {
      Cast(value, narrow(in_[buffer]), RoundMode::CAST_NONE, width_);
      SetFlag<HardEvent::V_MTE2>(int(buffer));
      PipeBarrier<PIPE_V>();
    }
    ReduceMax(factor, value, work, n);
    PipeBarrier<PIPE_V>();
    Brcb(spread, factor, 1, BrcbRepeatParams(1, 8));
    PipeBarrier<PIPE_V>();
    by_row([&](auto at, auto lanes, auto repeats, const BinaryRepeatParams& same) { Sub(result[at], value[at], spread, lanes, repeats, same); });
    if constexpr (rows::kWide<T>) SetFlag<HardEvent::V_MTE2>(int(buffer));
    PipeBarrier<PIPE_V>();
    Exp(result, result, n);
    PipeBarrier<PIPE_V>();
    ReduceSum(factor, result, work, n);
    PipeBarrier<PIPE_V>();
    Brcb(spread, factor, 1, BrcbRepeatParams(1, 8));
    PipeBarrier<PIPE_V>();
    WaitFlag<HardEvent::MTE3_V>(int(buffer));
    const LocalTensor<float> quotient = rows::kWide<T> ? wide(out_[buffer]) : result;
    by_row([&](auto at, auto lanes, auto repeats, const BinaryRepeatParams& same) { Div(quotient[at], result[at], spread, lanes, repeats, same); });
    if constexpr (!rows::kWide<T>) {
      PipeBarrier<PIPE_V>();
      Cast(narrow(out_[buffer]), quotient, RoundMode::CAST_RINT, width_);
    }
    SetFlag<HardEvent::V_MTE3>(int(buffer));
    WaitFlag<HardEvent::V_MTE3>(int(buffer));
    rows::store(y_[uint64_t(row) * width_], narrow(out_[buffer]), width_);
    SetFlag<HardEvent::MTE3_V>(int(buffer));
  }

  // Full repeats, then the masked tail; src1 is one block, with strides 0.
  template <typename Operation>
  __aicore__ __force_inline__ void by_row(Operation operation) {
    const BinaryRepeatParams same(1, 1, 0, 8, 8, 0);
    const uint32_t repeats = width_ / 64, at = repeats * 64;
    if (repeats) operation(0u, uint64_t(64), uint8_t(repeats), same);
    if (at < width_) operation(at, uint64_t(width_ - at), uint8_t(1), same);
    ResetMask();
  }

  GlobalTensor<T> x_, y_;
  uint32_t rows_, width_;
  uint32_t in_[2], out_[2], value_, work_, factor_;
};

template <typename T>
__aicore__ __force_inline__ void softmax(GM_ADDR x, GM_ADDR y, uint32_t rows, uint32_t width) {
  if ASCEND_IS_AIV {
    Softmax<T> kernel(x, y, rows, width);
    kernel.run();
  }
}

}  // namespace

extern "C" __global__ __aicore__ void softmax_bf16(GM_ADDR x, GM_ADDR y, uint32_t rows, uint32_t width) { softmax<bfloat16_t>(x, y, rows, width); }
extern "C" __global__ __aicore__ void softmax_f16(GM_ADDR x, GM_ADDR y, uint32_t rows, uint32_t width) { softmax<half>(x, y, rows, width); }
extern "C" __global__ __aicore__ void softmax_f32(GM_ADDR x, GM_ADDR y, uint32_t rows, uint32_t width) { softmax<float>(x, y, rows, width); }
