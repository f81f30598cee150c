// A first kernel: z = x + y in fp32 on the vector cores, double-buffered through queues. Any length; each block takes a share.
#include "kernel_operator.h"

using namespace AscendC;

class AddKernel {
 public:
  __aicore__ inline AddKernel(GM_ADDR x, GM_ADDR y, GM_ADDR z, uint32_t total) {
    const uint32_t share = (total + GetBlockNum() - 1) / GetBlockNum(), first = share * GetBlockIdx();
    length_ = first < total ? (total - first < share ? total - first : share) : 0;
    x_.SetGlobalBuffer((__gm__ float*)x + first, length_);
    y_.SetGlobalBuffer((__gm__ float*)y + first, length_);
    z_.SetGlobalBuffer((__gm__ float*)z + first, length_);
    pipe_.InitBuffer(in_x_, 2, kTile * sizeof(float));
    pipe_.InitBuffer(in_y_, 2, kTile * sizeof(float));
    pipe_.InitBuffer(out_, 2, kTile * sizeof(float));
  }

  __aicore__ inline void Process() {
    for (uint32_t at = 0; at < length_; at += kTile) {
      const uint32_t count = length_ - at < kTile ? length_ - at : kTile;
      CopyIn(at, count);
      Compute(count);
      CopyOut(at, count);
    }
  }

 private:
  static constexpr uint32_t kTile = 4096;

  __aicore__ inline void CopyIn(uint32_t at, uint32_t count) {
    LocalTensor<float> x = in_x_.AllocTensor<float>(), y = in_y_.AllocTensor<float>();
    const DataCopyExtParams row{1, uint32_t(count * sizeof(float)), 0, 0, 0};
    const DataCopyPadExtParams<float> pad{false, 0, 0, 0};
    DataCopyPad(x, x_[at], row, pad);
    DataCopyPad(y, y_[at], row, pad);
    in_x_.EnQue(x);
    in_y_.EnQue(y);
  }
  __aicore__ inline void Compute(uint32_t count) {
    LocalTensor<float> x = in_x_.DeQue<float>(), y = in_y_.DeQue<float>(), z = out_.AllocTensor<float>();
    Add(z, x, y, count);
    out_.EnQue(z);
    in_x_.FreeTensor(x);
    in_y_.FreeTensor(y);
  }
  __aicore__ inline void CopyOut(uint32_t at, uint32_t count) {
    LocalTensor<float> z = out_.DeQue<float>();
    DataCopyPad(z_[at], z, DataCopyExtParams{1, uint32_t(count * sizeof(float)), 0, 0, 0});
    out_.FreeTensor(z);
  }

  TPipe pipe_;
  TQue<TPosition::VECIN, 2> in_x_, in_y_;
  TQue<TPosition::VECOUT, 2> out_;
  GlobalTensor<float> x_, y_, z_;
  uint32_t length_ = 0;
};

extern "C" __global__ __aicore__ void add_custom(GM_ADDR x, GM_ADDR y, GM_ADDR z, uint32_t total) {
  AddKernel kernel(x, y, z, total);
  kernel.Process();
}
