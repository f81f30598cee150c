// C [32, 32] float = A x B in half on the cube core alone, with queues at A1, A2, B1, B2, CO1.
#include "kernel_operator.h"

class KernelMmad {
 public:
  __aicore__ inline KernelMmad() {}
  __aicore__ inline void Init(GM_ADDR a, GM_ADDR b, GM_ADDR c) {
    aGM.SetGlobalBuffer((__gm__ half*)a);
    bGM.SetGlobalBuffer((__gm__ half*)b);
    cGM.SetGlobalBuffer((__gm__ float*)c);
    pipe.InitBuffer(inQueueA1, 1, m * k * sizeof(half));
    pipe.InitBuffer(inQueueA2, 1, m * k * sizeof(half));
    pipe.InitBuffer(inQueueB1, 1, k * n * sizeof(half));
    pipe.InitBuffer(inQueueB2, 1, k * n * sizeof(half));
    pipe.InitBuffer(outQueueCO1, 1, m * n * sizeof(float));
  }
  __aicore__ inline void Process() {
    CopyIn();
    SplitA();
    SplitB();
    Compute();
    CopyOut();
  }

 private:
  __aicore__ inline void CopyIn() {
    auto a1 = inQueueA1.AllocTensor<half>();
    auto b1 = inQueueB1.AllocTensor<half>();
    AscendC::Nd2NzParams p;
    p.ndNum = 1, p.nValue = m, p.dValue = k, p.srcNdMatrixStride = 0, p.srcDValue = k, p.dstNzC0Stride = m, p.dstNzNStride = 1, p.dstNzMatrixStride = 0;
    AscendC::DataCopy(a1, aGM, p);
    p.nValue = k, p.dValue = n, p.srcDValue = n, p.dstNzC0Stride = k;
    AscendC::DataCopy(b1, bGM, p);
    inQueueA1.EnQue(a1);
    inQueueB1.EnQue(b1);
  }
  __aicore__ inline void SplitA() {
    auto a1 = inQueueA1.DeQue<half>();
    auto a2 = inQueueA2.AllocTensor<half>();
    for (uint32_t i = 0; i < m / 16; ++i) {
      AscendC::LoadData2DParams p;
      p.repeatTimes = k / 16, p.srcStride = m / 16, p.dstGap = 0, p.ifTranspose = false;
      AscendC::LoadData(a2[i * 16 * k], a1[i * 256], p);
    }
    inQueueA2.EnQue<half>(a2);
    inQueueA1.FreeTensor(a1);
  }
  __aicore__ inline void SplitB() {
    auto b1 = inQueueB1.DeQue<half>();
    auto b2 = inQueueB2.AllocTensor<half>();
    for (uint32_t i = 0; i < k / 16; ++i) {
      AscendC::LoadData2DParams p;
      p.repeatTimes = n / 16, p.srcStride = k / 16, p.dstGap = 0, p.ifTranspose = true;
      AscendC::LoadData(b2[i * 16 * n], b1[i * 256], p);
    }
    inQueueB2.EnQue<half>(b2);
    inQueueB1.FreeTensor(b1);
  }
  __aicore__ inline void Compute() {
    auto a2 = inQueueA2.DeQue<half>();
    auto b2 = inQueueB2.DeQue<half>();
    auto c1 = outQueueCO1.AllocTensor<float>();
    AscendC::MmadParams p;
    p.m = m, p.n = n, p.k = k;
    AscendC::Mmad(c1, a2, b2, p);
    outQueueCO1.EnQue<float>(c1);
    inQueueA2.FreeTensor(a2);
    inQueueB2.FreeTensor(b2);
  }
  __aicore__ inline void CopyOut() {
    auto c1 = outQueueCO1.DeQue<float>();
    AscendC::FixpipeParamsV220 p;
    p.nSize = n, p.mSize = m, p.srcStride = m, p.dstStride = n, p.ndNum = 1, p.srcNdStride = 0, p.dstNdStride = 0;
    AscendC::Fixpipe(cGM, c1, p);
    outQueueCO1.FreeTensor(c1);
  }

  AscendC::TPipe pipe;
  AscendC::TQue<AscendC::TPosition::A1, 1> inQueueA1;
  AscendC::TQue<AscendC::TPosition::A2, 1> inQueueA2;
  AscendC::TQue<AscendC::TPosition::B1, 1> inQueueB1;
  AscendC::TQue<AscendC::TPosition::B2, 1> inQueueB2;
  AscendC::TQue<AscendC::TPosition::CO1, 1> outQueueCO1;
  AscendC::GlobalTensor<half> aGM, bGM;
  AscendC::GlobalTensor<float> cGM;
  uint16_t m = 32, n = 32, k = 32;
};

extern "C" __global__ __aicore__ void mmad_half(GM_ADDR a, GM_ADDR b, GM_ADDR c) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIC_ONLY);
  KernelMmad op;
  op.Init(a, b, c);
  op.Process();
}
