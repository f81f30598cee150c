// to = from through UB, bytes of any kind: the copy that a vector core makes in one memory, between two dies, or with a peer.
//
//   GM --MTE2--> UB [tile 0 | tile 1 ...] --MTE3--> GM, each tile with its own events
//
// Blocks take tiles of `tile` bytes in turn, `rounds` times over all; buffers = 1: a tile is read when the one before is written.
// gm_read and gm_write do one half alone; what they leave out, UB keeps.
// Bytes: 2 x bytes x rounds (gm_read, gm_write: half).
#include "kernel_operator.h"

namespace {

using namespace AscendC;

constexpr uint32_t kMostBuffers = 4;

class TileCopy {
 public:
  __aicore__ __force_inline__ TileCopy(GM_ADDR from, GM_ADDR to, uint64_t bytes, uint32_t tile, uint32_t buffers)
      : bytes_(bytes), tile_(tile), buffers_(buffers < kMostBuffers ? buffers : kMostBuffers) {
    from_.SetGlobalBuffer((__gm__ uint8_t*)from);
    to_.SetGlobalBuffer((__gm__ uint8_t*)to);
  }

  template <bool reads, bool writes>
  __aicore__ __force_inline__ void run(uint32_t rounds) {
    for (uint32_t id = 0; id < buffers_; ++id) SetFlag<HardEvent::MTE3_MTE2>(int(id));
    for (uint32_t round = 0; round < rounds; ++round) pass<reads, writes>();
    for (uint32_t id = 0; id < buffers_; ++id) WaitFlag<HardEvent::MTE3_MTE2>(int(id));
  }

 private:
  template <bool reads, bool writes>
  __aicore__ __force_inline__ void pass() {
    const uint64_t stride = uint64_t(GetBlockNum()) * tile_;
    for (uint64_t at = uint64_t(GetBlockIdx()) * tile_; at < bytes_; at += stride) {
      const uint32_t n = uint32_t(bytes_ - at < tile_ ? bytes_ - at : tile_);
      const int id = int(buffer_);
      const LocalTensor<uint8_t> ub(TPosition::VECIN, buffer_ * tile_, tile_);
      WaitFlag<HardEvent::MTE3_MTE2>(id);
      if constexpr (reads) DataCopyPad(ub, from_[at], DataCopyExtParams(1, n, 0, 0), DataCopyPadExtParams<uint8_t>());
      SetFlag<HardEvent::MTE2_MTE3>(id);
      WaitFlag<HardEvent::MTE2_MTE3>(id);
      if constexpr (writes) DataCopyPad(to_[at], ub, DataCopyExtParams(1, n, 0, 0));
      SetFlag<HardEvent::MTE3_MTE2>(id);
      buffer_ = buffer_ + 1 == buffers_ ? 0 : buffer_ + 1;
    }
  }

  GlobalTensor<uint8_t> from_, to_;
  uint64_t bytes_;
  uint32_t tile_, buffers_, buffer_ = 0;
};

}  // namespace

extern "C" __global__ __aicore__ void gm_copy(GM_ADDR from, GM_ADDR to, uint64_t bytes, uint32_t tile, uint32_t buffers, uint32_t rounds) {
  if ASCEND_IS_AIV TileCopy(from, to, bytes, tile, buffers).run<true, true>(rounds);
}
extern "C" __global__ __aicore__ void gm_read(GM_ADDR from, GM_ADDR to, uint64_t bytes, uint32_t tile, uint32_t buffers, uint32_t rounds) {
  if ASCEND_IS_AIV TileCopy(from, to, bytes, tile, buffers).run<true, false>(rounds);
}
extern "C" __global__ __aicore__ void gm_write(GM_ADDR from, GM_ADDR to, uint64_t bytes, uint32_t tile, uint32_t buffers, uint32_t rounds) {
  if ASCEND_IS_AIV TileCopy(from, to, bytes, tile, buffers).run<false, true>(rounds);
}
