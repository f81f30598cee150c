// Quantised GEMM as a mix kernel: C[m, n] (bf16) = (A[m, k] (int8) x B[k, n] (int8)) * scale[n] (fp32), any m, n, k >= 1
// (k, n <= 65535), all row-major. The chip has no int32 -> bf16 conversion behind the cube: the cube cores leave int32
// tiles in global memory, the two vector cores of the group convert and scale them while the next tile is computed.
//
//   AIC: tile t ─FIX─> workspace slot t % 4 ──flag kReady──> AIV 0: upper rows   int32 -> fp32 -> * scale -> bf16 -> C
//        wait kFree (t >= 4) <──flag kFree── both AIV        AIV 1: lower rows
//
// Arguments: a b scale c workspace m n k. Block dimension: core groups. workspace: block_dim x 4 x 128 KiB, any content.
// Operations: 2 m n k. Bytes: m k + k n + 4 n + 2 m n, and 8 m n through the workspace, which stays in L2.
// gemm_s8_nt is the same with B stored as [n, k].
#include "gemm.h"

namespace quantised {

using namespace AscendC;
using gemm::Tile;

constexpr uint32_t kSlots = 4;
constexpr uint32_t kPitch = gemm::kTileN;                 // elements of a row of a slot
constexpr uint32_t kSlotElements = gemm::kTileM * kPitch;
constexpr uint16_t kReady = 0, kFree = 1;                  // cross-core flags
constexpr uint32_t kRows = 16;                             // rows of a piece in UB

// Writes the int32 tile into a slot of this core's ring.
class StoreTile {
 public:
  __aicore__ __force_inline__ explicit StoreTile(GM_ADDR workspace) {
    ring_.SetGlobalBuffer((__gm__ int32_t*)workspace + uint64_t(GetBlockIdx()) * kSlots * kSlotElements);
  }
  __aicore__ __force_inline__ void store(const Tile& tile, uint32_t ordinal, const LocalTensor<int32_t>& l0c, uint32_t rows) {
    if (ordinal >= kSlots) CrossCoreWaitFlag(kFree);
    FixpipeParamsV220 p;
    p.nSize = uint16_t(tile.n), p.mSize = uint16_t(tile.m), p.srcStride = uint16_t(rows), p.dstStride = kPitch;
    p.unitFlag = 3;
    Fixpipe<int32_t, int32_t, CFG_ROW_MAJOR>(ring_[(ordinal % kSlots) * kSlotElements], l0c, p);
    CrossCoreSetFlag<2, PIPE_FIX>(kReady);
  }

 private:
  GlobalTensor<int32_t> ring_;
};

// The vector side. UB: two pieces of accumulators, two of results, two rows of scales.
class Dequantise {
 public:
  __aicore__ __force_inline__ Dequantise(GM_ADDR scale, GM_ADDR c, GM_ADDR workspace, uint32_t n) : n_(n) {
    scale_.SetGlobalBuffer((__gm__ float*)scale);
    c_.SetGlobalBuffer((__gm__ bfloat16_t*)c);
    ring_.SetGlobalBuffer((__gm__ int32_t*)workspace + uint64_t(get_block_idx()) * kSlots * kSlotElements);
  }

  template <typename Schedule>
  __aicore__ __force_inline__ void run(const Schedule& schedule) {
    for (int id = 0; id < 2; ++id) {
      SetFlag<HardEvent::V_MTE2>(id);
      SetFlag<HardEvent::MTE3_V>(id);
    }
    for (uint32_t i = 0; i < schedule.count(); ++i) {
      CrossCoreWaitFlag(kReady);
      const Tile tile = schedule.tile(i);
      const uint32_t half = (tile.m + 1) / 2, begin = GetSubBlockIdx() == 0 ? 0 : half, end = GetSubBlockIdx() == 0 ? half : tile.m;
      for (uint32_t row = begin; row < end; row += kRows) piece(tile, (i % kSlots) * kSlotElements, row, gemm::least(kRows, end - row), row == begin);
      // The slot is free once both vector cores have read their halves.
      CrossCoreSetFlag<2, PIPE_MTE2>(kFree);
    }
    for (int id = 0; id < 2; ++id) {
      WaitFlag<HardEvent::V_MTE2>(id);
      WaitFlag<HardEvent::MTE3_V>(id);
    }
  }

 private:
  __aicore__ __force_inline__ void piece(const Tile& tile, uint32_t slot, uint32_t row, uint32_t rows, bool first) {
    constexpr uint32_t kInBytes = kRows * kPitch * 4, kOutBytes = kRows * kPitch * 2, kOut = 2 * kInBytes, kScale = kOut + 2 * kOutBytes;
    const uint32_t buffer = buffer_;
    buffer_ ^= 1;
    const LocalTensor<int32_t> in(TPosition::VECIN, buffer * kInBytes, kRows * kPitch);
    const LocalTensor<float> real = in.ReinterpretCast<float>();
    const LocalTensor<bfloat16_t> out(TPosition::VECOUT, kOut + buffer * kOutBytes, kRows * kPitch);
    const uint32_t blocks = (tile.n + 7) / 8;  // 32 B blocks of a row that hold results

    WaitFlag<HardEvent::V_MTE2>(int(buffer));
    if (first) {
      scale_buffer_ ^= 1;
      DataCopyPad(LocalTensor<float>(TPosition::VECIN, kScale + scale_buffer_ * kPitch * 4, kPitch), scale_[tile.n0],
                  DataCopyExtParams(1, tile.n * 4, 0, 0, 0), DataCopyPadExtParams<float>());
    }
    DataCopy(in, ring_[slot + row * kPitch], DataCopyParams(uint16_t(rows), uint16_t(blocks), uint16_t(kPitch / 8 - blocks), uint16_t(kPitch / 8 - blocks)));
    SetFlag<HardEvent::MTE2_V>(int(buffer));
    WaitFlag<HardEvent::MTE2_V>(int(buffer));

    const LocalTensor<float> scale(TPosition::VECIN, kScale + scale_buffer_ * kPitch * 4, kPitch);
    Cast(real, in, RoundMode::CAST_RINT, rows * kPitch);
    PipeBarrier<PIPE_V>();
    set_lane_mask(64);
    for (uint32_t column = 0; column < tile.n; column += 64)
      Mul<float, false>(real[column], real[column], scale[column], uint64_t(64), uint8_t(rows), BinaryRepeatParams(1, 1, 1, kPitch / 8, kPitch / 8, 0));
    ResetMask();
    PipeBarrier<PIPE_V>();
    WaitFlag<HardEvent::MTE3_V>(int(buffer));
    Cast(out, real, RoundMode::CAST_RINT, rows * kPitch);
    SetFlag<HardEvent::V_MTE2>(int(buffer));
    SetFlag<HardEvent::V_MTE3>(int(buffer));
    WaitFlag<HardEvent::V_MTE3>(int(buffer));
    DataCopyPad(c_[uint64_t(tile.m0 + row) * n_ + tile.n0], out,
                DataCopyExtParams(rows, tile.n * 2, (kPitch * 2 - (tile.n * 2 + 31) / 32 * 32) / 32, (n_ - tile.n) * 2, 0));
    SetFlag<HardEvent::MTE3_V>(int(buffer));
  }

  GlobalTensor<float> scale_;
  GlobalTensor<bfloat16_t> c_;
  GlobalTensor<int32_t> ring_;
  uint32_t n_, buffer_ = 0, scale_buffer_ = 0;
};

template <bool transposed_b>
__aicore__ __force_inline__ void run(GM_ADDR a, GM_ADDR b, GM_ADDR scale, GM_ADDR c, GM_ADDR workspace, uint32_t m, uint32_t n, uint32_t k) {
  const gemm::Swizzled schedule(m, n, uint32_t(get_block_idx()), uint32_t(GetBlockNum()));
  if ASCEND_IS_AIC {
    StoreTile sink(workspace);
    gemm::Cube<int8_t, transposed_b, gemm::Swizzled, StoreTile> cube(a, b, n, k, schedule, sink);
    cube.run();
    // No counter outlives the kernel.
    for (uint32_t i = 0; i < gemm::least(schedule.count(), kSlots); ++i) CrossCoreWaitFlag(kFree);
  }
  if ASCEND_IS_AIV {
    Dequantise vector(scale, c, workspace, n);
    vector.run(schedule);
  }
}

}  // namespace quantised

extern "C" __global__ __aicore__ void gemm_s8(GM_ADDR a, GM_ADDR b, GM_ADDR scale, GM_ADDR c, GM_ADDR workspace, uint32_t m, uint32_t n, uint32_t k) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  quantised::run<false>(a, b, scale, c, workspace, m, n, k);
}
extern "C" __global__ __aicore__ void gemm_s8_nt(GM_ADDR a, GM_ADDR b, GM_ADDR scale, GM_ADDR c, GM_ADDR workspace, uint32_t m, uint32_t n, uint32_t k) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  quantised::run<true>(a, b, scale, c, workspace, m, n, k);
}
