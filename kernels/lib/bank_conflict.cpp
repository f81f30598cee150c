// The published bank conflict example (asc-devkit, best practices, bank_conflict_ub): `count` times the same fp32 Add of
// `repeats` repeats of 256 B, at given UB addresses, on one vector core. The strides of src0 may be given, so that it reads
// one block again and again (scenarios 7 and 8 of the example). Each Add waits for the one before: the published time of
// 64 repeats without conflicts, 88.4 cycles, is that of an instruction on its own.
// Operations: 64 x repeats x count.
#include "kernel_operator.h"

extern "C" __global__ __aicore__ void bank_conflict(uint32_t src0, uint32_t src1, uint32_t dst, uint32_t repeats, uint32_t count, uint32_t src0_block_stride,
                                                    uint32_t src0_repeat_stride) {
  using namespace AscendC;
  if ASCEND_IS_AIV {
    const uint32_t elements = repeats * 64;
    const LocalTensor<float> x(TPosition::VECIN, src0, elements), y(TPosition::VECIN, src1, elements), z(TPosition::VECOUT, dst, elements);
    const BinaryRepeatParams strides(1, uint8_t(src0_block_stride), 1, 8, uint8_t(src0_repeat_stride), 8);
    SetMaskNorm();
    SetVectorMask<float>(0, ~0ull);
    for (uint32_t i = 0; i < count; ++i) {
      Add<float, false>(z, x, y, uint64_t(64), uint8_t(repeats), strides);
      PipeBarrier<PIPE_V>();
    }
    ResetMask();
  }
}
