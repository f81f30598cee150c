// float to blocks of 32 int8 with one half scale each: first all int8, then all scales. Shapes come through device memory.
#include "kernel_operator.h"

using namespace AscendC;

constexpr int kGroup = 32;

template <typename T>
__aicore__ inline void copy_to_ub(GM_ADDR from, T* to, size_t bytes) {
  auto* source = (__gm__ uint8_t*)from;
  auto* target = (uint8_t*)to;
  for (size_t i = 0; i < bytes; ++i) *target++ = *source++;
}

class Quantise {
 public:
  __aicore__ inline void init(GM_ADDR input, GM_ADDR output, int64_t* ne, size_t* nb, int64_t* out_ne) {
    const int64_t blocks = GetBlockNum(), me = GetBlockIdx();
    for (int i = 0; i < 4; ++i) ne_[i] = ne[i], stride_[i] = nb[i] / nb[0];
    const int64_t rows = ne[1] * ne[2] * ne[3];
    rows_here = rows / blocks, first_row = me * rows_here;
    if (me < rows % blocks) rows_here += 1, first_row += me;
    else first_row += rows % blocks;
    groups_a_row = ne[0] / kGroup;
    const int64_t values = out_ne[0] * out_ne[1] * out_ne[2] * out_ne[3];
    input_gm.SetGlobalBuffer((__gm__ float*)input);
    output_gm.SetGlobalBuffer((__gm__ int8_t*)output);
    scale_gm.SetGlobalBuffer((__gm__ half*)(output + values) + first_row * groups_a_row);
    pipe.InitBuffer(in_queue, 1, kGroup * sizeof(float));
    pipe.InitBuffer(out_queue, 1, kGroup * sizeof(int8_t));
    pipe.InitBuffer(work_queue, 1, 32);
    pipe.InitBuffer(max_queue, 1, 32);
    pipe.InitBuffer(abs_queue, 1, kGroup * sizeof(float));
    pipe.InitBuffer(cast_queue, 1, kGroup * sizeof(half));
    pipe.InitBuffer(scale_queue, 1, 32);
  }
  __aicore__ inline void calculate() {
    LocalTensor<half> scales = scale_queue.AllocTensor<half>();
    uint32_t filled = 0, written = 0;
    for (int64_t r = 0; r < rows_here; ++r)
      for (int64_t g = 0; g < groups_a_row; ++g) {
        scales.SetValue(filled++, one_group(first_row + r, g));
        if (filled == 16) {
          pipe_barrier(PIPE_ALL);
          DataCopy(scale_gm[written], scales, 16);
          pipe_barrier(PIPE_ALL);
          written += filled, filled = 0;
        }
      }
    if (filled) {
      pipe_barrier(PIPE_ALL);
      DataCopyExtParams params{1, static_cast<uint32_t>(filled * sizeof(half)), 0, 0, 0};
      DataCopyPad(scale_gm[written], scales, params);
      pipe_barrier(PIPE_ALL);
    }
    scale_queue.FreeTensor(scales);
  }

 private:
  __aicore__ inline half one_group(int64_t row, int64_t group) {
    const int64_t i3 = row / (ne_[1] * ne_[2]), i2 = row / ne_[1] % ne_[2], i1 = row % ne_[1];
    const int64_t at = i3 * stride_[3] + i2 * stride_[2] + i1 * stride_[1] + group * kGroup;
    {
      LocalTensor<float> in = in_queue.AllocTensor<float>();
      DataCopy(in, input_gm[at], kGroup);
      in_queue.EnQue(in);
    }
    LocalTensor<float> in = in_queue.DeQue<float>();
    LocalTensor<float> work = work_queue.AllocTensor<float>(), best = max_queue.AllocTensor<float>(), size = abs_queue.AllocTensor<float>();
    LocalTensor<half> narrow = cast_queue.AllocTensor<half>();
    LocalTensor<int8_t> out = out_queue.AllocTensor<int8_t>();
    Abs(size, in, kGroup);
    pipe_barrier(PIPE_V);
    ReduceMax(best, size, work, kGroup);
    pipe_barrier(PIPE_ALL);
    float d = best.GetValue(0) / 127;
    if (d != 0) Muls(in, in, 1.0f / d, kGroup);
    pipe_barrier(PIPE_V);
    Cast(in, in, RoundMode::CAST_ROUND, kGroup);
    pipe_barrier(PIPE_V);
    Cast(narrow, in, RoundMode::CAST_ROUND, kGroup);
    pipe_barrier(PIPE_V);
    Cast(out, narrow, RoundMode::CAST_ROUND, kGroup);
    out_queue.EnQue(out);
    {
      LocalTensor<int8_t> ready = out_queue.DeQue<int8_t>();
      DataCopy(output_gm[row * groups_a_row * kGroup + group * kGroup], ready, kGroup);
      out_queue.FreeTensor(ready);
    }
    work_queue.FreeTensor(work), max_queue.FreeTensor(best), abs_queue.FreeTensor(size), cast_queue.FreeTensor(narrow), in_queue.FreeTensor(in);
    return (half)d;
  }

  TPipe pipe;
  GlobalTensor<float> input_gm;
  GlobalTensor<int8_t> output_gm;
  GlobalTensor<half> scale_gm;
  TQue<QuePosition::VECIN, 1> in_queue;
  TQue<QuePosition::VECOUT, 1> out_queue, work_queue, max_queue, abs_queue, cast_queue, scale_queue;
  int64_t ne_[4], stride_[4], rows_here, first_row, groups_a_row;
};

extern "C" __global__ __aicore__ void quantise(GM_ADDR input, GM_ADDR output, GM_ADDR ne_gm, GM_ADDR nb_gm, GM_ADDR out_ne_gm) {
  int64_t ne[4], out_ne[4];
  size_t nb[4];
  copy_to_ub(ne_gm, ne, 32);
  copy_to_ub(nb_gm, nb, 32);
  copy_to_ub(out_ne_gm, out_ne, 32);
  Quantise op;
  op.init(input, output, ne, nb, out_ne);
  op.calculate();
}
