// Names without an instruction of their own: indices, barriers, pools, queues, tiling, workspaces, prints.
#include "kernel_operator.h"

using namespace AscendC;

namespace {
template <typename T>
__aicore__ inline GlobalTensor<T> global(GM_ADDR address, uint64_t offset = 0) {
  GlobalTensor<T> view;
  view.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(address) + offset);
  return view;
}
}  // namespace

// Each vector core writes 64 B.
extern "C" __global__ __aicore__ void indices_of_a_mix(GM_ADDR out) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  SetSyncBaseAddr(0);
  if (g_coreType == AIV) {
    auto to = global<int64_t>(out, GetBlockIdx() * 8);
    to.SetValue(0, GetBlockIdx()), to.SetValue(1, GetBlockNum()), to.SetValue(2, GetSubBlockIdx());
    to.SetValue(3, GetSubBlockNum()), to.SetValue(4, GetTaskRation()), to.SetValue(5, GetTaskRatio());
    to.SetValue(6, GetSystemCycle() >= 0), to.SetValue(7, GetUBSizeInBytes() > 0);
    DataCacheCleanAndInvalid<int64_t, CacheLine::SINGLE_CACHE_LINE, DcciDst::CACHELINE_OUT>(to);
    DataSyncBarrier<MemDsbT::ALL>();
    ICachePreLoad(2);
    DataCachePreload(global<uint64_t>(out), 0);
  }
}

// Software barriers, then each core reads what its neighbour wrote; then a chain: core i waits for core i - 1.
extern "C" __global__ __aicore__ void barriers(GM_ADDR workspace, GM_ADDR out) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  if ASCEND_IS_AIV {
    TPipe pipe;
    TBuf<TPosition::VECCALC> scratch;
    pipe.InitBuffer(scratch, 4096);
    auto ub = scratch.Get<int32_t>();
    const auto me = static_cast<int32_t>(GetBlockIdx()), cores = static_cast<int32_t>(GetBlockNum());
    auto counters = global<int32_t>(workspace), flags = global<int32_t>(workspace, 1024), values = global<int32_t>(out);
    for (int32_t round = 0; round < 3; ++round) {
      auto mine = ub[1008];
      for (int i = 0; i < 8; ++i) mine.SetValue(i, 100 * round + me);
      SetFlag<HardEvent::S_MTE3>(EVENT_ID0), WaitFlag<HardEvent::S_MTE3>(EVENT_ID0);
      DataCopy(values[8 * me], mine, 8);
      SyncAll(counters, ub, cores);
      const int32_t next = (me + 1) % cores;
      DataCopy(ub[512], values[8 * next], 8);
      SetFlag<HardEvent::MTE2_S>(EVENT_ID0), WaitFlag<HardEvent::MTE2_S>(EVENT_ID0);
      if (ub.GetValue(512) != 100 * round + next) Trap();
      SyncAll<true>();
    }
    if (me > 0) IBWait(flags, ub, me, 0);
    for (int i = 0; i < 8; ++i) ub.SetValue(512 + i, 1000 + me);
    SetFlag<HardEvent::S_MTE3>(EVENT_ID0), WaitFlag<HardEvent::S_MTE3>(EVENT_ID0);
    DataCopy(values[8 * me], ub[512], 8);
    PipeBarrier<PIPE_ALL>();
    if (me + 1 < cores) IBSet(flags, ub, me + 1, 0);
  }
}

// AIC and AIV take turns: the AIC adds to a counter in global memory between the AIVs' steps.
extern "C" __global__ __aicore__ void turns(GM_ADDR out) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  auto count = global<int32_t>(out, GetBlockNum() * 0);
  if ASCEND_IS_AIV {
    if (GetBlockIdx() == 0) {
      count.SetValue(0, 5);
      DataCacheCleanAndInvalid<int32_t, CacheLine::ENTIRE_DATA_CACHE>(count);
    }
    CrossCoreSetFlag<0x2, PIPE_MTE3>(1);
    CrossCoreWaitFlag(2);
    if (GetBlockIdx() == 0) {
      DataCacheCleanAndInvalid<int32_t, CacheLine::ENTIRE_DATA_CACHE>(count);
      count.SetValue(0, count.GetValue(0) * 3);
      DataCacheCleanAndInvalid<int32_t, CacheLine::ENTIRE_DATA_CACHE>(count);
    }
    ffts_cross_core_sync(PIPE_MTE3, 1 | 2 << 4 | 3 << 8);
    WaitEvent(4);
  } else {
    CrossCoreWaitFlag<0x2, PIPE_S>(1);
    DataCacheCleanAndInvalid<int32_t, CacheLine::ENTIRE_DATA_CACHE>(count);
    if (GetBlockIdx() == 0) count.SetValue(0, count.GetValue(0) + 2);
    DataCacheCleanAndInvalid<int32_t, CacheLine::ENTIRE_DATA_CACHE>(count);
    CrossCoreSetFlag<0x2, PIPE_FIX>(2);
    wait_flag_dev(3);
    DataCacheCleanAndInvalid<int32_t, CacheLine::ENTIRE_DATA_CACHE>(count);
    if (GetBlockIdx() == 0) count.SetValue(1, count.GetValue(0) + 1);
    DataCacheCleanAndInvalid<int32_t, CacheLine::ENTIRE_DATA_CACHE>(count);
    NotifyEvent<PIPE_FIX, 2>(4);
  }
  SyncAll<false>();
}

// z = x + stages / 2, two pools over the same memory in turn; more stages than the pipe has queue buffers.
extern "C" __global__ __aicore__ void pools(GM_ADDR x, GM_ADDR z, uint32_t count, int32_t stages) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  if ASCEND_IS_AIV {
    TPipe pipe;
    TBufPool<TPosition::VECCALC, 8> whole, first, second;
    pipe.InitBufPool(whole, 64 * 1024);
    whole.InitBufPool(first, 32 * 1024);
    whole.InitBufPool(second, 32 * 1024, first);
    for (int stage = 0; stage < stages; ++stage) {
      TQue<TPosition::VECIN, 2> in;
      TQue<TPosition::VECOUT, 2> out;
      TBuf<TPosition::VECCALC> half_one;
      auto& pool = stage % 2 == 0 ? first : second;
      pool.InitBuffer(in, 2, 4096), pool.InitBuffer(out, 2, 4096), pool.InitBuffer(half_one, 64);
      Duplicate(half_one.Get<float>(), 0.5f, 16);
      PipeBarrier<PIPE_V>();
      for (uint32_t i = 0; i < count; i += 1024) {
        auto a = in.AllocTensor<float>();
        DataCopy(a, global<float>(stage == 0 ? x : z, i), 1024);
        in.EnQue(a);
        a = in.DeQue<float>();
        auto c = out.AllocTensor<float>();
        Add(c, a, half_one.Get<float>(), 64, 16, {1, 1, 0, 8, 8, 0});
        out.EnQue<float>(c);
        c = out.DeQue<float>();
        DataCopy(global<float>(z, i), c, 1024);
        out.FreeTensor(c);
        in.FreeTensor(a);
      }
      pool.Reset();
      PipeBarrier<PIPE_ALL>();
    }
    whole.Reset();
  }
}

// Queues, scratch, events and allocators in their other forms: y = |x| through a bound queue, with what they say of themselves.
extern "C" __global__ __aicore__ void containers(GM_ADDR x, GM_ADDR y, GM_ADDR facts) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  if ASCEND_IS_AIV {
    TPipe pipe;
    TQueBind<TPosition::VECIN, TPosition::VECOUT, 2> bound;
    TBuf<QuePosition::VECCALC> scratch;
    pipe.InitBuffer(bound, 2, 512);
    pipe.InitBuffer(scratch, 1000);
    auto out = global<int64_t>(facts);
    out.SetValue(0, GetTPipePtr() == &pipe);
    out.SetValue(1, bound.HasTensorInQue());
    LocalTensor<half> a;
    bound.AllocTensor<half>(a);
    DataCopy(a, global<half>(x), 256);
    out.SetValue(2, a.GetSize());
    const auto ready = GetTPipePtr()->FetchEventID(HardEvent::MTE2_V);
    SetFlag<HardEvent::MTE2_V>(ready), WaitFlag<HardEvent::MTE2_V>(ready);
    Abs(a, a, 256);
    const TEventID done = pipe.AllocEventID<HardEvent::V_MTE3>();
    out.SetValue(3, pipe.FetchEventID<HardEvent::V_MTE3>() != done);
    SetFlag<HardEvent::V_MTE3>(done), WaitFlag<HardEvent::V_MTE3>(done);
    pipe.ReleaseEventID<HardEvent::V_MTE3>(done);
    bound.EnQue(a);
    out.SetValue(4, bound.GetTensorCountInQue()), out.SetValue(5, bound.VacantInQue()), out.SetValue(6, bound.HasIdleBuffer());
    bound.DeQue<half>(a);
    DataCopy(global<half>(y), a, 256);
    bound.FreeTensor(a);
    auto part = scratch.GetWithOffset<half>(16, 64);
    out.SetValue(7, part.GetPhyAddr() == scratch.Get<half>().GetPhyAddr(32));
    out.SetValue(8, scratch.Get<half>(40).GetSize());
    LocalMemAllocator<Hardware::UB> allocator;
    auto t0 = allocator.Alloc<TPosition::VECCALC, float, 100>();
    auto t1 = allocator.Alloc<TPosition::VECIN, half>(10);
    out.SetValue(9, static_cast<int64_t>(t1.address() - t0.address()));
    out.SetValue(10, allocator.GetCurAddr());
    out.SetValue(11, pipe.GetAbsAddr<TPosition::VECCALC, float>(128, 4).address());
    DataCopyEnhancedParams enhanced;
    enhanced.blockMode = BlockMode::BLOCK_MODE_NORMAL;
    out.SetValue(12, static_cast<int64_t>(CubeFormat::NZ) + static_cast<int64_t>(enhanced.blockMode));
    TQueSync<PIPE_V, PIPE_S> sync;
    sync.SetFlag(0), sync.WaitFlag(0);
    DataCacheCleanAndInvalid<int64_t, CacheLine::ENTIRE_DATA_CACHE>(out);
    pipe.Reset();
  }
}

struct ScaleTiling {
  uint32_t count;
  float scale;
  int16_t shift[3];
};
BEGIN_TILING_DATA_DEF(HostTiling)
  TILING_DATA_FIELD_DEF(uint32_t, count);
  TILING_DATA_FIELD_DEF(float, scale);
  TILING_DATA_FIELD_DEF_ARR(int16_t, 3, shift);
END_TILING_DATA_DEF;

template <typename Tiling>
__aicore__ inline void scale(GM_ADDR x, GM_ADDR z, const Tiling& tiling) {
  const LocalTensor<float> ub(TPosition::VECCALC, 0, 1024);
  DataCopy(ub, global<float>(x), tiling.count);
  set_flag(PIPE_MTE2, PIPE_V, EVENT_ID0), wait_flag(PIPE_MTE2, PIPE_V, EVENT_ID0);
  Muls(ub, ub, tiling.scale, tiling.count);
  PipeBarrier<PIPE_V>();
  Adds(ub, ub, static_cast<float>(tiling.shift[2]), tiling.count);
  SetFlag<HardEvent::V_MTE3>(EVENT_ID0), WaitFlag<HardEvent::V_MTE3>(EVENT_ID0);
  DataCopy(global<float>(z), ub, tiling.count);
  PipeBarrier<PIPE_ALL>();
}

extern "C" __global__ __aicore__ void tiled(GM_ADDR x, GM_ADDR z, GM_ADDR workspace, GM_ADDR tiling) {
  KERNEL_TASK_TYPE(1, KERNEL_TYPE_AIV_ONLY);
  REGISTER_TILING_DEFAULT(ScaleTiling);
  if ASCEND_IS_AIV {
    if (GetSysWorkSpacePtr() == nullptr || GetSysWorkSpacePtr() == workspace) Trap();  // the launch's own
    SetSysWorkspaceForce(nullptr);
    SetSysWorkspace(workspace);
    if (GetSysWorkSpacePtr() != workspace || GetUserWorkspace(workspace) - workspace != 16 << 20) Trap();
    if (TILING_KEY_IS(1)) {
      GET_TILING_DATA(data, tiling);
      scale(x, z, data);
    } else if (TILING_KEY_IS(2)) {
      GET_TILING_DATA_WITH_STRUCT(HostTiling, data, tiling);
      scale(x, z, data);
    } else if (TILING_KEY_IS(3)) {
      GET_TILING_DATA_PTR_WITH_STRUCT(ScaleTiling, data, tiling);
      scale(x, z, *data);
    } else if (TILING_KEY_VAR == 4) {
      GET_TILING_DATA_MEMBER(ScaleTiling, scale, factor, tiling);
      ScaleTiling whole;
      whole.count = 64, whole.scale = factor, whole.shift[2] = 0;
      scale(x, z, whole);
    }
  }
}

extern "C" __global__ __aicore__ void prints(GM_ADDR x, int32_t what) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  if ASCEND_IS_AIV {
    const LocalTensor<half> ub(TPosition::VECCALC, 0, 64);
    DataCopy(ub, global<half>(x), 32);
    SetFlag<HardEvent::MTE2_S>(EVENT_ID0), WaitFlag<HardEvent::MTE2_S>(EVENT_ID0);
    AscendC::printf("block %d of %u: %s %5.2f\n", static_cast<int>(GetBlockIdx()), 2u, "text", half(1.5f));
    AscendC::PRINTF("%x", 255);
    DumpTensor(ub, 7, 10);
    const uint32_t sizes[] = {2, 4};
    DumpTensor(global<half>(x), 8, 8, ShapeInfo(2, sizes));
    DumpAccChkPoint(ub, 9, 3, 2);
    if (what == 1) assert(what != 1, "what is %d", what);
    if (what == 2) ASCENDC_ASSERT((what != 2), { KERNEL_LOG(KERNEL_ERROR, "logged %d", what); });
    if (what == 3) ascendc_assert(what != 3);
    if (what == 4) BroadCastVecToMM(LocalTensor<float>(TPosition::CO1, 0, 16), ub, 1, 1, 0, 0);
    if (what == 5) trap();
  }
}
