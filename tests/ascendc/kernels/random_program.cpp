// Runs a program that lies in device memory: rows of six words {operation, a, b, c, n, -}, read by the scalar unit.
#include "kernel_operator.h"

using namespace AscendC;

enum Row { kEnd, kLoad, kStore, kAdd, kMuls, kMax, kReduce, kSet, kWait, kBarrier };

namespace {
__aicore__ inline LocalTensor<float> ub(int64_t address) { return LocalTensor<float>(TPosition::VECCALC, static_cast<uint32_t>(address), 1); }
__aicore__ inline GlobalTensor<float> gm(GM_ADDR base, int64_t address) {
  GlobalTensor<float> view;
  view.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(base + address));
  return view;
}
#define EVENTS(row, call)                             \
  switch (row) {                                      \
    case 0: call<HardEvent::MTE2_V>(id); break;       \
    case 1: call<HardEvent::V_MTE2>(id); break;       \
    case 2: call<HardEvent::V_MTE3>(id); break;       \
    case 3: call<HardEvent::MTE3_V>(id); break;       \
    case 4: call<HardEvent::MTE2_MTE3>(id); break;    \
    case 5: call<HardEvent::MTE3_MTE2>(id); break;    \
  }
__aicore__ inline void set(int64_t event, event_t id) { EVENTS(event, SetFlag) }
__aicore__ inline void wait(int64_t event, event_t id) { EVENTS(event, WaitFlag) }
}  // namespace

extern "C" __global__ __aicore__ void interpret(GM_ADDR program, GM_ADDR in, GM_ADDR out) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  if ASCEND_IS_AIV {
    const auto* row = reinterpret_cast<__gm__ int64_t*>(program);
    for (; row[0] != kEnd; row += 6) {
      const int64_t a = row[1], b = row[2], c = row[3];
      const auto n = static_cast<int32_t>(row[4]);
      switch (row[0]) {
        case kLoad: DataCopy(ub(a), gm(in, b), static_cast<uint32_t>(n)); break;
        case kStore: DataCopy(gm(out, a), ub(b), static_cast<uint32_t>(n)); break;
        case kAdd: Add(ub(a), ub(b), ub(c), n); break;
        case kMuls: Muls(ub(a), ub(b), 0.5f, n); break;
        case kMax: Max(ub(a), ub(b), ub(c), n); break;
        case kReduce: WholeReduceSum(ub(a), ub(b), 64, n / 64, 1, 1, 8); break;
        case kSet: set(a, static_cast<event_t>(b)); break;
        case kWait: wait(a, static_cast<event_t>(b)); break;
        case kBarrier: PipeBarrier<PIPE_V>(); break;
      }
    }
    PipeBarrier<PIPE_ALL>();
  }
}
