// The door of isa/: instructions as values, decode, encode, disassemble. Depends on nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vitruvian::isa {

// Pipe codes as in the hardware's instructions (facts: machine code, section 2).
enum class Pipe : std::uint8_t { S = 0, V = 1, M = 2, MTE1 = 3, MTE2 = 4, MTE3 = 5, ALL = 6, FIX = 10 };
const char* to_string(Pipe pipe);

enum class Op : std::uint16_t {
  illegal = 0,
#define VITRUVIAN_PIPE(op, format, pipe, code, cost, text, source) op,
#define VITRUVIAN_SCALAR(op, mnemonic, format, code, text) op,
#include "isa/instructions.def"
#undef VITRUVIAN_PIPE
#undef VITRUVIAN_SCALAR
  kCount
};

enum class Format : std::uint8_t;  // isa/formats.h: the encodings as data

// A decoded instruction. An unknown word is a value: op == Op::illegal with the raw bits in `word`.
struct Instruction {
  Op op = Op::illegal;
  std::uint8_t length = 4;  // bytes: 2 or 4
  std::uint8_t rd = 0, rs1 = 0, rs2 = 0, rs3 = 0;
  std::uint8_t rm = 0;      // floating-point rounding mode field
  std::int64_t imm = 0;     // sign-extended immediate; CSR number for Zicsr (zimm is in rs1); imm12 for PI rows
  std::uint32_t word = 0;
};

// Decodes one instruction from the low bits of `word` (16-bit instructions use the low half; compressed instructions
// decode to their own ops c_xxx with full register numbers and scaled immediates).
Instruction decode(std::uint32_t word);
// The word of an instruction; encode(decode(w)) == w (masked to its length) for every w that is not illegal.
std::uint32_t encode(const Instruction& instruction);
// "vadd_f32 a0, a1, a2, a3"; branch targets are absolute with `pc`.
std::string disassemble(const Instruction& instruction, std::uint64_t pc = 0);

const char* mnemonic(Op op);
bool is_pipe_operation(Op op);          // rows of VITRUVIAN_PIPE
Pipe pipe_of(Op op);                    // S for scalar and PI rows
std::string_view cost_class(Op op);     // of pipe rows; empty otherwise
int operand_count(Op op);               // 4, 3 or 1 for pipe rows
std::string_view operation_text(Op op);
std::string_view source_of(Op op);

// Architecture constants.
inline constexpr unsigned kBlockBytes = 32;
inline constexpr unsigned kRepeatBytes = 256;
inline constexpr unsigned kFractalBytes = 512;
inline constexpr unsigned kFractalSide = 16;
inline constexpr unsigned kL2LineBytes = 512;

}  // namespace vitruvian::isa
