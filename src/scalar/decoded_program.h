// A program decoded once for all cores: one entry for each half-word of code, so that a program counter is an index.
// Compressed instructions appear as what they stand for; registers are indices into one file of x and f registers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "isa/instruction.h"
#include "src/scalar/front_end.h"

namespace vitruvian::scalar {

// Registers: x0..x31, f0..f31, and a place for results that go to x0.
inline constexpr std::uint8_t kFloatRegisters = 32, kScrap = 64;
inline constexpr std::size_t kRegisters = 65;

// What the run loop does with an instruction. From `load` on it may stop the run.
enum class Group : std::uint8_t { compute, floating, branch, jump, jump_register, load, store, csr, issue4, issue3, issue_immediate, system, illegal, outside };

enum class Latency : std::uint8_t { alu, mul, div, fp, fdiv, kCount };

enum class FloatOp : std::uint8_t {
  add, subtract, multiply, divide, square_root, madd, msub, nmsub, nmadd, sign, sign_not, sign_xor, minimum, maximum,
  equal, less, less_equal, classify, move_to_x, move_from_x, to_w, to_wu, to_l, to_lu, from_w, from_wu, from_l, from_lu,
  from_half, from_single, from_double, from_bfloat16, to_bfloat16,
};
enum class FloatWidth : std::uint8_t { half, single, full };

// Loads: what becomes of the bytes.
enum class Extension : std::uint8_t { sign, zero, box };

// Access of a CSR instruction, known at decode.
enum class CsrKind : std::uint8_t { unknown, standard, counter, rw, ro, result };

struct Decoded {
  Group group = Group::outside;
  std::uint8_t slots = 2;        // half-words
  std::uint8_t rd = kScrap, rs1 = 0, rs2 = 0, rs3 = 0;
  std::uint8_t rounding = 0;     // rm field
  std::uint8_t detail = 0;       // FloatOp, Extension, CsrKind, isa::Pipe by group
  isa::Op op = isa::Op::illegal;
  std::uint8_t width = 0;        // FloatWidth; log2 of bytes of a load or store; zimm of a CSR instruction
  Latency latency = Latency::alu;
  std::int32_t imm = 0;          // branches and jumps: in half-words
};
static_assert(sizeof(Decoded) == 16);

class DecodedProgram {
 public:
  explicit DecodedProgram(const Program& program);

  const Program& program() const { return program_; }
  const Decoded* begin() const { return table_.data(); }
  const Decoded* end() const { return table_.data() + slots_; }  // two entries `outside` follow
  std::uint64_t code_end() const { return program_.code_base + program_.code.size(); }
  bool contains(std::uint64_t address) const { return address >= program_.code_base && address < code_end() && address % 2 == 0; }
  const Decoded* at(std::uint64_t address) const { return begin() + (address - program_.code_base) / 2; }
  std::uint64_t address_of(const Decoded* entry) const { return program_.code_base + 2 * static_cast<std::uint64_t>(entry - begin()); }
  // The instruction's bits at an address inside the code; bits behind its end are zero.
  std::uint32_t word_at(std::uint64_t address) const;

 private:
  const Program& program_;
  std::size_t slots_;
  std::vector<Decoded> table_;
};

}  // namespace vitruvian::scalar
