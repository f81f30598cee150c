// printf, assert and DumpTensor of device code: lines on the host, through the host_print hook.
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
  else if constexpr (std::is_floating_point_v<T> || std::is_same_v<T, bfloat16_t> || std::is_same_v<T, half>)
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
template <typename... Arguments>
VITRUVIAN_INLINE void print_assertion(const char* file, int line, const char* condition, const char* message, Arguments... arguments) {
  print("%s:%d: assertion failed: %s", file, line, condition);
  if (message[0]) print(message, arguments...);
}
VITRUVIAN_INLINE void print_assertion(const char* file, int line, const char* condition) { print("%s:%d: assertion failed: %s", file, line, condition); }
}  // namespace vitruvian

namespace AscendC {
template <typename... Arguments>
VITRUVIAN_INLINE void printf(const char* format, Arguments... arguments) { vitruvian::print(format, arguments...); }
template <typename... Arguments>
VITRUVIAN_INLINE void PRINTF(const char* format, Arguments... arguments) { vitruvian::print(format, arguments...); }

namespace dump {
template <typename T>
consteval const char* type_name() {
  if constexpr (std::is_same_v<T, half>) return "float16";
  else if constexpr (std::is_same_v<T, bfloat16_t>) return "bfloat16";
  else if constexpr (std::is_same_v<T, float>) return "float32";
  else if constexpr (std::is_same_v<T, double>) return "float64";
  else if constexpr (sizeof(T) == 1) return T(-1) < T(0) ? "int8" : "uint8";
  else if constexpr (sizeof(T) == 2) return T(-1) < T(0) ? "int16" : "uint16";
  else if constexpr (sizeof(T) == 4) return T(-1) < T(0) ? "int32" : "uint32";
  else return T(-1) < T(0) ? "int64" : "uint64";
}
template <typename T>
inline constexpr bool kIsFloat = std::is_floating_point_v<T> || std::is_same_v<T, bfloat16_t> || std::is_same_v<T, half>;
// Eight elements a line, the rest of the last line in single values.
template <typename Tensor, typename T>
inline __attribute__((noinline)) void elements(Tensor tensor, std::uint32_t count, T) {
  std::uint32_t i = 0;
  for (; i + 8 <= count; i += 8) {
    T v[8];
    for (std::uint32_t j = 0; j < 8; ++j) v[j] = tensor.GetValue(i + j);
    if constexpr (kIsFloat<T>) vitruvian::print("[%u] %f %f %f %f %f %f %f %f", i, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]);
    else vitruvian::print("[%u] %d %d %d %d %d %d %d %d", i, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]);
  }
  for (; i < count; ++i) {
    const T v = tensor.GetValue(i);
    if constexpr (kIsFloat<T>) vitruvian::print("[%u] %f", i, v);
    else vitruvian::print("[%u] %d", i, v);
  }
}
VITRUVIAN_INLINE const char* place_name(TPosition position) {
  switch (hardware_of(position)) {
    case Hardware::GM: return "GM";
    case Hardware::UB: return "UB";
    case Hardware::L1: return "L1";
    case Hardware::L0A: return "L0A";
    case Hardware::L0B: return "L0B";
    case Hardware::L0C: return "L0C";
    default: return "table";
  }
}
template <typename Tensor, typename T>
VITRUVIAN_INLINE void tensor(const Tensor& source, std::uint32_t label, std::uint32_t count, T) {
  const char* place = place_name(source.position());
  vitruvian::print("DumpTensor: desc=%u, addr=%x, data_type=%s, position=%s, dump_size=%u", label, source.address(), type_name<T>(), place, count);
  // The scalar unit reads global memory and UB; buffers of the cube core it cannot.
  if (hardware_of(source.position()) == Hardware::GM || (g_coreType == AIV && hardware_of(source.position()) == Hardware::UB)) elements(source, count, T{});
}
}  // namespace dump
template <typename T>
VITRUVIAN_INLINE void DumpTensor(const LocalTensor<T>& tensor, std::uint32_t desc, std::uint32_t dumpSize) {
  ::pipe_barrier(PIPE_ALL);
  dump::tensor(tensor, desc, dumpSize, T{});
}
template <typename T>
VITRUVIAN_INLINE void DumpTensor(const GlobalTensor<T>& tensor, std::uint32_t desc, std::uint32_t dumpSize) {
  ::pipe_barrier(PIPE_ALL);
  dump::tensor(tensor, desc, dumpSize, T{});
}
template <typename Tensor>
VITRUVIAN_INLINE void DumpTensor(const Tensor& tensor, std::uint32_t desc, std::uint32_t dumpSize, const ShapeInfo& shape) {
  vitruvian::print("DumpTensor: shape of %d dimensions: %u %u %u %u", shape.shapeDim, shape.shape[0], shape.shape[1], shape.shape[2], shape.shape[3]);
  DumpTensor(tensor, desc, dumpSize);
}
// From element countOff on.
template <typename Tensor>
VITRUVIAN_INLINE void DumpAccChkPoint(const Tensor& tensor, std::uint32_t index, std::uint32_t countOff, std::uint32_t dumpSize) {
  DumpTensor(tensor[countOff], index, dumpSize);
}
VITRUVIAN_INLINE void Trap() { vitruvian_stop(); }
}  // namespace AscendC

VITRUVIAN_INLINE void trap() { vitruvian_stop(); }
// The second argument is a format with its values.
#define VITRUVIAN_ASSERT(condition, ...)                                                                              \
  do {                                                                                                               \
    if (!(condition)) {                                                                                              \
      ::vitruvian::print_assertion(__FILE__, __LINE__, #condition __VA_OPT__(, ) __VA_ARGS__);                        \
      vitruvian_stop();                                                                                              \
    }                                                                                                                \
  } while (0)
// The second argument is a block that runs first: ASCENDC_ASSERT(n > 0, { KERNEL_LOG(KERNEL_ERROR, "n is %d", n); });
#define ASCENDC_ASSERT(condition, ...)                                    \
  do {                                                                    \
    if (!(condition)) {                                                   \
      ::vitruvian::print_assertion(__FILE__, __LINE__, #condition);       \
      __VA_ARGS__;                                                        \
      vitruvian_stop();                                                   \
    }                                                                     \
  } while (0)
#define KERNEL_LOG(level, ...) ::vitruvian::print(__VA_ARGS__)
#define ascendc_assert VITRUVIAN_ASSERT
#ifndef assert
#define assert VITRUVIAN_ASSERT
#endif
