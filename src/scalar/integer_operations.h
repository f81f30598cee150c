// What the integer instructions of RV64IM compute, beside the manual: rd = compute(op, rs1, rs2, imm, pc).
#pragma once

#include <cstdint>
#include <limits>

#include "isa/instruction.h"

namespace vitruvian::scalar {

namespace integer {
__extension__ using Wide = unsigned __int128;
__extension__ using SignedWide = __int128;

inline std::int64_t s64(std::uint64_t x) { return static_cast<std::int64_t>(x); }
inline std::uint64_t u64(std::int64_t x) { return static_cast<std::uint64_t>(x); }
inline std::int32_t s32(std::uint64_t x) { return static_cast<std::int32_t>(x); }
inline std::uint32_t u32(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
inline std::uint64_t sext32(std::uint64_t x) { return u64(std::int64_t{s32(x)}); }

// Division by zero gives all ones and the dividend; the one signed overflow gives the dividend and zero.
template <class T>
T divide(T a, T b) {
  if (b == 0) return static_cast<T>(-1);
  if constexpr (std::numeric_limits<T>::is_signed)
    if (a == std::numeric_limits<T>::min() && b == -1) return a;
  return static_cast<T>(a / b);
}
template <class T>
T remainder(T a, T b) {
  if (b == 0) return a;
  if constexpr (std::numeric_limits<T>::is_signed)
    if (b == -1) return 0;
  return static_cast<T>(a % b);
}

inline std::uint64_t high(Wide product) { return static_cast<std::uint64_t>(product >> 64); }
inline std::uint64_t high(SignedWide product) { return static_cast<std::uint64_t>(product >> 64); }
}  // namespace integer

inline std::uint64_t compute(isa::Op op, std::uint64_t a, std::uint64_t b, std::int64_t imm, std::uint64_t pc) {
  using namespace integer;
  using isa::Op;
  const std::uint64_t i = u64(imm);
  switch (op) {
    case Op::lui: return i;
    case Op::auipc: return pc + i;
    case Op::addi: return a + i;
    case Op::slti: return s64(a) < imm;
    case Op::sltiu: return a < i;
    case Op::xori: return a ^ i;
    case Op::ori: return a | i;
    case Op::andi: return a & i;
    case Op::slli: return a << i;
    case Op::srli: return a >> i;
    case Op::srai: return u64(s64(a) >> i);
    case Op::add: return a + b;
    case Op::sub: return a - b;
    case Op::sll: return a << (b & 63);
    case Op::slt: return s64(a) < s64(b);
    case Op::sltu: return a < b;
    case Op::xor_: return a ^ b;
    case Op::srl: return a >> (b & 63);
    case Op::sra: return u64(s64(a) >> (b & 63));
    case Op::or_: return a | b;
    case Op::and_: return a & b;
    case Op::addiw: return sext32(a + i);
    case Op::slliw: return sext32(a << i);
    case Op::srliw: return sext32(u32(a) >> i);
    case Op::sraiw: return u64(std::int64_t{s32(a) >> i});
    case Op::addw: return sext32(a + b);
    case Op::subw: return sext32(a - b);
    case Op::sllw: return sext32(a << (b & 31));
    case Op::srlw: return sext32(u32(a) >> (b & 31));
    case Op::sraw: return u64(std::int64_t{s32(a) >> (b & 31)});
    case Op::mul: return a * b;
    case Op::mulh: return high(static_cast<SignedWide>(s64(a)) * s64(b));
    case Op::mulhsu: return high(static_cast<SignedWide>(s64(a)) * static_cast<SignedWide>(b));
    case Op::mulhu: return high(static_cast<Wide>(a) * b);
    case Op::div: return u64(divide(s64(a), s64(b)));
    case Op::divu: return divide(a, b);
    case Op::rem: return u64(remainder(s64(a), s64(b)));
    case Op::remu: return remainder(a, b);
    case Op::mulw: return sext32(a * b);
    case Op::divw: return sext32(u32(u64(divide(s32(a), s32(b)))));
    case Op::divuw: return sext32(divide(u32(a), u32(b)));
    case Op::remw: return sext32(u32(u64(remainder(s32(a), s32(b)))));
    case Op::remuw: return sext32(remainder(u32(a), u32(b)));
    default: return 0;  // fences: the result goes nowhere
  }
}

inline bool is_taken(isa::Op op, std::uint64_t a, std::uint64_t b) {
  using namespace integer;
  using isa::Op;
  switch (op) {
    case Op::beq: return a == b;
    case Op::bne: return a != b;
    case Op::blt: return s64(a) < s64(b);
    case Op::bge: return s64(a) >= s64(b);
    case Op::bltu: return a < b;
    default: return a >= b;  // bgeu
  }
}

}  // namespace vitruvian::scalar
