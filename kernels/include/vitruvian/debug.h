// printf and asserts of device code through the host_print hook.
#pragma once

#include "vitruvian/system.h"

namespace vitruvian {
// What host_print points at: arguments as 64-bit words (floats as doubles), their kinds by the format string.
struct PrintRecord {
  std::uint32_t magic, argument_count;
  std::uint64_t format;
  std::uint64_t arguments[16];
};
inline constexpr std::uint32_t kPrintMagic = 0x56505254;  // "VPRT"

template <typename T>
VITRUVIAN_INLINE std::uint64_t print_word(T value) {
  if constexpr (std::is_pointer_v<T>)
    return reinterpret_cast<std::uint64_t>(value);
  else if constexpr (std::is_floating_point_v<T> || std::is_same_v<T, bfloat16_t>)
    return __builtin_bit_cast(std::uint64_t, static_cast<double>(static_cast<float>(value)));
  else
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
}
template <typename... Arguments>
inline __attribute__((noinline)) void print(const char* format, Arguments... arguments) {
  static_assert(sizeof...(Arguments) <= 16, "device printf takes at most 16 arguments");
  PrintRecord record;
  record.magic = kPrintMagic;
  record.argument_count = sizeof...(Arguments);
  record.format = reinterpret_cast<std::uint64_t>(format);
  int i = 0;
  ((record.arguments[i++] = print_word(arguments)), ...);
  (void)i;
  op::host_print(reinterpret_cast<unsigned long long>(&record), 0);
}
}  // namespace vitruvian

namespace AscendC {
template <typename... Arguments>
VITRUVIAN_INLINE void printf(const char* format, Arguments... arguments) { vitruvian::print(format, arguments...); }
template <typename... Arguments>
VITRUVIAN_INLINE void PRINTF(const char* format, Arguments... arguments) { vitruvian::print(format, arguments...); }
template <typename T>
VITRUVIAN_INLINE void DumpTensor(const LocalTensor<T>&, std::uint32_t, std::uint32_t) {}
template <typename T>
VITRUVIAN_INLINE void DumpTensor(const GlobalTensor<T>&, std::uint32_t, std::uint32_t) {}
template <typename T>
VITRUVIAN_INLINE void DumpAccChkPoint(const T&, std::uint32_t, std::uint32_t, std::uint32_t) {}
}  // namespace AscendC

VITRUVIAN_INLINE void trap() { vitruvian_stop(); }
#define ASCENDC_ASSERT(condition, ...) \
  do {                                 \
    if (!(condition)) vitruvian_stop(); \
  } while (0)
#define ascendc_assert ASCENDC_ASSERT
#ifndef assert
#define assert(condition, ...) ASCENDC_ASSERT(condition)
#endif
