// z = x + y in the form of the public samples: TPipe, two input queues, one output queue, double buffers. x, y, z: half, total
// elements a multiple of 128 x blocks.
#include "kernel_operator.h"
using namespace AscendC;
constexpr int BUFFER_NUM = 2;
class KernelAdd {
 public:
  __aicore__ inline KernelAdd() {}
  __aicore__ inline void Init(GM_ADDR x, GM_ADDR y, GM_ADDR z, uint32_t total) {
    blockLength = total / GetBlockNum();
    xGm.SetGlobalBuffer((__gm__ half*)x + blockLength * GetBlockIdx(), blockLength);
    yGm.SetGlobalBuffer((__gm__ half*)y + blockLength * GetBlockIdx(), blockLength);
    zGm.SetGlobalBuffer((__gm__ half*)z + blockLength * GetBlockIdx(), blockLength);
    pipe.InitBuffer(inQueueX, BUFFER_NUM, 128 * sizeof(half));
    pipe.InitBuffer(inQueueY, BUFFER_NUM, 128 * sizeof(half));
    pipe.InitBuffer(outQueueZ, BUFFER_NUM, 128 * sizeof(half));
  }
  __aicore__ inline void Process() {
    for (uint32_t i = 0; i < blockLength / 128; i++) { CopyIn(i); Compute(i); CopyOut(i); }
  }
 private:
  __aicore__ inline void CopyIn(int32_t p) {
    LocalTensor<half> x = inQueueX.AllocTensor<half>();
    LocalTensor<half> y = inQueueY.AllocTensor<half>();
    DataCopy(x, xGm[p * 128], 128);
    DataCopy(y, yGm[p * 128], 128);
    inQueueX.EnQue(x); inQueueY.EnQue(y);
  }
  __aicore__ inline void Compute(int32_t) {
    LocalTensor<half> x = inQueueX.DeQue<half>();
    LocalTensor<half> y = inQueueY.DeQue<half>();
    LocalTensor<half> z = outQueueZ.AllocTensor<half>();
    Add(z, x, y, 128);
    outQueueZ.EnQue<half>(z);
    inQueueX.FreeTensor(x); inQueueY.FreeTensor(y);
  }
  __aicore__ inline void CopyOut(int32_t p) {
    LocalTensor<half> z = outQueueZ.DeQue<half>();
    DataCopy(zGm[p * 128], z, 128);
    outQueueZ.FreeTensor(z);
  }
  TPipe pipe;
  TQue<QuePosition::VECIN, BUFFER_NUM> inQueueX, inQueueY;
  TQue<QuePosition::VECOUT, BUFFER_NUM> outQueueZ;
  GlobalTensor<half> xGm, yGm, zGm;
  uint32_t blockLength;
};
extern "C" __global__ __aicore__ void add_custom(GM_ADDR x, GM_ADDR y, GM_ADDR z, uint32_t total) {
  KernelAdd op;
  op.Init(x, y, z, total);
  op.Process();
}
