#include <catch2/catch_test_macros.hpp>

#include "isa/control_words.h"
#include "isa/instruction.h"

namespace vitruvian::isa {
namespace {

std::string text(Op op, unsigned rs1 = 0, Word imm = 0) {
  Instruction instruction;
  instruction.op = op;
  instruction.rs1 = static_cast<std::uint8_t>(rs1);
  instruction.imm = static_cast<std::int64_t>(imm);
  return disassemble(decode(encode(instruction)));
}

Word flag(Pipe source, Pipe destination, Word id) {
  return sync_imm::src_pipe.put(static_cast<Word>(source)) | sync_imm::dst_pipe.put(static_cast<Word>(destination)) | sync_imm::id.put(id);
}

TEST_CASE("flags read as pipe -> pipe, id") {
  CHECK(text(Op::set_flag, 0, flag(Pipe::MTE2, Pipe::V, 3)) == "set_flag MTE2 -> V, 3");
  CHECK(text(Op::wait_flag, 10, flag(Pipe::M, Pipe::FIX, 0)) == "wait_flag M -> FIX, a0");
  CHECK(text(Op::wait_flag, 10, flag(Pipe::MTE1, Pipe::M, 15)) == "wait_flag MTE1 -> M, 15 + a0");
  CHECK(text(Op::set_flag, 0, 0x1f7) == "set_flag 7 -> 15, 1");  // not pipes of this chip: shown as they are
}

TEST_CASE("other PI rows show what their immediate means") {
  CHECK(text(Op::pipe_barrier, 0, 6) == "pipe_barrier ALL");
  CHECK(text(Op::pipe_barrier, 0, 1) == "pipe_barrier V");
  CHECK(text(Op::ffts_cross_core_sync, 11, 10) == "ffts_cross_core_sync FIX, a1");
  CHECK(text(Op::wait_flag_dev, 0, 5) == "wait_flag_dev 5");
  CHECK(text(Op::wait_flag_dev, 12, 0) == "wait_flag_dev a2");
  CHECK(text(Op::dcci, 10, 1) == "dcci a0, 1");
  CHECK(text(Op::host_print, 10) == "host_print a0");
}

TEST_CASE("pipe operations list their register operands") {
  CHECK(disassemble(Instruction{.op = Op::vadd_f32, .rd = 10, .rs1 = 11, .rs2 = 12, .rs3 = 13}) == "vadd_f32 a0, a1, a2, a3");
  CHECK(disassemble(Instruction{.op = Op::vexp_f16, .rd = 5, .rs1 = 6, .rs2 = 31}) == "vexp_f16 t0, t1, t6");
}

}  // namespace
}  // namespace vitruvian::isa
