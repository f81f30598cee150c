// Kernel, launch and host program in one file.
#include <cstdint>
#include <cstdio>
#include <vector>

#include "acl/acl.h"
#include "kernel_operator.h"

constexpr uint32_t TILE = 1024;

class KernelAdd {
 public:
  __aicore__ inline void Init(GM_ADDR x, GM_ADDR y, GM_ADDR z, uint32_t length) {
    const uint32_t part = length / AscendC::GetBlockNum(), first = part * AscendC::GetBlockIdx();
    xGm.SetGlobalBuffer((__gm__ float*)x + first, part);
    yGm.SetGlobalBuffer((__gm__ float*)y + first, part);
    zGm.SetGlobalBuffer((__gm__ float*)z + first, part);
    tiles = part / TILE;
    pipe.InitBuffer(xQueue, 2, TILE * sizeof(float));
    pipe.InitBuffer(yQueue, 2, TILE * sizeof(float));
    pipe.InitBuffer(zQueue, 2, TILE * sizeof(float));
  }
  __aicore__ inline void Process() {
    for (uint32_t i = 0; i < tiles; ++i) {
      auto x = xQueue.AllocTensor<float>(), y = yQueue.AllocTensor<float>();
      AscendC::DataCopy(x, xGm[i * TILE], TILE);
      AscendC::DataCopy(y, yGm[i * TILE], TILE);
      xQueue.EnQue(x);
      yQueue.EnQue(y);
      x = xQueue.DeQue<float>();
      y = yQueue.DeQue<float>();
      auto z = zQueue.AllocTensor<float>();
      AscendC::Add(z, x, y, TILE);
      zQueue.EnQue(z);
      xQueue.FreeTensor(x);
      yQueue.FreeTensor(y);
      z = zQueue.DeQue<float>();
      AscendC::DataCopy(zGm[i * TILE], z, TILE);
      zQueue.FreeTensor(z);
    }
  }

 private:
  AscendC::TPipe pipe;
  AscendC::TQue<AscendC::TPosition::VECIN, 2> xQueue, yQueue;
  AscendC::TQue<AscendC::TPosition::VECOUT, 2> zQueue;
  AscendC::GlobalTensor<float> xGm, yGm, zGm;
  uint32_t tiles = 0;
};

__global__ __aicore__ void add_single(GM_ADDR x, GM_ADDR y, GM_ADDR z, uint32_t length) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  KernelAdd op;
  op.Init(x, y, z, length);
  op.Process();
}

std::vector<float> Run(const std::vector<float>& x, const std::vector<float>& y) {
  const size_t bytes = x.size() * sizeof(float);
  aclrtStream stream = nullptr;
  aclrtCreateStream(&stream);
  uint8_t *xDevice, *yDevice, *zDevice;
  aclrtMalloc((void**)&xDevice, bytes, ACL_MEM_MALLOC_HUGE_FIRST);
  aclrtMalloc((void**)&yDevice, bytes, ACL_MEM_MALLOC_HUGE_FIRST);
  aclrtMalloc((void**)&zDevice, bytes, ACL_MEM_MALLOC_HUGE_FIRST);
  aclrtMemcpy(xDevice, bytes, x.data(), bytes, ACL_MEMCPY_HOST_TO_DEVICE);
  aclrtMemcpy(yDevice, bytes, y.data(), bytes, ACL_MEMCPY_HOST_TO_DEVICE);
  const uint32_t blocks = 8;
  add_single<<<blocks, nullptr, stream>>>(xDevice, yDevice, zDevice, static_cast<uint32_t>(x.size()));
  aclrtSynchronizeStream(stream);
  std::vector<float> z(x.size());
  aclrtMemcpy(z.data(), bytes, zDevice, bytes, ACL_MEMCPY_DEVICE_TO_HOST);
  aclrtFree(xDevice);
  aclrtFree(yDevice);
  aclrtFree(zDevice);
  aclrtDestroyStream(stream);
  return z;
}

int main() {
  aclInit(nullptr);
  aclrtSetDevice(0);
  std::vector<float> x(8 * 2 * TILE), y(x.size());
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i), y[i] = 0.5f * static_cast<float>(i);
  const std::vector<float> z = Run(x, y);
  int wrong = 0;
  for (size_t i = 0; i < z.size(); ++i) wrong += z[i] != x[i] + y[i];
  std::printf("%d of %zu elements wrong\n", wrong, z.size());
  aclrtResetDevice(0);
  aclFinalize();
  return wrong != 0;
}
