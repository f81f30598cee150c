// The instruction formats as data: encoder, decoder, disassembler and docs/instructions.md read this one description.
//
//   bits of a word = fixed bits (given by the table row) + pieces (operands); a piece moves `width` bits from bit `lo` of
//   the word to bit `to` of the operand's value. Scattered and scaled immediates are several pieces with their own `to`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "isa/instruction.h"

namespace vitruvian::isa {

enum class Operand : std::uint8_t { rd, rs1, rs2, rs3, rm, imm };

struct Piece {
  Operand operand{};
  std::uint8_t lo = 0, width = 0;  // bits of the word; width 0 ends the list
  std::uint8_t to = 0;             // lowest bit in the operand's value
  std::uint8_t add = 0;            // 8 for the three-bit register fields of compressed instructions
};

// An operand that has no bits in the word: a constant register, or the same register as rd.
struct Implied {
  static constexpr std::uint8_t kNone = 0xff, kSameAsRd = 0xfe;
  Operand operand{};
  std::uint8_t value = kNone;  // kNone ends the list
};

// A value of operand bits that is reserved or belongs to another row: a word with (word & mask) == value is not of this
// format. mask 0 ends the list.
struct Excluded {
  std::uint32_t mask = 0, value = 0;
};

enum class Format : std::uint8_t {
  R, I, SHIFT6, SHIFT5, MEM, STORE, B, U, J, FENCE, FIXED, CSR, CSRI,
  FLOAD, FSTORE, FR, FRM, FR4, FR1, FR1X, FTOI, ITOF, ITOFX, FCMP, FMVX, FMVF,
  C_ADDI4SPN, C_LW, C_LD, C_FLD, C_SW, C_SD, C_FSD,
  C_NOP, C_ADDI, C_LI, C_ADDI16SP, C_LUI, C_SHIFT, C_ANDI, C_ARITH, C_J, C_B,
  C_SLLI, C_LWSP, C_LDSP, C_FLDSP, C_SWSP, C_SDSP, C_FSDSP, C_JR, C_JALR, C_MV, C_ADD, C_FIXED,
  P4, P3, PI,
  kCount
};

struct FormatInfo {
  Format id{};
  const char* name = "";
  std::uint8_t length = 4;
  // Operands as written, one letter each, all else verbatim. Registers: d s t r = rd rs1 rs2 rs3, capitals for
  // floating-point ones. i immediate, o immediate unless 0, u immediate >> 12 as 20 bits, b branch target, c CSR, z zimm,
  // m rounding mode unless dyn, M rounding mode unless rne (conversions that are always exact), f fence sets, p PI operands.
  const char* syntax = "";
  std::uint8_t sign_bits = 0;  // width of the immediate's value when it is signed; 0: zero-extended
  std::array<Piece, 10> pieces{};
  std::array<Implied, 2> implied{};
  std::array<Excluded, 2> excluded{};

  // The bits of a word that no operand occupies: a table row's code fixes them.
  constexpr std::uint32_t fixed_mask() const {
    std::uint32_t operands = 0;
    for (const Piece& piece : pieces) operands |= ((1u << piece.width) - 1u) << piece.lo;
    return (length == 2 ? 0xffffu : 0xffff'ffffu) & ~operands;
  }
};

namespace detail {
inline constexpr Piece kRd{Operand::rd, 7, 5}, kRs1{Operand::rs1, 15, 5}, kRs2{Operand::rs2, 20, 5}, kRs3{Operand::rs3, 27, 5},
    kRm{Operand::rm, 12, 3}, kImm12{Operand::imm, 20, 12};
inline constexpr Piece kImm5Low{Operand::imm, 7, 5}, kImm7High{Operand::imm, 25, 7, 5};
// Compressed: full register fields at 11:7 and 6:2, three-bit ones at 9:7 and 4:2, the six-bit immediate 12|6:2.
inline constexpr Piece kCRd{Operand::rd, 7, 5}, kCRs1{Operand::rs1, 7, 5}, kCRs2{Operand::rs2, 2, 5};
inline constexpr Piece kCRdLow{Operand::rd, 2, 3, 0, 8}, kCRs2Low{Operand::rs2, 2, 3, 0, 8}, kCRdHigh{Operand::rd, 7, 3, 0, 8},
    kCRs1High{Operand::rs1, 7, 3, 0, 8};
inline constexpr Piece kCImm5{Operand::imm, 12, 1, 5}, kCImm4To0{Operand::imm, 2, 5, 0}, kCImm5To3{Operand::imm, 10, 3, 3};
constexpr Piece imm(unsigned lo, unsigned width, unsigned to) {
  return {Operand::imm, static_cast<std::uint8_t>(lo), static_cast<std::uint8_t>(width), static_cast<std::uint8_t>(to)};
}
inline constexpr Implied kRs1IsSp{Operand::rs1, 2}, kRs1IsZero{Operand::rs1, 0}, kRs2IsZero{Operand::rs2, 0}, kRdIsZero{Operand::rd, 0},
    kRdIsRa{Operand::rd, 1}, kRdIsSp{Operand::rd, 2}, kRs1IsRd{Operand::rs1, Implied::kSameAsRd};
inline constexpr Excluded kRm5{0x7000, 0x5000}, kRm6{0x7000, 0x6000};  // reserved rounding modes
inline constexpr Excluded kCRdZero{0x0f80, 0}, kCRdSp{0x0f80, 2 << 7}, kCRs2Zero{0x007c, 0}, kCImm6Zero{0x107c, 0};
}  // namespace detail

// Source: the RISC-V instruction set manual (unprivileged); P4, P3, PI are ours.
inline constexpr auto kFormats = [] {
  using namespace detail;
  using enum Format;
  return std::array<FormatInfo, static_cast<std::size_t>(Format::kCount)>{{
      {R, "R", 4, "d, s, t", 0, {kRd, kRs1, kRs2}},
      {I, "I", 4, "d, s, i", 12, {kRd, kRs1, kImm12}},
      {SHIFT6, "SHIFT6", 4, "d, s, i", 0, {kRd, kRs1, imm(20, 6, 0)}},
      {SHIFT5, "SHIFT5", 4, "d, s, i", 0, {kRd, kRs1, imm(20, 5, 0)}},
      {MEM, "MEM", 4, "d, i(s)", 12, {kRd, kRs1, kImm12}},
      {STORE, "STORE", 4, "t, i(s)", 12, {kRs1, kRs2, kImm5Low, kImm7High}},
      {B, "B", 4, "s, t, b", 13, {kRs1, kRs2, imm(31, 1, 12), imm(7, 1, 11), imm(25, 6, 5), imm(8, 4, 1)}},
      {U, "U", 4, "d, u", 32, {kRd, imm(12, 20, 12)}},
      {J, "J", 4, "d, b", 21, {kRd, imm(31, 1, 20), imm(12, 8, 12), imm(20, 1, 11), imm(21, 10, 1)}},
      {FENCE, "FENCE", 4, "f", 0, {imm(20, 8, 0)}},
      {FIXED, "FIXED", 4, "", 0, {}},
      {CSR, "CSR", 4, "d, c, s", 0, {kRd, kRs1, kImm12}},
      {CSRI, "CSRI", 4, "d, c, z", 0, {kRd, kRs1, kImm12}},

      {FLOAD, "FLOAD", 4, "D, i(s)", 12, {kRd, kRs1, kImm12}},
      {FSTORE, "FSTORE", 4, "T, i(s)", 12, {kRs1, kRs2, kImm5Low, kImm7High}},
      {FR, "FR", 4, "D, S, T", 0, {kRd, kRs1, kRs2}},
      {FRM, "FRM", 4, "D, S, Tm", 0, {kRd, kRs1, kRs2, kRm}, {}, {kRm5, kRm6}},
      {FR4, "FR4", 4, "D, S, T, Rm", 0, {kRd, kRs1, kRs2, kRs3, kRm}, {}, {kRm5, kRm6}},
      {FR1, "FR1", 4, "D, Sm", 0, {kRd, kRs1, kRm}, {}, {kRm5, kRm6}},
      {FR1X, "FR1X", 4, "D, SM", 0, {kRd, kRs1, kRm}, {}, {kRm5, kRm6}},
      {FTOI, "FTOI", 4, "d, Sm", 0, {kRd, kRs1, kRm}, {}, {kRm5, kRm6}},
      {ITOF, "ITOF", 4, "D, sm", 0, {kRd, kRs1, kRm}, {}, {kRm5, kRm6}},
      {ITOFX, "ITOFX", 4, "D, sM", 0, {kRd, kRs1, kRm}, {}, {kRm5, kRm6}},
      {FCMP, "FCMP", 4, "d, S, T", 0, {kRd, kRs1, kRs2}},
      {FMVX, "FMVX", 4, "d, S", 0, {kRd, kRs1}},
      {FMVF, "FMVF", 4, "D, s", 0, {kRd, kRs1}},

      {C_ADDI4SPN, "C_ADDI4SPN", 2, "d, s, i", 0, {kCRdLow, imm(11, 2, 4), imm(7, 4, 6), imm(6, 1, 2), imm(5, 1, 3)}, {kRs1IsSp}, {{{0x1fe0, 0}}}},
      {C_LW, "C_LW", 2, "d, i(s)", 0, {kCRdLow, kCRs1High, kCImm5To3, imm(6, 1, 2), imm(5, 1, 6)}},
      {C_LD, "C_LD", 2, "d, i(s)", 0, {kCRdLow, kCRs1High, kCImm5To3, imm(5, 2, 6)}},
      {C_FLD, "C_FLD", 2, "D, i(s)", 0, {kCRdLow, kCRs1High, kCImm5To3, imm(5, 2, 6)}},
      {C_SW, "C_SW", 2, "t, i(s)", 0, {kCRs2Low, kCRs1High, kCImm5To3, imm(6, 1, 2), imm(5, 1, 6)}},
      {C_SD, "C_SD", 2, "t, i(s)", 0, {kCRs2Low, kCRs1High, kCImm5To3, imm(5, 2, 6)}},
      {C_FSD, "C_FSD", 2, "T, i(s)", 0, {kCRs2Low, kCRs1High, kCImm5To3, imm(5, 2, 6)}},

      {C_NOP, "C_NOP", 2, "o", 6, {kCImm5, kCImm4To0}},  // a non-zero immediate is a hint
      {C_ADDI, "C_ADDI", 2, "d, i", 6, {kCRd, kCImm5, kCImm4To0}, {kRs1IsRd}, {kCRdZero}},
      {C_LI, "C_LI", 2, "d, i", 6, {kCRd, kCImm5, kCImm4To0}, {kRs1IsZero}},
      {C_ADDI16SP, "C_ADDI16SP", 2, "d, i", 10, {imm(12, 1, 9), imm(6, 1, 4), imm(5, 1, 6), imm(3, 2, 7), imm(2, 1, 5)}, {kRdIsSp, kRs1IsSp}, {kCImm6Zero}},
      {C_LUI, "C_LUI", 2, "d, u", 18, {kCRd, imm(12, 1, 17), imm(2, 5, 12)}, {}, {kCRdSp, kCImm6Zero}},
      {C_SHIFT, "C_SHIFT", 2, "d, i", 0, {kCRdHigh, kCImm5, kCImm4To0}, {kRs1IsRd}},
      {C_ANDI, "C_ANDI", 2, "d, i", 6, {kCRdHigh, kCImm5, kCImm4To0}, {kRs1IsRd}},
      {C_ARITH, "C_ARITH", 2, "d, t", 0, {kCRdHigh, kCRs2Low}, {kRs1IsRd}},
      {C_J, "C_J", 2, "b", 12, {imm(12, 1, 11), imm(11, 1, 4), imm(9, 2, 8), imm(8, 1, 10), imm(7, 1, 6), imm(6, 1, 7), imm(3, 3, 1), imm(2, 1, 5)}, {kRdIsZero}},
      {C_B, "C_B", 2, "s, b", 9, {kCRs1High, imm(12, 1, 8), imm(10, 2, 3), imm(5, 2, 6), imm(3, 2, 1), imm(2, 1, 5)}, {kRs2IsZero}},

      {C_SLLI, "C_SLLI", 2, "d, i", 0, {kCRd, kCImm5, kCImm4To0}, {kRs1IsRd}},
      {C_LWSP, "C_LWSP", 2, "d, i(s)", 0, {kCRd, kCImm5, imm(4, 3, 2), imm(2, 2, 6)}, {kRs1IsSp}, {kCRdZero}},
      {C_LDSP, "C_LDSP", 2, "d, i(s)", 0, {kCRd, kCImm5, imm(5, 2, 3), imm(2, 3, 6)}, {kRs1IsSp}, {kCRdZero}},
      {C_FLDSP, "C_FLDSP", 2, "D, i(s)", 0, {kCRd, kCImm5, imm(5, 2, 3), imm(2, 3, 6)}, {kRs1IsSp}},
      {C_SWSP, "C_SWSP", 2, "t, i(s)", 0, {kCRs2, imm(9, 4, 2), imm(7, 2, 6)}, {kRs1IsSp}},
      {C_SDSP, "C_SDSP", 2, "t, i(s)", 0, {kCRs2, imm(10, 3, 3), imm(7, 3, 6)}, {kRs1IsSp}},
      {C_FSDSP, "C_FSDSP", 2, "T, i(s)", 0, {kCRs2, imm(10, 3, 3), imm(7, 3, 6)}, {kRs1IsSp}},
      {C_JR, "C_JR", 2, "s", 0, {kCRs1}, {kRdIsZero}, {kCRdZero}},
      {C_JALR, "C_JALR", 2, "s", 0, {kCRs1}, {kRdIsRa}, {kCRdZero}},
      {C_MV, "C_MV", 2, "d, t", 0, {kCRd, kCRs2}, {kRs1IsZero}, {kCRs2Zero}},
      {C_ADD, "C_ADD", 2, "d, t", 0, {kCRd, kCRs2}, {kRs1IsRd}, {kCRs2Zero}},
      {C_FIXED, "C_FIXED", 2, "", 0, {}},

      {P4, "P4", 4, "d, s, t, r", 0, {kRd, kRs1, kRs2, kRs3}},
      {P3, "P3", 4, "d, s, t", 0, {kRd, kRs1, kRs2}},
      {PI, "PI", 4, "p", 0, {kRs1, kImm12}},
  }};
}();

constexpr const FormatInfo& info(Format format) { return kFormats[static_cast<std::size_t>(format)]; }

}  // namespace vitruvian::isa
