// decode and encode: both walk the pieces of a format, so they cannot disagree.
#include <array>
#include <vector>

#include "isa/formats.h"
#include "isa/instruction.h"
#include "isa/table.h"

namespace vitruvian::isa {
namespace {

constexpr std::uint32_t low_mask(unsigned width) { return (1u << width) - 1u; }

// Rows by the bits that distinguish most of them: a lookup then tries a handful of rows.
class DecodeIndex {
 public:
  DecodeIndex() {
    for (std::uint32_t key = 0; key < kKeys; ++key) {
      first_[key] = static_cast<std::uint16_t>(rows_.size());
      for (const Row& row : kRows)
        if (row.op != Op::illegal && possible(row, key)) rows_.push_back(&row);
    }
    first_[kKeys] = static_cast<std::uint16_t>(rows_.size());
  }

  const Row* find(std::uint32_t word) const {
    const std::uint32_t key = key_of(word);
    for (std::size_t i = first_[key]; i < first_[key + 1]; ++i)
      if (rows_[i]->matches(word)) return rows_[i];
    return nullptr;
  }

 private:
  // 32-bit words: bits 26:25, 14:12 (funct3), 6:2 (opcode). 16-bit words: bits 15:13 and 1:0, after those.
  static constexpr std::uint32_t kKeys32 = 1024, kKeys = kKeys32 + 32;

  static std::uint32_t key_of(std::uint32_t word) {
    if ((word & 3) != 3) return kKeys32 + ((word >> 13 & 7) << 2 | (word & 3));
    return (word >> 25 & 3) << 8 | (word >> 12 & 7) << 5 | (word >> 2 & 31);
  }
  static bool possible(const Row& row, std::uint32_t key) {
    const bool is_32 = key < kKeys32;
    if (is_32 != (info(row.format).length == 4)) return false;
    const std::uint32_t mask = is_32 ? 3u << 25 | 7u << 12 | 0x7fu : 7u << 13 | 3u;
    const std::uint32_t k = is_32 ? key : key - kKeys32;
    const std::uint32_t word = is_32 ? (k >> 8) << 25 | (k >> 5 & 7) << 12 | (k & 31) << 2 | 3u : (k >> 2) << 13 | (k & 3);
    return ((word ^ row.code) & mask & row.fixed_mask) == 0;
  }

  std::array<std::uint16_t, kKeys + 1> first_{};
  std::vector<const Row*> rows_;
};

const DecodeIndex& decode_index() {
  static const DecodeIndex index;
  return index;
}

std::uint8_t& register_operand(Instruction& instruction, Operand operand) {
  switch (operand) {
    case Operand::rd: return instruction.rd;
    case Operand::rs1: return instruction.rs1;
    case Operand::rs2: return instruction.rs2;
    case Operand::rs3: return instruction.rs3;
    default: return instruction.rm;
  }
}

std::uint64_t operand_value(const Instruction& instruction, Operand operand) {
  switch (operand) {
    case Operand::rd: return instruction.rd;
    case Operand::rs1: return instruction.rs1;
    case Operand::rs2: return instruction.rs2;
    case Operand::rs3: return instruction.rs3;
    case Operand::rm: return instruction.rm;
    default: return static_cast<std::uint64_t>(instruction.imm);
  }
}

std::int64_t sign_extend(std::uint64_t value, unsigned bits) {
  const unsigned shift = 64 - bits;
  return static_cast<std::int64_t>(value << shift) >> shift;
}

}  // namespace

Instruction decode(std::uint32_t word) {
  Instruction instruction;
  const bool compressed = (word & 3) != 3;
  instruction.length = compressed ? 2 : 4;
  instruction.word = compressed ? word & 0xffff : word;
  const Row* row = decode_index().find(instruction.word);
  if (row == nullptr) return instruction;

  instruction.op = row->op;
  const FormatInfo& format = info(row->format);
  std::uint64_t imm = 0;
  for (const Piece& piece : format.pieces) {
    if (piece.width == 0) break;
    const std::uint32_t bits = instruction.word >> piece.lo & low_mask(piece.width);
    if (piece.operand == Operand::imm)
      imm |= std::uint64_t{bits} << piece.to;
    else
      register_operand(instruction, piece.operand) = static_cast<std::uint8_t>(bits + piece.add);
  }
  instruction.imm = format.sign_bits == 0 ? static_cast<std::int64_t>(imm) : sign_extend(imm, format.sign_bits);
  for (const Implied& implied : format.implied) {
    if (implied.value == Implied::kNone) break;
    register_operand(instruction, implied.operand) = implied.value == Implied::kSameAsRd ? instruction.rd : implied.value;
  }
  return instruction;
}

std::uint32_t encode(const Instruction& instruction) {
  if (instruction.op == Op::illegal) return instruction.word;
  const Row& row = row_of(instruction.op);
  std::uint32_t word = row.code;
  for (const Piece& piece : info(row.format).pieces) {
    if (piece.width == 0) break;
    const std::uint64_t value = operand_value(instruction, piece.operand) - piece.add;
    word |= (static_cast<std::uint32_t>(value >> piece.to) & low_mask(piece.width)) << piece.lo;
  }
  return word;
}

}  // namespace vitruvian::isa
