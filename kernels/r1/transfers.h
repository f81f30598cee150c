// Plain moves by a vector core: global memory to UB and back, a ring of UB slots between the two, a core's share of the work.
#pragma once

#include "kernel_operator.h"

namespace transfers {

using namespace AscendC;

template <typename T>
__aicore__ __force_inline__ GlobalTensor<T> global(uint64_t address) {
  GlobalTensor<T> tensor;
  tensor.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(address));
  return tensor;
}
template <typename T>
__aicore__ __force_inline__ LocalTensor<T> local(uint32_t address, uint32_t elements) {
  return {TPosition::VECCALC, address, elements};
}

// Bytes between memories; any length, `rows` of them with the strides (gaps on the UB side are in blocks of 32 B, in global memory in bytes).
__aicore__ __force_inline__ void fetch(uint32_t ub, uint64_t from, uint32_t bytes, uint32_t rows = 1, uint32_t gap_from = 0, uint32_t gap_ub = 0) {
  DataCopyPad(local<int8_t>(ub, bytes), global<int8_t>(from), DataCopyExtParams(uint16_t(rows), bytes, gap_from, gap_ub, 0), DataCopyPadExtParams<int8_t>());
}
__aicore__ __force_inline__ void put(uint64_t to, uint32_t ub, uint32_t bytes, uint32_t rows = 1, uint32_t gap_ub = 0, uint32_t gap_to = 0) {
  DataCopyPad(global<int8_t>(to), local<int8_t>(ub, bytes), DataCopyExtParams(uint16_t(rows), bytes, gap_ub, gap_to, 0));
}
// As fetch(), and S waits for it.
__aicore__ __force_inline__ void fetch_for_scalars(uint32_t ub, uint64_t from, uint32_t bytes) {
  fetch(ub, from, bytes);
  SetFlag<HardEvent::MTE2_S>(EVENT_ID0);
  WaitFlag<HardEvent::MTE2_S>(EVENT_ID0);
}

// Up to 8 slots of UB through which pieces travel from MTE2 to MTE3: S runs ahead by as many pieces as there are slots.
class Ring {
 public:
  __aicore__ __force_inline__ Ring(uint32_t at, uint32_t slot_bytes, uint32_t slots) : at_(at), bytes_(slot_bytes), slots_(slots < 8 ? slots : 8) {
    for (uint32_t i = 0; i < slots_; ++i) SetFlag<HardEvent::MTE3_S>(int(i));
  }
  // A free slot's place in UB; S may write to it.
  __aicore__ __force_inline__ uint32_t take() {
    WaitFlag<HardEvent::MTE3_S>(int(next_));
    return at_ + next_ * bytes_;
  }
  // Between the transfers into the slot and those out of it. written: S wrote to the slot as well.
  __aicore__ __force_inline__ void filled(bool written) const {
    SetFlag<HardEvent::MTE2_MTE3>(int(next_));
    WaitFlag<HardEvent::MTE2_MTE3>(int(next_));
    if (!written) return;
    SetFlag<HardEvent::S_MTE3>(int(next_));
    WaitFlag<HardEvent::S_MTE3>(int(next_));
  }
  __aicore__ __force_inline__ void give() {
    SetFlag<HardEvent::MTE3_S>(int(next_));
    next_ = next_ + 1 == slots_ ? 0 : next_ + 1;
  }
  // All pieces have left: what was written is where it should be.
  __aicore__ __force_inline__ void drain() const {
    for (uint32_t i = 0; i < slots_; ++i) WaitFlag<HardEvent::MTE3_S>(int(i));
  }

 private:
  uint32_t at_, bytes_, slots_, next_ = 0;
};

// This core's share [first, last) of `count` things, spread as evenly as can be.
struct Share {
  uint32_t first, last;
  __aicore__ __force_inline__ explicit Share(uint32_t count) {
    const uint32_t core = uint32_t(GetBlockIdx()), cores = uint32_t(GetBlockNum());
    first = uint32_t(uint64_t(count) * core / cores), last = uint32_t(uint64_t(count) * (core + 1) / cores);
  }
};

}  // namespace transfers
