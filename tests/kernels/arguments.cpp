// Kernels that write their arguments to global memory, for the tests of the calling convention. Vector cores, scalar unit alone.
#include "kernel_operator.h"

namespace {

template <typename T>
__aicore__ inline void put(GM_ADDR out, uint32_t slot, T value) {
  uint64_t bits = 0;
  __builtin_memcpy(&bits, &value, sizeof value);
  reinterpret_cast<__gm__ volatile uint64_t*>(out)[slot] = bits;
}

}  // namespace

// Every scalar type; 7 integers go to registers a1 to a7, the others to the stack or to floating-point registers.
extern "C" __global__ __aicore__ void scalars(GM_ADDR out, int8_t a, uint8_t b, int16_t c, uint16_t d, int32_t e, uint32_t f, int64_t g, uint64_t h,
                                              bool i, half j, float k, double l) {
  put(out, 0, a), put(out, 1, b), put(out, 2, c), put(out, 3, d), put(out, 4, e), put(out, 5, f), put(out, 6, g), put(out, 7, h);
  put(out, 8, i), put(out, 9, j), put(out, 10, k), put(out, 11, l);
  // As the program computes with them: the upper bits of the registers count too.
  put(out, 12, int64_t(a) + int64_t(c) + int64_t(e) + g);
  put(out, 13, uint64_t(b) + d + f + h + (i ? 1 : 0));
}

// Ten floating-point arguments: the last two travel as integers.
extern "C" __global__ __aicore__ void ten_floats(GM_ADDR out, float a, float b, float c, float d, float e, float f, float g, float h, float i, float j) {
  const float all[] = {a, b, c, d, e, f, g, h, i, j};
  for (uint32_t n = 0; n < 10; ++n) put(out, n, all[n]);
}

struct Small { uint32_t a; uint8_t b; };                 // one register
struct Middle { uint64_t a; uint32_t b; };               // two registers
struct Large { uint32_t rows, columns; float scale; uint64_t strides[3]; };  // by reference
struct OneFloat { float a; };                            // a floating-point register
struct TwoFloats { float a; double b; };                 // two floating-point registers
struct Mixed { int32_t a; float b; };                    // one of each
struct Nested { OneFloat x; struct { half y; } z; };     // flattened: two floating-point registers
struct ThreeFloats { float a, b, c; };                   // three members: integer registers

extern "C" __global__ __aicore__ void integer_structs(GM_ADDR out, Small s, Middle m, Large l, uint32_t last) {
  put(out, 0, s.a), put(out, 1, s.b), put(out, 2, m.a), put(out, 3, m.b);
  put(out, 4, l.rows), put(out, 5, l.columns), put(out, 6, l.scale), put(out, 7, l.strides[0]), put(out, 8, l.strides[2]), put(out, 9, last);
}
extern "C" __global__ __aicore__ void float_structs(GM_ADDR out, OneFloat f, TwoFloats t, Mixed m, Nested n, ThreeFloats h, float last) {
  put(out, 0, f.a), put(out, 1, t.a), put(out, 2, t.b), put(out, 3, m.a), put(out, 4, m.b), put(out, 5, n.x.a), put(out, 6, n.z.y);
  put(out, 7, h.a), put(out, 8, h.c), put(out, 9, last);
}
extern "C" __global__ __aicore__ void bfloat16(GM_ADDR out, bfloat16_t x) { put(out, 0, float(x)); }
