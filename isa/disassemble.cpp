// Instructions as text: the format's syntax string says which operands are written and how.
#include <array>
#include <cstdio>
#include <string>

#include "isa/control_words.h"
#include "isa/formats.h"
#include "isa/instruction.h"
#include "isa/special_registers.h"
#include "isa/table.h"

namespace vitruvian::isa {
namespace {

constexpr std::array kIntegerNames{"zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5",
                                   "a6",   "a7", "s2", "s3", "s4",  "s5",  "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
constexpr std::array kFloatNames{"ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6",  "ft7",  "fs0", "fs1", "fa0", "fa1", "fa2",  "fa3",  "fa4", "fa5",
                                 "fa6", "fa7", "fs2", "fs3", "fs4", "fs5", "fs6",  "fs7",  "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11"};
constexpr std::array kRoundingModes{"rne", "rtz", "rdn", "rup", "rmm", "?", "?", "dyn"};

std::string hexadecimal(std::uint64_t value) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(value));
  return text.data();
}

std::string fence_set(std::uint64_t bits) {
  if (bits == 0) return "0";
  std::string text;
  if ((bits & 8) != 0) text += 'i';
  if ((bits & 4) != 0) text += 'o';
  if ((bits & 2) != 0) text += 'r';
  if ((bits & 1) != 0) text += 'w';
  return text;
}

std::string pipe_name(Word code) {
  const std::string name = to_string(static_cast<Pipe>(code));
  return name == "?" ? std::to_string(code) : name;
}

// An immediate to which the register adds: "3", "a0", "3 + a0".
std::string immediate_plus_register(Word imm, unsigned rs1) {
  if (rs1 == 0) return std::to_string(imm);
  if (imm == 0) return kIntegerNames[rs1];
  return std::to_string(imm) + " + " + kIntegerNames[rs1];
}

// Operands of PI rows: what the immediate means differs from row to row.
std::string pi_operands(const Instruction& instruction) {
  const Word imm = static_cast<Word>(instruction.imm);
  const char* rs1 = kIntegerNames[instruction.rs1];
  switch (instruction.op) {
    case Op::set_flag:
    case Op::wait_flag:
      return pipe_name(sync_imm::src_pipe.get(imm)) + " -> " + pipe_name(sync_imm::dst_pipe.get(imm)) + ", " +
             immediate_plus_register(sync_imm::id.get(imm), instruction.rs1);
    case Op::pipe_barrier: return pipe_name(imm) + (instruction.rs1 != 0 ? std::string(", ") + rs1 : "");
    case Op::ffts_cross_core_sync: return pipe_name(imm) + ", " + rs1;
    case Op::wait_flag_dev: return immediate_plus_register(imm, instruction.rs1);
    default: return std::string(rs1) + (imm != 0 ? ", " + std::to_string(imm) : "");
  }
}

std::string operand_text(char letter, const Instruction& instruction, std::uint64_t pc) {
  switch (letter) {
    case 'd': return kIntegerNames[instruction.rd];
    case 's': return kIntegerNames[instruction.rs1];
    case 't': return kIntegerNames[instruction.rs2];
    case 'r': return kIntegerNames[instruction.rs3];
    case 'D': return kFloatNames[instruction.rd];
    case 'S': return kFloatNames[instruction.rs1];
    case 'T': return kFloatNames[instruction.rs2];
    case 'R': return kFloatNames[instruction.rs3];
    case 'i': return std::to_string(instruction.imm);
    case 'o': return instruction.imm != 0 ? std::to_string(instruction.imm) : "";
    case 'u': return std::to_string(static_cast<std::uint64_t>(instruction.imm) >> 12 & 0xfffff);
    case 'b': return hexadecimal(pc + static_cast<std::uint64_t>(instruction.imm));
    case 'c': return csr_name(static_cast<std::uint64_t>(instruction.imm));
    case 'z': return std::to_string(instruction.rs1);
    case 'm': return instruction.rm != 7 ? std::string(", ") + kRoundingModes[instruction.rm & 7] : "";
    case 'M': return instruction.rm != 0 ? std::string(", ") + kRoundingModes[instruction.rm & 7] : "";
    case 'f': return fence_set(static_cast<std::uint64_t>(instruction.imm) >> 4 & 15) + ", " + fence_set(static_cast<std::uint64_t>(instruction.imm) & 15);
    case 'p': return pi_operands(instruction);
    default: return std::string(1, letter);
  }
}

}  // namespace

std::string disassemble(const Instruction& instruction, std::uint64_t pc) {
  if (instruction.op == Op::illegal) return "illegal " + hexadecimal(instruction.word);
  const Row& row = row_of(instruction.op);
  std::string operands;
  for (const char* letter = info(row.format).syntax; *letter != '\0'; ++letter) operands += operand_text(*letter, instruction, pc);
  return operands.empty() ? row.mnemonic : std::string(row.mnemonic) + ' ' + operands;
}

}  // namespace vitruvian::isa
