// C = leaky_relu(A x B + bias) in the form of the public samples: a mix kernel; each vector core takes its part of C from the
// Matmul object tile by tile, applies the activation in UB and writes rows out with strides.
#include "kernel_operator.h"
#include "lib/matmul_intf.h"

using namespace matmul;

__aicore__ inline uint32_t Ceiling(uint32_t a, uint32_t b) { return (a + b - 1) / b; }

__aicore__ inline void CopyTiling(TCubeTiling* tiling, GM_ADDR tilingGM) {
  uint32_t* ptr = reinterpret_cast<uint32_t*>(tiling);
  auto tiling32 = reinterpret_cast<__gm__ uint32_t*>(tilingGM);
  for (uint32_t i = 0; i < sizeof(TCubeTiling) / sizeof(uint32_t); i++, ptr++) *ptr = *(tiling32 + i);
}

template <typename aType, typename bType, typename cType, typename biasType>
class MatmulLeakyKernel {
 public:
  __aicore__ inline MatmulLeakyKernel() {}
  __aicore__ inline void Init(GM_ADDR a, GM_ADDR b, GM_ADDR bias, GM_ADDR c, GM_ADDR workspace, const TCubeTiling& tiling, AscendC::TPipe* pipe) {
    this->tiling = tiling;
    aGlobal.SetGlobalBuffer(reinterpret_cast<__gm__ aType*>(a), tiling.M * tiling.Ka);
    bGlobal.SetGlobalBuffer(reinterpret_cast<__gm__ bType*>(b), tiling.Kb * tiling.N);
    cGlobal.SetGlobalBuffer(reinterpret_cast<__gm__ cType*>(c), tiling.M * tiling.N);
    biasGlobal.SetGlobalBuffer(reinterpret_cast<__gm__ biasType*>(bias), tiling.N);
    const uint32_t rows = Ceiling(tiling.M, tiling.singleCoreM), row = AscendC::GetBlockIdx() % rows, column = AscendC::GetBlockIdx() / rows;
    aGlobal = aGlobal[row * tiling.Ka * tiling.singleCoreM];
    bGlobal = bGlobal[column * tiling.singleCoreN];
    cGlobal = cGlobal[row * tiling.N * tiling.singleCoreM + column * tiling.singleCoreN];
    biasGlobal = biasGlobal[column * tiling.singleCoreN];
    pipe->InitBuffer(reluOutQueue_, 1, tiling.baseM * tiling.baseN * sizeof(cType));
  }
  __aicore__ inline void Process(float slope) {
    uint32_t round = 0;
    matmulObj.SetTensorA(aGlobal);
    matmulObj.SetTensorB(bGlobal);
    matmulObj.SetBias(biasGlobal);
    while (matmulObj.template Iterate<true>()) {
      reluOutLocal = reluOutQueue_.AllocTensor<cType>();
      matmulObj.template GetTensorC<true>(reluOutLocal, false, true);
      LeakyRelu(reluOutLocal, reluOutLocal, (cType)slope, tiling.baseM * tiling.baseN);
      reluOutQueue_.EnQue(reluOutLocal);
      CopyOut(round++);
    }
    matmulObj.End();
  }
  __aicore__ inline void CopyOut(uint32_t count) {
    reluOutQueue_.DeQue<cType>();
    const uint32_t roundM = tiling.singleCoreM / tiling.baseM, roundN = tiling.singleCoreN / tiling.baseN;
    const uint32_t row = tiling.iterateOrder ? count / roundN : count % roundM, column = tiling.iterateOrder ? count % roundN : count / roundM;
    AscendC::DataCopyParams copyParam = {(uint16_t)tiling.baseM, (uint16_t)(tiling.baseN * sizeof(cType) / 32), 0,
                                         (uint16_t)((tiling.N - tiling.baseN) * sizeof(cType) / 32)};
    DataCopy(cGlobal[row * tiling.baseM * tiling.N + column * tiling.baseN], reluOutLocal, copyParam);
    reluOutQueue_.FreeTensor(reluOutLocal);
  }

  Matmul<MatmulType<AscendC::TPosition::GM, CubeFormat::ND, aType>, MatmulType<AscendC::TPosition::GM, CubeFormat::ND, bType>,
         MatmulType<AscendC::TPosition::VECIN, CubeFormat::ND, cType>, MatmulType<AscendC::TPosition::GM, CubeFormat::ND, biasType>>
      matmulObj;
  AscendC::GlobalTensor<aType> aGlobal;
  AscendC::GlobalTensor<bType> bGlobal;
  AscendC::GlobalTensor<cType> cGlobal;
  AscendC::GlobalTensor<biasType> biasGlobal;
  AscendC::LocalTensor<cType> reluOutLocal;
  TCubeTiling tiling;
  AscendC::TQue<AscendC::TPosition::VECOUT, 1> reluOutQueue_;
};

extern "C" __global__ __aicore__ void matmul_leakyrelu_custom(GM_ADDR a, GM_ADDR b, GM_ADDR bias, GM_ADDR c, GM_ADDR workspace, GM_ADDR tilingGm) {
  AscendC::TPipe pipe;
  TCubeTiling tiling;
  CopyTiling(&tiling, tilingGm);
  MatmulLeakyKernel<half, half, float, float> kernel;
  kernel.Init(a, b, bias, c, workspace, tiling, &pipe);
  REGIST_MATMUL_OBJ(&pipe, GetSysWorkSpacePtr(), kernel.matmulObj, &kernel.tiling);
  kernel.Process(0.001f);
}

#ifndef ASCENDC_CPU_DEBUG
// The host's way in: called by main.cpp.
void matmul_leakyrelu_custom_do(uint32_t blockDim, void* stream, uint8_t* a, uint8_t* b, uint8_t* bias, uint8_t* c, uint8_t* workspace, uint8_t* tiling) {
  matmul_leakyrelu_custom<<<blockDim, nullptr, stream>>>(a, b, bias, c, workspace, tiling);
}
#endif
