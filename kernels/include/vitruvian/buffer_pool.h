// TBufPool: a part of a buffer that hands out queues and scratch of its own; two pools may share their memory.
#pragma once

#include "vitruvian/pipe_queue.h"

namespace AscendC {

template <TPosition position, std::uint32_t bufIDSize = 4>
class TBufPool {
 public:
  template <TPosition source, TPosition destination, std::int32_t depth, auto mask>
  VITRUVIAN_INLINE bool InitBuffer(TQueBind<source, destination, depth, mask>& queue, std::uint32_t number, std::uint32_t bytes) {
    bytes = (bytes + 31) & ~31u;
    return g_tPipe->place_queue(queue, number, bytes, take(number * bytes));
  }
  template <TPosition place>
  VITRUVIAN_INLINE bool InitBuffer(TBuf<place>& buffer, std::uint32_t bytes) {
    bytes = (bytes + 31) & ~31u;
    return g_tPipe->place_buffer(buffer, bytes, take(bytes));
  }
  template <TPosition inner, std::uint32_t ids>
  VITRUVIAN_INLINE bool InitBufPool(TBufPool<inner, ids>& pool, std::uint32_t bytes) {
    pool.place(take((bytes + 31) & ~31u), bytes);
    return true;
  }
  // Over the memory of `shared`.
  template <TPosition inner, std::uint32_t ids, TPosition other, std::uint32_t other_ids>
  VITRUVIAN_INLINE bool InitBufPool(TBufPool<inner, ids>& pool, std::uint32_t bytes, TBufPool<other, other_ids>& shared) {
    pool.place(shared.start(), bytes);
    return true;
  }
  // Waits for the events of the pool's queues, forgets them, and hands the memory out again.
  VITRUVIAN_INLINE void Reset() {
    g_tPipe->forget_between(start_, start_ + bytes_, hardware_of(position));
    used_ = 0;
  }
  VITRUVIAN_INLINE std::uint32_t start() const { return start_; }
  VITRUVIAN_INLINE void place(std::uint32_t start, std::uint32_t bytes) { start_ = start, bytes_ = (bytes + 31) & ~31u, used_ = 0; }

 private:
  VITRUVIAN_INLINE std::uint32_t take(std::uint32_t bytes) {
    const std::uint32_t at = start_ + used_;
    used_ += bytes;
    if (used_ > bytes_) vitruvian_stop();
    return at;
  }
  std::uint32_t start_ = 0, bytes_ = 0, used_ = 0;
};

template <TPosition position, std::uint32_t ids>
VITRUVIAN_INLINE bool TPipe::InitBufPool(TBufPool<position, ids>& pool, std::uint32_t bytes) {
  bytes = round_up(bytes);
  pool.place(take(hardware_of(position), bytes), bytes);
  return true;
}
template <TPosition position, std::uint32_t ids, TPosition other, std::uint32_t other_ids>
VITRUVIAN_INLINE bool TPipe::InitBufPool(TBufPool<position, ids>& pool, std::uint32_t bytes, TBufPool<other, other_ids>& shared) {
  pool.place(shared.start(), bytes);
  return true;
}

}  // namespace AscendC
