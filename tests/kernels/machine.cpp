// Kernels for the tests of the machine as a whole: streams, waves of blocks, cross-core flags, control flow on data.
#include "kernel_operator.h"

using namespace AscendC;

namespace {

constexpr uint32_t kTile = 8192;  // floats

__aicore__ inline GlobalTensor<float> floats(GM_ADDR address) {
  GlobalTensor<float> tensor;
  tensor.SetGlobalBuffer((__gm__ float*)address);
  return tensor;
}
__aicore__ inline __gm__ volatile uint32_t* words(GM_ADDR address) { return reinterpret_cast<__gm__ volatile uint32_t*>(address); }

}  // namespace

// Each core reads its own `tiles` tiles of x, double-buffered, and computes nothing: bound by the way from memory.
extern "C" __global__ __aicore__ void reads(GM_ADDR x, uint32_t tiles) {
  GlobalTensor<float> from = floats(x);
  const uint64_t first = uint64_t(GetBlockIdx()) * tiles;
  for (uint32_t i = 0; i < tiles; ++i) DataCopy(LocalTensor<float>(TPosition::VECIN, (i & 1) * kTile * 4, kTile), from[(first + i) * kTile], kTile);
  PipeBarrier<PIPE_ALL>();
}

// `rounds` additions of 64 lanes x `repeats`: bound by V.
extern "C" __global__ __aicore__ void adds(GM_ADDR, uint32_t rounds) {
  const LocalTensor<float> a(TPosition::VECCALC, 0, 16384), b(TPosition::VECCALC, 65536, 16384);
  for (uint32_t i = 0; i < rounds; ++i) Add(b, a, a, 16384);
  PipeBarrier<PIPE_ALL>();
}

// y = 2 x in place of 4096 floats for each block, fully synchronised with flags and double buffers.
extern "C" __global__ __aicore__ void doubles(GM_ADDR x, uint32_t tiles) {
  GlobalTensor<float> data = floats(x);
  for (int id = 0; id < 2; ++id) SetFlag<HardEvent::MTE3_MTE2>(id);
  for (uint32_t i = 0; i < tiles; ++i) {
    const int id = static_cast<int>(i & 1);
    const GlobalTensor<float> part = data[(uint64_t(GetBlockIdx()) * tiles + i) * 2048];
    const LocalTensor<float> tile(TPosition::VECIN, static_cast<uint32_t>(id) * 8192, 2048);
    WaitFlag<HardEvent::MTE3_MTE2>(id);
    DataCopy(tile, part, 2048);
    SetFlag<HardEvent::MTE2_V>(id);
    WaitFlag<HardEvent::MTE2_V>(id);
    Add(tile, tile, tile, 2048);
    SetFlag<HardEvent::V_MTE3>(id);
    WaitFlag<HardEvent::V_MTE3>(id);
    DataCopy(part, tile, 2048);
    SetFlag<HardEvent::MTE3_MTE2>(id);
  }
  for (int id = 0; id < 2; ++id) WaitFlag<HardEvent::MTE3_MTE2>(id);
}

// As `doubles` for one tile, without flags at the start and without a barrier at the end: only the end of the block before
// orders it behind that block's operations.
extern "C" __global__ __aicore__ void doubles_a_tile(GM_ADDR x) {
  GlobalTensor<float> data = floats(x);
  const LocalTensor<float> tile(TPosition::VECIN, 0, 2048);
  DataCopy(tile, data[uint64_t(GetBlockIdx()) * 2048], 2048);
  SetFlag<HardEvent::MTE2_V>(0);
  WaitFlag<HardEvent::MTE2_V>(0);
  Add(tile, tile, tile, 2048);
  SetFlag<HardEvent::V_MTE3>(0);
  WaitFlag<HardEvent::V_MTE3>(0);
  DataCopy(data[uint64_t(GetBlockIdx()) * 2048], tile, 2048);
}

// Doubles 64 floats in place in rounds until the first is at least `limit`; word[0] of counts is incremented by S before the
// first look at the data, word[1] gets the rounds.
extern "C" __global__ __aicore__ void doubles_until(GM_ADDR x, GM_ADDR counts, float limit) {
  GlobalTensor<float> data = floats(x);
  const LocalTensor<float> tile(TPosition::VECIN, 0, 64);
  words(counts)[0] = words(counts)[0] + 1;
  uint32_t rounds = 0;
  for (;; ++rounds) {
    DataCopy(tile, data, 64);
    SetFlag<HardEvent::MTE2_V>(0);
    WaitFlag<HardEvent::MTE2_V>(0);
    Add(tile, tile, tile, 64);
    SetFlag<HardEvent::V_MTE3>(0);
    WaitFlag<HardEvent::V_MTE3>(0);
    DataCopy(data, tile, 64);
    PipeBarrier<PIPE_ALL>();
    dcci((const void*)x, 1);
    if (data.GetValue(0) >= limit || rounds == 100) break;
  }
  words(counts)[1] = rounds + 1;
}

// S reads what V has just written, with no flag: right in automatic sync only. out[i] = 3 i for 8 values a round.
extern "C" __global__ __aicore__ void scalar_reads_results(GM_ADDR out, uint32_t rounds) {
  const LocalTensor<float> a(TPosition::VECCALC, 0, 64);
  for (uint32_t i = 0; i < rounds; ++i) {
    Duplicate(a, float(3 * i), 64);
    reinterpret_cast<__gm__ volatile float*>(out)[i] = a.GetValue(i & 63);
  }
}

// Each block adds its index to its own word, so that a block that runs twice or never shows.
extern "C" __global__ __aicore__ void marks_blocks(GM_ADDR out) {
  const uint32_t i = static_cast<uint32_t>(GetBlockIdx());
  words(out)[i * 16] = words(out)[i * 16] + i + 1;
}

// Every vector core writes its word, all meet, every core adds up the words of all.
extern "C" __global__ __aicore__ void meets(GM_ADDR out, GM_ADDR sums) {
  const uint32_t me = static_cast<uint32_t>(GetBlockIdx()), all = static_cast<uint32_t>(GetBlockNum());
  words(out)[me * 16] = me + 1;
  SyncAll();
  uint32_t sum = 0;
  for (uint32_t i = 0; i < all; ++i) sum += words(out)[i * 16];
  words(sums)[me * 16] = sum;
}

// The same for all cores of a mix kernel: AIC g is core 3 g, its AIVs 3 g + 1 and 3 g + 2.
extern "C" __global__ __aicore__ void meets_mix(GM_ADDR out, GM_ADDR sums) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  const uint32_t all = 3 * static_cast<uint32_t>(GetBlockNum());
  const uint32_t me = 3 * static_cast<uint32_t>(get_block_idx()) + (g_coreType == AIV ? 1 + static_cast<uint32_t>(get_subblockid()) : 0);
  words(out)[me * 16] = me + 1;
  SyncAll<false>();
  uint32_t sum = 0;
  for (uint32_t i = 0; i < all; ++i) sum += words(out)[i * 16];
  words(sums)[me * 16] = sum;
}

namespace {

// AIC -> its AIVs -> AIC, `rounds` times: each side writes what it has seen of the other.
__aicore__ inline void ping_pong(GM_ADDR mail, uint32_t rounds, uint32_t aivs) {
  const uint32_t group = static_cast<uint32_t>(get_block_idx());
  __gm__ volatile uint32_t* box = words(mail) + group * 64;
  for (uint32_t i = 1; i <= rounds; ++i) {
    if ASCEND_IS_AIC {
      uint32_t sum = 0;
      for (uint32_t s = 0; s < aivs; ++s) sum += box[16 + 16 * s];
      box[0] = sum + i;
      CrossCoreSetFlag<2, PIPE_S>(3);
      CrossCoreWaitFlag(4);
    }
    if ASCEND_IS_AIV {
      CrossCoreWaitFlag(3);
      box[16 + 16 * static_cast<uint32_t>(get_subblockid())] = box[0] + static_cast<uint32_t>(get_subblockid());
      CrossCoreSetFlag<2, PIPE_S>(4);
    }
  }
}

}  // namespace

extern "C" __global__ __aicore__ void ping_pong_1_1(GM_ADDR mail, uint32_t rounds) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_1);
  ping_pong(mail, rounds, 1);
}
extern "C" __global__ __aicore__ void ping_pong_1_2(GM_ADDR mail, uint32_t rounds) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  ping_pong(mail, rounds, 2);
}

// Mode 1: the two AIVs of a group meet; each then reads the other's word.
extern "C" __global__ __aicore__ void swaps_in_group(GM_ADDR out, GM_ADDR seen) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  if ASCEND_IS_AIV {
    const uint32_t me = static_cast<uint32_t>(GetBlockIdx());
    // The second one is late: without the flag the first would read too early.
    if (me & 1)
      for (uint32_t i = 0; i < 500; ++i) words(seen)[me * 16] = i;
    words(out)[me * 16] = me + 100;
    CrossCoreSetFlag<1, PIPE_S>(5);
    CrossCoreWaitFlag(5);
    words(seen)[me * 16] = words(out)[(me ^ 1) * 16];
  }
}

// What a core knows of itself: 8 words for each core, in the order of meets_mix.
extern "C" __global__ __aicore__ void identity(GM_ADDR out) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  const uint32_t me = 3 * static_cast<uint32_t>(get_block_idx()) + (g_coreType == AIV ? 1 + static_cast<uint32_t>(get_subblockid()) : 0);
  __gm__ volatile uint32_t* mine = words(out) + me * 16;
  mine[0] = static_cast<uint32_t>(GetBlockIdx());
  mine[1] = static_cast<uint32_t>(GetBlockNum());
  mine[2] = static_cast<uint32_t>(GetSubBlockIdx());
  mine[3] = static_cast<uint32_t>(GetSubBlockNum());
  mine[4] = static_cast<uint32_t>(GetTaskRation());
  mine[5] = static_cast<uint32_t>(get_coreid());
}

// printf of every kind of value.
extern "C" __global__ __aicore__ void says(GM_ADDR, int32_t n) {
  AscendC::printf("n=%d u=%u x=%x f=%.2f s=%s c=%c %%\n", n, 7u, 255u, 1.5f, "text", 'z');
  AscendC::printf("second line");
}

// Rows 0 and 2 of a matrix of 2048 columns go to UB with one strided copy; y[0] = the last element of row 2.
extern "C" __global__ __aicore__ void sums_columns(GM_ADDR x, GM_ADDR y) {
  const LocalTensor<float> rows(TPosition::VECIN, 0, 4096);
  DataCopy(rows, floats(x), DataCopyParams(2, 256, 256, 0));
  PipeBarrier<PIPE_ALL>();
  words(y)[0] = rows.ReinterpretCast<uint32_t>().GetValue(4095);
}

// All vector cores meet and then add their row to the same 2048 floats of sum: values whose sum depends on the order.
extern "C" __global__ __aicore__ void adds_atomically(GM_ADDR sum) {
  const LocalTensor<float> row(TPosition::VECCALC, 0, 2048);
  const uint32_t me = static_cast<uint32_t>(GetBlockIdx());
  Duplicate(row, (me % 3 == 0 ? 1e8f : me % 3 == 1 ? -1e8f : 1.25f) + float(me), 2048);
  SetFlag<HardEvent::V_MTE3>(0);
  WaitFlag<HardEvent::V_MTE3>(0);
  SyncAll();
  SetAtomicAdd<float>();
  for (uint32_t i = 0; i < 8; ++i) DataCopy(floats(sum)[256 * i], row[256 * ((i + me) & 7)], 256);
  SetAtomicNone();
  PipeBarrier<PIPE_ALL>();
}
