// Each compressed instruction against the base instruction that it stands for.
#include "tests/unit/scalar/core.h"

using namespace vitruvian;
using namespace vitruvian::scalar;
using isa::Op;

namespace {

isa::Instruction c(Op op, std::uint8_t rd, std::uint8_t rs1, std::uint8_t rs2, std::int64_t imm) {
  isa::Instruction in = make(op, rd, rs1, rs2, imm);
  in.length = 2;
  return in;
}

struct Row {
  isa::Instruction compressed, base;
};

// s0 (x8), x9 and a0..a5 are the registers of the three-bit fields.
constexpr std::uint8_t x9 = 9;
const std::vector<Row> kRows = {
    {c(Op::c_addi4spn, s0, sp, 0, 16), addi(s0, sp, 16)},
    {c(Op::c_nop, 0, 0, 0, 0), addi(0, 0, 0)},
    {c(Op::c_addi, t0, t0, 0, -3), addi(t0, t0, -3)},
    {c(Op::c_addiw, t0, t0, 0, 5), make(Op::addiw, t0, t0, 0, 5)},
    {c(Op::c_li, t0, 0, 0, -7), addi(t0, 0, -7)},
    {c(Op::c_addi16sp, sp, sp, 0, -32), addi(sp, sp, -32)},
    {c(Op::c_lui, t0, 0, 0, 0x1f000 - 0x20000), make(Op::lui, t0, 0, 0, 0x1f000 - 0x20000)},
    {c(Op::c_srli, s0, s0, 0, 33), make(Op::srli, s0, s0, 0, 33)},
    {c(Op::c_srai, s0, s0, 0, 5), make(Op::srai, s0, s0, 0, 5)},
    {c(Op::c_andi, s0, s0, 0, -16), make(Op::andi, s0, s0, 0, -16)},
    {c(Op::c_sub, s0, s0, x9, 0), make(Op::sub, s0, s0, x9)},
    {c(Op::c_xor, s0, s0, x9, 0), make(Op::xor_, s0, s0, x9)},
    {c(Op::c_or, s0, s0, x9, 0), make(Op::or_, s0, s0, x9)},
    {c(Op::c_and, s0, s0, x9, 0), make(Op::and_, s0, s0, x9)},
    {c(Op::c_subw, s0, s0, x9, 0), make(Op::subw, s0, s0, x9)},
    {c(Op::c_addw, s0, s0, x9, 0), make(Op::addw, s0, s0, x9)},
    {c(Op::c_slli, t0, t0, 0, 40), make(Op::slli, t0, t0, 0, 40)},
    {c(Op::c_mv, t0, 0, x9, 0), make(Op::add, t0, 0, x9)},
    {c(Op::c_add, t0, t0, x9, 0), make(Op::add, t0, t0, x9)},
    {c(Op::c_sw, 0, a1, x9, 4), make(Op::sw, 0, a1, x9, 4)},
    {c(Op::c_sd, 0, a1, x9, 8), make(Op::sd, 0, a1, x9, 8)},
    {c(Op::c_lw, s0, a1, 0, 12), make(Op::lw, s0, a1, 0, 12)},
    {c(Op::c_ld, s0, a1, 0, 16), make(Op::ld, s0, a1, 0, 16)},
    {c(Op::c_fsd, 0, a1, 9, 24), make(Op::fsd, 0, a1, 9, 24)},
    {c(Op::c_fld, 8, a1, 0, 16), make(Op::fld, 8, a1, 0, 16)},
    {c(Op::c_swsp, 0, sp, x9, 4), make(Op::sw, 0, sp, x9, 4)},
    {c(Op::c_sdsp, 0, sp, x9, 8), make(Op::sd, 0, sp, x9, 8)},
    {c(Op::c_lwsp, t0, sp, 0, 32), make(Op::lw, t0, sp, 0, 32)},
    {c(Op::c_ldsp, t0, sp, 0, 40), make(Op::ld, t0, sp, 0, 40)},
    {c(Op::c_fsdsp, 0, sp, 9, 48), make(Op::fsd, 0, sp, 9, 48)},
    {c(Op::c_fldsp, 8, sp, 0, 40), make(Op::fld, 8, sp, 0, 40)},
};

// Known registers and memory, the instruction, then all that it can have changed.
std::vector<std::array<std::uint64_t, 4>> effects(const isa::Instruction& in) {
  std::vector<isa::Instruction> code = {addi(sp, sp, -256), make(Op::add, s0, a0, x0), make(Op::add, x9, a2, x0), make(Op::add, t0, a3, x0), make(Op::fmv_d_x, 9, a2),
                                        make(Op::fmv_d_x, 8, a0)};
  for (std::int64_t at = 0; at < 64; at += 8) {
    code.push_back(make(Op::sd, 0, a1, a4, at));
    code.push_back(make(Op::sd, 0, sp, a5, at));
  }
  code.push_back(in);
  code.push_back(show(s0, x9, t0, sp));
  code.push_back(make(Op::fmv_x_d, t1, 8));
  code.push_back(show(t1));
  for (std::int64_t at = 0; at < 64; at += 8) {
    code.push_back(make(Op::ld, t1, a1, 0, at));
    code.push_back(make(Op::ld, t2, sp, 0, at));
    code.push_back(show(t1, t2));
  }
  code.push_back(ret());
  Core core(code);
  core.start({0xfedc'ba98'7654'3210, kTestData, 0x0123'4567'89ab'cdef, 0x8000'0000'7fff'ffff, 0xaaaa'bbbb'cccc'dddd, 0x1111'2222'9333'4444});
  std::vector<std::array<std::uint64_t, 4>> seen;
  for (;;) {
    const Stop stop = core.run();
    INFO(stop.fault.report());
    REQUIRE(stop.kind != StopKind::fault);
    if (stop.kind == StopKind::end) return seen;
    seen.push_back(stop.issued.operand);
  }
}

}  // namespace

TEST_CASE("compressed instructions do what they stand for") {
  for (const Row& row : kRows) {
    INFO(isa::disassemble(row.compressed));
    REQUIRE(isa::decode(isa::encode(row.compressed)).op == row.compressed.op);
    CHECK(effects(row.compressed) == effects(row.base));
  }
}

TEST_CASE("compressed branches and jumps count in their own length") {
  Core branch({c(Op::c_beqz, 0, a0, 0, 4), c(Op::c_li, t0, 0, 0, 1), c(Op::c_bnez, 0, a0, 0, 4), c(Op::c_li, t1, 0, 0, 1), c(Op::c_j, 0, 0, 0, 4), c(Op::c_li, t2, 0, 0, 1), show(t0, t1, t2)});
  CHECK(branch.shown({0}) == std::array<std::uint64_t, 4>{0, 1, 0, 0});
  CHECK(branch.shown({5}) == std::array<std::uint64_t, 4>{1, 0, 0, 0});
  Core jump({make(Op::auipc, t0, 0, 0, 0), addi(t0, t0, 12), c(Op::c_jalr, ra, t0, 0, 0), c(Op::c_nop, 0, 0, 0, 0), show(ra)});
  CHECK(jump.shown()[0] == kTestCode + 10);
  Core back({c(Op::c_jr, 0, ra, 0, 0)});
  back.start();
  CHECK(back.run().kind == StopKind::end);
}
