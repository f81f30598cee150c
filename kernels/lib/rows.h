// What the row kernels share: rows of any width, one at a time on a vector core, loaded as fp32 and stored in their own type.
//
//   MTE2: x -> UB [0 | 1]    V: Derived::compute    MTE3: UB [0 | 1] -> y      the next row loads while this one computes
#pragma once

#include "kernel_operator.h"

namespace rows {

using namespace AscendC;

template <typename T>
inline constexpr bool kWide = std::is_same_v<T, float>;

__aicore__ __force_inline__ uint32_t aligned(uint32_t bytes) { return (bytes + 31) & ~31u; }

// GM -> UB, n elements.
template <typename T>
__aicore__ __force_inline__ void load(const LocalTensor<T>& to, const GlobalTensor<T>& from, uint32_t n) {
  DataCopyPad(to, from, DataCopyExtParams(1, n * sizeof(T), 0, 0, 0), DataCopyPadExtParams<T>());
}
template <typename T>
__aicore__ __force_inline__ void store(const GlobalTensor<T>& to, const LocalTensor<T>& from, uint32_t n) {
  DataCopyPad(to, from, DataCopyExtParams(1, n * sizeof(T), 0, 0, 0));
}

// Derived: prepare() once; compute(buffer) reads value(buffer) and leaves the row in narrow(out_[buffer]), with every vector
// operation behind a barrier where it needs one. Core b takes rows b, b + cores, ...
template <typename T, typename Derived>
class RowKernel {
 public:
  __aicore__ __force_inline__ RowKernel(GM_ADDR x, GM_ADDR y, uint32_t rows, uint32_t width) : rows_(rows), width_(width) {
    x_.SetGlobalBuffer((__gm__ T*)x);
    y_.SetGlobalBuffer((__gm__ T*)y);
    for (uint32_t& in : in_) in = take(aligned(width * sizeof(T)));
    for (uint32_t& out : out_) out = take(aligned(width * sizeof(T)));
    value_ = take(kWide<T> ? 0 : aligned(width * 4));
    factor_ = take(288);
  }

  __aicore__ __force_inline__ void run() {
    const uint32_t core = uint32_t(GetBlockIdx()), cores = uint32_t(GetBlockNum());
    if (core >= rows_) return;
    derived().prepare();
    for (int id = 0; id < 2; ++id) {
      SetFlag<HardEvent::V_MTE2>(id);
      SetFlag<HardEvent::MTE3_V>(id);
    }
    uint32_t buffer = 0;
    load_row(core, buffer);
    for (uint32_t row = core; row < rows_; row += cores, buffer ^= 1) {
      if (row + cores < rows_) load_row(row + cores, buffer ^ 1);
      WaitFlag<HardEvent::MTE2_V>(int(buffer));
      if constexpr (!kWide<T>) {
        Cast(value(buffer), narrow(in_[buffer]), RoundMode::CAST_NONE, width_);
        SetFlag<HardEvent::V_MTE2>(int(buffer));
        PipeBarrier<PIPE_V>();
      }
      derived().compute(buffer);
      if constexpr (kWide<T>) SetFlag<HardEvent::V_MTE2>(int(buffer));
      SetFlag<HardEvent::V_MTE3>(int(buffer));
      WaitFlag<HardEvent::V_MTE3>(int(buffer));
      store(y_[uint64_t(row) * width_], narrow(out_[buffer]), width_);
      SetFlag<HardEvent::MTE3_V>(int(buffer));
    }
    for (int id = 0; id < 2; ++id) {
      WaitFlag<HardEvent::V_MTE2>(id);
      WaitFlag<HardEvent::MTE3_V>(id);
    }
  }

 protected:
  __aicore__ __force_inline__ uint32_t take(uint32_t bytes) { return used_ += bytes, used_ - bytes; }
  __aicore__ __force_inline__ LocalTensor<float> wide(uint32_t address) const { return {TPosition::VECCALC, address, width_}; }
  __aicore__ __force_inline__ LocalTensor<T> narrow(uint32_t address) const { return {TPosition::VECIN, address, width_}; }
  // The row in fp32.
  __aicore__ __force_inline__ LocalTensor<float> value(uint32_t buffer) const { return wide(kWide<T> ? in_[buffer] : value_); }
  // Where a result may be written in fp32: the output itself for fp32, otherwise over the value.
  __aicore__ __force_inline__ LocalTensor<float> result(uint32_t buffer) const { return wide(kWide<T> ? out_[buffer] : value_); }
  // One fp32 scalar of the row, and a block full of it.
  __aicore__ __force_inline__ LocalTensor<float> factor() const { return {TPosition::VECCALC, factor_, 8}; }
  __aicore__ __force_inline__ LocalTensor<float> spread() const { return {TPosition::VECCALC, factor_ + 32, 64}; }
  __aicore__ __force_inline__ void spread_factor() const {
    Brcb(spread(), factor(), 1, BrcbRepeatParams(1, 8));
    PipeBarrier<PIPE_V>();
  }
  // The output buffer is free again: its last row has left.
  __aicore__ __force_inline__ void wait_for_output(uint32_t buffer) const { WaitFlag<HardEvent::MTE3_V>(int(buffer)); }
  // The fp32 result to the output in its own type.
  __aicore__ __force_inline__ void finish(uint32_t buffer) const {
    if constexpr (kWide<T>) return;
    PipeBarrier<PIPE_V>();
    Cast(narrow(out_[buffer]), result(buffer), RoundMode::CAST_RINT, width_);
  }

  // Full repeats, then the masked tail; the third operand is the one block of spread(), with strides 0.
  template <typename Operation>
  __aicore__ __force_inline__ void by_row(Operation operation) const {
    const BinaryRepeatParams same(1, 1, 0, 8, 8, 0);
    const uint32_t repeats = width_ / 64, at = repeats * 64;
    if (repeats) operation(0u, uint64_t(64), uint8_t(repeats), same);
    if (at < width_) operation(at, uint64_t(width_ - at), uint8_t(1), same);
    ResetMask();
  }

  // factor()[0] = sum of n values at `from`, which is used up: block sums (a cycle a repeat) down to one repeat.
  __aicore__ __force_inline__ void sum(const LocalTensor<float>& from, uint32_t n) const {
    while (n > 64) {
      const uint32_t repeats = n / 64, tail = n % 64;
      BlockReduceSum(from, from, int32_t(repeats), 64, 1, 1, 8);
      if (tail) BlockReduceSum(from[repeats * 8], from[repeats * 64], 1, int32_t(tail), 1, 1, 8);
      PipeBarrier<PIPE_V>();
      n = (n + 7) / 8;
    }
    WholeReduceSum(factor(), from, int32_t(n), 1, 1, 1, 8);
    ResetMask();
    PipeBarrier<PIPE_V>();
  }

  GlobalTensor<T> x_, y_;
  uint32_t rows_, width_;
  uint32_t in_[2], out_[2], value_, factor_;

 private:
  __aicore__ __force_inline__ Derived& derived() { return static_cast<Derived&>(*this); }
  __aicore__ __force_inline__ void load_row(uint32_t row, uint32_t buffer) const {
    WaitFlag<HardEvent::V_MTE2>(int(buffer));
    load(narrow(in_[buffer]), x_[uint64_t(row) * width_], width_);
    SetFlag<HardEvent::MTE2_V>(int(buffer));
  }
  uint32_t used_ = 0;
};

}  // namespace rows
