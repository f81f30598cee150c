#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <random>

#include "isa/formats.h"
#include "isa/instruction.h"
#include "isa/table.h"

namespace vitruvian::isa {
namespace {

// Plain loops count failures; a CHECK for each of millions of words would dominate the run time.
TEST_CASE("every row round-trips with random operands") {
  constexpr unsigned seed = 20251;
  std::mt19937 random(seed);
  INFO("seed " << seed);
  for (const Row& row : kRows) {
    if (row.op == Op::illegal) continue;
    INFO(row.mnemonic);
    const std::uint32_t all = info(row.format).length == 2 ? 0xffffu : 0xffff'ffffu;
    int tried = 0, wrong_op = 0, wrong_word = 0, wrong_length = 0;
    for (int i = 0; i < 1000; ++i) {
      const std::uint32_t word = (row.code | (static_cast<std::uint32_t>(random()) & ~row.fixed_mask)) & all;
      if (!row.matches(word)) continue;
      ++tried;
      const Instruction instruction = decode(word);
      wrong_op += instruction.op != row.op;
      wrong_length += instruction.length != info(row.format).length;
      wrong_word += encode(instruction) != word;
    }
    CHECK(tried > 500);
    CHECK(wrong_op == 0);
    CHECK(wrong_length == 0);
    CHECK(wrong_word == 0);
  }
}

TEST_CASE("2 million random 32-bit words that decode encode to themselves") {
  constexpr unsigned seed = 20252;
  std::mt19937 random(seed);
  INFO("seed " << seed);
  int legal = 0, wrong = 0;
  for (int i = 0; i < 2'000'000; ++i) {
    const std::uint32_t word = static_cast<std::uint32_t>(random()) | 3u;
    const Instruction instruction = decode(word);
    wrong += encode(instruction) != word || instruction.word != word || instruction.length != 4;
    legal += instruction.op != Op::illegal;
  }
  CHECK(legal > 500'000);
  CHECK(wrong == 0);
}

TEST_CASE("all 16-bit words that decode encode to themselves, whatever follows them") {
  int wrong = 0, legal = 0;
  for (std::uint32_t word = 0; word < 0x10000; ++word) {
    if ((word & 3) == 3) continue;
    const Instruction instruction = decode(0xdead'0000u | word);
    wrong += encode(instruction) != word || instruction.word != word || instruction.length != 2;
    legal += instruction.op != Op::illegal;
  }
  CHECK(legal > 40'000);
  CHECK(wrong == 0);
}

TEST_CASE("compressed registers expand and implied ones are filled in") {
  for (std::uint32_t word = 0; word < 0x10000; ++word) {
    if ((word & 3) == 3) continue;
    const Instruction i = decode(word);
    switch (i.op) {
      case Op::c_lw: REQUIRE((i.rd >= 8 && i.rd < 16 && i.rs1 >= 8 && i.rs1 < 16 && i.imm % 4 == 0)); break;
      case Op::c_ldsp: REQUIRE((i.rd != 0 && i.rs1 == 2 && i.imm % 8 == 0 && i.imm < 512)); break;
      case Op::c_addi4spn: REQUIRE((i.rs1 == 2 && i.imm > 0 && i.imm % 4 == 0 && i.imm < 1024)); break;
      case Op::c_addi16sp: REQUIRE((i.rd == 2 && i.rs1 == 2 && i.imm != 0 && i.imm % 16 == 0)); break;
      case Op::c_add: REQUIRE((i.rd == i.rs1 && i.rs2 != 0)); break;
      case Op::c_mv: REQUIRE((i.rs1 == 0 && i.rs2 != 0)); break;
      case Op::c_jr: REQUIRE((i.rd == 0 && i.rs1 != 0)); break;
      case Op::c_jalr: REQUIRE((i.rd == 1 && i.rs1 != 0)); break;
      case Op::c_beqz: REQUIRE((i.rs2 == 0 && i.imm >= -256 && i.imm < 256)); break;
      default: break;
    }
  }
}

TEST_CASE("100 KB of code decodes in a few milliseconds") {
  std::mt19937 random(20253);
  std::vector<std::uint32_t> code;
  while (code.size() < 25'000) {
    const Row& row = kRows[1 + random() % (kRowCount - 1)];
    const std::uint32_t word = row.code | (static_cast<std::uint32_t>(random()) & ~row.fixed_mask);
    if (row.matches(word)) code.push_back(word);
  }
  const auto start = std::chrono::steady_clock::now();
  unsigned sum = 0;
  for (const std::uint32_t word : code) sum += static_cast<unsigned>(decode(word).op);
  const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
  CHECK(sum > 0);
  CHECK(taken.count() < 50);  // about 0.3 ms; the bound only catches a decoder that searches the whole table in a slow build
}

}  // namespace
}  // namespace vitruvian::isa
