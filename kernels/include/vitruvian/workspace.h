// Workspaces in global memory, software barriers over them, fills of global memory, dynamic tensor lists.
#pragma once

#include "vitruvian/buffer_pool.h"
#include "vitruvian/vector_compare.h"

namespace AscendC {

// The system's part lies in front of the user's part (public API: 16 MiB on this chip).
inline constexpr std::uint64_t kSystemWorkspaceBytes = 16ull << 20;
inline GM_ADDR g_sysWorkspace = nullptr;  // .bss is private to each core

VITRUVIAN_INLINE void SetSysWorkspaceForce(GM_ADDR workspace) { g_sysWorkspace = workspace; }
VITRUVIAN_INLINE void SetSysWorkspace(GM_ADDR workspace) {
  if (g_sysWorkspace == nullptr) g_sysWorkspace = workspace;
}
// What the kernel set; otherwise the one that comes with each launch.
VITRUVIAN_INLINE GM_ADDR GetSysWorkSpacePtr() {
  if (g_sysWorkspace != nullptr) return g_sysWorkspace;
  return reinterpret_cast<GM_ADDR>(vitruvian::spr::read_constant<vitruvian::spr::SYS_WORKSPACE>());
}
VITRUVIAN_INLINE GM_ADDR GetUserWorkspace(GM_ADDR workspace) { return workspace + kSystemWorkspaceBytes; }

namespace software_barrier {
inline constexpr std::uint32_t kSlot = 8;  // int32 elements: 32 B a core
VITRUVIAN_INLINE void fetch(const LocalTensor<std::int32_t>& ub, const GlobalTensor<std::int32_t>& gm, std::uint32_t count) {
  ::set_flag(PIPE_S, PIPE_MTE2, EVENT_ID7), ::wait_flag(PIPE_S, PIPE_MTE2, EVENT_ID7);
  DataCopy(ub, gm, count);
  ::set_flag(PIPE_MTE2, PIPE_S, EVENT_ID7), ::wait_flag(PIPE_MTE2, PIPE_S, EVENT_ID7);
}
// Writes one slot and waits until it is in global memory.
VITRUVIAN_INLINE void publish(const GlobalTensor<std::int32_t>& gm, const LocalTensor<std::int32_t>& ub, std::int32_t value) {
  for (std::uint32_t i = 0; i < kSlot; ++i) ub.SetValue(i, value);
  ::set_flag(PIPE_S, PIPE_MTE3, EVENT_ID7), ::wait_flag(PIPE_S, PIPE_MTE3, EVENT_ID7);
  DataCopy(gm, ub, kSlot);
  ::set_flag(PIPE_MTE3, PIPE_S, EVENT_ID7), ::wait_flag(PIPE_MTE3, PIPE_S, EVENT_ID7);
}
}  // namespace software_barrier

// Barrier of the vector cores through zero-initialised global memory: 32 B a core there and in UB.
template <bool isAIVOnly = true>
inline __attribute__((noinline)) void SyncAll(const GlobalTensor<std::int32_t>& gmWorkspace, const LocalTensor<std::int32_t>& ubWorkspace,
                                              const std::int32_t usedCores = 0) {
  if constexpr (g_coreType == AIV) {
    const auto cores = static_cast<std::uint32_t>(usedCores == 0 ? GetBlockNum() * get_subblockdim() : usedCores);
    const auto mine = static_cast<std::uint32_t>(GetBlockIdx()) * software_barrier::kSlot;
    ::pipe_barrier(PIPE_ALL);
    software_barrier::fetch(ubWorkspace, gmWorkspace[mine], software_barrier::kSlot);
    const std::int32_t round = ubWorkspace.GetValue(0) + 1;
    software_barrier::publish(gmWorkspace[mine], ubWorkspace, round);
    for (bool all = false; !all;) {
      software_barrier::fetch(ubWorkspace, gmWorkspace, cores * software_barrier::kSlot);
      all = true;
      for (std::uint32_t core = 0; core < cores; ++core) all = all && ubWorkspace.GetValue(core * software_barrier::kSlot) >= round;
    }
  }
}

// One core tells another: IBSet raises flag (block, event) once it is down, IBWait takes it down once it is up.
namespace software_barrier {
inline __attribute__((noinline)) void exchange(GlobalTensor<std::int32_t> gm, LocalTensor<std::int32_t> ub, std::int32_t expected, std::int32_t next) {
  if constexpr (g_coreType == AIV) {
    ::pipe_barrier(PIPE_ALL);
    do fetch(ub, gm, kSlot);
    while (ub.GetValue(0) != expected);
    publish(gm, ub, next);
  }
}
VITRUVIAN_INLINE std::uint64_t slot_of(std::int32_t block, std::int32_t event) {
  return static_cast<std::uint64_t>(GetBlockNum() * event + block) * kSlot;
}
}  // namespace software_barrier
template <bool isAIVOnly = true>
VITRUVIAN_INLINE void IBSet(const GlobalTensor<std::int32_t>& gmWorkspace, const LocalTensor<std::int32_t>& ubWorkspace, std::int32_t blockIdx, std::int32_t eventID) {
  software_barrier::exchange(gmWorkspace[software_barrier::slot_of(blockIdx, eventID)], ubWorkspace, 0, 1);
}
template <bool isAIVOnly = true>
VITRUVIAN_INLINE void IBWait(const GlobalTensor<std::int32_t>& gmWorkspace, const LocalTensor<std::int32_t>& ubWorkspace, std::int32_t blockIdx, std::int32_t eventID) {
  software_barrier::exchange(gmWorkspace[software_barrier::slot_of(blockIdx, eventID)], ubWorkspace, 1, 0);
}

// Fills global memory through the end of UB that the public API reserves.
template <typename T>
inline __attribute__((noinline)) void fill_global(GlobalTensor<T> gm, std::uint64_t size, T value) {
  if constexpr (g_coreType == AIV) {
    constexpr std::uint64_t room = vec::kSelectReserved / sizeof(T);
    const LocalTensor<T> block(TPosition::VECCALC, kUbBytes - vec::kSelectReserved, room);
    ::pipe_barrier(PIPE_ALL);
    Duplicate(block, value, static_cast<std::int32_t>(size < room ? size : room));
    ::set_flag(PIPE_V, PIPE_MTE3, EVENT_ID7), ::wait_flag(PIPE_V, PIPE_MTE3, EVENT_ID7);
    for (std::uint64_t at = 0; at < size; at += room) {
      const std::uint64_t now = size - at < room ? size - at : room;
      DataCopyPad(gm[at], block, DataCopyExtParams(1, static_cast<std::int64_t>(now * sizeof(T)), 0, 0, 0));
    }
    ::pipe_barrier(PIPE_ALL);
  }
}
template <typename T>
VITRUVIAN_INLINE void InitGlobalMemory(const GlobalTensor<T>& gmWorkspaceAddr, const std::uint64_t size, const T value) { fill_global<T>(gmWorkspaceAddr, size, value); }
template <typename T>
VITRUVIAN_INLINE void Fill(const GlobalTensor<T>& gmWorkspaceAddr, const std::uint64_t size, const T value) { fill_global<T>(gmWorkspaceAddr, size, value); }

// One tensor of a dynamic list: its shape and its data.
template <typename T>
class TensorDesc {
 public:
  VITRUVIAN_INLINE void SetShapeAddr(std::uint64_t* shape) { shape_ = shape; }
  VITRUVIAN_INLINE std::uint64_t GetDim() const { return dims_; }
  VITRUVIAN_INLINE std::uint64_t GetIndex() const { return index_; }
  VITRUVIAN_INLINE std::uint64_t GetShape(std::uint32_t dim) const { return shape_[dim]; }
  VITRUVIAN_INLINE __gm__ T* GetDataPtr() const { return data_; }
  VITRUVIAN_INLINE GlobalTensor<T> GetDataObj() const {
    GlobalTensor<T> tensor;
    tensor.SetGlobalBuffer(data_);
    return tensor;
  }
  VITRUVIAN_INLINE void bind(std::uint64_t dims, std::uint64_t index, const std::uint64_t* shape, __gm__ T* data) {
    dims_ = dims, index_ = index, data_ = data;
    for (std::uint64_t i = 0; i < dims && shape_; ++i) shape_[i] = shape[i];
  }

 private:
  std::uint64_t dims_ = 0, index_ = 0;
  std::uint64_t* shape_ = nullptr;
  __gm__ T* data_ = nullptr;
};
// A list in global memory: the byte offset of the data pointers; for each tensor dims (low half) and index (high half) of a word,
// then its dims; last the pointers.
class ListTensorDesc {
 public:
  ListTensorDesc() = default;
  VITRUVIAN_INLINE ListTensorDesc(const void* data, std::uint32_t length = 0, std::uint32_t shapes = 0) { Init(data, length, shapes); }
  VITRUVIAN_INLINE void Init(const void* data, std::uint32_t = 0, std::uint32_t = 0) {
    base_ = static_cast<const std::uint64_t*>(data);
    pointers_ = base_ + base_[0] / sizeof(std::uint64_t);
    size_ = 0;
    for (const std::uint64_t* entry = base_ + 1; entry < pointers_; entry += 1 + (*entry & 0xffffffffu)) ++size_;
  }
  VITRUVIAN_INLINE std::uint32_t GetSize() const { return size_; }
  template <typename T>
  VITRUVIAN_INLINE __gm__ T* GetDataPtr(std::uint32_t index) const { return reinterpret_cast<T*>(pointers_[index]); }
  template <typename T>
  VITRUVIAN_INLINE void GetDesc(TensorDesc<T>& desc, std::uint32_t index) const {
    const std::uint64_t* entry = base_ + 1;
    for (std::uint32_t i = 0; i < index; ++i) entry += 1 + (*entry & 0xffffffffu);
    desc.bind(*entry & 0xffffffffu, *entry >> 32, entry + 1, GetDataPtr<T>(index));
  }

 private:
  const std::uint64_t* base_ = nullptr;
  const std::uint64_t* pointers_ = nullptr;
  std::uint32_t size_ = 0;
};

}  // namespace AscendC
