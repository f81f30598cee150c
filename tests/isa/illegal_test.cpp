#include <catch2/catch_test_macros.hpp>
#include <vector>

#include "isa/instruction.h"

namespace vitruvian::isa {
namespace {

struct Illegal {
  std::uint32_t word;
  const char* why;
};

const std::vector<Illegal> kIllegal{
    {0x00000000, "all zeros"},
    {0xffffffff, "all ones"},
    {0x0000001f, "prefix of 48-bit instructions"},
    {0x0000003f, "prefix of 64-bit instructions"},
    {0x00c5d553, "fadd.s with reserved rounding mode 5"},
    {0x00c5e553, "fadd.s with reserved rounding mode 6"},
    {0x06c58553, "fadd.q: no Q extension"},
    {0x0205951b, "slliw with a six-bit shift"},
    {0x08059513, "slli with a seven-bit shift"},
    {0x00007003, "load of width 7"},
    {0x00004023, "store of width 4"},
    {0x00002063, "branch with funct3 2"},
    {0x00001067, "jalr with funct3 1"},
    {0x30200073, "mret: no privileged instructions"},
    {0x0000402f, "no A extension"},
    {0x1000202f, "lr.w: no A extension"},
    {0x0000408f, "MISC-MEM with rd"},
    {0x0000, "c.addi4spn with immediate 0"},
    {0x6101, "c.addi16sp with immediate 0"},
    {0x6501, "c.lui with immediate 0"},
    {0x2001, "c.addiw with rd = x0"},
    {0x4002, "c.lwsp with rd = x0"},
    {0x6002, "c.ldsp with rd = x0"},
    {0x8002, "c.jr with rs1 = x0"},
    {0x8000, "reserved quadrant 0"},
    {0x9c41, "reserved in c.arith"},
    {0x0000707b | 31u << 7, "PI operation without a row"},
    {0xfe00607b, "P3 operation without a row"},
};

TEST_CASE("illegal words are values that keep their bits") {
  for (const Illegal& illegal : kIllegal) {
    CAPTURE(illegal.why);
    const Instruction instruction = decode(illegal.word);
    CHECK(instruction.op == Op::illegal);
    CHECK(instruction.word == illegal.word);
    CHECK(unsigned{instruction.length} == ((illegal.word & 3) == 3 ? 4u : 2u));
    CHECK(encode(instruction) == illegal.word);
  }
  CHECK(disassemble(decode(0xffffffff)) == "illegal 0xffffffff");
  CHECK(disassemble(decode(0)) == "illegal 0x0");
}

TEST_CASE("hints are legal and write nothing") {
  CHECK(decode(0x0005).op == Op::c_nop);            // c.nop 1
  CHECK(disassemble(decode(0x0005)) == "c.nop 1");
  CHECK(decode(0x4005).op == Op::c_li);             // c.li x0, 1
  CHECK(unsigned{decode(0x4005).rd} == 0);
  CHECK(decode(0x802e).op == Op::c_mv);             // c.mv x0, a1
  CHECK(decode(0x902e).op == Op::c_add);            // c.add x0, a1
  CHECK(decode(0x0100000f).op == Op::fence);        // pause
}

}  // namespace
}  // namespace vitruvian::isa
