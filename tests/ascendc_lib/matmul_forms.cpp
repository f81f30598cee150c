#include "matmul_forms.h"
FORM(f16_f32_nn, half, float, float, false, false)
FORM(f16_f32_nt, half, float, float, false, true)
FORM(f16_f32_tn, half, float, float, true, false)
FORM(f16_f32_tt, half, float, float, true, true)
FORM(f16_f16_nn, half, half, half, false, false)
FORM(bf16_f32_nt, bfloat16_t, float, float, false, true)
FORM(f32_f32_nn, float, float, float, false, false)
FORM(f32_f32_nt, float, float, float, false, true)
FORM(f32_f32_tn, float, float, float, true, false)
FORM(s8_s32_nn, int8_t, int32_t, int32_t, false, false)
FORM(s8_s32_nt, int8_t, int32_t, int32_t, false, true)
FORM(s8_s32_tn, int8_t, int32_t, int32_t, true, false)
FORM(f16_nz_a, half, float, float, false, false, CubeFormat::NZ)
FORM(f16_nz_b, half, float, float, false, false, CubeFormat::ND, CubeFormat::NZ)
FORM(f16_nz_c, half, half, float, false, false, CubeFormat::ND, CubeFormat::ND, CubeFormat::NZ)
FORM(f16_ub_c, half, float, float, false, false, CubeFormat::ND, CubeFormat::ND, CubeFormat::ND, TPosition::VECIN)
FORM(f16_ub_a, half, float, float, false, false, CubeFormat::ND, CubeFormat::ND, CubeFormat::ND, TPosition::GM, TPosition::VECOUT)

// Two objects of different types in one kernel: d = (a x b) in half, then c = d x b2.
extern "C" __global__ __aicore__ void chained(GM_ADDR a, GM_ADDR b, GM_ADDR b2, GM_ADDR d, GM_ADDR c, GM_ADDR tiling1, GM_ADDR tiling2) {
  TPipe pipe;
  using Half = MatmulType<TPosition::GM, CubeFormat::ND, half>;
  using Float = MatmulType<TPosition::GM, CubeFormat::ND, float>;
  Matmul<Half, Half, Half> first;
  Matmul<Half, Half, Float> second;
  TCubeTiling t1, t2;
  CopyTiling(&t1, tiling1);
  CopyTiling(&t2, tiling2);
  REGIST_MATMUL_OBJ(&pipe, GetSysWorkSpacePtr(), first, &t1, second, &t2);
  if (GetBlockIdx() >= 1) return;
  GlobalTensor<half> aGm, bGm, b2Gm, dGm;
  GlobalTensor<float> cGm;
  aGm.SetGlobalBuffer((__gm__ half*)a);
  bGm.SetGlobalBuffer((__gm__ half*)b);
  b2Gm.SetGlobalBuffer((__gm__ half*)b2);
  dGm.SetGlobalBuffer((__gm__ half*)d);
  cGm.SetGlobalBuffer((__gm__ float*)c);
  first.SetTensorA(aGm);
  first.SetTensorB(bGm);
  first.IterateAll(dGm);
  first.End();
  second.SetTensorA(dGm);
  second.SetTensorB(b2Gm);
  second.IterateAll(cGm);
  second.End();
}

// Only the vector cores below usedCoreNum register; the others return at once, before the object exists.
extern "C" __global__ __aicore__ void early_return(GM_ADDR a, GM_ADDR b, GM_ADDR bias, GM_ADDR c, GM_ADDR tilingGm, uint32_t mode) {
  TCubeTiling tiling;
  CopyTiling(&tiling, tilingGm);
  if (g_coreType == AIV && GetBlockIdx() >= tiling.usedCoreNum) return;
  TPipe pipe;
  Form<half, float, float, false, false> form;
  form.tiling = tiling;
  REGIST_MATMUL_OBJ(&pipe, GetSysWorkSpacePtr(), form.mm, &form.tiling);
  form.Process(a, b, bias, c, mode, &pipe);
}
