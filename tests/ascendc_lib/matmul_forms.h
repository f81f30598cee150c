// The Matmul object in its forms, for any shape: each core takes a part of C with tails, mode says how the tiles come out.
#include "kernel_operator.h"
#include "lib/matmul_intf.h"
using namespace AscendC;
using namespace matmul;

__aicore__ inline void CopyTiling(TCubeTiling* tiling, GM_ADDR from) {
  auto* to = (uint32_t*)tiling;
  for (uint32_t i = 0; i < sizeof(TCubeTiling) / 4; ++i) to[i] = ((__gm__ uint32_t*)from)[i];
}

template <typename T, typename C, typename Bias, bool transA, bool transB, CubeFormat formatA = CubeFormat::ND, CubeFormat formatB = CubeFormat::ND,
          CubeFormat formatC = CubeFormat::ND, TPosition positionC = TPosition::GM, TPosition positionA = TPosition::GM>
class Form {
 public:
  using Object = Matmul<MatmulType<positionA, formatA, T, transA>, MatmulType<TPosition::GM, formatB, T, transB>, MatmulType<positionC, formatC, C>,
                        MatmulType<TPosition::GM, CubeFormat::ND, Bias>, CFG_MDL>;
  Object mm;
  TCubeTiling tiling;

  __aicore__ inline void Process(GM_ADDR a, GM_ADDR b, GM_ADDR bias, GM_ADDR c, uint32_t mode, TPipe* pipe) {
    const int64_t rows = (tiling.M + tiling.singleCoreM - 1) / tiling.singleCoreM, core = GetBlockIdx();
    const int64_t m0 = core % rows * tiling.singleCoreM, n0 = core / rows * tiling.singleCoreN;
    if (n0 >= tiling.N) return;
    const int32_t m = tiling.M - m0 < tiling.singleCoreM ? tiling.M - m0 : tiling.singleCoreM;
    const int32_t n = tiling.N - n0 < tiling.singleCoreN ? tiling.N - n0 : tiling.singleCoreN;
    constexpr int64_t c0 = 32 / sizeof(T);
    const int64_t m16 = (tiling.M + 15) / 16 * 16, k16 = (tiling.Ka + 15) / 16 * 16;
    GlobalTensor<T> aGm, bGm;
    GlobalTensor<Bias> biasGm;
    GlobalTensor<C> cGm;
    aGm.SetGlobalBuffer((__gm__ T*)a + (formatA == CubeFormat::NZ ? m0 * c0 : transA ? m0 : m0 * tiling.Ka));
    bGm.SetGlobalBuffer((__gm__ T*)b + (formatB == CubeFormat::NZ ? n0 / c0 * k16 * c0 : transB ? n0 * tiling.Kb : n0));
    biasGm.SetGlobalBuffer((__gm__ Bias*)bias + n0);
    cGm.SetGlobalBuffer((__gm__ C*)c + (formatC == CubeFormat::NZ ? n0 * m16 + m0 * 16 : m0 * tiling.N + n0));
    mm.SetTail(m, n, tiling.singleCoreK);
    if constexpr (positionA == TPosition::GM) {
      mm.SetTensorA(aGm, transA);
    } else {
      TBuf<TPosition::VECCALC> room;
      pipe->InitBuffer(room, m * tiling.Ka * sizeof(T));
      LocalTensor<T> local = room.Get<T>();
      DataCopy(local, aGm, m * tiling.Ka);
      PipeBarrier<PIPE_ALL>();
      mm.SetTensorA(local, transA);
    }
    mm.SetTensorB(bGm, transB);
    if (tiling.isBias) mm.SetBias(biasGm);
    if constexpr (positionC == TPosition::GM) {
      if (mode == 0) {
        mm.IterateAll(cGm);
      } else if (mode == 1) {
        const int32_t tileRows = (m + tiling.baseM - 1) / tiling.baseM;
        while (mm.template Iterate<true>()) mm.template GetTensorC<true>(cGm);
      } else if (mode == 2) {
        mm.template IterateAll<false>(cGm, 0, false, true);
        mm.WaitIterateAll();
      } else {
        // Twice, the second time added to the first.
        mm.IterateAll(cGm);
        mm.End();
        mm.SetTensorB(bGm, transB);
        mm.IterateAll(cGm, 1);
      }
    } else {
      TQue<TPosition::VECOUT, 2> queue;
      pipe->InitBuffer(queue, 2, tiling.baseM * tiling.baseN * sizeof(C));
      const int32_t tileRows = (m + tiling.baseM - 1) / tiling.baseM, tiles = tileRows * ((n + tiling.baseN - 1) / tiling.baseN);
      if (mode == 4) mm.template Iterate<false>();
      for (int32_t i = 0; i < tiles; ++i) {
        LocalTensor<C> tile = queue.template AllocTensor<C>();
        if (mode == 4) {
          mm.template GetTensorC<false>(tile);
        } else {
          mm.template Iterate<true>();
          mm.template GetTensorC<true>(tile);
        }
        queue.EnQue(tile);
        tile = queue.template DeQue<C>();
        const int32_t row = i % tileRows * tiling.baseM, column = i / tileRows * tiling.baseN;
        const int32_t height = m - row < tiling.baseM ? m - row : tiling.baseM, width = n - column < tiling.baseN ? n - column : tiling.baseN;
        const uint32_t bytes = width * sizeof(C);
        DataCopyPad(cGm[(int64_t)row * tiling.N + column], tile,
                    DataCopyExtParams(height, bytes, (tiling.baseN * sizeof(C) - (bytes + 31) / 32 * 32) / 32, (tiling.N - width) * sizeof(C), 0));
        queue.FreeTensor(tile);
      }
    }
    mm.End();
  }
};

#define FORM(name, ...)                                                                                                                           \
  extern "C" __global__ __aicore__ void name(GM_ADDR a, GM_ADDR b, GM_ADDR bias, GM_ADDR c, GM_ADDR tilingGm, uint32_t mode) {                    \
    TPipe pipe;                                                                                                                                   \
    Form<__VA_ARGS__> form;                                                                                                                       \
    CopyTiling(&form.tiling, tilingGm);                                                                                                           \
    REGIST_MATMUL_OBJ(&pipe, GetSysWorkSpacePtr(), form.mm, &form.tiling);                                                                        \
    form.Process(a, b, bias, c, mode, &pipe);                                                                                                     \
  }
