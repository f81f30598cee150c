// z = x + y in fp32, split evenly over the blocks: the plain Ascend C pipeline of copy in, compute, copy out.
#include "kernel_operator.h"

namespace {

constexpr uint32_t kTile = 1024;  // elements
constexpr uint32_t kBuffers = 2;

class Add {
 public:
  __aicore__ inline Add() {}

  __aicore__ inline void Init(GM_ADDR x, GM_ADDR y, GM_ADDR z, uint32_t total) {
    const uint32_t share = total / AscendC::GetBlockNum();
    const uint32_t offset = share * AscendC::GetBlockIdx();
    tiles_ = share / kTile;
    x_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(x) + offset, share);
    y_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(y) + offset, share);
    z_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(z) + offset, share);
    pipe_.InitBuffer(x_queue_, kBuffers, kTile * sizeof(float));
    pipe_.InitBuffer(y_queue_, kBuffers, kTile * sizeof(float));
    pipe_.InitBuffer(z_queue_, kBuffers, kTile * sizeof(float));
  }

  __aicore__ inline void Process() {
    for (uint32_t tile = 0; tile < tiles_; ++tile) {
      CopyIn(tile);
      Compute();
      CopyOut(tile);
    }
  }

 private:
  __aicore__ inline void CopyIn(uint32_t tile) {
    AscendC::LocalTensor<float> x = x_queue_.AllocTensor<float>();
    AscendC::LocalTensor<float> y = y_queue_.AllocTensor<float>();
    AscendC::DataCopy(x, x_[tile * kTile], kTile);
    AscendC::DataCopy(y, y_[tile * kTile], kTile);
    x_queue_.EnQue(x);
    y_queue_.EnQue(y);
  }

  __aicore__ inline void Compute() {
    AscendC::LocalTensor<float> x = x_queue_.DeQue<float>();
    AscendC::LocalTensor<float> y = y_queue_.DeQue<float>();
    AscendC::LocalTensor<float> z = z_queue_.AllocTensor<float>();
    AscendC::Add(z, x, y, kTile);
    z_queue_.EnQue(z);
    x_queue_.FreeTensor(x);
    y_queue_.FreeTensor(y);
  }

  __aicore__ inline void CopyOut(uint32_t tile) {
    AscendC::LocalTensor<float> z = z_queue_.DeQue<float>();
    AscendC::DataCopy(z_[tile * kTile], z, kTile);
    z_queue_.FreeTensor(z);
  }

  AscendC::TPipe pipe_;
  AscendC::TQue<AscendC::TPosition::VECIN, kBuffers> x_queue_, y_queue_;
  AscendC::TQue<AscendC::TPosition::VECOUT, kBuffers> z_queue_;
  AscendC::GlobalTensor<float> x_, y_, z_;
  uint32_t tiles_ = 0;
};

}  // namespace

extern "C" __global__ __aicore__ void add_custom(GM_ADDR x, GM_ADDR y, GM_ADDR z, uint32_t total) {
  Add op;
  op.Init(x, y, z, total);
  op.Process();
}
