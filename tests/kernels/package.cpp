// Kernels that reach beyond their die: copies, scalar accesses, an exchange with a peer.
#include "kernel_operator.h"

using namespace AscendC;

namespace {

constexpr uint32_t kTile = 16384;  // floats: 64 KiB, three of them fill UB

__aicore__ inline GlobalTensor<float> floats(GM_ADDR address) {
  GlobalTensor<float> tensor;
  tensor.SetGlobalBuffer((__gm__ float*)address);
  return tensor;
}
__aicore__ inline __gm__ volatile uint32_t* words(GM_ADDR address) { return reinterpret_cast<__gm__ volatile uint32_t*>(address); }

__aicore__ inline void wait_for(__gm__ volatile uint32_t* flag, uint32_t value) {
  while (*flag != value) dcci((const void*)flag, 0);
}

}  // namespace

// to = from, `tiles` tiles for each block, double-buffered: bound by the slower of the two ways.
extern "C" __global__ __aicore__ void copies(GM_ADDR from, GM_ADDR to, uint32_t tiles) {
  GlobalTensor<float> source = floats(from), destination = floats(to);
  for (int id = 0; id < 2; ++id) SetFlag<HardEvent::MTE3_MTE2>(id);
  for (uint32_t i = 0; i < tiles; ++i) {
    const int id = static_cast<int>(i & 1);
    const uint64_t at = (uint64_t(GetBlockIdx()) * tiles + i) * kTile;
    const LocalTensor<float> tile(TPosition::VECIN, static_cast<uint32_t>(id) * kTile * 4, kTile);
    WaitFlag<HardEvent::MTE3_MTE2>(id);
    DataCopy(tile, source[at], kTile);
    SetFlag<HardEvent::MTE2_MTE3>(id);
    WaitFlag<HardEvent::MTE2_MTE3>(id);
    DataCopy(destination[at], tile, kTile);
    SetFlag<HardEvent::MTE3_MTE2>(id);
  }
  for (int id = 0; id < 2; ++id) WaitFlag<HardEvent::MTE3_MTE2>(id);
}

// Reads `tiles` tiles for each block and keeps none; the same with writes of whatever UB holds.
extern "C" __global__ __aicore__ void pulls(GM_ADDR from, uint32_t tiles) {
  for (uint32_t i = 0; i < tiles; ++i)
    DataCopy(LocalTensor<float>(TPosition::VECIN, (i & 1) * kTile * 4, kTile), floats(from)[(uint64_t(GetBlockIdx()) * tiles + i) * kTile], kTile);
  PipeBarrier<PIPE_ALL>();
}
extern "C" __global__ __aicore__ void pushes(GM_ADDR to, uint32_t tiles) {
  for (uint32_t i = 0; i < tiles; ++i)
    DataCopy(floats(to)[(uint64_t(GetBlockIdx()) * tiles + i) * kTile], LocalTensor<float>(TPosition::VECOUT, (i & 1) * kTile * 4, kTile), kTile);
  PipeBarrier<PIPE_ALL>();
}

// One transfer of 512 B.
extern "C" __global__ __aicore__ void pulls_a_line(GM_ADDR from) {
  DataCopy(LocalTensor<float>(TPosition::VECIN, 0, 128), floats(from), 128);
  PipeBarrier<PIPE_ALL>();
}
extern "C" __global__ __aicore__ void pushes_a_line(GM_ADDR to) {
  DataCopy(floats(to), LocalTensor<float>(TPosition::VECOUT, 0, 128), 128);
  PipeBarrier<PIPE_ALL>();
}

// Scalar: `count` dependent loads, a line of the data cache apart; the sum goes to out, by stores of its own.
extern "C" __global__ __aicore__ void loads(GM_ADDR from, GM_ADDR out, uint32_t count) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < count; ++i) sum += words(from)[i * 16 + (sum & 0)];
  words(out)[0] = sum;
}
extern "C" __global__ __aicore__ void stores(GM_ADDR to, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) words(to)[i] = i + 1;
}

// Two dies meet: each tells the other, then waits for the other's word.
extern "C" __global__ __aicore__ void meets(GM_ADDR mine, GM_ADDR theirs, uint32_t rounds) {
  for (uint32_t round = 1; round <= rounds; ++round) {
    words(theirs)[0] = round;
    wait_for(words(mine), round);
  }
}

// Dispatch and combine with one peer: a tile to its memory, a flag behind it, its answer awaited, and doubled.
extern "C" __global__ __aicore__ void exchange(GM_ADDR x, GM_ADDR peer, GM_ADDR answer, GM_ADDR flag, GM_ADDR y) {
  const LocalTensor<float> tile(TPosition::VECCALC, 0, kTile);
  DataCopy(tile, floats(x), kTile);
  SetFlag<HardEvent::MTE2_MTE3>(0);
  WaitFlag<HardEvent::MTE2_MTE3>(0);
  DataCopy(floats(peer)[16384], tile, kTile);
  PipeBarrier<PIPE_ALL>();
  words(peer)[0] = 1;
  wait_for(words(flag), 7);
  DataCopy(tile, floats(answer), kTile);
  SetFlag<HardEvent::MTE2_V>(0);
  WaitFlag<HardEvent::MTE2_V>(0);
  Add(tile, tile, tile, kTile);
  SetFlag<HardEvent::V_MTE3>(0);
  WaitFlag<HardEvent::V_MTE3>(0);
  DataCopy(floats(y), tile, kTile);
  PipeBarrier<PIPE_ALL>();
}
