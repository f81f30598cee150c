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
class Softmax : public rows::RowKernel<T, Softmax<T>> {
  using Base = rows::RowKernel<T, Softmax<T>>;
  friend Base;

 public:
  __aicore__ __force_inline__ Softmax(GM_ADDR x, GM_ADDR y, uint32_t rows, uint32_t width) : Base(x, y, rows, width) {
    work_ = this->take(rows::aligned(width * 4)), power_ = this->take(rows::aligned(width * 4));
  }

 private:
  __aicore__ __force_inline__ void prepare() {}

  __aicore__ __force_inline__ void compute(uint32_t buffer) {
    const int32_t n = int32_t(this->width_);
    const LocalTensor<float> value = this->value(buffer), result = this->result(buffer), work = this->wide(work_), power = this->wide(power_);
    ReduceMax(this->factor(), value, work, n);
    PipeBarrier<PIPE_V>();
    this->spread_factor();
    this->by_row([&](auto at, auto lanes, auto repeats, const BinaryRepeatParams& same) { Sub(power[at], value[at], this->spread(), lanes, repeats, same); });
    PipeBarrier<PIPE_V>();
    Exp(power, power, n);
    PipeBarrier<PIPE_V>();
    Adds(work, power, 0.0f, n);  // the sum uses its operand up
    PipeBarrier<PIPE_V>();
    this->sum(work, this->width_);
    this->spread_factor();
    this->wait_for_output(buffer);
    this->by_row([&](auto at, auto lanes, auto repeats, const BinaryRepeatParams& same) { Div(result[at], power[at], this->spread(), lanes, repeats, same); });
    this->finish(buffer);
  }

  uint32_t work_, power_;
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
