// A tile of 128 x 128 fp32 out of L0C: in rows of 512 B, or in columns of fractals of 8 KiB. Its values do not matter.
#include "kernel_operator.h"

using namespace AscendC;

template <bool row_major>
__aicore__ __force_inline__ void store(GM_ADDR out) {
  if ASCEND_IS_AIC {
    constexpr uint32_t kSide = 128;
    GlobalTensor<float> to;
    to.SetGlobalBuffer((__gm__ float*)out);
    FixpipeParamsV220 p;
    p.nSize = kSide, p.mSize = kSide, p.srcStride = kSide, p.dstStride = row_major ? kSide : kSide * 64 / 32;
    const LocalTensor<float> c(TPosition::CO1, 0, kSide * kSide);
    if constexpr (row_major) Fixpipe<float, float, CFG_ROW_MAJOR>(to, c, p);
    else Fixpipe<float, float, CFG_NZ>(to, c, p);
  }
}

extern "C" __global__ __aicore__ void store_rows(GM_ADDR out) { store<true>(out); }
extern "C" __global__ __aicore__ void store_fractals(GM_ADDR out) { store<false>(out); }
