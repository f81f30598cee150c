// Atomic writes into global memory: what SetAtomicAdd/Max/Min make of the transfers that write GM (MTE3, FIX).
#pragma once

#include <cstdint>

namespace vitruvian::mte {

// Codes of CTRL.atomic_type and CTRL.atomic_op.
enum class AtomicType : std::uint8_t { none = 0, f32 = 1, f16 = 2, s16 = 3, s32 = 4, s8 = 5, bf16 = 6 };
enum class AtomicOp : std::uint8_t { add = 0, max = 1, min = 2 };

struct Atomic {
  AtomicType type = AtomicType::none;
  AtomicOp op = AtomicOp::add;
  explicit operator bool() const { return type != AtomicType::none; }
};

Atomic atomic_of(std::uint64_t ctrl);
bool valid(Atomic atomic);
unsigned element_bytes(AtomicType type);  // 0 for none

// gm[i] = op(gm[i], source[i]); bytes beyond the last whole element are left alone. Integer addition wraps; 16-bit
// floating-point addition rounds once to nearest even; max and min of a NaN and a number are the number.
void apply_atomic(std::uint8_t* gm, const std::uint8_t* source, std::uint64_t bytes, Atomic atomic);
// Plain copy, or apply_atomic.
void write_gm(std::uint8_t* gm, const std::uint8_t* source, std::uint64_t bytes, Atomic atomic);

}  // namespace vitruvian::mte
