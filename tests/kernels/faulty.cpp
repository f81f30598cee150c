// Small kernels that each break one rule, for the fault tests. Vector kernels unless they say otherwise.
#include "kernel_operator.h"

using namespace AscendC;

// Copies 64 KiB from UB offset 160 KiB on: past the end of UB (out_of_bounds).
extern "C" __global__ __aicore__ void reads_outside_ub(GM_ADDR out) {
  GlobalTensor<float> to;
  to.SetGlobalBuffer((__gm__ float*)out);
  DataCopy(to, LocalTensor<float>(TPosition::VECOUT, 160 * 1024, 16384), 16384);
  PipeBarrier<PIPE_ALL>();
}

// A scalar load behind the end of UB (out_of_bounds).
extern "C" __global__ __aicore__ void loads_outside_ub(GM_ADDR out) {
  *(volatile uint32_t*)out = LocalTensor<uint32_t>(TPosition::VECCALC, 192 * 1024, 8).GetValue(1);
}

// y = x + x, 64 floats. MISSING leaves out the wait of V for the load: a hazard in strict sync, right in automatic sync.
template <bool missing>
__aicore__ inline void twice(GM_ADDR x, GM_ADDR y) {
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x);
  to.SetGlobalBuffer((__gm__ float*)y);
  LocalTensor<float> in(TPosition::VECIN, 0, 64), out(TPosition::VECOUT, 256, 64);
  DataCopy(in, from, 64);
  if constexpr (!missing) {
    SetFlag<HardEvent::MTE2_V>(EVENT_ID0);
    WaitFlag<HardEvent::MTE2_V>(EVENT_ID0);
  }
  Add(out, in, in, 64);
  SetFlag<HardEvent::V_MTE3>(EVENT_ID0);
  WaitFlag<HardEvent::V_MTE3>(EVENT_ID0);
  DataCopy(to, out, 64);
  PipeBarrier<PIPE_ALL>();
}
extern "C" __global__ __aicore__ void synchronised(GM_ADDR x, GM_ADDR y) { twice<false>(x, y); }
extern "C" __global__ __aicore__ void misses_wait_flag(GM_ADDR x, GM_ADDR y) { twice<true>(x, y); }

// V waits for a flag that MTE2 sets only after V has set another one (deadlock).
extern "C" __global__ __aicore__ void deadlocks(GM_ADDR x) {
  GlobalTensor<float> from;
  from.SetGlobalBuffer((__gm__ float*)x);
  LocalTensor<float> in(TPosition::VECIN, 0, 64);
  WaitFlag<HardEvent::MTE2_V>(EVENT_ID0);
  SetFlag<HardEvent::V_MTE2>(EVENT_ID1);
  WaitFlag<HardEvent::V_MTE2>(EVENT_ID1);
  DataCopy(in, from, 64);
  SetFlag<HardEvent::MTE2_V>(EVENT_ID0);
  Adds(in, in, 1.0f, 64);
  PipeBarrier<PIPE_ALL>();
}

// A word that no table row matches (illegal_instruction).
extern "C" __global__ __aicore__ void illegal_word(GM_ADDR) { asm volatile(".word 0xffffffff"); }

// A failed assert (trap).
extern "C" __global__ __aicore__ void fails_assert(GM_ADDR, uint32_t n) { ASCENDC_ASSERT(n == 0, {}); }

// No end (runaway).
extern "C" __global__ __aicore__ void runs_away(GM_ADDR out) {
  for (;;) *(volatile uint32_t*)out = 1;
}

// A flag set twice without a wait between (flag_misuse).
extern "C" __global__ __aicore__ void sets_flag_twice(GM_ADDR) {
  SetFlag<HardEvent::MTE2_V>(EVENT_ID3);
  SetFlag<HardEvent::MTE2_V>(EVENT_ID3);
  WaitFlag<HardEvent::MTE2_V>(EVENT_ID3);
  PipeBarrier<PIPE_ALL>();
}

// An address that breaks the alignment of UB (misaligned).
extern "C" __global__ __aicore__ void misaligned_ub(GM_ADDR x) {
  GlobalTensor<float> from;
  from.SetGlobalBuffer((__gm__ float*)x);
  DataCopy(LocalTensor<float>(TPosition::VECIN, 16, 64), from, 64);
  PipeBarrier<PIPE_ALL>();
}

// Control flow on computed data: repeats y = 2 x until the sum of y reaches a limit; y[0] = rounds. Timing-only cannot
// know the sum (needs_data); mode automatic reruns in full.
extern "C" __global__ __aicore__ void depends_on_data(GM_ADDR x, GM_ADDR y, float limit) {
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x);
  to.SetGlobalBuffer((__gm__ float*)y);
  LocalTensor<float> value(TPosition::VECIN, 0, 64), sum(TPosition::VECCALC, 256, 8), work(TPosition::VECCALC, 512, 64);
  DataCopy(value, from, 64);
  SetFlag<HardEvent::MTE2_V>(EVENT_ID0);
  WaitFlag<HardEvent::MTE2_V>(EVENT_ID0);
  float rounds = 0;
  for (;;) {
    ReduceSum(sum, value, work, 64);
    SetFlag<HardEvent::V_S>(EVENT_ID0);
    WaitFlag<HardEvent::V_S>(EVENT_ID0);
    if (sum.GetValue(0) >= limit || rounds >= 100) break;
    Muls(value, value, 2.0f, 64);
    PipeBarrier<PIPE_V>();
    rounds += 1;
  }
  sum.SetValue(0, rounds);
  SetFlag<HardEvent::S_MTE3>(EVENT_ID0);
  WaitFlag<HardEvent::S_MTE3>(EVENT_ID0);
  DataCopy(to, sum, 8);
  PipeBarrier<PIPE_ALL>();
}

// printf through the host hook.
extern "C" __global__ __aicore__ void prints(GM_ADDR, uint32_t n) { AscendC::printf("core %d of %d: n=%u half=%f\n", GetBlockIdx(), GetBlockNum(), n, n * 0.5f); }

// A cube kernel that reads past L0A: 16 fractals of K from an address near its end (out_of_bounds).
extern "C" __global__ __aicore__ void mmad_outside_l0a(GM_ADDR) {
  Mmad(LocalTensor<float>(TPosition::CO1, 0, 256), LocalTensor<half>(TPosition::A2, 64 * 1024 - 512, 256), LocalTensor<half>(TPosition::B2, 0, 4096),
       MmadParams(16, 16, 256, 0, false, true));
  PipeBarrier<PIPE_ALL>();
}

// The AIC sets a cross-core flag that its AIV never takes: the 16th set overflows the counter (flag_misuse).
extern "C" __global__ __aicore__ void overflows_counter(GM_ADDR) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_1);
  if ASCEND_IS_AIC {
    for (int i = 0; i < 16; ++i) CrossCoreSetFlag<2, PIPE_FIX>(6);
  }
}

// A mode that does not exist (flag_misuse).
extern "C" __global__ __aicore__ void wrong_mode(GM_ADDR) { CrossCoreSetFlag<3, PIPE_MTE3>(6); }

// The scalar unit sets a flag twice (flag_misuse in strict sync).
extern "C" __global__ __aicore__ void scalar_sets_flag_twice(GM_ADDR) {
  SetFlag<HardEvent::S_V>(2);
  SetFlag<HardEvent::S_V>(2);
  WaitFlag<HardEvent::S_V>(2);
  PipeBarrier<PIPE_ALL>();
}

// An operation of the cube on a vector core (illegal_operand): the headers leave it out, so the word stands here.
extern "C" __global__ __aicore__ void mmad_on_aiv(GM_ADDR) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  asm volatile(".insn r4 0x5b, 7, 2, a0, a0, a0, a0");  // mad_f16
}

// A scalar load of four bytes at an odd address (misaligned).
extern "C" __global__ __aicore__ void misaligned_load(GM_ADDR out) {
  *(volatile uint32_t*)out = *(volatile uint32_t*)(out + 2);
}

// The AIC waits for a flag that its AIVs never set, and they wait for one of the AIC (deadlock of three cores).
extern "C" __global__ __aicore__ void deadlocks_across(GM_ADDR) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  if ASCEND_IS_AIC {
    CrossCoreWaitFlag(1);
  }
  if ASCEND_IS_AIV {
    CrossCoreWaitFlag(2);
  }
}
