// One inline function for each pipe row of isa/instructions.def (vitruvian::op::NAME), and access to the special
// registers of isa/special_registers.def (vitruvian::spr). Operations of the other core kind compile to nothing.
#pragma once

#include "isa/control_words.h"
#include "vitruvian/types.h"

namespace vitruvian::op {

using Word = unsigned long long;

consteval bool contains(const char* text, const char* word) {
  for (; *text; ++text) {
    const char* a = text;
    const char* b = word;
    while (*b && *a == *b) ++a, ++b;
    if (!*b) return true;
  }
  return false;
}

enum class RowPipe { S, V, M, MTE1, MTE2, MTE3, FIX };

// Does this core kind have the operation? MTE2 and MTE3 exist in both: their rows name the buffer.
consteval bool exists_here(RowPipe pipe, const char* name) {
  if (pipe == RowPipe::S) return true;
  if (pipe == RowPipe::V) return g_coreType == AIV;
  if (pipe == RowPipe::MTE2 || pipe == RowPipe::MTE3) return contains(name, "ubuf") == (g_coreType == AIV);
  return g_coreType == AIC;
}

// The register operands of P4 and P3 rows are all sources; %z prints the zero register for a constant 0.
#define VITRUVIAN_OP_P4(op, pipe, code)                                                                              \
  VITRUVIAN_INLINE void op(Word dst, Word a, Word b, Word c) {                                                       \
    if constexpr (exists_here(RowPipe::pipe, #op))                                                                   \
      asm volatile(".insn r4 %0, %1, %2, %z3, %z4, %z5, %z6" ::"i"((code) & 0x7f), "i"((code) >> 12 & 7),            \
                   "i"((code) >> 25 & 3), "rJ"(dst), "rJ"(a), "rJ"(b), "rJ"(c)                                       \
                   : "memory");                                                                                      \
  }
#define VITRUVIAN_OP_P3(op, pipe, code)                                                                              \
  VITRUVIAN_INLINE void op(Word dst, Word a, Word b) {                                                               \
    if constexpr (exists_here(RowPipe::pipe, #op))                                                                   \
      asm volatile(".insn r %0, %1, %2, %z3, %z4, %z5" ::"i"((code) & 0x7f), "i"((code) >> 12 & 7),                  \
                   "i"((code) >> 25 & 0x7f), "rJ"(dst), "rJ"(a), "rJ"(b)                                             \
                   : "memory");                                                                                      \
  }
// PI: the immediate must be a constant after inlining.
#define VITRUVIAN_OP_PI(op, pipe, code)                                                                              \
  VITRUVIAN_INLINE void op(Word value, int imm) {                                                                    \
    asm volatile(".insn i %0, 7, x%1, %z2, %3" ::"i"((code) & 0x7f), "i"((code) >> 7 & 31), "rJ"(value), "i"(imm)    \
                 : "memory");                                                                                        \
  }
#define VITRUVIAN_PIPE(op, format, pipe, code, cost, text, source) VITRUVIAN_OP_##format(op, pipe, code)
#define VITRUVIAN_SCALAR(op, mnemonic, format, code, text)
#include "isa/instructions.def"
#undef VITRUVIAN_PIPE
#undef VITRUVIAN_SCALAR
#undef VITRUVIAN_OP_P4
#undef VITRUVIAN_OP_P3
#undef VITRUVIAN_OP_PI

}  // namespace vitruvian::op

namespace vitruvian::spr {

enum Register : int {
#define VITRUVIAN_SPR(identifier, csr, access, meaning, source) identifier = csr,
#include "isa/special_registers.def"
#undef VITRUVIAN_SPR
};

template <Register number>
VITRUVIAN_INLINE void write(unsigned long long value) {
  asm volatile("csrw %0, %z1" ::"i"(number), "rJ"(value));
}
template <Register number>
VITRUVIAN_INLINE unsigned long long read() {
  unsigned long long value;
  asm volatile("csrr %0, %1" : "=r"(value) : "i"(number) : "memory");
  return value;
}
// A register that does not change while a kernel runs: the compiler may read it once.
template <Register number>
VITRUVIAN_INLINE unsigned long long read_constant() {
  unsigned long long value;
  asm("csrr %0, %1" : "=r"(value) : "i"(number));
  return value;
}
template <Register number>
VITRUVIAN_INLINE void set_bits(unsigned long long bits) {
  asm volatile("csrs %0, %1" ::"i"(number), "r"(bits));
}
template <Register number>
VITRUVIAN_INLINE void clear_bits(unsigned long long bits) {
  asm volatile("csrc %0, %1" ::"i"(number), "r"(bits));
}

}  // namespace vitruvian::spr
