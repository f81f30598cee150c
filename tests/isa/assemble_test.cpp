// What the compiler's assembler makes of `.insn` is the encoding of the table: the device headers rest on it.
#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "isa/formats.h"
#include "isa/instruction.h"
#include "isa/table.h"
#include "tests/isa/tool.h"

namespace vitruvian::isa {
namespace {

std::string x(unsigned number) { return "x" + std::to_string(number); }

std::string insn(const Row& row, const Instruction& i) {
  const std::string opcode = std::to_string(row.code & 0x7f), funct3 = std::to_string(row.code >> 12 & 7);
  switch (row.format) {
    case Format::P4:
      return ".insn r4 " + opcode + ", " + funct3 + ", " + std::to_string(row.code >> 25 & 3) + ", " + x(i.rd) + ", " + x(i.rs1) + ", " + x(i.rs2) +
             ", " + x(i.rs3);
    case Format::P3: return ".insn r " + opcode + ", " + funct3 + ", " + std::to_string(row.code >> 25) + ", " + x(i.rd) + ", " + x(i.rs1) + ", " + x(i.rs2);
    default: {
      const std::int64_t signed_imm = i.imm >= 2048 ? i.imm - 4096 : i.imm;  // the assembler takes 12 bits as signed
      return ".insn i " + opcode + ", " + funct3 + ", " + x(row.code >> 7 & 31) + ", " + x(i.rs1) + ", " + std::to_string(signed_imm);
    }
  }
}

TEST_CASE("clang assembles .insn of every pipe row to the code of the table") {
  if (std::string(VITRUVIAN_CLANG).empty() || std::string(VITRUVIAN_LLVM_OBJCOPY).empty()) SKIP("clang-19 or llvm-objcopy is not there");
  constexpr unsigned seed = 20256;
  std::mt19937 random(seed);
  INFO("seed " << seed);
  std::vector<Instruction> expected;
  std::string source = ".text\n";
  for (const Row& row : kRows) {
    if (!row.is_pipe_operation) continue;
    Instruction instruction = decode(row.code | (static_cast<std::uint32_t>(random()) & ~row.fixed_mask));
    expected.push_back(instruction);
    source += insn(row, instruction) + "\n";
  }
  const test::ScratchFolder folder;
  test::write_file(folder.file("a.s"), source);
  REQUIRE(test::run(std::string(VITRUVIAN_CLANG) + " --target=riscv64-unknown-elf -march=rv64gc -c " + folder.file("a.s") + " -o " + folder.file("a.o")) == 0);
  REQUIRE(test::run(std::string(VITRUVIAN_LLVM_OBJCOPY) + " -O binary -j .text " + folder.file("a.o") + " " + folder.file("a.bin")) == 0);
  const std::string code = test::read_file(folder.file("a.bin"));
  REQUIRE(code.size() == 4 * expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    std::uint32_t word = 0;
    std::memcpy(&word, code.data() + 4 * i, 4);
    CAPTURE(disassemble(expected[i]));
    CHECK(word == encode(expected[i]));
  }
}

}  // namespace
}  // namespace vitruvian::isa
