// Kernels of the scalar unit alone, for tests of arguments, faults and interruption. They run on a vector core.
#include "kernel_operator.h"

// out[0] = count, out[1] = signed, out[2] = bits of the float.
extern "C" __global__ __aicore__ void echo(GM_ADDR out, uint64_t count, int32_t number, float real) {
  auto* words = reinterpret_cast<__gm__ volatile uint64_t*>(out);
  words[0] = count;
  words[1] = static_cast<uint64_t>(static_cast<int64_t>(number));
  uint32_t bits = 0;
  __builtin_memcpy(&bits, &real, sizeof(bits));
  words[2] = bits;
}

// data[i] += step of the tiling data, by bytes: every element type is a string of bytes to it.
struct Tiling {
  uint32_t bytes;
  uint32_t step;
};

extern "C" __global__ __aicore__ void add_bytes(GM_ADDR data, GM_ADDR tiling) {
  const auto* parameters = reinterpret_cast<__gm__ const Tiling*>(tiling);
  auto* bytes = reinterpret_cast<__gm__ volatile uint8_t*>(data);
  for (uint32_t i = 0; i < parameters->bytes; ++i) bytes[i] = static_cast<uint8_t>(bytes[i] + parameters->step);
}

extern "C" __global__ __aicore__ void copy_bytes(GM_ADDR from, GM_ADDR to, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) reinterpret_cast<__gm__ volatile uint8_t*>(to)[i] = reinterpret_cast<__gm__ volatile uint8_t*>(from)[i];
}

extern "C" __global__ __aicore__ void breakpoint(GM_ADDR) { __builtin_trap(); }

extern "C" __global__ __aicore__ void forever(GM_ADDR out) {
  auto* word = reinterpret_cast<__gm__ volatile uint64_t*>(out);
  for (volatile uint64_t i = 0;; i = i + 1)
    if (i == ~uint64_t{0}) *word = i;
}
