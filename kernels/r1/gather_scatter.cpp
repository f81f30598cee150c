// All-gather and reduce-scatter among dies (prefill): blocks of `bytes` or of `elements` bf16, one for each die.
//
// all_gather: x (a block) -> y (dies blocks, by die). window, peers, peer_stride, rank, dies, epoch: dies.h; the other dies' y lies in their windows.
//   window: | flags | y |  (ours: the flags alone)        chunk by chunk: MTE2 x -> ring -> MTE3 to every die's y
// reduce_scatter: x bf16 (dies blocks) -> y bf16 (one block): the sum of all dies' block of our number, in fp32, in the order of the dies.
//   window: | flags | blocks bf16 [dies][elements] |
//   1 chunk by chunk: MTE2 x -> ring -> MTE3 to the window of the block's die; flags; all flags awaited
//   2 pieces of `width` elements, double-buffered:  MTE2: dies pieces -> UB [0 | 1]   V: fp32, add, bf16   MTE3: UB [0 | 1] -> y
// Block dimension: vector cores, any number. Bytes over the fabric, each way: (dies - 1) blocks. Operations: reduce_scatter dies x elements.
#include "dies.h"

namespace {

using namespace AscendC;
using namespace dies;

constexpr uint32_t kLine = 512, kChunk = 16 * 1024, kSlots = 8;

__aicore__ __force_inline__ uint64_t data_of(const Group& group, uint32_t die) {
  return group.window(die) + ((uint64_t(group.dies) * kFlagBytes + kLine - 1) & ~uint64_t(kLine - 1));
}

__aicore__ __force_inline__ uint32_t chunk_bytes(uint64_t bytes, uint32_t chunk) {
  const uint64_t left = bytes - uint64_t(chunk) * kChunk;
  return left < kChunk ? uint32_t(left) : kChunk;
}

__aicore__ __force_inline__ uint32_t chunks_of(uint64_t bytes) {
  const uint32_t chunks = uint32_t((bytes + kChunk - 1) / kChunk);
#ifdef BROKEN_LAST_CHUNK
  return chunks - 1;
#else
  return chunks;
#endif
}

__aicore__ __force_inline__ void gather(const Group& group, uint64_t x, uint64_t y, uint64_t bytes) {
  const Share share(chunks_of(bytes));
  Ring ring(0, kChunk, kSlots);
  for (uint32_t chunk = share.first; chunk < share.last; ++chunk) {
    const uint64_t at = uint64_t(chunk) * kChunk;
    const uint32_t n = chunk_bytes(bytes, chunk), slot = ring.take();
    fetch(slot, x + at, n);
    ring.filled(false);
    for (uint32_t die = 0; die < group.dies; ++die) put((die == group.rank ? y : data_of(group, die)) + group.rank * bytes + at, slot, n);
    ring.give();
  }
  ring.drain();
  raise_flags(group);
  await_flags(group);
}

class ReduceScatter {
 public:
  __aicore__ __force_inline__ ReduceScatter(const Group& group, uint64_t x, uint64_t y, uint64_t elements) : group_(group), x_(x), y_(y), elements_(elements) {
    width_ = kUbBytes / (group.dies * 4 + 12) & ~15u;  // a piece of each die twice, the result twice, two in fp32
    width_ = width_ < 4096 ? width_ : 4096;
    out_ = 2 * group.dies * width_ * 2, wide_ = out_ + 2 * width_ * 2;
  }

  __aicore__ __force_inline__ void run() {
    send();
    raise_flags(group_);
    await_flags(group_);
    const Share share(uint32_t((elements_ + width_ - 1) / width_));
    if (share.first >= share.last) return;
    for (int id = 0; id < 2; ++id) {
      SetFlag<HardEvent::V_MTE2>(id);
      SetFlag<HardEvent::MTE3_V>(id);
    }
    load(share.first, 0);
    for (uint32_t piece = share.first, buffer = 0; piece < share.last; ++piece, buffer ^= 1) {
      if (piece + 1 < share.last) load(piece + 1, buffer ^ 1);
      add(piece, buffer);
    }
    for (int id = 0; id < 2; ++id) {
      WaitFlag<HardEvent::V_MTE2>(id);
      WaitFlag<HardEvent::MTE3_V>(id);
    }
  }

 private:
  __aicore__ __force_inline__ void send() const {
    const uint64_t bytes = elements_ * 2;
    const uint32_t chunks = chunks_of(bytes);
    const Share share((group_.dies - 1) * chunks);
    Ring ring(0, kChunk, kSlots);
    // Chunk by chunk over the dies, so that no port of a receiver meets all senders at once.
    for (uint32_t unit = share.first; unit < share.last; ++unit) {
      const uint32_t chunk = unit / (group_.dies - 1), other = unit - chunk * (group_.dies - 1), die = (group_.rank + 1 + other) % group_.dies;
      const uint64_t at = uint64_t(chunk) * kChunk;
      const uint32_t n = chunk_bytes(bytes, chunk), slot = ring.take();
      fetch(slot, x_ + die * bytes + at, n);
      ring.filled(false);
      put(data_of(group_, die) + group_.rank * bytes + at, slot, n);
      ring.give();
    }
    ring.drain();
  }

  __aicore__ __force_inline__ uint32_t count(uint32_t piece) const {
    const uint64_t left = elements_ - uint64_t(piece) * width_;
    return left < width_ ? uint32_t(left) : width_;
  }
  __aicore__ __force_inline__ uint32_t in(uint32_t buffer, uint32_t die) const { return (buffer * group_.dies + die) * width_ * 2; }

  __aicore__ __force_inline__ void load(uint32_t piece, uint32_t buffer) const {
    WaitFlag<HardEvent::V_MTE2>(int(buffer));
    const uint64_t at = uint64_t(piece) * width_ * 2;
    for (uint32_t die = 0; die < group_.dies; ++die)
      fetch(in(buffer, die), (die == group_.rank ? x_ : data_of(group_, group_.rank)) + die * elements_ * 2 + at, count(piece) * 2);
    SetFlag<HardEvent::MTE2_V>(int(buffer));
  }

  __aicore__ __force_inline__ void add(uint32_t piece, uint32_t buffer) const {
    const int32_t n = int32_t(count(piece));
    const LocalTensor<float> total = local<float>(wide_, width_), wide = local<float>(wide_ + width_ * 4, width_);
    WaitFlag<HardEvent::MTE2_V>(int(buffer));
    Cast(total, local<bfloat16_t>(in(buffer, 0), width_), RoundMode::CAST_NONE, n);
    for (uint32_t die = 1; die < group_.dies; ++die) {
      Cast(wide, local<bfloat16_t>(in(buffer, die), width_), RoundMode::CAST_NONE, n);
      PipeBarrier<PIPE_V>();
      Add(total, total, wide, n);
      PipeBarrier<PIPE_V>();
    }
    SetFlag<HardEvent::V_MTE2>(int(buffer));
    WaitFlag<HardEvent::MTE3_V>(int(buffer));
    PipeBarrier<PIPE_V>();
    Cast(local<bfloat16_t>(out_ + buffer * width_ * 2, width_), total, RoundMode::CAST_RINT, n);
    SetFlag<HardEvent::V_MTE3>(int(buffer));
    WaitFlag<HardEvent::V_MTE3>(int(buffer));
    put(y_ + uint64_t(piece) * width_ * 2, out_ + buffer * width_ * 2, uint32_t(n) * 2);
    SetFlag<HardEvent::MTE3_V>(int(buffer));
  }

  Group group_;
  uint64_t x_, y_, elements_;
  uint32_t width_, out_, wide_;
};

}  // namespace

extern "C" __global__ __aicore__ void all_gather(GM_ADDR x, GM_ADDR window, GM_ADDR peers, uint64_t peer_stride, GM_ADDR y, uint32_t rank, uint32_t dies, uint32_t epoch,
                                                 uint64_t bytes) {
  if ASCEND_IS_AIV gather({uint64_t(window), uint64_t(peers), peer_stride, rank, dies, epoch}, uint64_t(x), uint64_t(y), bytes);
}
extern "C" __global__ __aicore__ void reduce_scatter(GM_ADDR x, GM_ADDR window, GM_ADDR peers, uint64_t peer_stride, GM_ADDR y, uint32_t rank, uint32_t dies, uint32_t epoch,
                                                     uint64_t elements) {
  if ASCEND_IS_AIV {
    ReduceScatter kernel({uint64_t(window), uint64_t(peers), peer_stride, rank, dies, epoch}, uint64_t(x), uint64_t(y), elements);
    kernel.run();
  }
}
