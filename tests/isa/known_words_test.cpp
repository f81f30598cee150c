// Words assembled by hand from the encodings in the RISC-V manual.
#include <catch2/catch_test_macros.hpp>
#include <vector>

#include "isa/instruction.h"

namespace vitruvian::isa {
namespace {

struct Known {
  std::uint32_t word;
  Op op;
  unsigned rd, rs1, rs2, rs3;
  std::int64_t imm;
  const char* text;
};

// rd, rs1, rs2, rs3: 0 where the format has none.
const std::vector<Known> kKnown{
    {0x00000013, Op::addi, 0, 0, 0, 0, 0, "addi zero, zero, 0"},  // nop
    {0x00c58533, Op::add, 10, 11, 12, 0, 0, "add a0, a1, a2"},
    {0x40c58533, Op::sub, 10, 11, 12, 0, 0, "sub a0, a1, a2"},
    {0x00c5f533, Op::and_, 10, 11, 12, 0, 0, "and a0, a1, a2"},
    {0x00c5e533, Op::or_, 10, 11, 12, 0, 0, "or a0, a1, a2"},
    {0x00c5c533, Op::xor_, 10, 11, 12, 0, 0, "xor a0, a1, a2"},
    {0x02c58533, Op::mul, 10, 11, 12, 0, 0, "mul a0, a1, a2"},
    {0x02c5c533, Op::div, 10, 11, 12, 0, 0, "div a0, a1, a2"},
    {0x02c5f53b, Op::remuw, 10, 11, 12, 0, 0, "remuw a0, a1, a2"},
    {0xfff58513, Op::addi, 10, 11, 0, 0, -1, "addi a0, a1, -1"},
    {0x8005e513, Op::ori, 10, 11, 0, 0, -2048, "ori a0, a1, -2048"},
    {0x03f59513, Op::slli, 10, 11, 0, 0, 63, "slli a0, a1, 63"},
    {0x4215d513, Op::srai, 10, 11, 0, 0, 33, "srai a0, a1, 33"},
    {0x41f5d51b, Op::sraiw, 10, 11, 0, 0, 31, "sraiw a0, a1, 31"},
    {0x12345537, Op::lui, 10, 0, 0, 0, 0x12345000, "lui a0, 74565"},
    {0x80000537, Op::lui, 10, 0, 0, 0, -0x80000000ll, "lui a0, 524288"},
    {0xfffff517, Op::auipc, 10, 0, 0, 0, -4096, "auipc a0, 1048575"},
    {0x0000006f, Op::jal, 0, 0, 0, 0, 0, "jal zero, 0x1000"},
    {0xffdff0ef, Op::jal, 1, 0, 0, 0, -4, "jal ra, 0xffc"},
    {0x00008067, Op::jalr, 0, 1, 0, 0, 0, "jalr zero, 0(ra)"},  // ret
    {0xfeb50ee3, Op::beq, 0, 10, 11, 0, -4, "beq a0, a1, 0xffc"},
    {0x00b57463, Op::bgeu, 0, 10, 11, 0, 8, "bgeu a0, a1, 0x1008"},
    {0x7eb51fe3, Op::bne, 0, 10, 11, 0, 4094, "bne a0, a1, 0x1ffe"},
    {0xff85b503, Op::ld, 10, 11, 0, 0, -8, "ld a0, -8(a1)"},
    {0x7ff5c503, Op::lbu, 10, 11, 0, 0, 2047, "lbu a0, 2047(a1)"},
    {0xfea5bc23, Op::sd, 0, 11, 10, 0, -8, "sd a0, -8(a1)"},
    {0x00a59023, Op::sh, 0, 11, 10, 0, 0, "sh a0, 0(a1)"},
    {0x0ff0000f, Op::fence, 0, 0, 0, 0, 0xff, "fence iorw, iorw"},
    {0x0120000f, Op::fence, 0, 0, 0, 0, 0x12, "fence w, r"},
    {0x8330000f, Op::fence_tso, 0, 0, 0, 0, 0, "fence.tso"},
    {0x0000100f, Op::fence_i, 0, 0, 0, 0, 0, "fence.i"},
    {0x00000073, Op::ecall, 0, 0, 0, 0, 0, "ecall"},
    {0x00100073, Op::ebreak, 0, 0, 0, 0, 0, "ebreak"},
    {0x803595f3, Op::csrrw, 11, 11, 0, 0, 0x803, "csrrw a1, CTRL, a1"},
    {0xc0002573, Op::csrrs, 10, 0, 0, 0, 0xc00, "csrrs a0, cycle, zero"},
    {0x88007073, Op::csrrci, 0, 0, 0, 0, 0x880, "csrrci zero, MASK0, 0"},
    {0x0025d073, Op::csrrwi, 0, 11, 0, 0, 2, "csrrwi zero, frm, 11"},
    {0x0045a507, Op::flw, 10, 11, 0, 0, 4, "flw fa0, 4(a1)"},
    {0x00a5b427, Op::fsd, 0, 11, 10, 0, 8, "fsd fa0, 8(a1)"},
    {0x00259507, Op::flh, 10, 11, 0, 0, 2, "flh fa0, 2(a1)"},
    {0x00c5f553, Op::fadd_s, 10, 11, 12, 0, 0, "fadd.s fa0, fa1, fa2"},
    {0x1ac58553, Op::fdiv_d, 10, 11, 12, 0, 0, "fdiv.d fa0, fa1, fa2, rne"},
    {0x68c5f543, Op::fmadd_s, 10, 11, 12, 13, 0, "fmadd.s fa0, fa1, fa2, fa3"},
    {0x6cc5f54f, Op::fnmadd_h, 10, 11, 12, 13, 0, "fnmadd.h fa0, fa1, fa2, fa3"},
    {0xc0259553, Op::fcvt_l_s, 10, 11, 0, 0, 0, "fcvt.l.s a0, fa1, rtz"},
    {0xd2058553, Op::fcvt_d_w, 10, 11, 0, 0, 0, "fcvt.d.w fa0, a1"},
    {0x4015f553, Op::fcvt_s_d, 10, 11, 0, 0, 0, "fcvt.s.d fa0, fa1"},
    {0x4405f553, Op::fcvt_h_s, 10, 11, 0, 0, 0, "fcvt.h.s fa0, fa1"},
    {0xe0058553, Op::fmv_x_w, 10, 11, 0, 0, 0, "fmv.x.w a0, fa1"},
    {0xf2058553, Op::fmv_d_x, 10, 11, 0, 0, 0, "fmv.d.x fa0, a1"},
    {0xa0c59553, Op::flt_s, 10, 11, 12, 0, 0, "flt.s a0, fa1, fa2"},
    // Compressed.
    {0x0001, Op::c_nop, 0, 0, 0, 0, 0, "c.nop"},
    {0x1141, Op::c_addi, 2, 2, 0, 0, -16, "c.addi sp, -16"},
    {0x7179, Op::c_addi16sp, 2, 2, 0, 0, -48, "c.addi16sp sp, -48"},
    {0x0808, Op::c_addi4spn, 10, 2, 0, 0, 16, "c.addi4spn a0, sp, 16"},
    {0x557d, Op::c_li, 10, 0, 0, 0, -1, "c.li a0, -1"},
    {0x6505, Op::c_lui, 10, 0, 0, 0, 4096, "c.lui a0, 1"},
    {0x757d, Op::c_lui, 10, 0, 0, 0, -4096, "c.lui a0, 1048575"},
    {0x4188, Op::c_lw, 10, 11, 0, 0, 0, "c.lw a0, 0(a1)"},
    {0x41c8, Op::c_lw, 10, 11, 0, 0, 4, "c.lw a0, 4(a1)"},
    {0xe588, Op::c_sd, 0, 11, 10, 0, 8, "c.sd a0, 8(a1)"},
    {0x60a2, Op::c_ldsp, 1, 2, 0, 0, 8, "c.ldsp ra, 8(sp)"},
    {0xe406, Op::c_sdsp, 0, 2, 1, 0, 8, "c.sdsp ra, 8(sp)"},
    {0x852e, Op::c_mv, 10, 0, 11, 0, 0, "c.mv a0, a1"},
    {0x952e, Op::c_add, 10, 10, 11, 0, 0, "c.add a0, a1"},
    {0x8d0d, Op::c_sub, 10, 10, 11, 0, 0, "c.sub a0, a1"},
    {0x9d2d, Op::c_addw, 10, 10, 11, 0, 0, "c.addw a0, a1"},
    {0x1502, Op::c_slli, 10, 10, 0, 0, 32, "c.slli a0, 32"},
    {0x8905, Op::c_andi, 10, 10, 0, 0, 1, "c.andi a0, 1"},
    {0x8082, Op::c_jr, 0, 1, 0, 0, 0, "c.jr ra"},
    {0x9582, Op::c_jalr, 1, 11, 0, 0, 0, "c.jalr a1"},
    {0x9002, Op::c_ebreak, 0, 0, 0, 0, 0, "c.ebreak"},
    {0xa001, Op::c_j, 0, 0, 0, 0, 0, "c.j 0x1000"},
    {0xbffd, Op::c_j, 0, 0, 0, 0, -2, "c.j 0xffe"},
    {0xc119, Op::c_beqz, 0, 10, 0, 0, 6, "c.beqz a0, 0x1006"},
    {0xfd75, Op::c_bnez, 0, 10, 0, 0, -4, "c.bnez a0, 0xffc"},
};

TEST_CASE("known words decode to the operands of the RISC-V manual") {
  for (const Known& known : kKnown) {
    CAPTURE(known.text);
    const Instruction instruction = decode(known.word);
    CHECK(std::string(mnemonic(instruction.op)) == mnemonic(known.op));
    CHECK(unsigned{instruction.rd} == known.rd);
    CHECK(unsigned{instruction.rs1} == known.rs1);
    CHECK(unsigned{instruction.rs2} == known.rs2);
    CHECK(unsigned{instruction.rs3} == known.rs3);
    CHECK(instruction.imm == known.imm);
    CHECK(disassemble(instruction, 0x1000) == known.text);
    CHECK(encode(instruction) == known.word);
  }
}

TEST_CASE("rounding modes are kept") {
  CHECK(unsigned{decode(0x00c5f553).rm} == 7);  // fadd.s, dyn
  CHECK(unsigned{decode(0xc0259553).rm} == 1);  // fcvt.l.s, rtz
}

TEST_CASE("operands that fit are encoded in their place") {
  Instruction branch{.op = Op::beq, .rs1 = 10, .rs2 = 11, .imm = -4};
  CHECK(encode(branch) == 0xfeb50ee3);
  Instruction vadd{.op = Op::vadd_f32, .rd = 10, .rs1 = 11, .rs2 = 12, .rs3 = 13};
  CHECK(encode(vadd) == (0x0000100bu | 10u << 7 | 11u << 15 | 12u << 20 | 13u << 27));
  Instruction flag{.op = Op::set_flag, .imm = 4 | 1 << 4 | 3 << 8};  // MTE2 -> V, 3
  CHECK(encode(flag) == (0x0000707bu | 0x314u << 20));
}

}  // namespace
}  // namespace vitruvian::isa
