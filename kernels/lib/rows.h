// What the row kernels share: rows of any width walked by vector cores, loaded as fp32 and stored in their own type.
#pragma once

#include "kernel_operator.h"

namespace rows {

using namespace AscendC;

template <typename T>
inline constexpr bool kWide = std::is_same_v<T, float>;

__aicore__ __force_inline__ uint32_t aligned(uint32_t bytes) { return (bytes + 31) & ~31u; }

// GM -> UB, n elements.
template <typename T>
__aicore__ __force_inline__ void load(const LocalTensor<T>& to, const GlobalTensor<T>& from, uint32_t n) {
  DataCopyPad(to, from, DataCopyExtParams(1, n * sizeof(T), 0, 0, 0), DataCopyPadExtParams<T>());
}
template <typename T>
__aicore__ __force_inline__ void store(const GlobalTensor<T>& to, const LocalTensor<T>& from, uint32_t n) {
  DataCopyPad(to, from, DataCopyExtParams(1, n * sizeof(T), 0, 0, 0));
}
// The value at from[0] for scalar code, once V has finished.
__aicore__ __force_inline__ float scalar_of(const LocalTensor<float>& from) {
  SetFlag<HardEvent::V_S>(0);
  WaitFlag<HardEvent::V_S>(0);
  return from.GetValue(0);
}

}  // namespace rows
