// Flags, barriers, cross-core flags: raw names (set_flag, ...) and their Ascend C forms.
#pragma once

#include "vitruvian/enums.h"
#include "vitruvian/intrinsics.h"

namespace vitruvian {
// A pipe that this core kind does not have takes part in no synchronisation.
constexpr bool has_pipe(pipe_t pipe) {
  if (pipe == PIPE_V) return g_coreType == AIV;
  if (pipe == PIPE_M || pipe == PIPE_MTE1 || pipe == PIPE_FIX) return g_coreType == AIC;
  return true;
}
// An id that is a constant goes into the immediate, another one into the register.
#define VITRUVIAN_FLAG(operation, source, destination, id)                                                           \
  do {                                                                                                               \
    if (__builtin_constant_p(id))                                                                                    \
      ::vitruvian::op::operation(0, (source) | (destination) << 4 | (static_cast<int>(id) & 7) << 8);                \
    else                                                                                                             \
      ::vitruvian::op::operation(static_cast<unsigned long long>(id), (source) | (destination) << 4);                \
  } while (0)
}  // namespace vitruvian

VITRUVIAN_INLINE void set_flag(pipe_t source, pipe_t destination, int id) {
  if (vitruvian::has_pipe(source) && vitruvian::has_pipe(destination)) VITRUVIAN_FLAG(set_flag, source, destination, id);
}
VITRUVIAN_INLINE void wait_flag(pipe_t source, pipe_t destination, int id) {
  if (vitruvian::has_pipe(source) && vitruvian::has_pipe(destination)) VITRUVIAN_FLAG(wait_flag, source, destination, id);
}
VITRUVIAN_INLINE void pipe_barrier(pipe_t pipe) {
  if (vitruvian::has_pipe(pipe)) vitruvian::op::pipe_barrier(0, pipe);
}
// message: 1 | mode << 4 | flag id << 8.
VITRUVIAN_INLINE void ffts_cross_core_sync(pipe_t pipe, unsigned long long message) {
  if (vitruvian::has_pipe(pipe)) vitruvian::op::ffts_cross_core_sync(message, pipe);
}
VITRUVIAN_INLINE void wait_flag_dev(int id) {
  if (__builtin_constant_p(id))
    vitruvian::op::wait_flag_dev(0, id & 15);
  else
    vitruvian::op::wait_flag_dev(static_cast<unsigned long long>(id), 0);
}
VITRUVIAN_INLINE void set_ffts_base_addr(unsigned long long address) { vitruvian::spr::write<vitruvian::spr::FFTS_BASE>(address); }
VITRUVIAN_INLINE void dsb(int) { vitruvian::op::dsb(0, 0); }
VITRUVIAN_INLINE void dcci(const void* address, int whole_cache, int = 0) {
  if (whole_cache)
    vitruvian::op::dcci(0, 1);
  else
    vitruvian::op::dcci(reinterpret_cast<unsigned long long>(address), 0);
}

namespace AscendC {

template <HardEvent event>
VITRUVIAN_INLINE void SetFlag(int id) {
  ::set_flag(source_pipe(event), destination_pipe(event), id);
}
template <HardEvent event>
VITRUVIAN_INLINE void WaitFlag(int id) {
  ::wait_flag(source_pipe(event), destination_pipe(event), id);
}
template <pipe_t pipe>
VITRUVIAN_INLINE void PipeBarrier() {
  ::pipe_barrier(pipe);
}
template <pipe_t source, pipe_t destination>
class TQueSync {
 public:
  VITRUVIAN_INLINE void SetFlag(TEventID id) { ::set_flag(source, destination, id); }
  VITRUVIAN_INLINE void WaitFlag(TEventID id) { ::wait_flag(source, destination, id); }
};

// Mode 0: all AIC or all AIV; 1: the AIV of one core group; 2: AIC and its AIV.
template <std::uint8_t mode, pipe_t pipe>
VITRUVIAN_INLINE void CrossCoreSetFlag(std::uint16_t flag) {
  ::ffts_cross_core_sync(pipe, 1ull | static_cast<unsigned long long>(mode) << 4 | static_cast<unsigned long long>(flag) << 8);
}
template <std::uint8_t mode = 0, pipe_t pipe = PIPE_S>
VITRUVIAN_INLINE void CrossCoreWaitFlag(std::uint16_t flag) {
  ::wait_flag_dev(flag);
}

VITRUVIAN_INLINE void WaitEvent(std::uint16_t flag) { ::wait_flag_dev(flag); }
template <pipe_t pipe = PIPE_S, std::uint8_t mode = 0>
VITRUVIAN_INLINE void NotifyEvent(std::uint16_t flag) {
  CrossCoreSetFlag<mode, pipe>(flag);
}

namespace sync_all {
inline constexpr std::uint16_t kAic = 11, kAivToAic = 12, kAicToAiv = 13, kAiv = 14;
}
// Hardware barrier of all vector cores, or (false) of all cores of a mix kernel; each block must have its core.
template <bool isAIVOnly = true>
VITRUVIAN_INLINE void SyncAll() {
  using namespace sync_all;
  ::pipe_barrier(PIPE_ALL);
  if constexpr (isAIVOnly) {
    if constexpr (g_coreType == AIV) {
      CrossCoreSetFlag<0, PIPE_MTE3>(kAiv);
      CrossCoreWaitFlag(kAiv);
    }
  } else if constexpr (g_coreType == AIV) {
    CrossCoreSetFlag<2, PIPE_MTE3>(kAivToAic);
    CrossCoreWaitFlag(kAicToAiv);
  } else {
    CrossCoreWaitFlag(kAivToAic);
    CrossCoreSetFlag<0, PIPE_FIX>(kAic);
    CrossCoreWaitFlag(kAic);
    CrossCoreSetFlag<2, PIPE_FIX>(kAicToAiv);
  }
}

template <MemDsbT kind>
VITRUVIAN_INLINE void DataSyncBarrier() {
  ::dsb(0);
}

}  // namespace AscendC
